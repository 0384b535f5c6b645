// Addresses as others write them.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string_view>

namespace prometheus_rsocket::runtime {

// One address, one value: what IPv6 sockets and peers write as ::ffff:192.0.2.1 is 192.0.2.1.
[[nodiscard]] inline boost::asio::ip::address unmapped(const boost::asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

// An address and nothing else: no zone, which has no meaning but for who wrote it, and nothing
// behind a zero byte, which Asio would pass over.
[[nodiscard]] inline std::optional<boost::asio::ip::address> parse_address(std::string_view text) {
  using namespace std::string_view_literals;
  if (text.find_first_of("%\0"sv) != std::string_view::npos) return std::nullopt;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text, error);
  if (error) return std::nullopt;
  return address;
}

}  // namespace prometheus_rsocket::runtime

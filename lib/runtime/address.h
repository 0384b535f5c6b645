// Addresses and ports as others write them.
#pragma once

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace prometheus_rsocket::runtime {

// One address, one value: what IPv6 sockets and peers write as ::ffff:192.0.2.1 is 192.0.2.1.
[[nodiscard]] inline boost::asio::ip::address unmapped(const boost::asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

// What one host can have as many addresses of as it likes: of IPv6 a network of 64 bits.
[[nodiscard]] inline boost::asio::ip::address network_of(const boost::asio::ip::address& address) {
  const auto plain = unmapped(address);
  if (!plain.is_v6()) return plain;
  auto bytes = plain.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return boost::asio::ip::address_v6(bytes);
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

// A port in decimal digits and nothing else, without zeros before it.
[[nodiscard]] inline std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || rest != end) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return port;
}

}  // namespace prometheus_rsocket::runtime

// Addresses as an operator lists them: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
//
// IPv4 is IPv4 also where it is written as ::ffff:a.b.c.d, in a range (from /96 on) as in what is
// looked for; no range of IPv6 contains it.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/system/result.hpp>
#include <span>
#include <string>
#include <string_view>

namespace prometheus_rsocket::server {

class AddressRange {
 public:
  // Otherwise: why not, in a few words. Bits behind the prefix are refused: `10.0.0.1/8` may mean
  // one address or sixteen million.
  [[nodiscard]] static boost::system::result<AddressRange, std::string> parse(
      std::string_view text);

  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;

  friend bool operator==(const AddressRange&, const AddressRange&) = default;
  friend std::string to_string(const AddressRange& range);  // with its prefix: `192.0.2.1/32`

 private:
  AddressRange(boost::asio::ip::address first, unsigned prefix_bits)
      : first_(std::move(first)), prefix_bits_(prefix_bits) {}

  boost::asio::ip::address first_;
  unsigned prefix_bits_;
};

// Whether one of them contains it.
[[nodiscard]] bool contains(std::span<const AddressRange> ranges,
                            const boost::asio::ip::address& address);

}  // namespace prometheus_rsocket::server

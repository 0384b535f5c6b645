#include "sim/peer/proxy_header_bytes.h"

#include "base/check.h"

namespace prometheus_rsocket::sim::peer {
namespace {

using runtime::Endpoint;

std::string bytes_of(const boost::asio::ip::address& address) {
  const auto copy = [](const auto& bytes) { return std::string(bytes.begin(), bytes.end()); };
  return address.is_v4() ? copy(address.to_v4().to_bytes()) : copy(address.to_v6().to_bytes());
}

std::string big_endian(std::size_t number) {
  CHECK(number <= 0xFFFF, "it is a number of two bytes");
  return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)};
}

}  // namespace

std::string proxy_line(const Endpoint& source, const Endpoint& destination) {
  return (source.address.is_v4() ? "PROXY TCP4 " : "PROXY TCP6 ") + source.address.to_string() +
         " " + destination.address.to_string() + " " + std::to_string(source.port) + " " +
         std::to_string(destination.port) + "\r\n";
}

std::string proxy_binary(unsigned version_and_command, unsigned family, std::string_view block) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header.push_back(static_cast<char>(version_and_command));
  header.push_back(static_cast<char>(family));
  return header.append(big_endian(block.size())).append(block);
}

std::string proxy_binary(const Endpoint& source, const Endpoint& destination,
                         std::string_view tlvs) {
  std::string block = bytes_of(source.address) + bytes_of(destination.address) +
                      big_endian(source.port) + big_endian(destination.port);
  return proxy_binary(0x21, source.address.is_v4() ? 0x11 : 0x21, block.append(tlvs));
}

}  // namespace prometheus_rsocket::sim::peer

#include "proxy/address.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>

namespace prometheus_rsocket::proxy {

namespace ip = boost::asio::ip;

boost::system::result<runtime::Endpoint, std::string> resolve(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::string("an address is HOST:PORT or :PORT");
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return std::string("a port is a number up to 65535");
  }
  std::string host(text.substr(0, colon));
  if (host.empty()) return runtime::Endpoint{ip::address_v6::any(), port};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string::npos) {
    return std::string("an IPv6 address stands in brackets: [::1]:PORT");
  }
  boost::system::error_code error;
  if (const auto literal = ip::make_address(host, error); !error) {
    return runtime::Endpoint{literal, port};
  }
  boost::asio::io_context context;
  const auto found = ip::tcp::resolver(context).resolve(host, "", error);
  if (error || found.empty()) return "the host is unknown: " + error.message();
  return runtime::Endpoint{found.begin()->endpoint().address(), port};
}

}  // namespace prometheus_rsocket::proxy

#include "server/forwarded_for.h"

#include "base/ascii.h"
#include "runtime/address.h"

namespace prometheus_rsocket::server {
namespace {

using runtime::Endpoint;

// `[ADDRESS]`, `[ADDRESS]:PORT`, `IPV4:PORT`, or an address alone.
std::optional<Endpoint> parse_endpoint(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  const bool bracketed = text.starts_with('[');
  if (bracketed) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else if (const std::size_t colon = text.find(':'); colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(host.size());
  }
  const auto address = runtime::parse_address(host);
  if (!address || (bracketed && !address->is_v6())) return std::nullopt;
  Endpoint endpoint{runtime::unmapped(*address), 0};
  if (port.empty()) return endpoint;
  const auto number = port.front() == ':' ? runtime::parse_port(port.substr(1)) : std::nullopt;
  if (!number) return std::nullopt;
  endpoint.port = *number;
  return endpoint;
}

}  // namespace

std::optional<Endpoint> forwarded_client(std::string_view list,
                                         std::span<const AddressRange> trusted) {
  for (;;) {
    const std::size_t comma = list.rfind(',');
    const bool is_last = comma == std::string_view::npos;
    const auto endpoint = parse_endpoint(base::trim(is_last ? list : list.substr(comma + 1)));
    if (!endpoint) return std::nullopt;
    if (!contains(trusted, endpoint->address)) return endpoint;
    if (is_last) return std::nullopt;
    list = list.substr(0, comma);
  }
}

std::string client_text(const Endpoint& client) {
  return client.port == 0 ? client.address.to_string() : runtime::to_string(client);
}

}  // namespace prometheus_rsocket::server

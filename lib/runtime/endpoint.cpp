#include "runtime/network.h"

namespace prometheus_rsocket::runtime {

std::string to_string(const Endpoint& endpoint) {
  const std::string address = endpoint.address.to_string();
  const std::string port = std::to_string(endpoint.port);
  return endpoint.address.is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace prometheus_rsocket::runtime

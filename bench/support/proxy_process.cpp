#include "support/proxy_process.h"

#include <charconv>
#include <utility>

namespace prometheus_rsocket::bench {
namespace {

constexpr std::chrono::seconds kStartTime{30};

std::uint16_t port_in(std::string_view line) {
  const auto colon = line.rfind(':');
  if (colon == std::string_view::npos) return 0;
  std::uint16_t port = 0;
  std::from_chars(line.data() + colon + 1, line.data() + line.size(), port);
  return port;
}

}  // namespace

std::optional<Ports> ports_of(std::string_view log) {
  Ports ports;
  for (auto end = log.find('\n'); end != std::string_view::npos; end = log.find('\n')) {
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end + 1);
    if (line.find("msg=\"listening\"") == std::string_view::npos &&
        line.find("msg=listening") == std::string_view::npos) {
      continue;
    }
    if (line.find(" kind=http ") != std::string_view::npos) ports.http = port_in(line);
    if (line.find(" kind=tcp ") != std::string_view::npos) ports.tcp = port_in(line);
    if (line.find(" kind=websocket ") != std::string_view::npos) ports.websocket = port_in(line);
  }
  if (ports.http == 0 || ports.tcp == 0 || ports.websocket == 0) return std::nullopt;
  return ports;
}

std::filesystem::path proxy_of_this_build() {
  return program_of_this_build("proxy/prometheus-rsocket-proxy");
}

boost::system::result<std::unique_ptr<ProxyProcess>, std::string> ProxyProcess::start(
    const std::filesystem::path& binary, const std::vector<std::string>& flags) {
  std::vector<std::string> arguments{"--web.listen-address=127.0.0.1:0",
                                     "--rsocket.tcp-address=127.0.0.1:0",
                                     "--rsocket.websocket-address=127.0.0.1:0"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  auto child = ChildProcess::start(binary, arguments);
  if (!child) return child.error() + ": build the proxy, or name one with --proxy=PATH";
  std::optional<Ports> ports;
  const bool listens = (*child)->wait_for(
      [&ports](std::string_view log) { return (ports = ports_of(log)).has_value(); }, kStartTime);
  if (!listens) return "the proxy did not start:\n" + (*child)->log();
  return std::unique_ptr<ProxyProcess>(new ProxyProcess(std::move(*child), *ports));
}

ProxyProcess::ProxyProcess(std::unique_ptr<ChildProcess> child, const Ports& ports)
    : child_(std::move(child)), ports_(ports) {}

}  // namespace prometheus_rsocket::bench

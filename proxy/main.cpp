// prometheus-rsocket-proxy: the server (lib/server) on real sockets (lib/net).
//
// Exit 0 after a clean end, 1 for a failure while running, 2 for what the user can mend: usage,
// configuration, an address that cannot be bound.

#include <sys/resource.h>

#include <iostream>

#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "proxy/options.h"
#include "proxy/process_metrics.h"
#include "server/server.h"

namespace prometheus_rsocket::proxy {
namespace {

constexpr int kUsageExit = 2;

// Each client is a descriptor; the soft limit is often 1,024 for reasons of select(2).
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // otherwise it stays as it was: accepting says so when it ends
}

int run(Options options) {
  raise_descriptor_limit();
  options.server.process_metrics = process_metrics;
  const auto log = net::make_stderr_log(options.log_level, options.log_format);
  const auto keys = net::make_keys();
  net::Process process(options.threads, *keys, *log);
  server::Server server(process, options.server);
  if (const auto failure = server.listen()) {
    std::cerr << "prometheus-rsocket-proxy: cannot listen on "
              << runtime::to_string(failure->endpoint) << ": " << failure->error.message() << "\n";
    return kUsageExit;
  }
  log->info("starting",
            {{"version", options.server.version}, {"threads", std::to_string(options.threads)}});
  int exit_code = 0;
  server.start([&](int code) {
    exit_code = code;
    process.stop();
  });
  process.run();
  return exit_code;
}

}  // namespace
}  // namespace prometheus_rsocket::proxy

int main(int argc, char** argv) {
  using namespace prometheus_rsocket::proxy;
  try {
    const Options options = parse_options(argc, argv);
    return options.check_only ? 0 : run(options);
  } catch (const Printed& printed) {
    std::cout << printed.text;
    return 0;
  } catch (const UsageError& error) {
    std::cerr << "prometheus-rsocket-proxy: " << error.what() << "\n";
    return kUsageExit;
  }
}

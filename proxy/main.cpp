// prometheus-rsocket-proxy: the server (lib/server) on real sockets (lib/net).
//
// Exit 0 after a clean end, 1 for a failure while running, 2 for what the user can mend: usage,
// configuration, an address that cannot be bound.

#include <sys/resource.h>

#include <iostream>

#include "net/disk.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "net/worker.h"
#include "proxy/access_files.h"
#include "proxy/free_memory.h"
#include "proxy/options.h"
#include "proxy/process_metrics.h"
#include "push/database_journal.h"
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

int cannot(const std::string& what) {
  std::cerr << "prometheus-rsocket-proxy: cannot " << what << "\n";
  return kUsageExit;
}

// What is wrong with the files about access; the other options are good.
int check(const Options& options) {
  const auto access = AccessFiles(options.web_config_file, options.rsocket_config_file).load();
  const auto say = [](const auto& half) {
    if (!half) std::cerr << "prometheus-rsocket-proxy: " << half.error() << "\n";
    return half.has_value();
  };
  const bool web_is_good = say(access.web);
  const bool clients_are_good = say(access.clients);
  return web_is_good && clients_are_good ? 0 : kUsageExit;
}

int run(Options options) {
  raise_descriptor_limit();
  options.server.process_metrics = process_metrics;
  const auto log = net::make_stderr_log(options.log_level, options.log_format);
  const auto keys = net::make_keys();
  const auto disk = net::make_disk();
  const auto disk_worker = net::make_worker();
  AccessFiles access(options.web_config_file, options.rsocket_config_file);
  const auto file_worker = net::make_worker();
  const auto password_worker = net::make_worker();
  net::Process process(options.threads, *keys, *log);
  server::Server server(process, options.server);
  if (const auto wrong = server.use_access(access, *file_worker, *password_worker)) {
    std::cerr << "prometheus-rsocket-proxy: " << *wrong << "\n";
    return kUsageExit;
  }
  if (!options.push_store.empty()) {
    auto opened = push::Database::open(*disk, options.push_store, server.hash_key());
    if (!opened.database) return cannot("keep pushes: " + opened.failure->details);
    for (const std::string& notice : opened.notices) {
      log->error("the push store is not as it was left", {{"reason", notice}});
    }
    auto journal = std::make_unique<push::DatabaseJournal>(opened, *disk_worker, process.shard(0));
    server.restore_pushes(std::move(opened.contents), std::move(journal));
  }
  if (const auto failure = server.listen()) {
    return cannot("listen on " + runtime::to_string(failure->endpoint) + ": " +
                  failure->error.message());
  }
  const FreeMemory free_memory(process.shard(0));
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
    return options.check_only ? check(options) : run(options);
  } catch (const Printed& printed) {
    std::cout << printed.text;
    return 0;
  } catch (const UsageError& error) {
    std::cerr << "prometheus-rsocket-proxy: " << error.what() << "\n";
    return kUsageExit;
  }
}

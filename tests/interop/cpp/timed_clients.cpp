// Many named clients in one process, on one thread: job `interop`, instances 0 to N-1. Each has one
// series, interop_clock_seconds_total, which tells when it was asked.
#include <chrono>
#include <string>
#include <vector>

#include "options.h"

namespace {

std::string clock_text() {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return "# TYPE interop_clock_seconds_total counter\ninterop_clock_seconds_total " +
         std::to_string(now.count()) + "\n";
}

}  // namespace

int main(int argc, char** argv) {
  const EndSignals end;
  Options options;
  unsigned clients = 1;
  CLI::App app("Named clients that tell the time");
  options.add_to(app);
  app.add_option("--clients", clients, "How many clients")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::vector<prometheus_rsocket::Client> all;
  all.reserve(clients);
  for (unsigned number = 0; number < clients; ++number) {
    all.push_back(options.builder()
                      .job("interop")
                      .instance(std::to_string(number))
                      .metrics(clock_text)
                      .connect());
  }
  while (!end.wait(1'000)) continue;
  for (auto& client : all) client.close();
  return 0;
}

// Short-lived clients, one after the other, until SIGTERM: each connects, pushes blockingly and
// ends; one whose push was not acknowledged is followed by another of the same name, as a batch job
// that is tried again. Its one series, interop_asked_total, says how often its metrics were asked
// for: a scrape that finds it connected has a lower value than its push. Tells each attempt in a
// line:
//
//   event=pushed instance=a-0 asked=1
//   event=failed instance=a-1 asked=1 reason=the connection was lost
#include <atomic>
#include <memory>
#include <string>

#include "options.h"

namespace {

struct Attempt {
  prometheus_rsocket::PushResult result;
  unsigned asked;
};

Attempt push_as(const Options& options, const std::string& instance) {
  const auto asked = std::make_shared<std::atomic<unsigned>>(0);
  auto client = options.builder()
                    .job("short-lived")
                    .instance(instance)
                    .metrics([asked] {
                      return "# TYPE interop_asked_total counter\ninterop_asked_total " +
                             std::to_string(++*asked) + "\n";
                    })
                    .connect_blockingly();
  const auto result = client.push_and_close_blockingly();
  return {result, *asked};
}

}  // namespace

int main(int argc, char** argv) {
  using prometheus_rsocket::PushResult;
  const EndSignals end;
  Options options;
  std::string name = "a";
  long pause_milliseconds = 100;
  CLI::App app("Clients that push and end, one after the other");
  options.add_to(app);
  app.add_option("--name", name, "What their instances begin with")->capture_default_str();
  app.add_option("--pause-ms", pause_milliseconds, "Between two")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  for (unsigned number = 0; !end.wait(pause_milliseconds);) {
    const std::string instance = name + "-" + std::to_string(number);
    const auto [result, asked] = push_as(options, instance);
    const bool is_pushed = result == PushResult::kPushed;
    std::cout << "event=" << (is_pushed ? "pushed" : "failed") << " instance=" << instance
              << " asked=" << asked;
    if (!is_pushed) std::cout << " reason=" << to_string(result);
    std::cout << std::endl;
    if (is_pushed) ++number;
  }
  return 0;
}

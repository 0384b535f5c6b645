// A function that lives for a moment: connects, works, pushes its metrics and ends. The proxy keeps
// them until they have been scraped.
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cmath>
#include <memory>

#include "options.h"

int main(int argc, char** argv) {
  using prometheus_rsocket::PushResult;
  Options options;
  CLI::App app("Does a bit of work, pushes its metrics through the proxy and ends");
  options.add_to(app);
  CLI11_PARSE(app, argc, argv);

  const auto registry = std::make_shared<prometheus::Registry>();
  auto client = options.builder().registry(registry).connect();  // while the work is done

  const auto start = std::chrono::steady_clock::now();
  double sum = 0;
  for (int i = 1; i <= 1'000'000; ++i) sum += 1.0 / (static_cast<double>(i) * i);
  const std::chrono::duration<double> worked = std::chrono::steady_clock::now() - start;
  prometheus::BuildGauge()
      .Name("example_pi")
      .Help("What the work found")
      .Register(*registry)
      .Add({})
      .Set(std::sqrt(6 * sum));
  prometheus::BuildGauge()
      .Name("example_work_seconds")
      .Help("How long the work took")
      .Register(*registry)
      .Add({})
      .Set(worked.count());

  client.wait_until_ready(std::chrono::seconds(5));
  const PushResult result = client.push_and_close_blockingly();
  if (result == PushResult::kPushed) return 0;
  std::cerr << "serverless: could not push to " << options.host << ":" << options.port << ": "
            << to_string(result) << '\n';
  return 1;
}

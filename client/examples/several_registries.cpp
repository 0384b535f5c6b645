// Parts of an application that each have a registry of their own, and one that writes text: all
// together one client. Families of the same name become one.
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <memory>

#include "options.h"

namespace {

prometheus::Counter& requests(prometheus::Registry& registry, const std::string& part) {
  return prometheus::BuildCounter()
      .Name("example_requests_total")
      .Help("Requests that a part has served")
      .Register(registry)
      .Add({{"part", part}});
}

}  // namespace

int main(int argc, char** argv) {
  const EndSignals end;
  Options options;
  CLI::App app("Several registries and a function, scraped as one client through the proxy");
  options.add_to(app);
  CLI11_PARSE(app, argc, argv);

  const auto shop = std::make_shared<prometheus::Registry>();
  const auto billing = std::make_shared<prometheus::Registry>();
  auto& sold = requests(*shop, "shop");
  auto& billed = requests(*billing, "billing");
  auto& open_bills = prometheus::BuildGauge()
                         .Name("example_open_bills")
                         .Help("Bills that nobody has paid")
                         .Register(*billing)
                         .Add({});

  auto client = options.builder()
                    .registry(shop)
                    .registry(billing)
                    .metrics([] {
                      return std::string(
                          "# HELP example_parts Parts of this application\n"
                          "# TYPE example_parts gauge\n"
                          "example_parts 2\n");
                    })
                    .connect();
  while (!end.wait(100)) {
    sold.Increment();
    billed.Increment(0.5);
    open_bills.Set(sold.Value() - billed.Value());
  }
  return push_and_end(client);
}

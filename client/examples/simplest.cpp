// One registry, one counter: connects, counts, and pushes the last value when told to end.
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <memory>

#include "options.h"

int main(int argc, char** argv) {
  const EndSignals end;
  Options options;
  CLI::App app("A counter that grows ten times a second, scraped through the proxy");
  options.add_to(app);
  CLI11_PARSE(app, argc, argv);

  const auto registry = std::make_shared<prometheus::Registry>();
  auto& counter = prometheus::BuildCounter()
                      .Name("example_ticks_total")
                      .Help("Tenths of a second that this program has lived")
                      .Register(*registry)
                      .Add({});

  auto client = options.builder().registry(registry).connect();
  while (!end.wait(100)) counter.Increment();
  return push_and_end(client);
}

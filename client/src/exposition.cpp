#include "exposition.h"

#include <prometheus/text_serializer.h>

#include <iterator>
#include <map>
#include <utility>

namespace prometheus_rsocket::client {

std::vector<prometheus::MetricFamily> merge_families(
    std::vector<prometheus::MetricFamily> families) {
  std::vector<prometheus::MetricFamily> merged;
  std::map<std::string, std::size_t> places;
  for (auto& family : families) {
    const auto [place, first] = places.try_emplace(family.name, merged.size());
    if (first) {
      merged.push_back(std::move(family));
      continue;
    }
    auto& into = merged[place->second];
    if (into.type != family.type) continue;
    std::move(family.metric.begin(), family.metric.end(), std::back_inserter(into.metric));
  }
  return merged;
}

std::string collect_text(const std::vector<Source>& sources, const ConnectionMetrics& own) {
  std::vector<prometheus::MetricFamily> families;
  std::string texts;
  for (const auto& source : sources) {
    if (const auto* registry = std::get_if<std::weak_ptr<prometheus::Collectable>>(&source)) {
      const auto collectable = registry->lock();
      if (!collectable) continue;
      auto collected = collectable->Collect();
      std::move(collected.begin(), collected.end(), std::back_inserter(families));
      continue;
    }
    const std::string text = std::get<std::function<std::string()>>(source)();
    texts += text;
    if (!text.empty() && text.back() != '\n') texts += '\n';
  }
  own.collect(families);
  return prometheus::TextSerializer().Serialize(merge_families(std::move(families))) + texts;
}

}  // namespace prometheus_rsocket::client

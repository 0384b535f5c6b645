#include "connection_metrics.h"

#include <utility>

namespace prometheus_rsocket::client {
namespace {

prometheus::ClientMetric labelled(const std::string& exception) {
  prometheus::ClientMetric metric;
  metric.label.push_back({"exception", exception});
  return metric;
}

}  // namespace

void ConnectionMetrics::count_retry(const std::string& exception, std::uint32_t failures) {
  Retries& retries = retries_[exception];
  ++retries.count;
  retries.sum += failures;
}

void ConnectionMetrics::collect(std::vector<prometheus::MetricFamily>& families) const {
  if (!errors_.empty()) {
    prometheus::MetricFamily family;
    family.name = "prometheus_connection_error_errors_total";
    family.help = "Attempts at connecting to the Prometheus RSocket proxy that failed";
    family.type = prometheus::MetricType::Counter;
    for (const auto& [exception, count] : errors_) {
      auto metric = labelled(exception);
      metric.counter.value = static_cast<double>(count);
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }
  if (!retries_.empty()) {
    prometheus::MetricFamily family;
    family.name = "prometheus_connection_retry_retries";
    family.help = "Attempts at retrying an RSocket connection to the Prometheus proxy";
    family.type = prometheus::MetricType::Summary;
    for (const auto& [exception, retries] : retries_) {
      auto metric = labelled(exception);
      metric.summary.sample_count = retries.count;
      metric.summary.sample_sum = static_cast<double>(retries.sum);
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }
}

}  // namespace prometheus_rsocket::client

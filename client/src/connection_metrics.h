// The client's own two metrics, with the names the Java client's have on its page. Like there, a
// family exists from its first value on.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace prometheus_rsocket::client {

// Belongs to the Runtime's thread.
class ConnectionMetrics {
 public:
  // `exception` is from a fixed set, never a peer's text.
  void count_error(const std::string& exception) { ++errors_[exception]; }
  // An attempt after `failures` in a row, the last of which was `exception`.
  void count_retry(const std::string& exception, std::uint32_t failures);

  // Appends prometheus_connection_error_errors_total and prometheus_connection_retry_retries.
  void collect(std::vector<prometheus::MetricFamily>& families) const;

 private:
  struct Retries {
    std::uint64_t count = 0;
    std::uint64_t sum = 0;
  };
  std::map<std::string, std::uint64_t> errors_;
  std::map<std::string, Retries> retries_;
};

}  // namespace prometheus_rsocket::client

// Writes one metric as the Metric message of io.prometheus.client (prometheus/client_model,
// metrics.proto). Internal to lib/exposition.
//
// - There is what the client wrote and no more: a histogram without `foo_count` has no count, one
//   without `+Inf` no such bucket. Buckets and quantiles are sorted, as the message wants them.
// - Of equal samples the first is written, and the others count as duplicates even if it cannot be.
// - Counts are integers where they can be; others are what the message has for them in histograms,
//   and in summaries, where it has nothing, unwritable.
// - A metric has one timestamp, text one for each of its lines: it is the latest of them.
// - Exemplars are of counters and buckets; theirs and the created timestamp are in milliseconds, as
//   Prometheus has them.
// - What the client said in protobuf and no text has words for is written as it came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/format.h"
#include "exposition/line.h"
#include "exposition/metric_groups.h"

namespace prometheus_rsocket::exposition {

class MetricEncoder {
 public:
  explicit MetricEncoder(const Format& format) : format_(format) {}

  // Appends the share's metric as a field of its family. Nothing where nothing of it can be
  // written.
  void encode(const MetricGroups& groups, std::size_t metric, MergeStats& stats, std::string& out);

 private:
  struct Value {
    double number = 0;
    std::optional<std::int64_t> timestamp;  // milliseconds
    LineRest rest;
    bool has_exemplar = false;
    bool is_writable = true;
  };
  struct Bounded {
    double bound = 0;
    Value value;
  };

  void read(const MetricGroups& groups, const MetricGroups::Member& member, MergeStats& stats);
  void read_created(const LineRest& rest, MergeStats& stats);
  void keep(std::optional<Value>& place, const Value& value, MergeStats& stats);
  void sort_bounds(MergeStats& stats);
  void drop_unwritable(MergeStats& stats);
  [[nodiscard]] std::optional<std::int64_t> timestamp() const;
  [[nodiscard]] bool is_empty(FamilyType type) const;
  void write(FamilyType type, std::string_view labels, std::string& out) const;
  void write_scalar(FamilyType type, std::string& out) const;
  void write_summary(std::string& out) const;
  void write_histogram(std::string& out) const;
  void write_exemplar(unsigned field, const Value& value, std::string& out) const;

  const Format format_;
  std::optional<Value> value_;  // of the metric that is being written, as what follows
  std::optional<Value> count_;
  std::optional<Value> sum_;
  std::vector<Bounded> bounds_;
  std::optional<std::int64_t> created_;  // milliseconds
  std::string_view fields_;              // protobuf_fields.h
};

}  // namespace prometheus_rsocket::exposition

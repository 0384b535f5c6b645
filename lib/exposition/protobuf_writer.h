// Writes a plan in Prometheus' protobuf format, piece by piece: io.prometheus.client.MetricFamily
// messages (prometheus/client_model, metrics.proto), the length before each. Internal to
// lib/exposition; page_writer.h is for who wants a page.
//
// Names are as in text: the family of a counter is `foo_total`, as it is with Prometheus' own
// client. A reader makes `foo_count` of the family `foo`, so that it has the escaped name of the
// family with the suffix, where text has the escaped name of both.
//
// A family's length is before it: its metrics are written twice, first for their size alone. The
// second time is spared where all of them fit into kKeptBytes. Else there is one client's metric in
// memory, and for the rest what metric_groups.h says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/sip_hash.h"
#include "exposition/format.h"
#include "exposition/merge.h"
#include "exposition/metric_encoder.h"
#include "exposition/metric_groups.h"

namespace prometheus_rsocket::exposition {

class ProtobufWriter {
 public:
  // So much of a family is kept from the first time.
  static constexpr std::size_t kKeptBytes = std::size_t{1} << 20U;

  // `sources` and `key` as for PageWriter.
  ProtobufWriter(std::span<const Source> sources, const Format& format, const base::SipKey& key)
      : sources_(sources), groups_(format.escaping, key), encoder_(format) {}

  // As PageWriter::write(), of the same plan each time. Counts what it drops in the plan's stats.
  [[nodiscard]] bool write(Plan& plan, std::string& out);

 private:
  enum class Step : std::uint8_t { kBegin, kGroup, kEncode, kCopy };

  void advance(Plan& plan, std::size_t room, std::string& out);
  void begin_pass(const Plan& plan);
  void begin_share(const Plan& plan);
  void encode(Plan& plan, std::string& out);
  void end_pass(const Plan& plan, std::string& out);
  void write_head(const MergedFamily& family, std::string& out);
  void end_family();

  const std::span<const Source> sources_;
  MetricGroups groups_;
  MetricEncoder encoder_;
  std::size_t family_ = 0;  // in the plan, as what follows
  std::uint32_t part_ = 0;
  Step step_ = Step::kBegin;
  bool is_measuring_ = true;      // for the first time
  std::size_t metric_ = 0;        // of the share: the next
  std::size_t metrics_size_ = 0;  // of those that are measured
  std::size_t written_size_ = 0;  // of the same, when they are written
  std::string kept_;              // all of them, or none when they are too many
  std::size_t copied_ = 0;        // of kept_
  std::size_t work_ = 0;  // bytes read and written, apart from out, since write() was called
  MergeStats ignored_;    // what the second time counts again
  std::string head_;      // here to keep its memory
};

}  // namespace prometheus_rsocket::exposition

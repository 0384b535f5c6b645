// Writes the merged page in text, OpenMetrics or protobuf, piece by piece: it is never whole in
// memory.
//
//   PageWriter writer(sources, format, key);
//   while (writer.write(chunk)) { send(chunk); chunk.clear(); }
//
// Each family once: HELP (when some client has a text), TYPE, in OpenMetrics UNIT, then the samples
// of each client in order of seniority, values in the bytes that came. Of equal series (series.h)
// the first is written.
//
// Series have the same names in every format. So in OpenMetrics a counter whose name does not end
// in `_total` is of type unknown, and so is one whose family would be called like another there:
// `foo_total` beside `foo`. `_created` stays with its family in OpenMetrics unless a family has
// that name, and is left out of text, as exemplars are.
//
// Protobuf has a message for each family (protobuf_writer.h), with the names of text, and metrics
// for samples: numbers are doubles there, and of a histogram or summary the metric is what clients
// have or have not (metric_groups.h, metric_encoder.h). A junior's is left out whole, each of its
// samples being counted as a duplicate, and so is a family of which nothing can be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "exposition/line_writer.h"
#include "exposition/merge.h"
#include "exposition/protobuf_writer.h"
#include "exposition/series.h"

namespace prometheus_rsocket::exposition {

// What one write() adds before it pauses: about a socket buffer, and enough for a gzip block.
inline constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;

class PageWriter {
 public:
  // The sources, their texts and indexes are borrowed until the last write(). `key`: the process's
  // secret, with which they were scanned too.
  PageWriter(std::span<const Source> sources, const Format& format, const base::SipKey& key);

  // Appends whole lines to out until kChunkBytes are passed, by at most one sample line or one
  // family's HELP and TYPE lines, or the page ends; of protobuf any bytes, and by one metric. Lines
  // that are dropped count like those that are written, so that it comes back as soon from a run of
  // duplicates, perhaps with nothing; so it does while there are many families to be merged first,
  // or a protobuf family is measured. False when the page had ended before.
  [[nodiscard]] bool write(std::string& out);

  // Complete once write() has returned false.
  [[nodiscard]] const MergeStats& stats() const { return plan_.stats; }

 private:
  [[nodiscard]] bool make_plan();            // a step of it; true once there is one
  [[nodiscard]] bool end(std::string& out);  // as write()
  void begin_family(const MergedFamily& family, std::string& out);
  [[nodiscard]] bool is_of_structural_family(std::string_view name) const;
  [[nodiscard]] FamilyType openmetrics_type(const MergedFamily& family);
  void write_openmetrics_head(const MergedFamily& family, std::string& out);
  [[nodiscard]] bool is_left_out(const MergedFamily& family, std::string_view name) const;
  [[nodiscard]] const Family& share_of(const Part& part) const;
  [[nodiscard]] std::span<const Sample> samples_of(const Part& part) const;
  void start_prefetching(const MergedFamily& family);
  void prefetch_next();
  [[nodiscard]] std::size_t copy_samples(const MergedFamily& family, const Source& source,
                                         std::span<const Sample> samples, std::size_t bytes_max,
                                         std::string& out);
  void write_sample(const MergedFamily& family, const Source& source, const Sample& sample,
                    std::string& out);
  void write_escaped_sample(const MergedFamily& family, const Source& source, const Sample& sample,
                            std::string& out);

  std::span<const Source> sources_;
  const Format format_;
  const base::SipKey key_;
  LineWriter lines_;
  std::optional<Merger> merger_;  // until there is a plan
  Plan plan_;
  SeriesSet series_;  // of the current family, as the next three
  bool keeps_created_ = false;
  bool escapes_ = false;    // names of its samples may not be as they came
  bool has_begun_ = false;  // the current family's HELP and TYPE lines are written
  std::size_t family_ = 0;  // the position of what comes next
  std::uint32_t part_ = 0;  // in plan_.parts
  std::size_t sample_ = 0;
  // What is asked for of the parts that come next, each a few ahead of the one it needs: where
  // their samples are, these, and their lines.
  std::uint32_t share_ahead_ = Plan::kNone;
  std::uint32_t samples_ahead_ = Plan::kNone;
  std::uint32_t lines_ahead_ = Plan::kNone;
  std::size_t dropped_bytes_ = 0;  // since write() was called
  bool has_ended_ = false;
  std::string name_;  // here to keep its memory, as the next
  std::string other_;
  ProtobufWriter protobuf_;  // of a page in protobuf, in place of all from lines_ on
};

}  // namespace prometheus_rsocket::exposition

// Writes the merged page in text 0.0.4, piece by piece: the page is never whole in memory.
//
//   PageWriter writer(sources, key);
//   while (writer.write(chunk)) { send(chunk); chunk.clear(); }
//
// Each family once: HELP (when some client has a text), TYPE, then the samples of each client in
// order of seniority, in the bytes that came. Of equal series (series.h) the first is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "exposition/merge.h"
#include "exposition/series.h"

namespace prometheus_rsocket::exposition {

// What one write() adds before it pauses: about a socket buffer, and enough for a gzip block.
inline constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;

class PageWriter {
 public:
  // The sources, their texts and indexes are borrowed until the last write(). `key`: the process's
  // secret, with which they were scanned too.
  PageWriter(std::span<const Source> sources, const base::SipKey& key);

  // Appends whole lines to out until kChunkBytes are passed, by at most one sample line or one
  // family's HELP and TYPE lines, or the page ends. Lines that are dropped count like those that
  // are written, so that it comes back as soon from a run of duplicates, perhaps with nothing; so
  // it does while there are many families to be merged first. False when the page had ended before.
  [[nodiscard]] bool write(std::string& out);

  // Complete once write() has returned false.
  [[nodiscard]] const MergeStats& stats() const { return plan_.stats; }

 private:
  [[nodiscard]] bool make_plan();  // a step of it; true once there is one
  void begin_family(const MergedFamily& family, std::string& out);
  void write_sample(const Source& source, const Sample& sample, std::string& out);

  std::span<const Source> sources_;
  std::optional<Merger> merger_;  // until there is a plan
  Plan plan_;
  SeriesSet series_;        // of the current family
  bool has_begun_ = false;  // the current family's HELP and TYPE lines are written
  std::size_t family_ = 0;  // the position of what comes next
  std::uint32_t part_ = 0;  // in plan_.parts
  std::size_t sample_ = 0;
  std::size_t dropped_bytes_ = 0;  // since write() was called
};

}  // namespace prometheus_rsocket::exposition

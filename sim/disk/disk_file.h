// A file of the virtual disk: what can be read of it now, and what of that is there for good.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/draw.h"

namespace prometheus_rsocket::sim {

class DiskFile {
 public:
  [[nodiscard]] std::string_view content() const { return content_; }
  [[nodiscard]] bool has_unsynced() const { return !changes_.empty(); }

  // Each is done at a moment that is not before that of the last one, and may be to come yet: of a
  // piece of work that is under way.
  void write(base::Instant at, std::size_t offset, std::string_view bytes);
  void truncate(base::Instant at, std::size_t size);
  // `lied`: it only says so.
  void sync(base::Instant at, bool lied);

  // Forgets how it was before what is synced by `now`: there is no way back from that.
  void settle(base::Instant now);

  // Takes back what is done after `now`; the first of that perhaps by half. True: there was such.
  bool cut(base::Instant now, Draws& draws);
  // Of what is not synced, each change may be there or not. REQUIRES: cut() before. True if
  // something was lost that a lie had called synced.
  bool lose_power(Draws& draws);
  void rot(Draws& draws);
  void rot(std::size_t offset, char becomes) { content_.at(offset) = becomes; }

 private:
  struct Change {
    base::Instant at;
    std::size_t offset = 0;
    std::size_t size_before = 0;  // of the file
    std::string before;           // what stood there, or behind the new end
    std::string after;            // empty: it was cut off at `offset`
    bool lied = false;            // called synced
  };
  struct Sync {
    base::Instant at;
    std::size_t changes = 0;  // that it holds for
  };

  void apply(const Change& change);
  void take_back(const Change& change);
  [[nodiscard]] Change half(const Change& change, Draws& draws) const;

  std::string content_;
  std::vector<Change> changes_;  // that may be taken back
  std::vector<Sync> syncs_;
};

}  // namespace prometheus_rsocket::sim

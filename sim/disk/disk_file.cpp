#include "sim/disk/disk_file.h"

#include <algorithm>
#include <utility>

namespace prometheus_rsocket::sim {
namespace {

constexpr std::size_t kSector = 512;  // is written whole or not at all

}  // namespace

void DiskFile::write(base::Instant at, std::size_t offset, std::string_view bytes) {
  Change change{at, offset, content_.size(), {}, std::string(bytes)};
  if (offset < content_.size()) change.before = content_.substr(offset, bytes.size());
  apply(change);
  changes_.push_back(std::move(change));
}

void DiskFile::truncate(base::Instant at, std::size_t size) {
  if (size >= content_.size()) return;
  Change change{at, size, content_.size(), content_.substr(size), {}};
  apply(change);
  changes_.push_back(std::move(change));
}

void DiskFile::sync(base::Instant at, bool lied) {
  if (lied) {
    for (Change& change : changes_) change.lied = true;
  } else {
    syncs_.push_back({at, changes_.size()});
  }
}

void DiskFile::settle(base::Instant now) {
  std::size_t done = 0;
  while (!syncs_.empty() && syncs_.front().at <= now) {
    done = syncs_.front().changes;
    syncs_.erase(syncs_.begin());
  }
  if (done == 0) return;
  changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(done));
  for (Sync& sync : syncs_) sync.changes -= done;
}

void DiskFile::apply(const Change& change) {
  if (change.after.empty()) {
    content_.resize(change.offset);
    return;
  }
  content_.resize(std::max(content_.size(), change.offset + change.after.size()));
  content_.replace(change.offset, change.after.size(), change.after);
}

void DiskFile::take_back(const Change& change) {
  if (change.after.empty()) {
    content_.resize(change.size_before);
    content_.replace(change.offset, change.before.size(), change.before);
    return;
  }
  content_.replace(change.offset, change.before.size(), change.before);
  content_.resize(change.size_before);
}

DiskFile::Change DiskFile::half(const Change& change, Draws& draws) const {
  Change part = change;
  const std::size_t sectors = change.after.size() / kSector;
  part.after.resize(sectors == 0 ? 0 : draws.below(sectors + 1) * kSector);
  return part;
}

bool DiskFile::cut(base::Instant now, Draws& draws) {
  std::erase_if(syncs_, [&](const Sync& sync) { return sync.at > now; });
  std::vector<Change> undone;
  while (!changes_.empty() && changes_.back().at > now) {
    take_back(changes_.back());
    undone.push_back(std::move(changes_.back()));
    changes_.pop_back();
  }
  settle(now);
  if (undone.empty()) return false;
  const Change begun = half(undone.back(), draws);
  if (!begun.after.empty()) write(now, begun.offset, begun.after);
  return true;
}

bool DiskFile::lose_power(Draws& draws) {
  const std::vector<Change> unsynced = std::exchange(changes_, {});
  for (auto change = unsynced.rbegin(); change != unsynced.rend(); ++change) take_back(*change);
  bool betrayed = false;
  for (const Change& change : unsynced) {
    const std::uint64_t fate = draws.below(3);
    if (fate == 0) {
      apply(change);
      continue;
    }
    betrayed = betrayed || change.lied;
    if (fate == 1 || change.after.empty()) continue;
    const Change part = half(change, draws);
    if (!part.after.empty()) apply(part);
  }
  syncs_.clear();
  return betrayed;
}

void DiskFile::rot(Draws& draws) {
  char& byte = content_[draws.below(content_.size())];
  byte = static_cast<char>(byte ^ static_cast<char>(1 + draws.below(255)));
}

}  // namespace prometheus_rsocket::sim

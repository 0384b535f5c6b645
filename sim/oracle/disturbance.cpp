#include "sim/oracle/disturbance.h"

#include <algorithm>

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::FaultEffect;
using history::Place;

bool overlaps(base::Instant began, base::Instant ended, base::Instant from, base::Instant to) {
  return began <= to && from <= ended;
}

}  // namespace

bool Fault::touches(std::span<const Place> path) const {
  if (effect == FaultEffect::kDisk) return false;
  const auto touched = std::ranges::count_if(
      path, [this](const Place& place) { return std::ranges::count(places, place) > 0; });
  return touched >= (effect == FaultEffect::kBetween ? 2 : 1);
}

void Disturbances::begin(history::FaultId fault, const history::FaultBegan& what,
                         base::Instant at) {
  faults_.push_back({fault, {what.effect, what.places, at}});
}

void Disturbances::end(history::FaultId fault, base::Instant at, base::Duration round_trip) {
  for (auto& [id, known] : faults_) {
    if (id != fault || known.ended != kNever) continue;
    known.ended = at;
    known.quiet = at + round_trip;
    if (known.effect == FaultEffect::kPause || known.effect == FaultEffect::kCorrupt) continue;
    known.quiet += std::min(at - known.began, kTcpPatience);
  }
}

void Disturbances::leave_broken(const std::vector<Place>& places, base::Instant at) {
  for (const Place& place : places) {
    broken_.push_back(place);
    faults_.push_back({{}, {FaultEffect::kTraffic, {place}, at}});
    faults_.push_back({{}, {FaultEffect::kPause, {place}, at}});
  }
}

bool Disturbances::is_broken(const Place& place) const {
  return std::ranges::count(broken_, place) > 0;
}

bool Disturbances::touched(std::span<const Place> path, base::Instant from,
                           base::Instant to) const {
  return std::ranges::any_of(faults_, [&](const Known& known) {
    return overlaps(known.fault.began, known.fault.quiet, from, to) && known.fault.touches(path);
  });
}

bool Disturbances::touched_at(const Place& place, base::Instant from, base::Instant to) const {
  return std::ranges::any_of(faults_, [&](const Known& known) {
    return known.fault.effect != FaultEffect::kDisk &&
           overlaps(known.fault.began, known.fault.quiet, from, to) &&
           std::ranges::count(known.fault.places, place) > 0;
  });
}

bool Disturbances::disk_troubled(const Place& place, base::Instant from, base::Instant to) const {
  return std::ranges::any_of(faults_, [&](const Known& known) {
    return known.fault.effect == FaultEffect::kDisk &&
           overlaps(known.fault.began, known.fault.quiet, from, to) &&
           std::ranges::count(known.fault.places, place) > 0;
  });
}

bool Disturbances::paused(const Place& place, base::Instant from, base::Instant to) const {
  return std::ranges::any_of(faults_, [&](const Known& known) {
    const auto& [effect, places, began, ended, quiet] = known.fault;
    const bool pauses = effect == FaultEffect::kPause || effect == FaultEffect::kAny;
    return pauses && overlaps(began, ended, from, to) && std::ranges::count(places, place) > 0;
  });
}

bool Disturbances::corrupted(std::span<const Place> path, base::Instant from,
                             base::Instant to) const {
  return std::ranges::any_of(faults_, [&](const Known& known) {
    const FaultEffect effect = known.fault.effect;
    return (effect == FaultEffect::kCorrupt || effect == FaultEffect::kAny) &&
           overlaps(known.fault.began, known.fault.quiet, from, to) && known.fault.touches(path);
  });
}

base::Instant Disturbances::quiet_since(std::span<const Place> path, base::Instant from) const {
  base::Instant quiet = from;
  for (bool moved = true; moved;) {
    moved = false;
    for (const Known& known : faults_) {
      if (known.fault.began > quiet || known.fault.quiet <= quiet) continue;
      if (!known.fault.touches(path)) continue;
      quiet = known.fault.quiet;
      moved = true;
    }
  }
  return quiet;
}

}  // namespace prometheus_rsocket::sim::oracle

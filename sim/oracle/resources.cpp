#include <algorithm>
#include <map>
#include <variant>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::Resources;

void judge_heap(const Index& index, Findings& findings) {
  const std::uint64_t most = index.rules().heap_bytes_max;
  std::uint64_t base_line = 0;
  for (const history::Entry& entry : index.entries()) {
    const auto* const read = std::get_if<Resources>(&entry.what);
    if (read == nullptr || read->heap_bytes == 0 || most == 0) continue;
    if (base_line == 0) base_line = read->heap_bytes;
    if (read->heap_bytes <= base_line + most) continue;
    findings.add(entry.at, "the heap holds ", read->heap_bytes, " bytes, after ", base_line,
                 " at first: more than ", most, " over that");
  }
}

// The moment from which on a proxy knows that all clients are gone; kNever while one lives.
base::Instant all_gone(const Index& index) {
  base::Instant gone = index.rules().start;
  for (const auto& [who, life] : index.lives()) gone = std::max(gone, life.ended);
  if (gone == kNever) return kNever;
  return gone + index.rules().lifetime + 2 * index.rules().round_trip_max;
}

struct Reading {
  base::Instant at;
  Resources what;
};

}  // namespace

std::vector<Violation> judge_resources(const Index& index) {
  Findings findings("9-resources");
  judge_heap(index, findings);
  const base::Instant quiet = all_gone(index);
  std::map<std::pair<ProxyId, base::Instant>, Reading> first;  // by proxy and its life's beginning
  for (const history::Entry& entry : index.entries()) {
    const auto* const read = std::get_if<Resources>(&entry.what);
    if (read == nullptr || read->place.kind != Place::Kind::kProxy) continue;
    const ProxyId proxy{read->place.number};
    const ProxyLife* const life = index.proxy_at(proxy, entry.at);
    if (life == nullptr) continue;
    const Reading& base =
        first.try_emplace({proxy, life->began}, Reading{entry.at, *read}).first->second;
    if (entry.at < quiet ||
        index.disturbances().touched_at(read->place, entry.at - index.rules().lifetime, entry.at)) {
      continue;
    }
    const auto judge = [&](std::string_view kind, std::uint64_t now, std::uint64_t before) {
      if (now <= before) return;
      findings.add(entry.at, "proxy ", proxy, " has ", now, " ", kind,
                   " with all clients gone, and had ", before, " at ", index.seconds(base.at));
    };
    judge("handles", read->handles, base.what.handles);
    judge("connections", read->connections, base.what.connections);
  }
  return findings.take();
}

std::vector<Violation> judge_idling(const Index& index) {
  Findings findings("L5");
  const auto living = std::ranges::count_if(index.proxies(), [](const auto& entry) {
    return std::ranges::any_of(entry.second, [](const ProxyLife& life) { return !life.end; });
  });
  const double most = index.rules().idle_events_per_second_max *
                      static_cast<double>(std::max(living, decltype(living){1}));
  for (const history::Entry& entry : index.entries()) {
    const auto* const ended = std::get_if<history::Ended>(&entry.what);
    if (ended == nullptr || most == 0 || ended->idle_events_per_second <= most) continue;
    findings.add(entry.at, ended->idle_events_per_second,
                 " events a second while nothing goes on, more than ", most);
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle

#include "sim/run/must_happen.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace prometheus_rsocket::sim::run {
namespace {

// Calls `use(name, count)` for all of them.
template <class Use>
void for_each_count(const Counts& counts, Use use) {
  for (std::size_t i = 0; i < counts.happenings.size(); ++i) {
    use(to_string(static_cast<Happening>(i)), counts.happenings[i]);
  }
  for (std::size_t i = 0; i < counts.probes.size(); ++i) {
    use(base::to_string(static_cast<base::Probe>(i)), counts.probes[i]);
  }
}

constexpr base::Probe kOfNames[] = {base::Probe::kNameReplaced,  base::Probe::kNameProbed,
                                    base::Probe::kNameLost,      base::Probe::kNameShared,
                                    base::Probe::kDepartedAsked, base::Probe::kSinglePullShared,
                                    base::Probe::kHeaderRefused, base::Probe::kForwardedBelieved};

}  // namespace

void Counts::add(const Counts& other) {
  for (std::size_t i = 0; i < happenings.size(); ++i) happenings[i] += other.happenings[i];
  for (std::size_t i = 0; i < probes.size(); ++i) probes[i] += other.probes[i];
}

std::vector<std::string> never_happened(const Counts& counts, std::string_view profile) {
  std::vector<std::string> missing;
  if (profile == "discovery") {
    for (const base::Probe probe : kOfNames) {
      if (counts.probes[static_cast<std::size_t>(probe)] == 0) {
        missing.emplace_back(base::to_string(probe));
      }
    }
  }
  if (profile != "mixed") return missing;
  // TCP gives up who reads nothing as soon as we would (TCP_USER_TIMEOUT, lib/net): our own
  // patience is for systems without it, and for lib/transport's tests.
  const std::string_view beyond_us = base::to_string(base::Probe::kWriteStalled);
  const auto is_of_names = [](std::string_view name) {
    return std::ranges::any_of(kOfNames, [&](base::Probe p) { return base::to_string(p) == name; });
  };
  for_each_count(counts, [&](std::string_view name, std::uint64_t count) {
    if (count == 0 && name != beyond_us && !is_of_names(name)) missing.emplace_back(name);
  });
  return missing;
}

std::string write_counts(const Counts& counts) {
  constexpr int kColumns = 4;
  std::ostringstream out;
  int column = 0;
  for_each_count(counts, [&](std::string_view name, std::uint64_t count) {
    out << std::setw(22) << name << " " << std::setw(9) << count
        << (++column % kColumns == 0 ? "\n" : "");
  });
  if (column % kColumns != 0) out << "\n";
  return std::move(out).str();
}

}  // namespace prometheus_rsocket::sim::run

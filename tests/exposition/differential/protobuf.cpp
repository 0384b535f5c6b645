#include "differential/protobuf.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::string_view kZero = "0";

using Types = std::map<std::string, std::string>;

// Where in the labels the metric's name is.
std::pair<std::size_t, std::size_t> name_in(const std::string& labels) {
  constexpr std::string_view kName = "__name__=\"";
  const std::size_t begin = labels.find(kName) + kName.size();
  return {begin, labels.find('"', begin) - begin};
}

std::string name_of(const std::string& labels) {
  const auto [begin, size] = name_in(labels);
  return labels.substr(begin, size);
}

// Of a sample: the type of its family, and its metric if that has several samples.
struct Place {
  std::string type;
  std::string suffix;
  std::string metric;      // labels without the bound, and the family's name
  bool is_misfit = false;  // in a histogram or summary, and no part of a metric there
};

Place place_of(const std::string& labels, const Types& types) {
  const std::string name = name_of(labels);
  for (const std::string suffix : {"_bucket", "_count", "_sum", ""}) {
    if (!name.ends_with(suffix)) continue;
    const auto family = types.find(name.substr(0, name.size() - suffix.size()));
    if (family == types.end()) continue;
    const bool is_histogram = family->second == "histogram";
    if (!is_histogram && (family->second != "summary" || suffix == "_bucket")) {
      if (suffix.empty()) return {family->second, suffix, {}};
      continue;
    }
    Place place{family->second, suffix, labels};
    const auto [begin, size] = name_in(labels);
    place.metric.replace(begin, size, family->first);
    const std::size_t bound = place.metric.find(is_histogram ? ", le=\"" : ", quantile=\"");
    const bool has_bound = bound != std::string::npos;
    place.is_misfit = has_bound != (suffix == (is_histogram ? "_bucket" : ""));
    if (has_bound) {
      const std::size_t end = place.metric.find('"', place.metric.find('"', bound) + 1);
      place.metric.erase(bound, end + 1 - bound);
    }
    return place;
  }
  return {};
}

std::pair<std::string, std::string> value_and_time(const std::string& rest) {
  const std::size_t blank = rest.find(' ');
  std::string time = rest.substr(blank + 1);
  if (time == kZero) time = "-";
  return {rest.substr(0, blank), time};
}

// What the parts have, as far as it is to be on the page.
struct Expected {
  std::map<std::string, std::string> samples;
  std::map<std::string, std::set<std::string>> times;  // by metric
};

Expected expected_of(const std::vector<Parsed>& parts, const Types& types) {
  Expected expected;
  std::set<std::string> claimed;
  for (const Parsed& part : parts) {
    std::set<std::string> own;
    for (const auto& [labels, rest] : part.samples) {
      const Place place = place_of(labels, types);
      if (place.is_misfit || claimed.contains(place.metric)) continue;
      expected.samples.emplace(labels, rest);
      if (place.metric.empty()) continue;
      own.insert(place.metric);
      expected.times[place.metric].insert(value_and_time(rest).second);
    }
    claimed.merge(own);
  }
  return expected;
}

// Whether the parser makes such a sample where the message has none.
bool is_made_up(const Parsed& theirs, const std::string& labels, const std::string& value,
                const Place& place) {
  if (place.metric.empty()) return false;
  if (place.suffix == "_count" || place.suffix == "_sum") return value == kZero;
  constexpr std::string_view kInfinite = ", le=\"+Inf\"";
  const std::size_t bound = labels.find(kInfinite);
  if (place.suffix != "_bucket" || bound == std::string::npos) return false;
  std::string count = labels;
  count.erase(bound, kInfinite.size());
  const auto [begin, size] = name_in(count);
  count.replace(begin + size - place.suffix.size(), place.suffix.size(), "_count");
  const auto found = theirs.samples.find(count);
  return found != theirs.samples.end() && value_and_time(found->second).first == value;
}

// Its value may be that of another's family which is called so.
bool is_created(const std::string& labels) { return name_of(labels).ends_with("_created"); }

std::string exemplar_difference(const Parsed& theirs, const Parsed& part) {
  for (const auto& [labels, value] : part.exemplars) {
    const auto found = theirs.exemplars.find(labels);
    const std::string type = place_of(labels, theirs.types).type;
    const bool has_place =
        type == "histogram" || (type == "counter" && labels.find("_total\"") != std::string::npos);
    if (found == theirs.exemplars.end()) {
      if (has_place) return "our page lacks the exemplar of " + labels;
    } else if (found->second != value) {
      return "the exemplar of " + labels + " was " + value + " and is " + found->second;
    }
  }
  return {};
}

}  // namespace

std::string protobuf_difference(const Page& page, const Parsed& theirs,
                                const std::vector<Parsed>& parts) {
  if (page.stats.families_dropped + page.stats.families_clashing > 0) return {};
  const Expected expected = expected_of(parts, theirs.types);
  const bool may_lack = page.stats.unwritable_dropped > 0;
  for (const auto& [labels, rest] : theirs.samples) {
    if (theirs.ambiguous.contains(labels)) continue;
    const auto [value, time] = value_and_time(rest);
    const Place place = place_of(labels, theirs.types);
    const auto found = expected.samples.find(labels);
    const bool has_one = found != expected.samples.end();
    const auto was =
        has_one ? value_and_time(found->second) : std::pair<std::string, std::string>();
    if (has_one && is_created(labels)) continue;
    if (!has_one || value != was.first) {
      if ((!has_one || may_lack) && is_made_up(theirs, labels, value, place)) continue;
      return labels + " was '" + was.first + "' and is '" + value + "'";
    }
    const bool has_time =
        place.metric.empty() ? time == was.second : expected.times.at(place.metric).contains(time);
    if (!has_time) return labels + " was of " + was.second + " and is of " + time;
  }
  if (may_lack) return {};
  for (const auto& [labels, value] : expected.samples) {
    if (!theirs.samples.contains(labels) && !is_created(labels)) return "our page lacks " + labels;
  }
  const bool has_duplicates = page.stats.duplicates_dropped > 0;
  return parts.size() == 1 && !has_duplicates ? exemplar_difference(theirs, parts[0])
                                              : std::string();
}

std::string metadata_difference(const Parsed& theirs, const Parsed& text) {
  for (const auto& [labels, rest] : theirs.samples) {
    if (name_of(labels).find('\\') != std::string::npos) return {};
  }
  for (const auto& [name, type] : theirs.types) {
    const auto found = text.types.find(name);
    if (found == text.types.end() || found->second != type) return name + " is a " + type;
  }
  for (const auto& [name, help] : theirs.helps) {
    const auto found = text.helps.find(name);
    const std::string in_text = found == text.helps.end() ? "\"\"" : found->second;
    const bool is_blank =
        in_text == "\"\"" && help.find_first_not_of(" t\"\\") == std::string::npos;
    if (help != in_text && !is_blank) {
      return "the help of " + name + " is " + help;
    }
  }
  return {};
}

}  // namespace prometheus_rsocket::exposition

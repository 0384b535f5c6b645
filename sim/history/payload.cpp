#include "sim/history/payload.h"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "base/check.h"

namespace prometheus_rsocket::sim::history {
namespace {

constexpr std::string_view kSample = "sim_sample";
constexpr std::string_view kLatest = "sim_latest";
constexpr std::string_view kPassedOver = "other_";

std::string type_line(std::string_view family) {
  return "# TYPE " + std::string(family) + " gauge\n";
}

// Takes a line apart from the left; once something did not fit it stays failed.
class Cursor {
 public:
  explicit Cursor(std::string_view line) : rest_(line) {}

  Cursor& literal(std::string_view expected) {
    if (rest_.starts_with(expected)) {
      rest_.remove_prefix(expected.size());
    } else {
      failed_ = true;
    }
    return *this;
  }

  // Decimal, without sign and leading zeros, within the type.
  template <std::integral Number>
  Cursor& number(Number& value) {
    const auto size = static_cast<std::size_t>(
        std::ranges::find_if(rest_, [](char c) { return c < '0' || c > '9'; }) - rest_.begin());
    const char* const end = rest_.data() + size;
    const auto [stopped, error] = std::from_chars(rest_.data(), end, value);
    const bool padded = size > 1 && rest_.front() == '0';
    if (size == 0 || padded || error != std::errc() || stopped != end) failed_ = true;
    rest_.remove_prefix(size);
    return *this;
  }

  [[nodiscard]] bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

class PageParser {
 public:
  // False: the line is wrong, and `why` says how.
  bool take(std::string_view line) {
    if (line.starts_with(kPassedOver) || line.starts_with("# TYPE other_") ||
        line.starts_with("# HELP other_")) {
      return leave_family(kPassedOver);
    }
    if (line.starts_with("# TYPE ")) return take_type(line);
    if (line.starts_with(kSample)) return in_family(kSample) && take_sample(line);
    if (line.starts_with(kLatest)) return in_family(kLatest) && take_latest(line);
    return wrong("no line of ours");
  }

  // At the end of the page.
  bool finish() { return leave_family({}); }

  std::string why;
  ParsedPage page;

 private:
  bool wrong(std::string_view reason) {
    why = reason;
    return false;
  }

  bool leave_family(std::string_view next) {
    const bool empty = !family_.empty() && family_ != kPassedOver && !has_samples_;
    family_ = next;
    return empty ? wrong("a family without samples before") : true;
  }

  bool in_family(std::string_view family) {
    if (family_ == family) return true;
    return wrong(typed_.contains(family) ? "a family torn apart" : "a sample before its TYPE");
  }

  bool take_type(std::string_view line) {
    for (const std::string_view family : {kSample, kLatest}) {
      if (std::string(line) + "\n" != type_line(family)) continue;
      if (!leave_family(family)) return false;
      has_samples_ = false;
      return typed_.insert(family).second ? true : wrong("a second TYPE");
    }
    return wrong("no TYPE of ours");
  }

  bool take_sample(std::string_view line) {
    ShownSample sample;
    Cursor cursor(line);
    cursor.literal(kSample).literal("{instance=\"").number(sample.who.instance.value);
    cursor.literal("\",incarnation=\"").number(sample.who.number);
    cursor.literal("\",key=\"").number(sample.key);
    cursor.literal("\",sequence=\"").number(sample.sequence);
    cursor.literal("\"} ").number(sample.time_us);
    if (!cursor.done()) return wrong("no sample of ours");
    has_samples_ = true;
    page.samples.push_back(sample);
    const bool fresh = series_.insert({sample.who, sample.key, sample.sequence}).second;
    return fresh ? true : wrong("a series for the second time");
  }

  bool take_latest(std::string_view line) {
    InstanceId instance;
    std::uint32_t incarnation = 0;
    Cursor cursor(line);
    cursor.literal(kLatest).literal("{instance=\"").number(instance.value);
    cursor.literal("\"} ").number(incarnation);
    if (!cursor.done()) return wrong("no sample of ours");
    has_samples_ = true;
    const bool fresh = page.latest.emplace(instance, incarnation).second;
    return fresh ? true : wrong("a series for the second time");
  }

  std::string_view family_;  // the current one
  bool has_samples_ = false;
  std::set<std::string_view> typed_;
  std::set<std::tuple<Incarnation, std::uint32_t, std::uint64_t>> series_;
};

// What a page of troubles shows of a line: hostile lines are long.
constexpr std::size_t kQuotedBytes = 120;

}  // namespace

std::string payload_text(const Incarnation& who, std::uint64_t sequence, std::uint32_t parts,
                         base::Duration since_start) {
  CHECK(parts > 0, "a text without samples could not be told from a lost one");
  CHECK(since_start >= base::Duration::zero(), "nobody lives before the world begins");
  const auto time_us = std::chrono::duration_cast<std::chrono::microseconds>(since_start).count();
  const std::string instance = std::to_string(who.instance.value);
  const std::string head = std::string(kSample) + "{instance=\"" + instance + "\",incarnation=\"" +
                           std::to_string(who.number) + "\",key=\"";
  const std::string tail =
      "\",sequence=\"" + std::to_string(sequence) + "\"} " + std::to_string(time_us) + "\n";
  std::string text = type_line(kSample);
  for (std::uint32_t key = 0; key < parts; ++key) {
    text.append(head).append(std::to_string(key)).append(tail);
  }
  text.append(type_line(kLatest)).append(kLatest).append("{instance=\"").append(instance);
  text.append("\"} ").append(std::to_string(who.number)).append("\n");
  return text;
}

ParsedPage parse_page(std::string_view page, bool is_openmetrics) {
  PageParser parser;
  constexpr std::string_view kEof = "# EOF\n";
  if (is_openmetrics) {
    if (!page.ends_with(kEof)) {
      parser.page.trouble = "OpenMetrics without its end";
      return std::move(parser.page);
    }
    page.remove_suffix(kEof.size());
  }
  std::size_t number = 0;
  while (!page.empty()) {
    ++number;
    const std::size_t size = page.find('\n');
    const std::string_view line = page.substr(0, size);
    bool right = parser.take(line);
    if (right && size == std::string_view::npos) {
      parser.why = "a line without an end";
      right = false;
    }
    if (!right) {
      parser.page.trouble = "line " + std::to_string(number) + ": " + parser.why + ": " +
                            std::string(line.substr(0, kQuotedBytes));
      return std::move(parser.page);
    }
    page.remove_prefix(size + 1);
  }
  if (!parser.finish()) parser.page.trouble = "at the end: " + parser.why;
  return std::move(parser.page);
}

}  // namespace prometheus_rsocket::sim::history

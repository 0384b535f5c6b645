// http_server_config, basic_auth_users, rate_limit.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "access/limits.h"
#include "access/section.h"

namespace prometheus_rsocket::access {
namespace {

using base::Duration;
using yaml::Entry;
using yaml::Value;

// Those that exporter-toolkit lets be set, and the values that they have; none: any.
struct KnownHeader {
  std::string_view name;
  std::array<std::string_view, 2> values;
};
constexpr KnownHeader kHeaders[] = {
    {"Strict-Transport-Security", {}},
    {"X-Content-Type-Options", {"nosniff", "nosniff"}},
    {"X-Frame-Options", {"deny", "sameorigin"}},
    {"X-XSS-Protection", {}},
    {"Content-Security-Policy", {}},
};

bool can_be_sent(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}

void read_header(Reading& reading, const Entry& entry) {
  const auto* const known = std::ranges::find(kHeaders, entry.key, &KnownHeader::name);
  if (known == std::end(kHeaders)) {
    return reading.fail(entry.key_place, "headers: it cannot be set: " + yaml::shown(entry.key));
  }
  const Text value = read_text(reading, entry);
  if (!value.is_given()) return;
  if (!can_be_sent(value.text)) return reading.fail(entry, "it is no plain ASCII line");
  const bool is_any = known->values.front().empty();
  if (!is_any && std::ranges::find(known->values, value.text) == known->values.end()) {
    return reading.fail(entry, "unknown: " + yaml::shown(value.text));
  }
  reading.draft.settings.headers.push_back({entry.key, value.text});
}

void read_headers(Reading& reading, const Entry& headers) {
  if (headers.value.kind != Value::Kind::kMap && headers.value.kind != Value::Kind::kNull) {
    reading.fail(headers, "names with values are expected");
  }
  for (const Entry& entry : headers.value.entries) read_header(reading, entry);
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr Unit kUnits[] = {
    {"ns", 1},         {"us", 1'000},  {"\u00b5s", 1'000},  {"\u03bcs", 1'000},
    {"ms", 1'000'000}, {"s", kSecond}, {"m", 60 * kSecond}, {"h", 3600 * kSecond},
};

// Digits off the front of text, as a number; nothing where they are too many.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// The decimals behind a point, in billionths; finer ones are cut off.
std::int64_t take_decimals(std::string_view& text) {
  std::int64_t billionths = 0;
  std::int64_t scale = kSecond;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    scale /= 10;
    billionths += (text.front() - '0') * scale;
    text.remove_prefix(1);
  }
  return billionths;
}

// NUMBER UNIT off the front of text, the number with or without decimals.
std::optional<Duration> take_term(std::string_view& text) {
  const std::size_t digit = text.find_first_of("0123456789");
  if (digit > 1 || (digit == 1 && text.front() != '.')) return std::nullopt;
  const std::optional<std::int64_t> whole = take_number(text);
  if (!whole) return std::nullopt;
  std::int64_t billionths = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    billionths = take_decimals(text);
  }
  const std::string_view name = text.substr(0, text.find_first_of(".0123456789"));
  const auto* const unit = std::ranges::find(kUnits, name, &Unit::name);
  if (unit == std::end(kUnits)) return std::nullopt;
  text.remove_prefix(name.size());
  if (*whole > Duration::max().count() / unit->nanoseconds) return std::nullopt;
  const Duration units(*whole * unit->nanoseconds);
  const auto part = static_cast<long double>(billionths) * unit->nanoseconds / kSecond;
  const Duration rest(static_cast<std::int64_t>(part));
  if (units > Duration::max() - rest) return std::nullopt;
  return units + rest;
}

// Go's notation (time.ParseDuration), without a sign: `1s`, `1m30s`, `1.5h`, `0`.
std::optional<Duration> parse_go_duration(std::string_view text) {
  Duration sum{};
  if (text == "0") return sum;
  do {
    const std::optional<Duration> term = take_term(text);
    if (!term || *term > Duration::max() - sum) return std::nullopt;
    sum += *term;
  } while (!text.empty());
  return sum;
}

void read_burst(Reading& reading, const Entry& entry, std::optional<unsigned>& burst) {
  const Text text = read_text(reading, entry);
  const char* const end = text.text.data() + text.text.size();
  unsigned number = 0;
  const auto [rest, error] = std::from_chars(text.text.data(), end, number);
  if (error != std::errc{} || rest != end) reading.fail(entry, "a whole number is expected");
  burst = number;
}

}  // namespace

void read_http(Reading& reading, const Entry& section) {
  read_map(reading, section.value, section.key,
           {{"http2",
             [&reading](const Entry& entry) {
               check_boolean(reading, entry);
               reading.notice(entry, "it is without effect: only HTTP/1.1 is spoken");
             }},
            {"headers", [&reading](const Entry& entry) { read_headers(reading, entry); }}});
}

void read_users(Reading& reading, const Entry& section) {
  if (section.value.kind != Value::Kind::kMap && section.value.kind != Value::Kind::kNull) {
    reading.fail(section, "names with hashes are expected");
  }
  if (section.value.entries.empty()) reading.fail(section, "it is empty: nobody would be asked");
  if (section.value.entries.size() > kEntriesMax) reading.fail(section, "there are too many");
  for (const Entry& entry : section.value.entries) {
    // Basic authentication ends a name there (RFC 7617, 2).
    if (entry.key.find(':') != std::string::npos) {
      reading.fail(entry.key_place, section.key + ": a name has no colon");
    }
    const Text hash = read_text(reading, entry);
    // Without its name: that may be the hash, where they were taken for each other.
    if (!is_bcrypt(hash.text)) {
      reading.fail(entry.value.place, section.key + ": it holds no bcrypt hash");
    }
    reading.draft.settings.users.emplace(entry.key, hash.text);
  }
}

void read_rate_limit(Reading& reading, const Entry& section) {
  std::optional<Duration> interval;
  std::optional<unsigned> burst;
  read_map(reading, section.value, section.key,
           {{"interval",
             [&](const Entry& entry) {
               interval = parse_go_duration(read_text(reading, entry).text);
               if (!interval) reading.fail(entry, "a duration with its unit is expected");
             }},
            {"burst", [&](const Entry& entry) { read_burst(reading, entry, burst); }}});
  if (reading.error || section.value.entries.empty()) return;
  if (!interval) return reading.fail(section.key_place, section.key + ": interval is missing");
  if (*interval == Duration::zero()) return;
  if (burst.value_or(0) == 0) {
    return reading.fail(section.key_place, section.key + ": without a burst nobody gets in");
  }
  if (*burst > kRateTimeMax / *interval) {
    return reading.fail(section.key_place,
                        section.key + ": that is a burst of more than a century");
  }
  reading.draft.settings.rate_limit = RateLimit{*interval, *burst};
}

}  // namespace prometheus_rsocket::access

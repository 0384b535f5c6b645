#include "environment.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "base/quantity.h"

namespace prometheus_rsocket::client {
namespace {

using std::chrono::milliseconds;

template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Spring's notations: `10s`, `PT1M30S`, and a bare number of milliseconds. Days and fractions of
// ISO 8601 have no use here.
std::optional<milliseconds> to_duration(std::string_view text) {
  if (const auto number = to_number<std::uint32_t>(text)) return milliseconds(*number);
  std::string plain = base::to_lower(text);
  if (plain.starts_with("pt")) plain.erase(0, 2);
  const auto duration = base::parse_duration(plain);
  if (!duration) return std::nullopt;
  return std::chrono::duration_cast<milliseconds>(*duration);
}

std::optional<bool> to_flag(std::string_view text) {
  const std::string plain = base::to_lower(text);
  if (plain == "true") return true;
  if (plain == "false") return false;
  return std::nullopt;
}

std::optional<Transport> to_transport(std::string_view text) {
  const std::string plain = base::to_lower(text);
  if (plain == "tcp") return Transport::kTcp;
  if (plain == "websocket") return Transport::kWebSocket;
  return std::nullopt;
}

// Micrometer's default is the largest `long`: as good as for ever.
std::optional<std::uint32_t> to_retries(std::string_view text) {
  const auto retries = to_number<std::uint64_t>(text);
  if (!retries) return std::nullopt;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(*retries, kMost));
}

class Reader {
 public:
  Reader(const Lookup& lookup, std::string& problem) : lookup_(lookup), problem_(problem) {}

  // The value of `name` through `parse`, if it is set.
  template <class Parse, class Value>
  void read(std::string_view name, Parse parse, Value& value) {
    const auto text = find(name);
    if (!text) return;
    if (const auto parsed = parse(*text)) {
      value = *parsed;
    } else {
      problem_ = full(name) + " cannot be read: " + *text;
    }
  }

 private:
  static std::string full(std::string_view name) {
    return "MICROMETER_PROMETHEUS_RSOCKET_" + std::string(name);
  }

  // Spring drops the dashes of a property's name; people write underscores for them.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const {
    if (auto text = lookup_(full(name))) return text;
    std::string joined(name);
    std::erase(joined, '_');
    return lookup_(full(joined));
  }

  const Lookup& lookup_;
  std::string& problem_;
};

}  // namespace

bool read_environment(const Lookup& lookup, Settings& settings, std::string& problem) {
  problem.clear();
  Reader reader(lookup, problem);
  Settings read = settings;
  bool enabled = true;
  bool secure = read.tls.has_value();
  const auto as_it_is = [](const std::string& text) { return std::optional(text); };
  reader.read("ENABLED", to_flag, enabled);
  reader.read("SECURE", to_flag, secure);
  reader.read("HOST", as_it_is, read.host);
  reader.read("PORT", to_number<std::uint16_t>, read.port);
  reader.read("TRANSPORT", to_transport, read.transport);
  reader.read("TIMEOUT", to_duration, read.timeout);
  reader.read("MAX_RETRIES", to_retries, read.retry.max_retries);
  reader.read("FIRST_BACKOFF", to_duration, read.retry.first_backoff);
  reader.read("MAX_BACKOFF", to_duration, read.retry.max_backoff);
  if (secure && !read.tls) read.tls.emplace();
  if (!secure) read.tls.reset();
  if (!problem.empty() || !enabled) return false;
  settings = std::move(read);
  return true;
}

}  // namespace prometheus_rsocket::client

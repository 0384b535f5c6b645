#include "base/quantity.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/check.h"

namespace prometheus_rsocket::base {
namespace {

using boost::system::result;

class QuantityCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "quantity"; }
  std::string message(int code) const override {
    switch (static_cast<QuantityError>(code)) {
      case QuantityError::kEmpty:
        return "empty";
      case QuantityError::kNotANumber:
        return "not a whole number with a unit";
      case QuantityError::kUnknownUnit:
        return "unknown or missing unit";
      case QuantityError::kUnitOrder:
        return "units must go from the largest to the smallest, each once";
      case QuantityError::kOutOfRange:
        return "out of range";
    }
    return "unknown error";
  }
};

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kTimeUnits = {  // in milliseconds, largest first
    Unit{"y", 31'536'000'000}, Unit{"w", 604'800'000}, Unit{"d", 86'400'000}, Unit{"h", 3'600'000},
    Unit{"m", 60'000},         Unit{"s", 1'000},       Unit{"ms", 1}};

constexpr std::array kSizeUnits = {Unit{"", 1},           Unit{"B", 1},
                                   Unit{"KiB", 1U << 10}, Unit{"MiB", 1U << 20},
                                   Unit{"GiB", 1U << 30}, Unit{"TiB", std::uint64_t{1} << 40}};

struct Term {
  std::uint64_t number;
  std::string_view unit;
};

// Takes `<digits><letters>` off the front of text.
result<Term> take_term(std::string_view& text) {
  Term term{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, term.number);
  if (error == std::errc::result_out_of_range) return QuantityError::kOutOfRange;
  if (error != std::errc{}) return QuantityError::kNotANumber;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  const std::size_t letters = text.find_first_of("0123456789");
  term.unit = text.substr(0, letters);
  text.remove_prefix(term.unit.size());
  return term;
}

// number * factor + sum, or nothing when it would pass max.
result<std::uint64_t> accumulate(std::uint64_t sum, Term term, std::uint64_t factor,
                                 std::uint64_t max) {
  if (term.number > (max - sum) / factor) return QuantityError::kOutOfRange;
  return sum + term.number * factor;
}

}  // namespace

boost::system::error_code make_error_code(QuantityError error) {
  static const QuantityCategory category;
  return {static_cast<int>(error), category};
}

result<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return QuantityError::kEmpty;
  if (text == "0") return Duration::zero();
  constexpr std::uint64_t kMillisecondsMax =
      static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max()) / 1'000'000;
  std::uint64_t milliseconds = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const auto term = take_term(text);
    if (!term) return term.error();
    std::size_t unit = 0;
    while (unit < kTimeUnits.size() && kTimeUnits[unit].name != term->unit) ++unit;
    if (unit == kTimeUnits.size()) return QuantityError::kUnknownUnit;
    if (unit < next_unit) return QuantityError::kUnitOrder;
    next_unit = unit + 1;
    const auto sum = accumulate(milliseconds, *term, kTimeUnits[unit].factor, kMillisecondsMax);
    if (!sum) return sum.error();
    milliseconds = *sum;
  }
  return Duration(std::chrono::milliseconds(milliseconds));
}

result<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty()) return QuantityError::kEmpty;
  const auto term = take_term(text);
  if (!term) return term.error();
  for (const Unit& unit : kSizeUnits) {
    if (unit.name != term->unit) continue;
    if (!text.empty()) return QuantityError::kNotANumber;
    return accumulate(0, *term, unit.factor, std::numeric_limits<std::uint64_t>::max());
  }
  return QuantityError::kUnknownUnit;
}

std::string format_duration(Duration duration) {
  CHECK(duration >= Duration::zero(), "a length of time is not negative");
  auto rest = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  std::string text;
  for (const Unit& unit : kTimeUnits) {
    if (rest < unit.factor) continue;
    text += std::to_string(rest / unit.factor);
    text += unit.name;
    rest %= unit.factor;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace prometheus_rsocket::base

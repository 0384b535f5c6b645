// Durations and sizes as people write them in flags and files: `500ms`, `1h30m`, `16MiB`.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace prometheus_rsocket::base {

enum class QuantityError { kEmpty = 1, kNotANumber, kUnknownUnit, kUnitOrder, kOutOfRange };

[[nodiscard]] boost::system::error_code make_error_code(QuantityError error);

// Prometheus' notation: whole numbers, each with a unit of y w d h m s ms, from the largest unit to
// the smallest, none twice. `0` alone needs no unit.
[[nodiscard]] boost::system::result<Duration> parse_duration(std::string_view text);

// A whole number of bytes with an optional unit: B, KiB, MiB, GiB, TiB.
[[nodiscard]] boost::system::result<std::uint64_t> parse_size(std::string_view text);

// The inverse of parse_duration for whole milliseconds; finer parts are cut off. REQUIRES: >= 0.
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace prometheus_rsocket::base

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::base::QuantityError> : std::true_type {
};

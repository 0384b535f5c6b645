// Whether Prometheus takes a native histogram: one that it refuses costs it the whole scrape.
// Internal to lib/exposition.
//
// The rules are Prometheus' own (model/histogram, Validate; model/textparse, protobufparse.go,
// isNativeHistogram and isFloatHistogram). Stricter: a schema is one of those of which
// metrics.proto says that they are valid, -4 to 8, where others become so from version to version;
// and spans are judged as they came, where Prometheus first removes the empty ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {

class NativeHistogram {
 public:
  // On either side; clients have some hundreds.
  static constexpr std::size_t kPartsMax = 10'000;

  // One of a Histogram message's fields, of which some are passed over. False for what is of
  // another type than metrics.proto has, cannot be read, or is too many.
  [[nodiscard]] bool take(const wire::Field& field);

  // Else it is a classic one to Prometheus, whatever other fields it has.
  [[nodiscard]] bool is_native() const;

  struct Totals {
    std::uint64_t count = 0;
    double count_float = 0;
    double sum = 0;
  };
  // REQUIRES: all fields were taken.
  [[nodiscard]] bool is_valid(const Totals& totals) const;

 private:
  struct Span {
    std::int32_t offset = 0;
    std::uint32_t length = 0;
  };
  struct Side {
    std::vector<Span> spans;
    std::vector<std::int64_t> deltas;
    std::vector<double> counts;
  };

  [[nodiscard]] bool is_valid_as_float(const Totals& totals) const;
  [[nodiscard]] bool is_valid_as_integer(const Totals& totals) const;
  [[nodiscard]] static bool take_span(const wire::Field& field, Side& side);
  [[nodiscard]] static bool take_deltas(const wire::Field& field, Side& side);
  [[nodiscard]] static bool take_counts(const wire::Field& field, Side& side);
  [[nodiscard]] static bool spans_fit(const std::vector<Span>& spans, std::size_t buckets);
  [[nodiscard]] static bool add_deltas(const std::vector<std::int64_t>& deltas,
                                       std::uint64_t& count);

  Side negative_;
  Side positive_;
  std::int32_t schema_ = 0;
  double zero_threshold_ = 0;
  std::uint64_t zero_count_ = 0;
  double zero_count_float_ = 0;
};

}  // namespace prometheus_rsocket::exposition

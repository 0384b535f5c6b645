#include "base/quantity.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::base {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsReadInPrometheusNotation) {
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("10s").value(), 10s);
  EXPECT_EQ(parse_duration("1d2h3m4s5ms").value(), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(parse_duration("0").value(), 0s);
}

TEST(Duration, SaysWhyATextIsNone) {
  EXPECT_EQ(parse_duration("").error(), QuantityError::kEmpty);
  EXPECT_EQ(parse_duration("10").error(), QuantityError::kUnknownUnit);
  EXPECT_EQ(parse_duration("10x").error(), QuantityError::kUnknownUnit);
  EXPECT_EQ(parse_duration("s").error(), QuantityError::kNotANumber);
  EXPECT_EQ(parse_duration("-1s").error(), QuantityError::kNotANumber);
  EXPECT_EQ(parse_duration("1.5s").error(), QuantityError::kUnknownUnit);
  EXPECT_EQ(parse_duration("1s1m").error(), QuantityError::kUnitOrder);
  EXPECT_EQ(parse_duration("1s1s").error(), QuantityError::kUnitOrder);
  EXPECT_EQ(parse_duration("300y").error(), QuantityError::kOutOfRange);
  EXPECT_EQ(parse_duration("99999999999999999999s").error(), QuantityError::kOutOfRange);
}

TEST(Duration, WrittenAndReadAgainIsTheSame) {
  for (std::int64_t milliseconds = 1; milliseconds < 1'000'000'000'000; milliseconds *= 7) {
    const Duration duration = std::chrono::milliseconds(milliseconds);
    EXPECT_EQ(parse_duration(format_duration(duration)).value(), duration);
  }
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(90min), "1h30m");
}

TEST(Size, IsReadWithBinaryUnits) {
  EXPECT_EQ(parse_size("0").value(), 0U);
  EXPECT_EQ(parse_size("17").value(), 17U);
  EXPECT_EQ(parse_size("17B").value(), 17U);
  EXPECT_EQ(parse_size("16MiB").value(), 16U << 20);
  EXPECT_EQ(parse_size("1TiB").value(), std::uint64_t{1} << 40);
}

TEST(Size, SaysWhyATextIsNone) {
  EXPECT_EQ(parse_size("").error(), QuantityError::kEmpty);
  EXPECT_EQ(parse_size("MiB").error(), QuantityError::kNotANumber);
  EXPECT_EQ(parse_size("16MB").error(), QuantityError::kUnknownUnit);
  EXPECT_EQ(parse_size("1KiB1").error(), QuantityError::kNotANumber);
  EXPECT_EQ(parse_size("99999999TiB").error(), QuantityError::kOutOfRange);
}

}  // namespace
}  // namespace prometheus_rsocket::base

#include "support/report.h"

#include <gtest/gtest.h>

#include <sstream>

namespace prometheus_rsocket::bench {
namespace {

using namespace std::chrono_literals;

TEST(Report, TheTableAlignsNamesAndValues) {
  Report report("a program");
  report.add({"rate_per_s", 12345.6, ">= 5000"});
  report.add({"p50_ms", 0.25});
  std::ostringstream out;
  report.print_table(out);
  EXPECT_EQ(out.str(),
            "a program\n"
            "  rate_per_s  12346  goal >= 5000\n"
            "  p50_ms      0.250\n");
}

TEST(Report, JsonHoldsEveryFigureByItsName) {
  Report report("a program");
  report.add({"connections", 50});
  report.add({"p50_ms", -0.25, "< 1"});
  std::ostringstream out;
  report.print_json(out);
  EXPECT_EQ(out.str(),
            "{\"title\": \"a program\", \"figures\": {\"connections\": 50, \"p50_ms\": -0.250}}\n");
}

TEST(Quantile, IsTheNearestRank) {
  const std::vector<base::Duration> values{1ms, 2ms, 3ms, 4ms};
  EXPECT_EQ(quantile(values, 0.5), 2ms);
  EXPECT_EQ(quantile(values, 0.51), 3ms);
  EXPECT_EQ(quantile(values, 0.99), 4ms);
  EXPECT_EQ(quantile(values, 1), 4ms);
  EXPECT_EQ(quantile(values, 0.001), 1ms);
}

}  // namespace
}  // namespace prometheus_rsocket::bench

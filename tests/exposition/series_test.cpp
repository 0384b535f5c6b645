#include "exposition/series.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::exposition {
namespace {

void expect_same(const SeriesView& a, const SeriesView& b) {
  EXPECT_TRUE(same_series(a, b)) << a.labels << " / " << b.labels;
  EXPECT_EQ(series_hash(a), series_hash(b)) << a.labels << " / " << b.labels;
}

TEST(Series, TheOrderOfLabelsDoesNotMatter) {
  expect_same({"a", "x=\"1\",y=\"2\""}, {"a", " y = \"2\" , x=\"1\","});
}

TEST(Series, ALabelWithoutAValueIsNoLabel) { expect_same({"a", "x=\"\""}, {"a", ""}); }

TEST(Series, BoundsAreComparedAsNumbersInTheirOwnTypeAlone) {
  const auto histogram = FamilyType::kHistogram;
  expect_same({"a_bucket", "le=\"1\"", histogram}, {"a_bucket", "le=\"1.0\"", histogram});
  expect_same({"a_bucket", "le=\"+Inf\"", histogram}, {"a_bucket", "le=\"inf\"", histogram});
  expect_same({"a", "quantile=\".5\"", FamilyType::kSummary},
              {"a", "quantile=\"0.50\"", FamilyType::kSummary});
  EXPECT_FALSE(same_series({"a", "le=\"1\""}, {"a", "le=\"1.0\""}));
  EXPECT_FALSE(
      same_series({"a_bucket", "le=\"1\"", histogram}, {"a_bucket", "le=\"2\"", histogram}));
}

TEST(Series, NamesAndValuesTellSeriesApart) {
  EXPECT_FALSE(same_series({"a", ""}, {"b", ""}));
  EXPECT_FALSE(same_series({"a", "x=\"n\""}, {"a", "x=\"\\n\""}));
  EXPECT_FALSE(same_series({"a", "x=\"1\",y=\"2\""}, {"a", "x=\"2\",y=\"1\""}));
}

TEST(Series, ASetTakesEachSeriesOnceAndForgetsOnRestart) {
  SeriesSet set;
  set.restart(100);
  EXPECT_TRUE(set.insert({"a", ""}));
  EXPECT_FALSE(set.insert({"a", "x=\"\""}));
  set.restart(1);
  EXPECT_TRUE(set.insert({"a", ""}));
}

// mix(hash(name), hash(value)) is symmetric: `a="b"` and `b="a"` hash alike.
TEST(SeriesHash, ALabelAndItsMirrorDiffer) {
  EXPECT_NE(series_hash({"m", "a=\"b\""}), series_hash({"m", "b=\"a\""}));
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

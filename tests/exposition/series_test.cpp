#include "exposition/series.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr base::SipKey kKey{1, 2};

std::uint32_t hash(const SeriesView& series, FamilyType type = FamilyType::kUntyped) {
  return series_hash(kKey, type, series);
}

bool same(const SeriesView& a, const SeriesView& b, FamilyType type = FamilyType::kUntyped) {
  return same_series(type, a, b);
}

void expect_same(const SeriesView& a, const SeriesView& b, FamilyType type = FamilyType::kUntyped) {
  EXPECT_TRUE(same(a, b, type)) << a.labels << " / " << b.labels;
  EXPECT_EQ(hash(a, type), hash(b, type)) << a.labels << " / " << b.labels;
}

TEST(Series, TheOrderOfLabelsDoesNotMatter) {
  expect_same({"a", "x=\"1\",y=\"2\""}, {"a", " y = \"2\" , x=\"1\","});
}

TEST(Series, ALabelWithoutAValueIsNoLabel) { expect_same({"a", "x=\"\""}, {"a", ""}); }

TEST(Series, BoundsAreComparedAsNumbersInTheirOwnTypeAlone) {
  const auto histogram = FamilyType::kHistogram;
  expect_same({"a_bucket", "le=\"1\""}, {"a_bucket", "le=\"1.0\""}, histogram);
  expect_same({"a_bucket", "le=\"0\""}, {"a_bucket", "le = \"-0.0\""}, histogram);
  expect_same({"a_bucket", "le=\"+Inf\""}, {"a_bucket", "le=\"inf\""}, histogram);
  expect_same({"a", "quantile=\".5\""}, {"a", "quantile=\"0.50\""}, FamilyType::kSummary);
  EXPECT_FALSE(same({"a", "le=\"1\""}, {"a", "le=\"1.0\""}));
  EXPECT_FALSE(same({"a_bucket", "le=\"1\""}, {"a_bucket", "le=\"2\""}, histogram));
}

TEST(Series, NamesAndValuesTellSeriesApart) {
  EXPECT_FALSE(same({"a", ""}, {"b", ""}));
  EXPECT_FALSE(same({"a", "x=\"n\""}, {"a", "x=\"\\n\""}));
  EXPECT_FALSE(same({"a", "x=\"1\",y=\"2\""}, {"a", "x=\"2\",y=\"1\""}));
}

bool insert(SeriesSet& set, const SeriesView& series) { return set.insert(series, hash(series)); }

TEST(Series, ASetTakesEachSeriesOnceAndForgetsOnRestart) {
  SeriesSet set;
  set.restart(FamilyType::kUntyped, 100);
  EXPECT_TRUE(insert(set, {"a", ""}));
  EXPECT_FALSE(insert(set, {"a", "x=\"\""}));
  set.restart(FamilyType::kUntyped, 1);
  EXPECT_TRUE(insert(set, {"a", ""}));
}

TEST(Series, ASetGrowsBeyondWhatWasExpectedAndForgetsNone) {
  std::vector<std::string> labels;
  for (int i = 0; i < 5000; ++i) labels.push_back("i=\"" + std::to_string(i) + "\"");
  SeriesSet set;
  set.restart(FamilyType::kUntyped, 0);
  for (const std::string& label : labels) EXPECT_TRUE(insert(set, {"a", label}));
  for (const std::string& label : labels) EXPECT_FALSE(insert(set, {"a", label}));
}

TEST(Series, ASetTellsSeriesOfOneHashApart) {
  SeriesSet set;
  set.restart(FamilyType::kUntyped, 2);
  EXPECT_TRUE(set.insert({"a", "x=\"1\""}, 7));
  EXPECT_TRUE(set.insert({"a", "x=\"2\""}, 7));
  EXPECT_FALSE(set.insert({"a", "x=\"1\""}, 7));
}

// Each label's hash is of name and value in their places: a sum of both would be the same.
TEST(SeriesHash, ALabelAndItsMirrorDiffer) {
  EXPECT_NE(hash({"m", "a=\"b\""}), hash({"m", "b=\"a\""}));
}

// Who does not know the key cannot choose series that share a hash.
TEST(SeriesHash, TheKeyDecidesWhichSeriesCollide) {
  const SeriesView a{"m", "a=\"1\""};
  const SeriesView b{"m", "a=\"2\""};
  const auto distance = [&](const base::SipKey& key) {
    return series_hash(key, FamilyType::kGauge, a) ^ series_hash(key, FamilyType::kGauge, b);
  };
  EXPECT_NE(distance({1, 0}), distance({0, 0}));
  EXPECT_NE(distance({0, 1}), distance({0, 0}));
}

// A client could make everybody's page slow otherwise: `0e1`, `0e2` … are all 0.
TEST(SeriesHash, OfLabelsThatAreNoBoundsTellsSpellingsOfANumberApart) {
  std::set<std::uint32_t> hashes;
  const std::size_t count = 1000;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string text = "a{le=\"0e" + std::to_string(i) + "\"} 1\n" + "b{quantile=\"0e" +
                             std::to_string(i) + "\"} 1\n# TYPE b histogram\n";
    const auto index = scan(text, kKey);
    ASSERT_TRUE(index);
    for (const Sample& sample : index->samples) hashes.insert(sample.hash());
  }
  EXPECT_GT(hashes.size(), 2 * count - 10);
}

TEST(SeriesHash, IsByTheTypeThatComesLater) {
  const auto hashes = [](const std::string& text) {
    const auto index = scan(text, kKey);
    return index->samples.at(0).hash() == index->samples.at(1).hash();
  };
  const std::string samples = "a_bucket{le=\"1\"} 1\na_bucket{le=\"1.0\"} 1\n";
  EXPECT_TRUE(hashes(samples + "# TYPE a histogram\n"));
  EXPECT_FALSE(hashes(samples));
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

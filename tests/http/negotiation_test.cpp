#include "http/negotiation.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::http {
namespace {

TEST(AcceptEncoding, GzipIsTakenByNameOrStarUnlessItsQualityIsZero) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(accepts_gzip("x-gzip"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_FALSE(accepts_gzip("identity, br"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0.000, *"));
  EXPECT_FALSE(accepts_gzip("*;q=0"));
  EXPECT_FALSE(accepts_gzip("gzipped"));
}

TEST(AcceptEncoding, AQualityThatIsNoneMakesThePartUnreadable) {
  EXPECT_FALSE(accepts_gzip("gzip;q=much"));
  EXPECT_FALSE(accepts_gzip("gzip;q=1.5"));
  EXPECT_FALSE(accepts_gzip("gzip;q=-1"));
  EXPECT_FALSE(accepts_gzip("gzip;q=nan"));
}

TEST(Preferences, KeepOrderParametersAndQuality) {
  const auto preferences = parse_preferences(
      "application/openmetrics-text;version=1.0.0;q=0.6, text/plain; Version=\"0.0.4, x\" "
      ",*/*;q=0.1");
  ASSERT_EQ(preferences.size(), 3U);
  EXPECT_EQ(preferences[0].value, "application/openmetrics-text");
  EXPECT_EQ(preferences[0].quality, 0.6);
  ASSERT_EQ(preferences[1].parameters.size(), 1U);
  EXPECT_EQ(preferences[1].parameters[0],
            std::pair(std::string("version"), std::string("0.0.4, x")));
  EXPECT_EQ(preferences[1].quality, 1);
  EXPECT_EQ(preferences[2].value, "*/*");
}

TEST(Preferences, EmptyPartsAreNone) {
  EXPECT_TRUE(parse_preferences("").empty());
  EXPECT_TRUE(parse_preferences(" , ,;q=1,").empty());
}

}  // namespace
}  // namespace prometheus_rsocket::http

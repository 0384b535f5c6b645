#include "http/negotiation.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string_view>

namespace prometheus_rsocket::http {
namespace {

struct Asked {
  std::string_view accept_encoding;
  ContentCoding answered;
};

void PrintTo(const Asked& asked, std::ostream* out) { *out << asked.accept_encoding; }

class AcceptEncoding : public testing::TestWithParam<Asked> {};

TEST_P(AcceptEncoding, IsAnsweredByWhatItWouldRatherHave) {
  EXPECT_EQ(name_of(negotiate_coding(GetParam().accept_encoding)), name_of(GetParam().answered));
}

constexpr auto kIdentity = ContentCoding::kIdentity;
constexpr auto kGzip = ContentCoding::kGzip;
constexpr auto kZstd = ContentCoding::kZstd;

INSTANTIATE_TEST_SUITE_P(ByNameOrStar, AcceptEncoding,
                         testing::Values(Asked{"gzip", kGzip}, Asked{"deflate, GZIP;q=0.5", kGzip},
                                         Asked{"x-gzip", kGzip}, Asked{"*", kGzip},
                                         Asked{"gzip;q=0, x-gzip", kIdentity},
                                         Asked{"x-gzip, gzip;q=0", kIdentity}, Asked{"zstd", kZstd},
                                         Asked{"br, ZSTD;q=0.1", kZstd}, Asked{"", kIdentity},
                                         Asked{"identity, br", kIdentity},
                                         Asked{"gzipped, zstandard", kIdentity}));

INSTANTIATE_TEST_SUITE_P(TheHighestQuality, AcceptEncoding,
                         testing::Values(Asked{"gzip;q=0.8, zstd;q=0.9", kZstd},
                                         Asked{"zstd;q=0.8, gzip", kGzip},
                                         Asked{"gzip;q=0.5, identity", kIdentity},
                                         Asked{"zstd;q=0.5, identity;q=0.6", kIdentity},
                                         Asked{"gzip;q=0.001, identity;q=0.001", kGzip},
                                         Asked{"gzip;q=0.5, *;q=0.7", kIdentity},
                                         Asked{"zstd;q=0.5, *;q=0.4", kZstd},
                                         Asked{"zstd;q=0.5, *", kGzip}));

INSTANTIATE_TEST_SUITE_P(OfEqualsGzip, AcceptEncoding,
                         testing::Values(Asked{"zstd, gzip", kGzip},
                                         Asked{"gzip, deflate, br, zstd", kGzip},
                                         Asked{"zstd, *", kGzip}, Asked{"zstd, identity", kZstd},
                                         Asked{"*, identity", kGzip}));

INSTANTIATE_TEST_SUITE_P(
    NotAtAll, AcceptEncoding,
    testing::Values(Asked{"gzip;q=0", kIdentity}, Asked{"gzip;q=0.000, *", kIdentity},
                    Asked{"*;q=0", kIdentity}, Asked{"zstd;q=0, *", kGzip},
                    Asked{"gzip;q=0, zstd;q=0.1", kZstd}, Asked{"identity;q=0, gzip", kGzip},
                    Asked{"*;q=0, gzip;q=0.1", kGzip}, Asked{"identity;q=0", kIdentity},
                    Asked{"identity;q=0, *;q=0", kIdentity}));

INSTANTIATE_TEST_SUITE_P(AQualityThatIsNoneMakesThePartUnreadable, AcceptEncoding,
                         testing::Values(Asked{"gzip;q=much", kIdentity},
                                         Asked{"gzip;q=1.5", kIdentity},
                                         Asked{"gzip;q=-1", kIdentity},
                                         Asked{"gzip;q=nan, zstd", kZstd}));

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

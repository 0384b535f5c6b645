#include "exposition/scan.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

using namespace std::string_view_literals;

void expect_good(std::string_view text) {
  const auto index = scan(text);
  EXPECT_TRUE(index) << text << (index ? ScanError{} : index.error());
}

void expect_error(std::string_view text, ScanReason reason, std::size_t line = 1) {
  const auto index = scan(text);
  ASSERT_FALSE(index) << text;
  EXPECT_EQ(index.error(), (ScanError{line, reason})) << text;
}

TEST(Scan, AnEmptyTextHasNoFamilies) { EXPECT_TRUE(scanned("").families.empty()); }

// The shortest lines take some times their bytes: a bound on the text alone bounds little.
TEST(Scan, AnIndexOverItsBoundIsNotMade) {
  std::string families;
  std::string samples;
  for (int i = 0; i < 10'000; ++i) {
    families += "a" + std::to_string(i) + " 1\n";
    samples += "a 1\n";
  }
  for (const std::string& text : {families, samples}) {
    const auto whole = scan(text, kKey);
    ASSERT_TRUE(whole);
    EXPECT_FALSE(scan(text, kKey, whole->bytes() / 2));
    const auto small = scan(text, kKey, 10'000);
    ASSERT_FALSE(small);
    EXPECT_EQ(small.error().reason, ScanReason::kTooMany);
    EXPECT_LT(small.error().line, 1'000U) << "read no further than it may be";
  }
  EXPECT_TRUE(scan(samples, kKey, samples.size() * 5));
}

TEST(Scan, SamplesOfASummaryBelongToItByItsType) {
  const Index index = scanned(kMicrometer);
  ASSERT_EQ(index.families.size(), 3U);
  EXPECT_EQ(index.families[1].name(kMicrometer), "http_server_requests_seconds");
  EXPECT_EQ(index.families[1].type, FamilyType::kSummary);
  EXPECT_EQ(index.families[1].sample_count, 3U);
  EXPECT_EQ(index.families[2].name(kMicrometer), "http_server_requests_seconds_max");
  EXPECT_EQ(index.families[2].sample_count, 1U);
}

TEST(Scan, SamplesOfAHistogramBelongToItByItsType) {
  const Index index = scanned(kPrometheusCpp);
  ASSERT_EQ(index.families.size(), 2U);
  EXPECT_EQ(index.families[1].type, FamilyType::kHistogram);
  EXPECT_EQ(index.families[1].help(kPrometheusCpp), "Time \\\\ \\n of it");
  EXPECT_EQ(index.families[1].sample_count, 4U);
}

TEST(Scan, ASampleKnowsItsParts) {
  const std::string_view text = "\n  a:b { x = \"1\" , } 5 77  \n";
  const Index index = scanned(text);
  ASSERT_EQ(index.samples.size(), 1U);
  EXPECT_EQ(index.samples[0].line(text), "a:b { x = \"1\" , } 5 77");
  EXPECT_EQ(index.samples[0].name(text), "a:b");
  EXPECT_EQ(index.samples[0].labels(text), " x = \"1\" , ");
}

TEST(Scan, ASampleOfAnySizeKnowsItsParts) {
  for (const std::size_t size : {65'534U, 65'535U, 65'536U}) {
    const std::string name(size, 'n');
    const std::string labels = "l=\"" + std::string(size - 4, '}') + "\"";
    const std::string text = name + "{" + labels + "} 1\nb{" + labels + "} 1\n";
    const Index index = scanned(text);
    ASSERT_EQ(index.samples.size(), 2U);
    EXPECT_EQ(index.samples[0].name(text), name);
    EXPECT_EQ(index.samples[0].labels(text), labels);
    EXPECT_EQ(index.samples[1].labels(text), labels);
  }
}

TEST(Scan, ASampleWithBlanksBeforeItsBraceKnowsItsParts) {
  const std::string_view text = "a {x=\"}\\\"}\"} 1\nb\t {} 2\nc 3\n";
  const Index index = scanned(text);
  ASSERT_EQ(index.samples.size(), 3U);
  EXPECT_EQ(index.samples[0].name(text), "a");
  EXPECT_EQ(index.samples[0].labels(text), "x=\"}\\\"}\"");
  EXPECT_EQ(index.samples[1].name(text), "b");
  EXPECT_EQ(index.samples[1].labels(text), "");
  EXPECT_EQ(index.samples[2].labels(text), "");
}

// Lines are read by what they have in common with the one before.
TEST(Scan, ALineThatBeginsLikeTheOneBeforeIsReadTheSame) {
  const std::vector<std::string> lines = {"a{b=\"1\",c=\"2\",le=\"x\"} 1",
                                          "a{b=\"1\",c=\"2\"} 1",
                                          "a{b=\"1\",c=\"3\",} 1",
                                          "a{b=\"1\"} 1",
                                          "a{b=\"1\",cc=\"2\"} 1",
                                          "a{ b=\"1\"} 1",
                                          "a{} 1",
                                          "a 1",
                                          "ab{b=\"1\"} 1",
                                          "a{b=\"1\",\"c\"=\"2\"} 1",
                                          "{\"a\",b=\"1\"} 1",
                                          "{\"a\",b=\"2\"} 1",
                                          "{b=\"1\",\"a\"} 1",
                                          "{b=\"1\",\"ab\"} 1",
                                          "a{b=\"\",c=\"1\"} 1",
                                          "a{b=\"\xC3\xA9\",c=\"1\"} 1",
                                          "a{b=\"\xC3\xA9\"} 1",
                                          "a\t{b=\"1\"} 1"};
  for (const std::string& first : lines) {
    for (const std::string& second : lines) {
      const std::string text = first + "\n" + second + "\n";
      const Index index = scanned(text);
      for (const Sample& sample : index.samples) {
        const std::string line(sample.line(text));
        const Sample alone = scanned(line).samples.at(0);
        EXPECT_EQ(sample.name(text), alone.name(line)) << text;
        EXPECT_EQ(sample.labels(text), alone.labels(line)) << text;
        EXPECT_EQ(sample.hash(), alone.hash()) << text;
        EXPECT_EQ(sample.from_value(text), "1") << text;
      }
    }
  }
}

TEST(Scan, ALineThatBeginsLikeTheOneBeforeIsRefusedTheSame) {
  const std::string good = "a{b=\"1\",c=\"2\"} 1\n";
  for (const auto bad :
       {"a{b=\"1\",c=\"2\"", "a{b=\"1\",b=\"2\"} 1", "a{b=\"1\",c} 1", "a{b=\"1\",,} 1",
        "a{b=\"1\",\"d\"} 1", "a{b=\"1\" c=\"2\"} 1", "a{b=\"1\",__name__=\"2\"} 1"}) {
    const auto alone = scan(bad);
    ASSERT_FALSE(alone) << bad;
    expect_error(good + bad, alone.error().reason, 2);
  }
}

// Strict parsers fail the page for it, all other clients' too.
TEST(Scan, OfAHistogramOnlyTheSumMayBeNegative) {
  const std::string type = "# TYPE a histogram\n";
  expect_error(type + "a_count -1", ScanReason::kCount, 2);
  expect_error("a_bucket{le=\"1\"} -Inf\n" + type, ScanReason::kCount);
  expect_good(type + "a_sum -1\na_count -0\na_bucket{le=\"1\"} NaN\n");
  expect_good("# TYPE a summary\na_count -1\n");
  expect_good("a_count -1\n");
}

// What a client makes us hold is to follow what it sends.
TEST(Scan, AnIndexTakesAFewTimesItsTextAtMost) {
  std::string shortest;
  while (shortest.size() < std::size_t{4} << 20) shortest += "a 1\n";
  EXPECT_LE(scanned(shortest).bytes(), 4 * shortest.size() + 100);
  std::string families;
  for (int i = 0; i < 200'000; ++i) {
    std::string name = "a";
    for (int rest = i; name.size() < 4; rest /= 62) {
      name += "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest % 62];
    }
    families += name + " 1\n";
  }
  const Index index = scanned(families);
  EXPECT_EQ(index.families.size(), 200'000U);
  EXPECT_LE(index.bytes(), 7 * families.size());
}

TEST(Scan, ABoundThatIsNoNumberIsAnErrorInItsOwnTypeAlone) {
  const std::string histogram = "# TYPE a histogram\n";
  const std::string summary = "# TYPE a summary\n";
  for (const auto bound : {"", "x", "0x10", "1_0", "1e400", "+NaN", " 1", "1\\n"}) {
    const std::string value = "=\"" + std::string(bound) + "\"} 1\n";
    expect_error(histogram + "a_bucket{le" + value, ScanReason::kBound, 2);
    expect_error(histogram + "a_sum{le" + value, ScanReason::kBound, 2);
    expect_error(histogram + "a{le" + value, ScanReason::kBound, 2);
    expect_error(summary + "a{b=\"c\",quantile" + value, ScanReason::kBound, 2);
    expect_error(summary + "a_count{quantile" + value, ScanReason::kBound, 2);
    expect_good(histogram + "a_bucket{quantile" + value);
    expect_good(summary + "a{le" + value);
    expect_good(summary + "a_bucket{le" + value);
    expect_good("# TYPE a gauge\na{le" + value);
    expect_good("a_bucket{le" + value);
  }
  for (const auto bound : {"1", "+Inf", "-inf", "NaN", "1e3", "1e-400", ".5"}) {
    expect_good(histogram + "a_bucket{le=\"" + bound + "\"} 1\n");
    expect_good(summary + "a{quantile=\"" + bound + "\"} 1\n");
  }
}

TEST(Scan, TheFirstOfSeveralBadBoundsIsNamedThoughItsTypeComesLater) {
  expect_error(
      "c{le=\"x\"} 1\nb{quantile=\"x\"} 1\na_bucket{le=\"1\"} 1\na_bucket{le=\"x\"} 1\n"
      "a_sum{le=\"x\"} 1\n# TYPE a histogram\n# TYPE b summary\n",
      ScanReason::kBound, 2);
}

TEST(Scan, ATypeBehindItsSamplesCounts) {
  const std::string_view text =
      "a_sum 1\na_count 2\nb 1\n# TYPE a histogram\na_bucket{le=\"1\"} 1\n";
  const Index index = scanned(text);
  ASSERT_EQ(index.families.size(), 2U);
  EXPECT_EQ(index.families[0].name(text), "b");
  EXPECT_EQ(index.families[1].name(text), "a");
  EXPECT_EQ(index.families[1].sample_count, 3U);
}

TEST(Scan, TheLastOfSeveralTypesCounts) {
  EXPECT_EQ(scanned("# TYPE a gauge\na 1\n# TYPE a counter\n").families.at(0).type,
            FamilyType::kCounter);
}

TEST(Scan, ADeclaredCountIsAFamilyOfItsOwn) {
  const Index index = scanned("# TYPE a summary\na_sum 1\n# TYPE a_count gauge\na_count 1\n");
  ASSERT_EQ(index.families.size(), 2U);
  EXPECT_EQ(index.families[1].sample_count, 1U);
}

TEST(Scan, ABucketIsNoPartOfASummary) {
  EXPECT_EQ(scanned("# TYPE a summary\na_sum 1\na_bucket 1\n").families.size(), 2U);
}

TEST(Scan, FamiliesThatInterleaveAreBroughtTogether) {
  const std::string_view text = "a{x=\"1\"} 1\nb 2\na{x=\"2\"} 3\n";
  const Index index = scanned(text);
  ASSERT_FALSE(index.families.empty());
  EXPECT_EQ(index.families[0].sample_count, 2U);
  EXPECT_EQ(index.samples[1].line(text), "a{x=\"2\"} 3");
}

TEST(Scan, HarmlessFaultsArePassedOver) {
  const std::string_view text = "# TYPE a gauge\r\na 1\r\n\r\n# a comment\r\n# EOF";
  const Index index = scanned(text);
  ASSERT_FALSE(index.families.empty());
  EXPECT_EQ(index.families[0].type, FamilyType::kGauge);
  EXPECT_EQ(index.samples[0].line(text), "a 1");
}

TEST(Scan, CommentsThatOnlyLookLikeMetadataMeanNothing) {
  for (const auto text : {"#", "#HELP a", "# HELP", "# TYPED", "# HELPa b", "# UNIT a b"}) {
    expect_good(text);
  }
}

TEST(Scan, ValuesAreGoNumbers) {
  for (const auto value : {"0", "-1", "+1.", ".5", "1e5", "1.5E-400", "NaN", "nan", "+Inf", "-inf",
                           "Infinity", "-0"}) {
    expect_good("a " + std::string(value));
  }
  for (const auto value :
       {"", "x", ".", "1e", "1e+", "0x1p4", "0x10", "1_0", "+NaN", "1e400", "--1", "1,5", "1\r2"}) {
    expect_error("a " + std::string(value), ScanReason::kValue);
  }
  expect_error("a " + std::string(400, '9'), ScanReason::kValue);
}

TEST(Scan, TimestampsAreWholeAndNotNegative) {
  expect_good("a 1 0");
  expect_good("a 1 9223372036854775807");
  for (const auto timestamp : {"-1", "+1", "1.5", "9223372036854775808", "1 2"}) {
    expect_error("a 1 " + std::string(timestamp), ScanReason::kTimestamp);
  }
}

TEST(Scan, LabelsAreCheckedWholly) {
  expect_good("a{} 1");
  expect_good("a{b=\"\\\\\\\"\\n\",} 1");
  expect_good("a{b=\"}#,=\"}1");
  expect_error("a{,} 1", ScanReason::kLabelName);
  expect_error("a{b=\"1\",,} 1", ScanReason::kLabelName);
  expect_error("a{b:c=\"1\"} 1", ScanReason::kLabelEquals);
  expect_error("a{\"b\"} 1", ScanReason::kMetricName);
  expect_error("a{b=1} 1", ScanReason::kLabelQuote);
  expect_error("a{b=\"1} 1", ScanReason::kLabelQuote);
  expect_error("a{b=\"1\\", ScanReason::kLabelQuote);
  expect_error("a{b=\"\\d\"} 1", ScanReason::kLabelEscape);
  expect_error("a{b=\"1\" c=\"2\"} 1", ScanReason::kLabelSeparator);
  expect_error("a{b=\"1\"", ScanReason::kLabelSeparator);
  expect_error("a{b=\"1\",c=\"\\\"\",b=\"2\"} 1", ScanReason::kLabelRepeated);
  expect_error("a{__name__=\"b\"} 1", ScanReason::kLabelRepeated);
}

TEST(Scan, ARepeatedLabelIsFoundAmongManyAndManyTakeNoLonger) {
  std::string text = "a{";
  for (int i = 0; i < 200'000; ++i) text += "l" + std::to_string(i) + "=\"\",";
  expect_good(text + "} 1");
  expect_error(text + "l7=\"\"} 1", ScanReason::kLabelRepeated);
}

TEST(Scan, OnlyUtf8IsLetIn) {
  expect_good("a{b=\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"} 1");
  for (const auto bad : {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                         "\xF4\x90\x80\x80", "\xFF", "12345678\xFF"}) {
    expect_error("a{b=\"" + std::string(bad) + "\"} 1", ScanReason::kNotUtf8);
    expect_error("# HELP a " + std::string(bad), ScanReason::kNotUtf8);
  }
}

TEST(Scan, MetadataIsChecked) {
  expect_good("# HELP a");
  expect_error("# HELP 1a b", ScanReason::kMetricName);
  expect_error("# HELP a-b c", ScanReason::kMetadata);
  expect_error("# TYPE a unknown", ScanReason::kType);
  expect_error("# TYPE a", ScanReason::kType);
  expect_error("# TYPE a gauge ", ScanReason::kType);
}

TEST(Scan, ANulIsNeverLetIn) {
  expect_error("a 1\n\0b 1\n"sv, ScanReason::kNul, 2);
  expect_error("# x\0y"sv, ScanReason::kNul);
}

TEST(Scan, AnErrorNamesItsLine) { expect_error("a 1\n\n# x\n1a 1\n", ScanReason::kMetricName, 4); }

}  // namespace
}  // namespace prometheus_rsocket::exposition

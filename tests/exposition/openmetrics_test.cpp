// OpenMetrics 1.0 from clients and on pages, and what becomes of one format in the other.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "exposition/line_writer.h"
#include "exposition/rescan.h"
#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr Format kText;
constexpr Format kOpenMetrics{.syntax = Syntax::kOpenMetrics};

std::string page(const std::string& text, const Format& format) {
  return merged({text}, format).text;
}

void expect_error(std::string_view lines, ScanReason reason, std::size_t line = 1) {
  const std::string text = std::string(lines) + "\n# EOF\n";
  const auto index = scan(text);
  ASSERT_FALSE(index) << text;
  EXPECT_EQ(index.error(), (ScanError{line, reason})) << text;
}

// ---- Reading.

TEST(OpenMetricsScan, ACounterHasTheNameOfItsSample) {
  const std::string_view text =
      "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds About a.\n"
      "a_seconds_total{x=\"1\"} 5 1.5 # {trace=\"t\"} 0.5 1.25\na_seconds_created{x=\"1\"} 1.0\n"
      "# EOF\n";
  const Index index = scanned(text);
  EXPECT_EQ(index.dialect, Dialect::kOpenMetrics);
  ASSERT_EQ(index.families.size(), 2U);
  EXPECT_EQ(index.families[0].sample_count, 0U) << "what metadata calls it";
  const Family& family = index.families[1];
  EXPECT_EQ(family.name(text), "a_seconds_total");
  EXPECT_EQ(family.type, FamilyType::kCounter);
  EXPECT_EQ(family.help(text), "About a.");
  EXPECT_EQ(family.unit_size, 7U);
  EXPECT_EQ(family.sample_count, 2U);
}

TEST(OpenMetricsScan, EveryTypeOwnsItsSamples) {
  const std::string_view text =
      "# TYPE u unknown\nu 1\n# TYPE g gauge\ng 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n"
      "h_count 1\nh_sum 1\nh_created 1\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 1\n"
      "s_created 1\n# TYPE i info\ni_info{v=\"1\"} 1\n# TYPE t stateset\nt{t=\"on\"} 1\n"
      "# TYPE q gaugehistogram\nq_bucket{le=\"+Inf\"} 1\nq_gcount 1\nq_gsum 1\n# EOF";
  std::string names;
  const Index index = scanned(text);
  for (const Family& family : index.families) {
    if (family.sample_count == 0) continue;
    names += std::string(family.name(text)) + " " +
             std::string(openmetrics_type_name(family.type)) + " " +
             std::to_string(family.sample_count) + "\n";
  }
  EXPECT_EQ(names,
            "u unknown 1\ng gauge 1\nh histogram 4\ns summary 3\ni_info info 1\nt stateset 1\n"
            "q_bucket gauge 1\nq_gcount gauge 1\nq_gsum gauge 1\n");
}

TEST(OpenMetricsScan, WhatEndsWithEofAndIsNoneIsText) {
  for (const std::string_view text :
       {"# a comment\na 1\n# EOF\n", "a 1\n\nb 2\n# EOF", "# TYPE a untyped\na  1\r\n# EOF\r\n"}) {
    EXPECT_EQ(scanned(text).dialect, Dialect::kText) << text;
  }
  EXPECT_EQ(scanned("a 1\r\n# EOF\r\n").dialect, Dialect::kOpenMetrics) << "CRLF is repaired";
  EXPECT_EQ(scanned("a 1\n#  EOF\n").dialect, Dialect::kText);
}

TEST(OpenMetricsScan, SaysWhatIsWrong) {
  expect_error("# TYPE a widget", ScanReason::kType);
  expect_error("# UNIT a_s m\na 1 1.5", ScanReason::kUnit);
  expect_error("# UNIT a_s s\na 1 # {", ScanReason::kExemplar, 2);
  expect_error("a 1 # {x=\"1\"}", ScanReason::kExemplar);
  expect_error("a 1 # {x=\"1\"} y", ScanReason::kExemplar);
  expect_error("a 1 # {x=\"\\1\"} 1", ScanReason::kLabelEscape);
  expect_error("a 1 # {x=\"1\"} 1 NaN", ScanReason::kExemplar);
  expect_error("a 1 # {x=\"1\"} 1 1 1", ScanReason::kExemplar);
  expect_error("a 1 +Inf", ScanReason::kTimestamp);
  expect_error("# TYPE a histogram\na_bucket{le=\"x\"} 1", ScanReason::kBound, 2);
  expect_error("a{\"b\",\"c\"} 1", ScanReason::kMetricName);
  expect_error("# EOF\na 1 1.5", ScanReason::kAfterEof, 2);
}

TEST(OpenMetricsScan, WhatOnlyTextHasIsJudgedAsText) {
  expect_error("# a comment\na x", ScanReason::kValue, 2);
  expect_error("\na x", ScanReason::kValue, 2);
  expect_error("# TYPE a untyped\na x", ScanReason::kValue, 2);
}

TEST(OpenMetricsScan, TimestampsAreDecimalSeconds) {
  for (const auto good : {"1", "1.5", "-1.5", "1e9", "+1", ".5"}) {
    EXPECT_TRUE(scan("a 1 " + std::string(good) + "\n# EOF\n")) << good;
  }
}

TEST(OpenMetricsRescan, OtherValuesTimestampsAndExemplarsGiveWhatAScanGives) {
  const std::string before =
      "# TYPE a counter\n# HELP a A.\na_total{x=\"1\"} 5 1.5 # {t=\"1\"} 0.5\n# TYPE b gauge\nb 1\n"
      "# EOF\n";
  const std::string after =
      "# TYPE a counter\n# HELP a A.\na_total{x=\"1\"} 15 # {t=\"22\"} 7 2.5\n# TYPE b gauge\nb 1 "
      "3\n"
      "# EOF\n";
  const auto index = rescan(after, {before, scanned(before)});
  ASSERT_TRUE(index);
  EXPECT_EQ(*index, scanned(after));
}

// A NUL in an exemplar fails a page in Prometheus.
TEST(OpenMetricsRescan, ANulIsLeftToAScan) {
  const std::string before = "# TYPE a counter\na_total 1 # {x=\"y\"} 1\n# EOF\n";
  std::string after = before;
  after[after.find('y')] = '\0';
  EXPECT_FALSE(rescan(after, {before, scanned(before)}));
}

TEST(OpenMetricsRescan, WhatWasTextMayBeOpenMetricsNow) {
  const std::string before = "a 1  5\n# EOF\n";
  EXPECT_FALSE(rescan("a 1 5\n# EOF\n", {before, scanned(before)}));
}

// ---- From text to OpenMetrics.

TEST(OpenMetricsPage, TextBecomesOpenMetrics) {
  EXPECT_EQ(page(std::string(kMicrometer) + std::string(kPrometheusCpp), kOpenMetrics),
            "# TYPE jvm_memory_used_bytes gauge\n"
            "# HELP jvm_memory_used_bytes The amount of used memory\n"
            "jvm_memory_used_bytes{area=\"heap\",id=\"G1 Eden Space\"} 2.5165824E7\n"
            "jvm_memory_used_bytes{area=\"nonheap\",id=\"CodeHeap 'profiled nmethods'\"} 1.2E7\n"
            "# TYPE http_server_requests_seconds summary\n"
            "# HELP http_server_requests_seconds  \n"
            "http_server_requests_seconds{uri=\"/a\",quantile=\"0.5\"} 0.001\n"
            "http_server_requests_seconds_count{uri=\"/a\"} 12.0\n"
            "http_server_requests_seconds_sum{uri=\"/a\"} 0.25\n"
            "# TYPE http_server_requests_seconds_max gauge\n"
            "# HELP http_server_requests_seconds_max  \n"
            "http_server_requests_seconds_max{uri=\"/a\"} NaN\n"
            "# TYPE exposer_transferred_bytes counter\n"
            "# HELP exposer_transferred_bytes Transferred bytes to metrics services\n"
            "exposer_transferred_bytes_total 1234\n"
            "# TYPE latency_seconds histogram\n"
            "# HELP latency_seconds Time \\\\ \\n of it\n"
            "latency_seconds_count{path=\"C:\\\\dir\"} 3\n"
            "latency_seconds_sum{path=\"C:\\\\dir\"} 0.5\n"
            "latency_seconds_bucket{path=\"C:\\\\dir\",le=\"0.1\"} 1\n"
            "latency_seconds_bucket{path=\"C:\\\\dir\",le=\"+Inf\"} 3\n"
            "# EOF\n");
}

TEST(OpenMetricsPage, AnEmptyPageHasAnEnd) { EXPECT_EQ(merged({}, kOpenMetrics).text, "# EOF\n"); }

TEST(OpenMetricsPage, HasNoOddBlanksAndItsTimestampsAreSeconds) {
  EXPECT_EQ(page("a {  b = \"1\" , } \t 5 \t 1700000000123 \n", kOpenMetrics),
            "# TYPE a unknown\na{b=\"1\"} 5 1700000000.123\n# EOF\n");
  EXPECT_EQ(page("a\t{} 7\n", kOpenMetrics), "# TYPE a unknown\na 7\n# EOF\n");
  EXPECT_EQ(page("a{}1 7\n", kOpenMetrics), "# TYPE a unknown\na 1 0.007\n# EOF\n");
}

TEST(OpenMetricsPage, BoundsAreCanonical) {
  EXPECT_EQ(page("# TYPE h histogram\nh_bucket{le=\"1\",} 1\nh_bucket{le=\"1e6\"} 1\n"
                 "h_bucket{le=\"inf\"} 1\n",
                 kOpenMetrics),
            "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"1e+06\"} 1\n"
            "h_bucket{le=\"+Inf\"} 1\n# EOF\n");
}

TEST(OpenMetricsPage, QuotesInHelpAreEscaped) {
  EXPECT_EQ(page("# HELP a say \"x\" \\\"y\\\" C:\\dir\na 1\n", kOpenMetrics),
            "# TYPE a unknown\n# HELP a say \\\"x\\\" \\\\\\\"y\\\\\\\" C:\\\\dir\na 1\n# EOF\n");
}

// Series keep their names: a type is given up instead.
TEST(OpenMetricsPage, ACounterThatCannotHaveItsNameThereIsUnknown) {
  EXPECT_EQ(page("# TYPE a counter\na 1\n", kOpenMetrics), "# TYPE a unknown\na 1\n# EOF\n");
  EXPECT_EQ(page("# TYPE a_total counter\na_total 1\n# TYPE a gauge\na 2\n", kOpenMetrics),
            "# TYPE a_total unknown\na_total 1\n# TYPE a gauge\na 2\n# EOF\n");
  EXPECT_EQ(page("# TYPE a_total counter\na_total 1\n# TYPE a_created gauge\na_created 2\n",
                 kOpenMetrics),
            "# TYPE a_total unknown\na_total 1\n# TYPE a_created gauge\na_created 2\n# EOF\n");
  EXPECT_EQ(page("# TYPE _total counter\n_total 1\n", kOpenMetrics),
            "# TYPE _total unknown\n_total 1\n# EOF\n");
  EXPECT_EQ(
      page("# TYPE h histogram\nh_count 1\n# TYPE h_count_total counter\nh_count_total 2\n",
           kOpenMetrics),
      "# TYPE h histogram\nh_count 1\n# TYPE h_count_total unknown\nh_count_total 2\n# EOF\n");
}

// ---- From OpenMetrics to text and back.

constexpr std::string_view kFull =
    "# TYPE a_seconds counter\n# HELP a_seconds Say \\\"a\\\".\n# UNIT a_seconds seconds\n"
    "a_seconds_total{x=\"1\"} 5 1.5 # {trace=\"t\"} 0.5 1.25\n"
    "a_seconds_created{x=\"1\"} 1.25\n"
    "# TYPE b info\nb_info{v=\"2\"} 1\n"
    "# TYPE c stateset\nc{c=\"on\"} 1\n"
    "# TYPE d unknown\nd -1\n"
    "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {} 0.5\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n"
    "h_sum 0.5\nh_created 7\n# EOF\n";

TEST(OpenMetricsPage, StaysAsItIs) { EXPECT_EQ(page(std::string(kFull), kOpenMetrics), kFull); }

TEST(OpenMetricsPage, BecomesText) {
  EXPECT_EQ(page(std::string(kFull), kText),
            "# HELP a_seconds_total Say \"a\".\n# TYPE a_seconds_total counter\n"
            "a_seconds_total{x=\"1\"} 5 1500\n"
            "# TYPE b_info gauge\nb_info{v=\"2\"} 1\n"
            "# TYPE c gauge\nc{c=\"on\"} 1\n"
            "# TYPE d untyped\nd -1\n"
            "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n"
            "h_sum 0.5\n");
}

// The family's escaped name is shorter than its samples' as they came.
TEST(OpenMetricsPage, CreatedOfAnEscapedFamilyIsLeftOutOfText) {
  EXPECT_EQ(page("# TYPE \"fü\" counter\n{\"fü_total\"} 1\n{\"fü_created\"} 2\n# EOF\n", kText),
            "# TYPE f__total counter\nf__total 1\n");
}

TEST(OpenMetricsPage, ClientsOfBothDialectsShareAFamily) {
  const std::string text = "# HELP a_total A.\n# TYPE a_total counter\na_total{i=\"2\",} 2\n";
  const std::string open = "# TYPE a counter\na_total{i=\"1\"} 1\na_created{i=\"1\"} 0.5\n# EOF\n";
  EXPECT_EQ(merged({open, text}, kOpenMetrics).text,
            "# TYPE a counter\n# HELP a A.\na_total{i=\"1\"} 1\na_created{i=\"1\"} 0.5\n"
            "a_total{i=\"2\"} 2\n# EOF\n");
  EXPECT_EQ(merged({open, text}, kText).text,
            "# HELP a_total A.\n# TYPE a_total counter\na_total{i=\"1\"} 1\na_total{i=\"2\",} 2\n");
}

TEST(OpenMetricsPage, AFamilyCalledCreatedTakesThePlaceOfAnothers) {
  const std::string open = "# TYPE h summary\nh_count 1\nh_created 7\n# EOF\n";
  const std::string text = "# TYPE h_created gauge\nh_created 8\n";
  EXPECT_EQ(merged({open, text}, kOpenMetrics).text,
            "# TYPE h summary\nh_count 1\n# TYPE h_created gauge\nh_created 8\n# EOF\n");
}

TEST(OpenMetricsPage, AnInfoBesideAGaugeOfItsNameIsAGauge) {
  EXPECT_EQ(
      merged({"# TYPE b info\nb_info{v=\"2\"} 1\n# EOF\n", "# TYPE b gauge\nb 1\n"}, kOpenMetrics)
          .text,
      "# TYPE b_info gauge\nb_info{v=\"2\"} 1\n# TYPE b gauge\nb 1\n# EOF\n");
}

TEST(OpenMetricsPage, TimestampsAreLeftOutWhereTheyAreNotHonoured) {
  EXPECT_EQ(page("a_total 5 77\n", {.honor_timestamps = false}),
            "# TYPE a_total untyped\na_total 5\n");
  EXPECT_EQ(page("# TYPE a counter\na_total 5 77 # {t=\"1\"} 1 2\n# EOF\n",
                 {.syntax = Syntax::kOpenMetrics, .honor_timestamps = false}),
            "# TYPE a counter\na_total 5 # {t=\"1\"} 1 2\n# EOF\n");
}

TEST(OpenMetricsPage, AnExemplarThatBreaksARuleIsLeftOut) {
  const std::string at_limit(127, 'v');
  EXPECT_EQ(page("a_total 1 # {t=\"" + at_limit + "\"} 1\na_total{b=\"1\"} 1 # {tt=\"" + at_limit +
                     "\"} 1\na 1 # {t=\"1\"} 1\n# EOF\n",
                 kOpenMetrics),
            "# TYPE a_total unknown\na_total 1 # {t=\"" + at_limit +
                "\"} 1\na_total{b=\"1\"} 1\n# TYPE a unknown\na 1\n# EOF\n");
}

TEST(OpenMetricsPage, ASampleFromBeforeTheEpochHasNoWordInText) {
  const Page page = merged({"a 1 -1.5\nb 1\n# EOF\n"}, kText);
  EXPECT_EQ(page.text, "# TYPE a untyped\n# TYPE b untyped\nb 1\n");
  EXPECT_EQ(page.stats.unwritable_dropped, 1U);
}

// Promise 4: of equal series the senior's that can be written, not none.
TEST(OpenMetricsPage, ASampleThatCannotBeWrittenTakesNobodysPlace) {
  const Page page = merged({"a 1 -1.5\n# EOF\n", "a 2\n"}, kText);
  EXPECT_EQ(page.text, "# TYPE a untyped\na 2\n");
  EXPECT_EQ(page.stats.unwritable_dropped, 1U);
  EXPECT_EQ(page.stats.duplicates_dropped, 0U);
}

// ---- Timestamps and bounds by themselves.

TEST(Timestamps, OfTextComeBackToTheMillisecond) {
  for (const std::string milliseconds :
       {"0", "1", "7", "999", "1001", "1700000000123", "1520879607789", "9007199254740"}) {
    EXPECT_EQ(text_timestamp(openmetrics_timestamp(milliseconds)), milliseconds);
  }
  for (std::int64_t ms = 1'700'000'000'000; ms < 1'700'000'002'000; ++ms) {
    EXPECT_EQ(text_timestamp(openmetrics_timestamp(std::to_string(ms))), std::to_string(ms));
  }
}

TEST(Timestamps, OfOpenMetricsAreTruncatedAsPrometheusDoes) {
  EXPECT_EQ(text_timestamp("1.9999"), "1999");
  EXPECT_EQ(text_timestamp("-0.0005"), "0");
  EXPECT_EQ(text_timestamp("1e9"), "1000000000000");
  EXPECT_EQ(text_timestamp("1e300"), std::nullopt);
  EXPECT_EQ(text_timestamp("-1"), std::nullopt);
}

TEST(Bounds, AreAsGoWritesThem) {
  for (const auto& [value, canonical] :
       std::vector<std::pair<std::string, std::string>>{{"1", "1.0"},
                                                        {"-0", "0.0"},
                                                        {"0.10", "0.1"},
                                                        {"1e5", "100000.0"},
                                                        {"1e6", "1e+06"},
                                                        {"123456789", "1.23456789e+08"},
                                                        {"1e-5", "1e-05"},
                                                        {"0.0001", "0.0001"},
                                                        {"+Inf", "+Inf"},
                                                        {"-infinity", "-Inf"},
                                                        {"nan", "NaN"},
                                                        {"1e-400", "1e-400"}}) {
    EXPECT_EQ(canonical_bound(value), canonical);
  }
}

TEST(CanonicalBound, IsToldFromItsDigitsAsFromItsNumber) {
  for (const std::string whole :
       {"", "0", "00", "1", "01", "9", "10", "99", "100", "999", "1000"}) {
    EXPECT_EQ(is_canonical_bound(whole), canonical_bound(whole) == whole) << whole;
    for (int digits = 0; digits <= 9'999; ++digits) {
      std::string value = std::to_string(digits);
      for (value.insert(0, whole + "."); value.size() < whole.size() + 6;
           value.insert(whole.size() + 1, 1, '0')) {
        EXPECT_EQ(is_canonical_bound(value), canonical_bound(value) == value) << value;
      }
    }
  }
  for (const std::string value :
       {"+Inf", "-Inf", "Inf", "NaN", "-0.5", "+0.5", "1e+06", "1e6", ".5"}) {
    EXPECT_EQ(is_canonical_bound(value), canonical_bound(value) == value) << value;
  }
}

TEST(OpenMetricsPage, AHistogramWhoseBoundsAreAsTheyMustBeIsCopied) {
  const std::string histogram =
      "h_bucket{x=\",le=\",le=\"0.005\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\n";
  EXPECT_EQ(page("# TYPE h histogram\n" + histogram, kOpenMetrics),
            "# TYPE h histogram\n" + histogram + "# EOF\n");
  EXPECT_EQ(page("# TYPE h histogram\nh_bucket{le=\"5\",} 1\n# TYPE s summary\n"
                 "s{quantile=\"0.50\"} 1\n",
                 kOpenMetrics),
            "# TYPE h histogram\nh_bucket{le=\"5.0\"} 1\n# TYPE s summary\n"
            "s{quantile=\"0.5\"} 1\n# EOF\n");
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

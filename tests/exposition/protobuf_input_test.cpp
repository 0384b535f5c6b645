// Clients that send protobuf: what is read of it, what passes through, and what is refused.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/read.h"
#include "generators.h"
#include "messages.h"
#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::size_t kBytesMax = 1 << 20;
constexpr Format kProtobuf{.syntax = Syntax::kProtobuf, .escaping = Escaping::kAllowUtf8};
constexpr Format kOpenMetrics{.syntax = Syntax::kOpenMetrics, .escaping = Escaping::kAllowUtf8};

// ---- Reading.

boost::system::result<Exposition, ScanError> read(const std::string& payload,
                                                  const Exposition* before = nullptr) {
  return exposition::read(payload, before, {.text_bytes_max = kBytesMax, .key = kKey});
}

Exposition good(const std::string& payload) {
  auto exposition = read(payload);
  if (exposition) return std::move(*exposition);
  ADD_FAILURE() << exposition.error();
  return {};
}

std::optional<ScanError> error_of(const std::string& payload) {
  const auto exposition = read(payload);
  return exposition ? std::nullopt : std::optional(exposition.error());
}

std::string page_of(const std::vector<Exposition>& expositions, const Format& format) {
  std::vector<Source> sources;
  for (const Exposition& one : expositions) sources.push_back({one.text, &one.index});
  PageWriter writer(sources, format, kKey);
  std::string page;
  while (writer.write(page)) {
  }
  return page;
}

std::string text_page(const std::string& payload) { return page_of({good(payload)}, {}); }
std::string openmetrics_page(const std::string& payload) {
  return page_of({good(payload)}, kOpenMetrics);
}
std::string protobuf_page(const std::string& payload) {
  return page_of({good(payload)}, kProtobuf);
}

TEST(ProtobufInput, IsWrittenAsTextToWhoeverWantsText) {
  const std::string counter = family(
      "a_seconds_total", proto::kCounter,
      {metric(proto::metric::kCounter, value(5), {label("x", "1\"\\\n")}, 1'700'000'000'123)},
      "seconds");
  EXPECT_EQ(text_page(counter),
            "# TYPE a_seconds_total counter\n"
            "a_seconds_total{x=\"1\\\"\\\\\\n\"} 5 1700000000123\n");
  EXPECT_EQ(openmetrics_page(counter),
            "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n"
            "a_seconds_total{x=\"1\\\"\\\\\\n\"} 5 1700000000.123\n# EOF\n");
  EXPECT_EQ(text_page(gauge("b", -2.5) + gauge("c", NAN) + gauge("d", -HUGE_VAL)),
            "# TYPE b gauge\nb -2.5\n# TYPE c gauge\nc NaN\n# TYPE d gauge\nd -Inf\n");
}

TEST(ProtobufInput, HasFamiliesNamedAsInText) {
  // In OpenMetrics' own text, a gauge beside a counter of that name is no page.
  EXPECT_EQ(text_page(gauge("a", 1) + family("a_total", proto::kCounter,
                                             {metric(proto::metric::kCounter, value(2))})),
            "# TYPE a gauge\na 1\n# TYPE a_total counter\na_total 2\n");
  EXPECT_EQ(text_page(family("a", proto::kCounter, {metric(proto::metric::kCounter, value(2))})),
            "# TYPE a counter\na 2\n");
}

TEST(ProtobufInput, KeepsNamesThatTextHasBetweenQuotes) {
  const std::string dotted =
      family("my.\"dot", proto::kUntyped,
             {metric(proto::metric::kUntyped, value(1), {label("l.x", "y")})});
  EXPECT_EQ(page_of({good(dotted)}, {.escaping = Escaping::kAllowUtf8}),
            "# TYPE \"my.\\\"dot\" untyped\n{\"my.\\\"dot\",\"l.x\"=\"y\"} 1\n");
  EXPECT_EQ(text_page(dotted), "# TYPE my__dot untyped\nmy__dot{l_x=\"y\"} 1\n");
  EXPECT_EQ(protobuf_page(dotted), dotted);
}

TEST(ProtobufInput, GivesAClassicHistogramTheBucketOfAll) {
  const std::string bytes = message([](std::string& out) {
    wire::append_unsigned(proto::histogram::kCount, 3, out);
    wire::append_double(proto::histogram::kSum, 0.25, out);
    wire::append_message(proto::histogram::kBucket, out, [&] {
      wire::append_unsigned(proto::bucket::kCount, 1, out);
      wire::append_double(proto::bucket::kUpperBound, 0.5, out);
      wire::append_string(proto::bucket::kExemplar, exemplar(-2, 750'000'000), out);
    });
  });
  EXPECT_EQ(openmetrics_page(family("h", proto::kHistogram,
                                    {metric(proto::metric::kHistogram, bytes, {label("p", "a")})})),
            "# TYPE h histogram\n"
            "h_bucket{p=\"a\",le=\"0.5\"} 1 # {trace=\"t\\\"1\"} 0.5 -1.250\n"
            "h_bucket{p=\"a\",le=\"+Inf\"} 3\nh_sum{p=\"a\"} 0.25\nh_count{p=\"a\"} 3\n# EOF\n");
}

TEST(ProtobufInput, ReadsWhatIsAbsentAsZero) {
  EXPECT_EQ(text_page(family("h", proto::kHistogram, {""}) + family("s", proto::kSummary, {""}) +
                      family("c", proto::kCounter, {""})),
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"
            "# TYPE s summary\ns_sum 0\ns_count 0\n# TYPE c counter\nc 0\n");
}

TEST(ProtobufInput, KeepsWholeCountsThatNoDoubleHas) {
  const std::string bytes = message([](std::string& out) {
    wire::append_unsigned(proto::summary::kCount, 9'007'199'254'740'993, out);
  });
  EXPECT_EQ(text_page(family("s", proto::kSummary, {metric(proto::metric::kSummary, bytes)})),
            "# TYPE s summary\ns_sum 0\ns_count 9007199254740993\n");
}

TEST(ProtobufInput, HasThreeGaugesForAGaugeHistogram) {
  EXPECT_EQ(text_page(family("g", proto::kGaugeHistogram, {""})),
            "# TYPE g_bucket gauge\ng_bucket{le=\"+Inf\"} 0\n# TYPE g_gcount gauge\ng_gcount 0\n"
            "# TYPE g_gsum gauge\ng_gsum 0\n");
}

TEST(ProtobufInput, PassesNativeHistogramsOnAsTheyCame) {
  for (const bool is_packed : {false, true}) {
    const std::string payload = native_family({.is_packed = is_packed});
    EXPECT_EQ(protobuf_page(payload), payload);
    EXPECT_EQ(text_page(payload), "# TYPE h histogram\nh_sum 1.5\nh_count 6\n");
  }
}

TEST(ProtobufInput, PassesOnWhenAMetricWasCreated) {
  const auto created = [](unsigned field, double number, unsigned value_field) {
    return message([&](std::string& out) {
      wire::append_double(value_field, number, out);
      wire::append_string(field, timestamp(1, 0), out);
    });
  };
  for (const std::string& payload :
       {family("a", proto::kCounter,
               {metric(proto::metric::kCounter,
                       created(proto::counter::kCreated, 1, proto::counter::kValue))})}) {
    EXPECT_EQ(protobuf_page(payload), payload);
  }
  const std::string histogram = created(proto::histogram::kCreated, 1, proto::histogram::kSum);
  EXPECT_NE(
      protobuf_page(family("h", proto::kHistogram, {metric(proto::metric::kHistogram, histogram)}))
          .find(histogram),
      std::string::npos);
}

TEST(ProtobufInput, KeepsANativeHistogramWithItsLabels) {
  const Exposition plain = good(gauge("a", 1) + native_family({}));
  const std::string longer =
      "# TYPE a gauge\na{job=\"x\"} 1\n# TYPE h histogram\n"
      "h_sum{job=\"x\"} 1.5\nh_count{job=\"x\"} 6\n";
  const ProtobufFields moved = plain.index.protobuf_fields.moved(plain.text, longer);
  EXPECT_FALSE(moved.of(longer.find("h_count"), FamilyType::kHistogram).empty());
  EXPECT_EQ(moved.of(longer.find("h_count"), FamilyType::kHistogram),
            plain.index.protobuf_fields.of(plain.text.find("h_count"), FamilyType::kHistogram));
  EXPECT_TRUE(moved.of(longer.find("h_sum"), FamilyType::kHistogram).empty());
}

TEST(ProtobufInput, ReadsTheNextByTheLast) {
  const Exposition first = good(gauge("a", 1) + native_family({}));
  const std::string next = gauge("a", 12345) + native_family({.count = 7, .zero_count = 3});
  const auto again = read(next, &first);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->index, good(next).index);
  EXPECT_EQ(page_of({*again}, kProtobuf), next);
  const auto text = read("a 1\n", &first);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->index.dialect, Dialect::kText);
}

TEST(ProtobufInput, OfTheSameHistogramTheSeniorsStays) {
  const Native junior{.count = 7, .zero_count = 3};
  EXPECT_EQ(page_of({good(native_family({})), good(native_family(junior))}, kProtobuf),
            native_family({}));
}

// ---- Refused.

TEST(ProtobufInput, RefusesNativeHistogramsThatPrometheusRefuses) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Native> bad = {
      {.count = 5},
      {.count = 5, .sum = kNan},
      {.schema = 9},
      {.schema = -5},
      {.spans = {{-4, 1}, {2, 1}}},
      {.spans = {{-4, 1}, {-1, 2}}},
      {.spans = {{2'147'483'647, 1}, {1, 2}}},
      {.spans = {{-2'147'483'648, 3}}},
      {.count = 1, .deltas = {1, -2, 0}},
      {.deltas = {}, .counts = {1, -1, 2}},
      {.deltas = {}, .counts = {1, 2}},
      // Floats by their buckets alone are integers to older versions.
      {.count = 0, .spans = {{0, 1}}, .deltas = {}, .zero_count = 0, .counts = {0}},
      // Offsets that add up beyond 32 bits once empty spans are removed.
      {.count = 4,
       .spans = {{-2'147'483'647, 1}, {2'147'483'647, 0}, {2'147'483'644, 1}},
       .deltas = {1, 0}},
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(error_of(gauge("a", 1) + native_family(bad[i])),
              (ScanError{2, ScanReason::kHistogram, true}))
        << i;
  }
  const std::vector<Native> fine = {
      {.count = 7, .sum = kNan},
      {.count = 0, .deltas = {}, .counts = {1, 2.5, 0}, .count_float = 5.5},
      {.count = 2, .spans = {{0, 0}}, .deltas = {}},
  };
  for (const Native& native : fine) EXPECT_EQ(error_of(native_family(native)), std::nullopt);
}

TEST(ProtobufInput, ReadsNumbersOf32BitsAsPrometheusDoes) {
  const auto with_schema = [](std::uint64_t varint) {
    return family("h", proto::kHistogram,
                  {metric(proto::metric::kHistogram, message([&](std::string& out) {
                            wire::append_unsigned(proto::histogram::kZeroCount, 0, out);
                            wire::append_double(proto::histogram::kZeroThreshold, 1, out);
                            wire::append_unsigned(proto::histogram::kSchema, varint, out);
                          }))});
  };
  EXPECT_EQ(error_of(with_schema(0x1'0000'0002)), std::nullopt) << "1";
  EXPECT_EQ(error_of(with_schema(0x1'FFFF'FFFF)), (ScanError{1, ScanReason::kHistogram, true}));
}

TEST(ProtobufInput, RefusesHistogramsOfMoreBucketsThanAnyoneNeeds) {
  Native native{.count = 2, .spans = {{0, 10'000}}, .deltas = std::vector<std::int64_t>(10'000)};
  EXPECT_EQ(error_of(native_family(native)), std::nullopt);
  native.deltas.push_back(0);
  ++native.spans[0].length;
  for (const bool is_packed : {false, true}) {
    native.is_packed = is_packed;
    EXPECT_EQ(error_of(native_family(native)), (ScanError{1, ScanReason::kProtobuf, true}));
  }
}

TEST(ProtobufInput, WithManyBucketsAndALongLabelEndsAtItsLimit) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) wire::append_string(proto::histogram::kBucket, "", bytes);
  const std::string payload =
      family("h", proto::kHistogram,
             {metric(proto::metric::kHistogram, bytes, {label("a", std::string(2000, 'x'))})});
  EXPECT_EQ(error_of(payload), (ScanError{1, ScanReason::kTooLong, true}));
}

TEST(ProtobufInput, KeepsSamplesApartWhatTheirFamiliesAreCalled) {
  const std::string counter = family(
      "h_count", proto::kCounter, {metric(proto::metric::kCounter, value(1), {label("x", "1")})});
  for (const std::string& payload : {counter + native_family({}), native_family({}) + counter}) {
    const Exposition exposition = good(payload);
    ASSERT_EQ(exposition.index.families.size(), 2U);
    const bool counter_is_first = payload.starts_with(counter);
    EXPECT_EQ(exposition.index.families[counter_is_first ? 0 : 1].sample_count, 1U);
    const std::string page = protobuf_page(payload);
    EXPECT_EQ(page, counter_is_first ? counter : native_family({})) << "the later one clashes";
  }
}

TEST(ProtobufInput, RefusesANameOfTwoTypes) {
  const std::string summary = family("h", proto::kSummary, {""});
  EXPECT_EQ(error_of(native_family({}) + summary), (ScanError{2, ScanReason::kType, true}));
  EXPECT_EQ(error_of(native_family({}) + native_family({})), std::nullopt);
}

TEST(ProtobufInput, WritesNoNanThatMeansSomethingElse) {
  const auto stale = std::bit_cast<double>(std::uint64_t{0x7FF0'0000'0000'0002});
  EXPECT_EQ(protobuf_page(native_family({.sum = stale})), native_family({.sum = NAN}));
}

TEST(ProtobufInput, LeavesOutExemplarsThatNotEveryPageCanHave) {
  const auto with_exemplar = [](std::string_view name) {
    return Native{.exemplar_label = std::string(name)};
  };
  EXPECT_EQ(error_of(native_family(with_exemplar(""))),
            (ScanError{1, ScanReason::kLabelName, true}));
  EXPECT_EQ(error_of(native_family(with_exemplar("\xFF"))),
            (ScanError{1, ScanReason::kNotUtf8, true}));
  const std::string page = protobuf_page(native_family(with_exemplar("x.y")));
  EXPECT_EQ(page.find("x.y"), std::string::npos);
  EXPECT_NE(page.find(Native{.exemplar_label = ""}.bytes().substr(0, 20)), std::string::npos);
}

TEST(ProtobufInput, GivesTheGaugesOfAGaugeHistogramNoUnit) {
  EXPECT_EQ(
      openmetrics_page(family("g_metres", proto::kGaugeHistogram, {""}, "metres")).find("UNIT"),
      std::string::npos);
}

TEST(ProtobufInput, SaysWhichMessageIsWrong) {
  const std::string a = gauge("a", 1);
  EXPECT_EQ(error_of(a + gauge("", 1)), (ScanError{2, ScanReason::kMetricName, true}));
  EXPECT_EQ(error_of(a + a + gauge("\xFF", 1) + a), (ScanError{3, ScanReason::kNotUtf8, true}));
  EXPECT_EQ(error_of(a + a.substr(0, a.size() - 1)), (ScanError{2, ScanReason::kProtobuf, true}));
  EXPECT_EQ(error_of(a + "\x05" + "\x0A\x01" + "b\x18\x06"),
            (ScanError{2, ScanReason::kProtobuf, true}));
  EXPECT_EQ(error_of(family(
                "a", proto::kGauge,
                {metric(proto::metric::kGauge, value(1), {label("x", "1"), label("x", "2")})})),
            (ScanError{1, ScanReason::kLabelRepeated, true}));
  EXPECT_EQ(error_of(family("a", proto::kGauge,
                            {metric(proto::metric::kGauge, value(1)) +
                             metric(proto::metric::kGauge, value(1))})),
            (ScanError{1, ScanReason::kProtobuf, true}));
  EXPECT_EQ(error_of(family("a", proto::kCounter, {metric(proto::metric::kGauge, value(1))})),
            (ScanError{1, ScanReason::kType, true}));
}

TEST(ProtobufInput, PassesOverFamiliesWithoutMetrics) {
  EXPECT_EQ(text_page(family("b", proto::kGauge, {}) + delimited("") + gauge("a", 1)),
            "# TYPE a gauge\na 1\n");
  EXPECT_EQ(error_of(family("b", proto::kGauge, {}) + delimited("") + gauge("\xFF", 1)),
            (ScanError{3, ScanReason::kNotUtf8, true}));
}

TEST(ProtobufInput, IsBoundedAsText) {
  const std::string payload = gauge("a", 1);
  const auto size = good(payload).text.size();
  const auto bounded = [&](std::size_t bytes) {
    return exposition::read(payload, nullptr, {.text_bytes_max = bytes, .key = kKey});
  };
  EXPECT_TRUE(bounded(size));
  ASSERT_FALSE(bounded(size - 1));
  EXPECT_EQ(bounded(size - 1).error(), (ScanError{1, ScanReason::kTooLong, true}));
}

TEST(ProtobufInput, TextStaysText) {
  for (const std::string text : {"", "\n", "\n\na 1\n", " \na 1\n", "#\n\na 1\n", "a 1\n"}) {
    const auto exposition = read(text);
    ASSERT_TRUE(exposition) << text;
    EXPECT_EQ(exposition->index.dialect, Dialect::kText) << text;
    EXPECT_EQ(exposition->text, text);
  }
  EXPECT_EQ(error_of("a 1\n# \xFF\n"), (ScanError{2, ScanReason::kNotUtf8}));
}

// ---- For whatever is written.

std::string any_protobuf() {
  std::vector<std::string> texts(*rc::gen::inRange<std::size_t>(1, 4));
  for (std::string& text : texts) text = model_text(*rc::gen::arbitrary<ModelSource>());
  return merged(texts, kProtobuf).text;
}

RC_GTEST_PROP(ProtobufInputProperty, WhatWasReadIsWrittenAlike, ()) {
  // The first reading gives what is absent its zero.
  const auto first = read(any_protobuf());
  RC_ASSERT(first.has_value());
  const std::string page = page_of({*first}, kProtobuf);
  const auto second = read(page);
  RC_ASSERT(second.has_value());
  RC_ASSERT(page_of({*second}, kProtobuf) == page);
  RC_ASSERT(page_of({*second}, {}) == page_of({*first}, {}));
}

RC_GTEST_PROP(ProtobufInputProperty, DamagedMessagesAreJudgedWithoutACrash, ()) {
  std::string payload = any_protobuf() + native_family({});
  const std::size_t count = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t i = 0; i < count; ++i) {
    payload[*rc::gen::inRange<std::size_t>(0, payload.size())] = *rc::gen::arbitrary<char>();
  }
  if (const auto exposition = read(payload)) {
    const std::string page = page_of({*exposition}, kProtobuf);
    RC_ASSERT(page.empty() || read(page).has_value());
  }
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

// Pages in Prometheus' protobuf format, read by a decoder that shares nothing with their writer.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr Format kProtobuf{.syntax = Syntax::kProtobuf};
constexpr Format kProtobufUtf8{.syntax = Syntax::kProtobuf, .escaping = Escaping::kAllowUtf8};

// ---- A decoder: messages as their fields, in the order of their numbers.

struct Field {
  std::uint64_t number = 0;  // of a varint, or the bits of a double
  std::string_view bytes;    // of what has a length
};

using Message = std::multimap<unsigned, Field>;

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !bytes.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  ADD_FAILURE() << "a varint has no end";
  return value;
}

std::string_view take_bytes(std::string_view& bytes, std::size_t size) {
  EXPECT_LE(size, bytes.size());
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(taken.size());
  return taken;
}

Message decoded(std::string_view bytes) {
  Message message;
  while (!bytes.empty()) {
    const std::uint64_t tag = take_varint(bytes);
    Field field;
    if ((tag & 7U) == 0) {
      field.number = take_varint(bytes);
    } else if ((tag & 7U) == 1) {
      const std::string_view raw = take_bytes(bytes, sizeof field.number);
      std::memcpy(&field.number, raw.data(), raw.size());
    } else if ((tag & 7U) == 2) {
      field.bytes = take_bytes(bytes, take_varint(bytes));
    } else {
      ADD_FAILURE() << "tag " << tag;
      return message;
    }
    message.emplace(static_cast<unsigned>(tag >> 3U), field);
  }
  return message;
}

// ---- The same as words, by what metrics.proto calls the fields.

enum class Kind : std::uint8_t { kString, kDouble, kInteger, kEnum, kMessage };

struct Schema {
  struct Of {
    std::string name;
    Kind kind;
    const Schema* message = nullptr;
  };
  std::map<unsigned, Of> fields;
};

const Schema kTimestamp{{{1, {"s", Kind::kInteger}}, {2, {"ns", Kind::kInteger}}}};
const Schema kLabel{{{1, {"n", Kind::kString}}, {2, {"v", Kind::kString}}}};
const Schema kExemplar{{{1, {"label", Kind::kMessage, &kLabel}},
                        {2, {"value", Kind::kDouble}},
                        {3, {"timestamp", Kind::kMessage, &kTimestamp}}}};
const Schema kValue{{{1, {"value", Kind::kDouble}}}};
const Schema kCounter{{{1, {"value", Kind::kDouble}},
                       {2, {"exemplar", Kind::kMessage, &kExemplar}},
                       {3, {"created", Kind::kMessage, &kTimestamp}}}};
const Schema kQuantile{{{1, {"quantile", Kind::kDouble}}, {2, {"value", Kind::kDouble}}}};
const Schema kSummary{{{1, {"count", Kind::kInteger}},
                       {2, {"sum", Kind::kDouble}},
                       {3, {"q", Kind::kMessage, &kQuantile}},
                       {4, {"created", Kind::kMessage, &kTimestamp}}}};
const Schema kBucket{{{1, {"count", Kind::kInteger}},
                      {2, {"bound", Kind::kDouble}},
                      {3, {"exemplar", Kind::kMessage, &kExemplar}},
                      {4, {"count_float", Kind::kDouble}}}};
const Schema kHistogram{{{1, {"count", Kind::kInteger}},
                         {2, {"sum", Kind::kDouble}},
                         {3, {"bucket", Kind::kMessage, &kBucket}},
                         {4, {"count_float", Kind::kDouble}},
                         {15, {"created", Kind::kMessage, &kTimestamp}}}};
const Schema kMetric{{{1, {"label", Kind::kMessage, &kLabel}},
                      {2, {"gauge", Kind::kMessage, &kValue}},
                      {3, {"counter", Kind::kMessage, &kCounter}},
                      {4, {"summary", Kind::kMessage, &kSummary}},
                      {5, {"untyped", Kind::kMessage, &kValue}},
                      {6, {"ms", Kind::kInteger}},
                      {7, {"histogram", Kind::kMessage, &kHistogram}}}};
const Schema kFamily{{{1, {"name", Kind::kString}},
                      {2, {"help", Kind::kString}},
                      {3, {"type", Kind::kEnum}},
                      {4, {"\n metric", Kind::kMessage, &kMetric}},
                      {5, {"unit", Kind::kString}}}};

void print(std::string_view bytes, const Schema& schema, std::ostream& out) {
  constexpr std::array<std::string_view, 5> kTypes = {"COUNTER", "GAUGE", "SUMMARY", "UNTYPED",
                                                      "HISTOGRAM"};
  std::string_view separator;
  for (const auto& [number, field] : decoded(bytes)) {
    const auto found = schema.fields.find(number);
    ASSERT_NE(found, schema.fields.end()) << "field " << number;
    const auto& [name, kind, message] = found->second;
    out << separator << name << '=';
    separator = " ";
    if (kind == Kind::kString) out << '"' << field.bytes << '"';
    if (kind == Kind::kDouble) {
      double value = 0;
      std::memcpy(&value, &field.number, sizeof value);
      out << value;
    }
    if (kind == Kind::kInteger) out << static_cast<std::int64_t>(field.number);
    if (kind == Kind::kEnum) out << kTypes.at(field.number);
    if (kind != Kind::kMessage) continue;
    out << '{';
    print(field.bytes, *message, out);
    out << '}';
  }
}

// A page as words: a line for each family and for each metric.
std::string words(std::string_view page) {
  std::ostringstream out;
  while (!page.empty()) {
    const std::size_t size = take_varint(page);
    print(take_bytes(page, size), kFamily, out);
    out << '\n';
  }
  return out.str();
}

std::string page(const std::vector<std::string>& texts, const Format& format = kProtobuf) {
  return words(merged(texts, format).text);
}

// ---- Each type.

TEST(ProtobufPage, OfNobodyIsEmpty) { EXPECT_EQ(merged({}, kProtobuf).text, ""); }

TEST(ProtobufPage, HasTheBytesThatTheWireFormatHas) {
  EXPECT_EQ(merged({"# TYPE a gauge\na{b=\"c\"} 1\n"}, kProtobuf).text,
            std::string("\x1A"      // 26 bytes
                        "\x0A\x01"  // 1: the name
                        "a"
                        "\x18\x01"          // 3: GAUGE
                        "\x22\x13"          // 4: a metric of 19 bytes
                        "\x0A\x06\x0A\x01"  // 1: a label, 1: its name
                        "b\x12\x01"         // 2: its value
                        "c"
                        "\x12\x09\x09"  // 2: a gauge, 1: a double
                        "\0\0\0\0\0\0\xF0\x3F",
                        27));
}

TEST(ProtobufPage, HasScalarFamiliesOfText) {
  EXPECT_EQ(page({"# HELP a_total All \\\\ \\n of \\\"it\\\".\n# TYPE a_total counter\n"
                  "a_total{x=\"1\\\"\\\\\\n\",} 5\na_total{x=\"\"} 6.5 1700000000123\n"
                  "# TYPE b gauge\nb -2e3\nc NaN\n"}),
            "name=\"a_total\" help=\"All \\ \n of \\\"it\\\".\" type=COUNTER "
            "\n metric={label={n=\"x\" v=\"1\"\\\n\"} counter={value=5}} "
            "\n metric={label={n=\"x\" v=\"\"} counter={value=6.5} ms=1700000000123}\n"
            "name=\"b\" type=GAUGE \n metric={gauge={value=-2000}}\n"
            "name=\"c\" type=UNTYPED \n metric={untyped={value=nan}}\n");
}

TEST(ProtobufPage, HasScalarFamiliesOfOpenMetrics) {
  EXPECT_EQ(page({"# TYPE a_seconds counter\n# HELP a_seconds Say \\\"a\\\".\n"
                  "# UNIT a_seconds seconds\n"
                  "a_seconds_created{x=\"1\"} 1.25\n"
                  "a_seconds_total{x=\"1\"} 5 1.5 # {trace=\"t\"} 0.5 -1.25\n"
                  "# TYPE b info\nb_info{v=\"2\"} 1\n"
                  "# TYPE c stateset\nc{c=\"on\"} 1\n"
                  "# TYPE d unknown\nd -1\n"
                  "# TYPE g gaugehistogram\ng_bucket{le=\"1.0\"} 3\ng_gcount 3\n# EOF\n"}),
            "name=\"a_seconds_total\" help=\"Say \"a\".\" type=COUNTER "
            "\n metric={label={n=\"x\" v=\"1\"} counter={value=5 "
            "exemplar={label={n=\"trace\" v=\"t\"} value=0.5 timestamp={s=-2 ns=750000000}} "
            "created={s=1 ns=250000000}} ms=1500} unit=\"seconds\"\n"
            "name=\"b_info\" type=GAUGE \n metric={label={n=\"v\" v=\"2\"} gauge={value=1}}\n"
            "name=\"c\" type=GAUGE \n metric={label={n=\"c\" v=\"on\"} gauge={value=1}}\n"
            "name=\"d\" type=UNTYPED \n metric={untyped={value=-1}}\n"
            "name=\"g_bucket\" type=GAUGE \n metric={label={n=\"le\" v=\"1.0\"} gauge={value=3}}\n"
            "name=\"g_gcount\" type=GAUGE \n metric={gauge={value=3}}\n");
}

TEST(ProtobufPage, PutsAHistogramTogether) {
  EXPECT_EQ(page({"# TYPE h histogram\nh_bucket{p=\"a\",le=\"+Inf\"} 3\nh_sum{p=\"b\"} 7\n"
                  "h_count{p=\"a\"} 3\nh_bucket{le=\"0.5\",p=\"a\"} 1\nh_sum{p=\"a\"} 0.25\n"
                  "h_bucket{le=\"-1\",p=\"a\"} 0\n"}),
            "name=\"h\" type=HISTOGRAM "
            "\n metric={label={n=\"p\" v=\"a\"} histogram={count=3 sum=0.25 "
            "bucket={count=0 bound=-1} bucket={count=1 bound=0.5} bucket={count=3 bound=inf}}} "
            "\n metric={label={n=\"p\" v=\"b\"} histogram={sum=7}}\n");
}

TEST(ProtobufPage, PutsAHistogramOfOpenMetricsTogether) {
  EXPECT_EQ(page({"# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 7.5 # {t=\"1\"} 0.5 2\n"
                  "h_bucket{le=\"+Inf\"} 1 7.5\nh_count 1 7.5\nh_sum 0.5 7.5\nh_created 7\n"
                  "# EOF\n"}),
            "name=\"h\" type=HISTOGRAM \n metric={ms=7500 histogram={count=1 sum=0.5 "
            "bucket={count=1 bound=1 exemplar={label={n=\"t\" v=\"1\"} value=0.5 "
            "timestamp={s=2 ns=0}}} bucket={count=1 bound=inf} created={s=7 ns=0}}}\n");
}

TEST(ProtobufPage, PutsASummaryTogether) {
  const std::string_view expected =
      "name=\"s\" type=SUMMARY \n metric={label={n=\"a\" v=\"1\"} summary={count=2 sum=3.5 "
      "q={quantile=0.5 value=1} q={quantile=0.9 value=nan}";
  EXPECT_EQ(
      page({"# TYPE s summary\ns{a=\"1\",quantile=\"0.9\"} NaN\ns{quantile=\"0.5\",a=\"1\"} 1\n"
            "s_sum{a=\"1\"} 3.5\ns_count{a=\"1\"} 2\n"}),
      std::string(expected) + "}}\n");
  EXPECT_EQ(
      page({"# TYPE s summary\ns_created{a=\"1\"} 1.5\ns{a=\"1\",quantile=\"0.9\"} NaN\n"
            "s{quantile=\"0.5\",a=\"1\"} 1\ns_sum{a=\"1\"} 3.5\ns_count{a=\"1\"} 2.0\n# EOF\n"}),
      std::string(expected) + " created={s=1 ns=500000000}}}\n");
}

TEST(ProtobufPage, CountsThatAreNoIntegersAreFloats) {
  EXPECT_EQ(page({"# TYPE h histogram\nh_bucket{le=\"1\"} 0.5\nh_bucket{le=\"+Inf\"} 1e300\n"
                  "h_count +Inf\n"}),
            "name=\"h\" type=HISTOGRAM \n metric={histogram={bucket={bound=1 count_float=0.5} "
            "bucket={bound=inf count_float=1e+300} count_float=inf}}\n");
}

// ---- What cannot be written.

void expect_stats(const Page& page, std::uint64_t duplicates, std::uint64_t unwritable) {
  EXPECT_EQ(page.stats.duplicates_dropped, duplicates) << words(page.text);
  EXPECT_EQ(page.stats.unwritable_dropped, unwritable) << words(page.text);
}

TEST(ProtobufPage, LeavesOutWhatIsNoPartOfAMetric) {
  const Page found = merged({"# TYPE h histogram\nh 1\nh_bucket 1\nh_sum{le=\"1\"} 1\nh_count 2\n"
                             "# TYPE s summary\ns 1\ns_count 1.5\ns_count{quantile=\"1\"} 1\n"},
                            kProtobuf);
  EXPECT_EQ(words(found.text), "name=\"h\" type=HISTOGRAM \n metric={histogram={count=2}}\n");
  expect_stats(found, 0, 6);
}

TEST(ProtobufPage, LeavesOutACreatedOfNothing) {
  const Page found = merged({"# TYPE a counter\na_total 1\na_created{x=\"1\"} 1\na_created NaN\n"
                             "# TYPE h histogram\nh_created 1\n# EOF\n"},
                            kProtobuf);
  EXPECT_EQ(words(found.text), "name=\"a_total\" type=COUNTER \n metric={counter={value=1}}\n");
  expect_stats(found, 0, 3);
}

TEST(ProtobufPage, HasTimesBeforeTheEpoch) {
  EXPECT_EQ(page({"a 1 -1.5\n# EOF\n"}),
            "name=\"a\" type=UNTYPED \n metric={untyped={value=1} ms=-1500}\n");
  expect_stats(merged({"a 1 1e300\n# EOF\n"}, kProtobuf), 0, 1);
}

TEST(ProtobufPage, LeavesOutTimestampsThatAreNotHonoured) {
  EXPECT_EQ(page({"a 1 5\n"}, {.syntax = Syntax::kProtobuf, .honor_timestamps = false}),
            "name=\"a\" type=UNTYPED \n metric={untyped={value=1}}\n");
}

TEST(ProtobufPage, AMetricHasTheLatestTimestampOfItsSamples) {
  EXPECT_EQ(page({"# TYPE h histogram\nh_count 1\nh_sum 1 8\nh_bucket{le=\"1\"} 1 7\n"}),
            "name=\"h\" type=HISTOGRAM \n metric={ms=8 histogram={count=1 sum=1 "
            "bucket={count=1 bound=1}}}\n");
}

TEST(ProtobufPage, WhatIsADuplicateHasNoPartInAMetricsTimestamp) {
  EXPECT_EQ(
      page({"a 1\na 2 7\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1 8\n"}),
      "name=\"a\" type=UNTYPED \n metric={untyped={value=1}}\n"
      "name=\"h\" type=HISTOGRAM \n metric={histogram={bucket={count=1 bound=1}}}\n");
}

TEST(ProtobufPage, LeavesOutExemplarsThatBreakARuleAndThoseOfOtherSamples) {
  EXPECT_EQ(page({"# TYPE a counter\na_total 1 # {t=\"" + std::string(128, 'v') +
                  "\"} 1\na_total{b=\"1\"} 1 # {\"t.x\"=\"1\",t_x=\"2\"} 1\n"
                  "# TYPE b gauge\nb_total 1 # {t=\"1\"} 1\n# EOF\n"}),
            "name=\"a_total\" type=COUNTER \n metric={counter={value=1}} "
            "\n metric={label={n=\"b\" v=\"1\"} counter={value=1}}\n"
            "name=\"b_total\" type=UNTYPED \n metric={untyped={value=1}}\n");
}

// ---- Many clients.

TEST(ProtobufPage, OfEqualSeriesTheSeniorsIsThere) {
  const Page found = merged({"# HELP a A.\na{x=\"1\",y=\"2\"} 1\na{x=\"1\",y=\"2\"} 2\n",
                             "a{y=\"2\",x=\"1\",z=\"\"} 3\na{x=\"2\"} 4\n"},
                            kProtobuf);
  EXPECT_EQ(words(found.text),
            "name=\"a\" help=\"A.\" type=UNTYPED "
            "\n metric={label={n=\"x\" v=\"1\"} label={n=\"y\" v=\"2\"} untyped={value=1}} "
            "\n metric={label={n=\"x\" v=\"2\"} untyped={value=4}}\n");
  expect_stats(found, 2, 0);
}

TEST(ProtobufPage, AHistogramIsTheSeniorsWhole) {
  const std::string type = "# TYPE h histogram\n";
  const Page found = merged({type + "h_count 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 2\n",
                             type + "h_bucket{le=\"5\"} 1\nh_sum 4\nh_count{x=\"1\"} 5\n"},
                            kProtobuf);
  EXPECT_EQ(words(found.text),
            "name=\"h\" type=HISTOGRAM \n metric={histogram={count=1 bucket={count=1 bound=1}}} "
            "\n metric={label={n=\"x\" v=\"1\"} histogram={count=5}}\n");
  expect_stats(found, 3, 0);
}

TEST(ProtobufPage, WhatASeniorCannotHaveWrittenDoesNotShadowAJuniors) {
  const Page found = merged(
      {"# TYPE h histogram\nh_created 1\n# EOF\n", "# TYPE h histogram\nh_count 2\n"}, kProtobuf);
  EXPECT_EQ(words(found.text), "name=\"h\" type=HISTOGRAM \n metric={histogram={count=2}}\n");
  expect_stats(found, 0, 1);
}

TEST(ProtobufPage, ClientsOfBothDialectsShareAFamily) {
  const std::string text = "# HELP a_total A.\n# TYPE a_total counter\na_total{i=\"2\",} 2\n";
  const std::string open = "# TYPE a counter\na_total{i=\"1\"} 1\na_created{i=\"1\"} 0.5\n# EOF\n";
  EXPECT_EQ(page({text, open}),
            "name=\"a_total\" help=\"A.\" type=COUNTER "
            "\n metric={label={n=\"i\" v=\"2\"} counter={value=2}} "
            "\n metric={label={n=\"i\" v=\"1\"} counter={value=1 created={s=0 ns=500000000}}}\n");
  EXPECT_EQ(page({open, "# TYPE a_total gauge\na_total{i=\"2\"} 2\n"}),
            "name=\"a_total\" type=UNTYPED "
            "\n metric={label={n=\"i\" v=\"1\"} untyped={value=1}} "
            "\n metric={label={n=\"i\" v=\"2\"} untyped={value=2}}\n");
}

// ---- Names.

TEST(ProtobufPage, NamesAreEscapedAsItIsAsked) {
  const std::string text =
      "# HELP \"my.dot\" Dots.\n# TYPE \"my.dot\" histogram\n"
      "{\"my.dot_count\",\"l.x\"=\"1\"} 5\n"
      "{\"my.dot_bucket\",\"l.x\"=\"1\",\"le\"=\"1\"} 5\n";
  const std::string metric = " histogram={count=5 bucket={count=5 bound=1}}}\n";
  const std::string head = "\" help=\"Dots.\" type=HISTOGRAM \n metric={label={n=\"";
  EXPECT_EQ(page({text}), "name=\"my_dot" + head + "l_x\" v=\"1\"}" + metric);
  EXPECT_EQ(page({text}, kProtobufUtf8), "name=\"my.dot" + head + "l.x\" v=\"1\"}" + metric);
  EXPECT_EQ(page({text}, {.syntax = Syntax::kProtobuf, .escaping = Escaping::kDots}),
            "name=\"my_dot_dot" + head + "l_dot_x\" v=\"1\"}" + metric);
  EXPECT_EQ(
      page({"{\"a\\\"\\n\",\"b\\\\\"=\"1\"} 5\n"}, kProtobufUtf8),
      "name=\"a\"\n\" type=UNTYPED \n metric={label={n=\"b\\\" v=\"1\"} untyped={value=5}}\n");
}

TEST(ProtobufPage, SeriesAreEqualWhenTheyAreEscaped) {
  const Page found = merged({"{\"a.b\"} 1\n{\"a.b\",\"l.x\"=\"1\"} 2\n",
                             "a_b 3\na_b{l_x=\"1\"} 4\na_b{\"l.x\"=\"2\",l_x=\"2\"} 5\n"},
                            kProtobuf);
  EXPECT_EQ(words(found.text),
            "name=\"a_b\" type=UNTYPED \n metric={untyped={value=1}} "
            "\n metric={label={n=\"l_x\" v=\"1\"} untyped={value=2}}\n");
  expect_stats(found, 2, 1);
}

// ---- Piece by piece.

// Past what is kept, in families of one client and of many: pieces make the page, and none is long.
TEST(ProtobufPage, ALargeFamilyIsWrittenPieceByPiece) {
  constexpr int kClients = 100;
  std::vector<std::string> texts(kClients);
  for (int client = 0; client < kClients; ++client) {
    texts[client] = "# TYPE g gauge\n# TYPE h histogram\n";
    for (int i = 0; i < 500; ++i) {
      const std::string labels =
          "{c=\"" + std::to_string(client) + "\",i=\"" + std::to_string(i) + "\"";
      texts[client] +=
          "g" + labels + "} 1\nh_count" + labels + "} 2\nh_bucket" + labels + ",le=\"1\"} 2\n";
    }
    texts[client] += "g{c=\"0\",i=\"0\"} 7\nz" + std::to_string(client) + " 1\n";
  }
  std::deque<Index> indexes;
  std::vector<Source> sources;
  for (const std::string& text : texts)
    sources.push_back({text, &indexes.emplace_back(scanned(text))});
  PageWriter writer(sources, kProtobuf, kKey);
  std::string whole;
  std::size_t piece_count = 0;
  for (std::string piece; writer.write(piece); piece.clear(), ++piece_count) {
    EXPECT_LE(piece.size(), kChunkBytes + 200);
    whole += piece;
  }
  EXPECT_EQ(writer.stats().duplicates_dropped, std::uint64_t{kClients});
  EXPECT_GT(piece_count, whole.size() / kChunkBytes);
  std::map<std::string, std::size_t> metrics;
  for (std::string_view rest = whole; !rest.empty();) {
    const std::size_t size = take_varint(rest);
    const Message family = decoded(take_bytes(rest, size));
    metrics[std::string(family.find(1)->second.bytes)] += family.count(4);
  }
  EXPECT_EQ(metrics.size(), std::size_t{kClients} + 2);
  EXPECT_EQ(metrics["g"], std::size_t{kClients} * 500);
  EXPECT_EQ(metrics["h"], std::size_t{kClients} * 500);
  EXPECT_GT(whole.size(), 2 * ProtobufWriter::kKeptBytes) << "neither family is kept";
}

TEST(ProtobufPage, ARunOfDuplicatesComesBackWithNothing) {
  std::string text = "a 1\n";
  while (text.size() < 4 * kChunkBytes) text += "a 2\n";
  const Index index = scanned(text);
  const std::vector<Source> sources = {{text, &index}};
  PageWriter writer(sources, kProtobuf, kKey);
  std::string whole;
  std::size_t piece_count = 0;
  while (writer.write(whole)) ++piece_count;
  EXPECT_EQ(words(whole), "name=\"a\" type=UNTYPED \n metric={untyped={value=1}}\n");
  EXPECT_GE(piece_count, 3U);
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

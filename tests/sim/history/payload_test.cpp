#include "sim/history/payload.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "../../exposition/pages.h"

namespace prometheus_rsocket::sim::history {
namespace {

using namespace std::chrono_literals;

// As a proxy makes it of many clients' texts, the first being the senior.
std::string merged(const std::vector<std::string>& texts) { return exposition::merged(texts).text; }

struct Writer {
  Incarnation who;
  std::uint64_t sequence = 0;
  std::uint32_t parts = 1;
  std::uint64_t time_us = 0;

  [[nodiscard]] std::string text() const {
    return payload_text(who, sequence, parts, std::chrono::microseconds(time_us));
  }
  [[nodiscard]] std::vector<ShownSample> samples() const {
    std::vector<ShownSample> samples;
    for (std::uint32_t key = 0; key < parts; ++key) {
      samples.push_back({who, key, sequence, static_cast<std::int64_t>(time_us)});
    }
    return samples;
  }
};

Writer any_writer() {
  Writer writer;
  writer.who.instance.value = *rc::gen::inRange(0U, 20U);
  writer.who.number = *rc::gen::inRange(1U, 4U);
  writer.sequence = *rc::gen::arbitrary<std::uint64_t>();
  writer.parts = *rc::gen::inRange(1U, 8U);
  writer.time_us = *rc::gen::inRange(std::uint64_t{0}, std::uint64_t{1} << 50U);
  return writer;
}

std::vector<std::string> lines_of(const std::string& page) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < page.size();) {
    const std::size_t to = page.find('\n', from) + 1;
    lines.push_back(page.substr(from, to - from));
    from = to;
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string page;
  for (const std::string& line : lines) page += line;
  return page;
}

bool says_the_same(const ParsedPage& a, const ParsedPage& b) {
  return b.trouble.empty() && a.samples == b.samples && a.latest == b.latest;
}

// A page of several clients, with the one that is to be compared with it.
std::string any_page() {
  std::vector<std::string> texts;
  const auto count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    Writer writer = any_writer();
    writer.who.instance.value = static_cast<std::uint32_t>(i);
    texts.push_back(writer.text());
  }
  return merged(texts);
}

TEST(Payload, LooksAsItsHeaderSays) {
  EXPECT_EQ(payload_text({InstanceId{3}, 1}, 17, 2, 61s + 200us),
            "# TYPE sim_sample gauge\n"
            "sim_sample{instance=\"3\",incarnation=\"1\",key=\"0\",sequence=\"17\"} 61000200\n"
            "sim_sample{instance=\"3\",incarnation=\"1\",key=\"1\",sequence=\"17\"} 61000200\n"
            "# TYPE sim_latest gauge\n"
            "sim_latest{instance=\"3\"} 1\n");
}

RC_GTEST_PROP(Payload, IsReadBackAsItWasWritten, ()) {
  const Writer writer = any_writer();
  const ParsedPage page = parse_page(writer.text());
  RC_ASSERT(page.trouble == "");
  RC_ASSERT(page.samples == writer.samples());
  RC_ASSERT(page.latest ==
            (std::map<InstanceId, std::uint32_t>{{writer.who.instance, writer.who.number}}));
}

RC_GTEST_PROP(Payload, MergedPagesSayWhatAllTheirTextsSay, ()) {
  std::vector<std::string> texts;
  std::set<ShownSample> expected;
  std::set<Incarnation> seen;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) {
    const Writer writer = any_writer();
    if (!seen.insert(writer.who).second) continue;
    texts.push_back(writer.text());
    for (const ShownSample& sample : writer.samples()) expected.insert(sample);
  }
  const ParsedPage page = parse_page(merged(texts));
  RC_ASSERT(page.trouble == "");
  RC_ASSERT(page.samples.size() == expected.size());
  RC_ASSERT(std::set<ShownSample>(page.samples.begin(), page.samples.end()) == expected);
}

RC_GTEST_PROP(Payload, AByteThatChangedIsSeen, ()) {
  const std::string page = any_page();
  std::string changed = page;
  const auto at = *rc::gen::inRange(std::size_t{0}, page.size());
  changed[at] = *rc::gen::distinctFrom(rc::gen::arbitrary<char>(), page[at]);
  RC_ASSERT_FALSE(says_the_same(parse_page(page), parse_page(changed)));
}

RC_GTEST_PROP(Payload, ALineThatIsMissingIsSeen, ()) {
  const std::string page = any_page();
  auto lines = lines_of(page);
  lines.erase(lines.begin() + *rc::gen::inRange(std::ptrdiff_t{0}, std::ssize(lines)));
  RC_ASSERT_FALSE(says_the_same(parse_page(page), parse_page(joined(lines))));
}

RC_GTEST_PROP(Payload, ALineThatStandsTwiceIsSeen, ()) {
  const std::string page = any_page();
  auto lines = lines_of(page);
  const std::string line = *rc::gen::elementOf(lines);
  lines.insert(lines.begin() + *rc::gen::inRange(std::ptrdiff_t{0}, std::ssize(lines) + 1), line);
  RC_ASSERT_FALSE(parse_page(joined(lines)).trouble.empty());
}

RC_GTEST_PROP(Payload, APageThatIsCutOffIsSeen, ()) {
  const std::string page = any_page();
  const std::string cut = page.substr(0, *rc::gen::inRange(std::size_t{0}, page.size()));
  RC_ASSERT_FALSE(says_the_same(parse_page(page), parse_page(cut)));
}

TEST(Payload, TroubleNamesTheLine) {
  const std::string text = payload_text({InstanceId{3}, 1}, 17, 1, 1s);
  EXPECT_EQ(parse_page(text + "up 1\n").trouble, "line 5: no line of ours: up 1");
}

TEST(Payload, AFamilyThatIsTornApartIsTrouble) {
  const std::string sample =
      "sim_sample{instance=\"3\",incarnation=\"1\",key=\"1\",sequence=\"17\"} 61\n";
  const std::string text = payload_text({InstanceId{3}, 1}, 17, 1, 61us);
  EXPECT_EQ(parse_page(text + sample).trouble,
            "line 5: a family torn apart: " + sample.substr(0, sample.size() - 1));
}

TEST(Payload, NumbersHaveOneSpelling) {
  const std::string type = "# TYPE sim_latest gauge\n";
  EXPECT_EQ(parse_page(type + "sim_latest{instance=\"3\"} 1\n").trouble, "");
  for (const std::string value : {"01", "+1", "1.0", "-1", "", "4294967296"}) {
    EXPECT_NE(parse_page(type + "sim_latest{instance=\"3\"} " + value + "\n").trouble, "") << value;
  }
}

TEST(Payload, FamiliesOfHostilePeersArePassedOver) {
  const std::string hostile = "# HELP other_x y\n# TYPE other_x counter\nother_x{a=\"b\"} NaN\n";
  const std::string text = payload_text({InstanceId{3}, 1}, 17, 2, 1s);
  EXPECT_TRUE(says_the_same(parse_page(text), parse_page(hostile + text)));
  EXPECT_TRUE(says_the_same(parse_page(text), parse_page(text + hostile)));
}

TEST(Payload, AnEmptyPageIsRight) { EXPECT_EQ(parse_page("").trouble, ""); }

TEST(Page, OfOpenMetricsHasAnEnd) {
  const std::string text = payload_text({InstanceId{1}, 1}, 1, 2, 1s);
  EXPECT_EQ(parse_page(text + "# EOF\n", true).trouble, "");
  EXPECT_EQ(parse_page(text + "# EOF\n", true).samples.size(), 2U);
  EXPECT_NE(parse_page(text, true).trouble, "");
  EXPECT_NE(parse_page(text + "# EOF\n").trouble, "") << "text has none";
  EXPECT_NE(parse_page("# EOF\n" + text + "# EOF\n", true).trouble, "");
}

}  // namespace
}  // namespace prometheus_rsocket::sim::history

// scan() is the oracle of rescan(): what the one returns, the other would.

#include "exposition/rescan.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

#include "generators.h"
#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

Exposition exposition_of(const std::string& text) { return {text, scanned(text)}; }

void expect_equal(const Index& index, const Index& oracle) {
  RC_ASSERT(index.families == oracle.families);
  RC_ASSERT(index.samples == oracle.samples);
  RC_ASSERT(index == oracle);
}

// The text with other values in most lines and, perhaps, without their timestamps.
std::string with_other_values(const ModelSource& source, bool has_crlf) {
  ModelSource other = source;
  for (ModelSample& sample : other) {
    if (*rc::gen::inRange(0, 3) == 0) continue;
    const std::size_t labels = sample.line.rfind('}');
    const std::size_t blank = sample.line.find(' ', labels == std::string::npos ? 0 : labels);
    sample.line.resize(blank + 1);
    std::string value =
        *rc::gen::element<std::string>("7", "-1.25e-3", "NaN", "12345678901234567890");
    if (sample.family[0] == 'h' && value[0] == '-') value.erase(0, 1);  // a count has none
    sample.line += value;
    if (*rc::gen::arbitrary<bool>()) sample.line += " 17";
  }
  return model_text(other, has_crlf);
}

// Families in one piece: the text is in the order of its index.
ModelSource in_order(ModelSource source) {
  std::ranges::stable_sort(source, {}, &ModelSample::family);
  return source;
}

TEST(Rescan, OtherValuesAndTimestampsGiveWhatAScanGives) {
  EXPECT_TRUE(rc::check([](bool has_crlf) {
    const ModelSource source = in_order(*any_source());
    const Exposition before = exposition_of(model_text(source, has_crlf));
    const std::string text = with_other_values(source, has_crlf);
    const auto index = rescan(text, before);
    RC_ASSERT(index.has_value());
    expect_equal(*index, scanned(text));
  }));
}

TEST(Rescan, AnyOtherTextIsLeftToAScanOrReadAsItReadsIt) {
  EXPECT_TRUE(rc::check([](ModelSource source) {
    source = in_order(std::move(source));
    const Exposition before = exposition_of(model_text(source));
    std::string text = before.text;
    std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    // Often about a value: near the end of its line.
    if (*rc::gen::inRange(0, 4) > 0) {
      at = std::min(text.find('\n', at), text.size());
      at -= *rc::gen::inRange<std::size_t>(0, std::min<std::size_t>(at, 4) + 1);
    }
    text.replace(at, *rc::gen::inRange(0, 3),
                 *rc::gen::element<std::string>("", "7", " ", "\n", "{", "\"", "#", "a", "\r",
                                                std::string(1, '\0'), "\n# TYPE h_x gauge\n"));
    const auto index = rescan(text, before);
    const auto oracle = scan(text);
    RC_CLASSIFY(index.has_value());
    if (!index) return;
    RC_ASSERT(oracle.has_value());
    expect_equal(*index, *oracle);
  }));
}

TEST(Rescan, TextsOfRealLibrariesAreReadAgain) {
  for (const std::string_view text : {kMicrometer, kPrometheusCpp}) {
    EXPECT_TRUE(rescan(text, exposition_of(std::string(text))).has_value()) << text;
  }
}

TEST(Rescan, ANewSeriesALostOneAndAnotherTypeAreLeftToAScan) {
  const Exposition before = exposition_of("# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\n");
  EXPECT_TRUE(rescan("# TYPE a gauge\na{x=\"1\"} 11\na{x=\"2\"} 2\n", before).has_value());
  EXPECT_FALSE(rescan("# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\na 3\n", before).has_value());
  EXPECT_FALSE(rescan("# TYPE a gauge\na{x=\"1\"} 1\n", before).has_value());
  EXPECT_FALSE(rescan("# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 2\n", before).has_value());
  EXPECT_FALSE(rescan("", before).has_value());
}

TEST(Rescan, ATimestampInALineThatIsAsItWasIsSeen) {
  const Exposition before = exposition_of("a 1 17\nb 2\n");
  const auto index = rescan("a 1 17\nb 3\n", before);
  ASSERT_TRUE(index);
  EXPECT_TRUE(index->has_timestamps);
  const auto without = rescan("a 1\nb 3\n", before);
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->has_timestamps);
}

TEST(Rescan, ABlankMoreBeforeAValueIsLeftToAScan) {
  const Exposition before = exposition_of("a 1\n");
  for (const std::string text : {"a  2\n", "a \t2\n", "a \n", "a  \n"}) {
    EXPECT_FALSE(rescan(text, before).has_value()) << text;
  }
}

// A minute, if what was compared is compared again for each line.
TEST(Rescan, ALongTextWithATimestampThatIsAsItWasIsReadOnce) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "a{i=\"" + std::to_string(i) + "\"} 1 17\n";
  const auto index = rescan(text, exposition_of(text));
  ASSERT_TRUE(index);
  EXPECT_EQ(index->samples.size(), 200'000U);
}

TEST(Rescan, AHelpTextBehindSamplesMovesWithThem) {
  const std::string_view after = "a 100\na{x=\"1\"} 2\n# HELP a Later.\nb 2\n";
  const auto index = rescan(after, exposition_of("a 1\na{x=\"1\"} 2\n# HELP a Later.\nb 2\n"));
  ASSERT_TRUE(index);
  EXPECT_EQ(index->families.at(0).help(after), "Later.");
}

TEST(Rescan, ANegativeCountIsLeftToAScan) {
  const std::string type = "# TYPE h histogram\n";
  const Exposition before = exposition_of(type + "h_count 1\nh_sum 1\n");
  EXPECT_FALSE(rescan(type + "h_count -1\nh_sum 1\n", before));
  EXPECT_TRUE(rescan(type + "h_count 1\nh_sum -1\n", before));
}

TEST(Rescan, ABadValueIsLeftToAScan) {
  const Exposition before = exposition_of("a 1\nb 2\n");
  for (const std::string text : {"a x\nb 2\n", "a\nb 2\n", "a 1 -1\nb 2\n", "a 1\nb 2 3 4\n"}) {
    EXPECT_FALSE(rescan(text, before).has_value()) << text;
  }
}

// The samples of an index whose families are torn apart in the text are in another order.
TEST(Rescan, ATextWithTornFamiliesIsLeftToAScan) {
  const Exposition before = exposition_of("a 1\nb 2\na{x=\"1\"} 3\n");
  EXPECT_FALSE(rescan("a 1\nb 2\na{x=\"1\"} 4\n", before).has_value());
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

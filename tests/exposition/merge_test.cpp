#include "exposition/merge.h"

#include <gtest/gtest.h>

#include <string>

#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

TEST(Merge, EachFamilyStandsOnceWhereTheSeniorHasItFirst) {
  const Page page =
      merged({"# TYPE b gauge\nb{i=\"1\"} 1\n# HELP a A\n# TYPE a counter\na{i=\"1\"} 1",
              "c 3\n# TYPE a counter\na{i=\"2\"} 2\n# TYPE b gauge\nb{i=\"2\"} 2"});
  EXPECT_EQ(page.text,
            "# TYPE b gauge\nb{i=\"1\"} 1\nb{i=\"2\"} 2\n"
            "# HELP a A\n# TYPE a counter\na{i=\"1\"} 1\na{i=\"2\"} 2\n"
            "# TYPE c untyped\nc 3\n");
  EXPECT_EQ(page.stats, MergeStats{});
}

TEST(Merge, RealTextsPassThroughLineByLine) {
  const Page page = merged({std::string(kMicrometer), std::string(kPrometheusCpp)});
  EXPECT_NE(page.text.find("id=\"G1 Eden Space\",} 2.5165824E7\n"), std::string::npos);
  EXPECT_NE(page.text.find("# HELP latency_seconds Time \\\\ \\n of it\n"), std::string::npos);
  EXPECT_EQ(page.stats, MergeStats{});
}

TEST(Merge, ScalarTypesThatDifferBecomeUntyped) {
  const Page page = merged({"# TYPE a gauge\na{i=\"1\"} 1\n", "# TYPE a counter\na{i=\"2\"} 2\n"});
  EXPECT_EQ(page.text, "# TYPE a untyped\na{i=\"1\"} 1\na{i=\"2\"} 2\n");
  EXPECT_EQ(page.stats.types_degraded, 1U);
}

TEST(Merge, TheJuniorsFamilyIsLeftOutWhenAStructureDiffers) {
  const std::string gauge = "# TYPE a gauge\na 1\n";
  const std::string summary = "# TYPE a summary\na_sum 1\na_count 1\n";
  EXPECT_EQ(merged({gauge, summary}).text, gauge);
  EXPECT_EQ(merged({summary, gauge}).text, summary);
  EXPECT_EQ(merged({summary, gauge}).stats.families_dropped, 1U);
}

TEST(Merge, AGaugeNamedLikeAHistogramsCountClashes) {
  const std::string gauge = "# TYPE a_count gauge\na_count 1\n";
  const std::string histogram = "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n";
  EXPECT_EQ(merged({gauge, histogram}).text, gauge);
  EXPECT_EQ(merged({histogram, gauge}).text, histogram);
  EXPECT_EQ(merged({histogram, gauge}).stats.families_clashing, 1U);
  EXPECT_EQ(merged({histogram, "a_count{b=\"c\"} 5\n"}).text, histogram);
}

TEST(Merge, TheFirstHelpTextIsTaken) {
  const Page page = merged({"a{i=\"1\"} 1\n", "# HELP a B\na{i=\"2\"} 1\n", "# HELP a A\na 1\n"});
  EXPECT_EQ(page.text, "# HELP a B\n# TYPE a untyped\na{i=\"1\"} 1\na{i=\"2\"} 1\na 1\n");
  EXPECT_EQ(page.stats.help_differing, 1U);
}

TEST(Merge, ALoneBackslashInHelpIsRepaired) {
  EXPECT_EQ(merged({"# HELP a C:\\dir\\\\x\\ny\\\na 1\n"}).text,
            "# HELP a C:\\\\dir\\\\x\\ny\\\\\n# TYPE a untyped\na 1\n");
}

TEST(Merge, TheSeniorsSampleOfASeriesIsKept) {
  const Page page = merged({"a{x=\"1\",y=\"2\"} 1\n", "a{y=\"2\",x=\"1\",} 2\na{x=\"1\"} 3\n"});
  EXPECT_EQ(page.text, "# TYPE a untyped\na{x=\"1\",y=\"2\"} 1\na{x=\"1\"} 3\n");
  EXPECT_EQ(page.stats.duplicates_dropped, 1U);
}

TEST(Merge, FamiliesWithoutSamplesNeitherAppearNorWin) {
  EXPECT_EQ(merged({"# TYPE a histogram\n", "# TYPE a gauge\na 1\n"}).text,
            "# TYPE a gauge\na 1\n");
}

TEST(Merge, ThePageComesInChunksOfWholeLines) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "a{i=\"" + std::to_string(i) + "\"} 1\n";
  const Index index = scanned(text);
  const std::vector<Source> sources = {{text, &index}};
  PageWriter writer(sources, {}, kKey);
  std::string page;
  std::string chunk;
  std::size_t chunk_count = 0;
  while (writer.write(chunk)) {
    EXPECT_EQ(chunk.back(), '\n');
    EXPECT_LT(chunk.size(), kChunkBytes + 100);
    page += chunk;
    chunk.clear();
    ++chunk_count;
  }
  EXPECT_EQ(page, "# TYPE a untyped\n" + text);
  EXPECT_EQ(chunk_count, page.size() / kChunkBytes + 1);
}

// Whoever writes the page lets others have their turn between two pieces: so many families are
// merged in several.
TEST(Merge, ManyFamiliesAreMergedInPiecesBeforeTheFirstLine) {
  std::string text;
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = "a" + std::to_string(i);
    text += name + " 1\n";
    expected += "# TYPE " + name + " untyped\n" + name + " 1\n";
  }
  const Index index = scanned(text);
  const std::vector<Source> sources = {{text, &index}, {text, &index}};
  PageWriter writer(sources, {}, kKey);
  std::string page;
  std::size_t piece_count = 0;
  while (page.empty() && writer.write(page)) ++piece_count;
  EXPECT_GE(piece_count, 2 * 20'000U / 4096);
  while (writer.write(page)) {
  }
  EXPECT_EQ(page, expected);
  EXPECT_EQ(writer.stats().duplicates_dropped, 20'000U);
}

TEST(Merge, ARunOfDuplicatesComesInPiecesToo) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "a 1\n";
  const Index index = scanned(text);
  const std::vector<Source> sources = {{text, &index}};
  PageWriter writer(sources, {}, kKey);
  std::string page;
  std::size_t piece_count = 0;
  while (writer.write(page)) ++piece_count;
  EXPECT_EQ(page, "# TYPE a untyped\na 1\n");
  EXPECT_EQ(writer.stats().duplicates_dropped, 99'999U);
  EXPECT_GE(piece_count, text.size() / kChunkBytes);
}

// A chunk that is full behind the HELP and TYPE lines has no room for the family's first sample.
TEST(Merge, AChunkThatEndsBehindAFamilysTypeLineWritesItOnce) {
  std::string text = "# HELP a " + std::string(kChunkBytes, 'x') + "\n# TYPE a gauge\na 1\n";
  text += "# HELP b " + std::string(2 * kChunkBytes, 'y') + "\n# TYPE b gauge\nb 1\nb{i=\"2\"} 1\n";
  const Index index = scanned(text);
  const std::vector<Source> sources = {{text, &index}};
  PageWriter writer(sources, {}, kKey);
  std::string page;
  while (page.size() <= text.size() && writer.write(page)) {
  }
  EXPECT_EQ(page, text);
}

TEST(Merge, NoSourcesMakeAnEmptyPage) { EXPECT_EQ(merged({}).text, ""); }

}  // namespace
}  // namespace prometheus_rsocket::exposition

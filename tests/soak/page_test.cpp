#include "page.h"

#include <gtest/gtest.h>

#include "exposition/page_writer.h"
#include "exposition/read.h"
#include "support/client_text.h"

namespace prometheus_rsocket::soak {
namespace {

using bench::PageSyntax;
using exposition::Syntax;

constexpr std::size_t kSeries = 25;
const exposition::ReadSettings kSettings{.text_bytes_max = 1'000'000, .key = {1, 2}};

// The page of two clients and a push, as the proxy would write it.
std::string page_in(Syntax syntax) {
  std::vector<std::shared_ptr<const exposition::Exposition>> texts;
  for (const std::string& text :
       {bench::ClientText(0, kSeries).text() + own_family(0),
        bench::ClientText(5, kSeries).text() + own_family(5), push_text(7)}) {
    texts.push_back(
        std::make_shared<exposition::Exposition>(*exposition::read(text, nullptr, kSettings)));
  }
  std::vector<exposition::Source> sources;
  for (const auto& text : texts) sources.push_back({text->text, &text->index});
  exposition::Format format;
  format.syntax = syntax;
  exposition::PageWriter writer(sources, format, kSettings.key);
  std::string page;
  while (writer.write(page)) {
  }
  return page;
}

const Page kWhole{.samples_of_client = {{0, kSeries + 1}, {5, kSeries + 1}},
                  .samples_of_push = {{7, kPushSamples}},
                  .samples = 2 * kSeries + 2 + kPushSamples,
                  .fault = ""};

void expect_fault(const std::string& page, const std::string& fault,
                  PageSyntax syntax = PageSyntax::kText) {
  EXPECT_NE(read_page(page, syntax).fault.find(fault), std::string::npos)
      << read_page(page, syntax).fault << "\n"
      << page;
}

TEST(SoakPage, SamplesAreCountedForEachClientAndPushInEverySyntax) {
  EXPECT_EQ(read_page(page_in(Syntax::kText), PageSyntax::kText), kWhole);
  EXPECT_EQ(read_page(page_in(Syntax::kOpenMetrics), PageSyntax::kOpenMetrics), kWhole);
  EXPECT_EQ(read_page(page_in(Syntax::kProtobuf), PageSyntax::kProtobuf), kWhole);
}

TEST(SoakPage, WhatIsCutShortIsSeen) {
  const auto cut = [](Syntax syntax) {
    const std::string page = page_in(syntax);
    return page.substr(0, page.size() - 3);
  };
  expect_fault(cut(Syntax::kText), "no end");
  expect_fault(cut(Syntax::kProtobuf), "no protobuf", PageSyntax::kProtobuf);
  const std::string page = page_in(Syntax::kOpenMetrics);
  expect_fault(page.substr(0, page.find("# EOF")), "ends without", PageSyntax::kOpenMetrics);
}

TEST(SoakPage, NothingFollowsTheEnd) {
  expect_fault(page_in(Syntax::kOpenMetrics) + "# EOF\n", "after the end",
               PageSyntax::kOpenMetrics);
}

TEST(SoakPage, ASeriesThatStandsTwiceIsSeen) {
  expect_fault("# TYPE a gauge\na{app=\"10001\"} 1\na{app=\"10002\"} 1\na{app=\"10001\"} 2\n",
               "twice");
}

TEST(SoakPage, AFamilyThatIsTornApartOrDeclaredAgainIsSeen) {
  const std::string a = "# TYPE a gauge\na{app=\"10001\"} 1\n";
  const std::string b = "# TYPE b gauge\nb{app=\"10001\"} 1\n";
  expect_fault(a + b + "# TYPE a gauge\na{app=\"10002\"} 1\n", "torn apart");
  expect_fault(a + b + "a{app=\"10002\"} 1\n", "outside");
  expect_fault(a + "# HELP a of it\n", "after its samples");
  expect_fault("# TYPE a gauge\n" + a, "declared twice");
}

TEST(SoakPage, WhatNobodyWroteIsSeen) {
  expect_fault("# TYPE a gauge\na{other=\"1\"} 1\n", "of nobody");
  expect_fault("\n", "no sample");
}

}  // namespace
}  // namespace prometheus_rsocket::soak

// Prometheus' own strict parser (expfmt) as the judge of merged pages.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "generators.h"
#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr int kParseFailure = 1;  // promtool check metrics; 3 are matters of taste (lint)

int promtool_exit(const std::string& page) {
  FILE* const pipe = ::popen("promtool check metrics >/dev/null 2>&1", "w");
  if (pipe == nullptr) return -1;
  const std::size_t written = std::fwrite(page.data(), 1, page.size(), pipe);
  const int status = ::pclose(pipe);
  return written == page.size() && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Promtool : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("promtool --version >/dev/null 2>&1") != 0) {
      GTEST_SKIP() << "promtool is not installed (Debian package prometheus): "
                      "no page was checked by Prometheus' own parser";
    }
  }

  static void expect_parsed(const std::vector<std::string>& texts) {
    const std::string page = merged(texts).text;
    const int code = promtool_exit(page);
    EXPECT_TRUE(code == 0 || code == 3) << "exit " << code << " for:\n" << page;
  }
};

TEST_F(Promtool, FindsWhatIsNoPage) { EXPECT_EQ(promtool_exit("a{\n"), kParseFailure); }

TEST_F(Promtool, ParsesPagesOfRealTexts) {
  expect_parsed({std::string(kMicrometer), std::string(kPrometheusCpp)});
}

TEST_F(Promtool, ParsesPagesOfClashingFamilies) {
  expect_parsed({"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
                 "# TYPE a_count gauge\na_count 1\n# TYPE a gauge\na 1\n# HELP a C:\\dir\n",
                 "# TYPE b gauge\nb 1\n", "# TYPE b counter\nb{x=\"\xC3\xA9\"} 1\r\n# EOF\r\n"});
}

// It fails the page for a bound that is no number; what scan() lets in is all it takes.
TEST_F(Promtool, AgreesOnWhichBoundsAreNumbers) {
  for (const auto bound : {"", "x", "0x10", "0x1p4", "1_0", "1e400", "+NaN", " 1", "1", "+Inf",
                           "NaN", "1e3", "1e-400", ".5", "1.", "-1", "infinity"}) {
    for (const auto start : {"# TYPE a histogram\na_bucket{le", "# TYPE a histogram\na_sum{le",
                             "# TYPE a summary\na{quantile", "# TYPE a gauge\na{le",
                             "# TYPE a summary\na_count{quantile", "a_bucket{le"}) {
      const std::string text = start + ("=\"" + std::string(bound)) + "\"} 1\n";
      EXPECT_EQ(scan(text).has_value(), promtool_exit(text) != kParseFailure) << text;
    }
  }
}

TEST_F(Promtool, ParsesPagesOfAnyValidTexts) {
  const auto source = any_source();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < 3; ++i) {
      texts.push_back(model_text(source(rc::Random(seed * 3 + i), 50).value()));
    }
    expect_parsed(texts);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

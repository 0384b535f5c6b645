#include "exposition/labelled.h"

#include <gtest/gtest.h>

#include <limits>

#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

const std::vector<ExtraLabel> kLabels = {{"job", "a\"b\\c\n"}, {"instance", "x"}};
constexpr std::string_view kAdded = "job=\"a\\\"b\\\\c\\n\",instance=\"x\"";

std::string labelled(std::string_view text) {
  const auto found =
      with_labels(text, scanned(text).dialect, kLabels, std::numeric_limits<std::size_t>::max());
  EXPECT_TRUE(found);
  if (found) static_cast<void>(scanned(*found));  // it is valid
  return found.value_or("");
}

TEST(Labelled, EverySampleHasThem) {
  const std::string added(kAdded);
  EXPECT_EQ(labelled("# TYPE a gauge\na 1\na{b=\"1\",} 2 3\n  a { c = \"2\" } 4 \r\n\n# end"),
            "# TYPE a gauge\na{" + added + "} 1\na{" + added + ",b=\"1\"} 2 3\na{" + added +
                ",c=\"2\"} 4\n\n# end\n");
  EXPECT_EQ(labelled("a{} 1\na{}2\n"), "a{" + added + "} 1\na{" + added + "}2\n");
}

TEST(Labelled, AClientsOwnAreExported) {
  const std::string added(kAdded);
  EXPECT_EQ(labelled("a{job=\"j\",b=\"1\"} 1\n"),
            "a{" + added + ",exported_job=\"j\",b=\"1\"} 1\n");
  EXPECT_EQ(labelled("a{exported_job=\"e\",\"job\"=\"j\"} 1\n"),
            "a{" + added + ",exported_job=\"e\",exported_exported_job=\"j\"} 1\n");
}

TEST(Labelled, OneWithoutAValueOnlyRenamesTheClientsOwn) {
  const auto labelled_so = [](std::string_view text, const std::vector<ExtraLabel>& labels) {
    return with_labels(text, Dialect::kText, labels, std::numeric_limits<std::size_t>::max());
  };
  EXPECT_EQ(labelled_so("a 1\na{job=\"j\"} 2\n", {{"job", ""}, {"instance", "x"}}),
            "a{instance=\"x\"} 1\na{instance=\"x\",exported_job=\"j\"} 2\n");
  EXPECT_EQ(labelled_so("a{job=\"j\"} 2\n", {{"instance", "x"}, {"job", ""}}),
            "a{instance=\"x\",exported_job=\"j\"} 2\n");
}

TEST(Labelled, NamesBetweenQuotesStay) {
  const std::string added(kAdded);
  EXPECT_EQ(labelled("{\"a.b\"} 1\n{c=\"1\",\"a.b\",\"d.e\"=\"2\"} 2\n"),
            "{\"a.b\"," + added + "} 1\n{\"a.b\"," + added + ",c=\"1\",\"d.e\"=\"2\"} 2\n");
}

TEST(Labelled, ExemplarsAndTheEndOfOpenMetricsStay) {
  const std::string added(kAdded);
  EXPECT_EQ(labelled("# TYPE a counter\na_total 1 2.5 # {t=\"1\"} 1\n# EOF"),
            "# TYPE a counter\na_total{" + added + "} 1 2.5 # {t=\"1\"} 1\n# EOF\n");
}

TEST(Labelled, TextDoesNotBecomeOpenMetrics) {
  EXPECT_EQ(scanned(labelled("a{ b=\"1\"} 1 5000\n# EOF\n")).dialect, Dialect::kText);
}

TEST(Labelled, IsNotLongerThanItMayBe) {
  const std::string text = "a 1\na{b=\"1\"} 2\n";
  const std::size_t size = labelled(text).size();
  EXPECT_TRUE(with_labels(text, Dialect::kText, kLabels, size));
  EXPECT_FALSE(with_labels(text, Dialect::kText, kLabels, size - 1));
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

// Names beyond letters, digits and underscores: between quotes or escaped.
#include "exposition/names.h"

#include <gtest/gtest.h>

#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr Format kUtf8{.escaping = Escaping::kAllowUtf8};
constexpr Format kOpenMetricsUtf8{.syntax = Syntax::kOpenMetrics, .escaping = Escaping::kAllowUtf8};
constexpr std::string_view kDotted =
    "# HELP \"my.dot\" Dots.\n# TYPE \"my.dot\" gauge\n{\"my.dot\",\"l.x\"=\"1\",m=\"2\"} 5\n"
    "{n=\"3\",\"my.dot\"} 6\n{\"my.dot\"} 7\n";

// As model.EscapeName and its tests have them.
TEST(Names, AreEscapedAsPrometheusDoes) {
  struct Case {
    std::string_view name, underscores, dots, values;
  };
  for (const auto& [name, underscores, dots, values] :
       {Case{"no:escaping_required", "no:escaping_required", "no:escaping__required",
             "no:escaping_required"},
        Case{"mysystem.prod.west.cpu.load_total", "mysystem_prod_west_cpu_load_total",
             "mysystem_dot_prod_dot_west_dot_cpu_dot_load__total",
             "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load__total"},
        Case{"http.status:sum", "http_status:sum", "http_dot_status:sum", "U__http_2e_status:sum"},
        Case{"label with \xE8\x8A\xB1\xE7\x81\xAB", "label_with___", "label__with______",
             "U__label_20_with_20__82b1__706b_"},
        Case{"0\\\"", "__", "____", "U___30__22_"}}) {
    EXPECT_EQ(escape_name(name, NameKind::kMetric, Escaping::kUnderscores), underscores);
    EXPECT_EQ(escape_name(name, NameKind::kMetric, Escaping::kDots), dots);
    EXPECT_EQ(escape_name(name, NameKind::kMetric, Escaping::kValues), values);
  }
  EXPECT_EQ(escape_name("a:b", NameKind::kLabel, Escaping::kUnderscores), "a_b")
      << "a colon is for metrics alone";
}

TEST(Names, AreBetweenQuotesWhereUtf8IsAllowed) {
  EXPECT_EQ(merged({std::string(kDotted)}, kUtf8).text,
            "# HELP \"my.dot\" Dots.\n# TYPE \"my.dot\" gauge\n"
            "{\"my.dot\",\"l.x\"=\"1\",m=\"2\"} 5\n{\"my.dot\",n=\"3\"} 6\n{\"my.dot\"} 7\n");
  EXPECT_EQ(
      merged({"# TYPE \"my.dot\" counter\n{\"my.dot_total\"} 1\n# EOF\n"}, kOpenMetricsUtf8).text,
      "# TYPE \"my.dot\" counter\n{\"my.dot_total\"} 1\n# EOF\n");
}

TEST(Names, BetweenQuotesAreOfTheirOwnFamilies) {
  EXPECT_EQ(merged({"{\"a.x\",b=\"1\"} 1\n{\"b.x\",b=\"1\"} 2\n{\"b.x\",b=\"2\"} 3\n"}, kUtf8).text,
            "# TYPE \"a.x\" untyped\n{\"a.x\",b=\"1\"} 1\n"
            "# TYPE \"b.x\" untyped\n{\"b.x\",b=\"1\"} 2\n{\"b.x\",b=\"2\"} 3\n");
}

TEST(Names, AreEscapedWhereItIsNot) {
  EXPECT_EQ(merged({std::string(kDotted)}, {}).text,
            "# HELP my_dot Dots.\n# TYPE my_dot gauge\nmy_dot{l_x=\"1\",m=\"2\"} 5\n"
            "my_dot{n=\"3\"} 6\nmy_dot 7\n");
}

TEST(Names, BetweenQuotesAreTheSameAsWithout) {
  const Page page = merged({"{\"a\",\"b\"=\"1\"} 1\n", "a{b=\"1\"} 2\n"}, kUtf8);
  EXPECT_EQ(page.text, "# TYPE a untyped\na{b=\"1\"} 1\n");
  EXPECT_EQ(page.stats.duplicates_dropped, 1U);
}

TEST(Names, ThatAreOneWhenEscapedAreOneFamily) {
  const Page page = merged({"{\"a.b\"} 1\n{\"a.b\",x=\"1\"} 2\n", "a_b 3\na_b{x=\"2\"} 4\n"}, {});
  EXPECT_EQ(page.text, "# TYPE a_b untyped\na_b 1\na_b{x=\"1\"} 2\na_b{x=\"2\"} 4\n");
  EXPECT_EQ(page.stats.duplicates_dropped, 1U);
}

// The fuzzer found it: samples were named after no family of the page, and so of no type.
TEST(Names, OfSamplesAreThoseOfTheFamilyWithItsSuffixWhateverIsEscaped) {
  const std::string text =
      "# TYPE a_b summary\na_b{quantile=\"0.5\"} 1\na_b_sum 1\na_b_count 1\n"
      "# TYPE \"c.d\" histogram\n{\"c.d_bucket\",le=\"+Inf\"} 1\n{\"c.d_sum\"} 1\n";
  EXPECT_EQ(merged({text}, {.escaping = Escaping::kDots}).text,
            "# TYPE a__b summary\na__b{quantile=\"0.5\"} 1\na__b_sum 1\na__b_count 1\n"
            "# TYPE c_dot_d histogram\nc_dot_d_bucket{le=\"+Inf\"} 1\nc_dot_d_sum 1\n");
  EXPECT_EQ(merged({text}, {.escaping = Escaping::kValues}).text,
            "# TYPE a_b summary\na_b{quantile=\"0.5\"} 1\na_b_sum 1\na_b_count 1\n"
            "# TYPE U__c_2e_d histogram\nU__c_2e_d_bucket{le=\"+Inf\"} 1\nU__c_2e_d_sum 1\n");
}

// The fuzzer found it: such families were left out, as if they were of another.
TEST(Names, OfFamiliesThatEndInCreatedAreTheirOwn) {
  EXPECT_EQ(merged({"# TYPE a_created gauge\na_created 1\n"}, {.escaping = Escaping::kDots}).text,
            "# TYPE a__created gauge\na__created 1\n");
  EXPECT_EQ(merged({"{\"a.b_created\"} 1\n"}, {}).text,
            "# TYPE a_b_created untyped\na_b_created 1\n");
}

TEST(Names, OfTwoLabelsThatAreOneWhenEscapedCostTheSample) {
  const Page page = merged({"a{\"b.c\"=\"1\",b_c=\"2\"} 1\na 2\n"}, {});
  EXPECT_EQ(page.text, "# TYPE a untyped\na 2\n");
  EXPECT_EQ(page.stats.unwritable_dropped, 1U);
}

TEST(Names, HaveNoWrongEscapesAndAreNotEmpty) {
  for (const auto bad : {"{\"\"} 1\n", "{\"a\\x\"} 1\n", "{\"a\",\"\"=\"1\"} 1\n", "{\"\xFF\"} 1\n",
                         "{\"a\" \"b\"} 1\n", "{a=\"1\"} 1\n", "{} 1\n", "{\"__name__\"=\"a\"} 1\n",
                         "a{\"__name__\"=\"b\"} 1\n", "a{\"b\"=\"1\",b=\"2\"} 1\n"}) {
    EXPECT_FALSE(scan(bad)) << bad;
  }
}

TEST(Names, OfManyLabelsAreWrittenInGoodTime) {
  std::string text = "a{\"b.c\"=\"1\"";
  for (int i = 0; i < 50'000; ++i) text += ",a" + std::to_string(i) + "=\"1\"";
  EXPECT_EQ(merged({text + "} 1\n"}, {}).stats.unwritable_dropped, 0U);
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

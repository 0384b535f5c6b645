#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "generators.h"
#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

using Sources = std::vector<ModelSource>;

// Of a client or a few, each of some lines: more would only take longer.
Sources any_sources() { return *rc::gen::resize(20, rc::gen::container<Sources>(any_source())); }

std::vector<std::string> texts_of(const Sources& sources) {
  std::vector<std::string> texts;
  for (const ModelSource& source : sources) texts.push_back(model_text(source));
  return texts;
}

// What a page must be, said plainly: per family its metadata and the first sample of each series.
std::string expected_page(const Sources& sources) {
  std::map<std::string, std::string> lines;
  std::vector<std::string> families;  // as they come
  std::set<std::string> seen;
  for (const ModelSource& source : sources) {
    for (const ModelSample& sample : source) {
      if (!lines.contains(sample.family)) families.push_back(sample.family);
      if (seen.insert(sample.series).second) lines[sample.family] += sample.line + "\n";
    }
  }
  std::string page;
  for (const std::string& family : families) {
    page += "# HELP " + family + " about " + family + "\n";
    page += "# TYPE " + family + " " + model_type(family) + "\n" + lines[family];
  }
  return page;
}

std::multiset<std::string> lines_of(const std::string& page) {
  std::multiset<std::string> lines;
  for (std::size_t begin = 0; begin < page.size();) {
    const std::size_t end = page.find('\n', begin);
    lines.insert(page.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// A model source without two samples of one series.
ModelSource without_duplicates(const ModelSource& source) {
  ModelSource kept;
  std::set<std::string> seen;
  for (const ModelSample& sample : source) {
    if (seen.insert(sample.series).second) kept.push_back(sample);
  }
  return kept;
}

RC_GTEST_PROP(ExpositionProperty, AnyValidTextIsAccepted, (const ModelSource& source, bool crlf)) {
  const std::string text = model_text(source, crlf);
  const auto index = scan(text);
  RC_ASSERT(index.has_value());
  RC_ASSERT(index->samples.size() == source.size());
  for (const Family& family : index->families) {
    const std::string name(family.name(text));
    RC_ASSERT(type_name(family.type) == model_type(name));
    RC_ASSERT(family.help(text) == "about " + name);
  }
}

RC_GTEST_PROP(ExpositionProperty, APageIsTheUnionOfItsParts, ()) {
  const Sources sources = any_sources();
  RC_ASSERT(merged(texts_of(sources)).text == expected_page(sources));
}

RC_GTEST_PROP(ExpositionProperty, EverySampleIsWrittenOrCounted, ()) {
  const Sources sources = any_sources();
  const Page page = merged(texts_of(sources));
  std::size_t count = page.stats.duplicates_dropped;
  const auto index = scan(page.text);
  RC_ASSERT(index.has_value());
  std::size_t samples = 0;
  for (const ModelSource& source : sources) samples += source.size();
  RC_ASSERT(count + index->samples.size() == samples);
}

RC_GTEST_PROP(ExpositionProperty, AMergedPageMergesToItself, ()) {
  const Sources sources = any_sources();
  const Page page = merged(texts_of(sources));
  RC_ASSERT(merged({page.text}).text == page.text);
}

RC_GTEST_PROP(ExpositionProperty, SeniorsMayBeMergedFirst, ()) {
  const Sources sources = any_sources();
  const auto texts = texts_of(sources);
  const std::size_t cut = *rc::gen::inRange<std::size_t>(0, texts.size() + 1);
  const auto middle = texts.begin() + static_cast<std::ptrdiff_t>(cut);
  const Page seniors = merged({texts.begin(), middle});
  std::vector<std::string> rest(middle, texts.end());
  rest.insert(rest.begin(), seniors.text);
  RC_ASSERT(merged(rest).text == merged(texts).text);
}

RC_GTEST_PROP(ExpositionProperty, HoweverASourceIsSplitTheSetIsTheSame,
              (const ModelSource& source)) {
  const ModelSource whole = without_duplicates(source);
  Sources parts(4);
  for (const ModelSample& sample : whole) {
    parts[*rc::gen::inRange<std::size_t>(0, parts.size())].push_back(sample);
  }
  RC_ASSERT(lines_of(merged(texts_of(parts)).text) == lines_of(merged({model_text(whole)}).text));
}

// Types and names that clash in every way: whatever comes, the page is scanned again and whole.
RC_GTEST_PROP(ExpositionProperty, ClashingFamiliesStillMakeAPageOfContiguousFamilies, ()) {
  using rc::gen::element;
  std::vector<std::string> texts(*rc::gen::inRange<std::size_t>(0, 5));
  for (std::string& text : texts) {
    const std::size_t count = *rc::gen::inRange<std::size_t>(0, 8);
    for (std::size_t i = 0; i < count; ++i) {
      const auto name = *element<std::string>("a", "a_sum", "a_count", "a_bucket", "a_sum_count");
      const auto type = *element<std::string>("", "gauge", "counter", "histogram", "summary");
      if (!type.empty()) text += "# TYPE " + name + " " + type + "\n";
      text += name + *element<std::string>("", "_sum", "_count", "_bucket") + " 1\n";
    }
  }
  const Page page = merged(texts);
  const auto index = scan(page.text);
  RC_ASSERT(index.has_value());
  RC_ASSERT(merged({page.text}).text == page.text);
  RC_ASSERT(merged({page.text}).stats == MergeStats{});
  std::set<std::string> series;
  for (const Sample& sample : index->samples) {
    RC_ASSERT(series.insert(std::string(sample.name(page.text))).second);
  }
}

// Braces without labels are left where a line is copied.
std::string without_empty_braces(std::string page) {
  for (auto at = page.find("{} "); at != std::string::npos; at = page.find("{} ", at)) {
    page.erase(at, 2);
  }
  return page;
}

RC_GTEST_PROP(ExpositionProperty, LinesAreCopiedAsTheyWouldBeRewritten, ()) {
  constexpr Format kText{.escaping = Escaping::kAllowUtf8};
  constexpr Format kOpenMetrics{.syntax = Syntax::kOpenMetrics, .escaping = Escaping::kAllowUtf8};
  std::vector<std::string> texts = texts_of(any_sources());
  std::vector<std::string> opens;  // the same in OpenMetrics
  for (const std::string& text : texts) opens.push_back(merged({text}, kOpenMetrics).text);
  const auto check = [](const std::vector<std::string>& from, Format format) {
    format.honor_timestamps = *rc::gen::arbitrary<bool>();
    const Page copied = merged(from, format);
    const Page rewritten = merged(from, format, Lines::kRewritten);
    RC_ASSERT(without_empty_braces(copied.text) == without_empty_braces(rewritten.text));
    RC_ASSERT(copied.stats == rewritten.stats);
  };
  check(opens, kText);
  check(opens, kOpenMetrics);
  texts.insert(texts.end(), opens.begin(), opens.end());
  check(texts, kOpenMetrics);
}

RC_GTEST_PROP(ExpositionProperty, DamagedTextsAreJudgedWithoutACrash, (const ModelSource& source)) {
  std::string text = model_text(source);
  const std::size_t count = *rc::gen::inRange<std::size_t>(0, 4);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size());
    text[at] = *rc::gen::oneOf(rc::gen::arbitrary<char>(),
                               rc::gen::element('"', '\\', '{', '}', ',', '=', '\n', '#', ' '));
  }
  text.resize(*rc::gen::inRange<std::size_t>(0, text.size() + 1));
  if (scan(text)) RC_ASSERT(scan(merged({text}).text).has_value());
}

RC_GTEST_PROP(ExpositionProperty, ArbitraryBytesAreJudgedWithoutACrash, ()) {
  const auto any_byte = rc::gen::oneOf(
      rc::gen::arbitrary<char>(), rc::gen::elementOf(std::string("a_1:{}=\"\\,# \t\r\n.+-eN")));
  const std::string text = *rc::gen::container<std::string>(any_byte);
  if (scan(text)) RC_ASSERT(scan(merged({text}).text).has_value());
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

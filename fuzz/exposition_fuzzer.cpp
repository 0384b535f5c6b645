// The gate and the merge under arbitrary bytes: the input is cut at each 0xFF into the texts of
// several clients, of which those that scan() lets in make a page. The page is valid, every sample
// is on it or counted, and merging it again changes nothing and finds no conflict. In protobuf it
// is of whole messages. The input says in which other format there is one more page, which is valid
// too and stays as it is. Each text is also read by the one before it, as if one client had sent
// both, with names on its samples, and after it was stored. And all of it is one payload, which may
// be protobuf.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "exposition/labelled.h"
#include "exposition/page_writer.h"
#include "exposition/read.h"
#include "exposition/rescan.h"
#include "exposition/scan.h"
#include "exposition/stored.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr base::SipKey kKey{1, 2};
constexpr char kCut = '\xFF';  // in no valid text

struct Page {
  std::string text;
  MergeStats stats;
};

Page write(const std::vector<Source>& sources, const Format& format = {}) {
  PageWriter writer(sources, format, kKey);
  Page page;
  while (writer.write(page.text)) {
    CHECK(page.text.empty() || page.text.ends_with('\n'), "a chunk is of whole lines");
  }
  page.stats = writer.stats();
  return page;
}

std::size_t sample_count(const std::vector<Source>& sources) {
  std::size_t count = 0;
  for (const Source& source : sources) count += source.index->samples.size();
  return count;
}

void check_index(std::string_view text, const Index& index) {
  std::size_t count = 0;
  for (const Family& family : index.families) {
    count += family.sample_count;
    std::string_view stem = family.name(text);
    if (stem.ends_with("_total")) stem.remove_suffix(6);  // of OpenMetrics, beside `_created`
    for (std::size_t i = 0; i < family.sample_count; ++i) {
      const std::string_view name = index.samples[family.first_sample + i].name(text);
      CHECK(name.starts_with(stem), "a sample is named after its family");
    }
  }
  CHECK(count == index.samples.size(), "each sample belongs to one family");
}

// A text is read by another as a scan reads it, or not at all.
void check_rescan(const std::string& text, const std::string& before) {
  const auto index = scan(before, kKey);
  if (!index) return;
  const auto again = rescan(text, Exposition{before, *index});
  if (!again) return;
  const auto fresh = scan(text, kKey);
  CHECK(fresh.has_value(), "what is read again is valid");
  CHECK(*again == *fresh, "what is read again is as a scan reads it");
}

void check_page(const std::vector<Source>& sources) {
  const Page page = write(sources);
  const auto index = scan(page.text, kKey);
  CHECK(index.has_value(), "a page is valid");
  check_index(page.text, *index);
  const std::size_t told =
      index->samples.size() + page.stats.duplicates_dropped + page.stats.unwritable_dropped;
  const bool are_text = std::ranges::all_of(  // which has no `_created` that it could leave out
      sources, [](const Source& source) { return source.index->dialect == Dialect::kText; });
  const bool are_all_told =
      are_text && page.stats.families_dropped + page.stats.families_clashing == 0;
  CHECK(are_all_told ? told == sample_count(sources) : told <= sample_count(sources),
        "a sample is written or counted");
  if (page.stats.unwritable_dropped > 0) return;  // there may be a family without samples
  const Page again = write({{page.text, &*index}});
  CHECK(again.text == page.text && again.stats == MergeStats{}, "a page merges to itself");
}

// One of all that there are but for protobuf, each as likely as the others.
Format format_by(std::string_view input) {
  const unsigned choice = std::accumulate(input.begin(), input.end(), 0U, [](unsigned sum, char c) {
    return 31 * sum + static_cast<unsigned char>(c);
  });
  constexpr Escaping kEscapings[] = {Escaping::kAllowUtf8, Escaping::kUnderscores, Escaping::kDots,
                                     Escaping::kValues};
  return {.syntax = choice % 2 == 0 ? Syntax::kText : Syntax::kOpenMetrics,
          .escaping = kEscapings[choice / 2 % 4],
          .honor_timestamps = choice / 8 % 2 == 0};
}

void check_format(const std::vector<Source>& sources, const Format& format) {
  const Page page = write(sources, format);
  const bool is_open = format.syntax == Syntax::kOpenMetrics;
  const auto index = scan(page.text, is_open ? Dialect::kOpenMetrics : Dialect::kText, kKey);
  CHECK(index.has_value(), "a page is valid in its format");
  CHECK(ends_as_openmetrics(page.text) == is_open, "OpenMetrics has an end, and nothing else");
  check_index(page.text, *index);
  CHECK(index->samples.size() + page.stats.duplicates_dropped <= sample_count(sources),
        "no sample is made up");
  if (page.stats.unwritable_dropped > 0) return;  // there may be a family without samples
  Format again = format;  // its names need no other, and by some `_` becomes `__` each time
  again.escaping = Escaping::kAllowUtf8;
  const Page second = write({{page.text, &*index}}, again);
  const auto second_index = scan(second.text, index->dialect, kKey);
  CHECK(second_index && second_index->samples.size() == index->samples.size() &&
            second_index->families.size() == index->families.size(),
        "a page merges to itself");
  CHECK(write({{second.text, &*second_index}}, again).text == second.text,
        "and stays as it is: lines that were copied may have been rewritten");
}

void check_labelled(const Source& source) {
  const ExtraLabel labels[] = {{"job", "a \"b\"\\"}, {"instance", ""}};
  const Dialect dialect = source.index->dialect;
  const auto text = with_labels(source.text, dialect, labels, std::size_t{1} << 24U);
  CHECK(text.has_value(), "it is short");
  const auto index = scan(*text, dialect, kKey);
  CHECK(index && index->samples.size() == source.index->samples.size(),
        "with names on it every sample is there");
}

void check_stored(const Exposition& exposition) {
  const auto restored = restore(exposition.text, stored_form(exposition), kKey);
  CHECK(restored && restored->text == exposition.text && restored->index == exposition.index,
        "what was stored is as it was");
}

void check_protobuf(const std::vector<Source>& sources, Escaping escaping) {
  PageWriter writer(sources, {.syntax = Syntax::kProtobuf, .escaping = escaping}, kKey);
  std::string page;
  while (writer.write(page)) {
  }
  for (std::string_view rest = page; !rest.empty();) {
    std::size_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
      CHECK(!rest.empty() && shift < 64, "a length has an end");
      const auto byte = static_cast<unsigned char>(rest[0]);
      rest.remove_prefix(1);
      size |= std::size_t{byte & 0x7FU} << shift;
      if (byte < 0x80) break;
    }
    CHECK(size > 0 && size <= rest.size(), "a message is there whole");
    rest.remove_prefix(size);
  }
  const MergeStats& stats = writer.stats();
  CHECK(stats.duplicates_dropped + stats.unwritable_dropped <= sample_count(sources),
        "no sample is counted twice");
}

// What a client sent in whichever format: where it can be read, its pages can.
void check_read(const std::string& payload) {
  const ReadSettings settings{.text_bytes_max = std::size_t{1} << 22U, .key = kKey};
  const auto exposition = read(payload, nullptr, settings);
  if (!exposition) return;
  const auto again = read(payload, &*exposition, settings);
  CHECK(again.has_value() && again->index == exposition->index, "the last one changes nothing");
  check_stored(*exposition);
  const std::vector<Source> sources{{exposition->text, &exposition->index}};
  check_labelled(sources.front());
  check_page(sources);
  check_format(sources, format_by(payload));
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace prometheus_rsocket::exposition;
  const std::string input(data, data + size);
  std::deque<std::string> texts;  // copies of their own size: a read beyond one is seen
  std::deque<Index> indexes;
  std::vector<Source> sources;
  for (std::size_t begin = 0; begin <= input.size();) {
    const std::size_t end = std::min(input.find(kCut, begin), input.size());
    texts.push_back(input.substr(begin, end - begin));
    begin = end + 1;
    auto index = scan(texts.back(), kKey);
    if (!index) continue;
    check_index(texts.back(), *index);
    indexes.push_back(std::move(*index));
    sources.push_back({texts.back(), &indexes.back()});
  }
  for (std::size_t i = 1; i < texts.size(); ++i) check_rescan(texts[i], texts[i - 1]);
  for (const Source& source : sources) check_labelled(source);
  check_page(sources);
  check_format(sources, format_by(input));
  check_protobuf(sources, Escaping::kAllowUtf8);
  check_protobuf(sources, Escaping::kUnderscores);
  check_read(input);
  return 0;
}

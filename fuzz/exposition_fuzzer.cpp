// The gate and the merge under arbitrary bytes: the input is cut at each 0xFF into the texts of
// several clients, of which those that scan() lets in make a page. The page is valid, every sample
// is on it or counted, and merging it again changes nothing and finds no conflict. In protobuf it
// is of whole messages. Each text is also read by the one before it, as if one client had sent
// both. And all of it is one payload, which may be protobuf.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "exposition/page_writer.h"
#include "exposition/read.h"
#include "exposition/rescan.h"
#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr base::SipKey kKey{1, 2};
constexpr char kCut = '\xFF';  // in no valid text

struct Page {
  std::string text;
  MergeStats stats;
};

Page write(const std::vector<Source>& sources) {
  PageWriter writer(sources, {}, kKey);
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
    for (std::size_t i = 0; i < family.sample_count; ++i) {
      const std::string_view name = index.samples[family.first_sample + i].name(text);
      CHECK(name.starts_with(family.name(text)), "a sample is named after its family");
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
  if (page.stats.families_dropped + page.stats.families_clashing == 0) {
    CHECK(index->samples.size() + page.stats.duplicates_dropped + page.stats.unwritable_dropped ==
              sample_count(sources),
          "a sample is written or counted");
  }
  if (page.stats.unwritable_dropped > 0) return;  // there may be a family without samples
  const Page again = write({{page.text, &*index}});
  CHECK(again.text == page.text && again.stats == MergeStats{}, "a page merges to itself");
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
  check_page({{exposition->text, &exposition->index}});
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
  check_page(sources);
  check_protobuf(sources, Escaping::kAllowUtf8);
  check_protobuf(sources, Escaping::kUnderscores);
  check_read(input);
  return 0;
}

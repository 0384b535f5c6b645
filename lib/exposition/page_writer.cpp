#include "exposition/page_writer.h"

#include <string_view>
#include <utility>

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::size_t kFamiliesPerStep = 4096;  // well below a millisecond

// Prometheus takes any HELP text, strict parsers know the escapes `\\` and `\n` alone (text 0.0.4,
// "Comments, help text, and type information"): any other backslash is doubled.
void append_help(std::string_view help, std::string& out) {
  for (std::size_t i = 0; i < help.size(); ++i) {
    out += help[i];
    if (help[i] != '\\') continue;
    const bool is_escape = i + 1 < help.size() && (help[i + 1] == '\\' || help[i + 1] == 'n');
    out += is_escape ? help[++i] : '\\';
  }
}

}  // namespace

PageWriter::PageWriter(std::span<const Source> sources, const base::SipKey& key)
    : sources_(sources), merger_(std::in_place, sources, key) {}

bool PageWriter::make_plan() {
  if (!merger_) return true;
  if (merger_->advance(kFamiliesPerStep)) return false;
  plan_ = std::move(*merger_).finish();
  merger_.reset();
  return true;
}

bool PageWriter::write(std::string& out) {
  if (!make_plan()) return true;
  if (family_ == plan_.families.size()) return false;
  const std::size_t begin = out.size();
  dropped_bytes_ = 0;
  const auto is_full = [&] { return out.size() - begin + dropped_bytes_ >= kChunkBytes; };
  while (family_ < plan_.families.size() && !is_full()) {
    const MergedFamily& family = plan_.families[family_];
    if (!has_begun_) begin_family(family, out);
    const auto& [part, next] = plan_.parts[part_];
    const Source& source = sources_[part.source];
    const Family& share = source.index->families[part.family];
    while (sample_ < share.sample_count && !is_full()) {
      write_sample(source, source.index->samples[share.first_sample + sample_], out);
      ++sample_;
    }
    if (sample_ < share.sample_count) break;
    sample_ = 0;
    part_ = next;
    if (part_ != Plan::kNone) continue;
    ++family_;
    has_begun_ = false;
  }
  return true;
}

void PageWriter::begin_family(const MergedFamily& family, std::string& out) {
  has_begun_ = true;
  part_ = family.first_part;
  std::size_t count = 0;
  for (std::uint32_t at = part_; at != Plan::kNone; at = plan_.parts[at].next) {
    const Part& part = plan_.parts[at].part;
    count += sources_[part.source].index->families[part.family].sample_count;
  }
  series_.restart(family.type, count);
  if (!family.help.empty()) {
    out.append("# HELP ").append(family.name).append(" ");
    append_help(family.help, out);
    out += '\n';
  }
  out.append("# TYPE ").append(family.name).append(" ").append(type_name(family.type)) += '\n';
}

void PageWriter::write_sample(const Source& source, const Sample& sample, std::string& out) {
  const std::string_view line = sample.line(source.text);
  if (series_.insert({sample.name(source.text), sample.labels(source.text)}, sample.hash())) {
    out.append(line) += '\n';
  } else {
    dropped_bytes_ += line.size() + 1;
    ++plan_.stats.duplicates_dropped;
  }
}

}  // namespace prometheus_rsocket::exposition

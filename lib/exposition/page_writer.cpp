#include "exposition/page_writer.h"

#include <string_view>
#include <utility>

#include "exposition/names.h"
#include "exposition/prefetch.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::size_t kFamiliesPerStep = 4096;  // well below a millisecond

void append_metadata(std::string_view keyword, std::string_view name, std::string_view word,
                     std::string& out) {
  out += keyword;
  append_name(name, NameKind::kMetric, out);
  (out += ' ').append(word) += '\n';
}

// Backslashes that escape nothing are written as two, line feeds as an escape; quotes are escaped
// in OpenMetrics alone.
void append_help(const MergedFamily& family, std::string_view name, Dialect to, std::string& out) {
  if (family.help.empty()) return;
  std::string help;
  for (const char c : unescape_help(family.help, family.help_dialect)) {
    const bool is_quote = c == '"' && to == Dialect::kOpenMetrics;
    if (c == '\\' || c == '\n' || is_quote) help += '\\';
    help += c == '\n' ? 'n' : c;
  }
  append_metadata("# HELP ", name, help, out);
}

}  // namespace

PageWriter::PageWriter(std::span<const Source> sources, const Format& format,
                       const base::SipKey& key)
    : sources_(sources),
      format_(format),
      key_(key),
      lines_(format),
      merger_(std::in_place, sources, format, key),
      plan_(key),
      protobuf_(sources, format, key) {}

bool PageWriter::make_plan() {
  if (!merger_) return true;
  if (merger_->advance(kFamiliesPerStep)) return false;
  plan_ = std::move(*merger_).finish();
  merger_.reset();
  return true;
}

bool PageWriter::write(std::string& out) {
  if (!make_plan()) return true;
  if (format_.syntax == Syntax::kProtobuf) return protobuf_.write(plan_, out);
  if (family_ == plan_.families.size()) return end(out);
  const std::size_t begin = out.size();
  dropped_bytes_ = 0;
  const auto left = [&] {
    const std::size_t done = out.size() - begin + dropped_bytes_;
    return done < kChunkBytes ? kChunkBytes - done : 0;
  };
  while (family_ < plan_.families.size() && left() > 0) {
    const MergedFamily& family = plan_.families[family_];
    if (!has_begun_) begin_family(family, out);
    const auto& [part, next] = plan_.parts[part_];
    const Source& source = sources_[part.source];
    const std::span<const Sample> samples = samples_of(part);
    if (sample_ == 0) prefetch_next();
    if (!escapes_ && lines_.copies(*source.index, family.type)) {
      sample_ += copy_samples(family, source, samples.subspan(sample_), left(), out);
    }
    while (sample_ < samples.size() && left() > 0) {
      write_sample(family, source, samples[sample_], out);
      ++sample_;
    }
    if (sample_ < samples.size()) break;
    sample_ = 0;
    part_ = next;
    if (part_ != Plan::kNone) continue;
    ++family_;
    has_begun_ = false;
  }
  return true;
}

const Family& PageWriter::share_of(const Part& part) const {
  return sources_[part.source].index->families[part.family];
}

std::span<const Sample> PageWriter::samples_of(const Part& part) const {
  const Family& share = share_of(part);
  return std::span(sources_[part.source].index->samples)
      .subspan(share.first_sample, share.sample_count);
}

void PageWriter::start_prefetching(const MergedFamily& family) {
  constexpr int kPartsAhead = 3;  // of each of the three
  share_ahead_ = samples_ahead_ = lines_ahead_ = Plan::kNone;
  for (std::uint32_t* const position : {&share_ahead_, &samples_ahead_, &lines_ahead_}) {
    *position = family.first_part;
    for (int i = 0; i < kPartsAhead; ++i) prefetch_next();
  }
}

void PageWriter::prefetch_next() {
  const auto take = [this](std::uint32_t& position) {
    const auto& link = plan_.parts[position];
    position = link.next;
    return link.part;
  };
  if (share_ahead_ != Plan::kNone) prefetch(&share_of(take(share_ahead_)), sizeof(Family));
  if (samples_ahead_ != Plan::kNone) {
    const auto samples = samples_of(take(samples_ahead_));
    prefetch(samples.data(), samples.size_bytes());
  }
  if (lines_ahead_ != Plan::kNone) {
    const Part part = take(lines_ahead_);
    const std::string_view text = sources_[part.source].text;
    const auto samples = samples_of(part);
    const std::string_view first = samples.front().line(text);
    const std::string_view last = samples.back().line(text);
    prefetch(first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data()));
  }
}

void PageWriter::begin_family(const MergedFamily& family, std::string& out) {
  has_begun_ = true;
  part_ = family.first_part;
  start_prefetching(family);
  series_.restart(family.type, family.sample_count);
  escapes_ = format_.escaping == Escaping::kDots ||
             (format_.escaping != Escaping::kAllowUtf8 && family.may_have_quotes);
  keeps_created_ = false;
  if (format_.syntax == Syntax::kOpenMetrics) return write_openmetrics_head(family, out);
  append_help(family, family.name, Dialect::kText, out);
  append_metadata("# TYPE ", family.name, type_name(family.type), out);
}

// `foo_count` beside a histogram `foo`.
bool PageWriter::is_of_structural_family(std::string_view name) const {
  const std::string_view base = structural_base(name);
  const auto* const owner = base.empty() ? nullptr : plan_.find(base);
  return owner != nullptr && owns_suffix(owner->type, base, name);
}

// Unknown or gauge where OpenMetrics could not call the family what it would have to.
FamilyType PageWriter::openmetrics_type(const MergedFamily& family) {
  const std::string_view suffix = openmetrics_suffix(family.type);
  if (suffix.empty()) return family.type;
  const bool is_counter = family.type == FamilyType::kCounter;
  const FamilyType other = is_counter ? FamilyType::kUntyped : FamilyType::kGauge;
  if (!family.name.ends_with(suffix) || family.name.size() == suffix.size()) return other;
  const std::string_view base = family.name.substr(0, family.name.size() - suffix.size());
  if (plan_.find(base) != nullptr) return other;
  if (is_of_structural_family(base)) return other;
  if (!is_counter) return family.type;
  if (plan_.find(name_.assign(base).append(kCreatedSuffix)) != nullptr) return other;
  const auto* const info =
      plan_.find(name_.assign(base).append(openmetrics_suffix(FamilyType::kInfo)));
  return info != nullptr && info->type == FamilyType::kInfo ? other : family.type;
}

void PageWriter::write_openmetrics_head(const MergedFamily& family, std::string& out) {
  const FamilyType type = openmetrics_type(family);
  const std::string_view name =
      family.name.substr(0, family.name.size() - openmetrics_suffix(type).size());
  keeps_created_ =
      type == FamilyType::kCounter ||
      (is_structural(type) && plan_.find(name_.assign(name).append(kCreatedSuffix)) == nullptr);
  append_metadata("# TYPE ", name, openmetrics_type_name(type), out);
  append_help(family, name, Dialect::kOpenMetrics, out);
  const std::string_view unit = unit_of(family, name);
  if (!unit.empty()) append_metadata("# UNIT ", name, unit, out);
}

// `_created` of a counter or of a structural family, where it has no place. Beside `foo_total` it
// is `foo_created`, otherwise it is behind the family's name: most names are told by their size.
bool PageWriter::is_left_out(const MergedFamily& family, std::string_view name) const {
  constexpr std::size_t kLonger = kCreatedSuffix.size();
  constexpr std::size_t kLongerThanTotal = kLonger - std::string_view("_total").size();
  if (keeps_created_) return false;
  const std::size_t longer = name.size() - family.name.size();
  if (!escapes_ && longer != kLonger && longer != kLongerThanTotal) return false;
  if (!name.ends_with(kCreatedSuffix)) return false;
  if (!escapes_) return name.size() != family.name.size();
  return escape_name(name, NameKind::kMetric, format_.escaping) != family.name;
}

// Of a source whose lines are copied as they are: what stands together in its text is copied
// together. Takes samples until `bytes_max` are reached; how many.
std::size_t PageWriter::copy_samples(const MergedFamily& family, const Source& source,
                                     std::span<const Sample> samples, std::size_t bytes_max,
                                     std::string& out) {
  std::string_view run;  // whole lines, the last one without its line feed
  std::size_t bytes = 0;
  std::size_t count = 0;
  const auto write_run = [&] {
    if (!run.empty()) out.append(run) += '\n';
    run = {};
  };
  constexpr std::size_t kAhead = 4;
  for (; count < samples.size() && bytes < bytes_max; ++count) {
    const Sample& sample = samples[count];
    if (count + kAhead < samples.size()) series_.prefetch(samples[count + kAhead].hash());
    const std::string_view line = sample.line(source.text);
    const std::string_view name = sample.name(source.text);
    bytes += line.size() + 1;
    const bool has_place = !is_left_out(family, name);
    const bool is_written =
        has_place && series_.insert({name, sample.labels(source.text)}, sample.hash());
    if (has_place && !is_written) ++plan_.stats.duplicates_dropped;
    if (!is_written) {
      dropped_bytes_ += line.size() + 1;
      write_run();
    } else if (!run.empty() && line.data() == run.data() + run.size() + 1) {
      run = {run.data(), run.size() + 1 + line.size()};  // but a line feed is between
    } else {
      write_run();
      run = line;
    }
  }
  write_run();
  return count;
}

void PageWriter::write_sample(const MergedFamily& family, const Source& source,
                              const Sample& sample, std::string& out) {
  const std::string_view line = sample.line(source.text);
  const std::string_view name = sample.name(source.text);
  const std::size_t begin = out.size();
  if (is_left_out(family, name)) {
    // It has no place here.
  } else if (escapes_) {
    write_escaped_sample(family, source, sample, out);
  } else if (!lines_.write(source.text, *source.index, family, sample, out)) {
    ++plan_.stats.unwritable_dropped;
  } else if (!series_.insert({name, sample.labels(source.text)}, sample.hash())) {
    ++plan_.stats.duplicates_dropped;
    out.resize(begin);
  }
  if (out.size() == begin) dropped_bytes_ += line.size() + 1;
}

// Series are the same when they are written the same. How one is written is found out again where
// another may be the same, rather than kept.
void PageWriter::write_escaped_sample(const MergedFamily& family, const Source& source,
                                      const Sample& sample, std::string& out) {
  const std::size_t begin = out.size();
  if (!lines_.write(source.text, *source.index, family, sample, out)) {
    ++plan_.stats.unwritable_dropped;
    return;
  }
  const auto view_of = [](std::string_view line) {
    const SeriesParts parts = series_parts(line);
    return SeriesView{parts.name, parts.labels};
  };
  const SeriesView written = view_of(std::string_view(out).substr(begin));
  const auto is_same = [&](const SeriesView& other) {
    other_.clear();
    static_cast<void>(lines_.write_series(other.name, other.labels, family, other_));
    return same_series(family.type, view_of(other_), written);
  };
  const SeriesView as_it_came{sample.name(source.text), sample.labels(source.text)};
  if (series_.insert(as_it_came, series_hash(key_, family.type, written), is_same)) return;
  ++plan_.stats.duplicates_dropped;
  out.resize(begin);
}

bool PageWriter::end(std::string& out) {
  if (format_.syntax == Syntax::kText || std::exchange(has_ended_, true)) return false;
  out += "# EOF\n";
  return true;
}

}  // namespace prometheus_rsocket::exposition

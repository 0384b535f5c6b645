#include "exposition/index_builder.h"

#include <algorithm>
#include <utility>

#include "exposition/series.h"

namespace prometheus_rsocket::exposition {

IndexBuilder::IndexBuilder(std::string_view text, Dialect dialect, const base::SipKey& key)
    : text_(text), key_(key) {
  index_.dialect = dialect;
}

void IndexBuilder::expect_lines_of(std::string_view text, std::size_t bytes_max) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  index_.samples.reserve(std::min(lines, bytes_max / sizeof(Sample)));
}

void IndexBuilder::set_help(std::string_view name, std::string_view help) {
  Family& family = declared(name);
  family.help_begin = help.empty() ? 0 : offset(help);
  family.help_size = static_cast<std::uint32_t>(help.size());
}

bool IndexBuilder::set_type(std::string_view name, FamilyType type) {
  const bool is_protobuf = index_.dialect == Dialect::kProtobuf;
  const auto before = is_protobuf ? find(name) : std::nullopt;
  if (before && index_.families[*before].type != type) return false;
  declared(name).type = type;
  names_[last_].is_gauge_histogram = false;
  family_ = last_;
  return true;
}

void IndexBuilder::set_gauge_histogram(std::string_view name) {
  declared(name).type = FamilyType::kUntyped;
  names_[last_].is_gauge_histogram = true;
}

void IndexBuilder::set_unit(std::string_view name, std::string_view unit) {
  const bool is_short = unit.size() <= std::numeric_limits<std::uint16_t>::max();
  declared(name).unit_size = is_short ? static_cast<std::uint16_t>(unit.size()) : std::uint16_t{0};
}

void IndexBuilder::add_sample(std::string_view line, const SeriesReader& series,
                              const LineRest& rest) {
  const std::uint32_t id = name_of(series);
  Name& name = names_[id];
  const std::uint32_t at = offset(line);
  if (series.has_bad_le()) name.bad_le = std::min(name.bad_le, at);
  if (series.has_bad_quantile()) name.bad_quantile = std::min(name.bad_quantile, at);
  if (is_negative(rest.value) && !is_sum(series.name())) {
    name.negative = std::min(name.negative, at);
  }
  if (runs_.empty() || runs_.back().name != id || runs_.back().hashed_as != series.type()) {
    runs_.push_back({id, 0, series.type()});
  }
  ++runs_.back().count;
  index_.has_quoted_names |= series.has_quoted_name();
  index_.has_timestamps |= !rest.timestamp.empty();
  const bool has_one_space = rest.value.data()[-1] == ' ' && !is_blank(rest.value.data()[-2]);
  index_.has_odd_blanks |= series.has_blanks() || !has_one_space;
  index_.has_odd_bounds |= series.has_odd_bound();
  const std::string_view labels = series.labels();
  index_.has_odd_braces |= labels.ends_with(',') || (labels.data() != nullptr && labels.empty());
  index_.has_exemplars |= !rest.exemplar_value.empty();
  index_.samples.emplace_back(text_, line, series.name(), labels);
  index_.samples.back().set_hash(series.hash());
}

std::optional<IndexBuilder::BadSample> IndexBuilder::close() {
  find_owners();
  BadSample first{kNone, {}};
  const auto note = [&](std::uint32_t offset, ScanReason reason) {
    if (offset < first.offset) first = {offset, reason};
  };
  for (std::uint32_t id = 0; id < names_.size(); ++id) {
    const Name& name = names_[id];
    const FamilyType type = index_.families[name.owner].type;
    if (type == FamilyType::kSummary) note(name.bad_quantile, ScanReason::kBound);
    if (type != FamilyType::kHistogram) continue;
    note(name.bad_le, ScanReason::kBound);
    note(name.negative, ScanReason::kCount);
  }
  return first.offset == kNone ? std::nullopt : std::optional(first);
}

Index IndexBuilder::finish() && {
  std::vector<std::uint32_t> owners;
  for (const Name& name : names_) owners.push_back(name.owner);
  drop_families_owned_by_others(owners);
  for (Run& run : runs_) {
    run.name = owners[run.name];
    index_.families[run.name].sample_count += run.count;
  }
  hash_by_their_types();
  std::uint32_t first_sample = 0;
  for (Family& family : index_.families) {
    family.first_sample = first_sample;
    first_sample += family.sample_count;
  }
  const auto by_family = [](const Run& a, const Run& b) { return a.name < b.name; };
  if (std::is_sorted(runs_.begin(), runs_.end(), by_family)) {
    // Making it fit takes both at a time: not for a few lines of metadata.
    const std::size_t unused = index_.samples.capacity() - index_.samples.size();
    if (unused > index_.samples.size() / 8) index_.samples.shrink_to_fit();
  } else {
    bring_families_together();
  }
  index_.families.shrink_to_fit();
  return std::move(index_);
}

Family& IndexBuilder::declared(std::string_view name) {
  const std::uint32_t id = id_of(name);
  names_[id].is_declared = true;
  return index_.families[id];
}

// Whose samples they are, as far as is known.
std::uint32_t IndexBuilder::name_of(const SeriesReader& series) {
  if (index_.dialect == Dialect::kProtobuf) return family_;
  const bool is_of_last_run = !runs_.empty() && series.has_same_name();
  return is_of_last_run ? runs_.back().name : id_of(series.name());
}

// Until finish() every name seen is a family of its own.
std::uint32_t IndexBuilder::id_of(std::string_view name) {
  if (!names_.empty() && index_.families[last_].name(text_) == name) return last_;
  const auto fresh = static_cast<std::uint32_t>(names_.size());
  last_ = ids_.find_or_insert(base::sip_hash(key_, name), fresh, is_named(name));
  if (last_ == fresh) {
    names_.emplace_back();
    index_.families.push_back(
        {.name_begin = offset(name), .name_size = static_cast<std::uint32_t>(name.size())});
  }
  return last_;
}

std::optional<std::uint32_t> IndexBuilder::find(std::string_view name) const {
  return ids_.find(base::sip_hash(key_, name), is_named(name));
}

std::optional<std::uint32_t> IndexBuilder::find(std::string_view base, std::string_view suffix) {
  joined_.assign(base).append(suffix);
  return find(joined_);
}

void IndexBuilder::find_owners() {
  if (index_.dialect == Dialect::kOpenMetrics) {
    const auto all = static_cast<std::uint32_t>(names_.size());
    for (std::uint32_t id = 0; id < all; ++id) name_as_in_text(id);
  }
  for (std::uint32_t id = 0; id < names_.size(); ++id) {
    if (names_[id].owner == kNone) names_[id].owner = owner_of(id);
  }
}

// Of the samples of a structural family, which may come before its type.
std::uint32_t IndexBuilder::owner_of(std::uint32_t id) const {
  const std::string_view name = index_.families[id].name(text_);
  if (names_[id].is_declared) return id;
  const auto owned_by = [&](std::string_view base) -> std::optional<std::uint32_t> {
    if (base.empty()) return std::nullopt;
    const auto owner = find(base);
    const bool owns = owner && owns_suffix(index_.families[*owner].type, base, name);
    return owns ? owner : std::nullopt;
  };
  if (const auto owner = owned_by(structural_base(name))) return *owner;
  if (index_.dialect == Dialect::kOpenMetrics && name.ends_with(kCreatedSuffix)) {
    const auto owner = find(name.substr(0, name.size() - kCreatedSuffix.size()));
    if (owner && is_structural(index_.families[*owner].type)) return *owner;
  }
  return id;
}

// In OpenMetrics metadata is about `foo`, and the samples are of `foo_total`: that becomes the
// family, and has what was said of the other.
void IndexBuilder::name_as_in_text(std::uint32_t id) {
  const Family family = index_.families[id];
  if (names_[id].is_gauge_histogram) {
    for (const std::string_view suffix : kGaugeHistogramSuffixes) {
      hand_over(id, suffix, FamilyType::kGauge);
    }
    return;
  }
  const std::string_view suffix = openmetrics_suffix(family.type);
  if (suffix.empty()) return;
  hand_over(id, suffix, family.type);
  const std::string_view name = family.name(text_);
  const auto created = find(name, kCreatedSuffix);
  if (family.type != FamilyType::kCounter || !created || names_[*created].is_declared) return;
  if (const auto total = find(name, suffix)) names_[*created].owner = *total;
}

void IndexBuilder::hand_over(std::uint32_t id, std::string_view suffix, FamilyType type) {
  const auto to = find(index_.families[id].name(text_), suffix);
  if (!to || names_[*to].is_declared) return;
  const Family& from = index_.families[id];
  Family& family = index_.families[*to];
  family.type = type;
  family.help_begin = from.help_begin;
  family.help_size = from.help_size;
  if (type != FamilyType::kGauge) family.unit_size = from.unit_size;
  names_[*to].owner = *to;
}

// owners then has positions among those that stay.
void IndexBuilder::drop_families_owned_by_others(std::vector<std::uint32_t>& owners) {
  std::vector<std::uint32_t> moved(owners.size());
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < owners.size(); ++i) {
    if (owners[i] != i) continue;
    moved[i] = kept;
    index_.families[kept++] = index_.families[i];
  }
  index_.families.resize(kept);
  for (std::uint32_t& owner : owners) owner = moved[owner];
}

// Samples were hashed as they came, when their families' types may not have been known.
void IndexBuilder::hash_by_their_types() {
  auto sample = index_.samples.begin();
  for (const Run& run : runs_) {
    const auto end = sample + run.count;
    const FamilyType type = index_.families[run.name].type;
    if (bound_label(type) == bound_label(run.hashed_as)) sample = end;
    for (; sample != end; ++sample) {
      const SeriesView series{sample->name(text_), sample->labels(text_)};
      sample->set_hash(series_hash(key_, type, series));
    }
  }
}

// Families in turn, and the samples of each in the order of the text.
void IndexBuilder::bring_families_together() {
  std::vector<std::uint32_t> next;
  for (const Family& family : index_.families) next.push_back(family.first_sample);
  std::vector<Sample> sorted(index_.samples.size());
  auto from = index_.samples.cbegin();
  for (const Run& run : runs_) {
    std::copy_n(from, run.count, sorted.begin() + next[run.name]);
    from += run.count;
    next[run.name] += run.count;
  }
  index_.samples = std::move(sorted);
}

}  // namespace prometheus_rsocket::exposition

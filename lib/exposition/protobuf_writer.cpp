#include "exposition/protobuf_writer.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "exposition/metrics_proto.h"
#include "exposition/names.h"
#include "exposition/page_writer.h"
#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {
namespace {

proto::MetricType type_number(FamilyType type) {
  switch (text_type(type)) {
    case FamilyType::kCounter:
      return proto::kCounter;
    case FamilyType::kGauge:
      return proto::kGauge;
    case FamilyType::kSummary:
      return proto::kSummary;
    case FamilyType::kHistogram:
      return proto::kHistogram;
    default:
      return proto::kUntyped;
  }
}

}  // namespace

bool ProtobufWriter::write(Plan& plan, std::string& out) {
  if (family_ == plan.families.size()) return false;
  const std::size_t begin = out.size();
  work_ = 0;
  for (;;) {
    const std::size_t done = out.size() - begin + work_;
    if (family_ == plan.families.size() || done >= kChunkBytes) return true;
    advance(plan, kChunkBytes - done, out);
  }
}

void ProtobufWriter::advance(Plan& plan, std::size_t room, std::string& out) {
  switch (step_) {
    case Step::kBegin:
      begin_pass(plan);
      break;
    case Step::kGroup: {
      const std::size_t size = groups_.take(is_measuring_ ? plan.stats : ignored_);
      if (size == 0) step_ = Step::kEncode;
      work_ += size;
      break;
    }
    case Step::kEncode:
      encode(plan, out);
      break;
    case Step::kCopy: {
      const std::string_view rest = std::string_view(kept_).substr(copied_, room);
      out += rest;
      copied_ += rest.size();
      if (copied_ == kept_.size()) end_family();
      break;
    }
  }
}

void ProtobufWriter::begin_pass(const Plan& plan) {
  const MergedFamily& family = plan.families[family_];
  groups_.begin_family(family.type, family.name);
  part_ = family.first_part;
  begin_share(plan);
}

void ProtobufWriter::begin_share(const Plan& plan) {
  const Part& part = plan.parts[part_].part;
  const Source& source = sources_[part.source];
  groups_.begin_share(source, source.index->families[part.family]);
  metric_ = 0;
  step_ = Step::kGroup;
}

// The share's next metric, or what comes after its last.
void ProtobufWriter::encode(Plan& plan, std::string& out) {
  if (metric_ == groups_.size()) {
    part_ = plan.parts[part_].next;
    return part_ == Plan::kNone ? end_pass(plan, out) : begin_share(plan);
  }
  std::string& to = is_measuring_ ? kept_ : out;
  const std::size_t begin = to.size();
  encoder_.encode(groups_, metric_++, is_measuring_ ? plan.stats : ignored_, to);
  const std::size_t size = to.size() - begin;
  if (!is_measuring_) {
    written_size_ += size;
    return;
  }
  metrics_size_ += size;
  work_ += size;
  if (metrics_size_ > kKeptBytes) kept_.clear();
}

// A family of which nothing can be written is not there.
void ProtobufWriter::end_pass(const Plan& plan, std::string& out) {
  CHECK(is_measuring_ || written_size_ == metrics_size_, "a family has the length that it says");
  if (!is_measuring_ || metrics_size_ == 0) return end_family();
  write_head(plan.families[family_], out);
  const bool is_kept = kept_.size() == metrics_size_;
  is_measuring_ = false;
  step_ = is_kept ? Step::kCopy : Step::kBegin;
}

// All that a family has besides its metrics: a message's fields may be in any order.
void ProtobufWriter::write_head(const MergedFamily& family, std::string& out) {
  head_.clear();
  wire::append_string(proto::family::kName, unescape(family.name), head_);
  if (!family.help.empty()) {
    wire::append_string(proto::family::kHelp, unescape_help(family.help, family.help_dialect),
                        head_);
  }
  wire::append_signed(proto::family::kType, type_number(family.type), head_);
  std::string_view less_suffix = family.name;
  const std::string_view suffix = openmetrics_suffix(family.type);
  if (less_suffix.ends_with(suffix)) less_suffix.remove_suffix(suffix.size());
  const std::string_view unit = unit_of(family, less_suffix);
  if (!unit.empty()) wire::append_string(proto::family::kUnit, unescape(unit), head_);
  wire::append_varint(head_.size() + metrics_size_, out);
  out += head_;
}

void ProtobufWriter::end_family() {
  ++family_;
  step_ = Step::kBegin;
  is_measuring_ = true;
  metrics_size_ = 0;
  written_size_ = 0;
  kept_.clear();
  copied_ = 0;
}

}  // namespace prometheus_rsocket::exposition

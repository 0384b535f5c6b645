#include "exposition/read.h"

#include <algorithm>
#include <utility>

#include "exposition/lexical.h"
#include "exposition/protobuf_reader.h"
#include "exposition/rescan.h"
#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {
namespace {

using Result = boost::system::result<Exposition, ScanError>;

std::size_t line_of_bad_utf8(std::string_view text) {
  std::size_t number = 1;
  for (; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!is_utf8(text.substr(0, end))) break;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return number;
}

Result read_text(std::string payload, const Exposition* before, const ReadSettings& settings) {
  if (before != nullptr && before->index.dialect != Dialect::kProtobuf) {
    // What it takes has the bytes of a text that was UTF-8, and numbers.
    if (auto index = rescan(payload, *before)) {
      return Exposition{std::move(payload), std::move(*index)};
    }
  }
  if (!is_utf8(payload)) return ScanError{line_of_bad_utf8(payload), ScanReason::kNotUtf8};
  auto index = scan(payload, settings.key, settings.index_bytes_max);
  if (!index) return index.error();
  return Exposition{std::move(payload), std::move(*index)};
}

Result read_protobuf(std::string_view payload, const Exposition* before,
                     const ReadSettings& settings) {
  auto transcript = transcribe(payload, settings.text_bytes_max);
  if (!transcript) return transcript.error();
  Exposition exposition{std::move(transcript->text), {}};
  std::optional<Index> again;
  if (before != nullptr && before->index.dialect == Dialect::kProtobuf) {
    again = rescan(exposition.text, *before);
  }
  if (again) {
    exposition.index = std::move(*again);
  } else {
    auto index = scan(exposition.text, Dialect::kProtobuf, settings.key, settings.index_bytes_max);
    if (!index) {
      return ScanError{transcript->message_of(index.error().line), index.error().reason, true};
    }
    exposition.index = std::move(*index);
  }
  exposition.index.protobuf_fields = std::move(transcript->fields);
  return exposition;
}

}  // namespace

Result read(std::string payload, const Exposition* before, const ReadSettings& settings) {
  if (before != nullptr && before->index.bytes() > settings.index_bytes_max) before = nullptr;
  if (!looks_like_protobuf(payload)) return read_text(std::move(payload), before, settings);
  Result protobuf = read_protobuf(payload, before, settings);
  if (protobuf || protobuf.error().reason != ScanReason::kProtobuf) return protobuf;
  Result text = read_text(std::move(payload), before, settings);
  return text ? std::move(text) : std::move(protobuf);
}

}  // namespace prometheus_rsocket::exposition

// The formats that pages are written in, and the dialects that clients write.
#pragma once

#include <cstdint>

namespace prometheus_rsocket::exposition {

// Of a client's text. Text 0.0.4 and 1.0.0 are one: the second adds names between quotes. Of a
// client that sends protobuf we make lines as in OpenMetrics, with families named as in text
// (protobuf_reader.h).
enum class Dialect : std::uint8_t { kText, kOpenMetrics, kProtobuf };

// What becomes of names beyond [a-zA-Z0-9_:] (prometheus/common, model.EscapeName).
enum class Escaping : std::uint8_t { kAllowUtf8, kUnderscores, kDots, kValues };

// Of a page. Text 0.0.4 and 1.0.0 are one here too.
enum class Syntax : std::uint8_t { kText, kOpenMetrics, kProtobuf };

// How a page is written.
struct Format {
  Syntax syntax = Syntax::kText;
  Escaping escaping = Escaping::kUnderscores;
  bool honor_timestamps = true;  // false: samples are written without theirs

  friend bool operator==(const Format&, const Format&) = default;
};

}  // namespace prometheus_rsocket::exposition

// Names beyond [a-zA-Z_:][a-zA-Z0-9_:]*: between quotes, or escaped (Prometheus "UTF-8 in
// Prometheus", "Text escaping"; prometheus/common, model.EscapeName).
#pragma once

#include <string>
#include <string_view>

#include "exposition/format.h"

namespace prometheus_rsocket::exposition {

enum class NameKind : std::uint8_t { kMetric, kLabel };  // a label has no colon

// Whether it can stand without quotes.
[[nodiscard]] bool is_legacy_name(std::string_view name, NameKind kind);

// Whether escape_name() would change it.
[[nodiscard]] bool needs_escape(std::string_view name, NameKind kind, Escaping escaping);

// `name` as it stood between quotes, with their escapes. REQUIRES: escaping is none that allows
// UTF-8.
[[nodiscard]] std::string escape_name(std::string_view name, NameKind kind, Escaping escaping);

// As it stands in a text: between quotes if it must be.
void append_name(std::string_view name, NameKind kind, std::string& out);

// Without the three escapes that stand between quotes; any other backslash is itself.
[[nodiscard]] std::string unescape(std::string_view quoted);

// The other way round: as it stands between quotes.
[[nodiscard]] std::string escape(std::string_view text);

// A HELP text as it is meant. A backslash that escapes nothing is one; in text alone a quote is no
// escape (text 0.0.4, "Comments, help text, and type information"; OpenMetrics 1.0, "Escaping").
[[nodiscard]] std::string unescape_help(std::string_view help, Dialect dialect);

}  // namespace prometheus_rsocket::exposition

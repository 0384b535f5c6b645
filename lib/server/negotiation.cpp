#include "server/negotiation.h"

#include <optional>

#include "http/negotiation.h"

namespace prometheus_rsocket::server {
namespace {

using exposition::Escaping;
using exposition::Format;
using exposition::Syntax;

constexpr std::string_view kText = "text/plain";
constexpr std::string_view kOpenMetrics = "application/openmetrics-text";
constexpr std::string_view kProtobuf = "application/vnd.google.protobuf";
constexpr std::string_view kProto = "io.prometheus.client.MetricFamily";
constexpr std::string_view kEncoding = "delimited";

std::string_view parameter(const http::Preference& preference, std::string_view name) {
  for (const auto& [key, value] : preference.parameters) {
    if (key == name) return value;
  }
  return {};
}

// prometheus/common, model.ToEscapingScheme; nothing for what it does not know.
std::optional<Escaping> escaping_of(std::string_view word) {
  if (word == "allow-utf-8") return Escaping::kAllowUtf8;
  if (word == "underscores") return Escaping::kUnderscores;
  if (word == "dots") return Escaping::kDots;
  if (word == "values") return Escaping::kValues;
  return std::nullopt;
}

Negotiated make(Syntax syntax, std::string_view version, std::string_view escaping) {
  auto scheme = escaping_of(escaping);
  // The older versions have no names between quotes.
  if (version != "1.0.0" && scheme == Escaping::kAllowUtf8) scheme.reset();
  Negotiated negotiated;
  negotiated.format.syntax = syntax;
  negotiated.format.escaping = scheme.value_or(Escaping::kUnderscores);
  negotiated.content_type.append(syntax == Syntax::kText ? kText : kOpenMetrics)
      .append("; version=")
      .append(version)
      .append("; charset=utf-8");
  // Whoever asked is told; text 1.0.0 always says it.
  const bool is_new_text = syntax == Syntax::kText && version == "1.0.0";
  if (scheme) {
    negotiated.content_type.append("; escaping=").append(escaping);
  } else if (is_new_text) {
    negotiated.content_type.append("; escaping=underscores");
  }
  return negotiated;
}

Negotiated make_protobuf(std::string_view escaping) {
  const auto scheme = escaping_of(escaping);
  Negotiated negotiated;
  negotiated.format.syntax = Syntax::kProtobuf;
  negotiated.format.escaping = scheme.value_or(Escaping::kUnderscores);
  negotiated.content_type.append(kProtobuf)
      .append("; proto=")
      .append(kProto)
      .append("; encoding=")
      .append(kEncoding);
  if (scheme) negotiated.content_type.append("; escaping=").append(escaping);
  return negotiated;
}

std::optional<Negotiated> served(const http::Preference& preference) {
  const std::string_view version = parameter(preference, "version");
  const std::string_view escaping = parameter(preference, "escaping");
  if (preference.value == kOpenMetrics) {
    if (version.empty() || version == "1.0.0" || version == "0.0.1") {
      return make(Syntax::kOpenMetrics, version.empty() ? "1.0.0" : version, escaping);
    }
  } else if (preference.value == kText) {
    if (version.empty() || version == "0.0.4" || version == "1.0.0") {
      return make(Syntax::kText, version.empty() ? "0.0.4" : version, escaping);
    }
  } else if (preference.value == kProtobuf) {
    // Of the other encodings, text and compact-text, each is a way to print a message.
    if (parameter(preference, "proto") == kProto &&
        parameter(preference, "encoding") == kEncoding) {
      return make_protobuf(escaping);
    }
  } else if (preference.value == "text/*" || preference.value == "*/*") {
    return make(Syntax::kText, "0.0.4", {});
  }
  return std::nullopt;
}

}  // namespace

Negotiated negotiate(std::string_view accept) {
  std::optional<Negotiated> best;
  double quality = 0;
  for (const http::Preference& preference : http::parse_preferences(accept)) {
    if (preference.quality <= quality) continue;
    if (auto found = served(preference)) {
      best = std::move(found);
      quality = preference.quality;
    }
  }
  return best ? std::move(*best) : make(Syntax::kText, "0.0.4", {});
}

}  // namespace prometheus_rsocket::server

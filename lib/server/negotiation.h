// Which of our formats a scraper would rather have (exposition.md, "Negotiation").
#pragma once

#include <string>
#include <string_view>

#include "exposition/format.h"

namespace prometheus_rsocket::server {

struct Negotiated {
  exposition::Format format;
  std::string content_type;

  friend bool operator==(const Negotiated&, const Negotiated&) = default;
};

// By an Accept header: of what we serve that with the highest q, of several the first. Where there
// is none of them, text 0.0.4, as exporters do.
[[nodiscard]] Negotiated negotiate(std::string_view accept);

}  // namespace prometheus_rsocket::server

// Random texts for the differential test: valid ones of both dialects, and mutations of them; and
// what is in protobuf alone.
#pragma once

#include <rapidcheck.h>

#include <string>

#include "exposition/format.h"

namespace prometheus_rsocket::exposition {

// A valid text with its metadata before its samples, families whole.
[[nodiscard]] rc::Gen<std::string> any_text(Dialect dialect);

// Families of native histograms in protobuf, of which some are none that Prometheus takes.
[[nodiscard]] rc::Gen<std::string> any_natives();

// A few bytes of it changed, inserted, left out, or lines swapped: mostly no longer valid.
[[nodiscard]] rc::Gen<std::string> mutated(std::string text);

}  // namespace prometheus_rsocket::exposition

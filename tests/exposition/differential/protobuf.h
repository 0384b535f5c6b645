// Between a page in protobuf, as Prometheus' parser reads it, and the parts it was made of.
#pragma once

#include <string>
#include <vector>

#include "../pages.h"
#include "differential/parser.h"

namespace prometheus_rsocket::exposition {

// What differs without a reason; nothing if all is there. These are the reasons:
//
// - The parser makes samples of what a histogram or summary does not have: `foo_count` and
// `foo_sum`
//   are 0, and the bucket `+Inf` is as `foo_count`.
// - A metric has one timestamp, of one of its samples. 0 is none to the parser.
// - A histogram or summary is that of the first part with samples of it, whole.
// - A label `le` or `quantile` that is no bound is a text, and a number to the parsers of text.
// - `foo_created` is no sample, and families that clash, and samples that the page's writer counts
// as
//   unwritable, are not there. Among them are counts of summaries that are no
//   integers.
[[nodiscard]] std::string protobuf_difference(const Page& page, const Parsed& theirs,
                                              const std::vector<Parsed>& parts);

// The same between the metadata of that page and that of the page in text, where a help of blanks
// alone is none to the parser. A name with a line feed is not told.
[[nodiscard]] std::string metadata_difference(const Parsed& theirs, const Parsed& text);

}  // namespace prometheus_rsocket::exposition

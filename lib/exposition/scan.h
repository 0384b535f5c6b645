// Reads one client's payload: is it valid, and where are its families and samples?
//
// This is the gate before the merge (merge.h): what scan() lets in cannot spoil the page of all
// clients. It accepts what Prometheus' parsers accept (model/textparse: promparse.go and promlex.l
// for text 0.0.4 and 1.0.0, openmetricsparse.go and openmetricslex.l), passes over what is harmless
// (CRLF line ends, a missing last newline, blanks before a line of text), and rejects the rest of
// the payload as a whole, with the number of the first bad line.
//
// Stricter than Prometheus where its leniency would make a page that other parsers refuse: raw
// line feeds and unknown escapes between quotes, two labels without a comma between them, no blank
// after the name in a HELP line, NUL bytes; in any sample of a histogram an `le`, or of a summary a
// `quantile`, that is no number (expfmt, startLabelValue: "expected float as value for 'le'
// label"); in any but the sum of a histogram a negative value (readingValue: "negative count for
// histogram").
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <limits>
#include <string_view>

#include "base/sip_hash.h"
#include "exposition/index.h"
#include "exposition/scan_error.h"

namespace prometheus_rsocket::exposition {

inline constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

// Whether the last line is `# EOF`.
[[nodiscard]] bool ends_as_openmetrics(std::string_view text);

// A text is OpenMetrics if its last line is `# EOF` and it can be read as that; otherwise it is
// text, to which that line is a comment: no client says what it sends.
//
// One pass for each; allocates for the index's vectors and the names' table, never per sample. Of
// several TYPE, HELP or UNIT lines for one family the last one counts, before or after its samples,
// as in Prometheus. `X_bucket`, `X_sum` and `X_count` belong to X by its type, unless metadata
// makes them families of their own (expfmt, setOrCreateCurrentMF); in OpenMetrics `X_created`
// likewise. Never throws on bad input. `key` is the process's secret: names are looked up by hash,
// and what is found does not depend on it. `index_bytes_max`: of the index and what making it
// takes, or kTooMany: the shortest lines take some times their own bytes.
[[nodiscard]] boost::system::result<Index, ScanError> scan(
    std::string_view text, const base::SipKey& key, std::size_t index_bytes_max = kUnbounded);

// The same where it is known what the text is. Of Dialect::kProtobuf it is one that transcribe()
// (protobuf_reader.h) has written, perhaps with other labels.
[[nodiscard]] boost::system::result<Index, ScanError> scan(
    std::string_view text, Dialect dialect, const base::SipKey& key,
    std::size_t index_bytes_max = kUnbounded);

}  // namespace prometheus_rsocket::exposition

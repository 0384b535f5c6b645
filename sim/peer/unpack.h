// What a scraper does with a packed page: by the decoders of zlib and libzstd, which are strict,
// and for gzip of another implementation than the one that packed it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/peer/http_client.h"

namespace prometheus_rsocket::sim::peer {

// The text of exactly one gzip member; nothing when it is not one.
[[nodiscard]] std::optional<std::string> gunzip(std::string_view packed);

// The text of exactly one Zstandard frame, with a window that HTTP allows (RFC 9659: 8 MiB);
// nothing when it is not one.
[[nodiscard]] std::optional<std::string> unzstd(std::string_view packed);

// The text of a body by its Content-Encoding; nothing when that is unknown, or not what it says.
[[nodiscard]] std::optional<std::string> unpacked_body(const HttpResponse& response);

}  // namespace prometheus_rsocket::sim::peer

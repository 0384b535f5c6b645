// What a client of HTTP would rather have: Accept and Accept-Encoding with their q values (RFC
// 9110, 12.5). Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus_rsocket::http {

// `text/plain;version=0.0.4;q=0.5`
struct Preference {
  std::string value;                                            // lower case, without parameters
  std::vector<std::pair<std::string, std::string>> parameters;  // without q; names in lower case
  double quality = 1;                                           // 0: not acceptable
};

// In the order of the header. What cannot be read is left out.
[[nodiscard]] std::vector<Preference> parse_preferences(std::string_view header);

enum class ContentCoding : std::uint8_t { kIdentity, kGzip, kZstd };

// As Content-Encoding has it.
[[nodiscard]] std::string_view name_of(ContentCoding coding);

// What Accept-Encoding would rather have: the highest q, of equals gzip before zstd before none. An
// absent header, empty here, asks for none; `*` stands for gzip and none where these are not named,
// never for zstd, which some who send it cannot read. Where nothing is acceptable, `identity;q=0`,
// there is no coding all the same, as servers do: by 406 a scraper would lose all of its series.
[[nodiscard]] ContentCoding negotiate_coding(std::string_view accept_encoding);

}  // namespace prometheus_rsocket::http

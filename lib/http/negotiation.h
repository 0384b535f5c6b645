// What a client of HTTP would rather have: Accept and Accept-Encoding with their q values (RFC
// 9110, 12.5). Pure functions.
#pragma once

#include <string>
#include <string_view>
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

// Whether Accept-Encoding asks for gzip: by name or `*`, with q > 0. An absent header does not.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

}  // namespace prometheus_rsocket::http

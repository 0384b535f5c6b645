// What proxies and clients of ours say to each other beyond Micrometer's profile, so that a client
// can go to another proxy before it leaves the one that ends (design.md, "Leaving").
//
// A client that understands it names kOurDataMimeType in SETUP; a Java proxy ignores that. A proxy
// that is about to end sends such a client REQUEST_FNF with kLeaveWord as its metadata and no data.
// The client then dials anew as if the connection had ended, goes on answering on the old one until
// it was scraped on the new one, and then ends the old one. Whoever is not told is sent away.
#pragma once

#include <string_view>

namespace prometheus_rsocket::transport {

inline constexpr std::string_view kOurDataMimeType = "application/vnd.prometheus-rsocket.v1";
inline constexpr std::string_view kLeaveWord = "leave";

}  // namespace prometheus_rsocket::transport

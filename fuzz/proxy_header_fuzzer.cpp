// Headers of the PROXY protocol under arbitrary bytes: what has been said of the first ones is not
// changed by more, and a header ends within its bounds where it says.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "base/check.h"
#include "transport/limits.h"
#include "transport/proxy_header.h"

namespace prometheus_rsocket::transport {
namespace {

using Read = boost::system::result<std::optional<ProxyHeader>>;

void check_begins(base::ByteView received, const Read& read) {
  const auto begins = begins_proxy_header(received);
  const bool missing = !read && read.error() == ProxyHeaderError::kMissing;
  CHECK(missing == (begins == false), "what begins no header is one that is missing");
  CHECK(begins != std::nullopt || (read && !*read), "of what may begin one nothing is said");
}

void check(base::ByteView bytes) {
  const std::size_t size_max = std::min(bytes.size(), kProxyHeaderBytesMax + 1);
  Read said = std::optional<ProxyHeader>();
  for (std::size_t size = 0; size <= size_max; ++size) {
    const Read read = read_proxy_header(bytes.first(size));
    check_begins(bytes.first(size), read);
    if (!said || *said) {
      CHECK(read == said, "more bytes change nothing");
    } else if (read && *read) {
      CHECK((*read)->bytes == size, "it is known with its last byte");
    }
    said = read;
  }
  const bool more = said && !*said;
  CHECK(!more || size_max < kProxyHeaderBytesMax, "no header is longer");
}

}  // namespace
}  // namespace prometheus_rsocket::transport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prometheus_rsocket::transport::check(std::as_bytes(std::span(data, size)));
  return 0;
}

// The words of lib/push: a push, who made it, who sees it, and why one is refused.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "base/strong_id.h"
#include "exposition/exposition.h"

namespace prometheus_rsocket::push {

// The connection that pushed. REQUIRES: no two connections open at one time share one.
using ClientId = base::StrongId<struct ClientIdTag, std::string>;
// A scraper's name; opaque here, validated and bounded by the HTTP side.
using ScraperId = base::StrongId<struct ScraperIdTag, std::string>;
// Grows with each push: of two equal series, that of the greater sequence is the newer.
using Sequence = base::StrongId<struct SequenceTag, std::uint64_t>;

enum class View { kConnected, kPushes };  // /metrics/connected, /metrics/pushes

// A scraper on a view: what each push is shown to once.
using ScraperKey = std::pair<ScraperId, View>;

struct Push {
  Sequence sequence;
  // Shared with the store, so that a response being written outlives a release. Its index is made
  // once, when the push comes, and not for each page it is on.
  std::shared_ptr<const exposition::Exposition> exposition;
};

// Why a push is not stored, and so not acknowledged: ERROR 0x202 with the error's message.
enum class PushError {
  kFull = 1,    // the store's count or bytes are used up
  kDiskFull,    // the disk has no room
  kDiskFailed,  // the disk refused otherwise; the log has the details
};
[[nodiscard]] boost::system::error_code make_error_code(PushError error);

}  // namespace prometheus_rsocket::push

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::push::PushError> : std::true_type {};

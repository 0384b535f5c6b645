// From the bytes that a client sent, in whichever format, to what pages are made of.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <string>

#include "base/sip_hash.h"
#include "exposition/exposition.h"
#include "exposition/scan.h"
#include "exposition/scan_error.h"

namespace prometheus_rsocket::exposition {

struct ReadSettings {
  std::size_t text_bytes_max = 0;            // of what is made of protobuf
  std::size_t index_bytes_max = kUnbounded;  // as in scan()
  base::SipKey key;                          // the process's secret
};

// Text and OpenMetrics as scan() has them, all of it UTF-8, or protobuf. No client says which it
// sends: what can be read as protobuf from its first byte to its last is that.
//
// `before`: what the same client sent the last time, or null; it makes reading faster and changes
// nothing.
[[nodiscard]] boost::system::result<Exposition, ScanError> read(std::string payload,
                                                                const Exposition* before,
                                                                const ReadSettings& settings);

}  // namespace prometheus_rsocket::exposition

// An exposition as bytes that outlive the process: its text, and what its protobuf said that no
// text has words for. The index is made anew, since its hashes are this process's.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

#include "base/sip_hash.h"
#include "exposition/exposition.h"
#include "exposition/scan_error.h"

namespace prometheus_rsocket::exposition {

// What to keep beside Exposition::text: small, and a message of Protocol Buffers for protobuf.
[[nodiscard]] std::string stored_form(const Exposition& exposition);

// The inverse; ScanReason::kProtobuf for bytes that are nobody's stored form.
[[nodiscard]] boost::system::result<Exposition, ScanError> restore(std::string text,
                                                                   std::string_view form,
                                                                   const base::SipKey& key);

}  // namespace prometheus_rsocket::exposition

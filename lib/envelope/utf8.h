// Whether bytes are UTF-8: a text that is not would spoil the page of every other client.
#pragma once

#include <string_view>

namespace prometheus_rsocket::envelope {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace prometheus_rsocket::envelope

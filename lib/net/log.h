// The seam's Log on stderr: one line an entry, in logfmt or JSON.
#pragma once

#include <memory>
#include <string>

#include "runtime/log.h"

namespace prometheus_rsocket::net {

enum class LogFormat { kLogfmt, kJson };

// Entries below `level` are dropped. Threads: any.
[[nodiscard]] std::unique_ptr<runtime::Log> make_stderr_log(runtime::LogLevel level,
                                                            LogFormat format);

// `"msg":"listening","kind":"tcp"`: an object's members without its braces. Values are cut at
// runtime::kLogValueBytesMax; each byte that is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string format_json_members(std::string_view message,
                                              std::span<const runtime::LogField> fields);

}  // namespace prometheus_rsocket::net

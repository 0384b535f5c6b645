// Logging at the seam. What is logged is decided above it; when, where to and in which format
// below.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace prometheus_rsocket::runtime {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

struct LogField {
  std::string_view name;  // a constant of ours: [a-z_]+
  std::string value;      // may come from a peer: the writer escapes and cuts it
};

// Text of a peer is cut here, in bytes; the cut never splits a UTF-8 sequence.
inline constexpr std::size_t kLogValueBytesMax = 256;

class Log {
 public:
  virtual ~Log() = default;
  // Threads: any. `message` is a constant of ours, never a peer's text, never a secret.
  virtual void write(LogLevel level, std::string_view message,
                     std::span<const LogField> fields) = 0;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kDebug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kInfo, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kWarn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kError, message, fields);
  }
};

// `msg="listening" kind=tcp address=127.0.0.1:43210`: what follows the time and the level in
// logfmt. Values are quoted where they hold anything but printable ASCII without spaces, quotes and
// `=`; control characters, those beyond ASCII and of direction too, and invalid UTF-8 become \xNN.
[[nodiscard]] std::string format_logfmt(std::string_view message, std::span<const LogField> fields);

}  // namespace prometheus_rsocket::runtime

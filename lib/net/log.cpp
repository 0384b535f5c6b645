#include "net/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>

#include "base/hex.h"
#include "base/utf8.h"

namespace prometheus_rsocket::net {
namespace {

using runtime::LogLevel;

std::string_view name_of(LogLevel level) {
  constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warn", "error"};
  return kNames.at(static_cast<std::size_t>(level));
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t length = base::utf8_sequence_size(text.substr(i));
    if (i + std::max<std::size_t>(length, 1) > runtime::kLogValueBytesMax) {
      out += "…";
      break;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c < 0x20 || c == 0x7F) {
      out += "\\u00";
      base::append_hex(out, c);
    } else {
      out += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  out += '"';
}

class StderrLog final : public runtime::Log {
 public:
  StderrLog(LogLevel level, LogFormat format)
      : level_(level),
        format_(format),
        logger_("", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(spdlog::level::trace);
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        format == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})"
                                   : "time=%Y-%m-%dT%H:%M:%S.%eZ %v",
        spdlog::pattern_time_type::utc));
  }

  void write(LogLevel level, std::string_view message,
             std::span<const runtime::LogField> fields) override {
    if (level < level_) return;
    std::string line;
    if (format_ == LogFormat::kJson) {
      line.append("\"level\":\"").append(name_of(level)).append("\",");
      line += format_json_members(message, fields);
    } else {
      line.append("level=").append(name_of(level)).append(" ");
      line += runtime::format_logfmt(message, fields);
    }
    logger_.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  LogLevel level_;
  LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<runtime::Log> make_stderr_log(LogLevel level, LogFormat format) {
  return std::make_unique<StderrLog>(level, format);
}

std::string format_json_members(std::string_view message,
                                std::span<const runtime::LogField> fields) {
  std::string out = "\"msg\":";
  append_json_string(out, message);
  for (const auto& field : fields) {
    out += ',';
    append_json_string(out, field.name);
    out += ':';
    append_json_string(out, field.value);
  }
  return out;
}

}  // namespace prometheus_rsocket::net

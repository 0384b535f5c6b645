#include "proxy/option.h"

namespace prometheus_rsocket::proxy {

using boost::system::result;

std::string Option::environment_name() const {
  std::string text = "PROMETHEUS_RSOCKET_PROXY_";
  for (const char c : name) {
    const bool lower = c >= 'a' && c <= 'z';
    text += lower ? static_cast<char>(c - 'a' + 'A') : (c == '.' || c == '-') ? '_' : c;
  }
  return text;
}

Option duration_option(std::string name, base::Duration& value, base::Duration min,
                       std::string help) {
  return single_option<base::Duration>(
      std::move(name), "DURATION", base::format_duration(value), std::move(help), value,
      [min](const std::string& text) -> result<base::Duration, std::string> {
        const auto parsed = base::parse_duration(text);
        if (!parsed) return parsed.error().message();
        if (*parsed < min) return "it must be at least " + base::format_duration(min);
        return *parsed;
      });
}

Option switch_option(std::string name, bool& value, std::string help) {
  Option option = single_option<bool>(std::move(name), "", "", std::move(help), value,
                                      [](const std::string& text) -> result<bool, std::string> {
                                        if (text == "true") return true;
                                        if (text == "false") return false;
                                        return std::string("it is neither true nor false");
                                      });
  option.is_switch = true;
  return option;
}

Option text_option(std::string name, std::string type, std::string& value, std::string help) {
  Option option(std::move(name), std::move(type), "", std::move(help));
  option.set = [&value](const std::vector<std::string>& texts,
                        const std::string&) -> result<void, std::string> {
    value = texts.back();
    return {};
  };
  return option;
}

Option address_option(std::string name, std::vector<SourcedText>& values, std::string help) {
  Option option(std::move(name), "ADDRESS", values.front().text, std::move(help));
  option.repeatable = true;
  option.may_be_empty = true;
  option.set = [&values](const std::vector<std::string>& texts,
                         const std::string& source) -> result<void, std::string> {
    values.clear();
    for (const std::string& text : texts) values.push_back({text, source});
    return {};
  };
  return option;
}

}  // namespace prometheus_rsocket::proxy

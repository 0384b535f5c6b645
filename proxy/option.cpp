#include "proxy/option.h"

#include <algorithm>
#include <iterator>

namespace prometheus_rsocket::proxy {

using boost::system::result;

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const auto comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

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

Option ranges_option(std::string name, std::vector<server::AddressRange>& values,
                     std::string help) {
  Option option(std::move(name), "RANGE", "", std::move(help));
  option.repeatable = true;
  option.may_be_empty = true;
  option.set = [&values](const std::vector<std::string>& texts,
                         const std::string&) -> result<void, std::string> {
    std::vector<std::string> parts;
    for (const std::string& text : texts)
      std::ranges::move(split_at_commas(text), std::back_inserter(parts));
    if (parts == std::vector<std::string>{""}) parts.clear();
    std::vector<server::AddressRange> ranges;
    for (const std::string& part : parts) {
      const auto range = server::AddressRange::parse(part);
      if (!range && parts.size() == 1) return range.error();
      if (!range) return "\"" + part + "\": " + range.error();
      ranges.push_back(*range);
    }
    values = std::move(ranges);
    return {};
  };
  return option;
}

}  // namespace prometheus_rsocket::proxy

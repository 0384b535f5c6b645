// One thing that an operator can set: how it is called, what it takes, and where it goes. Made once
// (option_list.h), used by the command line, the environment and the configuration file alike.
#pragma once

#include <boost/system/result.hpp>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quantity.h"
#include "base/time.h"
#include "server/address_range.h"

namespace prometheus_rsocket::proxy {

struct Option {
  // Takes the texts of one source, at least one. Otherwise: why not, in a few words.
  using Set = std::function<boost::system::result<void, std::string>(
      const std::vector<std::string>& texts, const std::string& source)>;

  Option(std::string the_name, std::string the_type, std::string the_default, std::string the_help)
      : name(std::move(the_name)),
        type(std::move(the_type)),
        by_default(std::move(the_default)),
        help(std::move(the_help)) {}

  std::string name;        // `web.listen-address`: the flag without `--`, the key in the file
  std::string type;        // for --help
  std::string by_default;  // for --help; empty: none
  std::string help;
  bool repeatable = false;  // else the last text of a source counts
  bool is_switch = false;   // the flag alone means `true`
  bool may_be_empty = false;
  bool in_file = true;
  Set set;

  // PROMETHEUS_RSOCKET_PROXY_WEB_LISTEN_ADDRESS
  [[nodiscard]] std::string environment_name() const;
};

[[nodiscard]] std::vector<std::string> split_at_commas(std::string_view text);

// ---- Kinds of options. Each writes to `value`, which outlives it and holds the default.

[[nodiscard]] Option duration_option(std::string name, base::Duration& value, base::Duration min,
                                     std::string help);
[[nodiscard]] Option switch_option(std::string name, bool& value, std::string help);
[[nodiscard]] Option text_option(std::string name, std::string type, std::string& value,
                                 std::string help);
// Repeatable; each is kept with the place that it is from. An empty one is kept too.
struct SourcedText {
  std::string text;
  std::string source;  // `--web.listen-address`, `PROMETHEUS_…`, `FILE:3:5: web.listen-address`
};
[[nodiscard]] Option address_option(std::string name, std::vector<SourcedText>& values,
                                    std::string help);

// Repeatable, and each text may hold several with commas between; an empty text alone is no range.
[[nodiscard]] Option ranges_option(std::string name, std::vector<server::AddressRange>& values,
                                   std::string help);

// For the kinds below: an option whose last text `parse` takes.
template <class Value>
Option single_option(
    std::string name, std::string type, std::string by_default, std::string help, Value& value,
    std::function<boost::system::result<Value, std::string>(const std::string&)> parse) {
  Option option(std::move(name), std::move(type), std::move(by_default), std::move(help));
  option.set = [&value, parse = std::move(parse)](
                   const std::vector<std::string>& texts,
                   const std::string&) -> boost::system::result<void, std::string> {
    auto parsed = parse(texts.back());
    if (!parsed) return parsed.error();
    value = std::move(*parsed);
    return {};
  };
  return option;
}

// `by_default` as people write it, since 1073741824 says less than 1GiB.
template <class Number>
Option size_option(std::string name, Number& value, std::string by_default, std::string help) {
  return single_option<Number>(
      std::move(name), "SIZE", std::move(by_default), std::move(help), value,
      [](const std::string& text) -> boost::system::result<Number, std::string> {
        const auto parsed = base::parse_size(text);
        if (!parsed) return parsed.error().message();
        if (*parsed == 0) return std::string("it must be more than 0");
        return static_cast<Number>(*parsed);
      });
}

template <class Number>
Option number_option(std::string name, Number& value, Number min, Number max, std::string help) {
  return single_option<Number>(
      std::move(name), "NUMBER", std::to_string(value), std::move(help), value,
      [min, max](const std::string& text) -> boost::system::result<Number, std::string> {
        Number parsed = 0;
        const char* const end = text.data() + text.size();
        const auto [ptr, error] = std::from_chars(text.data(), end, parsed);
        if (error != std::errc{} || ptr != end || parsed < min || parsed > max) {
          return "it is no whole number from " + std::to_string(min) + " to " + std::to_string(max);
        }
        return parsed;
      });
}

// The choice that `value` holds is the default.
template <class Value>
Option choice_option(std::string name, Value& value, const std::map<std::string, Value>& choices,
                     std::string help) {
  std::string names;
  std::string by_default;
  for (const auto& [choice, meaning] : choices) {
    names += (names.empty() ? "" : "|") + choice;
    if (meaning == value) by_default = choice;
  }
  return single_option<Value>(
      std::move(name), names, by_default, std::move(help), value,
      [choices, names](const std::string& text) -> boost::system::result<Value, std::string> {
        const auto found = choices.find(text);
        if (found == choices.end()) return "it is none of " + names;
        return found->second;
      });
}

}  // namespace prometheus_rsocket::proxy

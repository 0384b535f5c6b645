#include "proxy/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <thread>
#include <vector>

#include "proxy/address.h"
#include "proxy/config_file.h"
#include "proxy/option_list.h"
#include "proxy/version.h"

namespace prometheus_rsocket::proxy {
namespace {

// What `--flag=` stands for while CLI11, which takes an empty value for none, reads the arguments.
constexpr std::string_view kEmpty = "\n";

// By the option's name.
using Texts = std::map<std::string, std::vector<std::string>>;

[[noreturn]] void refuse(const std::string& source, const std::string& text,
                         const std::string& why) {
  throw UsageError(source + "=" + text + ": " + why);
}

// What was written for an option in one source.
void set(const Option& option, const std::vector<std::string>& texts, const std::string& source) {
  std::string said;
  for (const std::string& text : texts) {
    said += (said.empty() ? "" : ",") + text;
    if (text.empty() && !option.may_be_empty) throw UsageError(source + ": it is empty");
  }
  const auto taken = option.set(texts, source);
  if (!taken) refuse(source, said, taken.error());
}

Texts read_command_line(const std::vector<Option>& options, int argc, const char* const* argv) {
  CLI::App app("Applications connect to it over RSocket; Prometheus scrapes them through it.",
               "prometheus-rsocket-proxy");
  Texts texts;
  for (const Option& option : options) {
    const std::string help =
        option.help + (option.by_default.empty() ? "" : " [" + option.by_default + "]");
    std::vector<std::string>& into = texts[option.name];
    if (option.is_switch) {
      app.add_flag("--" + option.name + "{true}", into, help);
      continue;
    }
    app.add_option("--" + option.name, into, help)
        ->type_name(option.type)
        ->expected(1, -1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  app.set_version_flag("--version", "prometheus-rsocket-proxy " + std::string(kVersion));

  // CLI11 takes them from the back.
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    arguments.emplace_back(argv[i]);
    if (arguments.back().ends_with('=')) arguments.back() += kEmpty;
  }
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& success) {
    const bool version = success.get_name() == "CallForVersion";
    throw Printed{version ? std::string(success.what()) + "\n" : app.help()};
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  for (auto& [name, values] : texts) std::ranges::replace(values, std::string(kEmpty), "");
  return texts;
}

void apply_file(const std::vector<Option>& options, const std::string& path) {
  const auto entries = read_config_file(path);
  if (!entries) throw UsageError(entries.error());
  for (const FileEntry& entry : *entries) {
    const std::string source = entry.place + ": " + entry.key;
    const std::string name = entry.key_place + ": " + entry.key;
    const auto option = std::ranges::find(options, entry.key, &Option::name);
    if (option == options.end()) throw UsageError(name + ": there is no such option");
    if (!option->in_file) throw UsageError(name + ": it has no meaning in a file");
    if (!option->repeatable && entry.values.size() != 1) {
      throw UsageError(source + ": it takes one value, not a list");
    }
    set(*option, entry.values, source);
  }
}

void apply_environment(const Option& option, const Environment& environment) {
  const std::string name = option.environment_name();
  const char* const text = environment(name);
  if (text == nullptr) return;
  set(option, option.repeatable ? split_at_commas(text) : std::vector<std::string>{text}, name);
}

std::vector<runtime::Endpoint> resolve_all(const std::vector<SourcedText>& values) {
  std::vector<runtime::Endpoint> endpoints;
  for (const SourcedText& value : values) {
    if (value.text.empty()) continue;  // turned off
    const auto endpoint = resolve(value.text);
    if (!endpoint) refuse(value.source, value.text, endpoint.error());
    endpoints.push_back(*endpoint);
  }
  return endpoints;
}

std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

UsageError::UsageError(const std::string& text) : std::runtime_error(one_line(text)) {}

const char* process_environment(const std::string& name) { return std::getenv(name.c_str()); }

Options parse_options(int argc, const char* const* argv, const Environment& environment) {
  OptionValues values;
  values.options.threads = std::max(1U, std::thread::hardware_concurrency());
  const std::vector<Option> options = option_list(values);
  const Texts flags = read_command_line(options, argc, argv);
  const auto apply_flag = [&](const Option& option) {
    const std::vector<std::string>& texts = flags.at(option.name);
    if (!texts.empty()) set(option, texts, "--" + option.name);
  };

  const auto file = std::ranges::find(options, "config.file", &Option::name);
  apply_environment(*file, environment);
  apply_flag(*file);
  if (!values.config_file.empty()) apply_file(options, values.config_file);
  for (const Option& option : options) apply_environment(option, environment);
  for (const Option& option : options) apply_flag(option);

  server::Config& config = values.options.server;
  if (config.proxy_protocol && config.trusted_proxies.empty()) {
    throw UsageError(
        "--rsocket.proxy-protocol: it needs --rsocket.trusted-proxies, the addresses whose PROXY "
        "headers are believed");
  }
  config.version = kVersion;
  config.web_addresses = resolve_all(values.web);
  config.tcp_addresses = resolve_all(values.tcp);
  config.websocket_addresses = resolve_all(values.websocket);
  return std::move(values.options);
}

}  // namespace prometheus_rsocket::proxy

#include "proxy/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "base/quantity.h"
#include "envelope/limits.h"
#include "proxy/version.h"

namespace prometheus_rsocket::proxy {
namespace {

namespace ip = boost::asio::ip;

// What `--flag=` stands for while CLI11, which takes an empty value for none, reads the arguments.
constexpr std::string_view kNone = "-";

// `--web.listen-address` is PROMETHEUS_RSOCKET_PROXY_WEB_LISTEN_ADDRESS.
std::string environment_name(std::string_view flag) {
  std::string name = "PROMETHEUS_RSOCKET_PROXY_";
  for (const char c : flag.substr(2)) {
    const bool lower = c >= 'a' && c <= 'z';
    name += lower ? static_cast<char>(c - 'a' + 'A') : (c == '.' || c == '-') ? '_' : c;
  }
  return name;
}

std::vector<runtime::Endpoint> resolve(const std::string& flag, const std::string& text) {
  if (text == kNone) return {};
  const auto wrong = [&](const std::string& why) {
    return UsageError(flag + "=" + text + ": " + why);
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) throw wrong("an address is HOST:PORT or :PORT");
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end) throw wrong("a port is a number up to 65535");
  std::string host = text.substr(0, colon);
  if (host.empty()) return {{ip::address_v6::any(), port}};
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  if (const auto literal = ip::make_address(host, error); !error) return {{literal, port}};
  boost::asio::io_context context;
  const auto found = ip::tcp::resolver(context).resolve(host, "", error);
  if (error || found.empty()) throw wrong("the host is unknown: " + error.message());
  return {{found.begin()->endpoint().address(), port}};
}

// One flag after the other, each with its place in the environment and a parser that says why not.
class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}

  template <class Value, class Parse>
  void add(const std::string& flag, Value& value, const std::string& type,
           const std::string& by_default, const std::string& help, Parse parse) {
    app_.add_option_function<std::string>(
            flag,
            [flag, &value, parse](const std::string& text) {
              const auto parsed = parse(text);
              if (!parsed) {
                throw UsageError(flag + "=" + text + ": " + parsed.error());
              }
              value = *parsed;
            },
            help + (by_default.empty() ? "" : " [" + by_default + "]"))
        ->type_name(type)
        ->envname(environment_name(flag))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }

  void duration(const std::string& flag, base::Duration& value, const std::string& help) {
    add(flag, value, "DURATION", base::format_duration(value), help,
        [](const std::string& text) -> boost::system::result<base::Duration, std::string> {
          const auto parsed = base::parse_duration(text);
          if (!parsed) return parsed.error().message();
          return *parsed;
        });
  }

  template <class Number>
  void size(const std::string& flag, Number& value, const std::string& by_default,
            const std::string& help) {
    add(flag, value, "SIZE", by_default, help,
        [](const std::string& text) -> boost::system::result<Number, std::string> {
          const auto parsed = base::parse_size(text);
          if (!parsed) return parsed.error().message();
          if (*parsed == 0) return std::string("it must be more than 0");
          return static_cast<Number>(*parsed);
        });
  }

  template <class Number>
  void number(const std::string& flag, Number& value, Number min, Number max,
              const std::string& help) {
    add(flag, value, "NUMBER", std::to_string(value), help,
        [min, max](const std::string& text) -> boost::system::result<Number, std::string> {
          Number parsed = 0;
          const char* const end = text.data() + text.size();
          const auto [ptr, error] = std::from_chars(text.data(), end, parsed);
          if (error != std::errc{} || ptr != end || parsed < min || parsed > max) {
            return "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
          }
          return parsed;
        });
  }

  template <class Value>
  void choice(const std::string& flag, Value& value, const std::map<std::string, Value>& choices,
              const std::string& by_default, const std::string& help) {
    std::string names;
    for (const auto& [name, meaning] : choices) names += (names.empty() ? "" : "|") + name;
    add(flag, value, names, by_default, help,
        [choices, names](const std::string& text) -> boost::system::result<Value, std::string> {
          const auto found = choices.find(text);
          if (found == choices.end()) return "one of " + names;
          return found->second;
        });
  }

  // Repeatable; an empty address turns that listener off.
  void addresses(const std::string& flag, std::vector<std::string>& texts,
                 const std::string& help) {
    app_.add_option(flag, texts, help + " [" + texts.front() + "]")
        ->type_name("ADDRESS")
        ->envname(environment_name(flag))
        ->expected(1, -1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

 private:
  CLI::App& app_;
};

constexpr base::Duration kShortest = std::chrono::milliseconds(1);

void check_ranges(const Options& options) {
  const auto positive = [](const char* flag, base::Duration value) {
    if (value < kShortest) throw UsageError(std::string(flag) + ": it must be at least 1ms");
  };
  positive("--scrape.default-timeout", options.server.scrape_default_timeout);
  positive("--key.rotation", options.server.key_rotation);
  positive("--push.ttl", options.server.push.ttl);
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  Options options;
  server::Config& config = options.server;
  config.version = kVersion;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::string> web{":8080"};
  std::vector<std::string> tcp{":7001"};
  std::vector<std::string> websocket{":8081"};

  CLI::App app("Applications connect to it over RSocket; Prometheus scrapes them through it.",
               "prometheus-rsocket-proxy");
  Flags flags(app);
  flags.addresses("--web.listen-address", web, "HTTP, for Prometheus");
  flags.addresses("--rsocket.tcp-address", tcp, "RSocket over TCP");
  flags.addresses("--rsocket.websocket-address", websocket, "RSocket over WebSocket");
  flags.number<std::size_t>("--rsocket.max-connections", config.connections_max, 1, 1'000'000,
                            "clients at once; more are held and then closed");
  flags.size("--rsocket.max-payload", config.payload_bytes_max, "16MiB",
             "a client's reply or push, as it comes");
  flags.size("--rsocket.max-uncompressed", config.uncompressed_bytes_max, "64MiB",
             "the text in a reply or push");
  flags.duration("--scrape.default-timeout", config.scrape_default_timeout,
                 "for scrapers that do not say how long they wait");
  flags.duration("--scrape.timeout-offset", config.scrape_timeout_offset,
                 "how long before the scraper's own timeout the page begins");
  flags.number<std::size_t>("--scrape.max-concurrent", config.scrapes_max, 1, 1000,
                            "scrapes at once; more wait");
  flags.size("--scrape.max-bytes", config.page_bytes_max, "1GiB", "the text of one page");
  flags.duration("--push.ttl", config.push.ttl, "how long a push is held after its first showing");
  flags.size("--push.max-bytes", config.push.bytes_max, "256MiB", "the text of all pushes held");
  flags.number<std::size_t>("--push.max-count", config.push.pushes_max, 1, 10'000'000,
                            "pushes held at once");
  flags.duration("--key.rotation", config.key_rotation, "how long a key pair is used");
  flags.number<unsigned>("--key.bits", config.key_bits, 2048, envelope::kRsaBitsMax,
                         "size of the RSA modulus");
  flags.number<std::size_t>("--threads", options.threads, 1, 1024, "event loops");
  flags.duration("--shutdown.grace", config.shutdown_grace,
                 "how long clients are given to leave after SIGTERM");
  flags.choice<runtime::LogLevel>("--log.level", options.log_level,
                                  {{"debug", runtime::LogLevel::kDebug},
                                   {"info", runtime::LogLevel::kInfo},
                                   {"warn", runtime::LogLevel::kWarn},
                                   {"error", runtime::LogLevel::kError}},
                                  "info", "the least that is logged");
  flags.choice<net::LogFormat>(
      "--log.format", options.log_format,
      {{"logfmt", net::LogFormat::kLogfmt}, {"json", net::LogFormat::kJson}}, "logfmt",
      "of the log on stderr");
  app.add_flag("--config.check", options.check_only, "check the configuration and end");
  app.set_version_flag("--version", "prometheus-rsocket-proxy " + std::string(kVersion));

  // CLI11 takes them from the back.
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    arguments.emplace_back(argv[i]);
    if (arguments.back().ends_with('=')) arguments.back() += kNone;
  }
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& success) {
    const bool version = success.get_name() == "CallForVersion";
    throw Printed{version ? std::string(success.what()) + "\n" : app.help()};
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  const auto resolve_all = [](const char* flag, const std::vector<std::string>& texts) {
    std::vector<runtime::Endpoint> endpoints;
    for (const std::string& text : texts) {
      for (const runtime::Endpoint& endpoint : resolve(flag, text)) endpoints.push_back(endpoint);
    }
    return endpoints;
  };
  config.web_addresses = resolve_all("--web.listen-address", web);
  config.tcp_addresses = resolve_all("--rsocket.tcp-address", tcp);
  config.websocket_addresses = resolve_all("--rsocket.websocket-address", websocket);
  check_ranges(options);
  return options;
}

}  // namespace prometheus_rsocket::proxy

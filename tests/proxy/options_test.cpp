// The command line, the environment and the file: what each says, which one counts, and the one
// line that a user gets for what is wrong.
#include "proxy/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "config_folder.h"
#include "proxy/option_list.h"

namespace prometheus_rsocket::proxy {
namespace {

using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string>;

class OptionsTest : public ConfigFolderTest {
 protected:
  static Options parse(const std::vector<std::string>& flags, const Variables& variables = {}) {
    std::vector<const char*> arguments{"proxy"};
    for (const std::string& flag : flags) arguments.push_back(flag.c_str());
    return parse_options(static_cast<int>(arguments.size()), arguments.data(),
                         [&](const std::string& name) -> const char* {
                           const auto found = variables.find(name);
                           return found == variables.end() ? nullptr : found->second.c_str();
                         });
  }
  Options parse_file(const std::string& text, std::vector<std::string> flags = {},
                     const Variables& variables = {}) const {
    flags.push_back("--config.file=" + file(text));
    return parse(flags, variables);
  }

  template <class Parse>
  static std::string error_of(Parse parse) {
    try {
      (void)parse();
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  }
  static std::string error(const std::vector<std::string>& flags, const Variables& variables = {}) {
    return error_of([&] { return parse(flags, variables); });
  }
  // With FILE for its path.
  std::string file_error(const std::string& text) const {
    std::string error = error_of([&] { return parse_file(text); });
    const std::string path = folder_ / "f.yml";
    if (error.starts_with(path)) error.replace(0, path.size(), "FILE");
    return error;
  }
};

// ---- Every option, from every source.

struct Sample {
  std::string value;
  std::function<std::string(const Options&)> read;  // as it arrives where it is used
  std::string expected;
  std::vector<std::string> beside = {};  // flags without which it is wrong
};

template <class Number>
std::function<std::string(const Options&)> number(Number server::Config::*member) {
  return [member](const Options& options) { return std::to_string(options.server.*member); };
}
std::function<std::string(const Options&)> time(base::Duration server::Config::*member) {
  return [member](const Options& options) { return base::format_duration(options.server.*member); };
}
std::function<std::string(const Options&)> endpoints(
    std::vector<runtime::Endpoint> server::Config::*member) {
  return [member](const Options& options) {
    std::string text;
    for (const auto& endpoint : options.server.*member) text += runtime::to_string(endpoint) + " ";
    return text;
  };
}

std::string ranges(const Options& options) {
  std::string text;
  for (const auto& range : options.server.trusted_proxies) text += to_string(range) + " ";
  return text;
}

const std::map<std::string, Sample>& samples() {
  using server::Config;
  static const std::map<std::string, Sample> all = {
      {"web.listen-address", {"127.0.0.1:1", endpoints(&Config::web_addresses), "127.0.0.1:1 "}},
      {"rsocket.tcp-address", {"[::1]:2", endpoints(&Config::tcp_addresses), "[::1]:2 "}},
      {"rsocket.websocket-address", {":3", endpoints(&Config::websocket_addresses), "[::]:3 "}},
      {"rsocket.max-connections", {"7", number(&Config::connections_max), "7"}},
      {"rsocket.max-connections-per-address",
       {"8", number(&Config::connections_per_address_max), "8"}},
      {"rsocket.proxy-protocol",
       {"true", number(&Config::proxy_protocol), "1", {"--rsocket.trusted-proxies=10.0.0.0/8"}}},
      {"rsocket.trusted-proxies", {"10.0.0.0/8,::1", ranges, "10.0.0.0/8 ::1/128 "}},
      {"rsocket.max-connection-age", {"1h30m", time(&Config::connection_age_max), "1h30m"}},
      {"rsocket.max-payload", {"1KiB", number(&Config::payload_bytes_max), "1024"}},
      {"rsocket.max-uncompressed", {"2KiB", number(&Config::uncompressed_bytes_max), "2048"}},
      {"rsocket.max-inflight-bytes", {"3KiB", number(&Config::inflight_bytes_max), "3072"}},
      {"scrape.default-timeout", {"3s", time(&Config::scrape_default_timeout), "3s"}},
      {"scrape.timeout-offset", {"0", time(&Config::scrape_timeout_offset), "0s"}},
      {"scrape.honor-timestamps", {"false", number(&Config::scrape_honor_timestamps), "0"}},
      {"scrape.max-concurrent", {"5", number(&Config::scrapes_max), "5"}},
      {"scrape.max-bytes", {"1MiB", number(&Config::page_bytes_max), "1048576"}},
      {"web.external-address",
       {"proxy:80", [](const Options& o) { return o.server.web_external_address; }, "proxy:80"}},
      {"labels.identity", {"true", number(&Config::labels_identity), "1"}},
      {"sd.grace", {"1m", time(&Config::sd_grace), "1m"}},
      {"web.config.file", {"/w", [](const Options& o) { return o.web_config_file; }, "/w"}},
      {"rsocket.config.file", {"/r", [](const Options& o) { return o.rsocket_config_file; }, "/r"}},
      {"web.health-without-auth", {"true", number(&Config::web_health_without_auth), "1"}},
      {"web.enable-lifecycle", {"true", number(&Config::web_lifecycle), "1"}},
      {"push.store", {"/a", [](const Options& o) { return o.push_store; }, "/a"}},
      {"push.ttl",
       {"1m", [](const Options& o) { return base::format_duration(o.server.push.ttl); }, "1m"}},
      {"push.max-bytes",
       {"9B", [](const Options& o) { return std::to_string(o.server.push.bytes_max); }, "9"}},
      {"push.max-count",
       {"8", [](const Options& o) { return std::to_string(o.server.push.pushes_max); }, "8"}},
      {"key.rotation", {"1d", time(&Config::key_rotation), "1d"}},
      {"key.bits", {"3072", number(&Config::key_bits), "3072"}},
      {"threads", {"3", [](const Options& o) { return std::to_string(o.threads); }, "3"}},
      {"shutdown.grace", {"0", time(&Config::shutdown_grace), "0s"}},
      {"log.level",
       {"debug",
        [](const Options& o) {
          return o.log_level == runtime::LogLevel::kDebug ? "debug" : "other";
        },
        "debug"}},
      {"log.format",
       {"json",
        [](const Options& o) { return o.log_format == net::LogFormat::kJson ? "json" : "other"; },
        "json"}},
      {"config.check",
       {"true", [](const Options& o) { return o.check_only ? "yes" : "no"; }, "yes"}},
  };
  return all;
}

class EveryOption : public OptionsTest, public testing::WithParamInterface<std::string> {};

std::vector<std::string> names_in_files() {
  OptionValues values;
  std::vector<std::string> names;
  for (const Option& option : option_list(values)) {
    if (option.in_file) names.push_back(option.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Of, EveryOption, testing::ValuesIn(names_in_files()), [](const auto& of) {
  std::string name = of.param;
  std::ranges::replace_if(
      name, [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
});

TEST_P(EveryOption, IsSetByFlagByEnvironmentAndByFile) {
  const std::string& name = GetParam();
  ASSERT_TRUE(samples().contains(name)) << "give it a sample";
  const Sample& sample = samples().at(name);
  OptionValues values;
  const std::vector<Option> options = option_list(values);
  const std::string variable = std::ranges::find(options, name, &Option::name)->environment_name();
  std::vector<std::string> flags = sample.beside;
  EXPECT_NE(sample.read(parse(flags)), sample.expected) << "the sample is no default";
  EXPECT_EQ(sample.read(parse(flags, {{variable, sample.value}})), sample.expected);
  EXPECT_EQ(sample.read(parse_file(name + ": \"" + sample.value + "\"\n", flags)), sample.expected);
  flags.push_back("--" + name + "=" + sample.value);
  EXPECT_EQ(sample.read(parse(flags)), sample.expected);
}

TEST_F(OptionsTest, EverySampleIsOfAnOption) {
  const std::vector<std::string> names = names_in_files();
  EXPECT_EQ(samples().size(), names.size());
}

TEST_F(OptionsTest, AVariableIsNamedAfterItsFlag) {
  OptionValues values;
  EXPECT_EQ(option_list(values).front().environment_name(),
            "PROMETHEUS_RSOCKET_PROXY_WEB_LISTEN_ADDRESS");
}

// ---- Which source counts.

constexpr const char* kGraceVariable = "PROMETHEUS_RSOCKET_PROXY_SHUTDOWN_GRACE";

TEST_F(OptionsTest, AFlagBeatsTheEnvironmentThatTheFileThatTheDefault) {
  const Variables variable{{kGraceVariable, "2s"}};
  const std::string text = "shutdown.grace: 3s\n";
  EXPECT_EQ(parse_file(text, {"--shutdown.grace=1s"}, variable).server.shutdown_grace, 1s);
  EXPECT_EQ(parse_file(text, {}, variable).server.shutdown_grace, 2s);
  EXPECT_EQ(parse_file(text).server.shutdown_grace, 3s);
  EXPECT_EQ(parse({}).server.shutdown_grace, 30s);
}

TEST_F(OptionsTest, TheFileIsNamedByFlagOrEnvironmentAndTheFlagCounts) {
  const Variables variable{{"PROMETHEUS_RSOCKET_PROXY_CONFIG_FILE", file("threads: 2\n")}};
  EXPECT_EQ(parse({}, variable).threads, 2U);
  const std::string other = folder_ / "other.yml";
  std::ofstream(other) << "threads: 3\n";
  EXPECT_EQ(parse({"--config.file=" + other}, variable).threads, 3U);
}

TEST_F(OptionsTest, AListOfOneSourceReplacesThatOfAnother) {
  const auto web = endpoints(&server::Config::web_addresses);
  const std::string text = "web.listen-address: [\"[::1]:1\", \"[::1]:2\"]\n";
  EXPECT_EQ(web(parse_file(text)), "[::1]:1 [::1]:2 ");
  const Variables variable{{"PROMETHEUS_RSOCKET_PROXY_WEB_LISTEN_ADDRESS", "[::1]:3,[::1]:4"}};
  EXPECT_EQ(web(parse_file(text, {}, variable)), "[::1]:3 [::1]:4 ");
  EXPECT_EQ(web(parse_file(text, {"--web.listen-address=[::1]:5", "--web.listen-address=[::1]:6"},
                           variable)),
            "[::1]:5 [::1]:6 ");
}

TEST_F(OptionsTest, AnEmptyAddressTurnsThatListenerOff) {
  const auto off = [](const Options& options) { return options.server.tcp_addresses.empty(); };
  EXPECT_TRUE(off(parse({"--rsocket.tcp-address="})));
  EXPECT_TRUE(off(parse({"--rsocket.tcp-address", ""})));
  EXPECT_TRUE(off(parse({}, {{"PROMETHEUS_RSOCKET_PROXY_RSOCKET_TCP_ADDRESS", ""}})));
  EXPECT_TRUE(off(parse_file("rsocket.tcp-address: \"\"\n")));
  EXPECT_TRUE(off(parse_file("rsocket.tcp-address: []\n")));
  EXPECT_FALSE(parse({"--rsocket.tcp-address="}).server.web_addresses.empty());
}

TEST_F(OptionsTest, TrustedProxiesAreListedByCommasByRepetitionAndInAFile) {
  EXPECT_EQ(ranges(parse({"--rsocket.trusted-proxies=10.0.0.1,192.0.2.0/24",
                          "--rsocket.trusted-proxies", "2001:db8::/32"})),
            "10.0.0.1/32 192.0.2.0/24 2001:db8::/32 ");
  const std::string list = "rsocket.trusted-proxies: [10.0.0.1, \"::1\"]\n";
  EXPECT_EQ(ranges(parse_file(list)), "10.0.0.1/32 ::1/128 ");
  EXPECT_EQ(ranges(parse_file(list, {"--rsocket.trusted-proxies="})), "");
}

TEST_F(OptionsTest, TheProxyProtocolNeedsWhoIsTrusted) {
  const std::string why =
      "--rsocket.proxy-protocol: it needs --rsocket.trusted-proxies, the addresses whose PROXY "
      "headers are believed";
  EXPECT_EQ(error({"--rsocket.proxy-protocol"}), why);
  EXPECT_EQ(error({"--rsocket.proxy-protocol", "--rsocket.trusted-proxies="}), why);
  EXPECT_EQ(error({"--rsocket.proxy-protocol", "--rsocket.trusted-proxies=::1"}), "none");
  EXPECT_EQ(error({"--rsocket.trusted-proxies=::1"}), "none");
}

TEST_F(OptionsTest, ATrustedProxyThatIsNoneIsToldWithItsPlaceAndReason) {
  EXPECT_EQ(error({"--rsocket.trusted-proxies=10.0.0.0/33"}),
            "--rsocket.trusted-proxies=10.0.0.0/33: behind the / is no whole number from 0 to 32");
  EXPECT_EQ(error({"--rsocket.trusted-proxies=10.0.0.0/8,balancer"}),
            "--rsocket.trusted-proxies=10.0.0.0/8,balancer: \"balancer\": it is neither an address "
            "nor a range ADDRESS/BITS");
  EXPECT_EQ(error({"--rsocket.trusted-proxies=10.0.0.1/8"}),
            "--rsocket.trusted-proxies=10.0.0.1/8: the address has bits behind the prefix: a range "
            "begins with its first");
  EXPECT_EQ(file_error("rsocket.trusted-proxies: [\"::1\", \"10.0.0.1,\"]\n"),
            "FILE:1:26: rsocket.trusted-proxies=::1,10.0.0.1,: \"\": it is neither an address nor "
            "a range ADDRESS/BITS");
}

TEST_F(OptionsTest, OfAFlagGivenTwiceTheLastCounts) {
  EXPECT_EQ(parse({"--threads=2", "--threads", "3"}).threads, 3U);
}

TEST_F(OptionsTest, VariablesOfOthersAreIgnored) {
  EXPECT_EQ(parse({}, {{"PROMETHEUS_RSOCKET_PROXY_PORT", "tcp://10.0.0.1:7001"}}).threads,
            parse({}).threads);
}

TEST_F(OptionsTest, HelpNamesEveryOption) {
  try {
    (void)parse({"--help"});
    FAIL() << "help is printed";
  } catch (const Printed& printed) {
    for (const std::string& name : names_in_files()) {
      EXPECT_NE(printed.text.find("--" + name), std::string::npos) << name;
    }
  }
}

// ---- What is wrong, in one line.

TEST_F(OptionsTest, AnUnknownFlagIsNamed) {
  EXPECT_NE(error({"--bogus=1"}).find("--bogus=1"), std::string::npos);
  EXPECT_NE(error({"word"}).find("word"), std::string::npos);
}

TEST_F(OptionsTest, AWrongValueIsToldWithItsPlaceAndReason) {
  EXPECT_EQ(error({"--push.ttl=10"}), "--push.ttl=10: unknown or missing unit");
  EXPECT_EQ(error({"--push.ttl=0"}), "--push.ttl=0: it must be at least 1ms");
  EXPECT_EQ(error({"--push.max-bytes=1MB"}), "--push.max-bytes=1MB: unknown or missing unit");
  EXPECT_EQ(error({"--push.max-bytes=0"}), "--push.max-bytes=0: it must be more than 0");
  EXPECT_EQ(error({"--threads=0"}), "--threads=0: it is no whole number from 1 to 1024");
  EXPECT_EQ(error({"--threads=-1"}), "--threads=-1: it is no whole number from 1 to 1024");
  EXPECT_EQ(error({"--threads="}), "--threads: it is empty");
  EXPECT_EQ(error({"--log.level=loud"}), "--log.level=loud: it is none of debug|error|info|warn");
  EXPECT_EQ(error({"--config.check=maybe"}), "--config.check=maybe: it is neither true nor false");
  EXPECT_EQ(error({"--web.listen-address=8080"}),
            "--web.listen-address=8080: an address is HOST:PORT or :PORT");
  EXPECT_EQ(error({}, {{kGraceVariable, "soon"}}),
            std::string(kGraceVariable) + "=soon: " + error({"--shutdown.grace=soon"}).substr(23));
  EXPECT_EQ(error({}, {{kGraceVariable, ""}}), std::string(kGraceVariable) + ": it is empty");
}

TEST_F(OptionsTest, AFlagWithoutItsValueIsNamed) {
  EXPECT_NE(error({"--threads"}).find("--threads"), std::string::npos);
}

TEST_F(OptionsTest, AWrongValueCountsAlsoWhereAnotherSourceBeatsIt) {
  EXPECT_EQ(error({"--shutdown.grace=1s"}, {{kGraceVariable, "1"}}),
            std::string(kGraceVariable) + "=1: unknown or missing unit");
}

TEST_F(OptionsTest, WhatIsWrongInAFileIsToldWithItsLineAndColumn) {
  EXPECT_EQ(file_error("threads: 2\nbogus: 1\n"), "FILE:2:1: bogus: there is no such option");
  EXPECT_EQ(file_error("\n  threads: x\n"),
            "FILE:2:12: threads=x: it is no whole number from 1 to 1024");
  EXPECT_EQ(file_error("threads: [1, 2]\n"), "FILE:1:10: threads: it takes one value, not a list");
  EXPECT_EQ(file_error("threads: []\n"), "FILE:1:10: threads: it takes one value, not a list");
  EXPECT_EQ(file_error("threads: \"\"\n"), "FILE:1:10: threads: it is empty");
  EXPECT_EQ(file_error("threads: 1\nthreads: 2\n"), "FILE:2:1: threads: it is there twice");
  EXPECT_EQ(file_error("web.listen-address: 80\n"),
            "FILE:1:21: web.listen-address=80: an address is HOST:PORT or :PORT");
  EXPECT_EQ(file_error("config.file: x\n"), "FILE:1:1: config.file: it has no meaning in a file");
  EXPECT_EQ(file_error("version: x\n"), "FILE:1:1: version: there is no such option");
}

TEST_F(OptionsTest, AFileThatCannotBeReadIsNamed) {
  EXPECT_EQ(error({"--config.file=/nowhere/f.yml"}),
            "/nowhere/f.yml: it cannot be read: No such file or directory");
}

TEST_F(OptionsTest, AnErrorIsOneLineWhateverWasWritten) {
  EXPECT_EQ(error({"--threads=1\n2"}), "--threads=1 2: it is no whole number from 1 to 1024");
}

}  // namespace
}  // namespace prometheus_rsocket::proxy

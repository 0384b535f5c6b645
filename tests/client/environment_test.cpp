#include "environment.h"

#include <gtest/gtest.h>

#include <map>

namespace prometheus_rsocket::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Read {
  bool connects = false;
  Settings settings;
  std::string problem;
};

Read read(const std::map<std::string, std::string>& variables) {
  Read result;
  result.connects = read_environment(
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      },
      result.settings, result.problem);
  return result;
}

TEST(Environment, WithoutVariablesEverythingHasMicrometersDefaults) {
  const auto [connects, settings, problem] = read({});
  EXPECT_TRUE(connects);
  EXPECT_EQ(settings.host, "localhost");
  const auto config = *make_config(settings);
  EXPECT_EQ(config.targets.front().port, 7001);
  EXPECT_EQ(config.targets.front().transport, transport::TransportKind::kTcp);
  EXPECT_EQ(config.retry.first_backoff, seconds(10));
  EXPECT_EQ(config.retry.max_backoff, std::chrono::minutes(10));
  EXPECT_FALSE(config.retry.retries_max);
  EXPECT_EQ(settings.timeout, seconds(5));
}

TEST(Environment, EveryVariableIsRead) {
  const auto [connects, settings, problem] = read({
      {"MICROMETER_PROMETHEUS_RSOCKET_ENABLED", "true"},
      {"MICROMETER_PROMETHEUS_RSOCKET_SECURE", "false"},
      {"MICROMETER_PROMETHEUS_RSOCKET_HOST", "proxy.example"},
      {"MICROMETER_PROMETHEUS_RSOCKET_PORT", "8081"},
      {"MICROMETER_PROMETHEUS_RSOCKET_TRANSPORT", "WEBSOCKET"},
      {"MICROMETER_PROMETHEUS_RSOCKET_TIMEOUT", "1500"},
      {"MICROMETER_PROMETHEUS_RSOCKET_MAX_RETRIES", "9223372036854775807"},
      {"MICROMETER_PROMETHEUS_RSOCKET_FIRST_BACKOFF", "2s"},
      {"MICROMETER_PROMETHEUS_RSOCKET_MAX_BACKOFF", "PT1M30S"},
  });
  EXPECT_TRUE(connects) << problem;
  EXPECT_EQ(settings.host, "proxy.example");
  EXPECT_EQ(settings.port, 8081);
  EXPECT_EQ(settings.transport, Transport::kWebSocket);
  EXPECT_EQ(settings.timeout, milliseconds(1500));
  EXPECT_EQ(settings.retry.max_retries, 4294967295U);
  EXPECT_EQ(settings.retry.first_backoff, seconds(2));
  EXPECT_EQ(settings.retry.max_backoff, seconds(90));
}

TEST(Environment, SpringsSpellingWithoutInnerUnderscoresIsReadToo) {
  const auto result = read({{"MICROMETER_PROMETHEUS_RSOCKET_MAXRETRIES", "7"},
                            {"MICROMETER_PROMETHEUS_RSOCKET_FIRSTBACKOFF", "1s"}});
  EXPECT_TRUE(result.connects);
  EXPECT_EQ(result.settings.retry.max_retries, 7U);
  EXPECT_EQ(result.settings.retry.first_backoff, seconds(1));
}

TEST(Environment, ADisabledClientDoesNotConnectAndIsNoProblem) {
  const auto result = read({{"MICROMETER_PROMETHEUS_RSOCKET_ENABLED", "FALSE"}});
  EXPECT_FALSE(result.connects);
  EXPECT_EQ(result.problem, "");
}

TEST(Environment, AClientThatShallSpeakTlsDoes) {
  const auto result = read({{"MICROMETER_PROMETHEUS_RSOCKET_SECURE", "true"}});
  EXPECT_TRUE(result.connects) << result.problem;
  const auto config = *make_config(result.settings);
  EXPECT_TRUE(config.targets.front().secure);
  EXPECT_EQ(config.targets.front().port, 7001);
  EXPECT_NE(config.credentials.tls, nullptr);
}

TEST(Environment, TheFilesOfTlsStayAsTheyAreAndFalseTakesThemBack) {
  Settings settings;
  settings.tls = Tls{.authorities_file = "authorities.pem"};
  std::string problem;
  const auto read_secure = [&](const std::optional<std::string>& value) {
    return read_environment(
        [&](const std::string& name) {
          return name == "MICROMETER_PROMETHEUS_RSOCKET_SECURE" ? value : std::nullopt;
        },
        settings, problem);
  };
  for (const auto& value : {std::optional<std::string>(), std::optional<std::string>("true")}) {
    EXPECT_TRUE(read_secure(value));
    ASSERT_TRUE(settings.tls);
    EXPECT_EQ(settings.tls->authorities_file, "authorities.pem");
  }
  EXPECT_TRUE(read_secure("false"));
  EXPECT_FALSE(settings.tls);
}

TEST(Environment, AValueThatCannotBeReadIsNamedAndNothingIsTaken) {
  for (const auto& [name, value] : std::map<std::string, std::string>{{"PORT", "70000"},
                                                                      {"PORT", ""},
                                                                      {"TRANSPORT", "carrier"},
                                                                      {"TIMEOUT", "soon"},
                                                                      {"MAX_RETRIES", "-1"},
                                                                      {"ENABLED", "perhaps"}}) {
    const auto result = read({{"MICROMETER_PROMETHEUS_RSOCKET_HOST", "elsewhere"},
                              {"MICROMETER_PROMETHEUS_RSOCKET_" + name, value}});
    EXPECT_FALSE(result.connects);
    EXPECT_NE(result.problem.find(name), std::string::npos);
    EXPECT_EQ(result.settings.host, "localhost");
  }
}

}  // namespace
}  // namespace prometheus_rsocket::client

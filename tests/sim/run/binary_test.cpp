// prometheus-rsocket-sim as a user calls it: what it refuses, and how it says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

namespace prometheus_rsocket::sim {
namespace {

using testing::HasSubstr;

struct Outcome {
  int exit_code = -1;
  std::string text;  // of both streams
};

Outcome call(const std::string& arguments) {
  Outcome outcome;
  FILE* const pipe = ::popen((SIM_BINARY " " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer{};
  while (const std::size_t bytes = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    outcome.text.append(buffer.data(), bytes);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

struct Refused {
  const char* arguments;
  const char* what;
};

class BadUsage : public testing::TestWithParam<Refused> {};

TEST_P(BadUsage, IsToldWhatAndWhereInOneLineAndExits2) {
  const Outcome outcome = call(GetParam().arguments);
  EXPECT_EQ(outcome.exit_code, 2) << outcome.text;
  EXPECT_THAT(outcome.text, HasSubstr(GetParam().what));
  EXPECT_EQ(outcome.text.find('\n'), outcome.text.size() - 1) << outcome.text;
}

INSTANTIATE_TEST_SUITE_P(Of, BadUsage,
                         testing::Values(Refused{"--scenario=dance", "--scenario=dance: unknown"},
                                         Refused{"--seeds=0", "--seeds=0"},
                                         Refused{"--duration=long", "--duration=long"},
                                         Refused{"--replay=/no/such.json", "/no/such.json"},
                                         Refused{"--mutant=21", "--mutant=21"},
                                         Refused{"--oops", "--oops"}));

TEST(Replay, RefusesAFileOfAnotherVersionAndSaysWhere) {
  const std::string path = testing::TempDir() + "outdated.json";
  std::ofstream(path) << R"({"version": 0})";
  const Outcome outcome = call("--replay=" + path);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.text, HasSubstr(path + ": version: this is version 0 of the format"));
}

TEST(Explore, EndsWithTheSeedAndTheHash) {
  const Outcome outcome = call("--scenario=calm --seed=3 --duration=2m --clients=3");
  EXPECT_THAT(outcome.text, testing::ContainsRegex("seed=3 hash=0x[0-9a-f]+\n$"));
}

}  // namespace
}  // namespace prometheus_rsocket::sim

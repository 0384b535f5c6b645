#include "sim/scenario/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/scenario/fields.h"
#include "sim/scenario/names.h"

namespace prometheus_rsocket::sim::scenario {
namespace {

using testing::HasSubstr;

void draw_value(Duration& value) {
  value = std::chrono::milliseconds(*rc::gen::inRange(std::int64_t{1}, std::int64_t{10'000'000}));
}
void draw_value(bool& value) { value = *rc::gen::arbitrary<bool>(); }
void draw_value(std::uint32_t& value) { value = *rc::gen::inRange<std::uint32_t>(1, 16); }
void draw_value(std::uint64_t& value) { value = *rc::gen::inRange<std::uint64_t>(1, 1ULL << 62U); }

Scenario arbitrary_scenario() {
  Scenario scenario;
  const auto draw = [](const char*, auto& member) { draw_value(member); };
  for_each_field_of_setup(scenario.setup, draw);
  scenario.setup.max_backoff = scenario.setup.first_backoff * 2;
  scenario.commands.resize(*rc::gen::inRange<std::size_t>(0, 5));
  for (Command& command : scenario.commands) {
    command.kind = static_cast<CommandKind>(*rc::gen::inRange<std::size_t>(0, kCommandKinds));
    for_each_field_of_command(command, draw);
  }
  scenario.faults.resize(*rc::gen::inRange<std::size_t>(0, 5));
  for (Fault& fault : scenario.faults) {
    fault.kind = static_cast<FaultKind>(*rc::gen::inRange<std::size_t>(0, kFaultKinds));
    for_each_field_of_fault(fault, draw);
  }
  return scenario;
}

RC_GTEST_PROP(ScenarioJson, ReadsWhatItWrote, ()) {
  const Scenario scenario = arbitrary_scenario();
  const std::string text = write_json(scenario);
  const auto read = read_json(text);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == scenario);
  RC_ASSERT(write_json(*read) == text);
}

TEST(ScenarioJson, WhatIsLeftOutHasItsDefault) {
  const auto read = read_json(R"({"version": 1, "setup": {"proxies": 7}})");
  ASSERT_TRUE(read);
  Scenario expected;
  expected.setup.proxies = 7;
  EXPECT_EQ(*read, expected);
}

struct Bad {
  const char* text;
  const char* what;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.text; }

class BadJson : public testing::TestWithParam<Bad> {};

TEST_P(BadJson, IsToldWhatAndWhere) {
  const auto read = read_json(GetParam().text);
  ASSERT_TRUE(read.has_error());
  EXPECT_THAT(read.error().what, HasSubstr(GetParam().what));
  EXPECT_EQ(read.error().what.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Of, BadJson,
    testing::Values(
        Bad{"", "line 1, column 1"}, Bad{"{\n  \"version\": 1,\n  oops}", "line 3, column 3"},
        Bad{R"({"version": 1} {})", "line 1, column 16"}, Bad{"[]", "scenario: an object"},
        Bad{"{}", "version: a whole number"},
        Bad{R"({"version": 2})", "version: this is version 2 of the format"},
        Bad{R"({"version": 1, "comands": []})", "comands: there is no such field"},
        Bad{R"({"version": 1, "setup": {"proxys": 1}})", "setup.proxys: there is no such field"},
        Bad{R"({"version": 1, "setup": {"kind": 1}})", "setup.kind: there is no such field"},
        Bad{R"({"version": 1, "setup": {"proxies": "3"}})", "setup.proxies: a whole number"},
        Bad{R"({"version": 1, "setup": {"proxies": -3}})", "setup.proxies: a whole number"},
        Bad{R"({"version": 1, "setup": {"proxies": 0}})", "setup.proxies: 1 to 100"},
        Bad{R"({"version": 1, "setup": {"discoverers": 17}})", "setup.discoverers: up to 16"},
        Bad{R"({"version": 1, "setup": {"discovery_interval": "0s"}})",
            "setup.discovery_interval: more than 0"},
        Bad{R"({"version": 1, "setup": {"clients": 4294967296}})", "setup.clients: a whole"},
        Bad{R"({"version": 1, "setup": {"duration": 5}})", "setup.duration: a duration"},
        Bad{R"({"version": 1, "setup": {"duration": "5 minutes"}})", "setup.duration: "},
        Bad{R"({"version": 1, "setup": {"real_keys": 1}})", "setup.real_keys: true or false"},
        Bad{R"({"version": 1, "setup": {"tail_percent": 101}})", "a percentage over 100"},
        Bad{R"({"version": 1, "commands": {}})", "commands: a list"},
        Bad{R"({"version": 1, "commands": [{"at": "1s"}]})", "commands[0].kind: a word"},
        Bad{R"({"version": 1, "commands": [{"kind": "push"}, {"kind": "dance"}]})",
            "commands[1].kind: unknown: \"dance\""},
        Bad{R"({"version": 1, "faults": [{"kind": "reset", "at": "soon"}]})", "faults[0].at: "},
        Bad{R"({"version": 1, "faults": [{"kind": "reset", "target": 1}]})",
            "faults[0].target: there is no such field"},
        Bad{R"({"version": 1, "faults": [7]})", "faults[0]: an object"}));

TEST(Names, AreDifferentAndFoundAgain) {
  for (std::size_t i = 0; i < kCommandKinds; ++i) {
    const auto kind = static_cast<CommandKind>(i);
    EXPECT_EQ(command_named(to_string(kind)), kind);
  }
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    EXPECT_EQ(fault_named(to_string(kind)), kind);
  }
  EXPECT_EQ(command_named("partition"), std::nullopt);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::scenario

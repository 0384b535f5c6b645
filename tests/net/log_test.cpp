#include "net/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace prometheus_rsocket::net {
namespace {

using runtime::LogField;
using runtime::LogLevel;
using testing::ElementsAre;

std::string members(std::string value) {
  const std::vector<LogField> fields{{"client", std::move(value)}};
  return format_json_members("m", fields);
}

// What `write` puts on stderr, line by line.
std::vector<std::string> lines(LogLevel level, LogFormat format,
                               const std::function<void(runtime::Log&)>& write) {
  testing::internal::CaptureStderr();
  write(*make_stderr_log(level, format));
  std::istringstream text(testing::internal::GetCapturedStderr());
  std::vector<std::string> found;
  for (std::string line; std::getline(text, line);) found.push_back(line);
  return found;
}

// The text of a JSON string as we write them, its quotes gone; the inverse for ASCII.
std::string unescape(std::string_view json) {
  std::string text;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\') {
      text += json[i];
    } else if (json[++i] == 'u') {
      text += static_cast<char>(std::stoi(std::string(json.substr(i + 1, 4)), nullptr, 16));
      i += 4;
    } else {
      text += json[i];
    }
  }
  return text;
}

TEST(JsonLog, MembersAreStrings) {
  const std::vector<LogField> fields{{"kind", "tcp"}, {"port", "7001"}};
  EXPECT_EQ(format_json_members("listening", fields),
            R"("msg":"listening","kind":"tcp","port":"7001")");
}

TEST(JsonLog, QuotesAndControlCharactersAreEscaped) {
  EXPECT_EQ(members("a\"b\\c"), R"("msg":"m","client":"a\"b\\c")");
  EXPECT_EQ(members(std::string("\n\x1B\0\x7F", 4)),
            R"("msg":"m","client":"\u000a\u001b\u0000\u007f")");
}

TEST(JsonLog, EachByteThatIsNoUtf8IsOneReplacementCharacter) {
  EXPECT_EQ(members("caf\xC3\xA9 \xF0\x9F\x98\x80"),
            "\"msg\":\"m\",\"client\":\"caf\xC3\xA9 \xF0\x9F\x98\x80\"");
  EXPECT_EQ(members("\xFF\xC3"), R"("msg":"m","client":"\ufffd\ufffd")");
  EXPECT_EQ(members("\xED\xA0\x80"), R"("msg":"m","client":"\ufffd\ufffd\ufffd")") << "surrogate";
  EXPECT_EQ(members("\xC0\x80"), R"("msg":"m","client":"\ufffd\ufffd")") << "overlong";
}

TEST(JsonLog, ALongTextIsCutBetweenCharacters) {
  const std::string fits(runtime::kLogValueBytesMax, 'a');
  EXPECT_EQ(members(fits), R"("msg":"m","client":")" + fits + "\"");
  EXPECT_EQ(members(fits + "b"), R"("msg":"m","client":")" + fits + "…\"");
  const std::string start(runtime::kLogValueBytesMax - 1, 'a');
  EXPECT_EQ(members(start + "\xC3\xA9"), R"("msg":"m","client":")" + start + "…\"");
}

RC_GTEST_PROP(JsonLog, AsciiComesBackAsItWasAndNoControlCharacterGoesOut, ()) {
  const auto text = *rc::gen::container<std::string>(
      rc::gen::map(rc::gen::inRange(0, 128), [](int c) { return static_cast<char>(c); }));
  RC_PRE(text.size() <= runtime::kLogValueBytesMax);
  const std::string prefix = R"("msg":"m","client":")";
  const std::string line = members(text);
  RC_ASSERT(line.starts_with(prefix) && line.ends_with('"'));
  RC_ASSERT(std::ranges::none_of(line, [](char c) { return c < ' ' || c == 0x7F; }));
  RC_ASSERT(unescape(std::string_view(line).substr(prefix.size(),
                                                   line.size() - prefix.size() - 1)) == text);
}

TEST(StderrLog, WhatIsBelowItsLevelIsDropped) {
  const auto all = [](runtime::Log& log) {
    log.debug("one");
    log.info("two");
    log.warn("three");
    log.error("four");
  };
  using testing::HasSubstr;
  EXPECT_THAT(
      lines(LogLevel::kWarn, LogFormat::kLogfmt, all),
      ElementsAre(HasSubstr("level=warn msg=\"three\""), HasSubstr("level=error msg=\"four\"")));
  EXPECT_EQ(lines(LogLevel::kDebug, LogFormat::kLogfmt, all).size(), 4U);
}

TEST(StderrLog, ALineBeginsWithItsTimeAndLevel) {
  const auto one = [](runtime::Log& log) { log.info("100 % {}", {{"kind", "tcp"}}); };
  const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";
  const auto logfmt = lines(LogLevel::kInfo, LogFormat::kLogfmt, one).at(0);
  EXPECT_TRUE(std::regex_match(
      logfmt, std::regex("time=" + time + R"( level=info msg="100 % \{\}" kind=tcp)")))
      << logfmt;
  const auto json = lines(LogLevel::kInfo, LogFormat::kJson, one).at(0);
  EXPECT_TRUE(std::regex_match(
      json,
      std::regex(R"(\{"time":")" + time + R"(","level":"info","msg":"100 % \{\}","kind":"tcp"\})")))
      << json;
}

TEST(StderrLog, LinesOfSeveralThreadsAreNotMixed) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kLines = 100;
  const auto text = lines(LogLevel::kInfo, LogFormat::kJson, [](runtime::Log& log) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (std::size_t line = 0; line < kLines; ++line) log.info("m", {{"x", "y"}});
      });
    }
  });
  EXPECT_EQ(text.size(), kThreads * kLines);
  EXPECT_THAT(text, testing::Each(testing::EndsWith(R"("level":"info","msg":"m","x":"y"})")));
}

}  // namespace
}  // namespace prometheus_rsocket::net

#include "server/page.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace prometheus_rsocket::server {
namespace {

constexpr base::SipKey kKey{1, 2};

std::shared_ptr<const Exposition> exposition_of(std::string text) {
  auto exposition = std::make_shared<Exposition>();
  exposition->text = std::move(text);
  auto index = exposition::scan(exposition->text, kKey);
  EXPECT_TRUE(index.has_value());
  exposition->index = std::move(*index);
  return exposition;
}

Reply reply(std::uint64_t serial, std::string text) {
  return {{}, {0, serial}, false, exposition_of(std::move(text))};
}

push::Push push_of(std::uint64_t sequence, std::string text) {
  return {push::Sequence{sequence}, exposition_of(std::move(text))};
}

std::string whole(Page& page) {
  std::string text;
  while (page.write(text)) continue;
  return text;
}

constexpr std::uint64_t kNoLimit = 1 << 20;

TEST(Page, LiveBeatsPushedAndANewerPushAnOlder) {
  Page page({reply(1, "a 1\n")}, {push_of(1, "a 2\nb 2\n"), push_of(2, "a 3\nb 3\n")}, kNoLimit, {},
            kKey);
  EXPECT_EQ(whole(page), "# TYPE a untyped\na 1\n# TYPE b untyped\nb 3\n");
  EXPECT_EQ(page.stats().duplicates_dropped, 3U);
}

TEST(Page, WhatDoesNotFitIsLeftOutAndThePushesComeFirst) {
  const std::uint64_t of_each = exposition_of("a 1\n")->page_bytes();
  Page page({reply(1, "a 1\n"), reply(2, "b 1\n")}, {push_of(1, "c 1\n")}, 2 * of_each, {}, kKey);
  EXPECT_EQ(whole(page), "# TYPE a untyped\na 1\n# TYPE c untyped\nc 1\n");
  EXPECT_EQ(page.left_out(), 1U);
}

TEST(Page, WhoIsYoungerThanOneLeftOutIsLeftOutToo) {
  const std::uint64_t of_two = 2 * exposition_of("a 1\n")->page_bytes();
  Page page({reply(1, "a 1\n"), reply(2, "b{c=\"ddddddddddddddddddddddddddddd\"} 1\n"),
             reply(3, "e 1\n")},
            {}, of_two, {}, kKey);
  EXPECT_EQ(whole(page), "# TYPE a untyped\na 1\n");
  EXPECT_EQ(page.left_out(), 2U);
}

TEST(Page, WithoutClientsItIsEmpty) {
  Page page({}, {}, kNoLimit, {}, kKey);
  EXPECT_EQ(whole(page), "");
}

}  // namespace
}  // namespace prometheus_rsocket::server

// Resources and idling.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::ClientEnd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

history::Resources proxy_has(std::uint64_t handles, std::uint64_t connections,
                             std::uint64_t heap_bytes = 0) {
  return {proxy_place(0), handles, connections, heap_bytes};
}

// Client 1 lives from 1 s to 60 s; the base line is 5 handles and 2 connections.
Story visited(ClientEnd how = ClientEnd::kLeft) {
  Story story;
  story.at(0s).proxy(0).note(proxy_has(5, 2)).at(1s).client(1);
  story.at(30s).note(proxy_has(9, 3)).at(60s).ends(1, how);
  return story;
}

TEST(Resources, BackAtTheBaseLineIsFine) {
  EXPECT_THAT(visited().at(90s).note(proxy_has(5, 2)).judged("9-resources"), IsEmpty());
}

TEST(Resources, WhatIsLeftOverIsFound) {
  EXPECT_THAT(visited(ClientEnd::kLost).at(90s).note(proxy_has(6, 3)).judged("9-resources"),
              ElementsAre("90000 ms: proxy 0 has 6 handles with all clients gone, and had 5 at "
                          "0.000000",
                          "90000 ms: proxy 0 has 3 connections with all clients gone, and had 2 at "
                          "0.000000"));
}

TEST(Resources, WithinALifetimeSomethingMayBeLeft) {
  EXPECT_THAT(visited(ClientEnd::kLost).at(80s).note(proxy_has(6, 3)).judged("9-resources"),
              IsEmpty());
}

TEST(Resources, ARestartedProxyHasABaseLineOfItsOwn) {
  Story story = visited();
  story.at(61s).proxy_ends(0).at(62s).proxy(0).note(proxy_has(6, 3));
  EXPECT_THAT(story.at(90s).note(proxy_has(6, 3)).judged("9-resources"), IsEmpty());
}

TEST(Resources, ABrokenProxyMayNotKnowThatTheyAreGone) {
  Story story = visited();
  story.at(70s).heal({proxy_place(0)}).at(90s).note(proxy_has(6, 3));
  EXPECT_THAT(story.judged("9-resources"), IsEmpty());
}

TEST(Resources, AHeapBeyondItsBoundIsFoundAtAnyTime) {
  Story story;
  story.rules.heap_bytes_max = 100;
  story.at(0s).proxy(0).client(1).note(proxy_has(5, 2, 1000)).at(10s).note(proxy_has(5, 2, 1100));
  EXPECT_THAT(story.judged("9-resources"), IsEmpty());
  EXPECT_THAT(story.at(20s).note(proxy_has(5, 2, 1101)).judged("9-resources"),
              ElementsAre("20000 ms: the heap holds 1101 bytes, after 1000 at first: more than 100 "
                          "over that"));
}

TEST(Idling, MoreEventsThanAllowedAreFound) {
  Story story;
  story.at(10s).note(history::Ended{1000, 3.5});
  EXPECT_THAT(story.judged("L5"), IsEmpty());
  story.rules.idle_events_per_second_max = 3.5;
  EXPECT_THAT(story.judged("L5"), IsEmpty());
  story.rules.idle_events_per_second_max = 3;
  EXPECT_THAT(story.judged("L5"), ElementsAre("10000 ms: 3.5 events a second while nothing goes "
                                              "on, more than 3"));
}

TEST(Idling, EachProxyThatLivesMayDoItsShare) {
  Story story;
  story.rules.idle_events_per_second_max = 2;
  story.at(0s).proxy(0).proxy(1).at(20s).note(history::Ended{1000, 3.5});
  EXPECT_THAT(story.judged("L5"), IsEmpty());
  story.at(10s).proxy_ends(1);
  EXPECT_THAT(story.judged("L5"), ElementsAre(HasSubstr("more than 2")));
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle

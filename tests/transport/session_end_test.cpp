// How sessions end: by their owner's word, by their peer's, by the clock, or by a process' death.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session_params.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::chrono_literals;
using rsocket::ErrorCode;
using rsocket::Frame;
using rsocket::kConnectionStream;
using rsocket::StreamId;
using testing::ElementsAre;

// ---- Closed comes exactly once and last, whatever ends a connection.

struct Cause {
  std::string name;
  std::function<void(SessionWorld&)> begin;  // until the server's session is there
  std::function<void(SessionWorld&)> end;
  std::string reason;
};

void set_up(SessionWorld& it) {
  it.connect_raw();
  it.world.run_for(1s);  // all is acknowledged
}

std::vector<Cause> causes() {
  const auto request = [](SessionWorld& it) {
    (void)it.server->session().request_response(data_only(varied_bytes(100'000)));
  };
  return {
      {"peer_fin", set_up, [](SessionWorld& it) { it.raw->peer().send_fin(); }, "stream_ended"},
      {"peer_reset", set_up,
       [request](SessionWorld& it) {
         it.raw->peer().pause_reading();
         request(it);
         it.world.run_for(1s);
         it.raw->peer().close();
       },
       "stream_ended"},
      {"peer_killed", set_up,
       [request](SessionWorld& it) {
         request(it);
         it.world.kill(it.client_process);
       },
       "stream_ended"},
      {"host_lost", set_up, [](SessionWorld& it) { it.world.lose_host(SessionWorld::kClient); },
       "lifetime_expired"},
      {"silence", set_up, [](SessionWorld&) {}, "lifetime_expired"},
      {"no_setup", [](SessionWorld& it) { it.dial_raw(); }, [](SessionWorld&) {},
       "first_frame_timeout"},
      {"no_setup_but_a_request", [](SessionWorld& it) { it.dial_raw(); },
       [](SessionWorld& it) {
         it.raw->send({StreamId{1}, rsocket::RequestFnfFrame{}});
       },
       "setup_refused"},
      {"protocol_error", set_up,
       [](SessionWorld& it) {
         it.raw->send({StreamId{2}, rsocket::RequestFnfFrame{}});
       },
       "protocol_error"},
      {"peer_error", set_up,
       [](SessionWorld& it) {
         it.raw->send(
             {kConnectionStream, rsocket::ErrorFrame{ErrorCode::kConnectionError, "Disposed"}});
       },
       "peer_error"},
      {"close", set_up,
       [](SessionWorld& it) { it.server->session().close(ErrorCode::kConnectionClose, "bye"); },
       "command"},
      {"finish", set_up, [](SessionWorld& it) { it.server->session().finish(); }, "stream_ended"},
      {"abort", set_up, [](SessionWorld& it) { it.server->session().abort(); }, "stream_ended"},
      {"abort_twice_after_close", set_up,
       [](SessionWorld& it) {
         it.server->session().close(ErrorCode::kConnectionClose, "bye");
         it.server->session().abort();
         it.server->session().abort();
       },
       "command"},
  };
}

class SessionEnd : public testing::TestWithParam<std::tuple<TransportKind, std::size_t>> {};
INSTANTIATE_TEST_SUITE_P(By, SessionEnd,
                         testing::Combine(kBothTransports,
                                          testing::Range(std::size_t{0}, causes().size())),
                         [](const auto& of) {
                           return causes()[std::get<1>(of.param)].name + "_" +
                                  name_of(std::get<0>(of.param));
                         });

TEST_P(SessionEnd, IsToldByClosedOnceAndLastAndLeavesNothingOpen) {
  const auto [kind, index] = GetParam();
  const Cause cause = causes()[index];
  SessionWorld it(kind);
  cause.begin(it);
  cause.end(it);
  ASSERT_TRUE(it.until([&] { return it.server->closed(); }));
  const auto session = it.server->watch();
  it.world.run_for(10min);
  EXPECT_EQ(it.server->count("Closed"), 1U);
  EXPECT_EQ(it.server->last(), "Closed reason=" + cause.reason);
  it.server.reset();
  EXPECT_TRUE(session.expired()) << "an operation still holds the session";
  it.raw.reset();
  it.world.run_for(1min);
  EXPECT_EQ(it.world.open_connections(), 0U);
}

// ---- The three ways to end one's own.

class SessionEndTest : public OverBothTransports {
 protected:
  SessionWorld it{kind(), seed()};
};
INSTANTIATE_TEST_SUITE_P(Over, SessionEndTest,
                         testing::Combine(kBothTransports, testing::Range<std::uint64_t>(1, 4)),
                         name_of_case);

TEST_P(SessionEndTest, CloseFlushesWhatIsQueuedAndThenSaysError) {
  it.connect();
  for (int i = 0; i < 3; ++i) {
    (void)it.client->session().fire_and_forget(data_only(varied_bytes(1'000'000)));
  }
  it.client->session().close(ErrorCode::kConnectionError, "Disposed");
  ASSERT_TRUE(it.until([&] { return it.server->closed(); }));
  EXPECT_THAT(
      it.server->events,
      ElementsAre(testing::StartsWith("SetupReceived"), "FireAndForget stream=1 data=1000000",
                  "FireAndForget stream=3 data=1000000", "FireAndForget stream=5 data=1000000",
                  "PeerError code=CONNECTION_ERROR text=8", "Closed reason=peer_error"));
  EXPECT_TRUE(it.client->session().flushed());
}

TEST_P(SessionEndTest, FinishFlushesWhatIsQueuedAndEndsWithoutAWord) {
  it.connect();
  for (int i = 0; i < 3; ++i) {
    (void)it.client->session().fire_and_forget(data_only(varied_bytes(1'000'000)));
  }
  it.client->session().finish();
  ASSERT_TRUE(it.until([&] { return it.server->closed() && it.client->closed(); }));
  EXPECT_THAT(
      it.server->events,
      ElementsAre(testing::StartsWith("SetupReceived"), "FireAndForget stream=1 data=1000000",
                  "FireAndForget stream=3 data=1000000", "FireAndForget stream=5 data=1000000",
                  "Closed reason=stream_ended"));
  EXPECT_THAT(it.client->events, ElementsAre("Closed reason=stream_ended"));
  EXPECT_TRUE(it.client->session().flushed());
}

TEST_P(SessionEndTest, AbortEndsAtOnceAndLosesWhatIsQueued) {
  it.connect();
  (void)it.client->session().fire_and_forget(data_only(varied_bytes(1'000'000)));
  it.client->session().abort();
  const base::Instant now = it.world.now();
  ASSERT_TRUE(it.until([&] { return it.server->closed() && it.client->closed(); }));
  EXPECT_EQ(it.client->closed_at, now);
  EXPECT_FALSE(it.client->session().flushed());
  EXPECT_FALSE(it.server->saw("FireAndForget"));
}

TEST_P(SessionEndTest, NoEventComesAfterDetach) {
  it.connect();
  it.server->react = [&](const rsocket::Event&) { it.server->session().detach(); };
  for (int i = 0; i < 3; ++i) (void)it.client->session().fire_and_forget(text("a"));
  it.client->session().close(ErrorCode::kConnectionError, "Disposed");
  it.world.run_for(1min);
  EXPECT_THAT(it.server->events,
              ElementsAre(testing::StartsWith("SetupReceived"), "FireAndForget stream=1 data=1"));
}

// Beast keeps an operation that waits for another one of the same WebSocket, and it keeps us.
TEST_P(SessionEndTest, AKilledProcessKeepsNoSessionThatWasSayingGoodbye) {
  it.connect();
  it.world.cut(SessionWorld::kServer.address, SessionWorld::kClient);
  it.server->session().close(ErrorCode::kConnectionClose, "bye");
  it.world.run_for(1s);
  const auto session = it.server->watch();
  it.world.kill(it.server_process);
  it.server.reset();
  EXPECT_TRUE(session.expired());
}

// ---- Whether all was handed over.

sim::Config narrow_network() {
  sim::Config config;
  config.window_bytes = std::size_t{16} << 10;
  config.user_timeout = 24h;  // so that what ends a connection is ours
  return config;
}

class SlowPeer : public OverBothTransports {
 protected:
  SessionWorld it{kind(), seed(), narrow_network()};

  // The stranger takes what fits into the window once in so long.
  void read_every(base::Duration interval, const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) {
      it.world.run_for(interval);
      it.raw->peer().resume_reading();
      it.world.run_for(1ms);
      it.raw->peer().pause_reading();
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Over, SlowPeer,
                         testing::Combine(kBothTransports, testing::Range<std::uint64_t>(1, 3)),
                         name_of_case);

TEST_P(SlowPeer, FlushedIsFalseUntilTheLastByteWasHandedOver) {
  it.connect_raw();
  it.raw->peer().pause_reading();
  (void)it.server->session().fire_and_forget(data_only(varied_bytes(1'000'000)));
  it.server->session().finish();
  it.world.run_for(20s);
  EXPECT_FALSE(it.server->session().flushed());
  it.raw->peer().resume_reading();
  ASSERT_TRUE(it.until([&] { return it.server->session().flushed(); }));
  ASSERT_TRUE(it.until([&] { return it.server->closed(); }));
  EXPECT_EQ(it.raw->frames().size(), 1U);
  EXPECT_GT(it.raw->peer().received().size(), 1'000'000U);
}

TEST_P(SlowPeer, FlushedStaysFalseWhenThePeerGoesBeforeTheEnd) {
  it.connect_raw();
  it.raw->peer().pause_reading();
  (void)it.server->session().fire_and_forget(data_only(varied_bytes(1'000'000)));
  it.server->session().finish();
  it.world.run_for(5s);
  it.raw->peer().close();
  ASSERT_TRUE(it.until([&] { return it.server->closed(); }));
  it.world.run_for(1min);
  EXPECT_FALSE(it.server->session().flushed());
}

// What is queued behind the frame under way is dropped when the peer's lifetime is over.
TEST_P(SlowPeer, FlushedStaysFalseWhenTheLifetimeEndsTheFlush) {
  it.connect_raw(10s);
  it.raw->peer().pause_reading();
  for (int i = 0; i < 4; ++i) {
    (void)it.server->session().fire_and_forget(data_only(varied_bytes(400'000)));
  }
  it.server->session().finish();
  read_every(1s, [&] { return it.raw->peer().ended().failed(); });
  EXPECT_EQ(it.server->last(), "Closed reason=lifetime_expired");
  EXPECT_LT(it.raw->peer().received().size(), 1'600'000U);
  EXPECT_FALSE(it.server->session().flushed());
}

TEST_P(SlowPeer, AWriteThatStallsEndsTheConnection) {
  it.connect_raw(5min);
  it.raw->peer().pause_reading();
  (void)it.server->session().fire_and_forget(data_only(varied_bytes(1'000'000)));
  const base::Instant began = it.world.now();
  ASSERT_TRUE(it.until([&] { return it.server->closed(); }));
  EXPECT_EQ(it.server->last(), "Closed reason=stream_ended");
  EXPECT_GE(*it.server->closed_at, began + kWriteStallTime);
  EXPECT_LE(*it.server->closed_at, began + 2 * kWriteStallTime + 1s);
}

TEST_P(SlowPeer, AWriteThatMovesSlowlyIsNotCutOff) {
  it.connect_raw(5min);
  it.raw->peer().pause_reading();
  (void)it.server->session().fire_and_forget(data_only(varied_bytes(300'000)));
  const base::Instant began = it.world.now();
  read_every(20s, [&] {
    it.raw->send({kConnectionStream, rsocket::KeepaliveFrame{}});
    return it.raw->peer().received().size() > 300'000 || it.server->closed();
  });
  EXPECT_GT(it.world.now(), began + 4 * kWriteStallTime);
  EXPECT_FALSE(it.server->closed()) << it.server->last();
  EXPECT_EQ(it.raw->frames().size(), 1U);
}

// ---- Between our goodbye and the peer's.

TEST_P(SlowPeer, ThePeersEndIsWaitedForSoLongAndNoLonger) {
  it.connect_raw();
  it.server->session().finish();
  const base::Instant began = it.world.now();
  ASSERT_TRUE(it.until([&] { return it.server->closed(); }));
  EXPECT_EQ(*it.server->closed_at - began, kLingerTime);
}

TEST_P(SlowPeer, WhatComesAfterOurGoodbyeIsThrownAway) {
  it.connect_raw();
  it.server->session().close(ErrorCode::kConnectionClose, "bye");
  for (int i = 0; i < 100; ++i) {
    it.raw->send(
        {StreamId{1}, rsocket::RequestFnfFrame{.payload = data_only(varied_bytes(10'000))}});
  }
  it.world.run_for(1s);
  EXPECT_EQ(it.raw->peer().unsent(), 0U);
  it.world.run_for(1min);
  EXPECT_EQ(it.server->last(), "Closed reason=command");
  EXPECT_EQ(it.raw->last_error(), ErrorCode::kConnectionClose);
}

TEST_P(SlowPeer, AKeepaliveThatBecomesDueDoesNotEndTheWaitForThePeersEnd) {
  it.connect(timed_setup(5s, 90s));
  it.world.run_for(4s);
  it.client->session().finish();
  const base::Instant began = it.world.now();
  it.world.cut(SessionWorld::kServer.address, SessionWorld::kClient);
  ASSERT_TRUE(it.until([&] { return it.client->closed(); }));
  EXPECT_EQ(*it.client->closed_at - began, kLingerTime);
}

// ---- Death in mid-operation (what leaks is AddressSanitizer's to say).

class Death : public testing::TestWithParam<TransportKind> {};
INSTANTIATE_TEST_SUITE_P(Over, Death, kBothTransports,
                         [](const auto& of) { return name_of(of.param); });

TEST_P(Death, OfEitherProcessAfterAnyNumberOfEventsIsSurvivedByTheOther) {
  for (std::uint64_t after = 0; after < 120; ++after) {
    SessionWorld it(GetParam(), after);
    it.config.fragment_bytes_max = 4096;
    it.connect();
    it.client->echo();
    (void)it.server->session().request_response(data_only(varied_bytes(300'000)));
    (void)it.client->session().fire_and_forget(data_only(varied_bytes(300'000)));
    const std::uint64_t until = it.world.events() + after;
    ASSERT_TRUE(it.until([&] { return it.world.events() >= until; }));
    const bool server_dies = after % 2 == 0;
    sim::Process& dying = server_dies ? it.server_process : it.client_process;
    after % 4 < 2 ? it.world.kill(dying) : it.world.stop(dying);
    End& other = server_dies ? *it.client : *it.server;
    ASSERT_TRUE(it.until([&] { return other.closed(); })) << after;
    EXPECT_EQ(other.count("Closed"), 1U);
    EXPECT_EQ(other.last(), "Closed reason=stream_ended");
  }
}

}  // namespace
}  // namespace prometheus_rsocket::transport

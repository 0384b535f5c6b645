// What a peer that sends more than it takes can make us hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "rsocket/limits.h"
#include "session_params.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::chrono_literals;
using rsocket::StreamId;

class SessionFlow : public OverBothTransports {
 protected:
  SessionWorld it{kind(), seed()};
};
INSTANTIATE_TEST_SUITE_P(Over, SessionFlow,
                         testing::Combine(kBothTransports, testing::Range<std::uint64_t>(1, 3)),
                         name_of_case);

// Each of these is answered by an ERROR of several times its size.
std::string flood(const RawClient& raw, std::uint32_t requests) {
  std::string bytes;
  for (std::uint32_t i = 0; i < requests; ++i) {
    bytes += raw.wrapped({StreamId{2 * i + 1}, rsocket::RequestStreamFrame{}});
  }
  return bytes;
}

TEST_P(SessionFlow, AFloodWithoutReadingPausesOurReadsAndIsTakenUpAgain) {
  it.connect_raw();
  it.raw->peer().pause_reading();
  constexpr std::uint32_t kRequests = 60'000;
  it.raw->peer().send(flood(*it.raw, kRequests));
  std::size_t queued_max = 0;
  const base::Instant until = it.world.now() + 5s;
  ASSERT_TRUE(it.until([&] {
    queued_max = std::max(queued_max, it.server->session().connection().queued_bytes());
    return it.world.now() >= until || it.world.idle() || it.server->closed();
  }) || it.world.now() >= until);
  EXPECT_FALSE(it.server->session().connection().wants_read());
  EXPECT_GT(it.raw->peer().unsent(), 0U);
  EXPECT_GT(queued_max, rsocket::kOutboundQueueBytesMax / 2);
  EXPECT_LE(queued_max, rsocket::kOutboundQueueBytesMax + rsocket::kControlFrameBytesMax +
                            rsocket::kQueuedFrameBytes);

  it.raw->peer().resume_reading();
  ASSERT_TRUE(it.until([&] { return it.raw->peer().unsent() == 0; }));
  it.world.run_for(1s);
  EXPECT_EQ(it.raw->frames().size(), kRequests);
  EXPECT_FALSE(it.server->closed());
}

TEST_P(SessionFlow, AKeepaliveFloodEndsTheConnection) {
  it.connect_raw();
  for (std::uint32_t i = 0; i < 2 * rsocket::kKeepaliveBurst; ++i) {
    it.raw->send({rsocket::kConnectionStream, rsocket::KeepaliveFrame{true, 0, {}}});
  }
  ASSERT_TRUE(it.until([&] { return it.raw->peer().ended().failed(); }));
  EXPECT_EQ(it.server->last(), "Closed reason=protocol_error");
  EXPECT_EQ(it.raw->last_error(), rsocket::ErrorCode::kConnectionError);
}

// What has not come does not take memory: 16 MiB are announced, and then there is silence.
TEST_P(SessionFlow, AnAnnouncedFrameThatDoesNotComeEndsWithTheLifetime) {
  it.connect_raw();
  const std::string whole = it.raw->wrapped(
      {StreamId{1}, rsocket::RequestFnfFrame{.payload = data_only(varied_bytes(16 << 20 >> 1))}});
  it.raw->peer().send(std::string_view(whole).substr(0, 100));
  ASSERT_TRUE(it.until([&] { return it.server->closed(); }));
  EXPECT_EQ(it.server->last(), "Closed reason=lifetime_expired");
}

// Each push may cost a private-key operation: some hundred peers that sent as many as a buffer
// holds kept their shard from everybody else for longer than a scrape has.
TEST_P(SessionFlow, AFloodOfPushesLetsTheOthersOnItsShardHaveTheirTurn) {
  it.connect_raw();
  constexpr std::uint32_t kPushes = 500;
  std::string flood;
  for (std::uint32_t i = 0; i < kPushes; ++i) {
    flood += it.raw->wrapped({StreamId{2 * i + 1}, rsocket::RequestFnfFrame{.payload = text("a")}});
  }
  const auto taken = [&] { return it.server->count("FireAndForget"); };
  std::size_t waited_for_max = 0;  // by a task of somebody else
  it.server->react = [&](const rsocket::Event&) {
    boost::asio::post(it.server_shard().executor, [&, before = taken()] {
      waited_for_max = std::max(waited_for_max, taken() - before);
    });
  };
  it.raw->peer().send(flood);
  ASSERT_TRUE(it.until([&] { return taken() == kPushes; }));
  it.world.run_for(1s);
  EXPECT_LE(waited_for_max, 1U);
}

TEST_P(SessionFlow, APushTakesATurnInFragmentsTooAndAReplyNone) {
  it.connect_raw();
  const auto asked = it.server->session().request_response(text("a"));
  ASSERT_TRUE(asked);
  std::vector<std::string> turns;
  it.server->react = [&](const rsocket::Event& event) {
    const bool is_push = std::holds_alternative<rsocket::FireAndForget>(event);
    turns.emplace_back(is_push ? "push" : "reply");
    turns.back() += it.turns->take({}) ? " takes none" : " takes one";
  };
  const auto last = [](std::string_view data) {
    return rsocket::PayloadFrame{.complete = true, .next = true, .payload = text(data)};
  };
  const std::vector<rsocket::Frame> frames = {
      {*asked, last("reply")},
      {StreamId{1}, rsocket::RequestFnfFrame{.payload = text("whole")}},
      {StreamId{3}, rsocket::RequestFnfFrame{.follows = true, .payload = text("in ")}},
      {StreamId{3}, last("pieces")}};
  for (const rsocket::Frame& frame : frames) {
    it.raw->send(frame);
    it.world.run_for(1s);
  }
  EXPECT_THAT(turns, testing::ElementsAre("reply takes none", "push takes one", "push takes one"));
}

TEST_P(SessionFlow, WhoWaitsForItsTurnAndEndsIsPassedOver) {
  it.connect_raw();
  ASSERT_TRUE(it.turns->take({}));  // somebody else's, of this round
  it.raw->send({StreamId{1}, rsocket::RequestFnfFrame{.payload = text("a")}});
  it.raw->send({StreamId{3}, rsocket::RequestFnfFrame{.payload = text("b")}});
  it.server->react = [&](const rsocket::Event&) { it.server->session().abort(); };
  ASSERT_TRUE(it.until([&] { return it.server->closed(); }));
  it.world.run_for(1s);
  EXPECT_EQ(it.server->count("FireAndForget"), 1U);
  EXPECT_TRUE(it.turns->take({}));
}

}  // namespace
}  // namespace prometheus_rsocket::transport

// What a peer that sends more than it takes can make us hold.
#include <gtest/gtest.h>

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
  EXPECT_LE(queued_max, rsocket::kOutboundQueueBytesMax + rsocket::kControlFrameBytesMax);

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

}  // namespace
}  // namespace prometheus_rsocket::transport

// What clients' frames may cost while they arrive, in a whole proxy: --rsocket.max-inflight-bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "rsocket/frame_reader.h"
#include "rsocket/limits.h"
#include "server_world.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using rsocket::Frame;
using rsocket::StreamId;
using sim::peer::framed;

constexpr std::size_t kPayloadMax = std::size_t{64} << 10;
const std::string kHeldMetric = "prometheus_proxy_inflight_bytes";
const std::string kQuarantinedMetric =
    "prometheus_proxy_quarantined_payloads_total{reason=\"inflight\"}";

// One shard whose budget is one payload, and a hog: a client that sends what the test gives it.
struct Crowded : testing::Test {
  Crowded() {
    hog.send(framed(Frame{rsocket::kConnectionStream, sim::peer::setup_frame()}));
    it.world.run_for(1s);
  }
  static Config small() {
    Config config;
    config.payload_bytes_max = kPayloadMax;
    config.inflight_bytes_max = kPayloadMax;
    return config;
  }
  // The start of a frame that takes all of the budget and a little less than the rest of the frame.
  static std::string most_of(const Frame& frame) {
    return framed(frame).substr(0, kPayloadMax - 100);
  }
  void fill_by_push() {
    hog.send(most_of({StreamId{1}, rsocket::RequestResponseFrame{false, large}}));
    it.world.run_for(1s);
    ASSERT_GT(std::stoul(it.metric(kHeldMetric)), kPayloadMax - 200);
  }
  [[nodiscard]] std::vector<std::string> frames_to_hog() const {
    std::vector<std::string> lines;
    for (const Frame& frame : sim::peer::frames(hog.received())) {
      std::ostringstream line;
      line << frame;
      lines.push_back(line.str());
    }
    return lines;
  }

  ServerWorld it{small(), {}, 1, 1};
  sim::peer::RawPeer hog{it.new_host(), kTcp};
  const std::string text = std::string(kPayloadMax, 'x');
  const rsocket::PayloadView large{.metadata = std::nullopt, .data = base::as_bytes(text)};
};

// Text that Snappy does not make shorter.
std::string noise(std::string_view name, std::size_t bytes) {
  std::string text = "# TYPE " + std::string(name) + " gauge\n" + std::string(name) + "{x=\"";
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < bytes; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    text += static_cast<char>('a' + (state >> 33U) % 26);
  }
  return text + "\"} 1\n";
}

TEST_F(Crowded, AReplyOverTheBudgetIsKeptFromThatScrapeAlone) {
  Application& small = it.add_application(gauge("a", 1));
  Application& big = it.add_application(noise("b", 8000));
  fill_by_push();
  EXPECT_EQ(it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 2\r\n"), gauge("a", 1));
  EXPECT_EQ(it.metric(kQuarantinedMetric), "1");
  EXPECT_EQ(it.proxy->count_log("msg=\"reply given up\""), 1U);
  EXPECT_EQ(small.connected_times(), 1U);
  EXPECT_EQ(big.connected_times(), 1U);

  hog.close();
  it.world.run_for(1s);
  EXPECT_EQ(it.metric(kHeldMetric), "0");
  EXPECT_EQ(it.scrape(), gauge("a", 1) + noise("b", 8000));
  EXPECT_EQ(it.metric(kQuarantinedMetric), "1");
}

TEST_F(Crowded, APushOverTheBudgetIsToldSo) {
  Application& big = it.add_application(noise("b", 8000));
  fill_by_push();
  big.push(agent::PushKind::kAcknowledged, noise("b", 8000));
  it.world.run_for(6s);
  ASSERT_TRUE(big.pushed());
  EXPECT_TRUE(big.pushed()->failed());
  EXPECT_EQ(it.metric("prometheus_proxy_pushes_refused_total"), "1");
  EXPECT_EQ(it.proxy->count_log("msg=\"push given up\""), 1U);
}

TEST_F(Crowded, FragmentsCount) {
  const std::string piece(1000, 'x');
  const rsocket::PayloadView some{.metadata = std::nullopt, .data = base::as_bytes(piece)};
  hog.send(framed(Frame{StreamId{1}, rsocket::RequestResponseFrame{true, some}}));
  for (int i = 1; i < 60; ++i) {
    hog.send(framed(Frame{StreamId{1}, rsocket::PayloadFrame{true, false, true, some}}));
  }
  it.world.run_for(1s);
  EXPECT_EQ(it.metric(kHeldMetric), "60000");
  hog.send(framed(Frame{StreamId{3}, rsocket::RequestResponseFrame{true, large}}));
  it.world.run_for(1s);
  EXPECT_THAT(frames_to_hog(), testing::Contains(testing::HasSubstr("ERROR stream=3")));
  hog.send(framed(Frame{StreamId{1}, rsocket::CancelFrame{}}));
  it.world.run_for(1s);
  EXPECT_EQ(it.metric(kHeldMetric), "0");
}

TEST_F(Crowded, AReplyOfWhichTheScrapeWasCancelledGivesItsRoomBack) {
  it.add_application(gauge("a", 1));
  auto scraper = it.new_scraper();
  scraper->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 2\r\n");
  it.world.run_for(1s);
  hog.send(most_of({StreamId{4}, rsocket::PayloadFrame{false, true, true, large}}));
  it.world.run_for(200ms);
  EXPECT_NE(it.metric(kHeldMetric), "0");
  EXPECT_EQ(it.wait_for(*scraper).body, gauge("a", 1));
  hog.send("x");
  it.world.run_for(1s);
  EXPECT_EQ(it.metric(kHeldMetric), "0");
}

TEST_F(Crowded, APayloadThatNobodyAskedForIsDroppedUnreadAndWhatFollowsIsServed) {
  Frame unasked{StreamId{2}, rsocket::PayloadFrame{false, true, true, large}};
  hog.send(most_of(unasked));
  it.world.run_for(1s);
  EXPECT_EQ(it.metric(kHeldMetric), "0");
  hog.send(framed(unasked).substr(most_of(unasked).size()));
  hog.send(framed(Frame{rsocket::kConnectionStream, rsocket::KeepaliveFrame{true, 0, {}}}));
  it.world.run_for(1s);
  EXPECT_THAT(frames_to_hog(), testing::Contains(testing::HasSubstr("KEEPALIVE")));
}

TEST_F(Crowded, APushThatStallsGivesItsRoomBack) {
  fill_by_push();
  it.world.run_for(rsocket::kReassemblyTime);
  EXPECT_EQ(it.metric(kHeldMetric), "0");
}

TEST_F(Crowded, APushThatTakesTooLongIsToldSoAndWhatFollowsIsServed) {
  fill_by_push();
  const std::string rest =
      framed({StreamId{1}, rsocket::RequestResponseFrame{false, large}}).substr(kPayloadMax - 100);
  for (const char byte : rest.substr(0, 40)) {
    hog.send(std::string(1, byte));
    it.world.run_for(1s);
  }
  EXPECT_EQ(it.metric(kHeldMetric), "0");
  EXPECT_EQ(it.metric(kQuarantinedMetric), "0");
  EXPECT_EQ(it.proxy->count_log("msg=\"push given up\""), 1U);
  hog.send(rest.substr(40));
  hog.send(framed(Frame{rsocket::kConnectionStream, rsocket::KeepaliveFrame{true, 0, {}}}));
  it.world.run_for(1s);
  EXPECT_THAT(frames_to_hog(), testing::Contains(testing::HasSubstr("ERROR stream=1")));
  EXPECT_THAT(frames_to_hog(), testing::Contains(testing::HasSubstr("KEEPALIVE")));
}

TEST_F(Crowded, WhenAllIsQuietNothingIsHeld) {
  it.add_application(noise("b", 8000));
  it.add_application(noise("c", 8000), transport::TransportKind::kWebSocket);
  Application& pushing = it.add_application(gauge("d", 1));
  fill_by_push();
  for (int i = 0; i < 3; ++i) (void)it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 1\r\n");
  hog.send_fin();
  it.world.run_for(1s);
  pushing.push(agent::PushKind::kFireAndForget, noise("d", 8000));
  it.world.run_for(10s);
  EXPECT_EQ(it.metric(kHeldMetric), "0");
  EXPECT_EQ(it.scrape(), noise("b", 8000) + noise("c", 8000) + noise("d", 8000));
}

}  // namespace
}  // namespace prometheus_rsocket::server

// Faults of what a host sends and moves: clogs, bandwidth, small reads and writes, corruption.
#include "net.h"

namespace prometheus_rsocket::sim {
namespace {

TEST(Clog, KeepsWhatIsSentUnderWayUntilItIsGone) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.clog(kClient);
  near.send("one ");
  net.world.run_for(5s);
  near.send("two");
  near.send_fin();
  net.world.run_for(5s);
  EXPECT_EQ(far.received(), "");
  EXPECT_GT(net.world.count(Happening::kMetClog), 0U);

  net.world.unclog(kClient);
  EXPECT_TRUE(net.ends(far, error::eof, 1s));
  EXPECT_EQ(far.received(), "one two");
}

TEST(Clog, DoesNotStopWhatOthersSend) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.clog(kClient);
  far.send("x");
  EXPECT_EQ(net.time_to(near, 1), kLatency);
}

TEST(Clog, HidesTheAcknowledgementsFromThePeer) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.clog(kClient);
  far.send("x");
  EXPECT_TRUE(net.ends(far, error::timed_out));
}

TEST(Clog, KeepsAnRstUnderWay) {
  Net net;
  const auto [near, far] = net.connect();
  far.send(text_of(10'000));  // more than one read
  near.pause_reading();
  net.world.run_for(1s);
  net.world.clog(kClient);
  near.send("last words");
  near.close();
  net.world.run_for(5s);
  EXPECT_FALSE(far.ended());
  net.world.unclog(kClient);
  EXPECT_TRUE(net.ends(far, error::connection_reset, 1s));
  EXPECT_EQ(far.received(), "last words");
}

TEST(Clog, LetsNoRstOvertakeWhatItKept) {
  Net net;
  const auto [near, far] = net.connect();
  far.send(text_of(10'000));  // more than one read
  near.pause_reading();
  net.world.run_for(1s);
  net.world.clog(kClient);
  near.send("last words");  // is kept after 1 ms
  net.world.run_for(1500us);
  near.close();  // its RST would arrive after 2.5 ms
  net.world.run_for(900us);
  net.world.unclog(kClient);  // the words arrive after 3.4 ms
  EXPECT_TRUE(net.ends(far, error::connection_reset, 1s));
  EXPECT_EQ(far.received(), "last words");
}

TEST(Clog, KeepsDialsUnderWay) {
  Net net;
  net.world.clog(kClient);
  const sim::peer::RawPeer& near = net.dial();
  net.world.run_for(10s);
  EXPECT_FALSE(near.connected());
  net.world.unclog(kClient);
  EXPECT_TRUE(net.world.run_until([&] { return near.connected(); }, 3 * kLatency));
  net.world.run_for(1s);
  EXPECT_EQ(net.acceptor.peers.size(), 1U);
}

TEST(Clog, KeepsTheAnswersToDialsUnderWay) {
  Net net;
  net.world.clog(kServer);
  const sim::peer::RawPeer& near = net.dial();
  net.world.run_for(10s);
  EXPECT_FALSE(near.connected());
  net.world.unclog(kServer);
  EXPECT_TRUE(net.world.run_until([&] { return near.connected(); }, 3 * kLatency));
}

TEST(Bandwidth, LetsSoManyBytesASecondThrough) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.limit_bandwidth(kServer, 10'000);
  near.send(text_of(50'000));
  EXPECT_EQ(net.time_to(far, 50'000), 5s + kLatency);
  EXPECT_GT(net.world.count(Happening::kPaced), 0U);
}

TEST(Bandwidth, IsOfEachConnectionAndDirection) {
  Net net;
  const auto one = net.connect();
  const auto two = net.connect();
  net.world.limit_bandwidth(kClient, 10'000);
  one.near.send(text_of(10'000));
  one.far.send(text_of(10'000));
  two.near.send(text_of(10'000));
  net.world.run_for(1s + kLatency);
  EXPECT_EQ(one.far.received().size(), 10'000U);
  EXPECT_EQ(one.near.received().size(), 10'000U);
  EXPECT_EQ(two.far.received().size(), 10'000U);
}

TEST(Bandwidth, OfTheConfigHoldsForAll) {
  Config config = calm();
  config.bandwidth = 10'000;
  Net net(config);
  const auto [near, far] = net.connect();
  near.send(text_of(30'000));
  EXPECT_EQ(net.time_to(far, 30'000), 3s + kLatency);
}

TEST(Bandwidth, IsThatOfTheMomentForWhatHasNotLeft) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.limit_bandwidth(kServer, kBandwidthMin);
  near.send(text_of(100'000));
  net.world.run_for(20s);
  EXPECT_LE(far.received().size(), 20 * kBandwidthMin);
  EXPECT_GE(far.received().size(), 15 * kBandwidthMin);
  net.world.limit_bandwidth(kServer, 0);
  EXPECT_LE(net.time_to(far, 100'000), 5 * kLatency);
}

TEST(Bandwidth, OfTheLeastEndsNoConnectionThatMoves) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.limit_bandwidth(kServer, kBandwidthMin);
  const std::string text = text_of(400'000);
  near.send(text);
  EXPECT_GT(net.time_to(far, text.size()), 6min);
  EXPECT_EQ(far.received(), text);
  EXPECT_FALSE(near.ended());
}

TEST(OneByte, MovesOneByteAtATime) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.set_one_byte(kServer, true);
  near.send(text_of(20));
  EXPECT_EQ(trace(net.world, far, 1s).size(), 20U) << "reads";
  far.send(text_of(20));
  EXPECT_EQ(trace(net.world, near, 1s).size(), 20U) << "writes";
  EXPECT_EQ(net.world.count(Happening::kOneByte), 38U);

  net.world.set_one_byte(kServer, false);
  near.send(text_of(20));
  EXPECT_EQ(trace(net.world, far, 1s).size(), 1U);
}

TEST(ShortIo, OfAHostIsInPlaceOfTheConfigs) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.set_short_io(kServer, ShortIo{100, 0});
  for (int i = 0; i < 50; ++i) near.send(text_of(1000));
  net.world.run_for(1s);
  EXPECT_GT(net.world.count(Happening::kShortRead), 10U);
  EXPECT_EQ(net.world.count(Happening::kShortWrite), 0U);

  net.world.set_short_io(kServer, std::nullopt);
  const std::uint64_t before = net.world.count(Happening::kShortRead);
  near.send(text_of(1000));
  net.world.run_for(1s);
  EXPECT_EQ(net.world.count(Happening::kShortRead), before);
}

std::size_t differences(const std::string& a, const std::string& b) {
  EXPECT_EQ(a.size(), b.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) count += a[i] != b[i] ? 1U : 0U;
  return count;
}

TEST(Corruption, ChangesOneByteOfASegment) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.corrupt(kClient, 100);
  const std::string text = text_of(1000);
  near.send(text);
  net.world.run_for(1s);
  EXPECT_EQ(differences(far.received(), text), 1U);
  EXPECT_EQ(net.world.count(Happening::kCorrupted), 1U);
  far.send(text);
  net.world.run_for(1s);
  EXPECT_EQ(near.received(), text) << "it is not the other's";

  net.world.corrupt(kClient, 0);
  near.send(text);
  net.world.run_for(1s);
  EXPECT_EQ(far.received().substr(text.size()), text);
}

TEST(Corruption, IsOfSoManyInAHundred) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.corrupt(kClient, 30);
  std::string text;
  for (std::size_t i = 0; i < 300; ++i) {
    near.send(text_of(10, i));
    text += text_of(10, i);
    net.world.run_for(1s);
  }
  EXPECT_GT(differences(far.received(), text), 60U);
  EXPECT_LT(differences(far.received(), text), 120U);
}

TEST(Window, StopsAWriterUntilTheReaderHasRead) {
  Config config = calm();
  config.window_bytes = 10'000;
  Net net(config);
  const auto [near, far] = net.connect();
  far.pause_reading();  // one read of at most 4,096 is under way
  const std::string text = text_of(50'000);
  near.send(text);
  net.world.run_for(10s);
  EXPECT_LT(far.received().size(), 5'000U);
  EXPECT_GT(near.unsent(), 0U);
  EXPECT_GT(net.world.count(Happening::kWindowShut), 0U);
  far.resume_reading();
  (void)net.time_to(far, text.size());
  EXPECT_EQ(far.received(), text);
}

TEST(Window, ShutForTooLongEndsTheConnection) {
  Config config = calm();
  config.window_bytes = 10'000;
  Net net(config);
  const auto [near, far] = net.connect();
  far.pause_reading();
  near.send(text_of(50'000));
  EXPECT_TRUE(net.ends(near, error::eof, 1min)) << "told to the write";
  EXPECT_EQ(near.write_ended(), error::timed_out);
}

}  // namespace
}  // namespace prometheus_rsocket::sim

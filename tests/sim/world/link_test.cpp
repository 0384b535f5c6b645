#include "net.h"

namespace prometheus_rsocket::sim {
namespace {

TEST(Link, ASegmentTakesItsLatency) {
  Net net;
  const auto [near, far] = net.connect();
  near.send("x");
  EXPECT_EQ(net.time_to(far, 1), kLatency);
}

TEST(Link, SoManySegmentsOfAHundredTakeTheTail) {
  Config config = calm();
  config.link.tail_percent = 20;
  config.link.tail = 50ms;
  Net net(config);
  const auto [near, far] = net.connect();
  int late = 0;
  for (std::size_t i = 1; i <= 500; ++i) {
    near.send("x");
    const base::Duration took = net.time_to(far, i);
    EXPECT_LE(took, kLatency + 50ms);
    if (took > kLatency) ++late;
    net.world.run_for(1s);
  }
  EXPECT_GT(late, 70);
  EXPECT_LT(late, 130);
  EXPECT_GT(net.world.count(Happening::kTail), static_cast<std::uint64_t>(late));  // and acks
}

TEST(Link, ATailDoesNotShiftTheJitterOfOthers) {
  Config config = calm();
  config.link.jitter = 3ms;
  Config tailed = config;
  tailed.link.tail_percent = 100;  // of no length
  const auto run = [](const Config& with) {
    Net net(with);
    const auto [near, far] = net.connect();
    near.send(text_of(100));
    return trace(net.world, far, 10s);
  };
  EXPECT_EQ(run(config), run(tailed));
}

TEST(Link, IsSlowUntilItIsNot) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.slow(kClient, kServer, 70ms);
  near.send("x");
  EXPECT_EQ(net.time_to(far, 1), kLatency + 70ms);
  far.send("y");
  EXPECT_EQ(net.time_to(near, 1), kLatency + 70ms);
  EXPECT_GT(net.world.count(Happening::kSlowLink), 0U);
  net.world.run_for(1s);

  net.world.slow(kServer, kClient, 0ms);
  near.send("x");
  EXPECT_EQ(net.time_to(far, 2), kLatency);
}

TEST(Link, HoldsWhatIsSentWhileItIsCut) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.cut(kServer, kClient);
  near.send("forth");
  far.send("back");
  net.world.run_for(10s);
  EXPECT_EQ(far.received(), "");
  EXPECT_EQ(near.received(), "");
  EXPECT_EQ(net.world.count(Happening::kMetCut), 2U);

  net.world.heal(kClient, kServer);
  EXPECT_LE(net.time_to(far, 5), 10s);  // when it is sent again
  EXPECT_LE(net.time_to(near, 4), 10s);
  EXPECT_EQ(far.received(), "forth");
  EXPECT_EQ(near.received(), "back");
}

TEST(Link, CutOneWayLetsTheOtherThrough) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.cut_one_way(kClient, kServer);
  near.send("forth");
  far.send("back");
  net.world.run_for(5s);
  EXPECT_EQ(far.received(), "");
  EXPECT_EQ(near.received(), "back");
  EXPECT_GT(net.world.count(Happening::kMetOneWayCut), 0U);
  EXPECT_EQ(net.world.count(Happening::kMetCut), 0U);

  net.world.heal_one_way(kClient, kServer);
  net.world.run_for(20s);
  EXPECT_EQ(far.received(), "forth");
  EXPECT_FALSE(near.ended());
}

TEST(Link, HealsOneByOne) {
  Net net;
  Process& other = net.world.add_process(kOther);
  const auto ours = net.connect();
  const auto theirs = net.connect(other);
  net.world.cut(kClient, kServer);
  net.world.cut(kOther, kServer);
  ours.near.send("ours");
  theirs.near.send("theirs");
  net.world.run_for(5s);
  net.world.heal(kOther, kServer);
  net.world.run_for(10s);
  EXPECT_EQ(ours.far.received(), "");
  EXPECT_EQ(theirs.far.received(), "theirs");
  net.world.heal(kClient, kServer);
  net.world.run_for(20s);
  EXPECT_EQ(ours.far.received(), "ours");
}

TEST(Link, EndsAConnectionThatIsNotAcknowledgedInItsTime) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.cut(kClient, kServer);
  near.send("x");
  const base::Instant start = net.world.now();
  EXPECT_TRUE(net.ends(near, error::timed_out));
  EXPECT_EQ(net.world.now() - start, Config().user_timeout);
  EXPECT_EQ(net.world.count(Happening::kTimedOut), 1U);

  net.world.heal(kClient, kServer);
  net.world.run_for(1h);
  EXPECT_EQ(far.received(), "");
  EXPECT_FALSE(far.ended()) << "the far end was told nothing";
}

TEST(Link, EndsAConnectionOfWhichOnlyTheAcknowledgementsAreLost) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.cut_one_way(kServer, kClient);
  near.send("x");
  EXPECT_TRUE(net.ends(near, error::timed_out));
  EXPECT_EQ(far.received(), "x");
}

TEST(Link, KeepsAnIdleConnectionThroughACut) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.run_for(1s);
  net.world.cut(kClient, kServer);
  net.world.run_for(2h);
  net.world.heal(kClient, kServer);
  near.send("x");
  EXPECT_EQ(net.time_to(far, 1), kLatency);
}

TEST(Link, LosesDialsWhileItIsCut) {
  Net net;
  net.world.cut(kClient, kServer);
  const sim::peer::RawPeer& near = net.dial();
  net.world.run_for(2s);
  EXPECT_FALSE(near.connected());
  EXPECT_EQ(net.world.count(Happening::kSynLost), 2U);
  net.world.heal(kClient, kServer);
  EXPECT_TRUE(net.world.run_until([&] { return near.connected(); }, 2s)) << "the third SYN";
}

TEST(Isolation, CutsAHostFromAllOthersUntilItRejoins) {
  Net net;
  Process& other = net.world.add_process(kOther);
  const auto ours = net.connect();
  const auto theirs = net.connect(other);
  net.world.isolate(kServer);
  ours.near.send("ours");
  theirs.near.send("theirs");
  ours.far.send("back");
  net.world.run_for(5s);
  EXPECT_EQ(ours.far.received() + theirs.far.received() + ours.near.received(), "");
  EXPECT_EQ(net.world.count(Happening::kMetIsolation), 3U);

  net.world.rejoin(kServer);
  net.world.run_for(10s);
  EXPECT_EQ(ours.far.received(), "ours");
  EXPECT_EQ(theirs.far.received(), "theirs");
  EXPECT_EQ(ours.near.received(), "back");
}

TEST(Isolation, LeavesAHostItsLoopback) {
  Net net;
  net.world.isolate(kServer);
  auto& near = net.server.emplace<sim::peer::RawPeer>(net.server.shard(0), Net::kAt);
  ASSERT_TRUE(net.world.run_until([&] { return !net.acceptor.peers.empty(); }, 1s));
  near.send("x");
  net.world.run_for(1s);
  EXPECT_EQ(net.acceptor.peers.back()->received(), "x");
}

TEST(MendNetwork, TakesBackWhatWasSaid) {
  Net net;
  const auto [near, far] = net.connect();
  World& world = net.world;
  world.cut(kClient, kServer);
  world.slow(kClient, kServer, 1s);
  world.isolate(kClient);
  world.clog(kServer);
  world.limit_bandwidth(kServer, kBandwidthMin);
  world.set_one_byte(kServer, true);
  world.set_short_io(kServer, ShortIo{100, 100});
  world.corrupt(kClient, 100);
  world.set_dials(kServer, Dials::kLost);
  const std::string text = text_of(100'000);
  near.send(text);
  world.run_for(10s);
  EXPECT_EQ(far.received(), "");

  world.mend_network();
  world.run_for(20s);
  EXPECT_EQ(far.received(), text);
  far.send(text);
  EXPECT_LE(net.time_to(near, text.size()), 10 * kLatency);
  EXPECT_EQ(near.received(), text);
  (void)net.connect();
}

}  // namespace
}  // namespace prometheus_rsocket::sim

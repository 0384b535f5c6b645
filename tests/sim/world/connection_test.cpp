// Faults that end connections or keep them from being made.
#include "net.h"

namespace prometheus_rsocket::sim {
namespace {

// Into the far end's buffer, of which it has read less.
void send_unread(Net& net, const Net::Pair& pair, std::size_t bytes) {
  pair.far.pause_reading();
  pair.near.send(text_of(bytes));
  net.world.run_for(1s);
  ASSERT_LT(pair.far.received().size(), bytes);
}

TEST(ResetConnections, TellsBothEnds) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.reset_connections(kServer);
  EXPECT_TRUE(net.ends(near, error::connection_reset, 1s));
  EXPECT_TRUE(net.ends(far, error::connection_reset, 1s));
  EXPECT_EQ(net.world.count(Happening::kConnectionReset), 2U);
  EXPECT_FALSE(net.connect().near.ended()) << "the next one lives";
}

TEST(ResetConnections, SparesThoseOfOtherHosts) {
  Net net;
  Process& other = net.world.add_process(kOther);
  const auto ours = net.connect();
  const auto theirs = net.connect(other);
  net.world.reset_connections(kOther);
  EXPECT_TRUE(net.ends(theirs.near, error::connection_reset, 1s));
  EXPECT_TRUE(net.ends(theirs.far, error::connection_reset, 1s));
  EXPECT_FALSE(ours.near.ended());
  EXPECT_FALSE(ours.far.ended());
}

TEST(ResetConnections, KeepsWhatWasNotReadAsLinuxDoes) {
  Net net;
  const auto pair = net.connect();
  send_unread(net, pair, 10'000);
  net.world.reset_connections(kServer);
  net.world.run_for(1s);
  pair.far.resume_reading();
  EXPECT_TRUE(net.ends(pair.far, error::connection_reset, 1s));
  EXPECT_EQ(pair.far.received(), text_of(10'000));
  EXPECT_EQ(net.world.count(Happening::kUnreadLost), 0U);
}

TEST(ResetConnections, LosesWhatWasNotReadWhereTheConfigSaysSo) {
  Config config = calm();
  config.reset_loses_unread_percent = 100;
  Net net(config);
  const auto pair = net.connect();
  send_unread(net, pair, 10'000);
  net.world.reset_connections(kServer);
  net.world.run_for(1s);
  pair.far.resume_reading();
  EXPECT_TRUE(net.ends(pair.far, error::connection_reset, 1s));
  EXPECT_LT(pair.far.received().size(), 10'000U);
  EXPECT_EQ(net.world.count(Happening::kUnreadLost), 1U);
}

TEST(ForgetConnections, FailsTheHostsOwnStreamsAndTellsThePeerNothing) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.forget_connections(kServer);
  EXPECT_TRUE(net.ends(far, error::connection_aborted, 1s));
  net.world.run_for(1h);
  EXPECT_FALSE(near.ended());
  EXPECT_EQ(net.world.count(Happening::kForgotten), 1U);
}

TEST(ForgetConnections, LosesWhatThePeerSends) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.forget_connections(kServer);
  near.send("x");
  EXPECT_TRUE(net.ends(near, error::timed_out));
  EXPECT_EQ(far.received(), "");
  EXPECT_EQ(net.world.count(Happening::kForgottenIgnored), 1U);
}

TEST(ForgetConnections, AnswersWithRstWhereTheConfigSaysSo) {
  Config config = calm();
  config.forgotten_answers_percent = 100;
  Net net(config);
  const auto [near, far] = net.connect();
  net.world.forget_connections(kServer);
  net.world.run_for(1min);
  EXPECT_FALSE(near.ended());
  near.send("x");
  EXPECT_TRUE(net.ends(near, error::connection_reset, 1s));
  EXPECT_EQ(net.world.count(Happening::kForgottenAnswered), 1U);
}

TEST(ForgetConnections, LosesWhatTheHostHadNotRead) {
  Net net;
  const auto pair = net.connect();
  send_unread(net, pair, 10'000);
  net.world.forget_connections(kServer);
  pair.far.resume_reading();
  EXPECT_TRUE(net.ends(pair.far, error::connection_aborted, 1s));
  EXPECT_LT(pair.far.received().size(), 10'000U);
}

TEST(ForgetConnections, SaysNothingWhenTheHostClosesAfterwards) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.forget_connections(kServer);
  far.close();
  net.world.run_for(1h);
  EXPECT_FALSE(near.ended());
}

TEST(ForgetConnections, LeavesNewOnesAlone) {
  Net net;
  (void)net.connect();
  net.world.forget_connections(kServer);
  const auto [near, far] = net.connect();
  near.send("x");
  EXPECT_EQ(net.time_to(far, 1), kLatency);
}

TEST(SetDials, RefusesThoseToOneHostWhileWhatIsEstablishedGoesOn) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.set_dials(kServer, Dials::kRefused);
  EXPECT_TRUE(net.ends(net.dial(), error::connection_refused, 1s));
  EXPECT_EQ(net.world.count(Happening::kDialRefused), 1U);
  near.send("x");
  EXPECT_EQ(net.time_to(far, 1), kLatency);

  net.world.set_dials(kServer, Dials::kAnswered);
  (void)net.connect();
}

TEST(SetDials, HangsThoseToOneHostWhileWhatIsEstablishedGoesOn) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.set_dials(kServer, Dials::kLost);
  const base::Instant start = net.world.now();
  EXPECT_TRUE(net.ends(net.dial(), error::timed_out));
  EXPECT_EQ(net.world.now() - start, Config().connect_timeout);
  EXPECT_EQ(net.world.count(Happening::kDialHung), 7U) << "one SYN and six more";
  near.send("x");
  EXPECT_EQ(net.time_to(far, 1), kLatency);

  const sim::peer::RawPeer& late = net.dial();
  net.world.run_for(2s);
  net.world.set_dials(kServer, Dials::kAnswered);
  EXPECT_TRUE(net.world.run_until([&] { return late.connected(); }, 2s));
}

TEST(SetDials, DoesNotConcernThoseFromThatHost) {
  Net net;
  net.world.set_dials(kClient, Dials::kRefused);
  (void)net.connect();
}

TEST(IsAcknowledged, NotByTheFinOfAPeerThatClosedWhileTheBytesWereUnderWay) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.cut_one_way(kServer, kClient);
  far.send("answer");
  net.world.run_for(1s);
  near.close();
  EXPECT_TRUE(net.ends(far, error::eof));
  EXPECT_FALSE(far.is_acknowledged());
  net.world.heal_one_way(kServer, kClient);
  net.world.run_for(1min);
  EXPECT_FALSE(far.is_acknowledged()) << "they came to nobody";
}

TEST(IsAcknowledged, WithTheFirstWordsOfThePeerThatHadThem) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.slow(kClient, kServer, 1s);
  near.on_received([&near = near] { near.send("next"); });
  far.send("answer");
  EXPECT_FALSE(far.is_acknowledged());
  (void)net.time_to(far, 4);
  EXPECT_TRUE(far.is_acknowledged());
}

// Its own FIN counts for nothing: who has read all it wants closes before that comes.
TEST(IsAcknowledged, ByThePeersFinThoughOursIsUnderWay) {
  Net net;
  const auto [near, far] = net.connect();
  near.on_received([&near = near] { near.close(); });
  far.send("answer");
  far.send_fin();
  EXPECT_TRUE(net.ends(far, error::eof));
  EXPECT_TRUE(far.is_acknowledged());
}

TEST(OnConnection, SaysWhoArrivedWhere) {
  Net net;
  std::vector<std::string> seen;
  net.world.on_connection([&](const runtime::Endpoint& to, const runtime::Endpoint& from) {
    seen.push_back(to_string(to) + " from " + from.address.to_string());
  });
  (void)net.connect();
  net.world.set_dials(kServer, Dials::kRefused);
  EXPECT_TRUE(net.ends(net.dial(), error::connection_refused, 1s));
  EXPECT_EQ(seen, std::vector<std::string>{"10.0.0.2:7001 from 10.0.0.1"});
}

}  // namespace
}  // namespace prometheus_rsocket::sim

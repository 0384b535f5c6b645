// How processes end, stand still and run out of descriptors.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "net.h"

namespace prometheus_rsocket::sim {
namespace {

// Set to a moment; counts how often it fired.
class Alarm {
 public:
  explicit Alarm(Process& process)
      : process_(process), timer_(process.shard(0).timers.make_timer()) {}
  void set(base::Duration in) {
    timer_->async_wait_until(process_.shard(0).clock.now() + in, [this](runtime::error_code error) {
      if (error) return;
      fired.push_back(process_.shard(0).clock.now());
    });
  }
  std::vector<base::Instant> fired;

 private:
  Process& process_;
  std::unique_ptr<runtime::Timer> timer_;
};

// --- Ending

TEST(Stop, ClosesWhatIsOpen) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.stop(net.server);
  EXPECT_TRUE(net.ends(near, error::eof, 1s));
  EXPECT_EQ(net.world.count(Happening::kProcessStopped), 1U);
  EXPECT_TRUE(net.ends(net.dial(), error::connection_refused, 1s));
}

TEST(Stop, ResetsWhatWasNotRead) {
  Net net;
  const auto [near, far] = net.connect();
  far.pause_reading();
  near.send(text_of(10'000));
  net.world.run_for(1s);
  net.world.stop(net.server);
  EXPECT_TRUE(net.ends(near, error::connection_reset, 1s));
}

// Says goodbye while it is destroyed.
struct Polite {
  explicit Polite(sim::peer::RawPeer& p) : peer(p) {}
  ~Polite() { peer.send("goodbye"); }
  Polite(const Polite&) = delete;
  Polite& operator=(const Polite&) = delete;
  sim::peer::RawPeer& peer;
};

TEST(Stop, LetsObjectsSpeakWhileTheyAreDestroyed) {
  Net net;
  const auto [near, far] = net.connect();
  net.client.emplace<Polite>(near);
  net.world.stop(net.client);
  EXPECT_TRUE(net.ends(far, error::eof, 1s));
  EXPECT_EQ(far.received(), "goodbye");
}

TEST(Kill, DoesNotLetThem) {
  Net net;
  const auto [near, far] = net.connect();
  net.client.emplace<Polite>(near);
  net.world.kill(net.client);
  EXPECT_TRUE(net.ends(far, error::eof, 1s));
  EXPECT_EQ(far.received(), "");
  EXPECT_EQ(net.world.count(Happening::kProcessKilled), 1U);
}

TEST(Kill, StillDeliversWhatTheSystemHadTaken) {
  Net net;
  const auto [near, far] = net.connect();
  near.send("x");
  net.world.kill(net.client);
  EXPECT_TRUE(net.ends(far, error::eof, 1s));
  EXPECT_EQ(far.received(), "x");
}

TEST(LoseHost, TellsNobody) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.lose_host(kServer);
  net.world.run_for(1h);
  EXPECT_FALSE(near.ended());
  EXPECT_FALSE(net.server.alive());
  EXPECT_EQ(net.world.count(Happening::kHostLost), 1U);
  near.send("x");
  EXPECT_TRUE(net.ends(near, error::timed_out));
  EXPECT_GT(net.world.count(Happening::kMetLostHost), 0U);
  const sim::peer::RawPeer& late = net.dial();
  net.world.run_for(1min);
  EXPECT_FALSE(late.connected());
  EXPECT_FALSE(late.ended());
}

TEST(LoseHost, IsAnsweredWithRstOnceTheHostIsBack) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.lose_host(kServer);
  net.world.run_for(1min);
  net.world.add_process(kServer);
  net.world.run_for(1min);
  EXPECT_FALSE(near.ended()) << "nothing was sent";
  near.send("x");
  EXPECT_TRUE(net.ends(near, error::connection_reset, 1s));
}

TEST(LoseHost, SendsNothingAgainWhenTheHostIsBack) {
  Net net;
  const auto [near, far] = net.connect();
  near.send("x");
  net.world.run_for(10us);
  net.world.lose_host(kClient);
  net.world.add_process(kClient);
  net.world.run_for(1h);
  EXPECT_EQ(far.received(), "");
}

TEST(LoseHost, DoesNotAcknowledgeLaterWhatItHadReceived) {
  Net net;
  const auto [near, far] = net.connect();
  near.send("x");
  EXPECT_EQ(net.time_to(far, 1), kLatency);  // its acknowledgement is under way
  net.world.lose_host(kServer);
  net.world.run_for(1s);
  net.world.add_process(kServer);
  EXPECT_TRUE(net.ends(near, error::connection_reset, 1min));
}

TEST(EndedProcess, CallsNobody) {
  for (const auto end : {&World::stop, &World::kill}) {
    Net net;
    const auto [near, far] = net.connect();
    Alarm alarm(net.client);  // outside of it
    alarm.set(1s);
    sim::peer::RawPeer dialling(net.client.shard(0), Net::kAt);
    near.send("x");
    (net.world.*end)(net.client);
    far.send("y");
    net.world.run_for(1h);
    EXPECT_TRUE(alarm.fired.empty());
    EXPECT_FALSE(dialling.connected());
    EXPECT_FALSE(dialling.ended());
  }
}

TEST(EndedProcess, CallsNobodyWhoAsksLater) {
  Net net;
  net.world.kill(net.client);
  Alarm alarm(net.client);
  alarm.set(1s);
  const sim::peer::RawPeer dialling(net.client.shard(0), Net::kAt);
  net.world.run_for(1h);
  EXPECT_TRUE(alarm.fired.empty());
  EXPECT_FALSE(dialling.connected());
  EXPECT_FALSE(dialling.ended());
}

TEST(EndedProcess, HasNothingOfItsSystem) {
  Net net;
  const auto [near, far] = net.connect();
  net.server.emplace<Alarm>(net.server).set(1h);
  EXPECT_EQ(net.server.handles().total(), 3U);  // and the listener, the stream
  net.world.kill(net.server);
  EXPECT_EQ(net.server.handles(), Handles{});
}

// --- Standing still

TEST(Pause, LetsNoHandlerRunUntilTheProcessGoesOn) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.pause(net.server);
  EXPECT_TRUE(net.server.paused());
  near.send("one ");
  net.world.run_for(5s);
  near.send("two");
  net.world.run_for(5s);
  EXPECT_EQ(far.received(), "");
  EXPECT_GT(net.world.count(Happening::kHandlerPaused), 0U);

  net.world.resume(net.server);
  net.world.run_for(1s);
  EXPECT_EQ(far.received(), "one two");
}

TEST(Pause, LeavesTheSystemToAcknowledge) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.pause(net.server);
  near.send("x");
  net.world.run_for(1h);
  EXPECT_FALSE(near.ended());
}

TEST(Pause, BuffersUpToTheWindow) {
  Net net;
  const auto [near, far] = net.connect();
  const std::string text = text_of(500'000);
  net.world.pause(net.server);
  near.send(text);
  net.world.run_for(10s);
  EXPECT_GT(near.unsent(), 0U);
  net.world.resume(net.server);
  (void)net.time_to(far, text.size());
  EXPECT_EQ(far.received(), text);
}

TEST(Pause, TakesConnectionsIntoTheBacklog) {
  Net net;
  net.world.pause(net.server);
  std::vector<sim::peer::RawPeer*> dialled;
  for (int i = 0; i < 5; ++i) dialled.push_back(&net.dial());
  net.world.run_for(1s);
  for (const auto* one : dialled) EXPECT_TRUE(one->connected());
  EXPECT_TRUE(net.acceptor.peers.empty());
  net.world.resume(net.server);
  net.world.run_for(1s);
  EXPECT_EQ(net.acceptor.peers.size(), 5U);
}

TEST(Pause, FiresTimersThatCameDueWhenItIsOver) {
  Net net;
  auto& due = net.server.emplace<Alarm>(net.server);
  auto& later = net.server.emplace<Alarm>(net.server);
  due.set(2s);
  later.set(2min);
  const base::Instant start = net.world.now();
  net.world.run_for(1s);
  net.world.pause(net.server);
  net.world.run_for(1min);
  net.world.resume(net.server);
  net.world.run_for(10min);
  EXPECT_EQ(due.fired, std::vector<base::Instant>{start + 61s});
  EXPECT_EQ(later.fired, std::vector<base::Instant>{start + 2min});
}

TEST(Pause, LeavesWhatWasNotReadToBeResetWhenTheProcessIsKilled) {
  Net net;
  const auto [near, far] = net.connect();
  net.world.pause(net.server);
  near.send("x");
  net.world.run_for(1s);
  net.world.kill(net.server);
  EXPECT_TRUE(net.ends(near, error::connection_reset, 1s));
  net.world.resume(net.server);  // does nothing
  net.world.run_for(1s);
}

TEST(JumpWallClock, MovesTheWallClockAlone) {
  Net net;
  runtime::Clock& clock = net.client.shard(0).clock;
  const auto wall = clock.wall_now();
  const auto now = clock.now();
  net.client.jump_wall_clock(-1h);
  EXPECT_EQ(net.world.count(Happening::kWallClockJumped), 0U) << "nobody has seen it";
  EXPECT_EQ(clock.wall_now(), wall - 1h);
  EXPECT_EQ(clock.now(), now);
  EXPECT_EQ(net.server.shard(0).clock.wall_now(), wall);
  EXPECT_EQ(net.world.count(Happening::kWallClockJumped), 1U);
  net.client.jump_wall_clock(1h);
  EXPECT_EQ(clock.wall_now(), wall);
}

TEST(JumpWallClock, ShowsInWhatTheProcessLogs) {
  Net net;
  runtime::Log& log = net.client.shard(0).log;
  log.info("before", {});
  net.client.jump_wall_clock(1h);
  log.info("after", {});
  ASSERT_EQ(net.world.log().size(), 2U);
  EXPECT_EQ(net.world.log()[1].wall, net.world.log()[0].wall + 1h);
  EXPECT_EQ(net.world.count(Happening::kWallClockJumped), 1U);
}

// --- Descriptors

TEST(LimitDescriptors, FailsAnAcceptAndLeavesTheConnectionInTheBacklog) {
  Net net;
  const auto first = net.connect();
  net.server.limit_descriptors(2);  // the listener's, and the first's
  sim::peer::RawPeer& second = net.dial();
  net.world.run_for(1s);
  EXPECT_TRUE(second.connected());
  EXPECT_EQ(net.acceptor.peers.size(), 1U);
  EXPECT_EQ(net.acceptor.errors, std::vector<runtime::error_code>{error::no_descriptors});
  EXPECT_EQ(net.world.count(Happening::kNoDescriptors), 1U);

  net.acceptor.accept();
  net.world.run_for(1s);
  EXPECT_EQ(net.acceptor.errors.size(), 2U) << "it is still there";

  second.send("x");
  first.far.close();
  net.acceptor.accept();
  net.world.run_for(1s);
  ASSERT_EQ(net.acceptor.peers.size(), 2U);
  EXPECT_EQ(net.acceptor.peers.back()->received(), "x");
}

TEST(LimitDescriptors, FailsADialAtOnce) {
  Net net;
  (void)net.connect();
  net.client.limit_descriptors(1);
  const sim::peer::RawPeer& second = net.dial();
  net.world.run_for(0s);
  EXPECT_EQ(second.ended(), error::no_descriptors);
  net.client.limit_descriptors(std::nullopt);
  (void)net.connect();
}

TEST(Handles, OfADialThatWasCancelledAreGone) {
  Net net;
  net.world.set_dials(kServer, Dials::kLost);
  boost::asio::cancellation_signal cancel;
  runtime::error_code result;
  net.client.shard(0).network.async_connect(
      Net::kAt,
      boost::asio::bind_cancellation_slot(
          cancel.slot(), [&](runtime::error_code error, const std::unique_ptr<runtime::Stream>&) {
            result = error;
          }));
  net.world.run_for(2s);
  EXPECT_EQ(net.client.handles(), Handles{.dials = 1});
  cancel.emit(boost::asio::cancellation_type::all);
  EXPECT_EQ(net.client.handles(), Handles{});
  net.world.run_for(0s);
  EXPECT_EQ(result, error::operation_aborted);
  EXPECT_TRUE(net.world.idle()) << "it sends no SYN again";
}

TEST(Handles, CountWhatThereIs) {
  Net net;
  EXPECT_EQ(net.server.handles(), (Handles{.listeners = 1, .open_listeners = 1}));
  const auto [near, far] = net.connect();
  EXPECT_EQ(net.server.handles(),
            (Handles{.streams = 1, .listeners = 1, .open_streams = 1, .open_listeners = 1}));
  far.close();
  EXPECT_EQ(net.server.handles().open_streams, 0U);
  EXPECT_EQ(net.server.handles().streams, 1U);
  (void)net.dial();
  EXPECT_EQ(net.client.handles().dials, 1U);
  net.world.run_for(1s);
  EXPECT_EQ(net.client.handles(), (Handles{.streams = 2, .open_streams = 2}));
}

}  // namespace
}  // namespace prometheus_rsocket::sim

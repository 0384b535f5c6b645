#include <functional>

#include "net.h"

namespace prometheus_rsocket::sim {
namespace {

struct Two {
  explicit Two(std::uint64_t seed) : net(Config{}, seed), other(net.world.add_process(kOther)) {}
  Net net;
  Process& other;
  Net::Pair ours = net.connect();
  Net::Pair theirs = net.connect(other);
};

// Two connections under every fault there is, one after the other.
std::uint64_t hash_of_all_faults(std::uint64_t seed) {
  Config config;
  config.link.tail_percent = 10;
  config.link.tail = 50ms;
  config.reset_loses_unread_percent = 50;
  config.forgotten_answers_percent = 50;
  Net net(config, seed);
  World& world = net.world;
  const auto talk = [&] {
    const auto [near, far] = net.connect();
    near.send(text_of(20'000));
    far.send(text_of(20'000));
    return net.time_to(near, 10'000);
  };
  (void)talk();
  world.clog(kServer);
  world.run_for(1s);
  world.unclog(kServer);
  world.slow(kClient, kServer, 10ms);
  world.limit_bandwidth(kClient, 100'000);
  world.corrupt(kServer, 20);
  world.set_short_io(kClient, ShortIo{90, 90});
  (void)talk();
  world.reset_connections(kServer);
  world.run_for(1s);
  (void)talk();
  world.forget_connections(kClient);
  world.run_for(1min);
  world.cut(kClient, kServer);
  world.run_for(1s);
  world.mend_network();
  world.pause(net.server);
  world.run_for(1s);
  world.resume(net.server);
  (void)talk();
  world.run_for(1h);
  return world.trace_hash();
}

TEST(TraceHash, IsAFunctionOfTheSeed) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(hash_of_all_faults(seed), hash_of_all_faults(seed));
    EXPECT_NE(hash_of_all_faults(seed), hash_of_all_faults(seed + 1));
  }
}

// So that it is the same with every compiler and at every level of optimisation. Whoever changes
// what the simulator does changes it here.
TEST(TraceHash, IsTheSameEverywhere) { EXPECT_EQ(hash_of_all_faults(1), 0xe37f6180a016f986U); }

TEST(TraceHash, ShowsHowMuchWasSent) {
  const auto hash = [](std::size_t bytes) {
    Net net;
    const auto [near, far] = net.connect();
    near.send(text_of(bytes));
    net.world.run_for(1s);
    return net.world.trace_hash();
  };
  EXPECT_EQ(hash(10), hash(10));
  EXPECT_NE(hash(10), hash(11));
}

// What the connection to kOther looks like while something is done to the one to kClient.
std::vector<std::string> theirs_while(std::uint64_t seed, const std::function<void(Two&)>& done) {
  Two two(seed);
  two.ours.near.send(text_of(20'000));
  two.ours.far.send(text_of(20'000));
  done(two);
  two.theirs.near.send(text_of(60'000));
  return trace(two.net.world, two.theirs.far, 5min);
}

TEST(Draws, OfAConnectionDoNotDependOnFaultsOfOthers) {
  const std::vector<std::function<void(Two&)>> faults = {
      [](Two& two) { two.net.world.cut(kClient, kServer); },
      [](Two& two) { two.net.world.cut_one_way(kServer, kClient); },
      [](Two& two) { two.net.world.isolate(kClient); },
      [](Two& two) { two.net.world.slow(kClient, kServer, 3ms); },
      [](Two& two) {
        two.net.world.set_link(kClient, kServer, Link{1ms, 1ms, 50, 1s});
      },
      [](Two& two) { two.net.world.clog(kClient); },
      [](Two& two) { two.net.world.limit_bandwidth(kClient, 5'000); },
      [](Two& two) { two.net.world.set_one_byte(kClient, true); },
      [](Two& two) {
        two.net.world.set_short_io(kClient, ShortIo{100, 100});
      },
      [](Two& two) { two.net.world.corrupt(kClient, 50); },
      [](Two& two) { two.net.world.reset_connections(kClient); },
      [](Two& two) { two.net.world.forget_connections(kClient); },
      [](Two& two) { two.net.world.pause(two.net.client); },
      [](Two& two) { two.net.world.kill(two.net.client); },
      [](Two& two) { two.net.world.lose_host(kClient); },
      [](Two& two) { two.net.dial().send("x"); },
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto undisturbed = theirs_while(seed, [](Two&) {});
    EXPECT_GT(undisturbed.size(), 10U);
    for (std::size_t i = 0; i < faults.size(); ++i) {
      // The server's shard is shared: handlers are events of one moment and take no time.
      EXPECT_EQ(theirs_while(seed, faults[i]), undisturbed) << "fault " << i;
    }
  }
}

TEST(Draws, OfAConnectionAreTheSameWhetherAFaultBeforeItWasTakenOut) {
  const auto run = [](bool with_fault) {
    Net net(Config{}, 7);
    const auto [near, far] = net.connect();
    if (with_fault) {
      net.world.corrupt(kClient, 50);
      net.world.set_one_byte(kServer, false);
    }
    near.send(text_of(20'000));
    return trace(net.world, far, 1min);
  };
  EXPECT_EQ(run(true), run(false)) << "corruption moves nothing";
}

TEST(Idle, IsAWorldInWhichNothingIsLeftToDo) {
  Net net;
  const auto [near, far] = net.connect();
  near.send("x");
  EXPECT_FALSE(net.world.idle());
  EXPECT_TRUE(net.world.run_until_idle());
  EXPECT_EQ(far.received(), "x");
  EXPECT_EQ(net.world.open_connections(), 1U);
}

}  // namespace
}  // namespace prometheus_rsocket::sim

#include "sim/actor/load_balancer.h"

#include <gmock/gmock.h>

#include "actor_world.h"
#include "sim/peer/raw_peer.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using history::ProxyId;
using Choice = LoadBalancer::Choice;

struct BalancedWorld {
  explicit BalancedWorld(Choice choice = Choice::kLeastConnections, std::size_t backends = 3,
                         std::uint64_t seed = 1)
      : world(seed), balancer(world, ip("10.0.1.1"), choice) {
    for (std::uint32_t i = 0; i < backends; ++i) add_backend();
  }

  Address address_of(std::size_t number) { return ip("10.0.0." + std::to_string(number + 1)); }
  void add_backend() {
    const auto number = servers.size();
    processes.push_back(&world.add_process(address_of(number)));
    servers.push_back(&processes.back()->emplace<RawServer>(*processes.back(), kTcpPort));
    balancer.add_backend(ProxyId{static_cast<std::uint32_t>(number)}, address_of(number));
  }
  peer::RawPeer& dial() {
    Process& host = world.add_process(ip("10.2.0." + std::to_string(peers.size() % 250 + 1)));
    peers.push_back(std::make_unique<peer::RawPeer>(
        host.shard(0), runtime::Endpoint{balancer.address(), kTcpPort}));
    world.run_for(100ms);
    return *peers.back();
  }
  std::vector<std::size_t> spread() const {
    std::vector<std::size_t> counts;
    for (std::uint32_t i = 0; i < servers.size(); ++i) {
      counts.push_back(balancer.connections(ProxyId{i}));
    }
    return counts;
  }

  World world;
  LoadBalancer balancer;
  std::vector<Process*> processes;
  std::vector<RawServer*> servers;
  std::vector<std::unique_ptr<peer::RawPeer>> peers;
};

using Counts = std::vector<std::size_t>;

TEST(LoadBalancer, HandsBytesOnBothWaysAndTheEndOfEachByItself) {
  BalancedWorld it(Choice::kLeastConnections, 1);
  peer::RawPeer& client = it.dial();
  std::string question(300'000, 'q');
  question.back() = '.';
  client.send(question);
  client.send_fin();
  it.world.run_for(1s);
  EXPECT_EQ(it.servers[0]->newest().received, question);
  EXPECT_EQ(it.servers[0]->newest().ended, boost::asio::error::eof);
  EXPECT_FALSE(client.ended());
  it.servers[0]->send("answer");
  it.world.run_for(1s);
  EXPECT_EQ(client.received(), "answer");
  EXPECT_FALSE(client.ended());
  it.servers[0]->send_fin();
  it.world.run_for(1s);
  EXPECT_EQ(client.ended(), boost::asio::error::eof);
  EXPECT_EQ(it.spread(), Counts{0});
}

TEST(LoadBalancer, TakesNoMoreFromAClientThanItsBackendTakes) {
  BalancedWorld it(Choice::kLeastConnections, 1);
  it.servers[0]->deaf = true;
  peer::RawPeer& client = it.dial();
  client.send(std::string(2'000'000, 'x'));
  it.world.run_for(1s);
  EXPECT_GT(client.unsent(), 1'000'000U);
}

TEST(LoadBalancer, GivesEachBackendAsManyAsTheOthers) {
  BalancedWorld it;
  for (int i = 0; i < 9; ++i) it.dial();
  EXPECT_EQ(it.spread(), (Counts{3, 3, 3}));
  it.peers.clear();
  for (RawServer* server : it.servers) {
    for (const auto& connection : server->connections) connection->stream->close();
  }
  it.world.run_for(1s);
  EXPECT_EQ(it.spread(), (Counts{0, 0, 0}));
}

TEST(LoadBalancer, AtRandomTheFirstGetsMost) {
  BalancedWorld it(Choice::kUneven);
  for (int i = 0; i < 60; ++i) it.dial();
  const Counts counts = it.spread();
  EXPECT_GT(counts[0], 15U);
  EXPECT_LT(counts[0], 45U);
  EXPECT_GT(counts[0], counts[2]);
  EXPECT_GT(counts[1], 0U);
  EXPECT_GT(counts[2], 0U);
}

TEST(LoadBalancer, WhereADialFailsAnotherBackendIsTried) {
  BalancedWorld it;
  it.world.kill(*it.processes[0]);
  for (int i = 0; i < 4; ++i) it.dial();
  EXPECT_EQ(it.spread(), (Counts{0, 2, 2}));
}

TEST(LoadBalancer, WhereADialHangsAnotherBackendIsTriedAfterAWhile) {
  BalancedWorld it(Choice::kLeastConnections, 2);
  it.world.lose_host(it.address_of(0));
  it.dial();
  it.dial();
  it.world.run_for(6s);
  EXPECT_EQ(it.spread(), (Counts{0, 2}));
}

// `mixed` seed 4439: a SYN was repeated for a minute, and reached the proxy that was started anew.
TEST(LoadBalancer, ADialThatWasGivenUpDoesNotArriveLater) {
  BalancedWorld it(Choice::kLeastConnections, 2);
  it.world.lose_host(it.address_of(0));
  it.dial();
  it.world.run_for(6s);
  Process& again = it.world.add_process(it.address_of(0));
  const auto& server = again.emplace<RawServer>(again, kTcpPort);
  it.world.run_for(5min);
  EXPECT_TRUE(server.connections.empty());
}

TEST(LoadBalancer, WhenAllFailTheClientIsClosed) {
  BalancedWorld it;
  for (Process* process : it.processes) it.world.kill(*process);
  peer::RawPeer& client = it.dial();
  EXPECT_TRUE(client.ended().failed());
  client.close();
  it.world.run_for(1s);
  EXPECT_EQ(it.world.open_connections(), 0U);
}

TEST(LoadBalancer, ABackendThatDiesEndsItsClientsConnections) {
  BalancedWorld it(Choice::kLeastConnections, 1);
  const peer::RawPeer& client = it.dial();
  it.world.kill(*it.processes[0]);
  it.world.run_for(1s);
  EXPECT_TRUE(client.ended().failed());
}

TEST(LoadBalancer, ABackendThatFailedGetsNobodyUntilItAnswersAHealthCheck) {
  BalancedWorld it(Choice::kLeastConnections, 2);
  it.world.lose_host(it.address_of(0));
  it.dial();
  it.world.run_for(6s);
  EXPECT_EQ(it.spread(), (Counts{0, 1})) << "the first was tried for 5 s";
  it.dial();
  EXPECT_EQ(it.spread(), (Counts{0, 2})) << "not again";
  it.processes[0] = &it.world.add_process(it.address_of(0));
  it.servers[0] = &it.processes[0]->emplace<RawServer>(*it.processes[0], kTcpPort);
  it.world.run_for(20s);
  it.dial();
  EXPECT_EQ(it.spread(), (Counts{0, 3})) << "its HTTP port does not answer";
  it.processes[0]->emplace<RawServer>(*it.processes[0], kWebPort);
  it.world.run_for(6s);
  it.dial();
  EXPECT_EQ(it.spread(), (Counts{1, 3}));
}

TEST(LoadBalancer, ThePreferredBackendGetsAllWhileItAnswers) {
  BalancedWorld it;
  it.balancer.prefer(ProxyId{1});
  for (int i = 0; i < 3; ++i) it.dial();
  EXPECT_EQ(it.spread(), (Counts{0, 3, 0}));
  it.world.kill(*it.processes[1]);
  it.peers.clear();
  it.dial();
  EXPECT_EQ(it.spread(), (Counts{1, 0, 0}));
  it.balancer.prefer(std::nullopt);
  it.dial();
  EXPECT_EQ(it.spread(), (Counts{1, 0, 1}));
}

TEST(LoadBalancer, ARemovedBackendKeepsWhatItHasAndGetsNoMore) {
  BalancedWorld it(Choice::kLeastConnections, 2);
  const peer::RawPeer& first = it.dial();
  it.balancer.remove_backend(ProxyId{0});
  for (int i = 0; i < 3; ++i) it.dial();
  EXPECT_EQ(it.spread(), (Counts{1, 3}));
  EXPECT_FALSE(first.ended());
  it.balancer.add_backend(ProxyId{0}, it.address_of(0));
  it.dial();
  EXPECT_EQ(it.spread(), (Counts{2, 3}));
}

TEST(LoadBalancer, AcceptThenCloseIsWhatItSays) {
  BalancedWorld it;
  it.balancer.set_accept_and_close(true);
  const peer::RawPeer& client = it.dial();
  EXPECT_TRUE(client.connected());
  EXPECT_EQ(client.ended(), boost::asio::error::eof);
  EXPECT_EQ(it.spread(), (Counts{0, 0, 0}));
  it.balancer.set_accept_and_close(false);
  EXPECT_FALSE(it.dial().ended());
}

TEST(LoadBalancer, OurClientsAndProxyWorkThroughIt) {
  ActorWorld it;
  it.start_proxy();
  LoadBalancer balancer(it.world, ip("10.0.1.1"), Choice::kLeastConnections);
  balancer.add_backend(it.proxy.id(), it.proxy.address());
  OurClient client(
      it.world, it.recorder,
      {.instance = {0},
       .host = it.new_address(),
       .targets = {{"10.0.1.1", kWebSocketPort, transport::TransportKind::kWebSocket, "/"}},
       .retry = {},
       .parts_max = 20});
  client.start();
  ASSERT_TRUE(it.world.run_until([&] { return client.has_key(); }, 10s));
  it.add_prometheus();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_FALSE(it.all<history::ScrapeEnded>()[0].samples.empty());
  client.push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
  EXPECT_TRUE(it.all<history::PushEnded>().at(0).ok);
}

// ---- What it tells of its clients

using Header = AddressTelling::Header;

// What a backend gets of what a client sends, byte for byte, on one of the doors.
std::string told(const AddressTelling& how, const std::string& sent, std::uint16_t port = kTcpPort,
                 bool broken = false) {
  BalancedWorld it(Choice::kLeastConnections, 1);
  it.balancer.tell_addresses(how);
  it.balancer.set_broken_headers(broken);
  auto& server = it.processes[0]->emplace<RawServer>(*it.processes[0], kWebSocketPort);
  Process& host = it.world.add_process(ip("10.2.0.1"));
  peer::RawPeer client(host.shard(0), {it.balancer.address(), port});
  client.send(sent);
  it.world.run_for(1s);
  return (port == kTcpPort ? *it.servers[0] : server).newest().received;
}

TEST(LoadBalancer, WritesAHeaderOfEitherVersionBeforeAnythingElse) {
  EXPECT_THAT(told({Header::kLine}, "setup"),
              testing::MatchesRegex("PROXY TCP4 10.2.0.1 10.0.1.1 [0-9]+ 7001\r\nsetup"));
  const std::string binary = told({Header::kBinary}, "setup");
  EXPECT_THAT(binary, testing::StartsWith("\r\n\r\n"));
  EXPECT_THAT(binary, testing::EndsWith("setup"));
  EXPECT_EQ(binary.size(), 28 + 5U);
  EXPECT_EQ(told({}, "setup"), "setup");
}

TEST(LoadBalancer, ABrokenHeaderIsAnother) {
  for (const Header header : {Header::kLine, Header::kBinary}) {
    const std::string bytes = told({header}, "setup", kTcpPort, true);
    EXPECT_NE(bytes, told({header}, "setup"));
    EXPECT_THAT(bytes, testing::EndsWith("setup"));
  }
}

TEST(LoadBalancer, AddsALineToAnUpgradeBehindThoseThatCame) {
  EXPECT_EQ(told({Header::kNone, true}, "GET / HTTP/1.1\r\nX-Forwarded-For: 10.8.0.9\r\n\r\nmore",
                 kWebSocketPort),
            "GET / HTTP/1.1\r\nX-Forwarded-For: 10.8.0.9\r\nX-Forwarded-For: 10.2.0.1\r\n\r\nmore");
}

TEST(LoadBalancer, WhatIsNoUpgradeGoesOnAsItIs) {
  const AddressTelling forwards{Header::kNone, true};
  EXPECT_EQ(told(forwards, "GET / HTTP/1.1\r\n\r\n", kTcpPort), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(told(forwards, "NO / HTTP/1.1\r\n\r\n", kWebSocketPort), "NO / HTTP/1.1\r\n\r\n");
  const std::string endless = "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x');
  EXPECT_EQ(told(forwards, endless, kWebSocketPort), endless);
}

TEST(LoadBalancer, AHeaderComesBeforeTheLineOfAnUpgrade) {
  EXPECT_THAT(told({Header::kLine, true}, "GET / HTTP/1.1\r\n\r\n", kWebSocketPort),
              testing::MatchesRegex("PROXY TCP4 10.2.0.1 10.0.1.1 [0-9]+ 8081\r\n"
                                    "GET / HTTP/1.1\r\nX-Forwarded-For: 10.2.0.1\r\n\r\n"));
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor

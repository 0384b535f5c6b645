#include "sim/history/history.h"

#include <gtest/gtest.h>

#include <sstream>

namespace prometheus_rsocket::sim::history {
namespace {

using namespace std::chrono_literals;

std::string printed(const What& what) {
  std::ostringstream out;
  out << what;
  return out.str();
}

constexpr Incarnation kWho{InstanceId{3}, 1};
constexpr ProxyId kProxy{7};

TEST(History, EveryEntryIsPrintedAsOneLineThatNamesWhoAndWhat) {
  EXPECT_EQ(printed(ClientStarted{kWho, ClientKind::kJava114}), "started client 3.1 Java 1.1.4");
  EXPECT_EQ(printed(ClientEnded{kWho, ClientEnd::kLost}), "ended client 3.1 lost");
  EXPECT_EQ(printed(ClientEnded{kWho, ClientEnd::kKilled, true}),
            "ended client 3.1 killed while it was leaving");
  EXPECT_EQ(printed(NameClaimed{kWho, InstanceId{5}}), "client 3.1 claims the name of 5");
  EXPECT_EQ(printed(Garbled{kWho}), "garbled client 3.1");
  EXPECT_EQ(printed(Mended{kWho}), "mended client 3.1");
  EXPECT_EQ(printed(DialBegan{kWho}), "dialling client 3.1");
  EXPECT_EQ(printed(DialFailed{kWho}), "dial failed client 3.1");
  EXPECT_EQ(printed(Connected{kWho}), "connected client 3.1");
  EXPECT_EQ(printed(Disconnected{kWho}), "disconnected client 3.1");
  EXPECT_EQ(printed(GoneElsewhere{kWho, 2}), "gone elsewhere client 3.1 connection 2");
  EXPECT_EQ(printed(KeyGiven{kWho, KeyId{9}}), "key given client 3.1 key 9");
  EXPECT_EQ(printed(KeyUsed{kWho, KeyId{9}}), "key used client 3.1 key 9");
  EXPECT_EQ(printed(Sampled{kWho, 17, 4}), "sampled client 3.1 sequence 17 parts 4");
  EXPECT_EQ(printed(Hung{kWho}), "hung client 3.1");
  EXPECT_EQ(printed(Recovered{kWho}), "recovered client 3.1");
  EXPECT_EQ(printed(PushBegan{kWho, 17, PushKind::kAcknowledged, 5s}),
            "push began client 3.1 sequence 17 acknowledged within 5000000 us");
  EXPECT_EQ(printed(PushEnded{kWho, 17, false}), "push ended client 3.1 sequence 17 failed");
  EXPECT_EQ(printed(ProxyStarted{kProxy}), "started proxy 7");
  EXPECT_EQ(printed(ProxyDraining{kProxy}), "draining proxy 7");
  EXPECT_EQ(printed(ProxyEnded{kProxy, ProxyEnd::kExited, 1}), "ended proxy 7 exited 1");
  EXPECT_EQ(printed(ProxyEnded{kProxy, ProxyEnd::kKilled}), "ended proxy 7 killed");
  EXPECT_EQ(printed(ProxyKeyMade{kProxy, KeyId{9}}), "key made proxy 7 key 9");
  EXPECT_EQ(printed(Accepted{kProxy}), "accepted proxy 7");
  EXPECT_EQ(printed(PushStored{kProxy, kWho, 17}), "push stored proxy 7 client 3.1 sequence 17");
  EXPECT_EQ(printed(MetricsRead{kProxy, {{"up", 1}, {"x{y=\"z\"}", 2.5}}}),
            "metrics read proxy 7 up=1 x{y=\"z\"}=2.5");
  EXPECT_EQ(printed(Resources{{Place::Kind::kLoadBalancer, 0}, 5, 3, 1024}),
            "resources load balancer 0 handles 5 connections 3 heap 1024");
  EXPECT_EQ(printed(ScrapeBegan{ScrapeId{8}, ScraperId{1}, kProxy, 10s}),
            "scrape 8 began scraper 1 proxy 7 within 10000000 us");
  EXPECT_EQ(
      printed(ScrapeEnded{
          ScrapeId{8}, ScraperId{1}, kProxy, ScrapeResult::kWhole, 200, {ShownSample{}}, "torn"}),
      "scrape 8 ended scraper 1 proxy 7 whole status 200 samples 1 trouble torn");
  EXPECT_EQ(printed(ScrapeBegan{
                ScrapeId{8}, ScraperId{1}, kProxy, 10s, false, {View::kClient, InstanceId{3}}}),
            "scrape 8 began scraper 1 proxy 7 within 10000000 us page of client 3");
  EXPECT_EQ(printed(ListRead{ScraperId{1},
                             kProxy,
                             List::kTargets,
                             {},
                             200,
                             {{TargetId{9}, InstanceId{3}, Place{Place::Kind::kClient, 3}},
                              {TargetId{8}, {}, {}, true, true}},
                             true,
                             "torn"}),
            "targets of proxy 7 read by scraper 1 status 200 [9 name 3 tcp at client 3] "
            "[8 websocket shared] pushes trouble torn");
  EXPECT_EQ(printed(ScrapeConfirmed{ScrapeId{8}}), "scrape 8 confirmed");
  EXPECT_EQ(printed(FaultBegan{FaultId{2},
                               "partition",
                               {{Place::Kind::kClient, 3}, {Place::Kind::kProxy, 7}},
                               FaultEffect::kBetween}),
            "fault 2 began partition (traffic between) client 3, proxy 7");
  EXPECT_EQ(printed(FaultEnded{FaultId{2}}), "fault 2 ended");
  EXPECT_EQ(printed(Healed{}), "healed");
  EXPECT_EQ(printed(Healed{{{Place::Kind::kScraper, 1}}}), "healed but scraper 1");
  EXPECT_EQ(printed(Ended{12, 0.5}), "ended after 12 events, idle 0.5 a second");
}

}  // namespace
}  // namespace prometheus_rsocket::sim::history

#include "prometheus_rsocket/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "prometheus_rsocket/runtime.h"
#include "test_proxy.h"

namespace prometheus_rsocket::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr seconds kPatience{20};

Client::Builder builder_for(const TestProxy& proxy) {
  return Client::Builder().host("127.0.0.1").port(proxy.port()).timeout(kPatience);
}

std::string one_sample() { return "up 1\n"; }

// ---- The four of the Java client's own tests.

TEST(Client, ConnectsAgainAsOftenAsItsConnectionEnds) {
  TestProxy proxy({.closes_at_once = true});
  auto client = builder_for(proxy)
                    .retry(Retry::fixed_delay(1'000, milliseconds(1)))
                    .metrics(one_sample)
                    .connect();
  proxy.wait_until([](const auto& seen) { return seen.connections > 3; });
  proxy.set_closes_at_once(false);
  ASSERT_TRUE(client.wait_until_ready(kPatience));
  const std::string text = proxy.scrape();
  EXPECT_THAT(text, HasSubstr("prometheus_connection_retry_retries_count{exception=\""));
  EXPECT_THAT(text, HasSubstr("up 1\n"));
}

TEST(Client, OfAWrongEnvironmentIsNoneWhateverItsLogThrows) {
  ASSERT_EQ(setenv("MICROMETER_PROMETHEUS_RSOCKET_PORT", "none", 1), 0);
  std::string told;
  const auto client = Client::from_environment({}, [&](LogLevel /*level*/, std::string_view text) {
    told = text;
    throw std::runtime_error("the log is closed");
  });
  unsetenv("MICROMETER_PROMETHEUS_RSOCKET_PORT");
  EXPECT_EQ(client.status(), Status::kClosed);
  EXPECT_THAT(told, HasSubstr("PORT"));
}

TEST(Client, DoesNotConnectAgainAfterPushAndClose) {
  TestProxy proxy;
  auto client = builder_for(proxy)
                    .retry(Retry::fixed_delay(3, milliseconds(1)))
                    .metrics(one_sample)
                    .connect_blockingly();
  ASSERT_EQ(client.status(), Status::kReady);
  client.push_and_close();
  const auto seen = proxy.wait_until([](const auto& s) { return s.ended == 1; });
  EXPECT_EQ(seen.connections, 1U);
  EXPECT_THAT(seen.pushes, ElementsAre("up 1\n"));
  EXPECT_FALSE(client.wait_until_ready(kPatience));  // ends when it is closed, for good
  EXPECT_EQ(client.status(), Status::kClosed);
}

TEST(Client, IsNotReadyAnyMoreOnceItWasToldToPushOrToClose) {
  TestProxy proxy;
  auto pushing = builder_for(proxy).metrics(one_sample).connect_blockingly();
  pushing.push_and_close();
  EXPECT_NE(pushing.status(), Status::kReady);
  auto closing = builder_for(proxy).metrics(one_sample).connect_blockingly();
  closing.close();
  EXPECT_NE(closing.status(), Status::kReady);
}

TEST(Client, TellsItsStatusInOrderUpToTheEnd) {
  TestProxy proxy;
  std::vector<Status> told;
  {
    auto client = builder_for(proxy)
                      .metrics(one_sample)
                      .on_status([&](Status status) { told.push_back(status); })
                      .connect_blockingly();
    client.push_and_close();
    EXPECT_FALSE(client.wait_until_ready(kPatience));
  }
  EXPECT_THAT(told,
              ElementsAre(Status::kConnected, Status::kReady, Status::kClosing, Status::kClosed));
}

TEST(Client, PushesAfterANormalScrapeAndIsUnscrapableFromThenOn) {
  TestProxy proxy;
  auto client = builder_for(proxy).metrics(one_sample).retry(Retry::max(0)).connect_blockingly();
  EXPECT_EQ(proxy.scrape(), "up 1\n");
  EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kPushed);
  EXPECT_THAT(proxy.seen().pushes, ElementsAre("up 1\n"));
  EXPECT_THAT(proxy.scrape(), HasSubstr("error:"));
}

TEST(Client, ConnectBlockinglyReturnsAfterTheKeyAndPushBlockinglyAfterTheAnswer) {
  TestProxy proxy({.answers_pushes = false});
  std::promise<void> may_have_key;
  std::atomic<bool> key_received = false;
  auto client = std::async(std::launch::async, [&] {
    return builder_for(proxy)
        .on_key_received([&] {
          if (!key_received) may_have_key.get_future().wait();
          key_received = true;
        })
        .connect_blockingly(kPatience);
  });
  proxy.wait_until([](const auto& seen) { return seen.connections == 1; });
  EXPECT_FALSE(key_received);
  may_have_key.set_value();
  Client connected = client.get();
  EXPECT_TRUE(key_received);

  auto pushed = std::async(std::launch::async,
                           [&] { return connected.push_and_close_blockingly(kPatience); });
  proxy.wait_until([](const auto& seen) { return seen.pushes.size() == 1; });
  EXPECT_EQ(pushed.wait_for(seconds(0)), std::future_status::timeout);
  proxy.answer_pushes();
  EXPECT_EQ(pushed.get(), PushResult::kPushed);
}

// ---- Waiting, and what a push says.

TEST(Client, ConnectBlockinglyGivesUpAtItsTimeout) {
  TestProxy proxy({.gives_key = false});
  const auto client = builder_for(proxy).connect_blockingly(milliseconds(1));
  EXPECT_NE(client.status(), Status::kReady);
}

TEST(Client, WithoutAKeyAPushSendsNothingAndSaysSo) {
  TestProxy proxy({.gives_key = false});
  auto client = builder_for(proxy).metrics(one_sample).connect();
  proxy.wait_until([](const auto& seen) { return seen.connections == 1; });
  EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kNoKey);
  proxy.wait_until([](const auto& seen) { return seen.ended == 1; });
  EXPECT_THAT(proxy.seen().pushes, ElementsAre());
}

TEST(Client, APushThatIsNotAnsweredTimesOut) {
  TestProxy proxy({.answers_pushes = false});
  auto client = builder_for(proxy).metrics(one_sample).connect_blockingly();
  EXPECT_EQ(client.push_and_close_blockingly(milliseconds(50)), PushResult::kTimedOut);
}

TEST(Client, APushThatIsRejectedSaysSo) {
  TestProxy proxy({.rejects_pushes = true});
  auto client = builder_for(proxy).metrics(one_sample).connect_blockingly();
  EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kRejected);
}

TEST(Client, ASecondPushSendsNothing) {
  TestProxy proxy;
  auto client = builder_for(proxy).metrics(one_sample).connect_blockingly();
  EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kPushed);
  EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kAlreadyClosed);
  EXPECT_EQ(proxy.seen().pushes.size(), 1U);
}

TEST(Client, WithNobodyToDialEndsWhenItsRetriesAreUsedUp) {
  std::uint16_t port = 0;
  {
    const TestProxy gone;
    port = gone.port();
  }
  auto client = Client::Builder()
                    .host("127.0.0.1")
                    .port(port)
                    .retry(Retry::fixed_delay(2, milliseconds(1)))
                    .connect_blockingly(kPatience);
  EXPECT_EQ(client.status(), Status::kClosed);
  EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kAlreadyClosed);
}

TEST(Client, TheDestructorWaitsForAPushUnderWay) {
  TestProxy proxy;
  std::string large = "# ";
  large.resize(std::size_t{8} << 20, 'x');  // more than a socket takes at once
  {
    auto client = builder_for(proxy).metrics([&] { return large; }).connect_blockingly();
    client.push_and_close();
  }
  const auto seen = proxy.wait_until([](const auto& s) { return s.pushes.size() == 1; });
  EXPECT_EQ(seen.pushes.front(), large + "\n");
}

// ---- What is scraped.

TEST(Client, SeveralRegistriesAreOnePageWithEachFamilyOnce) {
  TestProxy proxy;
  const auto first = std::make_shared<prometheus::Registry>();
  const auto second = std::make_shared<prometheus::Registry>();
  for (const auto& [registry, part] : {std::pair{first, "a"}, std::pair{second, "b"}}) {
    prometheus::BuildCounter().Name("requests_total").Register(*registry).Add({{"part", part}});
  }
  const auto client = builder_for(proxy)
                          .registry(first)
                          .registry(second)
                          .metrics([] { return std::string("parts 2"); })
                          .connect_blockingly();
  EXPECT_EQ(proxy.scrape(),
            "# TYPE requests_total counter\n"
            "requests_total{part=\"a\"} 0\nrequests_total{part=\"b\"} 0\nparts 2\n");
}

TEST(Client, ARegistryThatIsGoneIsLeftOut) {
  TestProxy proxy;
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildGauge().Name("gone").Register(*registry).Add({});
  const auto client =
      builder_for(proxy).registry(registry).metrics(one_sample).connect_blockingly();
  EXPECT_THAT(proxy.scrape(), HasSubstr("gone 0\n"));
  registry.reset();
  EXPECT_EQ(proxy.scrape(), "up 1\n");
}

TEST(Client, MetricsThatThrowFailThatScrapeAlone) {
  TestProxy proxy;
  std::atomic<bool> broken = true;
  std::atomic<int> told = 0;
  const auto client = builder_for(proxy)
                          .metrics([&]() -> std::string {
                            if (broken) throw std::runtime_error("broken");
                            return one_sample();
                          })
                          .log([&](LogLevel level, std::string_view) {
                            if (level == LogLevel::kError) ++told;
                          })
                          .connect_blockingly();
  EXPECT_THAT(proxy.scrape(), HasSubstr("error:"));
  EXPECT_EQ(told, 1);
  broken = false;
  EXPECT_EQ(proxy.scrape(), "up 1\n");
}

// ---- Names, transports, threads, processes.

TEST(Client, WithoutANameItsSetupCarriesNothing) {
  TestProxy proxy;
  const auto client = builder_for(proxy).connect_blockingly();
  EXPECT_THAT(proxy.seen().setup_metadata, ElementsAre(""));
}

TEST(Client, NamesItselfInSetup) {
  TestProxy proxy;
  const auto client = builder_for(proxy)
                          .job("billing")
                          .instance("host-1")
                          .label("env", "prod")
                          .connect_blockingly();
  EXPECT_THAT(proxy.seen().setup_metadata,
              ElementsAre(testing::MatchesRegex(
                  R"(\{"job":"billing","instance":"host-1","incarnation":"[0-9a-f]+",)"
                  R"("labels":\{"env":"prod"\}\})")));
}

TEST(Client, SpeaksWebSocket) {
  TestProxy proxy({.transport = transport::TransportKind::kWebSocket});
  auto client =
      builder_for(proxy).transport(Transport::kWebSocket).metrics(one_sample).connect_blockingly();
  EXPECT_EQ(proxy.scrape(), "up 1\n");
  EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kPushed);
}

TEST(Client, ManyShareOneThread) {
  constexpr std::size_t kClients = 100;
  TestProxy proxy;
  std::mutex mutex;
  std::vector<std::thread::id> threads;
  std::vector<Client> clients;
  const auto runtime = std::make_shared<Runtime>();
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(builder_for(proxy)
                          .runtime(runtime)
                          .on_key_received([&] {
                            const std::lock_guard lock(mutex);
                            threads.push_back(std::this_thread::get_id());
                          })
                          .connect());
  }
  for (auto& client : clients) EXPECT_TRUE(client.wait_until_ready(kPatience));
  const std::lock_guard lock(mutex);
  EXPECT_THAT(threads, testing::SizeIs(kClients));
  EXPECT_THAT(threads, testing::Each(threads.front()));
}

TEST(Client, MayBeClosedInACallback) {
  TestProxy proxy;
  std::promise<Client*> made;
  std::promise<void> closed;
  auto where = made.get_future().share();
  auto client = builder_for(proxy)
                    .on_key_received([where] { where.get()->close(); })
                    .on_status([&](Status status) {
                      if (status == Status::kClosed) closed.set_value();
                    })
                    .connect();
  made.set_value(&client);
  EXPECT_EQ(closed.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(Client, AChildProcessNeitherUsesNorDisturbsItsParentsClient) {
  TestProxy proxy;
  auto client = builder_for(proxy).metrics(one_sample).connect_blockingly();
  const pid_t child = fork();
  if (child == 0) {
    bool closed = client.status() == Status::kClosed;
    closed = closed && client.push_and_close_blockingly() == PushResult::kAlreadyClosed;
    { const Client destroyed = std::move(client); }
    _exit(closed ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(proxy.scrape(), "up 1\n");
  EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kPushed);
}

TEST(Client, AMovedFromClientIsClosed) {
  TestProxy proxy;
  auto client = builder_for(proxy).connect_blockingly();
  const Client other = std::move(client);
  EXPECT_EQ(other.status(), Status::kReady);
  EXPECT_EQ(client.status(), Status::kClosed);  // NOLINT(bugprone-use-after-move): what it tests
}

}  // namespace
}  // namespace prometheus_rsocket::client

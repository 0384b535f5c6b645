// A process and what comes with it: shards and their messages, signals, keys, randomness, the log;
// and what its end does to whatever still waits.
#include <array>
#include <chrono>
#include <vector>

#include "base/bytes.h"
#include "envelope/key.h"
#include "seam_test.h"

namespace prometheus_rsocket::seam {
namespace {

using runtime::Signal;
using PrivateKeyPtr = std::shared_ptr<const envelope::PrivateKey>;
using testing::ElementsAre;

class SeamProcess : public SeamTest {
 protected:
  [[nodiscard]] Completion<Signal> wait_for_signal() {
    Completion<Signal> done(server().executor);
    stage().server().signals().async_wait(done.handler());
    return done;
  }
  [[nodiscard]] Completion<PrivateKeyPtr> make_key(runtime::Shard& shard) {
    Completion<PrivateKeyPtr> made(shard.executor);
    shard.keys.async_make_private_key(2048, made.handler());
    return made;
  }
  void run_for(base::Duration duration) {
    const auto timer = server().timers.make_timer();
    const Completion<> done(server().executor);
    timer->async_wait_until(server().clock.now() + duration, done.handler());
    wait_for(done);
  }
  // The client's process ends while this one waits.
  template <class Awaited>
  void expect_destroyed_uncalled(const Awaited& waiting) {
    EXPECT_FALSE(waiting.handler_is_gone());
    stage().end_client();
    EXPECT_TRUE(waiting.handler_is_gone());
    EXPECT_FALSE(waiting.done());
  }
};

INSTANTIATE_TEST_SUITE_P(Runtimes, SeamProcess, runtimes(), name_of);

TEST_P(SeamProcess, ItsShardsAreCounted) {
  ASSERT_EQ(stage().server().shard_count(), 2U);
  EXPECT_EQ(server(0).index, 0U);
  EXPECT_EQ(server(1).index, 1U);
  EXPECT_NE(server(0).executor, server(1).executor);
}

TEST_P(SeamProcess, MessagesBetweenTwoShardsKeepTheirOrder) {
  std::vector<int> to_other;
  std::vector<int> to_itself;
  for (int i = 0; i < 50; ++i) {
    stage().server().send(0, 1, [&, i] {
      EXPECT_TRUE(runs_on(server(1).executor));
      to_other.push_back(i);
    });
    stage().server().send(1, 1, [&, i] { to_itself.push_back(i); });
  }
  EXPECT_TRUE(to_itself.empty()) << "a message is never run within send()";
  ASSERT_TRUE(stage().run_until([&] { return to_other.size() + to_itself.size() == 100; }));
  EXPECT_TRUE(std::ranges::is_sorted(to_other));
  EXPECT_TRUE(std::ranges::is_sorted(to_itself));
}

TEST_P(SeamProcess, ASignalEndsTheWaitForIt) {
  const auto waiting = wait_for_signal();
  stage().raise(Signal::kReload);
  wait_for(waiting);
  EXPECT_EQ(waiting.error(), error_code());
  EXPECT_EQ(waiting.value(), Signal::kReload);
  EXPECT_TRUE(waiting.was_on_executor());
}

TEST_P(SeamProcess, SignalsThatNobodyWaitsForAreKeptOneOfEachKind) {
  (void)stage().server().signals();
  for (const Signal signal : {Signal::kReload, Signal::kTerminate, Signal::kReload}) {
    stage().raise(signal);
  }
  run_for(std::chrono::milliseconds(1));
  const auto first = wait_for_signal();
  EXPECT_FALSE(first.done());
  wait_for(first);
  const auto second = wait_for_signal();
  wait_for(second);
  EXPECT_EQ(first.value(), Signal::kTerminate) << "to leave comes first";
  EXPECT_EQ(second.value(), Signal::kReload);
  const auto none = wait_for_signal();
  run_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(none.done());
}

TEST_P(SeamProcess, AKeyPairIsMadeAndItsPublicHalfRead) {
  const auto made = make_key(server(1));
  EXPECT_FALSE(made.done());
  wait_for(made);
  ASSERT_EQ(made.error(), error_code());
  EXPECT_TRUE(made.was_on_executor());
  const auto read = client().keys.read_public_key(made.value()->public_key_der());
  ASSERT_TRUE(read) << read.error().message();

  class ShardRandom final : public envelope::RandomSource {
   public:
    explicit ShardRandom(runtime::Random& random) : random_(random) {}
    void fill(std::span<std::byte> bytes) override { random_.fill(bytes); }

   private:
    runtime::Random& random_;
  } random(client().random);
  envelope::AesKey key;
  random.fill(key.bytes);
  const auto wrapped = (*read)->wrap(key, random);
  ASSERT_TRUE(wrapped);
  EXPECT_EQ(made.value()->unwrap(*wrapped).value(), key);
}

TEST_P(SeamProcess, TwoKeyPairsDiffer) {
  const auto one = make_key(server());
  const auto other = make_key(server());
  wait_for(one);
  wait_for(other);
  EXPECT_NE(base::copy(one.value()->public_key_der()), base::copy(other.value()->public_key_der()));
}

TEST_P(SeamProcess, JunkIsNoPublicKey) {
  for (const auto* junk : {"", "0", "\x30\x82\x01\x22", "-----BEGIN PUBLIC KEY-----"}) {
    EXPECT_FALSE(client().keys.read_public_key(base::as_bytes(junk))) << junk;
  }
}

TEST_P(SeamProcess, RandomNumbersStayBelowTheirBoundAndReachAllOfIt) {
  std::array<int, 3> seen{};
  for (int i = 0; i < 200; ++i) {
    ++seen.at(server().random.below(3));
    const auto distance = server().random.up_to(base::Duration(7));
    EXPECT_GE(distance, base::Duration(0));
    EXPECT_LE(distance, base::Duration(7));
  }
  EXPECT_THAT(seen, testing::Each(testing::Gt(0)));
  EXPECT_EQ(server().random.below(1), 0U);
  EXPECT_EQ(server().random.up_to(base::Duration(0)), base::Duration(0));
}

TEST_P(SeamProcess, ShardsDrawDifferentRandomBytes) {
  std::array<std::byte, 19> one{};
  std::array<std::byte, 19> other{};
  server(0).random.fill(one);
  server(1).random.fill(other);
  EXPECT_NE(one, other);
  server(0).random.fill(other);
  EXPECT_NE(one, other);
}

TEST_P(SeamProcess, WhatIsLoggedNamesItsLevelAndItsFields) {
  const auto text = stage().log_of([&] {
    server(1).log.warn("listening", {{"kind", "tcp"}, {"peer", "a b"}});
  });
  EXPECT_THAT(text, testing::AllOf(testing::HasSubstr("warn"),
                                   testing::HasSubstr(R"(msg="listening" kind=tcp peer="a b")")));
}

// ---- The end of a process

TEST_P(SeamProcess, EndingInMidDialDestroysTheHandlerUncalled) {
  expect_destroyed_uncalled(dial(stage().silent_endpoint()));
}

TEST_P(SeamProcess, EndingDestroysTheHandlerOfAReadThatOwnsItsStreamAndTellsThePeer) {
  auto ends = connect();
  std::string buffer(8, '\0');
  const Transfer reading(client().executor);
  auto& stream = *ends.client;
  stream.async_read_some(boost::asio::buffer(buffer), reading.handler(std::move(ends.client)));
  expect_destroyed_uncalled(reading);
  EXPECT_EQ(read_some(*ends.server), (Got{"", error::eof}));
}

TEST_P(SeamProcess, EndingDestroysTheHandlerOfAnAcceptThatOwnsItsListener) {
  auto listener = client().network.listen({boost::asio::ip::make_address("127.0.0.1"), 0}).value();
  const Opening accepted(client().executor);
  auto& from = *listener;
  from.async_accept(client(1).executor, accepted.handler(std::move(listener)));
  expect_destroyed_uncalled(accepted);
}

TEST_P(SeamProcess, EndingDestroysTheHandlerOfAWaitThatOwnsItsTimer) {
  auto timer = client().timers.make_timer();
  const Completion<> waiting(client().executor);
  auto& set = *timer;
  set.async_wait_until(client().clock.now() + std::chrono::hours(1),
                       waiting.handler(std::move(timer)));
  expect_destroyed_uncalled(waiting);
}

TEST_P(SeamProcess, EndingDestroysTheHandlerOfAQuestionForAName) {
  const Completion<std::vector<boost::asio::ip::address>> asked(client().executor);
  client().resolver.async_resolve("localhost", asked.handler());
  expect_destroyed_uncalled(asked);
}

TEST_P(SeamProcess, EndingWhileAKeyIsMadeDestroysTheHandlerUncalled) {
  expect_destroyed_uncalled(make_key(client()));
}

TEST_P(SeamProcess, EndingDestroysAMessageUncalled) {
  const Completion<> sent(client(1).executor);
  stage().client().send(0, 1, [handler = sent.handler()]() mutable { handler(error_code()); });
  expect_destroyed_uncalled(sent);
}

TEST_P(SeamProcess, EndingDestroysHandlersOfEachShardThatOwnStreamsOfTheOther) {
  const auto listener = listen();
  const std::array<Completion<>, 2> waiting{Completion<>(client(0).executor),
                                            Completion<>(client(1).executor)};
  std::array<StreamPtr, 2> streams;
  for (const std::size_t shard : {0U, 1U}) {
    const Opening dialled(client(shard).executor);
    client(shard).network.async_connect(listener->local_endpoint(), dialled.handler());
    wait_for(dialled);
    streams.at(shard) = std::move(dialled.value());
  }
  for (const std::size_t shard : {0U, 1U}) {
    const std::size_t other = 1 - shard;
    stage().client().send(
        shard, other,
        [handler = waiting.at(other).handler(std::move(streams.at(shard)),
                                             client(shard).timers.make_timer())]() mutable {
          handler(error_code());
        });
  }
  stage().end_client();
  for (const auto& one : waiting) {
    EXPECT_TRUE(one.handler_is_gone());
    EXPECT_FALSE(one.done());
  }
}

}  // namespace
}  // namespace prometheus_rsocket::seam

#include "server/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "manual_shard.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// `secret`, at bcrypt's lowest cost.
constexpr const char* kHash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
constexpr const char* kGood = "Basic YWxpY2U6c2VjcmV0";   // alice
constexpr const char* kWrong = "Basic YWxpY2U6c2VjcmV1";  // alice

// Does what it has to when the test says so.
class ManualWorker final : public runtime::Worker {
 public:
  [[nodiscard]] std::size_t waiting() const { return jobs_.size(); }
  void do_one() {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    std::move(job.work)();
    std::move(job.handler)();
  }

 private:
  struct Job {
    runtime::Handler<void()> work;
    runtime::Handler<void()> handler;
  };
  void do_run(runtime::Handler<void()> work, runtime::Handler<void()> handler) override {
    jobs_.push_back({std::move(work), std::move(handler)});
  }

  std::deque<Job> jobs_;
};

struct GateTest : testing::Test {
  GateTest() {
    WebAccess access;
    access.users = {{"alice", kHash}};
    gate.use(std::make_shared<const WebAccess>(access), &worker);
  }
  void ask(const std::string& address, const char* authorization = kWrong,
           base::Duration patience = 10s) {
    http::Request request;
    request.headers = {{"authorization", authorization}};
    request.remote = {boost::asio::ip::make_address(address), 1};
    gate.ask(request, shard.now() + patience,
             [this, address](Passage passage, const std::string& /*user*/) {
               if (passage == Passage::kOpen) open.push_back(address);
               if (passage == Passage::kUnknown) unknown.push_back(address);
               if (passage == Passage::kBusy) busy.push_back(address);
             });
  }
  void look_at_all() {
    while (worker.waiting() > 0) worker.do_one();
  }

  ManualShard shard;
  ManualWorker worker;
  Gate gate{shard.shard()};
  std::vector<std::string> open;
  std::vector<std::string> unknown;
  std::vector<std::string> busy;
};

TEST_F(GateTest, LooksAtOnePasswordAfterTheOtherByAddressesInTurn) {
  for (const char* address : {"10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
    ask(address);
  }
  EXPECT_EQ(worker.waiting(), 1U);
  look_at_all();
  EXPECT_THAT(unknown, ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1", "10.0.0.1"));
  EXPECT_THAT(busy, IsEmpty());
}

TEST_F(GateTest, OfOneAddressAFewWaitAndSoOfAnIPv6NetworkOfSixtyFourBits) {
  for (const std::string before : {"10.0.0.", "2001:db8::"}) {
    for (std::size_t i = 1; i <= kPasswordsPerAddressMax + 1; ++i) {
      ask(before == "10.0.0." ? "10.0.0.1" : before + std::to_string(i));
    }
  }
  EXPECT_THAT(busy, ElementsAre("10.0.0.1", "2001:db8::5"));
  ask("2001:db8:0:1::1");
  EXPECT_EQ(busy.size(), 2U);
}

TEST_F(GateTest, OfTooManyTheNewestOfWhoeverHasTheMostIsRefused) {
  ask("10.0.0.1");
  for (std::size_t i = 0; i < kPasswordsWaitingMax - 1; ++i) {
    ask("10.0.1." + std::to_string(i / kPasswordsPerAddressMax));
  }
  EXPECT_THAT(busy, IsEmpty());
  ask("10.0.2.1", kGood);
  EXPECT_EQ(busy.size(), 1U);
  look_at_all();
  EXPECT_THAT(open, ElementsAre("10.0.2.1"));
  EXPECT_EQ(unknown.size(), kPasswordsWaitingMax - 1);
}

TEST_F(GateTest, NobodyWaitsForLongerThanTheirRequestDoes) {
  ask("10.0.0.1");
  ask("10.0.0.2", kWrong, 5s);
  ask("10.0.0.3", kWrong, 20s);
  shard.run_for(4s);
  EXPECT_THAT(busy, IsEmpty());
  shard.run_for(2s);
  EXPECT_THAT(busy, ElementsAre("10.0.0.2"));
  look_at_all();
  EXPECT_THAT(unknown, ElementsAre("10.0.0.1", "10.0.0.3"));
}

TEST_F(GateTest, WhatWasRightMeanwhileIsNotLookedAtAgain) {
  ask("10.0.0.1", kGood);
  ask("10.0.0.2", kGood);
  worker.do_one();
  EXPECT_THAT(open, ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(worker.waiting(), 0U);
}

}  // namespace
}  // namespace prometheus_rsocket::server

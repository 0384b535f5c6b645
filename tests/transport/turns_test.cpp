// Whose turn it is among the sessions of a shard.
#include "transport/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <string>

namespace prometheus_rsocket::transport {
namespace {

using testing::ElementsAre;

class TurnsTest : public testing::Test {
 protected:
  // Has so much to do, and takes a turn for each.
  class Worker : public Turns::User, public std::enable_shared_from_this<Worker> {
   public:
    Worker(TurnsTest& test, std::string name, int work)
        : test_(test), name_(std::move(name)), work_(work) {}

    void begin() {
      while (work_ > 0 && test_.turns->take(weak_from_this())) work();
    }

   private:
    void on_turn() override {
      work();
      begin();
    }
    void work() {
      --work_;
      test_.done.push_back(name_);
    }

    TurnsTest& test_;
    std::string name_;
    int work_;
  };

  std::shared_ptr<Worker> begin(const std::string& name, int work) {
    auto worker = std::make_shared<Worker>(*this, name, work);
    worker->begin();
    return worker;
  }

  boost::asio::io_context context;
  std::shared_ptr<Turns> turns = std::make_shared<Turns>(context.get_executor());
  std::vector<std::string> done;
};

TEST_F(TurnsTest, TheFirstOfARoundGoesOnAtOnceAndTheOthersInTheOrderInWhichTheyAsked) {
  const auto a = begin("a", 3);
  const auto b = begin("b", 1);
  const auto c = begin("c", 2);
  EXPECT_THAT(done, ElementsAre("a"));
  context.run();
  EXPECT_THAT(done, ElementsAre("a", "a", "b", "c", "a", "c"));
}

TEST_F(TurnsTest, EachRoundOfTheLoopIsOneTurn) {
  const auto a = begin("a", 3);
  const auto b = begin("b", 3);
  for (std::size_t turns_taken = 1; turns_taken <= 6; ++turns_taken) {
    EXPECT_EQ(done.size(), turns_taken);
    context.poll_one();
  }
}

TEST_F(TurnsTest, WhoIsGoneByItsTurnIsPassedOver) {
  const auto a = begin("a", 1);
  begin("b", 1);
  const auto c = begin("c", 1);
  context.run();
  EXPECT_THAT(done, ElementsAre("a", "c"));
}

TEST_F(TurnsTest, AnIdleLoopHasATurnForWhoeverComes) {
  const auto a = begin("a", 1);
  context.run();
  context.restart();
  const auto b = begin("b", 1);
  EXPECT_THAT(done, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace prometheus_rsocket::transport

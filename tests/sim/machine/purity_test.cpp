#include "sim/machine/purity.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace prometheus_rsocket::sim::machine {
namespace {

TEST(Purity, OutsideAWorldEverythingIsAllowed) {
  { const Pure pure; }
  EXPECT_GT(std::chrono::steady_clock::now().time_since_epoch().count(), 0);
  bool ran = false;
  std::thread([&] { ran = true; }).join();
  EXPECT_TRUE(ran);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_GE(descriptor, 0);
  ::close(descriptor);
}

using PurityDeathTest = testing::Test;

TEST(PurityDeathTest, NoClockIsReadInAWorld) {
  EXPECT_DEATH(
      {
        const Pure pure;
        (void)std::chrono::steady_clock::now();
      },
      "clock_gettime\\(\\) was called while a simulated world ran");
  EXPECT_DEATH(
      {
        const Pure pure;
        (void)std::chrono::system_clock::now();
      },
      "clock_gettime\\(\\)");
}

TEST(PurityDeathTest, NoThreadIsStartedInAWorld) {
  EXPECT_DEATH(
      {
        const Pure pure;
        std::thread([] {}).join();
      },
      "pthread_create\\(\\)");
}

TEST(PurityDeathTest, NoSocketIsOpenedInAWorld) {
  EXPECT_DEATH(
      {
        const Pure pure;
        (void)::socket(AF_INET, SOCK_STREAM, 0);
      },
      "socket\\(\\)");
}

}  // namespace
}  // namespace prometheus_rsocket::sim::machine

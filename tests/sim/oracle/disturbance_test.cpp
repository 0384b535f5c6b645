#include "sim/oracle/disturbance.h"

#include <gtest/gtest.h>

#include <array>

#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::FaultEffect;

// One fault from 10 s to 20 s, with round trips of 100 ms.
Disturbances one(const std::vector<Place>& places, FaultEffect effect) {
  Disturbances disturbances;
  disturbances.begin(history::FaultId{1}, {history::FaultId{1}, "", places, effect}, kStart + 10s);
  disturbances.end(history::FaultId{1}, kStart + 20s, 100ms);
  return disturbances;
}

bool touched(const Disturbances& disturbances, const std::vector<Place>& path, Duration at) {
  return disturbances.touched(path, kStart + at, kStart + at);
}

TEST(Disturbances, AFaultTouchesWhatPassesItsPlacesAndNothingElse) {
  const Disturbances fault = one({client_place(1), client_place(2)}, FaultEffect::kTraffic);
  EXPECT_TRUE(touched(fault, {client_place(1), proxy_place(0)}, 15s));
  EXPECT_TRUE(touched(fault, {client_place(2), proxy_place(0)}, 15s));
  EXPECT_FALSE(touched(fault, {client_place(3), proxy_place(0)}, 15s));
}

TEST(Disturbances, AFaultBetweenTwoPlacesTouchesWhatPassesFromOneToTheOther) {
  const Disturbances fault = one({client_place(1), proxy_place(0)}, FaultEffect::kBetween);
  EXPECT_TRUE(touched(fault, {client_place(1), proxy_place(0), kBalancer}, 15s));
  EXPECT_FALSE(touched(fault, {client_place(1), proxy_place(1), kBalancer}, 15s));
  EXPECT_FALSE(touched(fault, {client_place(2), proxy_place(0), kBalancer}, 15s));
}

TEST(Disturbances, AnEchoLastsAsLongAgain) {
  const Disturbances fault = one({client_place(1)}, FaultEffect::kTraffic);
  EXPECT_FALSE(touched(fault, {client_place(1)}, 9s));
  EXPECT_TRUE(touched(fault, {client_place(1)}, 30s));
  EXPECT_FALSE(touched(fault, {client_place(1)}, 31s));
}

TEST(Disturbances, APauseHasNoEchoButARoundTrip) {
  const Disturbances fault = one({client_place(1)}, FaultEffect::kPause);
  EXPECT_TRUE(touched(fault, {client_place(1)}, 20s));
  EXPECT_FALSE(touched(fault, {client_place(1)}, 21s));
}

TEST(Disturbances, OnlyWhatMayStopAProcessPausesIt) {
  for (const FaultEffect effect : {FaultEffect::kAny, FaultEffect::kTraffic, FaultEffect::kBetween,
                                   FaultEffect::kPause, FaultEffect::kCorrupt}) {
    const bool pauses = effect == FaultEffect::kAny || effect == FaultEffect::kPause;
    const Disturbances fault = one({client_place(1)}, effect);
    EXPECT_EQ(fault.paused(client_place(1), kStart + 15s, kStart + 16s), pauses);
    EXPECT_FALSE(fault.paused(client_place(1), kStart + 21s, kStart + 22s));
    EXPECT_FALSE(fault.paused(client_place(2), kStart + 15s, kStart + 16s));
  }
}

TEST(Disturbances, WhoIsLeftBrokenStaysSo) {
  Disturbances disturbances;
  disturbances.leave_broken({client_place(1)}, kStart + 10s);
  EXPECT_TRUE(disturbances.is_broken(client_place(1)));
  EXPECT_FALSE(disturbances.is_broken(client_place(2)));
  EXPECT_TRUE(touched(disturbances, {client_place(1)}, 10h));
  EXPECT_TRUE(disturbances.paused(client_place(1), kStart + 10h, kStart + 10h));
  const std::array path = {client_place(1)};
  EXPECT_FALSE(disturbances.corrupted(path, kStart + 10h, kStart + 10h));
}

TEST(Disturbances, AreOverWhenTheLastOfThemIs) {
  Disturbances faults = one({client_place(1)}, FaultEffect::kPause);
  faults.begin(history::FaultId{2},
               {history::FaultId{2}, "", {client_place(1)}, FaultEffect::kPause},
               kStart + 20s + 50ms);
  faults.end(history::FaultId{2}, kStart + 30s, 100ms);
  const std::array path = {client_place(1)};
  EXPECT_EQ(faults.quiet_since(path, kStart + 15s), kStart + 30s + 100ms);
  EXPECT_EQ(faults.quiet_since(path, kStart + 5s), kStart + 5s);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle

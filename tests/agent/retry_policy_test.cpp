#include "agent/retry_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "seeded_random.h"

namespace prometheus_rsocket::agent {
namespace {

using std::chrono::seconds;

// The backoff without its jitter, told by its definition rather than as the policy finds it.
double expected_backoff_s(const RetryConfig& config, std::uint32_t failures) {
  const double first = std::chrono::duration<double>(config.first_backoff).count();
  const double most = std::chrono::duration<double>(config.max_backoff).count();
  return std::min(most, first * std::pow(2.0, failures - 1));
}

RetryConfig any_config() {
  RetryConfig config;
  config.first_backoff = std::chrono::milliseconds(*rc::gen::inRange(1, 60'000));
  config.max_backoff = config.first_backoff + seconds(*rc::gen::inRange(0, 100'000));
  config.jitter_percent = *rc::gen::inRange(0U, 101U);
  return config;
}

RC_GTEST_PROP(RetryPolicy, EveryBackoffIsWithinItsJitterAndTheCap, (std::uint64_t seed)) {
  const RetryConfig config = any_config();
  const auto failures = *rc::gen::inRange<std::uint32_t>(1, 200);
  SeededRandom random(seed);
  RetryPolicy policy(config);
  for (std::uint32_t n = 1; n <= failures; ++n) {
    const auto wait = policy.handle_ended(std::nullopt, random);
    RC_ASSERT(wait.has_value());
    const double wait_s = std::chrono::duration<double>(*wait).count();
    const double backoff_s = expected_backoff_s(config, n);
    const double jitter_s = backoff_s * config.jitter_percent / 100;
    RC_ASSERT(wait_s >= backoff_s - jitter_s - 1e-6);
    RC_ASSERT(wait_s <= backoff_s + jitter_s + 1e-6);
    RC_ASSERT(*wait <= config.max_backoff);
    RC_ASSERT(policy.failures() == n);
  }
}

RC_GTEST_PROP(RetryPolicy, AfterAStableConnectionTheRedialIsWithinItsSpread, (std::uint64_t seed)) {
  const RetryConfig config = any_config();
  const auto failures_before = *rc::gen::inRange(0, 50);
  const auto longer = std::chrono::milliseconds(*rc::gen::inRange(0, 1'000'000));
  SeededRandom random(seed);
  RetryPolicy policy(config);
  for (int i = 0; i < failures_before; ++i) (void)policy.handle_ended(std::nullopt, random);
  const auto redial = policy.handle_ended(config.stable_time + longer, random);
  RC_ASSERT(redial.has_value());
  RC_ASSERT(*redial >= base::Duration::zero());
  RC_ASSERT(*redial <= config.redial_spread);
  const auto next = policy.handle_ended(std::nullopt, random);
  RC_ASSERT(*next <= config.first_backoff + config.first_backoff / 100 * config.jitter_percent);
}

RC_GTEST_PROP(RetryPolicy, AConnectionThatWasNotStableIsAFailure, (std::uint64_t seed)) {
  const RetryConfig config = any_config();
  const auto held = base::Duration(*rc::gen::inRange<std::int64_t>(0, config.stable_time.count()));
  SeededRandom random(seed);
  RetryPolicy policy(config);
  for (std::uint32_t n = 1; n < 20; ++n) {
    RC_ASSERT(policy.handle_ended(held, random).has_value());
    RC_ASSERT(policy.failures() == n);
  }
}

TEST(RetryPolicy, AFailedDialAfterAStableConnectionIsNotTakenForStable) {
  SeededRandom random(1);
  RetryPolicy policy({});
  (void)policy.handle_ended(kStableTime, random);
  const auto wait = policy.handle_ended(std::nullopt, random);
  ASSERT_TRUE(wait);
  EXPECT_EQ(policy.failures(), 1U);
  EXPECT_GE(*wait, kFirstBackoff / 2);
}

TEST(RetryPolicy, TheRetriesAreUsedUpByFailuresInARow) {
  RetryConfig config;
  config.retries_max = 3;
  SeededRandom random(1);
  RetryPolicy policy(config);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(policy.handle_ended(std::nullopt, random));
  EXPECT_FALSE(policy.handle_ended(std::nullopt, random));
}

TEST(RetryPolicy, AStableConnectionGivesTheRetriesBack) {
  RetryConfig config;
  config.retries_max = 1;
  SeededRandom random(1);
  RetryPolicy policy(config);
  EXPECT_TRUE(policy.handle_ended(std::nullopt, random));
  EXPECT_TRUE(policy.handle_ended(kStableTime, random));
  EXPECT_TRUE(policy.handle_ended(std::nullopt, random));
  EXPECT_FALSE(policy.handle_ended(std::nullopt, random));
}

TEST(RetryPolicy, WithoutRetriesTheFirstFailureIsTheLast) {
  RetryConfig config;
  config.retries_max = 0;
  SeededRandom random(1);
  RetryPolicy policy(config);
  EXPECT_FALSE(policy.handle_ended(std::nullopt, random));
}

// The herd: of N clients that lose their proxy at once, at most 2N/5 arrive in any second.
TEST(RetryPolicy, AHerdArrivesSpreadOut) {
  constexpr std::size_t kClients = 5'000;
  std::vector<base::Duration> arrivals;
  for (std::size_t i = 0; i < kClients; ++i) {
    SeededRandom random(i);
    RetryPolicy policy({});
    arrivals.push_back(*policy.handle_ended(kStableTime, random));
  }
  std::ranges::sort(arrivals);
  for (std::size_t from = 0; from < kClients; ++from) {
    const auto until = std::ranges::upper_bound(arrivals, arrivals[from] + seconds(1));
    const auto in_a_second = static_cast<std::size_t>(until - arrivals.begin()) - from;
    ASSERT_LE(in_a_second, kClients * 2 / 5);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::agent

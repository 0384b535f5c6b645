#include "transport/frame_gate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rsocket/limits.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::chrono_literals;
using rsocket::Frame;
using rsocket::FrameHeader;
using rsocket::StreamId;

constexpr std::size_t kFree = rsocket::kUnaskedFrameBytesMax;
constexpr std::size_t kBudget = 10 * kFree;

FrameHeader header(const Frame& frame) {
  return rsocket::decode_header(rsocket::encode(frame)).value();
}

// A server that has had SETUP and awaits a reply on stream 2, behind a gate.
struct Gate : testing::Test {
  Gate() {
    rsocket::SetupFrame setup;
    setup.keepalive_interval = 20s;
    setup.lifetime_max = 90s;
    handle({rsocket::kConnectionStream, setup});
    EXPECT_TRUE(connection.request_response({}));
  }
  void handle(const Frame& frame) {
    connection.handle_frame({}, rsocket::encode(frame));
    gate.end_frame();
    while (connection.poll_event()) {
    }
    gate.settle(connection);
  }
  bool admits(const Frame& frame, std::size_t bytes) {
    return gate.admits(now, connection, header(frame), bytes);
  }

  base::Instant now;
  std::shared_ptr<ByteBudget> budget = std::make_shared<ByteBudget>(kBudget);
  rsocket::Connection connection{rsocket::Role::kServer, {}, {}};
  FrameGate gate{budget};
  const std::string text = std::string(100, 'x');
  const Frame reply{StreamId{2}, rsocket::PayloadFrame{false, true, true, {}}};
  const Frame first{StreamId{1},
                    rsocket::RequestFnfFrame{true, {std::nullopt, base::as_bytes(text)}}};
  const Frame next{StreamId{1},
                   rsocket::PayloadFrame{true, false, true, {std::nullopt, base::as_bytes(text)}}};
};

TEST_F(Gate, AFrameUpToAKibibyteIsFree) {
  EXPECT_TRUE(admits(reply, kFree));
  EXPECT_EQ(budget->used(), 0U);
}

TEST_F(Gate, AFrameIsChargedForWhatHasCome) {
  EXPECT_TRUE(admits(reply, kFree + 1));
  EXPECT_EQ(budget->used(), kFree + 1);
  EXPECT_TRUE(admits(reply, kBudget));
  EXPECT_EQ(budget->used(), kBudget);
  EXPECT_FALSE(admits(reply, kBudget + 1));
}

TEST_F(Gate, AHandledFrameIsGivenBack) {
  EXPECT_TRUE(admits(reply, kBudget));
  gate.end_frame();
  gate.settle(connection);
  EXPECT_EQ(budget->used(), 0U);
}

TEST_F(Gate, AFrameUnderWayStaysChargedWhileEventsAreSettled) {
  EXPECT_TRUE(admits(reply, kBudget));
  gate.settle(connection);
  EXPECT_EQ(budget->used(), kBudget);
}

TEST_F(Gate, ShortFragmentsAreChargedSinceTheyStay) {
  for (std::size_t i = 1; i <= 50; ++i) {
    const Frame& fragment = i == 1 ? first : next;
    ASSERT_TRUE(admits(fragment, rsocket::encoded_size(fragment)));
    handle(fragment);
    ASSERT_EQ(budget->used(), i * text.size());
  }
  EXPECT_FALSE(admits(next, kBudget - 50 * text.size() + 1));
  EXPECT_TRUE(admits({{}, rsocket::KeepaliveFrame{}}, 14));
  handle({StreamId{1}, rsocket::CancelFrame{}});
  EXPECT_EQ(budget->used(), 0U);
}

TEST_F(Gate, WhatIsNotWantedIsNeitherAdmittedNorCharged) {
  const Frame unasked{StreamId{4}, rsocket::PayloadFrame{false, true, true, {}}};
  EXPECT_FALSE(admits(unasked, kFree + 1));
  EXPECT_EQ(budget->used(), 0U);
}

TEST_F(Gate, WithoutABudgetEverythingWantedIsAdmitted) {
  FrameGate open(nullptr);
  EXPECT_TRUE(open.admits(now, connection, header(reply), rsocket::kFrameBytesMax));
}

TEST_F(Gate, WhatAnotherHoldsIsNotThere) {
  FrameGate other(budget);
  EXPECT_TRUE(other.admits(now, connection, header(reply), kBudget - kFree));
  EXPECT_FALSE(admits(reply, kFree + 1));
}

TEST_F(Gate, AFrameIsOverdueWhenItHasTakenTooLongSinceItWasCharged) {
  EXPECT_TRUE(admits(reply, kFree));
  now += 1s;
  EXPECT_TRUE(admits(reply, kFree + 1));
  now += rsocket::kReassemblyTime - 1ns;
  EXPECT_TRUE(admits(reply, kFree + 2));
  EXPECT_FALSE(gate.overdue(now));
  now += 1ns;
  EXPECT_TRUE(gate.overdue(now));
  gate.end_frame();
  EXPECT_FALSE(gate.overdue(now));
}

TEST_F(Gate, AFreeFrameIsNeverOverdue) {
  EXPECT_TRUE(admits(reply, kFree));
  EXPECT_FALSE(gate.charged());
  EXPECT_FALSE(gate.overdue(now + 24h));
}

RC_GTEST_PROP(ByteBudgetProperty, NeverGrantsMoreThanItHasAndGetsAllOfItBack,
              (const std::vector<std::pair<std::uint8_t, std::uint16_t>>& steps)) {
  const auto budget = std::make_shared<ByteBudget>(100'000);
  {
    std::vector<std::unique_ptr<Reservation>> all;
    for (int i = 0; i < 4; ++i) all.push_back(std::make_unique<Reservation>(budget));
    for (const auto& [who, bytes] : steps) {
      Reservation& one = *all[who % all.size()];
      const std::size_t before = one.bytes();
      const std::size_t others = budget->used() - before;
      const bool granted = one.resize(bytes);
      RC_ASSERT(granted == (bytes <= before || others + bytes <= budget->bytes_max()));
      RC_ASSERT(one.bytes() == (granted ? bytes : before));
      RC_ASSERT(budget->used() == others + one.bytes());
    }
  }
  RC_ASSERT(budget->used() == 0U);
}

}  // namespace
}  // namespace prometheus_rsocket::transport

// A key is one object for all shards.
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "support.h"

namespace prometheus_rsocket::envelope {
namespace {

TEST(PrivateKeyOfManyThreads, EachUnwrapsItsOwnAndRefusesWhatIsNone) {
  const auto key = key_pair(1);
  const auto wrapping = public_half(*key);
  constexpr int kRounds = 200;
  struct Expected {
    AesKey key;
    base::Bytes wrapped;  // here: ThreadSanitizer does not see the fences of Crypto++
    int right = 0;
  };
  std::array<Expected, 4> expected;
  SeededRandom random(1);
  for (Expected& one : expected) {
    random.fill(one.key.bytes);
    one.wrapped = wrapping->wrap(one.key, random).value();
  }
  {
    std::vector<std::jthread> threads;
    for (Expected& one : expected) {
      threads.emplace_back([&one, &key] {
        base::Bytes broken = one.wrapped;
        broken.back() ^= std::byte{1};
        for (int round = 0; round < kRounds; ++round) {
          const auto unwrapped = key->unwrap(one.wrapped);
          one.right += unwrapped && *unwrapped == one.key && !key->unwrap(broken) ? 1 : 0;
        }
      });
    }
  }
  for (const Expected& one : expected) EXPECT_EQ(one.right, kRounds);
}

}  // namespace
}  // namespace prometheus_rsocket::envelope

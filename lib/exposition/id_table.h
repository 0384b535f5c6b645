// A hash table of ids: small numbers that stand for something its owner holds and compares. Grows
// with what is in it, eight bytes a slot, at most half of the slots full.
//
// Hashes must be keyed (base/sip_hash.h) where strangers choose what is hashed.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.h"
#include "exposition/prefetch.h"

namespace prometheus_rsocket::exposition {

class IdTable {
 public:
  // Just grown, it is a quarter full.
  static constexpr std::size_t kBytesPerIdMax = 32;

  // Empties it and makes room for so many, its memory being used again.
  void restart(std::size_t expected_count) {
    const std::size_t size = std::bit_ceil(std::max<std::size_t>(expected_count, 4) * 2);
    if (slots_.size() < size) slots_.resize(size);
    // Only what is in use: a small table after a large one costs little.
    std::fill_n(slots_.begin(), size, Slot{});
    mask_ = size - 1;
    count_ = 0;
  }

  // It will be looked for soon.
  void prefetch(std::uint64_t hash) const {
    exposition::prefetch(&slots_[static_cast<std::uint32_t>(hash) & mask_], sizeof(Slot));
  }

  // The id that was put in under this hash and for which is_same(id) holds.
  template <class IsSame>
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t hash, const IsSame& is_same) const {
    if (count_ == 0) return std::nullopt;
    const Slot& slot = slots_[place(hash, is_same)];
    return slot.id == 0 ? std::nullopt : std::optional(slot.id - 1);
  }

  // The same; where there is none, `id` is put in and returned.
  template <class IsSame>
  std::uint32_t find_or_insert(std::uint64_t hash, std::uint32_t id, const IsSame& is_same) {
    if (2 * count_ >= mask_) grow();
    Slot& slot = slots_[place(hash, is_same)];
    if (slot.id != 0) return slot.id - 1;
    ++count_;
    slot = {static_cast<std::uint32_t>(hash), id + 1};
    return id;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;  // its lower half
    std::uint32_t id = 0;    // and one; 0 is an empty slot
  };

  // Where it is, or would be put.
  template <class IsSame>
  [[nodiscard]] std::size_t place(std::uint64_t hash, const IsSame& is_same) const {
    const auto low = static_cast<std::uint32_t>(hash);
    std::size_t at = low & mask_;
    while (slots_[at].id != 0 && !(slots_[at].hash == low && is_same(slots_[at].id - 1))) {
      at = (at + 1) & mask_;
    }
    return at;
  }

  void grow() {
    const std::vector<Slot> old(slots_.begin(),
                                slots_.begin() + static_cast<std::ptrdiff_t>(mask_ + 1));
    const std::size_t count = count_;
    CHECK(count < std::size_t{1} << 31, "half a hash places no more");
    restart(std::max<std::size_t>(2 * count, 4));
    for (const Slot& slot : old) {
      if (slot.id != 0) slots_[place(slot.hash, [](std::uint32_t) { return false; })] = slot;
    }
    count_ = count;
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1);  // open addressing over the first mask_ + 1
  std::size_t mask_ = 0;
  std::size_t count_ = 0;
};

}  // namespace prometheus_rsocket::exposition

#include "sim/machine/heap.h"

#include <malloc.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

#include "sim/draw.h"

namespace prometheus_rsocket::sim::machine {
namespace {

// Blocks that wait to be given out, for each power of two up to kShuffledBytesMax.
constexpr std::size_t kWaiting = 64;
constexpr std::size_t kShuffledBytesMax = 4096;
constexpr std::size_t kSizes = static_cast<std::size_t>(std::bit_width(kShuffledBytesMax));

std::uint64_t g_bytes = 0;
std::uint64_t g_salt = 0;
std::uint64_t g_draws = 0;
std::array<std::array<void*, kWaiting>, kSizes> g_waiting{};

// A block of the size that is drawn from those that wait, a new one in its place.
void* shuffled(std::size_t bytes) {
  const auto size = static_cast<std::size_t>(std::bit_width(bytes - 1));
  auto& waiting = g_waiting[size][mix(g_salt, g_draws++) % kWaiting];
  void* const fresh = std::malloc(std::size_t{1} << size);
  void* const taken = std::exchange(waiting, fresh);
  return taken != nullptr ? taken : std::malloc(std::size_t{1} << size);
}

void* try_allocate(std::size_t bytes) noexcept {
  if (bytes == 0) bytes = 1;
  const bool is_shuffled = g_salt != 0 && bytes > 1 && bytes <= kShuffledBytesMax / 2;
  void* const block = is_shuffled ? shuffled(bytes) : std::malloc(bytes);
  if (block != nullptr) g_bytes += malloc_usable_size(block);
  return block;
}

void* allocate(std::size_t bytes) {
  void* const block = try_allocate(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void release(void* block) {
  if (block == nullptr) return;
  g_bytes -= malloc_usable_size(block);
  std::free(block);
}

}  // namespace

std::uint64_t heap_bytes() { return g_bytes; }

void set_heap_salt(std::uint64_t salt) { g_salt = salt; }

}  // namespace prometheus_rsocket::sim::machine

void* operator new(std::size_t bytes) { return prometheus_rsocket::sim::machine::allocate(bytes); }
void* operator new[](std::size_t bytes) {
  return prometheus_rsocket::sim::machine::allocate(bytes);
}
// Those that do not throw too: a sanitizer's would not be a match for the delete below.
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return prometheus_rsocket::sim::machine::try_allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return prometheus_rsocket::sim::machine::try_allocate(bytes);
}
void operator delete(void* block) noexcept { prometheus_rsocket::sim::machine::release(block); }
void operator delete[](void* block) noexcept { prometheus_rsocket::sim::machine::release(block); }
void operator delete(void* block, std::size_t /*bytes*/) noexcept {
  prometheus_rsocket::sim::machine::release(block);
}
void operator delete[](void* block, std::size_t /*bytes*/) noexcept {
  prometheus_rsocket::sim::machine::release(block);
}

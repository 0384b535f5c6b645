// The heap of the simulator's executable: how much of it lives, and in which order addresses come.
//
// Linking sim_machine replaces operator new and delete. With a salt, addresses of equal sizes come
// in an order of their own: code whose behaviour depends on the order of pointers then behaves
// differently in the second of two runs, and their hashes tell. Threads: one.
#pragma once

#include <cstdint>

namespace prometheus_rsocket::sim::machine {

// Allocated and not freed, in bytes as the C library counts them.
[[nodiscard]] std::uint64_t heap_bytes();

// From now on; 0: addresses as the C library gives them.
void set_heap_salt(std::uint64_t salt);

}  // namespace prometheus_rsocket::sim::machine

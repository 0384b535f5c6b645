// Key pairs in a simulated world.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "runtime/keys.h"
#include "sim/shard_executor.h"

namespace prometheus_rsocket::sim {

// What tells one key pair of a world from another, from its public half in DER: the number that a
// stand-in carries, a hash of a real one.
[[nodiscard]] std::uint64_t key_number(base::ByteView der);

// Sees what the keys of one process are used for (Process::observe_keys()).
class KeyObserver {
 public:
  virtual ~KeyObserver() = default;
  virtual void key_made(std::uint64_t /*number*/) {}
  virtual void key_read(std::uint64_t /*number*/) {}  // by Keys::read_public_key()
  virtual void key_used(std::uint64_t /*number*/) {}  // something was wrapped for it
};

// Makes stand-ins for RSA key pairs, or with Config::real_keys the pairs themselves. A stand-in
// costs nothing, has the sizes of RSA, and unwraps only what was wrapped for it.
[[nodiscard]] std::unique_ptr<runtime::Keys> make_keys(TaskQueue& shard);

}  // namespace prometheus_rsocket::sim

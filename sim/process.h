// A simulated process: shards as the seam has them, in virtual time.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::sim {

struct ProcessState;

// Made by World::add_process(). Handlers of one shard run one after the other in the order in which
// they became ready; between shards the seed decides.
class Process final : public runtime::Process {
 public:
  explicit Process(std::unique_ptr<ProcessState> state);
  ~Process() override;

  // --- The seam
  [[nodiscard]] std::size_t shard_count() const override;
  [[nodiscard]] runtime::Shard& shard(std::size_t index) override;
  [[nodiscard]] runtime::Signals& signals() override;
  // Messages are delayed, in order between the same two shards and in any order otherwise.
  void send(std::size_t from, std::size_t to, runtime::Handler<void()> task) override;

  // --- For the test
  [[nodiscard]] std::size_t index() const;  // counted from 0 in the world
  [[nodiscard]] const boost::asio::ip::address& host() const;
  [[nodiscard]] bool alive() const;

  // Makes an object that ends with the process; objects made later end earlier.
  template <class T, class... Args>
  T& emplace(Args&&... args) {
    auto object = std::make_shared<T>(std::forward<Args>(args)...);
    T& made = *object;
    own(std::move(object));
    return made;
  }

  void raise(runtime::Signal signal);
  // Moves the wall clock alone, either way.
  void jump_wall_clock(base::Duration by);
  // Lines logged so far whose text holds `part`.
  [[nodiscard]] std::size_t count_log(std::string_view part) const;

  [[nodiscard]] ProcessState& state() { return *state_; }  // for the simulator's own use

 private:
  void own(std::shared_ptr<void> object);

  std::unique_ptr<ProcessState> state_;
};

}  // namespace prometheus_rsocket::sim

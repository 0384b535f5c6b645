// A simulated process: shards as the seam has them, in virtual time.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::sim {

class KeyObserver;  // keys.h
struct ProcessState;

// What a process has of its system, in numbers.
struct Handles {
  // Objects that are not yet destroyed, open or not.
  std::size_t streams = 0;
  std::size_t listeners = 0;
  std::size_t timers = 0;
  std::size_t dials = 0;  // under way

  std::size_t open_streams = 0;
  std::size_t open_listeners = 0;

  [[nodiscard]] std::size_t total() const { return streams + listeners + timers + dials; }
  [[nodiscard]] std::size_t descriptors() const { return open_streams + open_listeners + dials; }
  friend bool operator==(const Handles&, const Handles&) = default;
};

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
  // From now on accepts and dials that would take more fail with too_many_files_open (EMFILE); what
  // was to be accepted stays in the backlog. Nothing: no limit.
  void limit_descriptors(std::optional<std::size_t> descriptors_max);
  [[nodiscard]] const Handles& handles() const;
  [[nodiscard]] bool paused() const;  // World::pause()
  // Lines logged so far whose text holds `part`.
  [[nodiscard]] std::size_t count_log(std::string_view part) const;
  // Null: nobody, as at first. Must outlive the process' life, and its keys.
  void observe_keys(KeyObserver* observer);

  [[nodiscard]] ProcessState& state() { return *state_; }  // for the simulator's own use

 private:
  void own(std::shared_ptr<void> object);

  std::unique_ptr<ProcessState> state_;
};

}  // namespace prometheus_rsocket::sim

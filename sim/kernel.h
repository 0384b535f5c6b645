// What all parts of a simulated world share; and what the simulator knows of a process.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/runtime.h"
#include "sim/config.h"
#include "sim/draw.h"
#include "sim/event_queue.h"
#include "sim/happening.h"
#include "sim/log.h"
#include "sim/process.h"
#include "sim/shard_executor.h"

namespace prometheus_rsocket::sim {

class VirtualNetwork;
struct Host;

// Of one process; never run. Asio wants a context behind an executor, and Beast's WebSocket keeps
// there a timer, which is never set, and operations that wait for another one of the same
// WebSocket. One for each process: its death drops these, and no other's.
class UnusedContext final : public boost::asio::io_context {
 public:
  // Destroys those operations uncalled, and with them whoever they own.
  void drop_operations() { shutdown(); }
};

struct Kernel {
  Kernel(std::uint64_t s, const Config& c) : seed(s), config(c), events(s) {}

  void count(Happening happening) { ++happenings[static_cast<std::size_t>(happening)]; }

  const std::uint64_t seed;
  const Config config;
  EventQueue events;
  std::array<std::uint64_t, static_cast<std::size_t>(Happening::kCount)> happenings{};
  std::vector<LogLine> log;
};

// How a process ends, as the network sees it.
enum class Ending : std::uint8_t {
  kStopped,  // what it owns is destroyed, then its system closes what is left
  kKilled,   // its system closes what it had open; nothing more is said
  kLost,     // nobody is told
};

// One in a counter, until it is released.
class Counted {
 public:
  explicit Counted(std::size_t& counter) : counter_(&counter) { ++counter; }
  ~Counted() { release(); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  void release() {
    if (counter_ != nullptr) --*std::exchange(counter_, nullptr);
  }

 private:
  std::size_t* counter_;
};

// Something a process has of its system, which goes when the process ends.
class Resource {
 public:
  Resource(ProcessState& process, std::size_t Handles::*kind);
  virtual ~Resource();
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  // Ends what the network sees of it, and calls nobody.
  virtual void close_at_end(Ending /*ending*/) {}
  // The process goes on after a pause: what its system has for it may complete now.
  virtual void go_on() {}
  // Destroys handlers uncalled; who they own may destroy this.
  virtual void drop() = 0;

 protected:
  [[nodiscard]] ProcessState& process() const { return process_; }

 private:
  ProcessState& process_;
  std::uint64_t id_;
  Counted counted_;
};

struct ShardState;
class KeyObserver;  // keys.h

struct ProcessState {
  ProcessState(Kernel& kernel, VirtualNetwork& network, Host& host, std::size_t index,
               std::size_t shard_count);
  ~ProcessState();

  // Lets `task` run in the process at a moment to come, as an event; it is destroyed with it.
  void later(base::Instant at, const Event& event, std::unique_ptr<Task> task);
  void end(Ending ending);
  void close_resources(Ending ending);
  void drop_handlers();
  void drop_waiting_operations();

  void resume();  // after a pause
  // Whether something that came for a handler has to wait until the process goes on.
  [[nodiscard]] bool holds_handlers();
  // One more descriptor would be too many. Counted as Happening::kNoDescriptors if so.
  [[nodiscard]] bool lacks_descriptors();

  Kernel& kernel;
  VirtualNetwork& network;
  Host& host;
  const std::size_t index;
  const std::uint64_t entity;
  std::unique_ptr<UnusedContext> unused_context;  // made when somebody asks for it
  bool ended = false;
  bool is_paused = false;
  base::Duration wall_clock_ahead{};
  bool is_jump_unseen = false;  // nobody has read the wall clock since it jumped
  Handles handles;
  std::optional<std::size_t> descriptors_max;
  std::vector<std::unique_ptr<ShardState>> shards;
  std::unique_ptr<runtime::Signals> signals;
  std::map<std::uint64_t, Resource*> resources;  // in the order of their making
  std::map<std::uint64_t, std::unique_ptr<Task>> pending;
  std::uint64_t ids = 0;
  std::vector<std::shared_ptr<void>> owned;
  std::vector<std::size_t> log_lines;  // of Kernel::log

  struct Message {
    std::size_t from;
    std::size_t to;
  };
  std::map<std::uint64_t, Message> messages;  // under way
  std::map<std::pair<std::size_t, std::size_t>, base::Instant> last_message;
  Draws message_draws;
  KeyObserver* key_observer = nullptr;
};

}  // namespace prometheus_rsocket::sim

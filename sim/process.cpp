#include "sim/process.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim/kernel.h"
#include "sim/shard_state.h"
#include "sim/virtual_network.h"

namespace prometheus_rsocket::sim {

// --- What waits on a shard

boost::asio::execution_context& TaskQueue::context() const {
  if (!process_.unused_context) process_.unused_context = std::make_unique<UnusedContext>();
  return *process_.unused_context;
}

void TaskQueue::push(std::unique_ptr<Task> task) {
  if (process_.ended) return;
  tasks_.push_back(std::move(task));
  wake();
}

void TaskQueue::wake() {
  if (tasks_.empty()) return;
  if (process_.holds_handlers()) return;
  if (!std::exchange(scheduled_, true)) schedule();
}

void TaskQueue::schedule() {
  EventQueue& events = process_.kernel.events;
  events.add(events.now(), {EventKind::kTask, entity_, ran_}, [this] { run_next(); });
}

void TaskQueue::run_next() {
  if (tasks_.empty()) return;  // dropped with the process
  if (process_.holds_handlers()) {
    scheduled_ = false;
    return;
  }
  const auto task = std::move(tasks_.front());
  tasks_.pop_front();
  ++ran_;
  running_ = true;
  task->run();
  running_ = false;
  scheduled_ = !tasks_.empty();
  if (scheduled_) schedule();
}

void TaskQueue::drop() {
  while (!tasks_.empty()) {
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
  }
}

// --- What a process has of its system

Resource::Resource(ProcessState& process, std::size_t Handles::*kind)
    : process_(process), id_(++process.ids), counted_(process.handles.*kind) {
  process_.resources.emplace(id_, this);
}

Resource::~Resource() { process_.resources.erase(id_); }

ProcessState::ProcessState(Kernel& k, VirtualNetwork& n, Host& h, std::size_t i,
                           std::size_t shard_count)
    : kernel(k),
      network(n),
      host(h),
      index(i),
      entity(mix(h.entity, h.processes++)),
      message_draws(k.seed, mix(entity, hash_of("messages"))) {
  CHECK(shard_count > 0, "a process has at least one shard");
  for (std::size_t s = 0; s < shard_count; ++s) {
    shards.push_back(std::make_unique<ShardState>(*this, s));
  }
  signals = std::make_unique<SimSignals>(shards.front()->queue);
}

ProcessState::~ProcessState() = default;

void ProcessState::later(base::Instant at, const Event& event, std::unique_ptr<Task> task) {
  const std::uint64_t id = ++ids;
  pending.emplace(id, std::move(task));
  kernel.events.add(at, event, [this, id] {
    auto found = pending.extract(id);
    if (!found.empty()) found.mapped()->run();
  });
}

void ProcessState::end(Ending ending) {
  // Who is killed says nothing more; who leaves main() may, while it is destroyed.
  ended = ending != Ending::kStopped;
  if (ended) close_resources(ending);
  while (!owned.empty()) {
    const auto last = std::move(owned.back());
    owned.pop_back();
  }
  ended = true;
  static_cast<SimSignals&>(*signals).drop();
  for (const auto& shard : shards) shard->queue.drop();
  while (!pending.empty()) const auto dropped = pending.extract(pending.begin());
  // What is left belongs to objects outside the process, or to handlers of others.
  close_resources(ending);
  drop_handlers();
  drop_waiting_operations();
}

void ProcessState::close_resources(Ending ending) {
  for (const auto& [id, resource] : resources) resource->close_at_end(ending);
}

void ProcessState::drop_handlers() {
  for (std::uint64_t done = 0;;) {
    const auto next = resources.upper_bound(done);
    if (next == resources.end()) break;
    done = next->first;
    next->second->drop();  // may destroy others
  }
}

// As an io_context does when it is destroyed. It has descriptors of the real system, and goes early
// where no stream is left, which might be under a WebSocket.
void ProcessState::drop_waiting_operations() {
  if (!unused_context) return;
  unused_context->drop_operations();
  if (handles.streams == 0) unused_context.reset();
}

void ProcessState::resume() {
  if (!std::exchange(is_paused, false)) return;
  for (const auto& shard : shards) shard->queue.wake();
  for (const auto& [id, resource] : resources) resource->go_on();
}

bool ProcessState::holds_handlers() {
  if (is_paused) kernel.count(Happening::kHandlerPaused);
  return is_paused;
}

bool ProcessState::lacks_descriptors() {
  if (!descriptors_max || handles.descriptors() < *descriptors_max) return false;
  kernel.count(Happening::kNoDescriptors);
  return true;
}

// --- The seam

Process::Process(std::unique_ptr<ProcessState> state) : state_(std::move(state)) {}

Process::~Process() = default;

std::size_t Process::shard_count() const { return state_->shards.size(); }

runtime::Shard& Process::shard(std::size_t index) { return state_->shards.at(index)->shard; }

runtime::Signals& Process::signals() { return *state_->signals; }

void Process::send(std::size_t from, std::size_t to, runtime::Handler<void()> task) {
  ProcessState& process = *state_;
  if (process.ended) return;
  Kernel& kernel = process.kernel;
  base::Instant at =
      kernel.events.now() + process.message_draws.up_to(kernel.config.message_delay_max);
  base::Instant& last = process.last_message[{from, to}];
  at = last = std::max(at, last + base::Duration(1));
  const std::uint64_t number = process.ids + 1;  // rises with every message
  process.messages.emplace(number, ProcessState::Message{from, to});
  process.later(at, {EventKind::kMessage, process.shards.at(to)->queue.entity(), from},
                make_task([&process, number, to, t = std::move(task)]() mutable {
                  if (process.messages.begin()->first < number) {
                    process.kernel.count(Happening::kMessageReordered);
                  }
                  process.messages.erase(number);
                  process.shards[to]->queue.push(make_task(std::move(t)));
                }));
}

// --- For the test

std::size_t Process::index() const { return state_->index; }

const boost::asio::ip::address& Process::host() const { return state_->host.address; }

bool Process::alive() const { return !state_->ended; }

void Process::raise(runtime::Signal signal) {
  static_cast<SimSignals&>(*state_->signals).raise(signal);
}

void Process::jump_wall_clock(base::Duration by) {
  state_->wall_clock_ahead += by;
  state_->is_jump_unseen = true;
}

void Process::limit_descriptors(std::optional<std::size_t> descriptors_max) {
  state_->descriptors_max = descriptors_max;
}

const Handles& Process::handles() const { return state_->handles; }

bool Process::paused() const { return state_->is_paused; }

void Process::observe_keys(KeyObserver* observer) { state_->key_observer = observer; }

std::size_t Process::count_log(std::string_view part) const {
  return static_cast<std::size_t>(std::ranges::count_if(state_->log_lines, [&](std::size_t line) {
    return state_->kernel.log[line].text.find(part) != std::string::npos;
  }));
}

void Process::own(std::shared_ptr<void> object) {
  CHECK(alive(), "an ended process owns nothing");
  state_->owned.push_back(std::move(object));
}

}  // namespace prometheus_rsocket::sim

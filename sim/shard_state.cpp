#include "sim/shard_state.h"

#include <utility>

#include "base/check.h"
#include "sim/keys.h"
#include "sim/operation.h"
#include "sim/virtual_network.h"

namespace prometheus_rsocket::sim {
namespace {

class SimTimer final : public runtime::Timer, private Resource {
 public:
  explicit SimTimer(TaskQueue& shard)
      : Resource(shard.process(), &Handles::timers), shard_(shard) {}
  ~SimTimer() override { SimTimer::drop(); }

  void cancel() override {
    if (!waiting_ || fired_) return;
    fire(boost::asio::error::operation_aborted);
  }

 private:
  using WaitHandler = runtime::Handler<void(runtime::error_code)>;

  void drop() override {
    events().cancel(std::exchange(event_, {}));
    const auto waiting = std::exchange(waiting_, nullptr);
    if (waiting) {  // a task may hold it, to find it empty; the handler may own this
      std::optional<WaitHandler> dropped;
      if (*waiting) dropped.emplace(std::move(**waiting));
      waiting->reset();
    }
  }

  void do_wait_until(base::Instant deadline, WaitHandler handler) override {
    if (process().ended) return;
    CHECK(!waiting_ || !waiting_->has_value(), "one wait at a time");
    waiting_ = std::make_shared<std::optional<WaitHandler>>(std::move(handler));
    fired_ = false;
    auto slot = boost::asio::get_associated_cancellation_slot(**waiting_);
    if (slot.is_connected()) {
      slot.assign([this, wait = std::weak_ptr(waiting_)](boost::asio::cancellation_type /*all*/) {
        if (const auto still = wait.lock(); still && still == waiting_) cancel();
      });
    }
    event_ = events().add(deadline, {EventKind::kTimer, shard_.entity(), ++waits_},
                          [this] { fire({}); });
  }

  void fire(runtime::error_code error) {
    events().cancel(std::exchange(event_, {}));
    fired_ = true;
    const ShardExecutor shard(shard_);
    post_to(boost::asio::get_associated_executor(**waiting_, shard), shard,
            [waiting = waiting_, error] {
              if (!*waiting) return;  // the timer is gone
              WaitHandler taken = std::move(**waiting);
              waiting->reset();
              std::move(taken)(error);
            });
  }

  [[nodiscard]] EventQueue& events() const { return process().kernel.events; }

  TaskQueue& shard_;
  EventQueue::Id event_;
  bool fired_ = false;
  std::uint64_t waits_ = 0;
  std::shared_ptr<std::optional<WaitHandler>> waiting_;
};

}  // namespace

base::Instant SimClock::now() const { return process_.kernel.events.now(); }

base::WallTime SimClock::wall_now() const {
  Kernel& kernel = process_.kernel;
  if (std::exchange(process_.is_jump_unseen, false)) kernel.count(Happening::kWallClockJumped);
  return std::chrono::floor<std::chrono::milliseconds>(
      kernel.config.wall_start + (kernel.events.now() - kernel.events.start()) +
      process_.wall_clock_ahead);
}

std::unique_ptr<runtime::Timer> SimTimers::make_timer() {
  return std::make_unique<SimTimer>(shard_);
}

void SimRandom::fill(std::span<std::byte> bytes) {
  std::uint64_t draw = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % sizeof draw == 0) draw = draws_.next();
    bytes[i] = static_cast<std::byte>(draw >> (8 * (i % sizeof draw)));
  }
}

void SimLog::write(runtime::LogLevel level, std::string_view message,
                   std::span<const runtime::LogField> fields) {
  Kernel& kernel = process_.kernel;
  process_.log_lines.push_back(kernel.log.size());
  kernel.log.push_back({kernel.events.now() - kernel.events.start(), SimClock(process_).wall_now(),
                        process_.host.address, process_.index, shard_, level,
                        runtime::format_logfmt(message, fields)});
}

void SimSignals::raise(runtime::Signal signal) {
  kept_[static_cast<std::size_t>(signal)] = true;
  deliver();
}

void SimSignals::do_wait(runtime::Handler<void(runtime::error_code, runtime::Signal)> handler) {
  if (shard_.process().ended) return;
  CHECK(!waiting_, "one wait for signals at a time");
  waiting_.emplace(std::move(handler));
  deliver();
}

void SimSignals::deliver() {
  for (const auto signal : {runtime::Signal::kTerminate, runtime::Signal::kReload}) {
    bool& kept = kept_[static_cast<std::size_t>(signal)];
    if (!waiting_ || !kept) continue;
    kept = false;
    auto handler = std::move(*waiting_);
    waiting_.reset();
    post_completion<runtime::Signal>(ShardExecutor(shard_), std::move(handler), {}, signal);
  }
}

ShardState::ShardState(ProcessState& process, std::size_t index)
    : queue(process, mix(process.entity, index + 1)),
      clock(process),
      timers(queue),
      network(make_network(queue)),
      resolver(make_resolver(queue)),
      random(Draws(process.kernel.seed, mix(queue.entity(), hash_of("random")))),
      keys(make_keys(queue)),
      log(process, index),
      shard{index, ShardExecutor(queue), clock, timers, *network, *resolver, random, *keys, log} {}

}  // namespace prometheus_rsocket::sim

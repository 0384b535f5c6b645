#include "sim/run/explore.h"

#include <poll.h>

#include <algorithm>
#include <map>
#include <memory>

#include "sim/draw.h"

namespace prometheus_rsocket::sim::run {
namespace {

class Explorer {
 public:
  explicit Explorer(const Exploration& what) : what_(what), jobs_(std::max(1U, what.jobs)) {}

  Summary run() {
    for (begin(); !running_.empty(); begin()) wait();
    for (const auto& [seed, hash] : hashes_) summary_.hash = mix(summary_.hash, hash);
    std::ranges::sort(summary_.failures, {}, &Failure::seed);
    return std::move(summary_);
  }

 private:
  struct Running {
    std::uint64_t seed;
    std::unique_ptr<Apart> run;
  };

  void begin() {
    while (!enough_ && begun_ < what_.seeds && running_.size() < jobs_) {
      const std::uint64_t seed = what_.first_seed + begun_++;
      const bool twice = what_.twice_every > 0 && seed % what_.twice_every == 0;
      running_.push_back({seed, std::make_unique<Apart>(what_.draw(seed), twice)});
    }
  }

  // For one or more to end.
  void wait() {
    std::vector<pollfd> waits;
    for (const Running& each : running_) waits.push_back({each.run->descriptor(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), -1) < 0) return;
    for (std::size_t i = running_.size(); i-- > 0;) {
      if (waits[i].revents == 0) continue;
      take(running_[i].seed, running_[i].run->outcome());
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void take(std::uint64_t seed, const Outcome& outcome) {
    ++summary_.runs;
    summary_.events += outcome.events;
    summary_.virtual_time += outcome.virtual_time;
    summary_.counts.add(outcome.counts);
    hashes_.emplace(seed, outcome.hash);
    if (outcome.verdict != Verdict::kFine) {
      summary_.failures.push_back({seed, outcome.verdict, outcome.failed});
      if (what_.failed && !what_.failed(summary_.failures.back())) enough_ = true;
    }
    if (what_.progress && !what_.progress(summary_.runs)) enough_ = true;
  }

  const Exploration& what_;
  const unsigned jobs_;
  std::uint64_t begun_ = 0;
  bool enough_ = false;
  std::vector<Running> running_;
  Summary summary_;
  std::map<std::uint64_t, std::uint64_t> hashes_;
};

}  // namespace

Summary explore(const Exploration& exploration) { return Explorer(exploration).run(); }

}  // namespace prometheus_rsocket::sim::run

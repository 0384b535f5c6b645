#include "sim/scenario/shrink.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "sim/scenario/fields.h"

namespace prometheus_rsocket::sim::scenario {
namespace {

class Shrinker {
 public:
  Shrinker(const Scenario& scenario, const std::function<bool(const Scenario&)>& fails,
           std::size_t tries_max)
      : best_(scenario), fails_(fails), tries_left_(tries_max) {}

  Shrunk run() {
    const std::size_t tries = tries_left_;
    bool smaller = true;
    while (smaller && tries_left_ > 0) {
      smaller = false;
      // Short-circuits would leave a part out until the next round.
      if (drop(&Scenario::faults)) smaller = true;
      if (drop(&Scenario::commands)) smaller = true;
      if (shrink_setup()) smaller = true;
      if (shrink_lengths()) smaller = true;
    }
    return {best_, tries - tries_left_, tries_left_ > 0};
  }

 private:
  bool accept(const Scenario& candidate) {
    if (tries_left_ == 0 || candidate == best_) return false;
    --tries_left_;
    if (!fails_(candidate)) return false;
    best_ = candidate;
    return true;
  }

  // Takes runs of `size` out, from the whole list down to one.
  template <class Part>
  bool drop(std::vector<Part> Scenario::*list) {
    bool smaller = false;
    for (std::size_t size = (best_.*list).size(); size > 0; size /= 2) {
      for (std::size_t at = 0; at < (best_.*list).size();) {
        Scenario candidate = best_;
        auto& parts = candidate.*list;
        const auto from = parts.begin() + static_cast<std::ptrdiff_t>(at);
        const auto to = from + static_cast<std::ptrdiff_t>(std::min(size, parts.size() - at));
        parts.erase(from, to);
        if (accept(candidate)) {
          smaller = true;
        } else {
          at += size;
        }
      }
    }
    return smaller;
  }

  // Each number to its least, and then halfway, as long as that is smaller.
  template <class Number>
  bool lower(Number Setup::*field, Number least) {
    bool smaller = false;
    Number low = least;
    while (low < best_.setup.*field) {
      Scenario candidate = best_;
      candidate.setup.*field = low;
      if (accept(candidate)) {
        smaller = true;
        break;
      }
      low = low + (best_.setup.*field - low + Number{1}) / 2;
    }
    return smaller;
  }

  bool lower_time(Duration Setup::*field, Duration least) {
    for (Duration low = least; low < best_.setup.*field;) {
      Scenario candidate = best_;
      candidate.setup.*field = low;
      if (accept(candidate)) return true;
      const Duration half = (best_.setup.*field - low) / 2;
      low += std::chrono::ceil<std::chrono::seconds>(half);
    }
    return false;
  }

  template <class Value>
  bool set(Value Setup::*field, Value plain) {
    Scenario candidate = best_;
    candidate.setup.*field = plain;
    return accept(candidate);
  }

  bool shrink_setup() {
    bool smaller = false;
    const auto note = [&smaller](bool was) { smaller = smaller || was; };
    for (const auto field : {&Setup::java_113_clients, &Setup::java_114_clients,
                             &Setup::java_115_clients, &Setup::clients, &Setup::discoverers}) {
      note(lower(field, std::uint32_t{0}));
    }
    for (const auto field :
         {&Setup::proxies, &Setup::shards, &Setup::scrapers, &Setup::parts_max}) {
      note(lower(field, std::uint32_t{1}));
    }
    for (const auto field :
         {&Setup::websocket_percent, &Setup::tail_percent, &Setup::short_read_percent,
          &Setup::short_write_percent, &Setup::reset_loses_unread_percent, &Setup::proxy_header}) {
      note(set(field, std::uint32_t{0}));
    }
    note(set(&Setup::forwarded_for, false));
    note(set(&Setup::load_balancer, false));
    note(set(&Setup::push_store, false));
    note(set(&Setup::least_connections, true));
    note(set(&Setup::real_keys, false));
    for (const auto field :
         {&Setup::jitter, &Setup::latency, &Setup::push_commit_delay, &Setup::connection_age}) {
      note(set(field, Duration::zero()));
    }
    note(lower_time(&Setup::duration, 1s));
    return smaller;
  }

  template <class Part>
  bool shrink_lengths_of(std::vector<Part> Scenario::*list) {
    bool smaller = false;
    for (std::size_t i = 0; i < (best_.*list).size(); ++i) {
      Scenario candidate = best_;
      Duration& length = (candidate.*list)[i].length;
      length = std::chrono::floor<std::chrono::milliseconds>(length / 2);
      if (length >= 100ms && accept(candidate)) smaller = true;
    }
    return smaller;
  }

  bool shrink_lengths() {
    const bool faults = shrink_lengths_of(&Scenario::faults);
    const bool commands = shrink_lengths_of(&Scenario::commands);
    return faults || commands;
  }

  Scenario best_;
  const std::function<bool(const Scenario&)>& fails_;
  std::size_t tries_left_;
};

}  // namespace

Shrunk shrink(const Scenario& scenario, const std::function<bool(const Scenario&)>& fails,
              std::size_t tries_max) {
  return Shrinker(scenario, fails, tries_max).run();
}

}  // namespace prometheus_rsocket::sim::scenario

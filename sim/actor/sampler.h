// What an application measures: texts of payload.h with rising sequences, each noted as Sampled.
#pragma once

#include <cstdint>
#include <string>

#include "sim/draw.h"
#include "sim/history/payload.h"
#include "sim/history/recorder.h"

namespace prometheus_rsocket::sim::actor {

// Of one incarnation.
class Sampler {
 public:
  struct Sample {
    std::uint64_t sequence = 0;  // from 1
    std::string text;
  };

  // Each text has 1 to `parts_max` lines of `sim_sample`, drawn anew. `recorder` outlives it.
  Sampler(history::Recorder& recorder, std::uint64_t seed, const history::Incarnation& who,
          std::uint32_t parts_max)
      : recorder_(recorder),
        who_(who),
        parts_max_(parts_max),
        draws_(seed, mix(mix(hash_of("samples"), who.instance.value), who.number)) {}

  // From now on what asked() gives is malformed, and not noted.
  void set_garbled(bool garbled) { garbled_ = garbled; }

  // For a scrape.
  [[nodiscard]] std::string asked() {
    return garbled_ ? std::string("other_garbled{name=\"unended} 1\n") : take().text;
  }

  [[nodiscard]] Sample take() {
    const auto parts = static_cast<std::uint32_t>(1 + draws_.below(parts_max_));
    recorder_.note(history::Sampled{who_, ++sequence_, parts});
    return {sequence_, history::payload_text(who_, sequence_, parts, recorder_.since_start())};
  }

 private:
  history::Recorder& recorder_;
  history::Incarnation who_;
  std::uint32_t parts_max_;
  Draws draws_;
  std::uint64_t sequence_ = 0;
  bool garbled_ = false;
};

}  // namespace prometheus_rsocket::sim::actor

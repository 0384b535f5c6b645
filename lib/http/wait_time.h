// How long a peer has let us wait for it to take what was written. Internal to lib/http.
#pragma once

#include <optional>

#include "base/time.h"
#include "runtime/clock.h"

namespace prometheus_rsocket::http {

class WaitTime {
 public:
  explicit WaitTime(const runtime::Clock& clock) : clock_(clock) {}

  // A write begins, some of it was taken, and it ends. By turns.
  void begin() { since_ = clock_.now(); }
  void progress() {
    end();
    begin();
  }
  void end() {
    total_ = total();
    since_.reset();
  }

  [[nodiscard]] base::Duration total() const { return total_ + stall(); }
  // When something was taken last; nothing while no write is under way.
  [[nodiscard]] std::optional<base::Instant> since() const { return since_; }
  // For how long nothing has been taken.
  [[nodiscard]] base::Duration stall() const {
    return since_ ? clock_.now() - *since_ : base::Duration::zero();
  }

 private:
  const runtime::Clock& clock_;
  base::Duration total_{};
  std::optional<base::Instant> since_;  // a write is under way
};

}  // namespace prometheus_rsocket::http

// Signals at the seam: what the operating system (or the simulator) asks of the whole process.
#pragma once

#include <boost/asio/async_result.hpp>
#include <cstdint>
#include <utility>

#include "runtime/handler.h"

namespace prometheus_rsocket::runtime {

enum class Signal : std::uint8_t {
  kTerminate,  // SIGTERM, SIGINT: leave
  kReload,     // SIGHUP: read the configuration again
};

class Signals {
 public:
  virtual ~Signals() = default;

  // The next signal. Signals that come while nobody waits are kept, one of each kind.
  template <class Token>
  auto async_wait(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, Signal)>(
        [this](auto handler) { do_wait(std::move(handler)); }, token);
  }

 private:
  virtual void do_wait(Handler<void(error_code, Signal)> handler) = 0;
};

}  // namespace prometheus_rsocket::runtime

// The seam's Signals: SIGTERM and SIGINT ask to leave, SIGHUP to read the configuration again.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <optional>

#include "runtime/signals.h"

namespace prometheus_rsocket::net {

// Listens from construction. A wait cannot be cancelled through its slot; it ends with the process.
class Signals final : public runtime::Signals {
 public:
  explicit Signals(boost::asio::io_context& context);

 private:
  void do_wait(runtime::Handler<void(runtime::error_code, runtime::Signal)> handler) override;
  void listen();
  void deliver();

  boost::asio::signal_set set_;
  std::array<bool, 2> kept_{};  // by Signal
  std::optional<runtime::Handler<void(runtime::error_code, runtime::Signal)>> waiting_;
};

}  // namespace prometheus_rsocket::net

#include "net/signals.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

#include "base/check.h"

namespace prometheus_rsocket::net {

using runtime::error_code;
using runtime::Signal;

Signals::Signals(boost::asio::io_context& context) : set_(context, SIGTERM, SIGINT, SIGHUP) {
  listen();
}

void Signals::listen() {
  set_.async_wait([this](error_code error, int number) {
    if (error) return;
    kept_[static_cast<std::size_t>(number == SIGHUP ? Signal::kReload : Signal::kTerminate)] = true;
    deliver();
    listen();
  });
}

void Signals::do_wait(runtime::Handler<void(error_code, Signal)> handler) {
  CHECK(!waiting_, "one wait for signals at a time");
  waiting_.emplace(std::move(handler));
  deliver();
}

void Signals::deliver() {
  for (const Signal signal : {Signal::kTerminate, Signal::kReload}) {
    bool& kept = kept_[static_cast<std::size_t>(signal)];
    if (!waiting_ || !kept) continue;
    kept = false;
    auto handler = std::move(*waiting_);
    waiting_.reset();
    auto where = boost::asio::get_associated_executor(handler, set_.get_executor());
    boost::asio::post(set_.get_executor(),
                      boost::asio::bind_executor(where, [h = std::move(handler), signal]() mutable {
                        std::move(h)(error_code(), signal);
                      }));
  }
}

}  // namespace prometheus_rsocket::net

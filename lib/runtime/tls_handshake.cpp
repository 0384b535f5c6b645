#include "runtime/tls_handshake.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <utility>

#include "runtime/alarm.h"

namespace prometheus_rsocket::runtime {

struct TlsHandshake::State {
  State(Shard& shard, std::shared_ptr<const TlsServer> server, Done then)
      : tls(std::move(server)), done(std::move(then)), alarm(shard, [this] {
          is_late = true;
          end();
        }) {}

  void end() { cancel.emit(boost::asio::cancellation_type::terminal); }

  const std::shared_ptr<const TlsServer> tls;
  Done done;  // null: nobody is told
  bool is_late = false;
  boost::asio::cancellation_signal cancel;
  Alarm alarm;
};

TlsHandshake::TlsHandshake(Shard& shard, std::shared_ptr<const TlsServer> tls,
                           std::unique_ptr<Stream> stream, const Times& times, Done done)
    : state_(std::make_shared<State>(shard, std::move(tls), std::move(done))) {
  state_->alarm.set(times.deadline);
  state_->tls->async_handshake(
      std::move(stream), times.hold,
      boost::asio::bind_cancellation_slot(
          state_->cancel.slot(),
          boost::asio::bind_executor(
              shard.executor,
              [state = state_](error_code error, std::unique_ptr<Stream> encrypted, TlsPeer peer) {
                state->alarm.clear();
                const Done tell = std::exchange(state->done, nullptr);
                if (!tell) return;
                if (error == boost::asio::error::operation_aborted && state->is_late) {
                  error = boost::asio::error::timed_out;
                }
                tell(error, std::move(encrypted), std::move(peer));
              })));
}

TlsHandshake::~TlsHandshake() {
  state_->done = nullptr;
  state_->alarm.clear();
  state_->end();
}

}  // namespace prometheus_rsocket::runtime

#include "sim/peer/raw_peer.h"

#include <array>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace prometheus_rsocket::sim::peer {

using runtime::error_code;

struct RawPeer::State : std::enable_shared_from_this<State> {
  explicit State(runtime::Shard& s) : shard(s) {}

  template <class F>
  auto bound(F&& f) {
    return boost::asio::bind_executor(shard.executor, std::forward<F>(f));
  }

  void dial(const runtime::Endpoint& to) {
    shard.network.async_connect(
        to, bound([self = shared_from_this()](error_code error,
                                              std::unique_ptr<runtime::Stream> dialled) {
          self->ended = error;
          if (error || self->closed) return;
          self->stream = std::move(dialled);
          self->read();
          self->write();
        }));
  }

  void read() {
    if (reading || paused || !stream || ended) return;
    reading = true;
    stream->async_read_some(boost::asio::buffer(buffer),
                            bound([self = shared_from_this()](error_code error, std::size_t n) {
                              self->reading = false;
                              self->received.append(self->buffer.data(), n);
                              self->ended = error;
                              if (self->on_received && !self->closed) self->on_received();
                              if (!error) self->read();
                            }));
  }

  void write() {
    if (writing || !stream) return;
    if (unsent.empty()) {
      if (std::exchange(fin_wanted, false)) {
        stream->async_shutdown_send(bound([self = shared_from_this()](error_code) {}));
      }
      return;
    }
    writing = true;
    under_way.swap(unsent);
    boost::asio::async_write(*stream, boost::asio::buffer(under_way),
                             bound([self = shared_from_this()](error_code error, std::size_t) {
                               self->writing = false;
                               self->under_way.clear();
                               self->write_ended = error;
                               if (!error) self->write();
                             }));
  }

  runtime::Shard& shard;
  std::unique_ptr<runtime::Stream> stream;
  std::array<char, 4096> buffer{};
  std::string received;
  std::function<void()> on_received;
  std::string unsent;
  std::string under_way;
  error_code ended;
  error_code write_ended;
  bool reading = false;
  bool writing = false;
  bool paused = false;
  bool fin_wanted = false;
  bool closed = false;
};

RawPeer::RawPeer(runtime::Shard& shard, const runtime::Endpoint& to)
    : state_(std::make_shared<State>(shard)) {
  state_->dial(to);
}

RawPeer::RawPeer(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream)
    : state_(std::make_shared<State>(shard)) {
  state_->stream = std::move(stream);
  state_->read();
}

RawPeer::~RawPeer() { close(); }

void RawPeer::send(std::string_view bytes) {
  state_->unsent += bytes;
  state_->write();
}

void RawPeer::send_fin() {
  state_->fin_wanted = true;
  state_->write();
}

void RawPeer::close() {
  state_->closed = true;
  if (state_->stream) state_->stream->close();
}

void RawPeer::pause_reading() { state_->paused = true; }

void RawPeer::resume_reading() {
  state_->paused = false;
  state_->read();
}

void RawPeer::on_received(std::function<void()> handler) {
  state_->on_received = std::move(handler);
}

bool RawPeer::connected() const { return state_->stream != nullptr; }

const std::string& RawPeer::received() const { return state_->received; }

error_code RawPeer::ended() const { return state_->ended; }

error_code RawPeer::write_ended() const { return state_->write_ended; }

std::size_t RawPeer::unsent() const { return state_->unsent.size() + state_->under_way.size(); }

bool RawPeer::is_acknowledged() const {
  return state_->stream && state_->stream->is_acknowledged();
}

}  // namespace prometheus_rsocket::sim::peer

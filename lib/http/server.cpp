#include "http/server.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <tuple>
#include <utility>

#include "http/connection.h"
#include "http/encoder.h"
#include "http/limits.h"
#include "runtime/address.h"

namespace prometheus_rsocket::http {

using runtime::error_code;

Server::Server(runtime::Process& process, std::size_t shard, RequestHandler& handler,
               Compression compression)
    : shard_(process.shard(shard)),
      handler_(handler),
      encoders_(std::make_unique<const Encoders>(process, shard, compression)) {}

Server::~Server() {
  for (const auto& [serial, connection] : connections_) connection->detach();
}

void Server::serve(std::unique_ptr<runtime::Listener> listener) {
  doors_.push_back(
      std::make_unique<Door>(Door{std::move(listener), shard_.timers.make_timer(), false}));
  accept(*doors_.back());
}

void Server::accept(Door& door) {
  if (door.busy || stopping_ || peers_.size() >= kConnectionsMax) return;
  door.busy = true;
  door.listener->async_accept(
      shard_.executor,
      boost::asio::bind_executor(shard_.executor,
                                 [this, &door, alive = std::weak_ptr(alive_)](
                                     error_code error, std::unique_ptr<runtime::Stream> stream) {
                                   if (!alive.expired()) accepted(door, error, std::move(stream));
                                 }));
}

void Server::accepted(Door& door, error_code error, std::unique_ptr<runtime::Stream> stream) {
  door.busy = false;
  if (stopping_) return;
  if (error) {
    shard_.log.error("an HTTP connection could not be accepted", {{"reason", error.message()}});
    door.busy = true;
    door.timer->async_wait_until(
        shard_.clock.now() + kAcceptRetry,
        boost::asio::bind_executor(shard_.executor,
                                   [this, &door, alive = std::weak_ptr(alive_)](error_code) {
                                     if (alive.expired()) return;
                                     door.busy = false;
                                     accept(door);
                                   }));
    return;
  }
  const std::uint64_t serial = next_serial_++;
  const auto network = runtime::network_of(stream->remote_endpoint().address);
  peers_.emplace(serial, Peer{network, shard_.clock.now()});
  if (settings_.tls) {
    shake_hands(serial, std::move(stream));
  } else {
    begin(serial, std::move(stream), {});
  }
  if (peers_.size() >= kConnectionsMax) make_room();
  accept(door);
}

void Server::shake_hands(std::uint64_t serial, std::unique_ptr<runtime::Stream> stream) {
  handshakes_.try_emplace(
      serial, shard_, settings_.tls, std::move(stream),
      runtime::TlsHandshake::Times{shard_.clock.now() + kHandshakeTime, {}},
      [this, serial](error_code error, std::unique_ptr<runtime::Stream> encrypted,
                     runtime::TlsPeer peer) {
        const auto over = handshakes_.extract(serial);  // it is us who are called
        if (!error) return begin(serial, std::move(encrypted), std::move(peer.names));
        shard_.log.debug("a TLS handshake over HTTP failed", {{"reason", error.message()}});
        ended(serial);
      });
}

void Server::begin(std::uint64_t serial, std::unique_ptr<runtime::Stream> stream,
                   std::vector<runtime::TlsName> peer_names) {
  const auto connection =
      make_connection(shard_, std::move(stream), std::move(peer_names), handler_, settings_,
                      *encoders_, [this, serial] { ended(serial); });
  connections_.emplace(serial, connection);
  connection->start();
}

// So that nobody is kept out by connections that are idle, nor by requests that come byte by byte
// or answers that nobody reads. Those whose handler is at work are not asked for: there are bounds
// on how many wait there.
void Server::make_room() {
  const auto serial = next_to_go();
  if (!serial) return;
  if (handshakes_.erase(*serial) > 0) return ended(*serial);
  connections_.at(*serial)->time_out();
}

std::optional<std::uint64_t> Server::next_to_go() const {
  std::map<boost::asio::ip::address, std::size_t> counts;
  for (const auto& [serial, peer] : peers_) ++counts[peer.network];
  const base::Instant now = shard_.clock.now();
  std::optional<std::uint64_t> chosen;
  std::tuple<std::size_t, bool, base::Duration> most;
  for (const auto& [serial, peer] : peers_) {
    const auto since = waits_since(serial, peer);
    if (!since) continue;
    const base::Duration waited = now - *since;
    const std::size_t count = counts[peer.network];
    const std::tuple rank{count > kConnectionsFew ? count : 0, waited >= kStandstill, waited};
    if (chosen && rank <= most) continue;
    most = rank;
    chosen = serial;
  }
  return chosen;
}

std::optional<base::Instant> Server::waits_since(std::uint64_t serial, const Peer& peer) const {
  const auto connection = connections_.find(serial);
  if (connection == connections_.end()) return peer.accepted_at;  // in a handshake
  return connection->second->waits_since();
}

void Server::ended(std::uint64_t serial) {
  peers_.erase(serial);
  connections_.erase(serial);
  if (stopping_) return finish_stop();
  for (const auto& door : doors_) accept(*door);
}

void Server::renew() {
  end_handshakes();
  for (const auto& [serial, connection] : connections_) connection->renew();
  for (const auto& door : doors_) accept(*door);
}

void Server::end_handshakes() {
  for (const auto& [serial, handshake] : handshakes_) peers_.erase(serial);
  handshakes_.clear();
}

void Server::stop(std::function<void()> stopped) {
  stopping_ = true;
  stopped_ = std::move(stopped);
  for (const auto& door : doors_) {
    door->listener->close();
    door->timer->cancel();
  }
  end_handshakes();
  for (const auto& [serial, connection] : connections_) connection->finish();
  finish_stop();
}

void Server::finish_stop() {
  if (!connections_.empty() || !stopped_) return;
  boost::asio::post(shard_.executor, std::exchange(stopped_, nullptr));
}

}  // namespace prometheus_rsocket::http

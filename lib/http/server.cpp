#include "http/server.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "http/connection.h"
#include "http/encoder.h"
#include "http/limits.h"

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
  if (door.busy || stopping_ || connections_.size() >= kConnectionsMax) return;
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
  const auto connection = make_connection(shard_, std::move(stream), handler_, *encoders_,
                                          [this, serial] { ended(serial); });
  connections_.emplace(serial, connection);
  connection->start();
  if (connections_.size() >= kConnectionsMax) make_room();
  accept(door);
}

// Ends whoever has been idle the longest, so that idle connections keep nobody out.
void Server::make_room() {
  Connection* longest = nullptr;
  for (const auto& [serial, connection] : connections_) {
    const auto since = connection->idle_since();
    if (since && (longest == nullptr || *since < *longest->idle_since()))
      longest = connection.get();
  }
  if (longest != nullptr) longest->finish();
}

void Server::ended(std::uint64_t serial) {
  connections_.erase(serial);
  if (stopping_) return finish_stop();
  for (const auto& door : doors_) accept(*door);
}

void Server::stop(std::function<void()> stopped) {
  stopping_ = true;
  stopped_ = std::move(stopped);
  for (const auto& door : doors_) {
    door->listener->close();
    door->timer->cancel();
  }
  for (const auto& [serial, connection] : connections_) connection->finish();
  finish_stop();
}

void Server::finish_stop() {
  if (!connections_.empty() || !stopped_) return;
  boost::asio::post(shard_.executor, std::exchange(stopped_, nullptr));
}

}  // namespace prometheus_rsocket::http

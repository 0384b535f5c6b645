// What the shards tell shard 0, where connections are accepted, pushes are held and scrapes are
// answered. All of it is called on shard 0, by message.
#pragma once

#include <memory>

#include "server/admission.h"
#include "server/registry.h"
#include "server/reply.h"

namespace prometheus_rsocket::server {

class Hub {
 public:
  virtual ~Hub() = default;

  // The socket of a connection that was handed to a shard is closed.
  virtual void slot_freed(const Slot& slot) = 0;

  // Who has this slot is refused, and held from now on: it will be freed as kHeldRefused.
  virtual void slot_refused(const Slot& slot) = 0;

  // Who the client is whose slot has no address yet. ShardServer::identified() follows, with
  // `ticket` and the slot that takes the place of this one.
  virtual void client_identified(const Slot& slot, const boost::asio::ip::address& address,
                                 std::uint64_t ticket) = 0;

  // A shard has asked its clients; so many replies will come. `tardy` of them were late before.
  virtual void pull_asked(PullId pull, std::size_t clients, std::size_t tardy) = 0;
  virtual void pull_replied(PullId pull, Reply reply) = 0;

  // What a client pushed. The client's shard is told by push_stored().
  virtual void push_received(ConnectionId client, std::uint32_t stream,
                             std::shared_ptr<const Exposition> exposition) = 0;
  // SETUP is done; what the client is.
  virtual void client_connected(ConnectionId client, ClientInfo info) = 0;
  // Also of a connection whose SETUP never came.
  virtual void client_ended(ConnectionId client, Departure how) = 0;
};

}  // namespace prometheus_rsocket::server

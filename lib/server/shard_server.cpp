#include "server/shard_server.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "base/probe.h"
#include "rsocket/limits.h"
#include "transport/websocket_frame_channel.h"

namespace prometheus_rsocket::server {

using runtime::error_code;

namespace {

std::size_t inflight_share(const Config& config, std::size_t shards) {
  // Headers and prefixes of the largest payload are in that margin.
  const std::size_t one_payload = config.payload_bytes_max + rsocket::kUnaskedFrameBytesMax;
  return std::max(config.inflight_bytes_max / shards, one_payload);
}

// A quarter of a page, by even shares: where clients' last expositions are larger, they are read as
// if for the first time.
std::size_t remembered_share(const Config& config, std::size_t shards) {
  return config.page_bytes_max / 4 / shards;
}

}  // namespace

ShardServer::ShardServer(runtime::Process& process, std::size_t index, const Config& config,
                         Hub& hub, const base::SipKey& hash_key)
    : process_(process),
      shard_(process.shard(index)),
      config_(config),
      hub_(hub),
      hash_key_(hash_key),
      inflight_(
          std::make_shared<transport::ByteBudget>(inflight_share(config, process.shard_count()))),
      remembered_(std::make_shared<transport::ByteBudget>(
          remembered_share(config, process.shard_count()))) {}

ShardServer::~ShardServer() = default;

ShardMetrics ShardServer::read_metrics() const {
  ShardMetrics metrics = metrics_;
  metrics.inflight_bytes = inflight_->used();
  metrics.remembered_bytes = remembered_->used();
  return metrics;
}

void ShardServer::tell(runtime::Handler<void()> task) {
  process_.send(shard_.index, 0, std::move(task));
}

void ShardServer::serve(std::unique_ptr<runtime::Stream> stream, transport::TransportKind kind,
                        base::Instant accepted_at, const Slot& slot) {
  if (kind == transport::TransportKind::kWebSocket) {
    handshake(std::move(stream), accepted_at, slot);
  } else {
    add_client(transport::make_tcp_channel(std::move(stream)), accepted_at, slot);
  }
}

void ShardServer::add_client(std::unique_ptr<transport::FrameChannel> channel,
                             base::Instant accepted_at, const Slot& slot) {
  const ConnectionId id{shard_.index, next_serial_++};
  const auto added = clients_
                         .emplace(id, std::make_unique<Client>(static_cast<ClientOwner&>(*this), id,
                                                               std::move(channel), accepted_at))
                         .first;
  added->second->when_channel_closed(
      boost::asio::bind_executor(shard_.executor, [this, slot] { free(slot); }));
  // Its handshake was under way when the others were told.
  if (draining_) added->second->leave();
}

void ShardServer::handshake(std::unique_ptr<runtime::Stream> stream, base::Instant accepted_at,
                            const Slot& slot) {
  transport::WebSocketAcceptConfig config;
  config.deadline = accepted_at + rsocket::kFirstFrameTime;
  transport::async_accept_websocket(
      shard_, std::move(stream), config,
      boost::asio::bind_executor(
          shard_.executor,
          [this, accepted_at, slot](error_code error, transport::AcceptedWebSocket accepted) {
            if (!error) return add_client(std::move(accepted.channel), accepted_at, slot);
            constexpr auto kWebSocket =
                static_cast<std::size_t>(transport::TransportKind::kWebSocket);
            ++metrics_.connection_errors[static_cast<std::size_t>(ConnectionError::kNotRSocket)]
                                        [kWebSocket];
            if (const auto suppressed = log_limit_.admit(shard_.clock.now())) {
              shard_.log.warn(
                  "WebSocket handshake failed",
                  {{"reason", error.message()}, {"suppressed", std::to_string(*suppressed)}});
            }
            free(slot);
          }));
}

void ShardServer::hold(std::unique_ptr<runtime::Stream> stream, const Slot& slot) {
  held_.push_back({shard_.timers.make_timer(), std::move(stream)});
  const auto held = std::prev(held_.end());
  const base::Duration spread = shard_.random.up_to(kHoldMax - kHoldMin);
  held->timer->async_wait_until(
      shard_.clock.now() + kHoldMin + spread,
      boost::asio::bind_executor(shard_.executor, [this, held, slot](error_code) {
        held_.erase(held);
        free(slot);
      }));
}

void ShardServer::set_key(std::shared_ptr<const envelope::PrivateKey> key) {
  const bool first = key_ == nullptr;
  key_ = std::move(key);
  // Later keys go out with the next scrape's request; the first is what clients wait for.
  if (!first) return;
  for (const auto& [id, client] : clients_) client->give_key();
}

void ShardServer::pull(PullId pull) {
  std::vector<Client*> asked;
  std::size_t tardy = 0;
  for (const auto& [id, client] : clients_) {
    if (!client->may_be_asked()) continue;
    asked.push_back(client.get());
    if (client->tardy()) ++tardy;
  }
  tell([&hub = hub_, pull, count = asked.size(), tardy] { hub.pull_asked(pull, count, tardy); });
  for (Client* client : asked) client->pull(pull);
}

void ShardServer::pull_one(ConnectionId client, PullId pull) {
  const auto found = clients_.find(client);
  if (found != clients_.end() && found->second->may_be_asked()) return found->second->pull(pull);
  ScrapeRecord record;
  record.outcome = PullOutcome::kClosed;
  record.at = shard_.clock.now();
  record.reason = "its connection ended";
  replied(pull, {.connected_at = {}, .client = client, .exposition = nullptr, .record = record});
}

void ShardServer::retire(ConnectionId client) {
  const auto found = clients_.find(client);
  if (found != clients_.end()) found->second->retire();
}

void ShardServer::end_pull(PullId pull) {
  for (const auto& [id, client] : clients_) client->end_pull(pull);
}

void ShardServer::push_stored(ConnectionId client, std::uint32_t stream, error_code error) {
  const auto found = clients_.find(client);
  if (found != clients_.end()) found->second->push_stored(stream, error);
}

void ShardServer::drain(base::Duration within) {
  if (draining_) return;
  if (base::is_mutant(base::Mutant::kDrainAtOnce)) within = base::Duration::zero();
  draining_ = true;
  const base::Instant now = shard_.clock.now();
  std::vector<Client*> all;
  for (const auto& [id, client] : clients_) all.push_back(client.get());
  if (base::is_mutant(base::Mutant::kPointerOrder)) std::ranges::sort(all, std::less());
  asked_until_ = now + within;
  for (Client* client : all) {
    const base::Duration moment = shard_.random.up_to(within);
    leaving_.emplace_back(client->ask_to_leave() ? moment_of_asked() : now + moment, client->id());
  }
  std::ranges::sort(leaving_, std::greater{});
  leave_timer_ = shard_.timers.make_timer();
  leave_in_turn();
}

// Not all at once: a page that is under way would be without all of them.
base::Instant ShardServer::moment_of_asked() {
  return asked_until_ + shard_.random.up_to((asked_until_ - shard_.clock.now()) / 8);
}

bool ShardServer::is_left_alone(const Client& client) const {
  return client.asked_to_leave() && shard_.clock.now() < asked_until_;
}

void ShardServer::leave_in_turn() {
  const base::Instant now = shard_.clock.now();
  while (!leaving_.empty() && leaving_.back().first <= now) {
    const ConnectionId id = leaving_.back().second;
    leaving_.pop_back();
    const auto found = clients_.find(id);
    if (found == clients_.end()) continue;
    if (is_left_alone(*found->second)) {  // asked since its turn was drawn
      leaving_.emplace_back(moment_of_asked(), id);
      std::ranges::sort(leaving_, std::greater{});
    } else {
      found->second->leave();
    }
  }
  if (leaving_.empty()) return;
  leave_timer_->async_wait_until(
      leaving_.back().first,
      boost::asio::bind_executor(shard_.executor, [this](error_code) { leave_in_turn(); }));
}

void ShardServer::pull_delivered(PullId pull) {
  if (!draining_ && config_.connection_age_max == base::Duration::zero()) return;
  for (const auto& [id, client] : clients_) {
    const bool goes = (draining_ || client->overaged()) && !is_left_alone(*client);
    if (!goes || client->last_replied() != pull) continue;
    base::reached(base::Probe::kSentAwayByScrape);
    client->leave();
  }
}

void ShardServer::abort() {
  for (const auto& [id, client] : clients_) client->abort();
  for (const auto& held : held_) held.timer->cancel();
}

void ShardServer::connected(const Client& client, ClientInfo info) {
  tell([&hub = hub_, id = client.id(), info = std::move(info)]() mutable {
    hub.client_connected(id, std::move(info));
  });
}

void ShardServer::replied(PullId pull, Reply reply) {
  tell([&hub = hub_, pull, reply = std::move(reply)]() mutable {
    hub.pull_replied(pull, std::move(reply));
  });
}

void ShardServer::pushed(const Client& client, std::uint32_t stream,
                         std::shared_ptr<const Exposition> exposition) {
  tell([&hub = hub_, id = client.id(), stream, exposition = std::move(exposition)]() mutable {
    hub.push_received(id, stream, std::move(exposition));
  });
}

void ShardServer::ended(Client& client, Departure how) {
  const ConnectionId id = client.id();
  const auto found = clients_.find(id);
  CHECK(found != clients_.end(), "a client ends once");
  if (base::is_mutant(base::Mutant::kOldHandlerRemovesNew)) {
    for (auto it = std::next(found); it != clients_.end(); ++it) {
      if (it->second->remote_address() == client.remote_address()) it->second->forget();
    }
  }
  clients_.erase(found);
  tell([&hub = hub_, id, how] { hub.client_ended(id, how); });
}

void ShardServer::free(const Slot& slot) {
  tell([&hub = hub_, slot] { hub.slot_freed(slot); });
}

}  // namespace prometheus_rsocket::server

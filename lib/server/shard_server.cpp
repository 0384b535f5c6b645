#include "server/shard_server.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "base/probe.h"
#include "rsocket/limits.h"
#include "server/forwarded_for.h"
#include "transport/proxied_stream.h"
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

const boost::system::error_category& header_category() {
  return transport::make_error_code(transport::ProxyHeaderError::kMissing).category();
}

HeaderFault fault_of(transport::ProxyHeaderError error) {
  switch (error) {
    case transport::ProxyHeaderError::kMissing:
      return HeaderFault::kMissing;
    case transport::ProxyHeaderError::kMalformed:
    case transport::ProxyHeaderError::kTooLong:
    case transport::ProxyHeaderError::kCutShort:
      return HeaderFault::kMalformed;
    case transport::ProxyHeaderError::kLate:
      return HeaderFault::kLate;
    case transport::ProxyHeaderError::kFromUntrusted:
      return HeaderFault::kUntrusted;
  }
  return HeaderFault::kMalformed;
}

// Whether a handshake ended with its connection: from a balancer, that it looked whether we are
// here.
bool is_of_stream(error_code error) {
  return error != boost::asio::error::timed_out && error != boost::system::errc::bad_message;
}

// By what a balancer at `remote` wrote into the upgrade request; who is none is believed nothing.
runtime::Endpoint client_behind(const runtime::Endpoint& remote, std::string_view forwarded_for,
                                const Config& config) {
  if (!contains(config.trusted_proxies, remote.address)) return remote;
  const auto client = forwarded_client(forwarded_for, config.trusted_proxies);
  if (client) base::reached(base::Probe::kForwardedBelieved);
  return client.value_or(remote);
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
  if (config_.proxy_protocol) {
    read_header(std::move(stream), kind, accepted_at, slot);
  } else {
    begin(std::move(stream), kind, accepted_at, slot);
  }
}

void ShardServer::read_header(std::unique_ptr<runtime::Stream> stream,
                              transport::TransportKind kind, base::Instant accepted_at,
                              const Slot& slot) {
  transport::ProxyHeaderConfig config;
  config.required = contains(config_.trusted_proxies, stream->remote_endpoint().address) ||
                    base::is_mutant(base::Mutant::kForgedHeaderBelieved);
  config.deadline = accepted_at + rsocket::kFirstFrameTime;
  transport::async_read_proxy_header(
      shard_, std::move(stream), config,
      boost::asio::bind_executor(
          shard_.executor, [this, kind, accepted_at, slot](
                               error_code error, std::unique_ptr<runtime::Stream> rest) mutable {
            if (!error) return begin(std::move(rest), kind, accepted_at, slot);
            if (error.category() == header_category()) {
              return refuse(std::move(rest), error, slot);
            }
            rest.reset();  // it has ended without a word, as one that checks whether we are here
            free(slot);
          }));
}

// Where a client of the Java kind may be behind it, it is held: a balancer that is not set up as we
// are closes its client's connection with ours, and a quick close makes that redial without pause.
void ShardServer::refuse(std::unique_ptr<runtime::Stream> stream, error_code why,
                         const Slot& slot) {
  base::reached(base::Probe::kHeaderRefused);
  const HeaderFault fault = fault_of(static_cast<transport::ProxyHeaderError>(why.value()));
  ++metrics_.refused_for_header[static_cast<std::size_t>(fault)];
  if (const auto suppressed = log_limit_.admit(shard_.clock.now())) {
    shard_.log.warn("connection refused", {{"client", client_text(stream->remote_endpoint())},
                                           {"reason", why.message()},
                                           {"suppressed", std::to_string(*suppressed)}});
  }
  const bool has_waited = why == transport::ProxyHeaderError::kLate;
  const bool has_ended = why == transport::ProxyHeaderError::kCutShort;
  if (!draining_ && !has_waited && !has_ended) return hold(std::move(stream), slot);
  stream.reset();
  free(slot);
}

void ShardServer::begin(std::unique_ptr<runtime::Stream> stream, transport::TransportKind kind,
                        base::Instant accepted_at, const Slot& slot) {
  if (kind == transport::TransportKind::kWebSocket) {
    return handshake(std::move(stream), accepted_at, slot);
  }
  const runtime::Endpoint client = stream->remote_endpoint();
  identify({transport::make_tcp_channel(std::move(stream)), client, accepted_at}, slot);
}

void ShardServer::handshake(std::unique_ptr<runtime::Stream> stream, base::Instant accepted_at,
                            const Slot& slot) {
  const runtime::Endpoint remote = stream->remote_endpoint();
  transport::WebSocketAcceptConfig config;
  config.deadline = accepted_at + rsocket::kFirstFrameTime;
  transport::async_accept_websocket(
      shard_, std::move(stream), config,
      boost::asio::bind_executor(
          shard_.executor, [this, remote, accepted_at, slot](
                               error_code error, transport::AcceptedWebSocket accepted) {
            if (!error) {
              const auto client = client_behind(remote, accepted.forwarded_for, config_);
              return identify({std::move(accepted.channel), client, accepted_at}, slot);
            }
            if (slot.address || !is_of_stream(error)) handshake_failed(remote, error);
            free(slot);
          }));
}

void ShardServer::handshake_failed(const runtime::Endpoint& remote, error_code error) {
  constexpr auto kWebSocket = static_cast<std::size_t>(transport::TransportKind::kWebSocket);
  ++metrics_.connection_errors[static_cast<std::size_t>(ConnectionError::kNotRSocket)][kWebSocket];
  if (const auto suppressed = log_limit_.admit(shard_.clock.now())) {
    shard_.log.warn("WebSocket handshake failed", {{"client", client_text(remote)},
                                                   {"reason", error.message()},
                                                   {"suppressed", std::to_string(*suppressed)}});
  }
}

void ShardServer::identify(Arrival arrival, const Slot& slot) {
  if (slot.address) return add_client(std::move(arrival), slot);
  const std::uint64_t ticket = next_ticket_++;
  tell([&hub = hub_, slot, address = arrival.client.address, ticket] {
    hub.client_identified(slot, address, ticket);
  });
  arrivals_.emplace(ticket, std::move(arrival));
}

void ShardServer::identified(std::uint64_t ticket, const Slot& slot) {
  auto arrived = arrivals_.extract(ticket);
  CHECK(!arrived.empty(), "the hub answers once");
  Arrival& arrival = arrived.mapped();
  if (slot.as == Admitted::kServed) return add_client(std::move(arrival), slot);
  hold({.timer = {}, .as = slot.as, .stream = {}, .channel = std::move(arrival.channel)}, slot);
}

void ShardServer::add_client(Arrival arrival, const Slot& slot) {
  const ConnectionId id{shard_.index, next_serial_++};
  const auto added = clients_
                         .emplace(id, std::make_unique<Client>(static_cast<ClientOwner&>(*this), id,
                                                               std::move(arrival.channel),
                                                               arrival.client, arrival.accepted_at))
                         .first;
  added->second->when_channel_closed(
      boost::asio::bind_executor(shard_.executor, [this, slot] { free(slot); }));
  // It was on its way when the others were told.
  if (draining_) added->second->leave();
}

void ShardServer::hold(std::unique_ptr<runtime::Stream> stream, const Slot& slot) {
  hold({.timer = {}, .as = slot.as, .stream = std::move(stream), .channel = {}}, slot);
}

void ShardServer::hold(Held what, const Slot& slot) {
  held_.push_back(std::move(what));
  const auto held = std::prev(held_.end());
  held->timer = shard_.timers.make_timer();
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
  // Who is held in the place of a client would be waited for.
  for (const Held& held : held_) {
    if (held.as == Admitted::kServed) held.timer->cancel();
  }
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
      if (it->second->remote_endpoint().address == client.remote_endpoint().address)
        it->second->forget();
    }
  }
  clients_.erase(found);
  tell([&hub = hub_, id, how] { hub.client_ended(id, how); });
}

void ShardServer::free(const Slot& slot) {
  tell([&hub = hub_, slot] { hub.slot_freed(slot); });
}

}  // namespace prometheus_rsocket::server

#include "server/shard_server.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <utility>

#include "access/authorization.h"
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
                         Hub& hub, const base::SipKey& hash_key, std::shared_ptr<TextBudget> texts)
    : process_(process),
      shard_(process.shard(index)),
      config_(config),
      hub_(hub),
      hash_key_(hash_key),
      inflight_(
          std::make_shared<transport::ByteBudget>(inflight_share(config, process.shard_count()))),
      turns_(std::make_shared<transport::Turns>(shard_.executor)),
      remembered_(
          std::make_shared<transport::ByteBudget>(remembered_share(config, process.shard_count()))),
      texts_(std::move(texts)) {}

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
  Opening opening{.stream = std::move(stream), .kind = kind, .accepted_at = accepted_at};
  if (config_.proxy_protocol) return read_header(std::move(opening), slot);
  begin(std::move(opening), slot);
}

void ShardServer::read_header(Opening opening, const Slot& slot) {
  transport::ProxyHeaderConfig config;
  config.required = contains(config_.trusted_proxies, opening.stream->remote_endpoint().address) ||
                    base::is_mutant(base::Mutant::kForgedHeaderBelieved);
  config.deadline = opening.accepted_at + rsocket::kFirstFrameTime;
  const std::uint64_t number = next_handshake_++;
  openings_.emplace(number, slot);
  auto stream = std::exchange(opening.stream, nullptr);
  transport::async_read_proxy_header(
      shard_, std::move(stream), config,
      boost::asio::bind_executor(
          shard_.executor, [this, number, opening = std::move(opening), slot](
                               error_code error, std::unique_ptr<runtime::Stream> rest) mutable {
            if (openings_.erase(number) == 0) return;  // too late: we are about to end
            if (error && error.category() == header_category()) {
              return refuse(std::move(rest), error, slot);
            }
            opening.stream = std::move(rest);
            if (!error) return begin(std::move(opening), slot);
            opening.stream
                .reset();  // it has ended without a word, as one that looks if we are here
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
  log_failure("connection refused", stream->remote_endpoint(), why);
  const bool has_waited = why == transport::ProxyHeaderError::kLate;
  const bool has_ended = why == transport::ProxyHeaderError::kCutShort;
  if (!has_waited && !has_ended) return hold(std::move(stream), held_instead(slot));
  stream.reset();
  free(slot);
}

void ShardServer::begin(Opening opening, const Slot& slot) {
  opening.access = access_;
  if (opening.access->tls) return begin_tls(std::move(opening), slot);
  open(std::move(opening), slot);
}

// A quick end makes a Java client redial without pause, as if it had been connected, and so does
// the alert to one that takes itself for connected: it waits.
void ShardServer::begin_tls(Opening opening, const Slot& slot) {
  const std::uint64_t number = next_handshake_++;
  const base::Instant deadline = opening.accepted_at + rsocket::kFirstFrameTime;
  auto stream = std::exchange(opening.stream, nullptr);
  const runtime::Endpoint remote = stream->remote_endpoint();
  const auto tls = opening.access->tls;
  // Shared: what is called back has to be copied.
  const auto opened = std::make_shared<Opening>(std::move(opening));
  auto& begun = handshakes_.emplace(number, TlsOpening{slot, nullptr}).first->second;
  begun.handshake = std::make_unique<runtime::TlsHandshake>(
      shard_, tls, std::move(stream), runtime::TlsHandshake::Times{deadline, hold_in_handshake()},
      [this, number, remote, opened](error_code error, std::unique_ptr<runtime::Stream> encrypted,
                                     runtime::TlsPeer peer) {
        const auto over = handshakes_.extract(number);  // it is us who are called
        const Slot& of_it = over.mapped().slot;
        if (!error) {
          opened->stream = std::move(encrypted);
          opened->credentials.names = std::move(peer.names);
          return open(std::move(*opened), of_it);
        }
        const bool looked_if_we_are_here =
            error == boost::asio::error::eof || error == boost::asio::error::connection_reset;
        if (!looked_if_we_are_here) {
          ++metrics_.refused_for_tls;
          log_failure("TLS handshake failed", remote, error);
        }
        free(of_it);
      });
}

base::Duration ShardServer::hold_in_handshake() {
  return kHoldMin + shard_.random.up_to(kHandshakeHoldMax - kHoldMin);
}

void ShardServer::open(Opening opening, const Slot& slot) {
  if (opening.kind == transport::TransportKind::kWebSocket) {
    return open_websocket(std::move(opening), slot);
  }
  const runtime::Endpoint client = opening.stream->remote_endpoint();
  identify({transport::make_tcp_channel(std::move(opening.stream)), client,
            std::move(opening.access), std::move(opening.credentials), opening.accepted_at},
           slot);
}

void ShardServer::open_websocket(Opening opening, const Slot& slot) {
  const std::uint64_t number = next_handshake_++;
  openings_.emplace(number, slot);
  auto stream = std::exchange(opening.stream, nullptr);
  const runtime::Endpoint remote = stream->remote_endpoint();
  transport::WebSocketAcceptConfig config;
  config.deadline = opening.accepted_at + rsocket::kFirstFrameTime;
  config.hold = hold_in_handshake();
  transport::async_accept_websocket(
      shard_, std::move(stream), config,
      boost::asio::bind_executor(
          shard_.executor, [this, number, remote, opening = std::move(opening)](
                               error_code error, transport::AcceptedWebSocket accepted) mutable {
            const auto over = openings_.extract(number);
            if (over.empty()) return;  // too late: we are about to end
            const Slot& of_it = over.mapped();
            if (!error) {
              const auto client = client_behind(remote, accepted.forwarded_for, config_);
              const auto token = access::parse_bearer(accepted.authorization);
              if (token) opening.credentials.token = *token;
              return identify({std::move(accepted.channel), client, std::move(opening.access),
                               std::move(opening.credentials), opening.accepted_at},
                              of_it);
            }
            if (of_it.network || !is_of_stream(error)) handshake_failed(remote, error);
            free(of_it);
          }));
}

void ShardServer::handshake_failed(const runtime::Endpoint& remote, error_code error) {
  constexpr auto kWebSocket = static_cast<std::size_t>(transport::TransportKind::kWebSocket);
  ++metrics_.connection_errors[static_cast<std::size_t>(ConnectionError::kNotRSocket)][kWebSocket];
  log_failure("WebSocket handshake failed", remote, error);
}

void ShardServer::log_failure(std::string_view message, const runtime::Endpoint& remote,
                              error_code error) {
  if (const auto suppressed = log_limit_.admit(shard_.clock.now())) {
    shard_.log.warn(message, {{"client", client_text(remote)},
                              {"reason", error.message()},
                              {"suppressed", std::to_string(*suppressed)}});
  }
}

void ShardServer::identify(Arrival arrival, const Slot& slot) {
  if (slot.network) return add_client(std::move(arrival), slot);
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
  hold({.timer = {}, .stream = {}, .channel = std::move(arrival.channel)}, slot);
}

void ShardServer::add_client(Arrival arrival, const Slot& slot) {
  const ConnectionId id{shard_.index, next_serial_++};
  slots_.emplace(id, slot);
  const auto added =
      clients_
          .emplace(id, std::make_unique<Client>(
                           static_cast<ClientOwner&>(*this), id, std::move(arrival.channel),
                           arrival.client, std::move(arrival.access),
                           std::move(arrival.credentials), arrival.accepted_at))
          .first;
  added->second->when_channel_closed(boost::asio::bind_executor(
      shard_.executor, [this, id] { free(slots_.extract(id).mapped()); }));
  // It was on its way when the others were told.
  if (draining_) added->second->leave();
}

void ShardServer::hold(std::unique_ptr<runtime::Stream> stream, const Slot& slot) {
  hold({.timer = {}, .stream = std::move(stream), .channel = {}}, slot);
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

Client* ShardServer::find(ConnectionId client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? nullptr : found->second.get();
}

void ShardServer::pull_one(ConnectionId client, PullId pull) {
  Client* const found = find(client);
  if (found != nullptr && found->may_be_asked()) return found->pull(pull);
  ScrapeRecord record;
  record.outcome = PullOutcome::kClosed;
  record.at = shard_.clock.now();
  record.reason = "its connection ended";
  replied(pull, {.connected_at = {}, .client = client, .exposition = nullptr, .record = record});
}

void ShardServer::retire(ConnectionId client) {
  if (Client* const found = find(client)) found->retire();
}

void ShardServer::end_pull(PullId pull) {
  for (const auto& [id, client] : clients_) client->end_pull(pull);
}

void ShardServer::cancel_pull(PullId pull) {
  for (const auto& [id, client] : clients_) client->cancel_pull(pull);
}

void ShardServer::end_pull_of(ConnectionId client, PullId pull) {
  if (Client* const found = find(client)) found->end_pull(pull);
}

void ShardServer::cancel_pull_of(ConnectionId client, PullId pull) {
  if (Client* const found = find(client)) found->cancel_pull(pull);
}

void ShardServer::push_stored(ConnectionId client, std::uint32_t stream, error_code error) {
  if (Client* const found = find(client)) found->push_stored(stream, error);
}

void ShardServer::drain(base::Duration within) {
  if (draining_) return;
  if (base::is_mutant(base::Mutant::kDrainAtOnce)) within = base::Duration::zero();
  draining_ = true;
  const base::Instant now = shard_.clock.now();
  std::vector<Client*> all;
  for (const auto& [id, client] : clients_) all.push_back(client.get());
  if (base::is_mutant(base::Mutant::kPointerOrder)) std::ranges::sort(all, std::less());
  // Who has not come as far as to be a client does not become one.
  for (const auto& [number, opening] : handshakes_) free(opening.slot);
  handshakes_.clear();
  for (const auto& [number, slot] : openings_) free(slot);
  openings_.clear();
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
    Client* const found = find(id);
    if (found == nullptr) continue;
    if (is_left_alone(*found)) {  // asked since its turn was drawn
      leaving_.emplace_back(moment_of_asked(), id);
      std::ranges::sort(leaving_, std::greater{});
    } else {
      found->leave();
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

void ShardServer::refused(const Client& client) {
  Slot& slot = slots_.at(client.id());
  slot = held_instead(slot);
}

Slot ShardServer::held_instead(Slot slot) {
  tell([&hub = hub_, slot] { hub.slot_refused(slot); });
  slot.as = Admitted::kHeldRefused;
  return slot;
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

#include "server/server.h"

#include <array>
#include <bit>
#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "base/mutant.h"
#include "base/probe.h"
#include "server/limits.h"
#include "server/web.h"

namespace prometheus_rsocket::server {
namespace {

using runtime::error_code;
using transport::TransportKind;

push::ClientId push_client(ConnectionId id) {
  return push::ClientId{std::to_string(id.shard) + "-" + std::to_string(id.serial)};
}

base::SipKey draw_hash_key(runtime::Random& random) {
  std::array<std::byte, sizeof(base::SipKey)> bytes{};
  random.fill(bytes);
  return std::bit_cast<base::SipKey>(bytes);
}

}  // namespace

Server::Server(runtime::Process& process, Config config)
    : process_(process),
      shard_(process.shard(0)),
      config_(std::move(config)),
      hash_key_(draw_hash_key(shard_.random)),
      // A page, and what is remembered beside it.
      texts_(std::make_shared<TextBudget>(config_.page_bytes_max + config_.page_bytes_max / 4)),
      pushes_(config_.push, shard_.clock.now()),
      admission_(process.shard_count(), config_),
      pulls_(
          shard_,
          {.count = process.shard_count(),
           .ask = [this](PullId pull) { to_shards([pull](ShardServer& s) { s.pull(pull); }); },
           .end = [this](PullId pull) { to_shards([pull](ShardServer& s) { s.end_pull(pull); }); },
           .cancel =
               [this](PullId pull) { to_shards([pull](ShardServer& s) { s.cancel_pull(pull); }); }},
          config_.page_bytes_max),
      single_pulls_(
          shard_,
          {.ask =
               [this](ConnectionId client, PullId pull) {
                 to_shard_of(client, [client, pull](ShardServer& s) { s.pull_one(client, pull); });
               },
           .end =
               [this](ConnectionId client, PullId pull) {
                 to_shard_of(client,
                             [client, pull](ShardServer& s) { s.end_pull_of(client, pull); });
               },
           .cancel =
               [this](ConnectionId client, PullId pull) {
                 to_shard_of(client,
                             [client, pull](ShardServer& s) { s.cancel_pull_of(client, pull); });
               },
           .late = [this](ConnectionId client,
                          const ScrapeRecord& record) { scraped(client, record); }}),
      registry_(config_.sd_grace),
      keys_(shard_, config_.key_bits, config_.key_rotation,
            [this](std::shared_ptr<const envelope::PrivateKey> key) {
              to_shards([key](ShardServer& s) { s.set_key(key); });
            }),
      push_alarm_(shard_,
                  [this] {
                    pushes_.handle_timeout(shard_.clock.now());
                    set_push_alarm();
                  }),
      access_alarm_(shard_, [this] { look_for_changes(); }),
      grace_timer_(shard_.timers.make_timer()) {
  for (std::size_t i = 0; i < process.shard_count(); ++i) {
    shards_.push_back(std::make_unique<ShardServer>(process, i, config_, static_cast<Hub&>(*this),
                                                    hash_key_, texts_));
  }
  web_ = std::make_unique<Web>(
      process_, config_,
      Web::Services{.pulls = pulls_,
                    .registry = registry_,
                    .single_pulls = single_pulls_,
                    .pushes = pushes_,
                    .front = front_,
                    .texts = *texts_,
                    .hash_key = hash_key_,
                    .gather_metrics = [this](auto done) { gather_metrics(std::move(done)); },
                    .delivered =
                        [this](PullId pull) {
                          to_shards([pull](ShardServer& s) { s.pull_delivered(pull); });
                        },
                    .pushes_changed = [this] { set_push_alarm(); },
                    .reload = [this](auto done) { reload_access(std::move(done)); },
                    .quit = [this] { drain(); }});
}

Server::~Server() = default;

void Server::restore_pushes(push::Contents contents, std::unique_ptr<push::Journal> journal) {
  if (!contents.pushes.empty()) {
    shard_.log.info("pushes are held from before",
                    {{"count", std::to_string(contents.pushes.size())}});
  }
  pushes_.restore(std::move(contents), std::move(journal));
  set_push_alarm();
}

// ---- Who may connect

std::optional<std::string> Server::use_access(AccessSource& source, runtime::Worker& files,
                                              runtime::Worker& passwords) {
  access_source_ = &source;
  file_worker_ = &files;
  password_worker_ = &passwords;
  const LoadedAccess loaded = source.load();
  if (!loaded.web) return loaded.web.error();
  if (!loaded.clients) return loaded.clients.error();
  take_access(loaded);
  return std::nullopt;
}

std::string Server::take_access(const LoadedAccess& loaded) {
  for (const std::string& notice : loaded.notices) {
    shard_.log.warn("a setting has no effect", {{"reason", notice}});
  }
  const Access before = access_;
  std::string wrong;
  const auto take = [&](const auto& half, auto& current) {
    const std::string why = half ? opened_by(*current, **half) : half.error();
    if (why.empty()) {
      current = *half;
      return;
    }
    shard_.log.error("who may connect cannot be read again: it stays as it was", {{"reason", why}});
    wrong += (wrong.empty() ? "" : "; ") + why;
  };
  take(loaded.web, access_.web);
  take(loaded.clients, access_.clients);
  if (access_.web != before.web) web_->set_access(access_.web, password_worker_);
  if (access_.clients != before.clients) {
    to_shards([clients = access_.clients](ShardServer& shard) { shard.set_access(clients); });
  }
  front_.reload_failed = !wrong.empty();
  if (!wrong.empty()) return wrong;
  const auto since_1970 = shard_.clock.wall_now().time_since_epoch();
  front_.reloaded_at_seconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(since_1970).count());
  return {};
}

void Server::reload_access(std::function<void(std::optional<std::string>)> done) {
  if (access_source_ == nullptr) return done(std::nullopt);
  const auto loaded = std::make_shared<std::optional<LoadedAccess>>();
  file_worker_->async_run(
      [source = access_source_, loaded] { loaded->emplace(source->load()); },
      boost::asio::bind_executor(shard_.executor, [this, loaded, done = std::move(done)] {
        const std::string wrong = take_access(**loaded);
        if (!wrong.empty()) return done(wrong);
        shard_.log.info("who may connect is read again");
        done(std::nullopt);
      }));
}

void Server::look_for_changes() {
  const auto changed = std::make_shared<bool>(false);
  file_worker_->async_run([source = access_source_, changed] { *changed = source->has_changed(); },
                          boost::asio::bind_executor(shard_.executor, [this, changed] {
                            access_alarm_.set(shard_.clock.now() + kAccessLookInterval);
                            if (*changed) reload_access([](const std::optional<std::string>&) {});
                          }));
}

// ---- Listening

std::optional<ListenFailure> Server::listen() {
  for (const runtime::Endpoint& endpoint : config_.web_addresses) {
    if (const error_code error = web_->listen(endpoint)) return ListenFailure{endpoint, error};
  }
  if (auto failure = listen(config_.tcp_addresses, TransportKind::kTcp)) return failure;
  return listen(config_.websocket_addresses, TransportKind::kWebSocket);
}

std::optional<ListenFailure> Server::listen(const std::vector<runtime::Endpoint>& endpoints,
                                            TransportKind kind) {
  for (const runtime::Endpoint& endpoint : endpoints) {
    auto listener = shard_.network.listen(endpoint);
    if (!listener) return ListenFailure{endpoint, listener.error()};
    listeners_.push_back(
        {kind,
         std::make_unique<Acceptor>(
             process_, std::move(*listener), [this] { return admission_.least_loaded_shard(); },
             [this, kind](std::size_t shard, std::unique_ptr<runtime::Stream> stream) {
               accepted(kind, shard, std::move(stream));
             })});
  }
  return std::nullopt;
}

void Server::start(std::function<void(int)> exited) {
  exited_ = std::move(exited);
  keys_.start();
  const auto say = [this](std::string kind, const runtime::Endpoint& endpoint) {
    shard_.log.info("listening",
                    {{"kind", std::move(kind)}, {"address", runtime::to_string(endpoint)}});
  };
  for (const RSocketListener& listener : listeners_) {
    say(listener.kind == TransportKind::kTcp ? "tcp" : "websocket",
        listener.acceptor->local_endpoint());
    listener.acceptor->resume();
  }
  for (const runtime::Endpoint& endpoint : web_->endpoints()) say("http", endpoint);
  web_->start();
  if (access_source_ != nullptr) access_alarm_.set(shard_.clock.now() + kAccessLookInterval);
  wait_for_signal();
}

std::vector<runtime::Endpoint> Server::web_endpoints() const { return web_->endpoints(); }

std::vector<runtime::Endpoint> Server::endpoints(TransportKind kind) const {
  std::vector<runtime::Endpoint> found;
  for (const RSocketListener& listener : listeners_) {
    if (listener.kind == kind) found.push_back(listener.acceptor->local_endpoint());
  }
  return found;
}

// ---- Connections

void Server::accepted(TransportKind kind, std::size_t shard,
                      std::unique_ptr<runtime::Stream> stream) {
  ShardServer& target = *shards_[shard];
  const Slot slot = admission_.admit(shard, known_client(kind, stream->remote_endpoint().address));
  if (admission_.is_full()) {
    for (const RSocketListener& listener : listeners_) listener.acceptor->pause();
  }
  if (slot.as == Admitted::kServed) {
    to_shard(shard,
             [&target, kind, slot, now = shard_.clock.now(), stream = std::move(stream)]() mutable {
               target.serve(std::move(stream), kind, now, slot);
             });
    return;
  }
  count_held(slot.as);
  to_shard(shard, [&target, slot, stream = std::move(stream)]() mutable {
    target.hold(std::move(stream), slot);
  });
}

std::optional<boost::asio::ip::address> Server::known_client(
    TransportKind kind, const boost::asio::ip::address& peer) const {
  const bool may_speak_for_another = config_.proxy_protocol || kind == TransportKind::kWebSocket;
  if (may_speak_for_another && contains(config_.trusted_proxies, peer)) return std::nullopt;
  return peer;
}

void Server::count_held(Admitted as) {
  base::reached(base::Probe::kConnectionHeld);
  ++(as == Admitted::kHeldForAll ? front_.refused_for_all : front_.refused_for_address);
}

void Server::client_identified(const Slot& slot, const boost::asio::ip::address& address,
                               std::uint64_t ticket) {
  const Slot in_its_place = admission_.identify(slot, address);
  ShardServer& target = *shards_[slot.shard];
  to_shard(slot.shard,
           [&target, ticket, in_its_place] { target.identified(ticket, in_its_place); });
  if (in_its_place.as == Admitted::kServed) return;
  count_held(in_its_place.as);
  if (draining_) end_when_empty();
}

void Server::slot_refused(const Slot& slot) {
  admission_.refuse(slot);
  if (draining_) end_when_empty();
}

void Server::slot_freed(const Slot& slot) {
  admission_.free(slot);
  if (draining_) return end_when_empty();
  if (admission_.is_full()) return;
  for (const RSocketListener& listener : listeners_) listener.acceptor->resume();
}

void Server::to_shard(std::size_t shard, runtime::Handler<void()> task) {
  process_.send(0, shard, std::move(task));
}

void Server::to_shard_of(ConnectionId client, std::function<void(ShardServer&)> task) {
  to_shard(client.shard,
           [target = shards_[client.shard].get(), task = std::move(task)] { task(*target); });
}

void Server::to_shards(const std::function<void(ShardServer&)>& task) {
  for (const auto& shard : shards_) {
    to_shard(static_cast<std::size_t>(&shard - shards_.data()),
             [target = shard.get(), task] { task(*target); });
  }
}

// ---- Scrapes and pushes

void Server::pull_asked(PullId pull, std::size_t clients, std::size_t tardy) {
  pulls_.pull_asked(pull, clients, tardy);
}

void Server::pull_replied(PullId pull, Reply reply) {
  if (!is_probe(pull)) scraped(reply.client, reply.record);
  if (!single_pulls_.replied(pull, reply)) pulls_.pull_replied(pull, std::move(reply));
}

// A scraper that gives hardly any time says nothing of whom it asks.
void Server::scraped(ConnectionId client, const ScrapeRecord& record) {
  const bool is_hasty = record.outcome == PullOutcome::kTimeout && record.took < kLateAfter;
  if (!is_hasty) registry_.scraped(client, record);
}

void Server::push_received(ConnectionId client, std::uint32_t stream,
                           std::shared_ptr<const Exposition> exposition) {
  const auto tell = [this, client, stream](error_code error) {
    to_shard_of(client, [client, stream, error](ShardServer& shard) {
      shard.push_stored(client, stream, error);
    });
  };
  if (base::is_mutant(base::Mutant::kAcknowledgedTooEarly)) tell({});
  pushes_.put(push_client(client), std::move(exposition), tell);
}

void Server::client_connected(ConnectionId client, ClientInfo info) {
  registry_.connected(client, std::move(info));
  settle_name(client);
}

// The same process replaces its old connection; another one does where it has shown that the name
// is its own, or the old does not answer any more. Else both stay, and are flagged: nobody takes a
// name by claiming it.
void Server::settle_name(ConnectionId client) {
  const std::vector<ConnectionId> others = registry_.namesakes(client);
  if (others.empty()) return;
  const ClientInfo& info = registry_.find(client)->info;
  const std::string incarnation = info.identity->incarnation;
  const bool is_authenticated = info.is_authenticated;
  const base::Instant now = shard_.clock.now();
  std::size_t probed = 0;
  for (const ConnectionId other : others) {
    const Registry::Entry& entry = *registry_.find(other);
    if (entry.info.identity->incarnation == incarnation) {
      base::reached(base::Probe::kNameReplaced);
      retire(other);
      continue;
    }
    if (is_authenticated) {
      retire(other);
      continue;
    }
    if (base::is_mutant(base::Mutant::kNameTakenByClaim)) {
      retire(other);
      continue;
    }
    const auto& scrape = entry.last_scrape;
    const bool was_there =
        scrape && scrape->outcome == PullOutcome::kSuccess && scrape->at > now - kProbeInterval;
    const bool was_probed = entry.probed_at && *entry.probed_at > now - kProbeInterval;
    const bool has_just_come = entry.info.connected_at > now - kProbeInterval;
    if (was_there || was_probed || has_just_come || probed++ >= kNamesakesProbedMax) continue;
    registry_.probed(other, now);
    base::reached(base::Probe::kNameProbed);
    single_pulls_.probe(other, now + kProbeTime, [this, other](PullId, const Reply& reply) {
      if (reply.record.outcome != PullOutcome::kTimeout) return;
      base::reached(base::Probe::kNameLost);
      retire(other);
    });
  }
}

void Server::retire(ConnectionId client) {
  registry_.retire(client);
  to_shard_of(client, [client](ShardServer& shard) { shard.retire(client); });
}

void Server::client_ended(ConnectionId client, Departure how) {
  registry_.ended(client, how, shard_.clock.now());
  pulls_.client_ended(client);
  pushes_.connection_ended(push_client(client));
}

void Server::set_push_alarm() {
  if (const auto next = pushes_.next_timeout()) {
    push_alarm_.set(*next);
  } else {
    push_alarm_.clear();
  }
}

void Server::gather_metrics(std::function<void(std::vector<ShardMetrics>)> done) {
  struct Gathered {
    std::vector<ShardMetrics> metrics;
    std::size_t missing;
    std::function<void(std::vector<ShardMetrics>)> done;
  };
  auto gathered = std::make_shared<Gathered>(
      Gathered{std::vector<ShardMetrics>(shards_.size()), shards_.size(), std::move(done)});
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    to_shard(i, [this, i, gathered] {
      process_.send(i, 0, [i, gathered, metrics = shards_[i]->read_metrics()]() mutable {
        gathered->metrics[i] = std::move(metrics);
        if (--gathered->missing == 0) gathered->done(std::move(gathered->metrics));
      });
    });
  }
}

// ---- Leaving

void Server::wait_for_signal() {
  process_.signals().async_wait(
      boost::asio::bind_executor(shard_.executor, [this](error_code error, runtime::Signal signal) {
        if (error) return;
        if (signal == runtime::Signal::kTerminate) {
          if (draining_) return exit(1);
          drain();
        } else if (signal == runtime::Signal::kReload) {
          reload_access([](const std::optional<std::string>&) {});
        }
        wait_for_signal();
      }));
}

void Server::drain() {
  if (draining_) return;
  draining_ = true;
  shard_.log.info("leaving", {{"clients", std::to_string(admission_.served())}});
  web_->set_ready(false);
  for (const RSocketListener& listener : listeners_) listener.acceptor->close();
  const base::Duration within = config_.shutdown_grace * 4 / 5;
  to_shards([within](ShardServer& shard) { shard.drain(within); });
  grace_timer_->async_wait_until(
      shard_.clock.now() + config_.shutdown_grace,
      boost::asio::bind_executor(shard_.executor, [this](error_code error) {
        if (error || !exited_) return;
        shard_.log.warn("the grace is over: ending what is left",
                        {{"clients", std::to_string(admission_.served())}});
        to_shards([](ShardServer& shard) { shard.abort(); });
        exit(0);
      }));
  end_when_empty();
}

void Server::end_when_empty() {
  if (web_stopping_ || admission_.served() > 0) return;
  web_stopping_ = true;
  web_->stop([this] { pushes_.flush([this] { exit(0); }); });
}

void Server::exit(int code) {
  if (!exited_) return;
  grace_timer_->cancel();
  const push::Counters pushes = pushes_.counters();
  const std::string held = std::to_string(pushes.held);
  if (pushes.held > 0 && !pushes_.is_durable()) {
    shard_.log.warn("pushes that were held in memory are lost", {{"count", held}});
  } else if (pushes.held > 0 && !pushes.is_writable) {
    shard_.log.error("pushes are held, and what is on disk is not all of it", {{"count", held}});
  } else if (pushes.held > 0) {
    shard_.log.info("pushes are held on disk", {{"count", held}});
  }
  shard_.log.info("ended");
  std::exchange(exited_, nullptr)(code);
}

}  // namespace prometheus_rsocket::server

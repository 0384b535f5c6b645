// One shard's part of the server: its connections, the clients on them, and those that are held.
//
// Lives on its shard and is called there; talks to shard 0 (hub.h) by message.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>

#include "runtime/runtime.h"
#include "runtime/tls_handshake.h"
#include "server/client.h"
#include "server/config.h"
#include "server/hub.h"
#include "server/metrics.h"
#include "server/reply.h"

namespace prometheus_rsocket::server {

class ShardServer final : private ClientOwner {
 public:
  // `process`, `config` and `hub` outlive it; it is destroyed when its shard no longer runs.
  ShardServer(runtime::Process& process, std::size_t index, const Config& config, Hub& hub,
              const base::SipKey& hash_key, std::shared_ptr<TextBudget> texts);
  ~ShardServer() override;

  // A fresh connection, its stream on this shard. The slot is freed when its socket is closed. One
  // without the client's address is a trusted balancer's: it is shown to the hub once the address
  // is known, and the client comes to be, or is held, when the answer is here.
  void serve(std::unique_ptr<runtime::Stream> stream, transport::TransportKind kind,
             base::Instant accepted_at, const Slot& slot);
  // The hub's answer to client_identified().
  void identified(std::uint64_t ticket, const Slot& slot);
  // Reads nothing of it and closes it after a while.
  void hold(std::unique_ptr<runtime::Stream> stream, const Slot& slot);

  // Who may connect from now on.
  void set_access(std::shared_ptr<const ClientAccess> access) { access_ = std::move(access); }
  void set_key(std::shared_ptr<const envelope::PrivateKey> key);

  // Asks every client; each answer goes to the hub as it comes.
  void pull(PullId pull);
  // Asks one of them, or answers for it if it is gone.
  void pull_one(ConnectionId client, PullId pull);
  // Who has not replied is late; or is not asked any more, and no reply comes.
  void end_pull(PullId pull);
  void cancel_pull(PullId pull);
  // The same of one that asks that client alone.
  void end_pull_of(ConnectionId client, PullId pull);
  void cancel_pull_of(ConnectionId client, PullId pull);

  // Another connection has taken this one's place.
  void retire(ConnectionId client);

  void push_stored(ConnectionId client, std::uint32_t stream, boost::system::error_code error);

  // Sends every client away at a moment of its own in [0, within]. Who can is asked to go elsewhere
  // first, also one whose SETUP comes later, and sent away in the eighth of `within` that follows
  // it, if it still is here …
  void drain(base::Duration within);
  // … or as soon as it answered to this pull and all pieces of that page were made; so who is over
  // its age too, and, after `within`, who was asked.
  void pull_delivered(PullId pull);
  // Ends what is left, at once.
  void abort();

  [[nodiscard]] ShardMetrics read_metrics() const;

 private:
  struct Held {
    std::unique_ptr<runtime::Timer> timer;
    std::unique_ptr<runtime::Stream> stream;  // one of these
    std::unique_ptr<transport::FrameChannel> channel;
  };
  // On its way to become a client.
  struct Arrival {
    std::unique_ptr<transport::FrameChannel> channel;
    runtime::Endpoint client;
    std::shared_ptr<const ClientAccess> access;
    Credentials credentials;
    base::Instant accepted_at;
  };
  // A connection as it is opened, layer by layer.
  struct Opening {
    std::unique_ptr<runtime::Stream> stream;
    transport::TransportKind kind{};
    base::Instant accepted_at;
    std::shared_ptr<const ClientAccess> access = {};  // as it was when TLS began
    Credentials credentials = {};
  };
  struct TlsOpening {
    Slot slot;
    std::unique_ptr<runtime::TlsHandshake> handshake;
  };

  runtime::Shard& shard() override { return shard_; }
  const Config& config() const override { return config_; }
  ShardMetrics& metrics() override { return metrics_; }
  LogLimit& log_limit() override { return log_limit_; }
  const base::SipKey& hash_key() const override { return hash_key_; }
  const std::shared_ptr<const envelope::PrivateKey>& key() const override { return key_; }
  bool draining() const override { return draining_; }
  const std::shared_ptr<const ClientAccess>& access() const override { return access_; }
  const std::shared_ptr<transport::ByteBudget>& inflight() const override { return inflight_; }
  const std::shared_ptr<transport::Turns>& turns() const override { return turns_; }
  const std::shared_ptr<transport::ByteBudget>& remembered() const override { return remembered_; }
  const std::shared_ptr<TextBudget>& texts() const override { return texts_; }
  void connected(const Client& client, ClientInfo info) override;
  void refused(const Client& client) override;
  void replied(PullId pull, Reply reply) override;
  void pushed(const Client& client, std::uint32_t stream,
              std::shared_ptr<const Exposition> exposition) override;
  void ended(Client& client, Departure how) override;

  void read_header(Opening opening, const Slot& slot);
  void refuse(std::unique_ptr<runtime::Stream> stream, runtime::error_code why, const Slot& slot);
  void begin(Opening opening, const Slot& slot);
  void begin_tls(Opening opening, const Slot& slot);
  [[nodiscard]] base::Duration hold_in_handshake();
  void open(Opening opening, const Slot& slot);
  void open_websocket(Opening opening, const Slot& slot);
  void handshake_failed(const runtime::Endpoint& remote, runtime::error_code error);
  void log_failure(std::string_view message, const runtime::Endpoint& remote,
                   runtime::error_code error);
  void identify(Arrival arrival, const Slot& slot);
  void add_client(Arrival arrival, const Slot& slot);
  void hold(Held held, const Slot& slot);
  // Of who was served and is refused: to be freed in place of `slot`.
  [[nodiscard]] Slot held_instead(Slot slot);
  void leave_in_turn();
  // When a client that was asked is sent away. REQUIRES: asked_until_ is not over.
  [[nodiscard]] base::Instant moment_of_asked();
  [[nodiscard]] Client* find(ConnectionId client) const;  // null: it has ended
  [[nodiscard]] bool is_left_alone(const Client& client) const;
  void free(const Slot& slot);
  void tell(runtime::Handler<void()> task);

  runtime::Process& process_;
  runtime::Shard& shard_;
  const Config& config_;
  Hub& hub_;
  const base::SipKey hash_key_;
  const std::shared_ptr<transport::ByteBudget> inflight_;  // shared with the clients' sessions
  const std::shared_ptr<transport::Turns> turns_;          // likewise
  const std::shared_ptr<transport::ByteBudget> remembered_;
  const std::shared_ptr<TextBudget> texts_;  // shared with the other shards
  ShardMetrics metrics_;
  LogLimit log_limit_;
  std::shared_ptr<const envelope::PrivateKey> key_;
  std::uint64_t next_serial_ = 1;
  std::uint64_t next_ticket_ = 1;
  std::shared_ptr<const ClientAccess> access_ = std::make_shared<ClientAccess>();
  std::uint64_t next_handshake_ = 1;
  std::map<std::uint64_t, TlsOpening> handshakes_;  // under way
  std::map<std::uint64_t, Slot>
      openings_;  // likewise: in a PROXY header, or an upgrade to WebSocket
  std::map<ConnectionId, std::unique_ptr<Client>> clients_;
  std::map<ConnectionId, Slot> slots_;         // of clients, until their sockets are closed
  std::map<std::uint64_t, Arrival> arrivals_;  // by ticket: the hub is asked about their address
  std::list<Held> held_;
  // While draining: who leaves when, soonest last.
  bool draining_ = false;
  base::Instant asked_until_{};  // who was asked to go elsewhere is left alone before
  std::vector<std::pair<base::Instant, ConnectionId>> leaving_;
  std::unique_ptr<runtime::Timer> leave_timer_;
};

}  // namespace prometheus_rsocket::server

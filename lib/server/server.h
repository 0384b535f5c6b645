// The proxy itself: accepts applications over RSocket and scrapers over HTTP, on all shards of a
// process, from start to an orderly end.
//
//   Server server(process, config);
//   if (const auto failed = server.listen()) …        // says which address and why
//   server.start([&](int exit_code) { … });           // then run the process
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "push/push_store.h"
#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"
#include "server/acceptor.h"
#include "server/access.h"
#include "server/config.h"
#include "server/hub.h"
#include "server/key_ring.h"
#include "server/pull_service.h"
#include "server/registry.h"
#include "server/shard_server.h"
#include "server/single_pulls.h"
#include "transport/frame_channel.h"

namespace prometheus_rsocket::server {

class Web;  // web.h

struct ListenFailure {
  runtime::Endpoint endpoint;
  boost::system::error_code error;
};

class Server final : private Hub {
 public:
  // Made, called and destroyed on shard 0, or while the process does not run. `process` outlives
  // it.
  Server(runtime::Process& process, Config config);
  ~Server() override;

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The process's secret: the indices of the expositions that it is given are made with it.
  [[nodiscard]] const base::SipKey& hash_key() const { return hash_key_; }

  // Goes on with the pushes that an earlier process has left, and writes them down from here on;
  // without it they are in memory, and gone with the process. REQUIRES: before listen().
  void restore_pushes(push::Contents contents, std::unique_ptr<push::Journal> journal);

  // Who may connect, and from where that is read again: by SIGHUP, by /-/reload, and when a file
  // has changed. Without it everybody may. What is read again opens nothing: of a half where TLS,
  // users, or what clients have to show are not there any more, or that is wrong, all stays as it
  // was, and the proxy has to be started anew for that.
  //
  // `source`, the worker on which it is asked and that on which passwords are looked at outlive the
  // server. Otherwise one line that says what is wrong. REQUIRES: before listen().
  [[nodiscard]] std::optional<std::string> use_access(AccessSource& source, runtime::Worker& files,
                                                      runtime::Worker& passwords);

  // Binds every address; nothing is accepted yet.
  [[nodiscard]] std::optional<ListenFailure> listen();

  // Serves until SIGTERM, then drains (design.md, "Leaving"); `exited` is called once, with 0 after
  // a clean end, 1 after a second SIGTERM. REQUIRES: listen() succeeded.
  void start(std::function<void(int)> exited);

  // As SIGTERM does.
  void drain();

  // Where it listens, with the ports that were taken for 0.
  [[nodiscard]] std::vector<runtime::Endpoint> web_endpoints() const;
  [[nodiscard]] std::vector<runtime::Endpoint> endpoints(transport::TransportKind kind) const;

 private:
  struct RSocketListener {
    transport::TransportKind kind;
    std::unique_ptr<Acceptor> acceptor;
  };

  void slot_freed(const Slot& slot) override;
  void slot_refused(const Slot& slot) override;
  void client_identified(const Slot& slot, const boost::asio::ip::address& address,
                         std::uint64_t ticket) override;
  void pull_asked(PullId pull, std::size_t clients, std::size_t tardy) override;
  void pull_replied(PullId pull, Reply reply) override;
  void push_received(ConnectionId client, std::uint32_t stream,
                     std::shared_ptr<const Exposition> exposition) override;
  void client_connected(ConnectionId client, ClientInfo info) override;
  void client_ended(ConnectionId client, Departure how) override;

  [[nodiscard]] std::optional<ListenFailure> listen(const std::vector<runtime::Endpoint>& endpoints,
                                                    transport::TransportKind kind);
  void accepted(transport::TransportKind kind, std::size_t shard,
                std::unique_ptr<runtime::Stream> stream);
  // The address that a connection counts for; nothing while a balancer has not said it.
  [[nodiscard]] std::optional<boost::asio::ip::address> known_client(
      transport::TransportKind kind, const boost::asio::ip::address& peer) const;
  void count_held(Admitted as);
  void gather_metrics(std::function<void(std::vector<ShardMetrics>)> done);
  void to_shard_of(ConnectionId client, std::function<void(ShardServer&)> task);
  void settle_name(ConnectionId client);
  void scraped(ConnectionId client, const ScrapeRecord& record);
  void retire(ConnectionId client);
  void to_shards(const std::function<void(ShardServer&)>& task);
  void to_shard(std::size_t shard, runtime::Handler<void()> task);
  // Reads it again; then `done` is called with what is wrong, or nothing.
  void reload_access(std::function<void(std::optional<std::string>)> done);
  // Each half that is good; what is wrong with the others, or nothing.
  std::string take_access(const LoadedAccess& loaded);
  void look_for_changes();
  void wait_for_signal();
  void end_when_empty();
  void exit(int code);
  void set_push_alarm();

  runtime::Process& process_;
  runtime::Shard& shard_;
  const Config config_;
  const base::SipKey hash_key_;  // for hashes of what clients choose; all shards have the same
  const std::shared_ptr<TextBudget> texts_;
  push::PushStore pushes_;
  std::vector<std::unique_ptr<ShardServer>> shards_;
  Admission admission_;
  FrontMetrics front_;
  PullService pulls_;
  SinglePulls single_pulls_;
  Registry registry_;
  KeyRing keys_;
  std::vector<RSocketListener> listeners_;
  std::unique_ptr<Web> web_;
  runtime::Alarm push_alarm_;
  AccessSource* access_source_ = nullptr;  // null: everybody may
  Access access_;
  runtime::Worker* file_worker_ = nullptr;
  runtime::Worker* password_worker_ = nullptr;
  runtime::Alarm access_alarm_;
  std::unique_ptr<runtime::Timer> grace_timer_;
  bool draining_ = false;
  bool web_stopping_ = false;
  std::function<void(int)> exited_;
};

}  // namespace prometheus_rsocket::server

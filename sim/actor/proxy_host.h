// A host on which our proxy runs: a whole lib/server Server in a process, started, sent SIGTERM,
// killed, lost with its host, and started again under the same address.
//
// Its disk stays when it is lost with its host, and has lost what power that goes loses.
//
// Notes ProxyStarted, ProxyDraining, ProxyEnded, ProxyKeyMade, Accepted, PushStored and
// DiskBetrayed. For a pause
// of its process: World, on process().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "server/server.h"
#include "sim/disk/virtual_disk.h"
#include "sim/history/recorder.h"
#include "sim/keys.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::actor {

struct ProxyConfig {
  history::ProxyId id;
  Address address;
  std::size_t shards = 2;
  // Its addresses are set by ProxyHost: all three ports of ports.h.
  server::Config server;
  // Pushes outlive the process, on a disk of its own (sim/disk); else they take so long to be
  // stored in memory, at most.
  bool has_disk = false;
  base::Duration push_commit_delay{};
  std::function<void()> started = {};  // called whenever it has started; may be empty
};

class ProxyHost final : private KeyObserver {
 public:
  // Nothing runs yet. World and recorder outlive it.
  ProxyHost(World& world, history::Recorder& recorder, ProxyConfig config);
  ~ProxyHost() override;  // its process ends, and nothing is noted
  ProxyHost(const ProxyHost&) = delete;
  ProxyHost& operator=(const ProxyHost&) = delete;

  // A new process. REQUIRES: !running().
  void start();
  // SIGTERM; the process goes when the server has left. A second one makes it exit with 1.
  // This and all that follow do nothing unless running().
  void drain();
  // As drain(), and start() at the moment it has ended, however it does.
  void restart();
  void kill();
  void lose();  // with its host, and whoever else lives there

  // A connection arrived at a listening endpoint somewhere in the world, which sees all of them:
  // Accepted is noted if that is an RSocket door of this proxy.
  void connection_arrived(const runtime::Endpoint& at);

  [[nodiscard]] bool running() const { return process_ != nullptr; }
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] Process* process() const { return process_; }  // null unless running()
  [[nodiscard]] history::ProxyId id() const { return config_.id; }
  [[nodiscard]] history::Place place() const {
    return {history::Place::Kind::kProxy, config_.id.value};
  }
  [[nodiscard]] const Address& address() const { return config_.address; }
  [[nodiscard]] runtime::Endpoint web() const;
  [[nodiscard]] VirtualDisk* disk() const { return disk_.get(); }  // null: it has none

 private:
  void key_made(std::uint64_t number) override;
  void exited(int code);
  void ended(history::ProxyEnd how, int code);
  void restore_pushes(server::Server& server, Worker* worker);

  World& world_;
  history::Recorder& recorder_;
  ProxyConfig config_;
  std::unique_ptr<VirtualDisk> disk_;
  Process* process_ = nullptr;
  std::uint64_t starts_ = 0;
  bool draining_ = false;
  bool again_ = false;  // to be started when it has ended
};

}  // namespace prometheus_rsocket::sim::actor

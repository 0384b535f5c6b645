// An application as a runner sees it, whichever client it links: it lives on a host of its own,
// may die and come back under its name, and is told what to do by plain calls.
//
// Each life is a process and an incarnation (history.h). This part keeps the process, numbers the
// lives and notes ClientStarted and ClientEnded; our_client.h and java_client.h are the clients.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "sim/history/recorder.h"
#include "sim/keys.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::actor {

// Longest a push may take (wire-protocol.md, 1.6).
inline constexpr base::Duration kPushTimeMax = std::chrono::seconds(5);

// One life of an application: what its process runs, made and destroyed with it.
class Life {
 public:
  virtual ~Life() = default;

  // Says goodbye in the client's way, and leaves.
  virtual void close() = 0;
  // Pushes a text made now, and leaves.
  virtual void push(history::PushKind kind) = 0;
  // Holds back what it is asked for from now on; recover() lets all of it go.
  virtual void hang() = 0;
  virtual void recover() = 0;
  // What it is asked for is malformed from now on, until mend().
  virtual void garble() = 0;
  virtual void mend() = 0;
};

class Application : protected KeyObserver {
 public:
  struct Home {
    Address host;
    history::InstanceId instance;
    history::ClientKind kind{};
  };

  // World and recorder outlive it.
  Application(World& world, history::Recorder& recorder, Home home);
  ~Application() override;  // its process ends, and nothing is noted
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // A new process on the host, under the same name, which dials. REQUIRES: !alive().
  void start();

  // All of these do nothing unless alive(). It is alive until it has left, which takes a while.
  // All but the last two are carried out by its process: not before that goes on, if it is paused.
  void close();
  void push(history::PushKind kind);
  void hang();
  void recover();
  void garble();
  void mend();
  void kill();
  void lose();

  [[nodiscard]] bool alive() const { return process_ != nullptr; }
  [[nodiscard]] Process* process() const { return process_; }             // null unless alive()
  [[nodiscard]] const history::Incarnation& who() const { return who_; }  // the latest life
  [[nodiscard]] const Address& host() const { return home_.host; }
  [[nodiscard]] history::Place place() const {
    return {history::Place::Kind::kClient, home_.instance.value};
  }

 protected:
  [[nodiscard]] history::Recorder& recorder() { return recorder_; }
  [[nodiscard]] World& world() { return world_; }
  // Called by the life, on its shard, from any depth: it has done its work. The process ends as
  // soon as the handler under way has returned.
  void leave();
  // On that connection came the key that read_public_key() has seen since the last call; without
  // one, the same as before.
  void key_given(std::uint64_t connection = 0);

 private:
  // The life is owned by the process.
  virtual Life& make_life(Process& process) = 0;
  void key_read(std::uint64_t number) override { fresh_key_ = history::KeyId{number}; }
  void key_used(std::uint64_t number) override {
    recorder_.note(history::KeyUsed{who_, history::KeyId{number}});
  }
  void command(std::function<void(Life&)> what);
  void ended(history::ClientEnd how);

  World& world_;
  history::Recorder& recorder_;
  const Home home_;
  history::Incarnation who_;  // number 0: not yet started
  Process* process_ = nullptr;
  Life* life_ = nullptr;
  bool hung_ = false;
  bool garbled_ = false;
  bool leaving_ = false;
  std::optional<history::KeyId> fresh_key_;
  std::map<std::uint64_t, history::KeyId> keys_;  // the latest of each connection
};

}  // namespace prometheus_rsocket::sim::actor

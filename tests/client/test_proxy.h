// A proxy in a few lines, on a thread and a port of its own: sends its key, scrapes when told,
// takes pushes. Real sockets, real keys; the waits end with an event, or fail after 20 s.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client_keys.h"
#include "envelope/key.h"
#include "net/process.h"
#include "runtime/tls.h"
#include "runtime_core.h"
#include "transport/session.h"

namespace prometheus_rsocket::client {

class TestProxy {
 public:
  struct Config {
    transport::TransportKind transport = transport::TransportKind::kTcp;
    bool closes_at_once = false;  // after the first bytes of each connection
    bool gives_key = true;
    bool answers_pushes = true;  // false: holds them until answer_pushes()
    bool rejects_pushes = false;
    std::shared_ptr<const runtime::TlsServer> tls = {};  // null: in clear
  };

  explicit TestProxy(Config config);
  TestProxy() : TestProxy(Config{}) {}
  ~TestProxy();

  [[nodiscard]] std::uint16_t port() const { return port_; }

  void set_closes_at_once(bool closes);
  void answer_pushes();

  // Asks the newest connection; its text, or `error: …` with what it answered or why not.
  [[nodiscard]] std::string scrape();

  // What has happened so far; all of it is only added to.
  struct Seen {
    std::size_t connections = 0;  // SETUP came, or closed at once
    std::size_t ended = 0;
    std::size_t refused = 0;  // handshakes of TLS that failed
    std::vector<std::string> setup_metadata;
    std::vector<std::string> authorizations;       // of WebSocket upgrades
    std::vector<runtime::TlsPeer> encrypted_with;  // who came over TLS
    std::vector<std::string> pushes;               // opened texts, both kinds
  };
  [[nodiscard]] Seen seen();
  // Waits until `holds` does; fails the test if it takes 20 s.
  Seen wait_until(const std::function<bool(const Seen&)>& holds);

 private:
  class Peer;

  void accept();
  void decrypt(std::unique_ptr<runtime::Stream> stream);
  void serve(std::unique_ptr<runtime::Stream> stream);
  void add_peer(std::unique_ptr<transport::FrameChannel> channel);
  template <class F>
  void on_thread(F f);
  void note(const std::function<void(Seen&)>& change);

  Config config_;  // the thread's
  std::shared_ptr<const envelope::PrivateKey> key_;
  ClientKeys keys_;
  NoLog log_;
  net::Process process_{1, keys_, log_};
  std::unique_ptr<runtime::Listener> listener_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<Peer>> peers_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Seen seen_;

  std::thread thread_;
};

}  // namespace prometheus_rsocket::client

// One connection with a proxy: its session, its latest key, its scrapes. An agent has one of them,
// and more while it goes from a proxy that ends to another.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/event.h"
#include "envelope/key.h"
#include "runtime/runtime.h"
#include "transport/session.h"

namespace prometheus_rsocket::agent {

class MetricsSource {
 public:
  using Done = std::function<void(runtime::error_code, std::string)>;

  virtual ~MetricsSource() = default;
  // The exposition as of now: calls `done` once, on the shard, from here or later. An error is told
  // to the proxy. Several may be under way at once.
  virtual void collect(Done done) = 0;
};

class Observer {
 public:
  virtual ~Observer() = default;
  // May command the agent, but not destroy it.
  virtual void on_event(const Event& event) = 0;
};

enum class PushKind {
  kFireAndForget,  // REQUEST_FNF: done when all is handed to the network and the connection ended
  kAcknowledged,   // REQUEST_RESPONSE: done when the proxy has answered that it has the push
};

class Link;

class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  virtual void link_scraped(Link& link) = 0;
  virtual void link_asked_to_leave(Link& link) = 0;
  // The answer to an acknowledged push, unless the link ends before.
  virtual void link_push_answered(Link& link, runtime::error_code error) = 0;
  // Its last call: may destroy it. `error`: what the stream ended with, if it was no orderly end.
  // `flushed`: all that was sent went out before.
  virtual void link_ended(Link& link, rsocket::CloseReason reason, runtime::error_code error,
                          bool flushed) = 0;
};

class Link final : private transport::SessionHandler {
 public:
  using Key = std::shared_ptr<const envelope::PublicKey>;

  // Sends SETUP. What is referred to outlives it. `number` goes into its events, which it tells
  // `observer`: of keys and scrapes.
  Link(runtime::Shard& shard, std::uint64_t number,
       std::unique_ptr<transport::FrameChannel> channel,
       const rsocket::ConnectionConfig& connection, const rsocket::SetupConfig& setup,
       MetricsSource& source, Observer& observer, LinkOwner& owner);
  // Breaks off, without a word to anybody here.
  ~Link() override;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] base::Duration age() const { return shard_.clock.now() - since_; }
  [[nodiscard]] runtime::Endpoint remote_endpoint() const { return session_->remote_endpoint(); }
  // The latest that came here; none when the proxy asked for clear text.
  [[nodiscard]] const Key& key() const { return key_; }
  [[nodiscard]] bool leaving() const { return leaving_; }
  void remember(Key key) { key_ = std::move(key); }  // base/mutant.h's kOldKey

  // Seals and sends. Scrapes that come from now on are refused. REQUIRES: key(), not leaving().
  [[nodiscard]] runtime::error_code push(PushKind kind, std::string_view text);

  // Each is followed by link_ended(); scrapes that come before are refused.
  void close(std::string_view why);  // with a goodbye; does nothing if it leaves already
  void finish();                     // flushed, without a word
  void abort();

 private:
  void on_event(const rsocket::Event& event) override;
  void handle(const rsocket::SetupReceived& event);
  void handle(const rsocket::Request& request);
  void handle(const rsocket::FireAndForget& event);
  void handle(const rsocket::RequestCancelled& event);
  void handle(const rsocket::RequestAborted& event);
  void handle(const rsocket::Response& response);
  void handle(const rsocket::ResponseError& error);
  void handle(const rsocket::ResponseAborted& aborted);
  void handle(const rsocket::PeerError& error);
  void handle(const rsocket::Closed& closed);

  [[nodiscard]] runtime::error_code take_key(base::ByteView der);
  void reply(rsocket::StreamId stream, const Key& key, runtime::error_code error,
             const std::string& text);
  void push_answered(rsocket::StreamId stream, runtime::error_code error);

  runtime::Shard& shard_;
  const std::uint64_t number_;
  const base::Instant since_;
  MetricsSource& source_;
  Observer& observer_;
  LinkOwner& owner_;
  bool leaving_ = false;
  Key key_;
  std::optional<rsocket::StreamId> push_;                             // that is waited for
  std::shared_ptr<transport::Session> session_;                       // none once it has ended
  std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);  // for what may come too late
};

}  // namespace prometheus_rsocket::agent

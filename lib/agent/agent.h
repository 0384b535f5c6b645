// The client side of the Micrometer profile (wire-protocol, "The Micrometer profile"): dials a
// proxy, keeps the connection, answers its scrapes, and pushes a last text before it leaves.
//
// Above the seam, one shard: all functions are called there, all callbacks come from there. Used by
// the SDK (client/), the agent binary and the simulator alike.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/error.h"
#include "agent/event.h"
#include "agent/limits.h"
#include "agent/retry_policy.h"
#include "envelope/key.h"
#include "runtime/runtime.h"
#include "transport/session.h"

namespace prometheus_rsocket::agent {

struct Config {
  // At least one. Each dial goes to the next in order, so that a proxy that is gone, leaving or
  // overloaded does not hold us up.
  std::vector<Target> targets;
  RetryConfig retry;
  base::Duration connect_timeout = kConnectTimeout;
  rsocket::SetupConfig setup;  // introduce() puts a name into it
  rsocket::ConnectionConfig connection;
};

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

class Agent final : private transport::SessionHandler {
 public:
  // What is referred to outlives the agent, and `shard` what runs on it.
  Agent(runtime::Shard& shard, Config config, MetricsSource& source, Observer& observer);
  // Breaks off whatever is under way, without a word; callbacks that have not come do not come.
  ~Agent() override;
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Dials, and again whenever the connection ends, until close() or a push. Once.
  void connect();

  // Tells the proxy goodbye and ends. Does nothing when already leaving.
  void close();

  // Seals `text` for the latest key of this connection, sends it, flushes, ends, and never
  // connects again; scrapes that come from now on are refused. `done` is called once, later, with
  // what became of it: no error, an AgentError, or an envelope::EnvelopeError; at the latest after
  // `time_max`. When nothing can be sent the agent ends all the same.
  void push_and_close(PushKind kind, std::string_view text, base::Duration time_max,
                      std::function<void(runtime::error_code)> done);

  [[nodiscard]] bool connected() const { return state_ == State::kOpen; }
  // Whether a push could be sealed now.
  [[nodiscard]] bool has_key() const { return key_ != nullptr; }
  [[nodiscard]] bool ended() const { return state_ == State::kEnded; }

 private:
  enum class State {
    kIdle,
    kDialling,
    kWaiting,  // to dial again
    kOpen,
    kPushing,  // sent, not yet answered or flushed
    kLeaving,  // the connection is flushed and ended
    kEnded,
  };
  using Key = std::shared_ptr<const envelope::PublicKey>;

  struct Push {
    PushKind kind{};
    rsocket::StreamId stream;
    std::function<void(runtime::error_code)> done;
  };

  void dial();
  void on_dialled(DialResult result);
  void retry();
  void wait_then(base::Duration delay, void (Agent::*then)());
  void end(EndReason reason);

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
  void reply(transport::Session& session, rsocket::StreamId stream, const Key& key,
             runtime::error_code error, const std::string& text);
  void refuse_push(runtime::error_code error, std::function<void(runtime::error_code)> done);
  void send_push(PushKind kind, std::string_view text);
  void on_push_timeout();
  void finish_push(runtime::error_code error);

  runtime::Shard& shard_;
  Config config_;
  MetricsSource& source_;
  Observer& observer_;
  RetryPolicy policy_;

  State state_ = State::kIdle;
  EndReason end_reason_ = EndReason::kClosed;  // once it leaves
  std::size_t next_target_ = 0;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<runtime::Timer> timer_;
  std::shared_ptr<transport::Session> session_;
  Key key_;  // the latest of this connection
  std::optional<Push> push_;
  std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);  // for what may come too late
};

}  // namespace prometheus_rsocket::agent

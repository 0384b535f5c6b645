// The client side of the Micrometer profile (wire-protocol, "The Micrometer profile"): dials a
// proxy, keeps the connection, answers its scrapes, and pushes a last text before it leaves. A
// proxy of ours that ends may ask it to go elsewhere (transport/leaving.h): it answers there until
// it was scraped elsewhere.
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

#include "agent/dialer.h"
#include "agent/error.h"
#include "agent/event.h"
#include "agent/limits.h"
#include "agent/link.h"
#include "agent/retry_policy.h"
#include "runtime/runtime.h"
#include "transport/leaving.h"

namespace prometheus_rsocket::agent {

struct Config {
  // At least one. Each dial goes to the next in order, so that a proxy that is gone, leaving or
  // overloaded does not hold us up.
  std::vector<Target> targets;
  Credentials credentials;
  RetryConfig retry;
  base::Duration connect_timeout = kConnectTimeout;
  // introduce() puts a name into it. Of another data type than ours it is not asked to go
  // elsewhere.
  rsocket::SetupConfig setup{.data_mime_type = std::string(transport::kOurDataMimeType)};
  rsocket::ConnectionConfig connection;
};

class Agent final : private LinkOwner {
 public:
  // What is referred to outlives the agent, and `shard` what runs on it.
  Agent(runtime::Shard& shard, Config config, MetricsSource& source, Observer& observer);
  // Breaks off whatever is under way, without a word; callbacks that have not come do not come.
  ~Agent() override;
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Dials, and again whenever the connection ends or the proxy is about to, until close() or a
  // push. Once.
  void connect();

  // Tells the proxy goodbye and ends. Does nothing when already leaving.
  void close();

  // Seals `text` for the latest key of the newest connection that has one, sends it there, flushes,
  // ends all connections, and never connects again; scrapes that come from now on are refused.
  // `done` is called once, later, with what became of it: no error, an AgentError, or an
  // envelope::EnvelopeError; at the latest after `time_max`. When nothing can be sent the agent
  // ends all the same.
  void push_and_close(PushKind kind, std::string_view text, base::Duration time_max,
                      std::function<void(runtime::error_code)> done);

  // Whether a proxy can ask for its metrics.
  [[nodiscard]] bool connected() const;
  // Whether a push could be sealed now.
  [[nodiscard]] bool has_key() const { return speaker() != nullptr; }
  [[nodiscard]] bool ended() const { return state_ == State::kEnded; }

 private:
  enum class State {
    kIdle,
    kDialling,
    kWaiting,  // to dial again
    kOpen,
    kPushing,  // sent, not yet answered or flushed
    kLeaving,  // the connections are flushed and ended
    kEnded,
  };

  void dial();
  [[nodiscard]] rsocket::SetupConfig setup_for(const Target& target) const;
  void on_dialled(std::size_t target, DialResult result);
  // Dials again, after a while: a connection that was `lasted` old ended, or a dial failed.
  void retry(std::optional<base::Duration> lasted);
  void wait_then(base::Duration delay, void (Agent::*then)());
  void leave(EndReason reason);
  void go_from(Link& link);  // which serves no more: another does
  void end_when_alone();

  // The newest that is not leaving and is as wanted; nothing if there is none.
  template <class Wanted>
  [[nodiscard]] Link* newest(const Wanted& wanted) const;
  [[nodiscard]] Link* speaker() const;  // through which a push would go

  void link_scraped(Link& link) override;
  void link_asked_to_leave(Link& link) override;
  void link_push_answered(Link& link, runtime::error_code error) override;
  void link_ended(Link& link, rsocket::CloseReason reason, runtime::error_code error,
                  bool flushed) override;

  void refuse_push(runtime::error_code error, std::function<void(runtime::error_code)> done);
  void on_push_timeout();
  void finish_push(runtime::error_code error);

  struct Push {
    PushKind kind{};
    Link* through = nullptr;
    std::function<void(runtime::error_code)> done;
  };

  runtime::Shard& shard_;
  Config config_;
  MetricsSource& source_;
  Observer& observer_;
  RetryPolicy policy_;
  // The same while another connection serves: nothing is lost by a dial that fails then, it uses up
  // no retry, and is forgotten when the last connection ends.
  RetryPolicy moving_;

  State state_ = State::kIdle;
  EndReason end_reason_ = EndReason::kClosed;  // once it leaves
  std::size_t next_target_ = 0;
  std::uint64_t next_number_ = 1;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<runtime::Timer> timer_;
  // The oldest first. While kOpen the last is the one that was dialled last; those before it, and
  // all of them in other states, were asked to leave, or leave by themselves.
  std::vector<std::unique_ptr<Link>> links_;
  std::optional<Push> push_;
  Link::Key lost_key_;  // base/mutant.h's kOldKey
};

}  // namespace prometheus_rsocket::agent

#include "agent/agent.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "base/probe.h"
#include "transport/identity.h"

namespace prometheus_rsocket::agent {

using base::Mutant;
using runtime::error_code;

namespace {
RetryConfig without_end(RetryConfig config) {
  config.retries_max.reset();
  return config;
}
}  // namespace

Agent::Agent(runtime::Shard& shard, Config config, MetricsSource& source, Observer& observer)
    : shard_(shard),
      config_(std::move(config)),
      source_(source),
      observer_(observer),
      policy_(config_.retry),
      moving_(without_end(config_.retry)) {
  CHECK(!config_.targets.empty(), "an agent has a proxy to dial");
}

Agent::~Agent() = default;

void Agent::connect() {
  CHECK(state_ == State::kIdle, "an agent connects once");
  dial();
}

// ---- Dialling, and dialling again.

void Agent::dial() {
  state_ = State::kDialling;
  const std::size_t target = next_target_;
  next_target_ = (next_target_ + 1) % config_.targets.size();
  dialer_ = std::make_unique<Dialer>(
      shard_, config_.targets[target], config_.credentials, config_.connect_timeout,
      [this, target](DialResult result) { on_dialled(target, std::move(result)); });
  observer_.on_event(Dialling{target});
}

rsocket::SetupConfig Agent::setup_for(const Target& target) const {
  rsocket::SetupConfig setup = config_.setup;
  const std::string& token = config_.credentials.token;
  if (target.secure && target.transport == transport::TransportKind::kTcp && !token.empty()) {
    // One that does not fit is left out: the proxy says what it misses.
    (void)transport::show_token(setup, token);
  }
  return setup;
}

void Agent::on_dialled(std::size_t target, DialResult result) {
  dialer_.reset();
  if (!result.channel) {
    state_ = State::kWaiting;
    observer_.on_event(DialFailed{result.stage, result.error});
    if (state_ == State::kWaiting) retry(std::nullopt);
    return;
  }
  state_ = State::kOpen;
  const auto& link = links_.emplace_back(std::make_unique<Link>(
      shard_, next_number_++, std::move(result.channel), config_.connection,
      setup_for(config_.targets[target]), source_, observer_, static_cast<LinkOwner&>(*this)));
  if (base::is_mutant(Mutant::kOldKey)) link->remember(lost_key_);
  observer_.on_event(Connected{link->number(), link->remote_endpoint()});
}

void Agent::retry(std::optional<base::Duration> lasted) {
  RetryPolicy& policy = connected() ? moving_ : policy_;
  const auto delay = policy.handle_ended(lasted, shard_.random);
  if (!delay) return leave(EndReason::kRetriesExhausted);
  wait_then(*delay, &Agent::dial);
  observer_.on_event(Retrying{*delay, policy.failures()});
}

void Agent::wait_then(base::Duration delay, void (Agent::*then)()) {
  timer_ = shard_.timers.make_timer();  // the one before it, and its handler, are gone
  timer_->async_wait_until(
      shard_.clock.now() + delay,
      boost::asio::bind_executor(shard_.executor, [this, then](error_code) { (this->*then)(); }));
}

void Agent::leave(EndReason reason) {
  state_ = State::kLeaving;
  end_reason_ = reason;
  timer_.reset();
  dialer_.reset();
  for (const auto& link : links_) link->close("closed by the application");
  end_when_alone();
}

void Agent::end_when_alone() {
  if (!links_.empty()) return;
  state_ = State::kEnded;
  observer_.on_event(Ended{end_reason_});
}

void Agent::close() {
  if (state_ == State::kPushing || state_ == State::kLeaving || ended()) return;
  leave(EndReason::kClosed);
}

// ---- What the connections say.

template <class Wanted>
Link* Agent::newest(const Wanted& wanted) const {
  const auto found = std::find_if(links_.rbegin(), links_.rend(), [&](const auto& link) {
    return !link->leaving() && wanted(*link);
  });
  return found == links_.rend() ? nullptr : found->get();
}

bool Agent::connected() const {
  return newest([](const Link&) { return true; }) != nullptr;
}

Link* Agent::speaker() const {
  return newest([](const Link& link) { return link.key() != nullptr; });
}

// Whoever has been scraped there needs those before it no more.
void Agent::link_scraped(Link& link) {
  for (const auto& older : links_) {
    if (older.get() == &link) return;
    if (older->leaving()) continue;
    base::reached(base::Probe::kMoved);
    go_from(*older);
  }
}

void Agent::go_from(Link& link) {
  if (link.leaving()) return;
  link.close("the client has gone elsewhere");
  observer_.on_event(GoneElsewhere{link.number()});
}

void Agent::link_asked_to_leave(Link& link) {
  if (state_ != State::kOpen || &link != links_.back().get()) return;  // it dials already
  state_ = State::kWaiting;
  observer_.on_event(AskedToLeave{link.number()});
  // The first may be the only one that was ever scraped.
  if (links_.size() > kOldLinksMax) go_from(*links_[links_.size() - 2]);
  // A proxy that gave us a key served us: that it ends is nobody's failure.
  if (link.key()) moving_.forget_failures();
  if (state_ == State::kWaiting) retry(link.age());
}

void Agent::link_ended(Link& link, rsocket::CloseReason reason, runtime::error_code error,
                       bool flushed) {
  const bool was_newest = &link == links_.back().get();
  const std::uint64_t number = link.number();
  const base::Duration age = link.age();
  const bool served = !link.leaving();
  lost_key_ = link.key();
  if (push_ && push_->through == &link) {
    const bool done = push_->kind == PushKind::kFireAndForget && flushed;
    finish_push(done ? error_code() : make_error_code(AgentError::kConnectionLost));
  }
  std::erase_if(links_, [&](const auto& one) { return one.get() == &link; });
  if (state_ == State::kLeaving) return end_when_alone();
  if (state_ == State::kPushing) return;
  // Where it waits to go elsewhere, and is left with nothing, it does not wait as long.
  const bool redials = (state_ == State::kOpen && was_newest) ||
                       (state_ == State::kWaiting && served && !connected());
  if (redials) state_ = State::kWaiting;
  observer_.on_event(Disconnected{number, reason, error});
  if (redials && state_ == State::kWaiting) retry(age);
}

// ---- Pushing.

void Agent::push_and_close(PushKind kind, std::string_view text, base::Duration time_max,
                           std::function<void(error_code)> done) {
  if (state_ == State::kPushing || state_ == State::kLeaving || ended()) {
    return refuse_push(AgentError::kAlreadyClosing, std::move(done));
  }
  Link* const link = speaker();
  if (link == nullptr) {
    return refuse_push(connected() ? AgentError::kNoKey : AgentError::kNotConnected,
                       std::move(done));
  }
  if (const error_code error = link->push(kind, text)) return refuse_push(error, std::move(done));
  leave(EndReason::kPushFailed);  // until it is known
  state_ = State::kPushing;
  push_ = Push{kind, link, std::move(done)};
  wait_then(time_max, &Agent::on_push_timeout);
}

void Agent::refuse_push(error_code error, std::function<void(error_code)> done) {
  boost::asio::post(shard_.executor, [error, done = std::move(done)] { done(error); });
  close();
}

void Agent::finish_push(error_code error) {
  timer_.reset();
  state_ = State::kLeaving;
  end_reason_ = error ? EndReason::kPushFailed : EndReason::kPushed;
  auto done = std::move(push_->done);
  push_.reset();
  boost::asio::post(shard_.executor, [error, done = std::move(done)] { done(error); });
}

void Agent::on_push_timeout() {
  base::reached(base::Probe::kPushTimedOut);
  Link& link = *push_->through;
  finish_push(AgentError::kTimedOut);
  link.abort();  // its end comes
}

void Agent::link_push_answered(Link& link, error_code error) {
  if (!push_ || push_->through != &link) return;
  finish_push(error);
  link.finish();
}

}  // namespace prometheus_rsocket::agent

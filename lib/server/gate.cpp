#include "server/gate.h"

#include <algorithm>
#include <array>
#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "access/password.h"
#include "base/check.h"
#include "runtime/address.h"
#include "server/limits.h"
#include "server/most_waiting.h"

namespace prometheus_rsocket::server {
namespace {

std::string draw_salt(runtime::Random& random) {
  std::array<std::byte, 32> bytes{};
  random.fill(bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Gate::Gate(runtime::Shard& shard)
    : shard_(shard), salt_(draw_salt(shard.random)), alarm_(shard, [this] { go_on(); }) {}

void Gate::use(std::shared_ptr<const WebAccess> access, runtime::Worker* worker) {
  CHECK(access->users.empty() || worker != nullptr, "passwords are looked at on a worker");
  if (access->rate_limit != access_->rate_limit) paid_until_ = {};
  access_ = std::move(access);
  worker_ = worker;
}

// Each request pays for an interval; nobody has paid for more than the burst ahead.
bool Gate::has_turn() {
  if (!access_->rate_limit) return true;
  const auto& [interval, burst] = *access_->rate_limit;
  const base::Instant now = shard_.clock.now();
  const base::Instant from = std::max(paid_until_, now);
  if (from - now > interval * burst - interval) return false;
  paid_until_ = from + interval;
  return true;
}

void Gate::ask(const http::Request& request, base::Instant late_from, Done done) {
  if (access_->users.empty()) return done(Passage::kOpen, {});
  auto credentials = access::parse_basic(request.header("authorization").value_or(""));
  if (!credentials) return done(Passage::kUnknown, {});
  if (is_known(*credentials)) return done(Passage::kOpen, credentials->user);
  std::string who = runtime::network_of(request.remote.address).to_string();
  if (count_of(who) >= kPasswordsPerAddressMax) return done(Passage::kBusy, {});
  waiting_.push_back(
      {std::move(who), std::move(*credentials), late_from, turns_.last(), std::move(done)});
  if (waiting_.size() + (looking_at_ ? 1 : 0) > kPasswordsWaitingMax) {
    refuse(newest_of_most(waiting_, [](const Waiting& waiting) { return waiting.who; }));
  }
  go_on();
}

std::size_t Gate::count_of(const std::string& who) const {
  const auto waiting = std::ranges::count(waiting_, who, &Waiting::who);
  return static_cast<std::size_t>(waiting) + (looking_at_ == who ? 1 : 0);
}

void Gate::go_on() {
  refuse_late();
  while (!looking_at_ && !waiting_.empty()) {
    const Place place = next();
    Waiting waiting = std::move(*place);
    waiting_.erase(place);
    turns_.has_turn(waiting.who);
    look_at(std::move(waiting));
  }
  if (waiting_.empty() && !looking_at_) turns_.forget();
  set_alarm();
}

Gate::Place Gate::next() {
  return std::ranges::min_element(waiting_, {}, [this](const Waiting& waiting) {
    return turns_.rank(waiting.who, waiting.turn);
  });
}

void Gate::look_at(Waiting waiting) {
  const std::string user = waiting.credentials.user;
  if (access_->users.empty() || is_known(waiting.credentials)) {  // by now
    return waiting.done(Passage::kOpen, access_->users.empty() ? "" : user);
  }
  looking_at_ = std::move(waiting.who);
  const std::string hash = hash_of(user);
  const auto print = fingerprint(user, waiting.credentials.password, hash);
  const auto is_right = std::make_shared<bool>(false);
  worker_->async_run(
      [access = access_, credentials = std::move(waiting.credentials), is_right] {
        const auto question = access::question_about(access->users, credentials.user);
        *is_right = access::answers(credentials.password, question);
      },
      boost::asio::bind_executor(
          shard_.executor, [this, print, is_right, hash, user, done = std::move(waiting.done)] {
            looking_at_.reset();
            // The file may be another one since.
            const bool passes = *is_right && !hash.empty() && hash_of(user) == hash;
            if (passes) remember(print);
            done(passes ? Passage::kOpen : Passage::kUnknown, passes ? user : "");
            go_on();
          }));
}

void Gate::refuse_late() {
  const base::Instant now = shard_.clock.now();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto place = it++;
    if (place->late_from <= now) refuse(place);
  }
}

void Gate::refuse(Place place) {
  const Done done = std::move(place->done);
  waiting_.erase(place);
  done(Passage::kBusy, {});
}

void Gate::set_alarm() {
  if (waiting_.empty()) return alarm_.clear();
  alarm_.set(std::ranges::min_element(waiting_, {}, &Waiting::late_from)->late_from);
}

std::string Gate::hash_of(const std::string& user) const {
  const auto found = access_->users.find(user);
  return found == access_->users.end() ? std::string() : found->second;
}

bool Gate::is_known(const access::BasicCredentials& credentials) {
  const std::string hash = hash_of(credentials.user);
  const auto print = fingerprint(credentials.user, credentials.password, hash);
  return !hash.empty() && remembers(print);
}

// Of the hash, too: a password that was changed is another one.
access::Digest Gate::fingerprint(std::string_view user, std::string_view password,
                                 std::string_view hash) const {
  std::string text = salt_;
  for (const std::string_view part : {user, password, hash}) {
    text.append(std::to_string(part.size())).append(":").append(part);
  }
  return access::sha256(text);
}

bool Gate::remembers(const access::Digest& fingerprint) {
  const auto found = std::ranges::find(remembered_, fingerprint);
  if (found == remembered_.end()) return false;
  remembered_.splice(remembered_.begin(), remembered_, found);
  return true;
}

void Gate::remember(const access::Digest& fingerprint) {
  if (remembers(fingerprint)) return;
  remembered_.push_front(fingerprint);
  if (remembered_.size() > kPasswordsRememberedMax) remembered_.pop_back();
}

}  // namespace prometheus_rsocket::server

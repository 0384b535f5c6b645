// Whether an HTTP request may pass: users and passwords, and how many requests at all.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/authorization.h"
#include "http/exchange.h"
#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"
#include "server/access.h"
#include "server/turn_order.h"

namespace prometheus_rsocket::server {

enum class Passage {
  kOpen,
  kUnknown,  // 401: no user and password, or not these
  kTooMany,  // 429: the rate limit
  kBusy,     // 503: too many passwords are to be looked at
};

// Lives on one shard. Passwords are looked at on a worker, since that takes long by design; that
// one was right is remembered for a while, by a hash that nobody else can make.
class Gate {
 public:
  // Who it is by their password; empty where nobody is asked.
  using Done = std::function<void(Passage passage, const std::string& user)>;

  explicit Gate(runtime::Shard& shard);

  // From now on. `worker` outlives the gate; null: nobody may have users.
  void use(std::shared_ptr<const WebAccess> access, runtime::Worker* worker);

  // Calls `done` once, now or, where a password is to be looked at, later: in turns by address, of
  // which nobody waits for longer than until then. Of too many, the newest of the address that has
  // the most is refused as busy.
  void ask(const http::Request& request, base::Instant late_from, Done done);
  // Whether one more request is within the rate limit; it is counted.
  [[nodiscard]] bool has_turn();

 private:
  [[nodiscard]] access::Digest fingerprint(std::string_view user, std::string_view password,
                                           std::string_view hash) const;
  [[nodiscard]] bool remembers(const access::Digest& fingerprint);
  void remember(const access::Digest& fingerprint);
  struct Waiting {
    std::string who;  // the network it comes from
    access::BasicCredentials credentials;
    base::Instant late_from;
    TurnOrder::Turn turn;  // the last one when it came
    Done done;
  };
  using Place = std::list<Waiting>::iterator;

  [[nodiscard]] std::size_t count_of(const std::string& who) const;
  void go_on();
  [[nodiscard]] Place next();
  void look_at(Waiting waiting);
  void refuse_late();
  void refuse(Place place);
  void set_alarm();
  // The user's hash; empty where there is no such user.
  [[nodiscard]] std::string hash_of(const std::string& user) const;
  [[nodiscard]] bool is_known(const access::BasicCredentials& credentials);

  runtime::Shard& shard_;
  const std::string salt_;  // of fingerprints
  std::shared_ptr<const WebAccess> access_ = std::make_shared<WebAccess>();
  runtime::Worker* worker_ = nullptr;
  std::list<access::Digest> remembered_;  // the last one that was used first
  std::list<Waiting> waiting_;
  std::optional<std::string> looking_at_;  // whose password is at the worker
  TurnOrder turns_;
  runtime::Alarm alarm_;
  base::Instant paid_until_{};  // of the rate limit: requests before are paid for
};

}  // namespace prometheus_rsocket::server

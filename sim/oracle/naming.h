// Which connections stand behind a name at a proxy, and from when until when its lists may have
// them: what the judges of names and lists go by.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/oracle/index.h"

namespace prometheus_rsocket::sim::oracle {

// A connection of a client of ours that led to a proxy, or may have.
struct Claim {
  const Life* life = nullptr;
  const Session* session = nullptr;
  bool leads_here = false;  // its key was this proxy's
  // What the proxy may take for a connection, from SETUP on.
  Period connected;
  // Until when it may be listed, as one that vanished if it may have seemed so.
  base::Instant listed_until = kNever;
  // It vanished for certain, by itself, in the midst of a proxy's life: its end, and how long it
  // has to be listed then.
  std::optional<Period> departed;
};

class Naming {
 public:
  explicit Naming(const Index& index);

  // In the order of their beginning. Without those whose place another connection of the same
  // process has taken for certain by `at`: they stand for nothing any more.
  [[nodiscard]] std::vector<const Claim*> claims(InstanceId name, ProxyId proxy,
                                                 base::Instant at) const;
  // Those of them that the proxy may take for connections in [from, to].
  [[nodiscard]] std::vector<const Claim*> connected(InstanceId name, ProxyId proxy,
                                                    base::Instant from, base::Instant to) const;
  // Whether that connection is there and answers at once, all the time from `from` to `to`. Whoever
  // is told of a name that two claim knows it by then.
  [[nodiscard]] bool is_healthy(const Claim& claim, base::Instant from, base::Instant to) const;

  [[nodiscard]] bool may_be_listed(InstanceId name, ProxyId proxy, base::Instant from,
                                   base::Instant to) const;
  // As a client that is connected, or as one that vanished.
  enum class Listing : std::uint8_t { kUnknown, kConnected, kDeparted };
  [[nodiscard]] Listing must_be_listed(InstanceId name, ProxyId proxy, base::Instant from,
                                       base::Instant to) const;

  // Every name that somebody ever told.
  [[nodiscard]] const std::vector<InstanceId>& names() const { return names_; }
  // A SETUP may have said anything: nothing of names is judged any more.
  [[nodiscard]] bool is_doubtful(base::Instant by) const { return by >= corrupt_since_; }

 private:
  [[nodiscard]] Claim claim_of(const Life& life, const Session& session, ProxyId proxy) const;
  [[nodiscard]] bool left_by_itself_or_was_sent_away(const Life& life,
                                                     const Session& session) const;

  const Index& index_;
  base::Instant corrupt_since_ = kNever;
  std::vector<InstanceId> names_;
  std::map<std::pair<InstanceId, ProxyId>, std::vector<Claim>> claims_;
};

}  // namespace prometheus_rsocket::sim::oracle

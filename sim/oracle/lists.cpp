#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "sim/oracle/findings.h"
#include "sim/oracle/naming.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::List;
using history::Listed;
using history::ListRead;

std::string_view word(List list) { return list == List::kTargets ? "/sd" : "/api/v1/clients"; }

// One list that was read, of the proxy's present life.
struct Reading {
  const ListRead* read = nullptr;
  base::Instant ended;
};

// Lists that prove something: whole ones, of the proxy's present life.
std::vector<Reading> readings(const Index& index, const Naming& naming) {
  std::vector<Reading> all;
  for (const history::Entry& entry : index.entries()) {
    const auto* const read = std::get_if<ListRead>(&entry.what);
    if (read == nullptr || naming.is_doubtful(entry.at)) continue;
    const ProxyLife* const proxy = index.proxy_at(read->proxy, entry.at);
    if (proxy != nullptr && proxy->began <= read->asked) all.push_back({read, entry.at});
  }
  return all;
}

// ---- I2

class ListJudge {
 public:
  ListJudge(const Index& index, const Naming& naming, const Reading& reading, Findings& findings)
      : index_(index),
        naming_(naming),
        read_(*reading.read),
        ended_(reading.ended),
        findings_(findings) {}

  void judge() {
    if (read_.status != 200) return add("has status ", read_.status);
    if (!read_.trouble.empty()) return add(read_.trouble);
    if (read_.list == List::kTargets && !read_.has_pushes) add("lacks /metrics/pushes");
    for (const InstanceId name : naming_.names()) {
      if (read_.list == List::kTargets) {
        judge_target(name);
      } else {
        judge_rows(name);
      }
    }
  }

 private:
  template <class... Parts>
  void add(const Parts&... parts) {
    findings_.add(ended_, word(read_.list), " of proxy ", read_.proxy, ", read by scraper ",
                  read_.scraper, " from ", index_.seconds(read_.asked), " to ",
                  index_.seconds(ended_), ", ", parts...);
  }

  [[nodiscard]] std::size_t count(InstanceId name) const {
    return static_cast<std::size_t>(
        std::ranges::count(read_.clients, std::optional(name), &Listed::name));
  }

  void judge_target(InstanceId name) {
    const std::size_t times = count(name);
    if (times > 1) add("has client ", name, " ", times, " times");
    const bool must =
        naming_.must_be_listed(name, read_.proxy, read_.asked, ended_) != Naming::Listing::kUnknown;
    if (times == 0 && must) add("lacks client ", name);
    if (times > 0 && !naming_.may_be_listed(name, read_.proxy, read_.asked, ended_)) {
      add("has client ", name, ", and nobody of that name is there or has vanished of late");
    }
  }

  // All connections of that name, each flagged where another process has it too.
  void judge_rows(InstanceId name) {
    std::set<const Life*> lives;
    std::set<const Life*> healthy;
    std::size_t least = 0;
    const auto all = naming_.connected(name, read_.proxy, read_.asked, ended_);
    for (const Claim* claim : all) {
      lives.insert(claim->life);
      if (!naming_.is_healthy(*claim, read_.asked, ended_)) continue;
      healthy.insert(claim->life);
      ++least;
    }
    const std::size_t rows = count(name);
    if (rows < least || rows > all.size()) {
      add("has client ", name, " ", rows, " times, which has ", least, " to ", all.size(),
          " connections");
    }
    for (const Listed& row : read_.clients) {
      if (row.name != name) continue;
      if (row.shares_name && lives.size() < 2) add("says that client ", name, " shares its name");
      if (!row.shares_name && healthy.size() >= 2) {
        add("does not say that client ", name, " shares its name");
      }
    }
  }

  const Index& index_;
  const Naming& naming_;
  const ListRead& read_;
  base::Instant ended_;
  Findings& findings_;
};

// An ID is one name's, and a name has one, wherever it connects.
void judge_ids(const std::vector<Reading>& all, Findings& findings) {
  std::map<InstanceId, history::TargetId> ids;
  std::map<history::TargetId, std::optional<InstanceId>> names;
  for (const auto& [read, ended] : all) {
    for (const Listed& client : read->clients) {
      const auto name = names.emplace(client.id, client.name).first;
      const bool is_another = name->second != client.name;
      const bool has_another =
          client.name && ids.emplace(*client.name, client.id).first->second != client.id;
      if (!is_another && !has_another) continue;
      findings.add(ended, word(read->list), " of proxy ", read->proxy, " gives ID ", client.id,
                   " to client ", client.name.value_or(InstanceId{}), ", and another before");
    }
  }
}

// ---- I4

class AddressJudge {
 public:
  AddressJudge(const Index& index, const Naming& naming, const Reading& reading, Findings& findings)
      : index_(index),
        naming_(naming),
        read_(*reading.read),
        ended_(reading.ended),
        findings_(findings) {}

  void judge() {
    for (const Listed& client : read_.clients) judge(client);
  }

 private:
  void judge(const Listed& client) {
    if (!client.at) return add(client, "at an address where nobody lives");
    const history::Rules& rules = index_.rules();
    const bool is_told =
        client.is_websocket ? rules.tells_addresses_of_websocket : rules.tells_addresses_of_tcp;
    const bool is_behind = rules.has_load_balancer && !is_told;
    switch (client.at->kind) {
      case Place::Kind::kLoadBalancer:
        if (!is_behind) add(client, "at the load balancer, which tells whose a connection is");
        return;
      case Place::Kind::kHostile:
        if (client.name) add(client, "at a hostile peer, which has no name");
        return;
      case Place::Kind::kClient:
        if (is_behind || !may_be(client, client.at->number)) {
          add(client, "at client ", client.at->number, ", which it is not");
        }
        return;
      default:
        return add(client, "where no client lives");
    }
  }

  // Whether whoever lives there may be listed so.
  [[nodiscard]] bool may_be(const Listed& client, std::uint32_t number) const {
    if (client.name) {
      const auto all = naming_.claims(*client.name, read_.proxy, read_.asked);
      return std::ranges::any_of(all, [&](const Claim* claim) {
        return claim->life->who.instance.value == number && claim->connected.began <= ended_ &&
               claim->listed_until >= read_.asked;
      });
    }
    return std::ranges::any_of(index_.lives(), [&](const auto& entry) {
      return entry.first.instance.value == number && !entry.second.ours() &&
             entry.second.began <= ended_;
    });
  }

  template <class... Parts>
  void add(const Listed& client, const Parts&... why) {
    std::ostringstream who;
    if (client.name) who << "client " << *client.name;
    if (!client.name) who << "a client without a name";
    findings_.add(ended_, word(read_.list), " of proxy ", read_.proxy, ", read by scraper ",
                  read_.scraper, ", has ", who.str(), ", ", why...);
  }

  const Index& index_;
  const Naming& naming_;
  const ListRead& read_;
  base::Instant ended_;
  Findings& findings_;
};

}  // namespace

std::vector<Violation> judge_lists(const Index& index) {
  Findings findings("I2-lists");
  const Naming naming(index);
  const auto all = readings(index, naming);
  for (const Reading& reading : all) ListJudge(index, naming, reading, findings).judge();
  judge_ids(all, findings);
  return findings.take();
}

std::vector<Violation> judge_addresses(const Index& index) {
  Findings findings("I4-addresses");
  const Naming naming(index);
  for (const Reading& reading : readings(index, naming)) {
    AddressJudge(index, naming, reading, findings).judge();
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle

// Who is connected, and what became of them at the last scrape: for the table of clients, for
// service discovery, and for whoever wants one client alone.
//
// Lives on shard 0, which hears of everything by message (hub.h).
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "runtime/network.h"
#include "server/metrics.h"
#include "server/reply.h"
#include "transport/frame_channel.h"
#include "transport/identity.h"

namespace prometheus_rsocket::server {

// What a client is, from its SETUP on.
struct ClientInfo {
  std::optional<transport::Identity> identity;
  std::string identity_error;  // why what it said of itself is not taken; empty for nothing
  runtime::Endpoint address;
  transport::TransportKind transport{};
  base::Instant connected_at;
  bool is_authenticated = false;  // it has shown that it may use its name
  std::string credential = {};  // what that is called which let it in; empty: nothing was asked for
};

// How a client's connection ended: one that left is gone, one that vanished may be in trouble.
enum class Departure : std::uint8_t {
  kLeft,      // by a push, a goodbye of either side, or replaced
  kVanished,  // nobody said so
};

// The name of a named client in paths: a hash of (job, instance), the same wherever and whenever it
// connects. No key can be secret that all proxies have: so it is SHA-256, of which nobody makes two
// names that share it. Another client is named by its address and port, and where only the address
// is known by its connection.
[[nodiscard]] std::string name_id(const transport::Identity& identity);

class Registry {
 public:
  struct Entry {
    ClientInfo info;
    std::string id;
    std::optional<ScrapeRecord> last_scrape;
    bool shares_name = false;  // another process is connected under its name
    bool is_retired = false;   // another connection has taken its place: it is listed no more
    std::optional<base::Instant> probed_at;
  };

  using NameId = std::string (*)(const transport::Identity& identity);

  // `grace` (--sd.grace): how long who vanished is still listed. `name_id`: where two names share
  // an ID all the same, the later one is known by its connection. Nobody gets another's place.
  explicit Registry(base::Duration grace, NameId name_id = server::name_id)
      : grace_(grace), name_id_(name_id) {}

  void connected(ConnectionId client, ClientInfo info);
  void scraped(ConnectionId client, const ScrapeRecord& record);
  // Another connection has taken its place.
  void retire(ConnectionId client);
  // It is asked whether it is there.
  void probed(ConnectionId client, base::Instant now);
  void ended(ConnectionId client, Departure how, base::Instant now);

  // By the age of their connections; the first of one id is the longest-connected.
  [[nodiscard]] const std::map<Seniority, Entry>& clients() const { return clients_; }
  // The first id behind that one; nothing behind the last.
  [[nodiscard]] std::optional<std::string> id_behind(std::string_view id) const;
  // Of a name that was scraped: up if one of its connections is.
  [[nodiscard]] std::optional<ClientUp> client_up(std::string_view id) const;
  // Who vanished not long ago and has not come back under the same id, by id. Of who has many
  // labels, without them.
  [[nodiscard]] std::vector<std::string> departed(base::Instant now) const;
  [[nodiscard]] const Entry* find_departed(std::string_view id, base::Instant now) const;

  [[nodiscard]] const Entry* find(ConnectionId client) const;
  // The longest-connected of that id.
  [[nodiscard]] std::optional<ConnectionId> find(std::string_view id) const;
  // Whether it is the one that find() gives for its id.
  [[nodiscard]] bool stands_for_its_id(ConnectionId client) const;
  // The other connections of that client's name, oldest first; none for one without a name.
  [[nodiscard]] std::vector<ConnectionId> namesakes(ConnectionId client) const;

 private:
  [[nodiscard]] Entry* entry_of(ConnectionId client);  // null for none
  [[nodiscard]] std::string id_for(const ClientInfo& info, ConnectionId client) const;
  void forget_departed(base::Instant now);
  void mark_namesakes(const std::string& id);
  void drop_id(const Entry& entry, const Seniority& seniority);

  struct Departed {
    Entry entry;
    base::Instant until;  // it is listed
  };

  const base::Duration grace_;
  const NameId name_id_;
  std::map<Seniority, Entry> clients_;
  std::map<ConnectionId, base::Instant> connected_at_;        // the other half of their keys
  std::multimap<std::string, Seniority, std::less<>> by_id_;  // of one id in no order
  std::map<std::string, Departed, std::less<>> departed_;
  std::deque<std::pair<base::Instant, std::string>> departures_;  // of some that are back, too
};

}  // namespace prometheus_rsocket::server

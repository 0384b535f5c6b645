#include "server/registry.h"

#include <algorithm>
#include <span>
#include <utility>

#include "access/grant.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/mutant.h"
#include "base/probe.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {
namespace {

constexpr std::size_t kIdBytes = 16;

std::string nameless_id(const ClientInfo& info, ConnectionId client) {
  if (info.address.port > 0) return runtime::to_string(info.address);
  return info.address.address.to_string() + "-" + std::to_string(client.shard) + "-" +
         std::to_string(client.serial);
}

bool is_same_name(const ClientInfo& a, const ClientInfo& b) {
  return a.identity && b.identity && a.identity->job == b.identity->job &&
         a.identity->instance == b.identity->instance;
}

}  // namespace

std::string name_id(const transport::Identity& identity) {
  // With its size, for names may have any character.
  const std::string name =
      std::to_string(identity.job.size()) + ":" + identity.job + identity.instance;
  const access::Digest digest = access::sha256(name);
  std::string id;
  for (const std::byte byte : std::span(digest).first<kIdBytes>()) {
    base::append_hex(id, std::to_integer<unsigned char>(byte));
  }
  return id;
}

// Also of one that vanished: its `up` is to stay 0 until it is back itself.
std::string Registry::id_for(const ClientInfo& info, ConnectionId client) const {
  if (!info.identity) return nameless_id(info, client);
  std::string id = name_id_(*info.identity);
  const auto here = by_id_.find(id);
  const Entry* const gone = find_departed(id, info.connected_at);
  const bool is_anothers =
      (here != by_id_.end() && !is_same_name(clients_.at(here->second).info, info)) ||
      (gone != nullptr && !is_same_name(gone->info, info));
  return is_anothers ? nameless_id(info, client) : id;
}

void Registry::connected(ConnectionId client, ClientInfo info) {
  const Seniority seniority{info.connected_at, client};
  Entry entry;
  entry.info = std::move(info);
  entry.id = id_for(entry.info, client);
  const std::string id = entry.id;
  departed_.erase(id);
  connected_at_.emplace(client, seniority.first);
  by_id_.emplace(id, seniority);
  const bool is_new = clients_.emplace(seniority, std::move(entry)).second;
  CHECK(is_new, "a connection connects once");
  mark_namesakes(id);
}

void Registry::scraped(ConnectionId client, const ScrapeRecord& record) {
  if (Entry* const entry = entry_of(client)) entry->last_scrape = record;
}

void Registry::retire(ConnectionId client) {
  Entry* const entry = entry_of(client);
  if (entry == nullptr || std::exchange(entry->is_retired, true)) return;
  drop_id(*entry, {entry->info.connected_at, client});
}

void Registry::probed(ConnectionId client, base::Instant now) {
  if (Entry* const entry = entry_of(client)) entry->probed_at = now;
}

void Registry::ended(ConnectionId client, Departure how, base::Instant now) {
  const auto found = connected_at_.find(client);
  if (found == connected_at_.end()) return;  // it never came as far as SETUP
  const Seniority seniority{found->second, client};
  connected_at_.erase(found);
  auto node = clients_.extract(seniority);
  Entry& entry = node.mapped();
  forget_departed(now);
  if (entry.is_retired) return;
  drop_id(entry, seniority);
  if (base::is_mutant(base::Mutant::kDepartedForgotten)) return;
  if (how == Departure::kLeft || grace_ == base::Duration::zero() || find(entry.id)) return;
  if (entry.info.identity) {
    std::size_t label_bytes = 0;
    for (const auto& [name, value] : entry.info.identity->labels) {
      label_bytes += name.size() + value.size();
    }
    if (label_bytes > kDepartedLabelBytesMax) entry.info.identity->labels.clear();
  }
  departures_.emplace_back(now + grace_, entry.id);
  departed_.insert_or_assign(entry.id, Departed{entry, now + grace_});
  while (departures_.size() > kDepartedMax) {
    departed_.erase(departures_.front().second);
    departures_.pop_front();
  }
}

void Registry::drop_id(const Entry& entry, const Seniority& seniority) {
  const auto [begin, end] = by_id_.equal_range(entry.id);
  by_id_.erase(std::find_if(begin, end, [&](const auto& e) { return e.second == seniority; }));
  mark_namesakes(entry.id);
}

std::optional<std::string> Registry::id_behind(std::string_view id) const {
  const auto found = by_id_.upper_bound(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->first);
}

std::optional<ClientUp> Registry::client_up(std::string_view id) const {
  std::optional<ClientUp> up;
  const auto [begin, end] = by_id_.equal_range(id);
  for (auto it = begin; it != end; ++it) {
    const Entry& entry = clients_.at(it->second);
    if (!entry.info.identity || !entry.last_scrape) continue;
    if (!up) up = {entry.info.identity->job, entry.info.identity->instance, false};
    if (entry.last_scrape->outcome == PullOutcome::kSuccess) up->is_up = true;
  }
  return up;
}

std::vector<std::string> Registry::departed(base::Instant now) const {
  std::vector<std::string> ids;
  for (const auto& [id, departed] : departed_) {
    if (departed.until > now) ids.push_back(id);
  }
  return ids;
}

const Registry::Entry* Registry::find_departed(std::string_view id, base::Instant now) const {
  const auto found = departed_.find(id);
  const bool is_listed = found != departed_.end() && found->second.until > now;
  return is_listed ? &found->second.entry : nullptr;
}

Registry::Entry* Registry::entry_of(ConnectionId client) {
  const auto found = connected_at_.find(client);
  return found == connected_at_.end() ? nullptr : &clients_.at({found->second, client});
}

const Registry::Entry* Registry::find(ConnectionId client) const {
  const auto found = connected_at_.find(client);
  return found == connected_at_.end() ? nullptr : &clients_.at({found->second, client});
}

std::optional<ConnectionId> Registry::find(std::string_view id) const {
  const auto [begin, end] = by_id_.equal_range(id);
  if (begin == end) return std::nullopt;
  return std::min_element(begin, end,
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->second.second;
}

bool Registry::stands_for_its_id(ConnectionId client) const {
  const Entry* const entry = find(client);
  return entry != nullptr && !entry->is_retired && find(entry->id) == client;
}

std::vector<ConnectionId> Registry::namesakes(ConnectionId client) const {
  const Entry* const entry = find(client);
  if (entry == nullptr || !entry->info.identity) return {};
  std::vector<Seniority> others;
  const auto [begin, end] = by_id_.equal_range(entry->id);
  for (auto it = begin; it != end; ++it) {
    if (it->second.second != client) others.push_back(it->second);
  }
  std::ranges::sort(others);
  std::vector<ConnectionId> connections;
  for (const Seniority& other : others) connections.push_back(other.second);
  return connections;
}

void Registry::forget_departed(base::Instant now) {
  while (!departures_.empty() && departures_.front().first <= now) {
    // It may have come back and vanished again since.
    const auto found = departed_.find(departures_.front().second);
    if (found != departed_.end() && found->second.until <= now) departed_.erase(found);
    departures_.pop_front();
  }
}

void Registry::mark_namesakes(const std::string& id) {
  const auto [begin, end] = by_id_.equal_range(id);
  if (begin == end) return;
  const auto incarnation = [this](const auto& each) {
    const auto& identity = clients_.at(each.second).info.identity;
    return identity ? std::string_view(identity->incarnation) : std::string_view();
  };
  const std::string_view first = incarnation(*begin);
  const bool differ =
      std::any_of(begin, end, [&](const auto& e) { return incarnation(e) != first; });
  if (differ) base::reached(base::Probe::kNameShared);
  for (auto it = begin; it != end; ++it) clients_.at(it->second).shares_name = differ;
}

}  // namespace prometheus_rsocket::server

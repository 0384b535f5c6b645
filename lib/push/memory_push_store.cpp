#include "push/memory_push_store.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"

namespace prometheus_rsocket::push {
namespace {

class PushCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "push"; }
  std::string message(int code) const override {
    return static_cast<PushError>(code) == PushError::kFull ? "push store full" : "unknown error";
  }
};

}  // namespace

boost::system::error_code make_error_code(PushError error) {
  static const PushCategory category;
  return {static_cast<int>(error), category};
}

MemoryPushStore::MemoryPushStore(Config config, base::Instant started_at)
    : config_(config), grace_ends_at_(started_at + kStartGrace), released_at_(started_at) {}

void MemoryPushStore::put(ClientId client, std::shared_ptr<const exposition::Exposition> exposition,
                          PutHandler done) {
  const auto old = unended_.find(client);
  const bool replaces = old != unended_.end();
  const std::size_t held = counters_.held - (replaces ? 1 : 0);
  const std::uint64_t bytes = counters_.bytes - (replaces ? old->second.exposition->bytes() : 0);
  const std::uint64_t added = exposition->bytes();
  if (held >= config_.pushes_max || bytes > config_.bytes_max ||
      added > config_.bytes_max - bytes) {
    done(PushError::kFull);
    return;
  }
  counters_.held = held + 1;
  counters_.bytes = bytes + added;
  ++counters_.acknowledged;
  Push push{client, Sequence{next_sequence_++}, std::move(exposition)};
  unended_.insert_or_assign(std::move(client), std::move(push));
  done({});
}

void MemoryPushStore::connection_ended(const ClientId& client) {
  const auto found = unended_.find(client);
  if (found == unended_.end()) return;
  const Sequence sequence = found->second.sequence;
  held_.emplace(sequence, Held{std::move(found->second), std::nullopt, 0});
  unended_.erase(found);
}

Offer MemoryPushStore::offer(const ScraperId& scraper, View view, base::Instant now) {
  release(now);
  const Key key{scraper, view};
  const auto slot = slot_of(key);
  const SeenMask seen = slot ? SeenMask{1} << *slot : 0;
  Offer offer{Receipt{next_receipt_++}, {}};
  OpenReceipt open{key, {}};
  std::set<Sequence>& offered = offered_[key];
  for (const auto& [sequence, held] : held_) {
    if ((held.seen_by & seen) != 0 || offered.contains(sequence)) continue;
    offer.pushes.push_back(held.push);
    open.sequences.push_back(sequence);
  }
  offered.insert(open.sequences.begin(), open.sequences.end());
  if (offered.empty()) offered_.erase(key);
  receipts_.emplace(offer.receipt, std::move(open));
  return offer;
}

void MemoryPushStore::complete(Receipt receipt, base::Instant now) {
  const OpenReceipt open = close(receipt);
  if (base::is_mutant(base::Mutant::kPushNeverDropped)) return;
  const auto slot = track(open.key, now);
  for (const Sequence sequence : open.sequences) {
    const auto found = held_.find(sequence);
    if (found == held_.end()) continue;  // released while this response was under way
    Held& held = found->second;
    if (slot) held.seen_by |= SeenMask{1} << *slot;
    if (held.first_shown_at) continue;
    held.first_shown_at = now;
    shown_.emplace(now, sequence);
  }
  release(now);
}

void MemoryPushStore::abandon(Receipt receipt) { static_cast<void>(close(receipt)); }

std::optional<base::Instant> MemoryPushStore::next_timeout() const {
  if (shown_.empty()) return std::nullopt;
  base::Instant next = shown_.begin()->first + config_.ttl;
  if (released_at_ < grace_ends_at_) return std::min(next, grace_ends_at_);
  for (const auto& scraper : scrapers_) {
    if (!scraper || !scraper->delays(released_at_)) continue;
    next = std::min(next, scraper->last_complete_at + kRegularWindow);
  }
  return next;
}

void MemoryPushStore::handle_timeout(base::Instant now) { release(now); }

std::optional<std::size_t> MemoryPushStore::slot_of(const Key& key) const {
  for (std::size_t slot = 0; slot < scrapers_.size(); ++slot) {
    if (scrapers_[slot] && scrapers_[slot]->key == key) return slot;
  }
  return std::nullopt;
}

// Notes a complete scrape; the scraper's slot, or nothing when there is no room for it.
std::optional<std::size_t> MemoryPushStore::track(const Key& key, base::Instant now) {
  if (const auto slot = slot_of(key)) {
    Scraper& scraper = *scrapers_[*slot];
    scraper.regular = now - scraper.last_complete_at <= kRegularWindow;
    scraper.last_complete_at = now;
    return slot;
  }
  std::optional<std::size_t> room;
  for (std::size_t slot = 0; slot < scrapers_.size(); ++slot) {
    if (!scrapers_[slot]) {
      room = slot;
      break;
    }
    if (scrapers_[slot]->delays(now)) continue;
    if (!room || scrapers_[slot]->last_complete_at < scrapers_[*room]->last_complete_at) {
      room = slot;
    }
  }
  if (!room) return std::nullopt;
  if (scrapers_[*room]) {
    for (auto& [sequence, held] : held_) held.seen_by &= ~(SeenMask{1} << *room);
  }
  scrapers_[*room] = Scraper{key, now, false};
  return room;
}

MemoryPushStore::OpenReceipt MemoryPushStore::close(Receipt receipt) {
  auto node = receipts_.extract(receipt);
  CHECK(!node.empty(), "a receipt is closed exactly once");
  OpenReceipt open = std::move(node.mapped());
  const auto offered = offered_.find(open.key);
  if (offered != offered_.end()) {
    for (const Sequence sequence : open.sequences) offered->second.erase(sequence);
    if (offered->second.empty()) offered_.erase(offered);
  }
  return open;
}

void MemoryPushStore::release(base::Instant now) {
  released_at_ = now;
  SeenMask delaying = 0;
  for (std::size_t slot = 0; slot < scrapers_.size(); ++slot) {
    if (scrapers_[slot] && scrapers_[slot]->delays(now)) delaying |= SeenMask{1} << slot;
  }
  for (auto shown = shown_.begin(); shown != shown_.end();) {
    const auto held = held_.find(shown->second);
    const bool expired = now >= shown->first + config_.ttl;
    const bool early = now >= grace_ends_at_ && (held->second.seen_by & delaying) == delaying;
    if (!expired && !early) {
      ++shown;
      continue;
    }
    ++(expired ? counters_.expired : counters_.released);
    --counters_.held;
    counters_.bytes -= held->second.push.exposition->bytes();
    held_.erase(held);
    shown = shown_.erase(shown);
  }
}

}  // namespace prometheus_rsocket::push

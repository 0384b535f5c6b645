#include "push/push_store.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace prometheus_rsocket::push {
namespace {

class PushCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "push"; }
  std::string message(int code) const override {
    switch (static_cast<PushError>(code)) {
      case PushError::kFull:
        return "the push store is full";
      case PushError::kDiskFull:
        return "the push store's disk is full";
      case PushError::kDiskFailed:
        return "the push store's disk refuses";
    }
    return "unknown error";
  }
};

SeenMask mask_of(std::size_t slot) { return SeenMask{1} << slot; }
SeenMask mask_of(std::optional<std::size_t> slot) { return slot ? mask_of(*slot) : 0; }

}  // namespace

boost::system::error_code make_error_code(PushError error) {
  static const PushCategory category;
  return {static_cast<int>(error), category};
}

PushStore::PushStore(Config config, base::Instant started_at)
    : config_(config), grace_ends_at_(started_at + kStartGrace), released_at_(started_at) {}

void PushStore::restore(Contents contents, std::unique_ptr<Journal> journal) {
  CHECK(next_sequence_ == 1 && next_receipt_ == 1 && !journal_, "a store is restored before use");
  const base::Instant started_at = released_at_;
  next_sequence_ = contents.last_sequence.value + 1;
  SeenMask present = 0;  // what somebody has seen who is not known any more counts for nobody
  for (Contents::Scraper& scraper : contents.scrapers) {
    present |= mask_of(scraper.slot);
    scrapers_.at(scraper.slot) = Scraper{std::move(scraper.key), started_at, scraper.regular};
  }
  for (Contents::Held& one : contents.pushes) {
    const Sequence sequence = one.push.sequence;
    CHECK(sequence.value < next_sequence_, "no push has a greater one than the last");
    add(one.push);
    Held held{std::move(one.push), std::nullopt, one.seen_by & present};
    if (one.shown) {
      held.first_shown_at = started_at;
      shown_.emplace(started_at, sequence);
    }
    held_.emplace(sequence, std::move(held));
  }
  journal_ = std::move(journal);
  journal_->attach([this] { return everything(); });
}

void PushStore::put(const ClientId& client,
                    std::shared_ptr<const exposition::Exposition> exposition, PutHandler done) {
  const auto opened = open_.try_emplace(client, next_connection_);
  const std::uint64_t number = opened.first->second;
  if (opened.second) ++next_connection_;
  Connection& connection = connections_[number];
  if (!has_room_for(*exposition, connection)) {
    if (connection.is_empty()) {
      connections_.erase(number);
      open_.erase(opened.first);
    }
    return done(PushError::kFull);
  }
  ++under_way_.count;
  under_way_.bytes += exposition->bytes();
  Put put{{Sequence{next_sequence_++}, std::move(exposition)}, {}};
  if (connection.waiting) {
    under_way_.bytes -= connection.waiting->push.exposition->bytes();
    put.done = std::move(connection.waiting->done);
  }
  put.done.push_back(std::move(done));
  if (connection.writing) {
    connection.waiting = std::move(put);
  } else {
    write(number, std::move(put));
  }
}

// What is being written has its room already, what it replaces still has it.
bool PushStore::has_room_for(const exposition::Exposition& added,
                             const Connection& connection) const {
  std::size_t count = counters_.held + under_way_.count;
  std::uint64_t bytes = counters_.bytes + under_way_.bytes;
  if (connection.stored) {
    --count;
    bytes -= connection.stored->exposition->bytes();
  }
  if (connection.waiting) bytes -= connection.waiting->push.exposition->bytes();
  return count < config_.pushes_max && bytes <= config_.bytes_max &&
         added.bytes() <= config_.bytes_max - bytes;
}

void PushStore::write(std::uint64_t number, Put put) {
  Connection& connection = connections_.at(number);
  Stored stored{put.push, {}};
  if (connection.stored) stored.replaces = connection.stored->sequence;
  connection.writing = std::move(put);
  if (!journal_) return written(number, {});
  journal_->append(std::move(stored),
                   [this, number](boost::system::error_code error) { written(number, error); });
}

void PushStore::written(std::uint64_t number, boost::system::error_code error) {
  Connection& connection = connections_.at(number);
  const Put put = *std::exchange(connection.writing, std::nullopt);
  under_way_.count -= put.done.size();
  under_way_.bytes -= put.push.exposition->bytes();
  if (!error) {
    if (connection.stored) remove(*connection.stored);
    connection.stored = put.push;
    add(put.push);
    counters_.acknowledged += put.done.size();
  }
  if (connection.waiting) {
    write(number, *std::exchange(connection.waiting, std::nullopt));
  } else if (connection.ended) {
    show(number);
  }
  for (const PutHandler& done : put.done) done(error);
}

void PushStore::add(const Push& push) {
  ++counters_.held;
  counters_.bytes += push.exposition->bytes();
}

void PushStore::remove(const Push& push) {
  --counters_.held;
  counters_.bytes -= push.exposition->bytes();
}

void PushStore::connection_ended(const ClientId& client) {
  const auto open = open_.find(client);
  if (open == open_.end()) return;
  const std::uint64_t number = open->second;
  open_.erase(open);
  connections_.at(number).ended = true;
  show(number);
}

// Once nothing of the connection is being written any more.
void PushStore::show(std::uint64_t number) {
  const auto found = connections_.find(number);
  Connection& connection = found->second;
  if (connection.writing) return;
  if (connection.stored) {
    const Sequence sequence = connection.stored->sequence;
    held_.emplace(sequence, Held{std::move(*connection.stored), std::nullopt, 0});
  }
  connections_.erase(found);
}

Offer PushStore::offer(const ScraperId& scraper, View view, base::Instant now,
                       std::uint64_t bytes_max) {
  release(now);
  const ScraperKey key{scraper, view};
  const auto slot = slot_of(key);
  const SeenMask seen = mask_of(slot);
  Offer offer{Receipt{next_receipt_++}, {}};
  OpenReceipt open{key, {}};
  std::set<Sequence>& offered = offered_[key];
  std::uint64_t bytes = 0;
  for (const auto& [sequence, held] : held_) {
    if ((held.seen_by & seen) != 0 || offered.contains(sequence)) continue;
    bytes += held.push.exposition->page_bytes();
    if (bytes > bytes_max && !offer.pushes.empty()) break;
    offer.pushes.push_back(held.push);
    open.sequences.push_back(sequence);
  }
  offered.insert(open.sequences.begin(), open.sequences.end());
  if (offered.empty()) offered_.erase(key);
  receipts_.emplace(offer.receipt, std::move(open));
  return offer;
}

void PushStore::complete(Receipt receipt, base::Instant now) {
  const OpenReceipt open = close(receipt);
  if (base::is_mutant(base::Mutant::kPushNeverDropped)) return;
  const auto slot = track(open.key, now);
  Shown noted;
  for (const Sequence sequence : open.sequences) {
    const auto found = held_.find(sequence);
    if (found == held_.end()) continue;  // released while this response was under way
    Held& held = found->second;
    const SeenMask seen_by = held.seen_by | mask_of(slot);
    const bool is_news = std::exchange(held.seen_by, seen_by) != seen_by || !held.first_shown_at;
    if (is_news) noted.pushes.push_back({sequence, seen_by});
    if (held.first_shown_at) continue;
    held.first_shown_at = now;
    shown_.emplace(now, sequence);
  }
  if (!noted.pushes.empty()) note(std::move(noted));
  release(now);
}

void PushStore::abandon(Receipt receipt) { static_cast<void>(close(receipt)); }

std::optional<base::Instant> PushStore::next_timeout() const {
  if (shown_.empty()) return std::nullopt;
  base::Instant next = shown_.begin()->first + config_.ttl;
  if (released_at_ < grace_ends_at_) return std::min(next, grace_ends_at_);
  for (const auto& scraper : scrapers_) {
    if (!scraper || !scraper->delays(released_at_)) continue;
    next = std::min(next, scraper->last_complete_at + kRegularWindow);
  }
  return next;
}

void PushStore::handle_timeout(base::Instant now) { release(now); }

void PushStore::flush(std::function<void()> done) {
  if (!journal_) return done();
  journal_->flush(std::move(done));
}

Counters PushStore::counters() const {
  Counters counters = counters_;
  counters.is_writable = !journal_ || journal_->is_writable();
  return counters;
}

void PushStore::note(Change change) {
  if (journal_) journal_->append(std::move(change), nullptr);
}

Contents PushStore::everything() const {
  Contents contents;
  contents.last_sequence = Sequence{next_sequence_ - 1};
  for (std::size_t slot = 0; slot < scrapers_.size(); ++slot) {
    const auto& scraper = scrapers_[slot];
    if (scraper) contents.scrapers.push_back({slot, scraper->key, scraper->regular});
  }
  for (const auto& [number, connection] : connections_) {
    if (connection.stored) contents.pushes.push_back({*connection.stored, 0, false});
  }
  for (const auto& [sequence, held] : held_) {
    contents.pushes.push_back({held.push, held.seen_by, held.first_shown_at.has_value()});
  }
  std::ranges::sort(contents.pushes, {}, [](const auto& one) { return one.push.sequence; });
  return contents;
}

std::optional<std::size_t> PushStore::slot_of(const ScraperKey& key) const {
  for (std::size_t slot = 0; slot < scrapers_.size(); ++slot) {
    if (scrapers_[slot] && scrapers_[slot]->key == key) return slot;
  }
  return std::nullopt;
}

// Notes a complete scrape; the scraper's slot, or nothing when there is no room for it.
std::optional<std::size_t> PushStore::track(const ScraperKey& key, base::Instant now) {
  if (const auto slot = slot_of(key)) {
    Scraper& scraper = *scrapers_[*slot];
    const bool is_regular = now - scraper.last_complete_at <= kRegularWindow;
    scraper.last_complete_at = now;
    if (std::exchange(scraper.regular, is_regular) != is_regular) {
      note(Tracked{*slot, key, is_regular});
    }
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
  if (scrapers_[*room]) vacate(*room);
  scrapers_[*room] = Scraper{key, now, false};
  note(Tracked{*room, key, false});
  return room;
}

// Nothing that was shown to the one in this slot counts for the next.
void PushStore::vacate(std::size_t slot) {
  Shown noted;
  for (auto& [sequence, held] : held_) {
    const SeenMask without = held.seen_by & ~mask_of(slot);
    if (std::exchange(held.seen_by, without) != without) {
      noted.pushes.push_back({sequence, without});
    }
  }
  if (!noted.pushes.empty()) note(std::move(noted));
}

PushStore::OpenReceipt PushStore::close(Receipt receipt) {
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

void PushStore::release(base::Instant now) {
  released_at_ = now;
  SeenMask delaying = 0;
  for (std::size_t slot = 0; slot < scrapers_.size(); ++slot) {
    if (scrapers_[slot] && scrapers_[slot]->delays(now)) delaying |= mask_of(slot);
  }
  Released released;
  for (auto shown = shown_.begin(); shown != shown_.end();) {
    const auto held = held_.find(shown->second);
    const bool expired = now >= shown->first + config_.ttl;
    const bool early = now >= grace_ends_at_ && (held->second.seen_by & delaying) == delaying;
    if (!expired && !early) {
      ++shown;
      continue;
    }
    ++(expired ? counters_.expired : counters_.released);
    remove(held->second.push);
    released.pushes.push_back(shown->second);
    held_.erase(held);
    shown = shown_.erase(shown);
  }
  if (!released.pushes.empty()) note(std::move(released));
}

}  // namespace prometheus_rsocket::push

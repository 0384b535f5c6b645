#include "push/tables.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <utility>

#include "base/mutant.h"
#include "base/sip_hash.h"
#include "exposition/stored.h"
#include "push/limits.h"

namespace prometheus_rsocket::push {
namespace {

using sqlite::Failed;

// Of a file of ours: `file` names it by the first, and the second says how its tables look.
constexpr std::int64_t kApplicationId = 0x50525370;  // "PRSp"
constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kVersionMax = 15;  // that there will be, rather than a byte that rotted
constexpr std::int64_t kTables = 3;

constexpr const char* kSchema =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE push (sequence INTEGER PRIMARY KEY, text BLOB NOT NULL, form BLOB NOT NULL,"
    " checksum INTEGER NOT NULL) STRICT;"
    "CREATE TABLE shown (sequence INTEGER PRIMARY KEY, seen_by INTEGER NOT NULL,"
    " checksum INTEGER NOT NULL) STRICT;"
    "CREATE TABLE scraper (slot INTEGER PRIMARY KEY, name BLOB NOT NULL, view INTEGER NOT NULL,"
    " regular INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT;";

std::int64_t as_integer(Sequence sequence) { return static_cast<std::int64_t>(sequence.value); }

// Of the other columns of a row. Against bytes that rot, not against people: the key is no secret.
std::int64_t checksum(std::initializer_list<sqlite::Value> columns) {
  std::uint64_t sum = 0;
  for (const sqlite::Value& column : columns) {
    if (const auto* integer = std::get_if<std::int64_t>(&column)) {
      const auto bytes = std::bit_cast<std::array<char, sizeof *integer>>(*integer);
      sum = base::sip_hash({sum, 1}, {bytes.data(), bytes.size()});
    } else {
      sum = base::sip_hash({sum, 2}, std::get<std::string_view>(column));
    }
  }
  return static_cast<std::int64_t>(sum);
}

// What is read of the pushes, from either end.
struct PushRows {
  const base::SipKey& key;
  std::size_t& damaged;
  std::map<Sequence, Push> pushes = {};
  Sequence last_sequence = {};
  std::vector<Sequence> foreign = {};
};

Failed read_pushes(sqlite::Connection& connection, const std::string& order, PushRows& into) {
  const std::string sql =
      "SELECT sequence, text, form, checksum FROM push ORDER BY sequence " + order;
  return connection.for_each_row(sql.c_str(), [&into](const sqlite::Statement& row) {
    const std::string_view text = row.bytes(1);
    const std::string_view form = row.bytes(2);
    if (row.integer(0) <= 0 || row.integer(3) != checksum({row.integer(0), text, form})) {
      ++into.damaged;
      return true;
    }
    const Sequence sequence{static_cast<std::uint64_t>(row.integer(0))};
    const bool is_known = into.pushes.contains(sequence) ||
                          std::ranges::find(into.foreign, sequence) != into.foreign.end();
    if (is_known) return false;  // where the other end came to
    into.last_sequence = std::max(into.last_sequence, sequence);
    auto exposition = exposition::restore(std::string(text), form, into.key);
    if (!exposition) {
      into.foreign.push_back(sequence);
      return true;
    }
    into.pushes.emplace(
        sequence,
        Push{sequence, std::make_shared<const exposition::Exposition>(std::move(*exposition))});
    return true;
  });
}

}  // namespace

// A byte of what says whose it is may have rotted, too.
Failed Tables::recognize(bool& is_new) {
  std::int64_t application = 0;
  std::int64_t version = 0;
  std::int64_t tables = 0;
  std::int64_t tables_of_ours = 0;
  if (auto failed = connection_.query("PRAGMA application_id", application)) return failed;
  if (auto failed = connection_.query("PRAGMA user_version", version)) return failed;
  if (application == kApplicationId && version == kVersion) return std::nullopt;
  if (auto failed = connection_.query("SELECT count(*) FROM sqlite_schema", tables)) return failed;
  if (auto failed = connection_.query("SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                                      " AND name IN ('push', 'shown', 'scraper')",
                                      tables_of_ours)) {
    return failed;
  }
  is_new = application == 0 && version == 0 && tables == 0;
  if (is_new) return std::nullopt;
  const bool is_later = application == kApplicationId && version > kVersion &&
                        version <= kVersionMax && tables_of_ours == kTables;
  // Without a table it holds nothing of anybody's; with others' alone it is not ours to set aside.
  if (!is_later && (tables == 0 || tables_of_ours > 0)) {
    return sqlite::corrupt("its header is damaged");
  }
  return sqlite::Error{0, "is not a file of pushes that this version can read"};
}

Failed Tables::create() {
  foreign_.clear();
  const std::string sql = kSchema + ("PRAGMA application_id=" + std::to_string(kApplicationId)) +
                          ";PRAGMA user_version=" + std::to_string(kVersion) + ";COMMIT;";
  return connection_.execute(sql.c_str());
}

Failed Tables::prepare() {
  const std::pair<const char*, sqlite::Statement&> all[] = {
      {"INSERT INTO push VALUES (?1, ?2, ?3, ?4)", statements_.insert_push},
      {"DELETE FROM push WHERE sequence = ?1", statements_.delete_push},
      {"REPLACE INTO shown VALUES (?1, ?2, ?3)", statements_.replace_shown},
      {"DELETE FROM shown WHERE sequence = ?1", statements_.delete_shown},
      {"REPLACE INTO scraper VALUES (?1, ?2, ?3, ?4, ?5)", statements_.replace_scraper},
  };
  for (const auto& [sql, statement] : all) {
    if (auto failed = connection_.prepare(sql, statement)) return failed;
  }
  return std::nullopt;
}

// ---- Reading

Failed Tables::load(const base::SipKey& key, Loaded& loaded) {
  std::string verdict;
  Failed check = connection_.query("PRAGMA quick_check(1)", verdict);
  if (!check && verdict != "ok") check = sqlite::corrupt(verdict);
  // Of a damaged file what can be had.
  Failed scrapers = load_scrapers(loaded);
  Failed pushes = load_pushes(key, loaded);
  Failed shown = load_shown(loaded);
  for (Failed* failed : {&check, &scrapers, &pushes, &shown}) {
    if (*failed) return std::move(*failed);
  }
  // Room that is not needed is given back; where that takes room itself, another time.
  static_cast<void>(connection_.execute("PRAGMA incremental_vacuum"));
  return std::nullopt;
}

// Where a page is damaged the rows behind it are read from the other end.
Failed Tables::load_pushes(const base::SipKey& key, Loaded& loaded) {
  PushRows rows{key, loaded.damaged};
  Failed failed = read_pushes(connection_, "ASC", rows);
  if (failed) static_cast<void>(read_pushes(connection_, "DESC", rows));
  for (auto& [sequence, push] : rows.pushes) {
    loaded.contents.pushes.push_back({std::move(push), 0, false});
  }
  loaded.contents.last_sequence = rows.last_sequence;
  foreign_ = std::move(rows.foreign);
  loaded.foreign = foreign_.size();
  return failed;
}

Failed Tables::load_shown(Loaded& loaded) {
  const char* const sql = "SELECT sequence, seen_by, checksum FROM shown";
  return connection_.for_each_row(sql, [&loaded](const sqlite::Statement& row) {
    if (row.integer(2) != checksum({row.integer(0), row.integer(1)})) {
      ++loaded.damaged;  // and so shown to nobody
      return true;
    }
    auto& pushes = loaded.contents.pushes;
    const Sequence sequence{static_cast<std::uint64_t>(row.integer(0))};
    const auto held = std::ranges::lower_bound(pushes, sequence, {},
                                               [](const auto& one) { return one.push.sequence; });
    if (held == pushes.end() || held->push.sequence != sequence) return true;
    held->shown = true;
    held->seen_by = static_cast<SeenMask>(row.integer(1));
    return true;
  });
}

Failed Tables::load_scrapers(Loaded& loaded) {
  const char* const sql = "SELECT slot, name, view, regular, checksum FROM scraper";
  return connection_.for_each_row(sql, [&loaded](const sqlite::Statement& row) {
    const std::int64_t slot = row.integer(0);
    const std::string_view name = row.bytes(1);
    const std::int64_t view = row.integer(2);
    const std::int64_t regular = row.integer(3);
    const bool can_be = slot >= 0 && slot < std::int64_t{kScrapersMax} && (view == 0 || view == 1);
    if (!can_be || row.integer(4) != checksum({slot, name, view, regular})) {
      ++loaded.damaged;
      return true;
    }
    loaded.contents.scrapers.push_back({static_cast<std::size_t>(slot),
                                        {ScraperId{std::string(name)}, static_cast<View>(view)},
                                        regular != 0});
    return true;
  });
}

// ---- Writing

Failed Tables::write(std::span<const Change> changes) {
  for (const Change& change : changes) {
    if (auto failed = std::visit([this](const auto& one) { return write(one); }, change)) {
      return failed;
    }
  }
  return std::nullopt;
}

Failed Tables::write(const Stored& change) {
  if (change.replaces) {
    if (auto failed = statements_.delete_push.run({as_integer(*change.replaces)})) return failed;
  }
  const std::string& text = change.push.exposition->text;
  const std::string form = exposition::stored_form(*change.push.exposition);
  const std::int64_t sequence = as_integer(change.push.sequence);
  return statements_.insert_push.run({sequence, text, form, checksum({sequence, text, form})});
}

Failed Tables::write(const Shown& change) {
  if (base::is_mutant(base::Mutant::kShowingNotWritten)) return std::nullopt;
  for (const auto& [push, by] : change.pushes) {
    const std::int64_t sequence = as_integer(push);
    const std::int64_t seen_by = by;
    if (auto failed =
            statements_.replace_shown.run({sequence, seen_by, checksum({sequence, seen_by})})) {
      return failed;
    }
  }
  return std::nullopt;
}

Failed Tables::write(const Released& change) {
  for (const Sequence sequence : change.pushes) {
    if (auto failed = statements_.delete_push.run({as_integer(sequence)})) return failed;
    if (auto failed = statements_.delete_shown.run({as_integer(sequence)})) return failed;
  }
  return std::nullopt;
}

Failed Tables::write(const Tracked& change) {
  const auto slot = static_cast<std::int64_t>(change.slot);
  const auto& [id, of_view] = change.scraper;
  const std::string_view name = id.value;
  const auto view = static_cast<std::int64_t>(of_view);
  const std::int64_t regular{change.regular};
  return statements_.replace_scraper.run(
      {slot, name, view, regular, checksum({slot, name, view, regular})});
}

Failed Tables::write(const Restated& change) {
  if (auto failed = connection_.execute("DELETE FROM shown; DELETE FROM scraper")) return failed;
  Released released;
  const auto take = [&](const sqlite::Statement& row) {
    const Sequence sequence{static_cast<std::uint64_t>(row.integer(0))};
    const bool stays = std::ranges::binary_search(change.held, sequence) ||
                       std::ranges::find(foreign_, sequence) != foreign_.end();
    if (!stays) released.pushes.push_back(sequence);
    return true;
  };
  if (auto failed = connection_.for_each_row("SELECT sequence FROM push", take)) return failed;
  return write(released);
}

}  // namespace prometheus_rsocket::push

// What is in the file of a Database: pushes, who has seen them, and who is tracked, each row with a
// checksum of its own. What changes is written to the tables, and read back when the file is
// opened. Internal to lib/push.
//
// What is shown is apart from the pushes: SQLite writes a row as a whole, and a push may be large.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/sip_hash.h"
#include "push/journal.h"
#include "push/sqlite.h"

namespace prometheus_rsocket::push {

class Tables {
 public:
  // The connection outlives them; it is open whenever they are used.
  explicit Tables(sqlite::Connection& connection) : connection_(connection) {}

  // Whether nothing has been made in the file yet. An error: it is no file of ours, or damaged.
  [[nodiscard]] sqlite::Failed recognize(bool& is_new);
  [[nodiscard]] sqlite::Failed create();
  // Before write(), and again after forget().
  [[nodiscard]] sqlite::Failed prepare();
  // Before the connection is closed, or what is in the file may change otherwise.
  void forget() { statements_ = {}; }

  struct Loaded {
    Contents contents;
    std::size_t damaged = 0;  // rows with a wrong checksum
    std::size_t foreign = 0;  // pushes of another version, which stay
  };
  // `key`: the process's secret, for the index of what is read. With an error there is what could
  // be read all the same.
  [[nodiscard]] sqlite::Failed load(const base::SipKey& key, Loaded& loaded);

  // In a transaction of the caller's.
  [[nodiscard]] sqlite::Failed write(std::span<const Change> changes);

 private:
  [[nodiscard]] sqlite::Failed load_pushes(const base::SipKey& key, Loaded& loaded);
  [[nodiscard]] sqlite::Failed load_shown(Loaded& loaded);
  [[nodiscard]] sqlite::Failed load_scrapers(Loaded& loaded);
  [[nodiscard]] sqlite::Failed write(const Stored& change);
  [[nodiscard]] sqlite::Failed write(const Shown& change);
  [[nodiscard]] sqlite::Failed write(const Released& change);
  [[nodiscard]] sqlite::Failed write(const Tracked& change);
  [[nodiscard]] sqlite::Failed write(const Restated& change);

  struct Statements {
    sqlite::Statement insert_push;
    sqlite::Statement delete_push;
    sqlite::Statement replace_shown;
    sqlite::Statement delete_shown;
    sqlite::Statement replace_scraper;
  };

  sqlite::Connection& connection_;
  Statements statements_;
  std::vector<Sequence> foreign_;  // of another version
};

}  // namespace prometheus_rsocket::push

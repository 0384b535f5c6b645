// The pushes on disk: one SQLite file in a folder of its own, what changes being one transaction.
//
// Written ahead (WAL) with synchronous=FULL: what apply() has done survives the end of the process
// and of the system. Each row has a checksum of its own, since SQLite has none: a byte of the file
// that rots is found when it is opened. One of the log, which is short, ends it there, as SQLite's
// own checksums have it: what was written behind it is gone, and nobody is told. Files are for us
// alone (0600), and for one process at a time: a second one is refused.
//
// A file that cannot be used any more is replaced: a new one is written, `pushes.db.new`, and
// called `pushes.db.next` when it is whole; then the old one is set aside, `pushes.db.corrupt-1`
// and so on, for people to look at, and the new one takes its place. Who is killed in between finds
// one or the other, whole. Of more than kSetAsideMax such files, the last takes the place of the
// one before.
//
// Everything here blocks. Threads: one at a time.
#pragma once

#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/sip_hash.h"
#include "push/journal.h"
#include "push/sqlite.h"
#include "push/tables.h"
#include "runtime/disk.h"

namespace prometheus_rsocket::push {

// Why something on disk did not work.
struct DiskFailure {
  boost::system::error_code error;  // a PushError
  std::string details;              // for people
  bool is_corrupt = false;          // it will not get better: replace()
};

class Database {
 public:
  struct Opened;

  // Makes folder and file where they are not there. `key`: the process's secret, for the index of
  // what is read. The disk outlives the database.
  [[nodiscard]] static Opened open(runtime::Disk& disk, const std::string& folder,
                                   const base::SipKey& key);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // All of it or, with an error, nothing; but a kill may still bring to light what could not be
  // taken back. With an error for want of a file it is made by the next one.
  [[nodiscard]] std::optional<DiskFailure> apply(std::span<const Change> changes);

  // Goes on with a new file, of these changes alone, and sets the old one aside. With an error that
  // stays where it is, to be replaced later; REQUIRES: no apply() before that.
  [[nodiscard]] std::optional<DiskFailure> replace(std::span<const Change> changes);
  // The name that the last one that was replaced has now.
  [[nodiscard]] const std::string& set_aside() const { return set_aside_; }

 private:
  Database(runtime::Disk& disk, std::string folder);

  [[nodiscard]] std::optional<DiskFailure> claim();
  [[nodiscard]] std::optional<DiskFailure> connect(const std::string& path);
  [[nodiscard]] std::optional<DiskFailure> read(const base::SipKey& key, Opened& opened);
  void salvage(const base::SipKey& key, Opened& opened);
  [[nodiscard]] std::optional<DiskFailure> free_name_aside(std::string& aside);
  [[nodiscard]] std::optional<DiskFailure> finish_replacing();
  [[nodiscard]] std::optional<DiskFailure> put_aside();
  [[nodiscard]] sqlite::Failed finish_log();
  [[nodiscard]] sqlite::Failed write_ahead();
  void disconnect();

  runtime::Disk& disk_;
  const std::string folder_;
  const std::string path_;
  std::string set_aside_;
  runtime::Disk::Claim claim_;
  bool is_to_be_made_ = false;     // the file, or what is in it, at the last try to connect
  bool is_written_ahead_ = false;  // what this connection writes
  sqlite::Connection connection_;
  Tables tables_{connection_};
};

struct Database::Opened {
  std::unique_ptr<Database> database;  // null: there is a failure
  Contents contents;
  bool is_lost = false;  // there is a database, and it has to be replaced by the contents
  std::optional<DiskFailure> failure;
  // What people should know: a file that was set aside, pushes that could not be read.
  std::vector<std::string> notices;
};

}  // namespace prometheus_rsocket::push

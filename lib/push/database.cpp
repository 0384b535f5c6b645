#include "push/database.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/mutant.h"
#include "base/probe.h"
#include "push/limits.h"

namespace prometheus_rsocket::push {
namespace {

using sqlite::Failed;

constexpr std::string_view kFileName = "/pushes.db";

// All that SQLite makes of a file, in the order in which they are set aside: what it would read
// into the next file of that name must be gone before that is there.
constexpr std::string_view kFiles[] = {"-wal", "-journal", ""};

// Of a connection: nothing of it is written, so that a full disk is no hindrance.
constexpr const char* kSettings =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA journal_size_limit=16777216;"
    "PRAGMA trusted_schema=OFF;";

// Of a file, before anything is in it.
constexpr const char* kFileSettings = "PRAGMA auto_vacuum=INCREMENTAL";

DiskFailure failure_of(const sqlite::Error& error, const std::string& path) {
  if (error.is_full()) return {PushError::kDiskFull, path + ": " + error.message};
  std::string details = path + ": " + error.message;
  if (error.is_in_use()) details = path + ": is in use by another process";
  return {PushError::kDiskFailed, std::move(details), error.is_corrupt()};
}

DiskFailure failure_of(boost::system::error_code error, const std::string& path) {
  const bool is_full = error == boost::system::errc::no_space_on_device;
  const bool is_in_use = error == boost::system::errc::device_or_resource_busy;
  return {is_full ? PushError::kDiskFull : PushError::kDiskFailed,
          path + ": " + (is_in_use ? "is in use by another process" : error.message())};
}

std::string counted(std::size_t count, std::string_view one, std::string_view more) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : more);
}
std::string pushes(std::size_t count) { return counted(count, "push", "pushes"); }

}  // namespace

Database::Database(runtime::Disk& disk, std::string folder)
    : disk_(disk), folder_(std::move(folder)), path_(folder_ + std::string(kFileName)) {}

// ---- Opening

Database::Opened Database::open(runtime::Disk& disk, const std::string& folder,
                                const base::SipKey& key) {
  Opened opened;
  std::unique_ptr<Database> database(new Database(disk, folder));
  std::optional<DiskFailure> failure = database->claim();
  if (!failure) failure = database->finish_replacing();
  if (!failure) failure = database->connect(database->path_);
  if (!failure) failure = database->read(key, opened);
  if (failure && failure->is_corrupt) {
    if (!database->connection_.is_open()) database->salvage(key, opened);
    opened.notices.push_back(failure->details + "; " + pushes(opened.contents.pushes.size()) +
                             " could be read");
    failure = database->replace(changes_of(opened.contents));
    opened.is_lost = failure.has_value();
    opened.notices.push_back(failure ? failure->details + ": it is not replaced yet"
                                     : "the damaged file is now " + database->set_aside());
    failure.reset();
  } else if (failure && failure->error == PushError::kDiskFull && database->is_to_be_made_) {
    opened.notices.push_back(failure->details + "; the file is made when there is room");
    failure.reset();
  }
  if (failure) {
    opened.failure = std::move(failure);
  } else {
    opened.database = std::move(database);
  }
  return opened;
}

// Before the first file of the folder is touched.
std::optional<DiskFailure> Database::claim() {
  if (claim_) return std::nullopt;
  auto claim = disk_.claim(folder_);
  is_to_be_made_ = claim.has_error();
  if (!claim) return failure_of(claim.error(), folder_);
  claim_ = std::move(*claim);
  return std::nullopt;
}

std::optional<DiskFailure> Database::connect(const std::string& path) {
  if (auto failure = claim()) return failure;
  const auto error = disk_.make_private(path);
  is_to_be_made_ = error.failed();
  if (error) return failure_of(error, path);
  // SQLite would throw the log away.
  const bool is_emptied = disk_.size(path) == 0 && disk_.size(path + "-wal").value_or(0) > 0;
  if (is_emptied) return failure_of(sqlite::corrupt("is empty, and its log is not"), path);
  Failed failed = connection_.open(path, disk_.sqlite_vfs());
  if (!failed) failed = connection_.execute(kSettings);
  if (!failed && base::is_mutant(base::Mutant::kCommitNotSynced)) {
    failed = connection_.execute("PRAGMA synchronous=OFF");
  }
  bool is_new = false;
  if (!failed) failed = tables_.recognize(is_new);
  is_to_be_made_ = is_new;
  if (!failed && is_new) failed = connection_.execute(kFileSettings);
  if (!failed) failed = write_ahead();
  if (!failed && is_new) failed = tables_.create();
  if (!failed) failed = tables_.prepare();
  if (!failed) return std::nullopt;
  disconnect();
  return failure_of(*failed, path);
}

std::optional<DiskFailure> Database::read(const base::SipKey& key, Opened& opened) {
  Tables::Loaded loaded;
  const Failed failed = tables_.load(key, loaded);
  opened.contents = std::move(loaded.contents);
  if (loaded.foreign > 0) {
    opened.notices.push_back(path_ + ": " + pushes(loaded.foreign) +
                             " of another version cannot be read, and stay in the file");
  }
  if (failed) return failure_of(*failed, path_);
  if (loaded.damaged == 0) return std::nullopt;
  const std::string rows = counted(loaded.damaged, "row", "rows");
  return DiskFailure{PushError::kDiskFailed, path_ + ": " + rows + " with a wrong checksum", true};
}

// What can be had of a file that connect() refuses.
void Database::salvage(const base::SipKey& key, Opened& opened) {
  if (disk_.size(path_) == 0) return;
  Failed failed = connection_.open(path_, disk_.sqlite_vfs());
  if (!failed) failed = connection_.execute(kSettings);
  if (!failed) static_cast<void>(read(key, opened));
}

// ---- Replacing

std::optional<DiskFailure> Database::replace(std::span<const Change> changes) {
  disconnect();
  if (auto failure = finish_replacing()) return failure;
  const std::string fresh = path_ + ".new";
  for (const std::string_view end : kFiles) {
    const std::string left = fresh + std::string(end);
    if (const auto error = disk_.remove(left)) return failure_of(error, left);
  }
  if (auto failure = connect(fresh)) return failure;
  auto failure = apply(changes);
  // It is one file when its log is written into it.
  const Failed failed = failure ? std::nullopt : finish_log();
  disconnect();
  if (failure) return failure;
  if (failed) return failure_of(*failed, fresh);
  if (const auto error = disk_.rename(fresh, path_ + ".next")) return failure_of(error, fresh);
  return finish_replacing();
}

Failed Database::finish_log() {
  tables_.forget();
  return connection_.execute("PRAGMA journal_mode=DELETE");
}

// From wherever the last process came to.
std::optional<DiskFailure> Database::finish_replacing() {
  const std::string next = path_ + ".next";
  if (!disk_.exists(next)) return std::nullopt;
  if (auto failure = put_aside()) return failure;
  if (const auto error = disk_.rename(next, path_)) return failure_of(error, next);
  return std::nullopt;
}

std::optional<DiskFailure> Database::put_aside() {
  base::reached(base::Probe::kPushFileSetAside);
  std::string aside;
  if (auto failure = free_name_aside(aside)) return failure;
  for (const std::string_view end : kFiles) {
    const std::string from = path_ + std::string(end);
    if (!disk_.exists(from)) continue;
    if (const auto error = disk_.rename(from, aside + std::string(end))) {
      return failure_of(error, from);
    }
    set_aside_ = aside;
  }
  return std::nullopt;
}

std::optional<DiskFailure> Database::free_name_aside(std::string& aside) {
  for (int number = 1; number <= kSetAsideMax; ++number) {
    aside = path_ + ".corrupt-" + std::to_string(number);
    const bool is_free = std::ranges::none_of(
        kFiles, [&](std::string_view end) { return disk_.exists(aside + std::string(end)); });
    if (is_free) return std::nullopt;
  }
  for (const std::string_view end : kFiles) {
    const std::string last = aside + std::string(end);
    if (const auto error = disk_.remove(last)) return failure_of(error, last);
  }
  return std::nullopt;
}

// Where it cannot be, the mode stays as it was, and that is no error to SQLite. All that has been
// written was written ahead, but for a file that has just taken the place of another: where there
// is no room to change that, it is as safe, and slower, as it is.
Failed Database::write_ahead() {
  std::int64_t pages = 0;
  std::string mode;
  if (auto failed = connection_.query("PRAGMA page_count", pages)) return failed;
  const Failed failed = connection_.query("PRAGMA journal_mode=WAL", mode);
  is_written_ahead_ = !failed && mode == "wal";
  if (is_written_ahead_ || (failed && failed->is_full() && pages > 0)) return std::nullopt;
  if (failed) return failed;
  const char* const details = "cannot be written ahead";
  return pages > 0 ? sqlite::corrupt(details) : sqlite::Error{0, details};
}

void Database::disconnect() {
  tables_.forget();
  connection_.close();
}

// ---- Writing

std::optional<DiskFailure> Database::apply(std::span<const Change> changes) {
  if (!connection_.is_open()) {
    if (auto failure = connect(path_)) return failure;
  }
  Failed failed = is_written_ahead_ ? std::nullopt : write_ahead();
  if (!failed) failed = connection_.execute("BEGIN IMMEDIATE");
  if (!failed) failed = tables_.write(changes);
  if (!failed) failed = connection_.execute("COMMIT");
  if (!failed) return std::nullopt;
  // After some errors SQLite has done so itself, and says that there is nothing to roll back.
  static_cast<void>(connection_.execute("ROLLBACK"));
  return failure_of(*failed, path_);
}

}  // namespace prometheus_rsocket::push

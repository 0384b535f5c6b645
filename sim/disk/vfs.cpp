#include "sim/disk/vfs.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "sim/disk/disk_file.h"

namespace prometheus_rsocket::sim {
namespace {

using namespace std::chrono_literals;

constexpr int kPathMax = 512;
// Of an SSD, roughly.
constexpr base::Duration kWriteTime = 20us;
constexpr base::Duration kSyncTime = 1ms;

std::string next_name() {
  static std::uint64_t disks = 0;
  return "virtual-disk-" + std::to_string(++disks);
}

}  // namespace

struct Vfs::OpenFile {
  sqlite3_file base;  // the first: SQLite knows only this
  VirtualDisk* disk;
  std::uint64_t life;
  std::shared_ptr<DiskFile> file;
  std::string path;
  bool goes_when_closed;
};

const sqlite3_io_methods Vfs::kMethods = {
    .iVersion = 1,
    .xClose = &Vfs::close,
    .xRead = &Vfs::read,
    .xWrite = &Vfs::write,
    .xTruncate = &Vfs::truncate,
    .xSync = &Vfs::sync,
    .xFileSize = &Vfs::size,
    .xLock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xCheckReservedLock =
        [](sqlite3_file*, int* out) {
          *out = 0;
          return SQLITE_OK;
        },
    .xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
    .xSectorSize = [](sqlite3_file*) { return 512; },
    .xDeviceCharacteristics = [](sqlite3_file*) { return 0; },
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

Vfs::Vfs(VirtualDisk& disk) : name_(next_name()) {
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(OpenFile);
  vfs_.mxPathname = kPathMax;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = &disk;
  vfs_.xOpen = &Vfs::open;
  vfs_.xDelete = &Vfs::remove;
  vfs_.xAccess = &Vfs::access;
  vfs_.xFullPathname = &Vfs::full_path;
  vfs_.xRandomness = &Vfs::randomness;
  vfs_.xSleep = &Vfs::sleep;
  vfs_.xCurrentTime = &Vfs::current_time;
  // The default one, since that is whom SQLite asks when it draws: its own would be read from the
  // system.
  CHECK(sqlite3_vfs_register(&vfs_, 1) == SQLITE_OK, "a name that is new");
  CHECK(sqlite3_test_control(SQLITE_TESTCTRL_PRNG_RESET) == SQLITE_OK, "SQLite draws anew");
}

Vfs::~Vfs() { sqlite3_vfs_unregister(&vfs_); }

VirtualDisk& Vfs::disk_of(sqlite3_vfs* vfs) { return *static_cast<VirtualDisk*>(vfs->pAppData); }

Vfs::OpenFile& Vfs::open_file(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

bool Vfs::is_dead(const OpenFile& file) { return file.life != file.disk->life_; }

int Vfs::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
  VirtualDisk& disk = disk_of(vfs);
  auto& opened = *new (file) OpenFile{};
  if (path == nullptr) return SQLITE_CANTOPEN;  // a temporary file: everything fits memory here
  auto found = disk.files_.find(path);
  if (found == disk.files_.end()) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    found = disk.files_.emplace(path, std::make_shared<DiskFile>()).first;
  }
  opened.base.pMethods = &kMethods;
  opened.disk = &disk;
  opened.life = disk.life_;
  opened.file = found->second;
  opened.path = path;
  opened.goes_when_closed = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  if (out != nullptr) *out = flags;
  return SQLITE_OK;
}

int Vfs::close(sqlite3_file* file) {
  OpenFile& opened = open_file(file);
  if (opened.goes_when_closed && !is_dead(opened)) opened.disk->files_.erase(opened.path);
  opened.~OpenFile();
  return SQLITE_OK;
}

int Vfs::remove(sqlite3_vfs* vfs, const char* path, int /*sync*/) {
  return disk_of(vfs).files_.erase(path) > 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

int Vfs::access(sqlite3_vfs* vfs, const char* path, int /*flags*/, int* out) {
  *out = disk_of(vfs).files_.contains(path) ? 1 : 0;
  return SQLITE_OK;
}

int Vfs::full_path(sqlite3_vfs* /*vfs*/, const char* path, int size, char* out) {
  const std::string_view text(path);
  if (text.size() >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::ranges::copy(text, out);
  out[text.size()] = '\0';
  return SQLITE_OK;
}

int Vfs::randomness(sqlite3_vfs* vfs, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(disk_of(vfs).draws_.next());
  return size;
}

int Vfs::sleep(sqlite3_vfs* vfs, int microseconds) {
  disk_of(vfs).take(std::chrono::microseconds(microseconds));
  return microseconds;
}

int Vfs::current_time(sqlite3_vfs* vfs, double* julian_days) {
  const auto since = disk_of(vfs).now().time_since_epoch();
  *julian_days = std::chrono::duration<double, std::ratio<86400>>(since).count();
  return SQLITE_OK;
}

int Vfs::read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  const OpenFile& opened = open_file(file);
  if (is_dead(opened)) return SQLITE_IOERR;
  if (opened.path == opened.disk->unreadable_) return SQLITE_IOERR_READ;
  const std::string_view content = opened.file->content();
  const auto begin = std::min(static_cast<std::size_t>(offset), content.size());
  const std::string_view part = content.substr(begin, static_cast<std::size_t>(size));
  std::memcpy(to, part.data(), part.size());
  if (part.size() == static_cast<std::size_t>(size)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + part.size(), 0,
              static_cast<std::size_t>(size) - part.size());
  return SQLITE_IOERR_SHORT_READ;
}

int Vfs::write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const OpenFile& opened = open_file(file);
  if (is_dead(opened)) return SQLITE_IOERR_WRITE;
  VirtualDisk& disk = *opened.disk;
  const auto end = static_cast<std::size_t>(offset) + static_cast<std::size_t>(size);
  const std::size_t now = opened.file->content().size();
  if (end > now && !disk.has_room_for(end - now)) return SQLITE_FULL;
  if (disk.fails()) return SQLITE_IOERR_WRITE;
  disk.take(kWriteTime);
  opened.file->write(disk.now(), static_cast<std::size_t>(offset),
                     {static_cast<const char*>(from), static_cast<std::size_t>(size)});
  return SQLITE_OK;
}

int Vfs::truncate(sqlite3_file* file, sqlite3_int64 size) {
  const OpenFile& opened = open_file(file);
  if (is_dead(opened) || opened.disk->fails()) return SQLITE_IOERR_TRUNCATE;
  opened.disk->take(kWriteTime);
  opened.file->truncate(opened.disk->now(), static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int Vfs::sync(sqlite3_file* file, int /*flags*/) {
  const OpenFile& opened = open_file(file);
  if (is_dead(opened)) return SQLITE_IOERR_FSYNC;
  VirtualDisk& disk = *opened.disk;
  disk.take(kSyncTime + disk.draws_.up_to(kSyncTime) + disk.slow_);
  if (disk.slow_ > base::Duration::zero()) disk.world_.count_happening(Happening::kSyncSlowed);
  if (disk.fails()) return SQLITE_IOERR_FSYNC;
  opened.file->sync(disk.now(), disk.lies_);
  if (disk.lies_) disk.world_.count_happening(Happening::kSyncLied);
  return SQLITE_OK;
}

int Vfs::size(sqlite3_file* file, sqlite3_int64* out) {
  const OpenFile& opened = open_file(file);
  if (is_dead(opened)) return SQLITE_IOERR_FSTAT;
  *out = static_cast<sqlite3_int64>(opened.file->content().size());
  return SQLITE_OK;
}

}  // namespace prometheus_rsocket::sim

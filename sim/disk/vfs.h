// SQLite's view of a virtual disk: a sqlite3_vfs of its own. Internal to sim/disk.
#pragma once

#include <sqlite3.h>

#include <string>

#include "sim/disk/virtual_disk.h"

namespace prometheus_rsocket::sim {

// Known to SQLite by its name as long as it lives. There are no locks: one process uses the disk.
// What SQLite draws and what time it sees are the disk's, too.
class Vfs {
 public:
  explicit Vfs(VirtualDisk& disk);
  ~Vfs();
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;

  [[nodiscard]] const char* name() const { return name_.c_str(); }

 private:
  struct OpenFile;
  static VirtualDisk& disk_of(sqlite3_vfs* vfs);
  static OpenFile& open_file(sqlite3_file* file);
  static bool is_dead(const OpenFile& file);

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out);
  static int remove(sqlite3_vfs* vfs, const char* path, int sync);
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out);
  static int full_path(sqlite3_vfs* vfs, const char* path, int size, char* out);
  static int randomness(sqlite3_vfs* vfs, int size, char* out);
  static int sleep(sqlite3_vfs* vfs, int microseconds);
  static int current_time(sqlite3_vfs* vfs, double* julian_days);

  static int close(sqlite3_file* file);
  static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset);
  static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  static int sync(sqlite3_file* file, int flags);
  static int size(sqlite3_file* file, sqlite3_int64* out);

  static const sqlite3_io_methods kMethods;

  std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace prometheus_rsocket::sim

// A disk in virtual time, for real SQLite: what is written takes time, and is lost as real disks
// lose it when the process is killed or the power goes.
//
// What one piece of work writes has moments of its own, each a little later than the one before
// (Blocking). Who is killed in between has written what came before that moment, the write under
// way perhaps by half. When the power goes, of what was written since the last sync each write may
// be on the disk, or not, or by half, whatever became of the others. Names of files are on the disk
// at once. What happens beside a piece of work, as when a process starts, takes no time.
//
// One process uses it at a time. It outlives those, as a volume outlives who mounts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "runtime/disk.h"
#include "sim/draw.h"
#include "sim/worker.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim {

class DiskFile;
class Vfs;

class VirtualDisk final : public runtime::Disk, public Blocking {
 public:
  VirtualDisk(World& world, Draws draws);
  ~VirtualDisk() override;
  VirtualDisk(const VirtualDisk&) = delete;
  VirtualDisk& operator=(const VirtualDisk&) = delete;

  // --- The seam
  [[nodiscard]] const char* sqlite_vfs() const override;
  [[nodiscard]] boost::system::result<Claim> claim(const std::string& folder) override;
  [[nodiscard]] runtime::error_code make_private(const std::string& file) override;
  [[nodiscard]] std::optional<std::uint64_t> size(const std::string& path) override;
  [[nodiscard]] runtime::error_code remove(const std::string& path) override;
  [[nodiscard]] runtime::error_code rename(const std::string& from, const std::string& to) override;
  void begin_work() override;
  base::Duration end_work() override;

  // --- What happens to it

  // Its process was killed: nothing of what that has open reaches the disk any more. To be called
  // before the process is destroyed, which would write more; by a piece of work, at its moment.
  void process_killed();
  // The same, and the power is gone.
  void power_lost();
  // Of all files together; beyond, writes fail. Nothing: no limit.
  void limit(std::optional<std::uint64_t> bytes_max) { bytes_max_ = bytes_max; }
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t bytes_of(const std::string& path) const;
  // Of what a piece of work writes, syncs and names so many of a hundred fail, with an I/O error.
  void fail(std::uint32_t percent) { fail_percent_ = percent; }
  // No file gets or loses a name.
  void keep_names(bool keeps) { keeps_names_ = keeps; }
  // What is read of this file, too; none: of all it can be read.
  void fail_reads(std::string path) { unreadable_ = std::move(path); }
  // A sync takes so much longer.
  void slow(base::Duration more) { slow_ = more; }
  // From now on it says that it has synced, and has not: what is written is as good as unsynced.
  void lie(bool lies) { lies_ = lies; }
  // Calls `then` once, when the next piece of work writes: it takes from now to so much later.
  // Nothing: not any more.
  void when_writing(std::function<void(base::Duration took)> then) { writing_ = std::move(then); }
  // A byte of a file changes its value. False: there is none.
  bool rot(const std::string& path);
  // This byte. REQUIRES: the file has it.
  void rot(const std::string& path, std::size_t offset, char becomes);

  // Since the last call something was lost that it had said was synced, or a byte has changed.
  [[nodiscard]] bool take_betrayal() { return std::exchange(has_betrayed_, false); }
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  friend class Vfs;
  friend class DiskFile;

  [[nodiscard]] base::Instant now() const { return world_.now() + elapsed_; }
  void take(base::Duration time) {
    if (is_working_) elapsed_ += time;
  }
  [[nodiscard]] bool has_room_for(std::uint64_t more) const;
  [[nodiscard]] bool fails();

  World& world_;
  Draws draws_;
  bool is_working_ = false;
  base::Duration elapsed_{};  // of the work under way
  std::optional<std::uint64_t> bytes_max_;
  base::Duration slow_{};
  std::uint32_t fail_percent_ = 0;
  bool lies_ = false;
  bool keeps_names_ = false;
  std::string unreadable_;
  std::function<void(base::Duration)> writing_;
  bool has_betrayed_ = false;
  std::uint64_t life_ = 0;  // of processes: files that an earlier one opened are dead
  std::map<std::string, std::shared_ptr<DiskFile>> files_;
  std::unique_ptr<Vfs> vfs_;
};

}  // namespace prometheus_rsocket::sim

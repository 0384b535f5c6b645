#include "sim/disk/virtual_disk.h"

#include <boost/system/errc.hpp>
#include <utility>

#include "base/check.h"
#include "sim/disk/disk_file.h"
#include "sim/disk/vfs.h"

namespace prometheus_rsocket::sim {
namespace {

using boost::system::errc::make_error_code;

const auto kReadOnly = make_error_code(boost::system::errc::read_only_file_system);
const auto kFailed = make_error_code(boost::system::errc::io_error);

}  // namespace

VirtualDisk::VirtualDisk(World& world, Draws draws)
    : world_(world), draws_(draws), vfs_(std::make_unique<Vfs>(*this)) {}

VirtualDisk::~VirtualDisk() = default;

const char* VirtualDisk::sqlite_vfs() const { return vfs_->name(); }

// Who else would have it is dead.
boost::system::result<runtime::Disk::Claim> VirtualDisk::claim(const std::string& folder) {
  return Claim(std::make_shared<std::string>(folder));
}

runtime::error_code VirtualDisk::make_private(const std::string& file) {
  if (keeps_names_ && !files_.contains(file)) return kReadOnly;
  if (!files_.contains(file) && fails()) return kFailed;
  files_.try_emplace(file, std::make_shared<DiskFile>());
  return {};
}

std::optional<std::uint64_t> VirtualDisk::size(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return std::nullopt;
  return found->second->content().size();
}

runtime::error_code VirtualDisk::remove(const std::string& path) {
  if (keeps_names_ && files_.contains(path)) return kReadOnly;
  if (files_.contains(path) && fails()) return kFailed;
  files_.erase(path);
  return {};
}

runtime::error_code VirtualDisk::rename(const std::string& from, const std::string& to) {
  if (keeps_names_) return kReadOnly;
  if (fails()) return kFailed;
  auto file = files_.extract(from);
  if (file.empty()) return make_error_code(boost::system::errc::no_such_file_or_directory);
  file.key() = to;
  CHECK(files_.insert(std::move(file)).inserted, "there is no such file yet");
  return {};
}

void VirtualDisk::begin_work() {
  is_working_ = true;
  for (const auto& [path, file] : files_) file->settle(world_.now());
}

base::Duration VirtualDisk::end_work() {
  is_working_ = false;
  const base::Duration took = std::exchange(elapsed_, {});
  if (writing_ && took > base::Duration::zero()) std::exchange(writing_, nullptr)(took);
  return took;
}

void VirtualDisk::process_killed() {
  ++life_;
  for (const auto& [path, file] : files_) {
    if (file->cut(now(), draws_)) world_.count_happening(Happening::kWriteCutShort);
  }
}

void VirtualDisk::power_lost() {
  process_killed();
  for (const auto& [path, file] : files_) {
    if (file->has_unsynced()) world_.count_happening(Happening::kUnsyncedLost);
    if (file->lose_power(draws_)) has_betrayed_ = true;
  }
}

std::uint64_t VirtualDisk::bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, file] : files_) bytes += file->content().size();
  return bytes;
}

std::uint64_t VirtualDisk::bytes_of(const std::string& path) const {
  return files_.at(path)->content().size();
}

bool VirtualDisk::has_room_for(std::uint64_t more) const {
  if (!bytes_max_ || bytes() + more <= *bytes_max_) return true;
  world_.count_happening(Happening::kDiskFull);
  return false;
}

bool VirtualDisk::fails() {
  if (!is_working_ || fail_percent_ == 0 || !draws_.percent(fail_percent_)) return false;
  world_.count_happening(Happening::kDiskFailed);
  return true;
}

bool VirtualDisk::rot(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end() || found->second->content().empty()) return false;
  found->second->rot(draws_);
  has_betrayed_ = true;
  world_.count_happening(Happening::kByteRotted);
  return true;
}

void VirtualDisk::rot(const std::string& path, std::size_t offset, char becomes) {
  files_.at(path)->rot(offset, becomes);
  has_betrayed_ = true;
}

std::vector<std::string> VirtualDisk::files() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : files_) paths.push_back(path);
  return paths;
}

}  // namespace prometheus_rsocket::sim

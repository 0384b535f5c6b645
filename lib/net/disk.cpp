#include "net/disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace prometheus_rsocket::net {
namespace {

using runtime::error_code;

error_code last_error() { return {errno, boost::system::system_category()}; }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

int open_folder(const std::string& folder) {
  return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// What names a file is on disk with its folder.
error_code sync_folder(const std::string& folder) {
  const Descriptor opened(open_folder(folder));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) return last_error();
  return {};
}

std::string parent_of(const std::string& path) {
  const auto parent = std::filesystem::absolute(path).lexically_normal().parent_path();
  return parent.string();
}

class SystemDisk final : public runtime::Disk {
 public:
  [[nodiscard]] const char* sqlite_vfs() const override { return nullptr; }

  // A lock on the folder takes no file and no room.
  [[nodiscard]] boost::system::result<Claim> claim(const std::string& folder) override {
    if (::mkdir(folder.c_str(), S_IRWXU) == 0) {
      if (const auto error = sync_folder(parent_of(folder))) return error;
    } else if (errno != EEXIST) {
      return last_error();
    }
    auto opened = std::make_shared<Descriptor>(open_folder(folder));
    if (opened->get() < 0) return last_error();
    if (::flock(opened->get(), LOCK_EX | LOCK_NB) == 0) return Claim(std::move(opened));
    if (errno != EWOULDBLOCK) return last_error();
    return make_error_code(boost::system::errc::device_or_resource_busy);
  }

  [[nodiscard]] error_code make_private(const std::string& file) override {
    const Descriptor made(
        ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    // Also of one that somebody made beforehand.
    if (made.get() < 0 || ::fchmod(made.get(), S_IRUSR | S_IWUSR) != 0) return last_error();
    return sync_folder(parent_of(file));
  }

  [[nodiscard]] std::optional<std::uint64_t> size(const std::string& path) override {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(found.st_size);
  }

  [[nodiscard]] error_code remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return last_error();
    return {};
  }

  [[nodiscard]] error_code rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) return last_error();
    return sync_folder(parent_of(to));
  }
};

}  // namespace

std::unique_ptr<runtime::Disk> make_disk() { return std::make_unique<SystemDisk>(); }

}  // namespace prometheus_rsocket::net

// A folder of a program's own among the system's temporary ones; it goes with this, and all in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace prometheus_rsocket::bench {

class ScratchFolder {
 public:
  // Throws where there can be none.
  explicit ScratchFolder(const std::string& program) {
    std::string pattern = (std::filesystem::temp_directory_path() / (program + "-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder in " + pattern);
    path_ = pattern;
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace prometheus_rsocket::bench

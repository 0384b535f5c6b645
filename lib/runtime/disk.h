// Files at the seam: as much of them as a store that is SQLite's takes.
//
// Everything here blocks: it is called from a Worker's work (worker.h), or before anybody is
// served.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/handler.h"

namespace prometheus_rsocket::runtime {

class Disk {
 public:
  virtual ~Disk() = default;

  // The sqlite3_vfs through which SQLite sees these files; null: the system's.
  [[nodiscard]] virtual const char* sqlite_vfs() const = 0;

  // A folder that is one process's alone, made (0700) if it is not there: until what is given back
  // is gone, or the process. device_or_resource_busy: another one has it.
  using Claim = std::shared_ptr<void>;
  [[nodiscard]] virtual boost::system::result<Claim> claim(const std::string& folder) = 0;

  // An empty file (0600) in a folder that is there; fine if it is there and is ours to write.
  [[nodiscard]] virtual error_code make_private(const std::string& file) = 0;
  // In bytes; nothing: there is no such file.
  [[nodiscard]] virtual std::optional<std::uint64_t> size(const std::string& path) = 0;
  [[nodiscard]] bool exists(const std::string& path) { return size(path).has_value(); }
  // Fine if there is no such file.
  [[nodiscard]] virtual error_code remove(const std::string& path) = 0;
  // For good, also when the power goes. REQUIRES: `to` does not exist, and is in the same folder.
  [[nodiscard]] virtual error_code rename(const std::string& from, const std::string& to) = 0;
};

}  // namespace prometheus_rsocket::runtime

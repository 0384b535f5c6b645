// The real proxy binary as the child of a benchmark, on free ports of 127.0.0.1.
#pragma once

#include <sys/types.h>

#include <boost/system/result.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.h"

namespace prometheus_rsocket::bench {

// Where a proxy listens, on 127.0.0.1.
struct Ports {
  std::uint16_t http = 0;
  std::uint16_t tcp = 0;
  std::uint16_t websocket = 0;

  friend bool operator==(const Ports&, const Ports&) = default;
};

// The ports of the lines `msg="listening" kind=… address=…:PORT` (design.md, "Surface"); nothing
// until all three kinds are there, in whole lines.
[[nodiscard]] std::optional<Ports> ports_of(std::string_view log);

// The proxy of the build tree that the running program is from.
[[nodiscard]] std::filesystem::path proxy_of_this_build();

class ProxyProcess {
 public:
  // Starts `binary` with `flags` beside those for its addresses, and returns once it listens. Its
  // log goes to us alone. Otherwise why not, in words, with what the proxy said.
  [[nodiscard]] static boost::system::result<std::unique_ptr<ProxyProcess>, std::string> start(
      const std::filesystem::path& binary, const std::vector<std::string>& flags);

  [[nodiscard]] const Ports& ports() const { return ports_; }
  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  // As ChildProcess's.
  [[nodiscard]] std::string log() const { return child_->log(); }
  [[nodiscard]] std::optional<int> stop() { return child_->stop(); }

 private:
  ProxyProcess(std::unique_ptr<ChildProcess> child, const Ports& ports);

  std::unique_ptr<ChildProcess> child_;
  Ports ports_;
};

}  // namespace prometheus_rsocket::bench

// The real proxy binary as the child of a benchmark: started on free ports of 127.0.0.1, its log
// read, ended by its id.
//
// It ends with us whatever happens: by stop(), by the destructor, or, should we be killed, by the
// system (PR_SET_PDEATHSIG, which looks at the thread that started it).
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

// The proxy of the build tree that the running program is from: ../proxy/ beside its own folder.
[[nodiscard]] std::filesystem::path proxy_of_this_build();

class ProxyProcess {
 public:
  // Starts `binary` with `flags` beside those for its addresses, and returns once it listens. Its
  // log goes to us alone. Otherwise why not, in words, with what the proxy said.
  [[nodiscard]] static boost::system::result<std::unique_ptr<ProxyProcess>, std::string> start(
      const std::filesystem::path& binary, const std::vector<std::string>& flags);
  ~ProxyProcess();  // kills it if stop() was not called

  ProxyProcess(const ProxyProcess&) = delete;
  ProxyProcess& operator=(const ProxyProcess&) = delete;

  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] const Ports& ports() const;
  // The end of what it has logged, at most 64 KiB.
  [[nodiscard]] std::string log() const;

  // SIGTERM, and its exit code; nothing if it did not end within 30 s or ended by a signal, and
  // then it is killed. Once.
  [[nodiscard]] std::optional<int> stop();

 private:
  struct Child;
  explicit ProxyProcess(std::unique_ptr<Child> child);

  std::unique_ptr<Child> child_;
};

}  // namespace prometheus_rsocket::bench

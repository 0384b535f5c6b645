// Another program as the child of a benchmark: its log (stderr) read, ended by its id. It must be
// that process itself: of a shell that starts it and waits, only the shell would be ended.
//
// It ends with us whatever happens: by stop(), by the destructor, or, should we be killed, by the
// system (PR_SET_PDEATHSIG, which looks at the thread that started it).
#pragma once

#include <sys/types.h>

#include <boost/system/result.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::bench {

// The program at `path` below the build tree that the running program is from, such as
// `bench/scale_load`.
[[nodiscard]] std::filesystem::path program_of_this_build(const std::filesystem::path& path);

class ChildProcess {
 public:
  // Otherwise why not, in words. What the program writes to stderr comes to us alone.
  [[nodiscard]] static boost::system::result<std::unique_ptr<ChildProcess>, std::string> start(
      const std::filesystem::path& binary, const std::vector<std::string>& arguments);
  ~ChildProcess();  // kills it if stop() was not called

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const;
  // The end of what it has logged, at most 64 KiB.
  [[nodiscard]] std::string log() const;

  // Waits until `is_there` holds for the log; false at the deadline and when the child has ended
  // without it. Called again for each piece that is logged, under a lock.
  [[nodiscard]] bool wait_for(const std::function<bool(std::string_view log)>& is_there,
                              std::chrono::seconds time_max) const;

  // SIGTERM, and its exit code; nothing if it did not end within 30 s or ended by a signal, and
  // then it is killed. Once.
  [[nodiscard]] std::optional<int> stop();

 private:
  struct Child;
  explicit ChildProcess(std::unique_ptr<Child> child);

  std::unique_ptr<Child> child_;
};

}  // namespace prometheus_rsocket::bench

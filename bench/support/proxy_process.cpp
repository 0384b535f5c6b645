#include "support/proxy_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

namespace prometheus_rsocket::bench {
namespace {

using boost::system::result;

constexpr std::chrono::seconds kStartTime{30};
constexpr std::chrono::seconds kStopTime{30};
constexpr std::size_t kLogBytesMax = std::size_t{64} * 1024;
constexpr int kExecFailed = 127;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return number_; }
  void reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

std::uint16_t port_in(std::string_view line) {
  const auto colon = line.rfind(':');
  if (colon == std::string_view::npos) return 0;
  std::uint16_t port = 0;
  std::from_chars(line.data() + colon + 1, line.data() + line.size(), port);
  return port;
}

// Reads a child's log on a thread of its own until the child closes it, so that the child never
// waits for a reader.
class LogReader {
 public:
  explicit LogReader(int descriptor)
      : descriptor_(descriptor), thread_([this] { read_to_end(); }) {}

  [[nodiscard]] std::string text() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

  // The ports, once they are told; nothing at the deadline or when the log has ended.
  [[nodiscard]] std::optional<Ports> wait_for_ports(std::chrono::seconds time_max) {
    std::unique_lock lock(mutex_);
    std::optional<Ports> ports;
    changed_.wait_for(lock, time_max, [&] { return (ports = ports_of(text_)) || ended_; });
    return ports;
  }

  // Whether the log ends before the deadline: its writer has ended, then.
  [[nodiscard]] bool wait_for_end(std::chrono::seconds time_max) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time_max, [&] { return ended_; });
  }

 private:
  void read_to_end() {
    std::array<char, 4096> part{};
    while (true) {
      const ssize_t size = ::read(descriptor_.get(), part.data(), part.size());
      if (size < 0 && errno == EINTR) continue;
      const std::scoped_lock lock(mutex_);
      if (size <= 0) {
        ended_ = true;
      } else {
        text_.append(part.data(), static_cast<std::size_t>(size));
        if (text_.size() > kLogBytesMax) text_.erase(0, text_.size() - kLogBytesMax);
      }
      changed_.notify_all();
      if (ended_) return;
    }
  }

  Descriptor descriptor_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  bool ended_ = false;
  std::jthread thread_;
};

// What the child does between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* path, char* const* arguments, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent) {  // otherwise we are orphaned already
    ::dup2(log, STDERR_FILENO);
    ::execv(path, arguments);
  }
  ::_exit(kExecFailed);
}

}  // namespace

std::optional<Ports> ports_of(std::string_view log) {
  Ports ports;
  for (auto end = log.find('\n'); end != std::string_view::npos; end = log.find('\n')) {
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end + 1);
    if (line.find("msg=\"listening\"") == std::string_view::npos &&
        line.find("msg=listening") == std::string_view::npos) {
      continue;
    }
    if (line.find(" kind=http ") != std::string_view::npos) ports.http = port_in(line);
    if (line.find(" kind=tcp ") != std::string_view::npos) ports.tcp = port_in(line);
    if (line.find(" kind=websocket ") != std::string_view::npos) ports.websocket = port_in(line);
  }
  if (ports.http == 0 || ports.tcp == 0 || ports.websocket == 0) return std::nullopt;
  return ports;
}

std::filesystem::path proxy_of_this_build() {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return self.parent_path().parent_path() / "proxy" / "prometheus-rsocket-proxy";
}

struct ProxyProcess::Child {
  Child(pid_t id, int log_descriptor) : pid(id), log(log_descriptor) {}
  ~Child() {
    if (is_reaped) return;
    ::kill(pid, SIGKILL);
    reap();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Waits for its end; the status of waitpid(2).
  int reap() {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    is_reaped = true;
    return status;
  }

  pid_t pid;
  bool is_reaped = false;
  Ports ports;
  LogReader log;
};

result<std::unique_ptr<ProxyProcess>, std::string> ProxyProcess::start(
    const std::filesystem::path& binary, const std::vector<std::string>& flags) {
  const std::string path = binary.string();
  if (::access(path.c_str(), X_OK) != 0) {
    return "there is no proxy at " + path + ": build it, or name one with --proxy=PATH";
  }
  std::vector<std::string> words{path, "--web.listen-address=127.0.0.1:0",
                                 "--rsocket.tcp-address=127.0.0.1:0",
                                 "--rsocket.websocket-address=127.0.0.1:0"};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::string("no pipe: ") + std::strerror(errno);
  Descriptor write_end(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(path.c_str(), arguments.data(), write_end.get(), parent);
  if (pid < 0) {
    ::close(ends[0]);
    return std::string("no process: ") + std::strerror(errno);
  }
  write_end.reset();  // so that the log ends with the child
  auto child = std::make_unique<Child>(pid, ends[0]);
  const auto ports = child->log.wait_for_ports(kStartTime);
  if (!ports) return "the proxy did not start:\n" + child->log.text();
  child->ports = *ports;
  return std::unique_ptr<ProxyProcess>(new ProxyProcess(std::move(child)));
}

ProxyProcess::ProxyProcess(std::unique_ptr<Child> child) : child_(std::move(child)) {}
ProxyProcess::~ProxyProcess() = default;

pid_t ProxyProcess::pid() const { return child_->pid; }
const Ports& ProxyProcess::ports() const { return child_->ports; }
std::string ProxyProcess::log() const { return child_->log.text(); }

std::optional<int> ProxyProcess::stop() {
  ::kill(child_->pid, SIGTERM);
  if (!child_->log.wait_for_end(kStopTime)) ::kill(child_->pid, SIGKILL);
  const int status = child_->reap();
  if (!WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

}  // namespace prometheus_rsocket::bench

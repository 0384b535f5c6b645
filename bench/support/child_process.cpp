#include "support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

namespace prometheus_rsocket::bench {
namespace {

using boost::system::result;

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

  [[nodiscard]] bool wait_for(const std::function<bool(std::string_view)>& is_there,
                              std::chrono::seconds time_max) const {
    std::unique_lock lock(mutex_);
    bool found = false;
    changed_.wait_for(lock, time_max, [&] { return (found = is_there(text_)) || ended_; });
    return found;
  }

  // Whether the log ends before the deadline: its writer has ended, then.
  [[nodiscard]] bool wait_for_end(std::chrono::seconds time_max) const {
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
  mutable std::condition_variable changed_;
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

std::filesystem::path program_of_this_build(const std::filesystem::path& path) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return self.parent_path().parent_path() / path;
}

struct ChildProcess::Child {
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
  LogReader log;
};

result<std::unique_ptr<ChildProcess>, std::string> ChildProcess::start(
    const std::filesystem::path& binary, const std::vector<std::string>& arguments) {
  const std::string path = binary.string();
  if (::access(path.c_str(), X_OK) != 0) return "there is no program at " + path;
  std::vector<std::string> words{path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::string("no pipe: ") + std::strerror(errno);
  Descriptor write_end(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(path.c_str(), pointers.data(), write_end.get(), parent);
  if (pid < 0) {
    ::close(ends[0]);
    return std::string("no process: ") + std::strerror(errno);
  }
  write_end.reset();  // so that the log ends with the child
  return std::unique_ptr<ChildProcess>(new ChildProcess(std::make_unique<Child>(pid, ends[0])));
}

ChildProcess::ChildProcess(std::unique_ptr<Child> child) : child_(std::move(child)) {}
ChildProcess::~ChildProcess() = default;

pid_t ChildProcess::pid() const { return child_->pid; }
std::string ChildProcess::log() const { return child_->log.text(); }

bool ChildProcess::wait_for(const std::function<bool(std::string_view)>& is_there,
                            std::chrono::seconds time_max) const {
  return child_->log.wait_for(is_there, time_max);
}

std::optional<int> ChildProcess::stop() {
  ::kill(child_->pid, SIGTERM);
  if (!child_->log.wait_for_end(kStopTime)) ::kill(child_->pid, SIGKILL);
  const int status = child_->reap();
  if (!WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

}  // namespace prometheus_rsocket::bench

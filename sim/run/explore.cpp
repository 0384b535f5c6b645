#include "sim/run/explore.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <type_traits>

#include "base/check.h"
#include "sim/draw.h"
#include "sim/machine/heap.h"

namespace prometheus_rsocket::sim::run {
namespace {

constexpr std::uint64_t kSecondSalt = 0x5eedU;

// What a worker tells of one seed, through its pipe: fixed in size, and below PIPE_BUF.
struct Told {
  std::uint64_t seed;
  std::uint64_t hash;
  std::uint64_t events;
  std::int64_t virtual_time;
  Verdict verdict;
  std::uint32_t oracles;  // Failure's
  bool begins;            // it is about to run: who dies now dies of this one
  Counts counts;
};
static_assert(std::is_trivially_copyable_v<Told> && sizeof(Told) <= 4096);

std::uint32_t bit_of(std::string_view oracle) {
  const auto all = oracle::oracles();
  const auto found = std::ranges::find(all, oracle, &oracle::Oracle::name);
  return found == all.end() ? 0 : std::uint32_t{1} << (found - all.begin());
}

std::uint32_t bits_of(const std::vector<oracle::Violation>& violations) {
  std::uint32_t bits = 0;
  for (const oracle::Violation& violation : violations) bits |= bit_of(violation.oracle);
  return bits;
}

struct Worker {
  pid_t process = -1;
  int pipe = -1;
  std::uint64_t next = 0;  // the index after the last that it was given
  std::optional<std::uint64_t> running;
};

class Explorer {
 public:
  explicit Explorer(const Exploration& what) : what_(what), jobs_(std::max(1U, what.jobs)) {}

  Summary run() {
    std::vector<Worker> workers(jobs_);
    for (unsigned i = 0; i < jobs_; ++i) {
      workers[i].next = i;
      start(workers[i]);
    }
    while (std::ranges::any_of(workers, [](const Worker& w) { return w.pipe >= 0; })) {
      listen(workers);
    }
    for (const auto& [seed, hash] : hashes_) summary_.hash = mix(summary_.hash, hash);
    std::ranges::sort(summary_.failures, {}, &Failure::seed);
    return std::move(summary_);
  }

 private:
  // Every jobs_-th seed from worker.next on, in a process of its own.
  void start(Worker& worker) {
    if (enough_ || worker.next >= what_.seeds) return;
    int ends[2];
    CHECK(::pipe(ends) == 0, "a pipe can be made");
    std::fflush(nullptr);
    worker.process = ::fork();
    CHECK(worker.process >= 0, "a process can be made");
    if (worker.process == 0) {
      ::close(ends[0]);
      work(worker.next, ends[1]);
    }
    ::close(ends[1]);
    worker.pipe = ends[0];
  }

  [[noreturn]] void work(std::uint64_t from, int pipe) const {
    for (std::uint64_t i = from; i < what_.seeds; i += jobs_) {
      Told told{};
      told.seed = what_.first_seed + i;
      told.begins = true;
      tell(pipe, told);
      const bool twice = what_.twice_every > 0 && told.seed % what_.twice_every == 0;
      const Judged judged = judge(what_.draw(told.seed), twice);
      told.begins = false;
      told.hash = judged.report.hash;
      told.events = judged.report.events;
      told.virtual_time = judged.report.virtual_time.count();
      told.verdict = judged.verdict;
      told.oracles = bits_of(judged.report.violations);
      told.counts = judged.report.counts;
      tell(pipe, told);
    }
    ::_exit(0);
  }

  static void tell(int pipe, const Told& told) {
    if (::write(pipe, &told, sizeof told) != static_cast<ssize_t>(sizeof told)) ::_exit(0);
  }

  void listen(std::vector<Worker>& workers) {
    std::vector<pollfd> waits;
    for (const Worker& worker : workers) waits.push_back({worker.pipe, POLLIN, 0});
    if (::poll(waits.data(), waits.size(), -1) < 0) return;
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if (waits[i].fd >= 0 && waits[i].revents != 0) hear(workers[i]);
    }
  }

  void hear(Worker& worker) {
    Told told;
    if (::read(worker.pipe, &told, sizeof told) == static_cast<ssize_t>(sizeof told)) {
      take(worker, told);
      return;
    }
    ::close(worker.pipe);
    worker.pipe = -1;
    int status = 0;
    ::waitpid(worker.process, &status, 0);
    if (!worker.running) return;
    // It died of this seed; the others of its share go on.
    fail({*worker.running, Verdict::kUnsafe, 0});
    ++summary_.runs;
    worker.next = *worker.running - what_.first_seed + jobs_;
    worker.running.reset();
    start(worker);
  }

  void fail(const Failure& failure) {
    summary_.failures.push_back(failure);
    if (what_.failed && !what_.failed(failure)) enough_ = true;
  }

  void take(Worker& worker, const Told& told) {
    if (told.begins) {
      worker.running = told.seed;
      return;
    }
    worker.running.reset();
    ++summary_.runs;
    summary_.events += told.events;
    summary_.virtual_time += base::Duration(told.virtual_time);
    summary_.counts.add(told.counts);
    hashes_.emplace(told.seed, told.hash);
    if (told.verdict != Verdict::kFine) {
      fail({told.seed, told.verdict, told.oracles});
    }
    if (!enough_ && what_.progress && !what_.progress(summary_.runs)) enough_ = true;
    if (!enough_) return;
    ::close(worker.pipe);  // its next word ends it
    worker.pipe = -1;
    int status = 0;
    ::waitpid(worker.process, &status, 0);
  }

  const Exploration& what_;
  const unsigned jobs_;
  bool enough_ = false;
  Summary summary_;
  std::map<std::uint64_t, std::uint64_t> hashes_;
};

}  // namespace

bool Failure::is_of(std::string_view oracle) const { return (oracles & bit_of(oracle)) != 0; }

Verdict verdict_of(const std::vector<oracle::Violation>& violations) {
  Verdict verdict = Verdict::kFine;
  for (const oracle::Violation& violation : violations) {
    if (!violation.oracle.starts_with('L')) return Verdict::kUnsafe;
    verdict = Verdict::kNotLive;
  }
  return verdict;
}

Judged judge(const scenario::Scenario& scenario, bool twice) {
  Judged judged{run(scenario), Verdict::kFine};
  judged.verdict = verdict_of(judged.report.violations);
  if (!twice) return judged;
  machine::set_heap_salt(kSecondSalt);
  const std::uint64_t again = run(scenario).hash;
  machine::set_heap_salt(0);
  if (again != judged.report.hash) judged.verdict = Verdict::kNotDeterministic;
  return judged;
}

Summary explore(const Exploration& exploration) { return Explorer(exploration).run(); }

}  // namespace prometheus_rsocket::sim::run

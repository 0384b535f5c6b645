#include "sim/world.h"

#include <utility>

#include "base/check.h"
#include "sim/kernel.h"
#include "sim/virtual_network.h"

namespace prometheus_rsocket::sim {
Address ip(std::string_view literal) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(literal, error);
  CHECK(!error, "an address literal");
  return address;
}

struct World::Impl {
  Impl(std::uint64_t seed, const Config& config) : kernel(seed, config), network(kernel) {}

  void end(Process& process, Ending ending) {
    CHECK(process.alive(), "a process ends once");
    process.state().end(ending);
  }

  HostFaults& faults(const Address& host) { return network.host(host).faults; }

  Kernel kernel;
  VirtualNetwork network;
  std::vector<std::unique_ptr<Process>> processes;
};

World::World(std::uint64_t seed, Config config) : impl_(std::make_unique<Impl>(seed, config)) {}

World::~World() {
  for (const auto& process : impl_->processes) {
    if (process->alive()) impl_->end(*process, Ending::kStopped);
  }
  for (const auto& process : impl_->processes) process->state().drop_waiting_operations();
  impl_->kernel.events.cancel_all();  // what is on the wire belongs to the network
}

std::uint64_t World::seed() const { return impl_->kernel.seed; }

base::Instant World::now() const { return impl_->kernel.events.now(); }

Process& World::add_process(const Address& address, std::size_t shard_count) {
  Host& host = impl_->network.host(address);
  if (std::exchange(host.lost, false)) impl_->network.resume();
  impl_->processes.push_back(std::make_unique<Process>(std::make_unique<ProcessState>(
      impl_->kernel, impl_->network, host, impl_->processes.size(), shard_count)));
  return *impl_->processes.back();
}

void World::stop(Process& process) {
  impl_->kernel.count(Happening::kProcessStopped);
  impl_->end(process, Ending::kStopped);
}

void World::kill(Process& process) {
  impl_->kernel.count(Happening::kProcessKilled);
  impl_->end(process, Ending::kKilled);
}

void World::lose_host(const Address& address) {
  impl_->kernel.count(Happening::kHostLost);
  impl_->network.host(address).lost = true;
  for (const auto& process : impl_->processes) {
    if (process->host() == address && process->alive()) impl_->end(*process, Ending::kLost);
  }
}

void World::set_name(const std::string& name, std::vector<Address> addresses) {
  impl_->network.set_name(name, std::move(addresses));
}

void World::pause(Process& process) {
  CHECK(process.alive(), "only a live process is paused");
  process.state().is_paused = true;
}

void World::resume(Process& process) { process.state().resume(); }

// --- Network

void World::set_link(const Address& from, const Address& to, Link link) {
  impl_->network.links().set(from, to, link);
}

void World::cut(const Address& a, const Address& b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void World::cut_one_way(const Address& from, const Address& to) {
  impl_->network.links().cut(from, to);
}

void World::heal(const Address& a, const Address& b) {
  heal_one_way(a, b);
  heal_one_way(b, a);
}

void World::heal_one_way(const Address& from, const Address& to) {
  impl_->network.links().heal(from, to);
  impl_->network.resume();
}

void World::isolate(const Address& host) { impl_->faults(host).is_isolated = true; }

void World::rejoin(const Address& host) {
  impl_->faults(host).is_isolated = false;
  impl_->network.resume();
}

void World::slow(const Address& a, const Address& b, base::Duration more) {
  impl_->network.links().slow(a, b, more);
  impl_->network.links().slow(b, a, more);
}

// --- Faults of a host

void World::clog(const Address& host) { impl_->faults(host).is_clogged = true; }

void World::unclog(const Address& host) { impl_->network.unclog(impl_->network.host(host)); }

void World::limit_bandwidth(const Address& host, std::uint64_t bytes_per_second) {
  impl_->network.limit_bandwidth(impl_->network.host(host), bytes_per_second);
}

void World::set_one_byte(const Address& host, bool is_one_byte) {
  impl_->faults(host).is_one_byte = is_one_byte;
}

void World::set_short_io(const Address& host, std::optional<ShortIo> io) {
  impl_->faults(host).short_io = io;
}

void World::corrupt(const Address& host, std::uint32_t percent) {
  impl_->faults(host).corrupt_percent = percent;
}

void World::set_dials(const Address& host, Dials dials) { impl_->faults(host).dials = dials; }

void World::reset_connections(const Address& host) {
  impl_->network.reset_connections(impl_->network.host(host));
}

void World::forget_connections(const Address& host) {
  impl_->network.forget_connections(impl_->network.host(host));
}

void World::mend_network() { impl_->network.mend(); }

// --- Running

void World::run_until(base::Instant until) {
  EventQueue& events = impl_->kernel.events;
  while (events.step(until)) {
  }
  events.advance(until);
}

void World::run_for(base::Duration duration) { run_until(now() + duration); }

bool World::run_until(const std::function<bool()>& predicate, base::Duration limit) {
  EventQueue& events = impl_->kernel.events;
  const base::Instant until = now() + limit;
  while (!predicate()) {
    if (events.step(until)) continue;
    if (!events.empty()) events.advance(until);
    return false;
  }
  return true;
}

bool World::run_until_idle(base::Duration limit) {
  return run_until([this] { return idle(); }, limit);
}

bool World::idle() const { return impl_->kernel.events.idle(); }

std::uint64_t World::trace_hash() const { return impl_->kernel.events.hash(); }

void World::trace(std::string_view what, std::span<const std::byte> bytes) {
  EventQueue& events = impl_->kernel.events;
  events.fold(static_cast<std::uint64_t>(EventKind::kTrace));
  events.fold(hash_of(what));
  events.fold(hash_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

std::uint64_t World::events() const { return impl_->kernel.events.happened(); }

std::uint64_t World::count(Happening happening) const {
  return impl_->kernel.happenings[static_cast<std::size_t>(happening)];
}

void World::count_happening(Happening happening) { impl_->kernel.count(happening); }

std::size_t World::open_connections() const { return impl_->network.open_connections(); }

void World::on_connection(
    std::function<void(const runtime::Endpoint& to, const runtime::Endpoint& from)> arrived) {
  impl_->network.on_connection(std::move(arrived));
}

const std::vector<LogLine>& World::log() const { return impl_->kernel.log; }

std::string World::log_text() const {
  std::string text;
  for (const LogLine& line : log()) text += to_string(line) + "\n";
  return text;
}

}  // namespace prometheus_rsocket::sim

#include "sim/run/director.h"

#include <utility>

#include "sim/scenario/names.h"

namespace prometheus_rsocket::sim::run {
namespace {

using history::FaultEffect;
using history::Place;
using scenario::Command;
using scenario::CommandKind;
using scenario::Fault;
using scenario::FaultKind;

constexpr std::uint32_t kCorruptPercent = 1;
// How long what happens at one moment may show.
constexpr base::Duration kAfterglow = std::chrono::seconds(2);
// Until the name server knows of a proxy that ended without a word: meanwhile clients meet it.
constexpr base::Duration kNamesLag = std::chrono::seconds(20);
// A proxy that was killed while it wrote.
constexpr base::Duration kBackAfter = std::chrono::seconds(5);
constexpr int kRottenBytes = 20;
constexpr std::uint64_t kExtraScrapesMax = 8;
constexpr std::uint64_t kScrapesAtOnce = 4;  // --scrape.max-concurrent
constexpr base::Duration kImpatientAfter = std::chrono::milliseconds(200);

FaultEffect effect_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kPartition:
    case FaultKind::kOneWay:
    case FaultKind::kSlowLink:
      return FaultEffect::kBetween;
    case FaultKind::kCorrupt:
      return FaultEffect::kCorrupt;
    case FaultKind::kDiskFull:
    case FaultKind::kDiskSlow:
    case FaultKind::kDiskLies:
    case FaultKind::kDiskRots:
    case FaultKind::kDiskFails:
      return FaultEffect::kDisk;
    default:
      return FaultEffect::kTraffic;
  }
}

}  // namespace

Director::Director(World& world, history::Recorder& recorder, Stage& stage,
                   const scenario::Scenario& scenario)
    : world_(world), recorder_(recorder), stage_(stage), scenario_(scenario) {}

void Director::play() {
  const base::Instant start = world_.now();
  const base::Duration duration = scenario_.setup.duration;
  for (const Command& one : scenario_.commands) {
    if (one.at < duration) at(start + one.at, [this, &one] { command(one); });
  }
  for (const Fault& one : scenario_.faults) {
    if (one.at < duration) at(start + one.at, [this, &one] { fault(one); });
  }
  run_until(start + duration);
}

void Director::run_until(base::Instant end) {
  while (!agenda_.empty() && agenda_.begin()->first <= end) {
    auto next = agenda_.extract(agenda_.begin());
    world_.run_until(next.key());
    next.mapped()();
  }
  world_.run_until(end);
}

// All that is left of the agenda are ends: they happen now.
void Director::heal() {
  while (!agenda_.empty()) {
    const auto next = agenda_.extract(agenda_.begin());
    next.mapped()();
  }
  world_.mend_network();
  bool any = false;
  for (const auto& proxy : stage_.proxies()) {
    any = any || (proxy->running() && !proxy->draining());
  }
  if (!any) stage_.start_a_proxy(0);
  recorder_.note(history::Healed{});
}

// ---- Commands

void Director::command(const Command& what) {
  actor::Application* const client = stage_.client(what.target);
  switch (what.kind) {
    case CommandKind::kStartClient:
      return stage_.add_client();
    case CommandKind::kCloseClient:
      if (client != nullptr) client->close();
      return;
    case CommandKind::kPush:
      if (client != nullptr) client->push(history::PushKind::kFireAndForget);
      return;
    case CommandKind::kPushBlocking:
      if (client != nullptr) client->push(history::PushKind::kAcknowledged);
      return;
    case CommandKind::kKillClient:
      if (client != nullptr) client->kill();
      return;
    case CommandKind::kLoseClient:
      if (client != nullptr) client->lose();
      return;
    case CommandKind::kRestartClient:
      return restart_client(what.target, what.length);
    case CommandKind::kHangClient:
      return hang_client(what.target, what.length);
    case CommandKind::kGarbleClient:
      return garble_client(what.target, what.length);
    case CommandKind::kImpersonate:
      return impersonate(what);
    case CommandKind::kPauseClient:
      if (client != nullptr) pause(client->process(), client->place(), what.length);
      return;
    default:
      return command_proxy(what);
  }
}

void Director::command_proxy(const Command& what) {
  actor::ProxyHost& proxy = stage_.proxy(what.target);
  switch (what.kind) {
    case CommandKind::kStartProxy:
      return stage_.start_a_proxy(what.target);
    case CommandKind::kDrainProxy:
      proxy.drain();
      return stage_.update_names();
    case CommandKind::kKillProxy:
      proxy.kill();
      return at(world_.now() + kNamesLag, [this] { stage_.update_names(); });
    case CommandKind::kLoseProxy:
      proxy.lose();
      return at(world_.now() + kNamesLag, [this] { stage_.update_names(); });
    case CommandKind::kKillWriting:
      return kill_writing(proxy, what);
    case CommandKind::kRestartProxy:
      proxy.restart();
      return stage_.update_names();
    case CommandKind::kPauseProxy:
      return pause(proxy.process(), proxy.place(), what.length);
    case CommandKind::kAbortScrape:
      return stage_.prometheus(what.target).abort_next();
    case CommandKind::kSlowScrape:
      return stage_.prometheus(what.target).slow_next();
    case CommandKind::kExtraScrape:
      return extra_scrapes(what);
    case CommandKind::kAttack:
      return stage_.attack(what.amount, what.target);
    case CommandKind::kForgeAddress:
      return stage_.forge(what.amount, what.target);
    default:
      return;
  }
}

// Not by the agenda, which is looked into only now and then.
void Director::kill_writing(actor::ProxyHost& proxy, const Command& what) {
  if (proxy.disk() == nullptr) return;
  proxy.disk()->when_writing([this, &proxy, what](base::Duration took) {
    stage_.at(world_.now() + took * (what.amount % 1000) / 1000, [this, &proxy, what] {
      if (what.amount % 2 == 0) {
        proxy.kill();
      } else {
        proxy.lose();
      }
      at(world_.now() + kBackAfter, [this, target = what.target] { stage_.start_a_proxy(target); });
    });
  });
  at(world_.now() + what.length, [&proxy] { proxy.disk()->when_writing(nullptr); });
}

// The first ones wait for a page as Prometheus does, and take all the places there are; those that
// come a little later are impatient.
void Director::extra_scrapes(const Command& what) {
  const std::uint64_t strangers = 1 + what.amount % kExtraScrapesMax;
  const std::uint64_t patient = std::min(strangers, kScrapesAtOnce);
  const base::Duration timeout = scenario_.setup.scrape_timeout;
  stage_.scrape_once(what.target, patient, timeout);
  if (strangers == patient) return;
  at(world_.now() + kImpatientAfter,
     [this, target = what.target, left = strangers - patient, timeout] {
       stage_.scrape_once(target, left, std::chrono::ceil<std::chrono::seconds>(timeout / 3));
     });
}

void Director::restart_client(std::uint32_t number, base::Duration away) {
  actor::Application* const client = stage_.client(number);
  if (client == nullptr) return;
  client->kill();
  at(world_.now() + away, [client] {
    if (!client->alive()) client->start();
  });
}

void Director::hang_client(std::uint32_t number, base::Duration length) {
  actor::Application* const client = stage_.client(number);
  if (client == nullptr || !client->alive()) return;
  client->hang();
  at(world_.now() + length, [client] { client->recover(); });
}

void Director::garble_client(std::uint32_t number, base::Duration length) {
  actor::Application* const client = stage_.client(number);
  if (client == nullptr || !client->alive()) return;
  client->garble();
  at(world_.now() + length, [client] { client->mend(); });
}

void Director::impersonate(const Command& what) {
  actor::Application* const impostor = stage_.impersonate(what.target);
  if (impostor == nullptr) return;
  at(world_.now() + what.length, [impostor, how = what.amount] {
    switch (how % 4) {
      case 0:
        return impostor->close();
      case 1:
        return impostor->kill();
      case 2:
        return impostor->lose();
      default:
        return;  // it stays
    }
  });
}

void Director::pause(Process* process, const Place& place, base::Duration length) {
  if (process == nullptr || process->paused()) return;
  const history::FaultId id = begin_fault("pause", {place}, FaultEffect::kPause);
  world_.pause(*process);
  at(world_.now() + length, [this, process, id] {
    if (process->alive()) world_.resume(*process);
    end_fault(id);
  });
}

// ---- Faults

history::FaultId Director::begin_fault(std::string what, std::vector<Place> places,
                                       FaultEffect effect) {
  const history::FaultId id = recorder_.next_fault();
  recorder_.note(history::FaultBegan{id, std::move(what), std::move(places), effect});
  return id;
}

void Director::end_fault(history::FaultId id) { recorder_.note(history::FaultEnded{id}); }

void Director::fault(const Fault& what) {
  Stage::Spot a = stage_.spot(what.a);
  std::vector<Place> places = {a.place};
  End end;
  switch (what.kind) {
    case FaultKind::kPartition:
    case FaultKind::kOneWay:
    case FaultKind::kSlowLink: {
      const Stage::Spot b = stage_.partner(a, what.b);
      places.push_back(b.place);
      end = break_link(what, a, b);
      break;
    }
    case FaultKind::kFlood:
      places.clear();
      for (const auto& proxy : stage_.proxies()) places.push_back(proxy->place());
      if (stage_.balancer() != nullptr) places.push_back(actor::LoadBalancer::place());
      stage_.flood(what.amount, what.b);
      end = [] {};
      break;
    case FaultKind::kRefuse:
    case FaultKind::kHangDials:
    case FaultKind::kNoDescriptors:
      a = stage_.listener(what.a);
      places = {a.place};
      end = break_host(what, a);
      break;
    case FaultKind::kDiskFull:
    case FaultKind::kDiskSlow:
    case FaultKind::kDiskLies:
    case FaultKind::kDiskRots:
    case FaultKind::kDiskFails:
      places.clear();
      end = break_disks(what, places);
      break;
    case FaultKind::kAcceptAndClose:
    case FaultKind::kUneven:
    case FaultKind::kRemoveBackend:
    case FaultKind::kIdleDrop:
    case FaultKind::kDnsEmpty:
    case FaultKind::kDnsStale:
    case FaultKind::kCorrupt:
    case FaultKind::kBrokenHeaders:
      if (stage_.balancer() != nullptr) {
        places = {actor::LoadBalancer::place()};
      } else {
        places.clear();
        for (const auto& client : stage_.clients()) places.push_back(client->place());
      }
      end = break_balancer(what);
      break;
    default:
      end = break_host(what, a);
  }
  if (!end) return;
  const history::FaultId id =
      begin_fault(std::string(to_string(what.kind)), std::move(places), effect_of(what.kind));
  at(world_.now() + std::max(what.length, kAfterglow), [this, id, end = std::move(end)] {
    end();
    end_fault(id);
  });
}

Director::End Director::break_link(const Fault& what, const Stage::Spot& a, const Stage::Spot& b) {
  const Address from = a.host;
  const Address to = b.host;
  if (what.kind == FaultKind::kPartition) {
    world_.cut(from, to);
    return [this, from, to] { world_.heal(from, to); };
  }
  if (what.kind == FaultKind::kOneWay) {
    world_.cut_one_way(from, to);
    return [this, from, to] { world_.heal_one_way(from, to); };
  }
  world_.slow(from, to, std::chrono::milliseconds(what.amount));
  return [this, from, to] { world_.slow(from, to, {}); };
}

Director::End Director::break_host(const Fault& what, const Stage::Spot& a) {
  const Address host = a.host;
  switch (what.kind) {
    case FaultKind::kIsolate:
      world_.isolate(host);
      return [this, host] { world_.rejoin(host); };
    case FaultKind::kClog:
      world_.clog(host);
      return [this, host] { world_.unclog(host); };
    case FaultKind::kBandwidth:
      world_.limit_bandwidth(host, std::max(what.amount, kBandwidthMin));
      return [this, host] { world_.limit_bandwidth(host, 0); };
    case FaultKind::kOneByte:
      world_.set_one_byte(host, true);
      return [this, host] { world_.set_one_byte(host, false); };
    case FaultKind::kReset:
      world_.reset_connections(host);
      return [] {};
    case FaultKind::kRefuse:
      world_.set_dials(host, Dials::kRefused);
      return [this, host] { world_.set_dials(host, Dials::kAnswered); };
    case FaultKind::kHangDials:
      world_.set_dials(host, Dials::kLost);
      return [this, host] { world_.set_dials(host, Dials::kAnswered); };
    case FaultKind::kClockJump: {
      if (a.process == nullptr) return nullptr;
      const auto by = std::chrono::seconds(what.amount);
      a.process->jump_wall_clock(by);
      return [process = a.process, by] { process->jump_wall_clock(-by); };
    }
    case FaultKind::kNoDescriptors:
      if (a.process == nullptr) return nullptr;
      a.process->limit_descriptors(a.process->handles().descriptors());
      return [process = a.process] { process->limit_descriptors(std::nullopt); };
    default:
      return nullptr;
  }
}

Director::End Director::break_disks(const Fault& what, std::vector<Place>& places) {
  const auto& proxies = stage_.proxies();
  const std::size_t chosen = what.a % (proxies.size() + 1);
  std::vector<End> ends;
  for (std::size_t i = 0; i < proxies.size(); ++i) {
    if (chosen != i && chosen != proxies.size()) continue;
    End end = break_disk(what, proxies[i]->disk());
    if (!end) continue;
    ends.push_back(std::move(end));
    places.push_back(proxies[i]->place());
  }
  if (ends.empty()) return nullptr;
  return [ends = std::move(ends)] {
    for (const End& end : ends) end();
  };
}

Director::End Director::break_disk(const Fault& what, VirtualDisk* disk) {
  if (disk == nullptr) return nullptr;
  switch (what.kind) {
    case FaultKind::kDiskFull:
      if (disk->bytes() == 0) return nullptr;  // nobody could begin there
      disk->limit(disk->bytes());
      return [disk] { disk->limit(std::nullopt); };
    case FaultKind::kDiskSlow:
      disk->slow(std::chrono::milliseconds(what.amount));
      return [disk] { disk->slow({}); };
    case FaultKind::kDiskLies:
      disk->lie(true);
      return [disk] { disk->lie(false); };
    case FaultKind::kDiskFails:
      disk->fail(static_cast<std::uint32_t>(what.amount));
      return [disk] { disk->fail(0); };
    case FaultKind::kDiskRots: {
      std::vector<std::string> files = disk->files();
      std::erase_if(files, [](const std::string& file) {
        return file.find(".corrupt-") != file.npos;  // nobody reads those
      });
      if (files.empty()) return nullptr;
      const std::string& file = files[what.amount % files.size()];
      bool has_rotted = false;
      for (int i = 0; i < kRottenBytes; ++i) has_rotted = disk->rot(file) || has_rotted;
      if (!has_rotted) return nullptr;
      return [] {};
    }
    default:
      return nullptr;
  }
}

// Without a load balancer what concerns it alone does not come about.
Director::End Director::break_balancer(const Fault& what) {
  if (what.kind == FaultKind::kDnsEmpty || what.kind == FaultKind::kDnsStale) {
    stage_.set_names(what.kind == FaultKind::kDnsEmpty ? Names::kEmpty : Names::kStale);
    return [this] { stage_.set_names(Names::kTrue); };
  }
  actor::LoadBalancer* const balancer = stage_.balancer();
  if (balancer == nullptr) return nullptr;
  const history::ProxyId proxy = stage_.proxy(what.b).id();
  const Address address = stage_.proxy(what.b).address();
  switch (what.kind) {
    case FaultKind::kAcceptAndClose:
      balancer->set_accept_and_close(true);
      return [balancer] { balancer->set_accept_and_close(false); };
    case FaultKind::kUneven:
      balancer->prefer(proxy);
      return [balancer] { balancer->prefer(std::nullopt); };
    case FaultKind::kRemoveBackend:
      balancer->remove_backend(proxy);
      return [balancer, proxy, address] { balancer->add_backend(proxy, address); };
    case FaultKind::kIdleDrop:
      world_.forget_connections(balancer->address());
      return [] {};
    case FaultKind::kBrokenHeaders:
      if (balancer->telling().header == actor::AddressTelling::Header::kNone) return nullptr;
      balancer->set_broken_headers(true);
      return [balancer] { balancer->set_broken_headers(false); };
    case FaultKind::kCorrupt:
      world_.corrupt(balancer->address(), kCorruptPercent);
      return [this, balancer] { world_.corrupt(balancer->address(), 0); };
    default:
      return nullptr;
  }
}

}  // namespace prometheus_rsocket::sim::run

#include "sim/scenario/draw.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "sim/draw.h"

namespace prometheus_rsocket::sim::scenario {
namespace {

// What belongs together: on or off as a whole.
using Commands = std::span<const CommandKind>;
using Faults = std::span<const FaultKind>;

constexpr CommandKind kComeAndGo[] = {CommandKind::kStartClient, CommandKind::kCloseClient,
                                      CommandKind::kRestartClient};
constexpr CommandKind kPushes[] = {CommandKind::kPush, CommandKind::kPushBlocking,
                                   CommandKind::kPushBlocking};
constexpr CommandKind kClientDeaths[] = {CommandKind::kKillClient, CommandKind::kLoseClient,
                                         CommandKind::kRestartClient};
constexpr CommandKind kStalls[] = {CommandKind::kHangClient, CommandKind::kPauseClient};
constexpr CommandKind kScaling[] = {CommandKind::kStartProxy, CommandKind::kDrainProxy,
                                    CommandKind::kRestartProxy};
constexpr CommandKind kProxyDeaths[] = {CommandKind::kKillProxy, CommandKind::kLoseProxy,
                                        CommandKind::kStartProxy};
constexpr CommandKind kProxyPauses[] = {CommandKind::kPauseProxy};
constexpr CommandKind kScrapers[] = {CommandKind::kAbortScrape, CommandKind::kSlowScrape,
                                     CommandKind::kExtraScrape};
constexpr CommandKind kAttacks[] = {CommandKind::kAttack};

constexpr FaultKind kPartitions[] = {FaultKind::kPartition, FaultKind::kOneWay,
                                     FaultKind::kIsolate};
constexpr FaultKind kSlowness[] = {FaultKind::kSlowLink, FaultKind::kClog, FaultKind::kBandwidth,
                                   FaultKind::kOneByte};
constexpr FaultKind kResets[] = {FaultKind::kReset};
constexpr FaultKind kDials[] = {FaultKind::kRefuse, FaultKind::kHangDials};
constexpr FaultKind kBalancer[] = {FaultKind::kAcceptAndClose, FaultKind::kUneven,
                                   FaultKind::kRemoveBackend, FaultKind::kIdleDrop};
constexpr FaultKind kNames[] = {FaultKind::kDnsEmpty, FaultKind::kDnsStale};
constexpr FaultKind kMachines[] = {FaultKind::kClockJump, FaultKind::kNoDescriptors};
constexpr FaultKind kCorruption[] = {FaultKind::kCorrupt};

struct Recipe {
  Profile profile;
  std::vector<Commands> commands;
  std::vector<Faults> faults;
  std::uint32_t commands_max;
  std::uint32_t faults_max;
  void (*adapt)(Setup&, Draws&);
};

void leave(Setup& /*setup*/, Draws& /*draws*/) {}

void with_java(Setup& setup, Draws& draws) {
  setup.java_113_clients = static_cast<std::uint32_t>(draws.below(6));
  setup.java_114_clients = static_cast<std::uint32_t>(draws.below(6));
  setup.java_115_clients = static_cast<std::uint32_t>(draws.below(6));
}

void with_ha_pair(Setup& setup, Draws& draws) {
  setup.scrapers = 2;
  setup.push_commit_delay = std::chrono::milliseconds(draws.below(3) * 100);
}

void with_ages(Setup& setup, Draws& draws) {
  setup.clients = 90;
  setup.connection_age = std::chrono::minutes(2 + draws.below(3));
}

void large(Setup& setup, Draws& draws) {
  with_java(setup, draws);
  if (draws.percent(50)) with_ha_pair(setup, draws);
}

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all = {
      {{"mixed", "everything at once: 50 clients, Java ones among them, and all faults"},
       {kComeAndGo, kPushes, kClientDeaths, kStalls, kScaling, kProxyDeaths, kProxyPauses,
        kScrapers, kAttacks},
       {kPartitions, kSlowness, kResets, kDials, kBalancer, kNames, kMachines, kCorruption},
       24,
       12,
       large},
      {{"reconnect", "outages of proxies and of the network: every client comes back"},
       {kProxyDeaths, kProxyPauses, kClientDeaths},
       {kPartitions, kResets, kDials, kBalancer, kNames},
       12,
       12,
       leave},
      {{"rebalance", "scaling out and in, and rolling restarts behind the load balancer"},
       {kScaling, kScaling, kComeAndGo},
       {kSlowness, kBalancer},
       8,
       4,
       with_ages},
      {{"push", "pushAndClose, blocking and not, at any moment, with an HA pair of scrapers"},
       {kPushes, kPushes, kProxyDeaths, kClientDeaths, kScrapers},
       {kPartitions, kSlowness, kResets},
       30,
       8,
       with_ha_pair},
      {{"java", "models of the Java clients with their habits, and what makes them show"},
       {kScaling, kProxyDeaths, kProxyPauses, kStalls},
       {kPartitions, kResets, kDials},
       12,
       8,
       with_java},
      {{"hostile", "what attackers and fuzzers send, while good clients are scraped"},
       {kAttacks, kAttacks, kScrapers},
       {kSlowness, kCorruption},
       30,
       4,
       leave},
      {{"calm", "nothing happens: the base line of speed"}, {}, {}, 0, 0, leave},
  };
  return all;
}

const Recipe& recipe_of(std::string_view name) {
  const auto found =
      std::ranges::find(recipes(), name, [](const Recipe& r) { return r.profile.name; });
  CHECK(found != recipes().end(), "a profile that there is");
  return *found;
}

// Whole milliseconds: a scenario is exact in JSON.
Duration time_up_to(Draws& draws, Duration most) {
  return std::chrono::milliseconds(draws.below(static_cast<std::uint64_t>(most / 1ms) + 1));
}

Duration length(Draws& draws) {
  return std::chrono::milliseconds(100 + draws.log_uniform(120'000));
}

Setup draw_setup(const Recipe& recipe, std::uint64_t seed, Draws& draws) {
  Setup setup;
  setup.seed = seed;
  setup.duration = 12min;
  setup.settle = 8min;
  setup.clients = 50 - static_cast<std::uint32_t>(draws.below(20));
  setup.shards = 1 + static_cast<std::uint32_t>(draws.below(3));
  setup.load_balancer = draws.percent(75);
  setup.least_connections = draws.percent(80);
  setup.websocket_percent = static_cast<std::uint32_t>(draws.below(3) * 50);
  setup.parts_max = static_cast<std::uint32_t>(draws.log_uniform(64));
  setup.latency = std::chrono::milliseconds(draws.below(20));
  setup.jitter = std::chrono::milliseconds(draws.below(20));
  setup.tail_percent = static_cast<std::uint32_t>(draws.below(3));
  setup.short_read_percent = static_cast<std::uint32_t>(draws.below(3) * 50);
  setup.short_write_percent = static_cast<std::uint32_t>(draws.below(3) * 50);
  setup.real_keys = draws.percent(1);
  recipe.adapt(setup, draws);
  return setup;
}

// The kinds of the families that this seed has.
template <class Kind>
std::vector<Kind> swarm(const std::vector<std::span<const Kind>>& families, Draws& draws) {
  std::vector<Kind> kinds;
  for (const auto& family : families) {
    if (draws.percent(50)) kinds.insert(kinds.end(), family.begin(), family.end());
  }
  return kinds;
}

// What the number of a command means: milliseconds more, bytes a second, seconds, an attack.
std::uint64_t amount_of(FaultKind kind, Draws& draws) {
  switch (kind) {
    case FaultKind::kSlowLink:
      return draws.log_uniform(5'000);
    case FaultKind::kBandwidth:
      return 200 + draws.log_uniform(100'000);
    case FaultKind::kClockJump:
      return draws.log_uniform(100'000);
    default:
      return 0;
  }
}

}  // namespace

std::span<const Profile> profiles() {
  static const std::vector<Profile> all = [] {
    std::vector<Profile> found;
    for (const Recipe& recipe : recipes()) found.push_back(recipe.profile);
    return found;
  }();
  return all;
}

bool is_profile(std::string_view name) {
  return std::ranges::any_of(profiles(), [name](const Profile& p) { return p.name == name; });
}

Scenario draw(std::string_view profile, std::uint64_t seed) {
  const Recipe& recipe = recipe_of(profile);
  Draws draws(seed, hash_of(profile));
  Scenario scenario;
  scenario.setup = draw_setup(recipe, seed, draws);
  const Setup& setup = scenario.setup;
  const auto commands = swarm(recipe.commands, draws);
  const auto faults = swarm(recipe.faults, draws);
  if (!commands.empty()) {
    for (auto left = draws.below(recipe.commands_max + 1); left > 0; --left) {
      Command& command = scenario.commands.emplace_back();
      command.kind = commands[draws.below(commands.size())];
      command.at = 5s + time_up_to(draws, setup.duration - 5s);
      command.target = static_cast<std::uint32_t>(draws.below(1000));
      command.length = length(draws);
      command.amount = draws.below(1000);
    }
  }
  if (!faults.empty()) {
    for (auto left = draws.below(recipe.faults_max + 1); left > 0; --left) {
      Fault& fault = scenario.faults.emplace_back();
      fault.kind = faults[draws.below(faults.size())];
      fault.at = 5s + time_up_to(draws, setup.duration - 5s);
      fault.length = length(draws);
      fault.a = static_cast<std::uint32_t>(draws.below(1000));
      fault.b = static_cast<std::uint32_t>(draws.below(1000));
      fault.amount = amount_of(fault.kind, draws);
    }
  }
  std::ranges::stable_sort(scenario.commands, {}, &Command::at);
  std::ranges::stable_sort(scenario.faults, {}, &Fault::at);
  return scenario;
}

}  // namespace prometheus_rsocket::sim::scenario

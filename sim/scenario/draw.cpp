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
constexpr CommandKind kStalls[] = {CommandKind::kHangClient, CommandKind::kHangClient,
                                   CommandKind::kPauseClient};
constexpr CommandKind kScaling[] = {CommandKind::kStartProxy, CommandKind::kDrainProxy,
                                    CommandKind::kRestartProxy};
constexpr CommandKind kRestarts[] = {CommandKind::kRestartProxy};
constexpr CommandKind kProxyDeaths[] = {CommandKind::kKillProxy, CommandKind::kLoseProxy,
                                        CommandKind::kStartProxy};
constexpr CommandKind kProxyPauses[] = {CommandKind::kPauseProxy};
constexpr CommandKind kScrapers[] = {CommandKind::kAbortScrape, CommandKind::kSlowScrape,
                                     CommandKind::kExtraScrape};
constexpr CommandKind kAttacks[] = {CommandKind::kAttack, CommandKind::kAttack};
constexpr CommandKind kImpostors[] = {CommandKind::kImpersonate, CommandKind::kImpersonate};
constexpr CommandKind kGarbling[] = {CommandKind::kGarbleClient};
constexpr CommandKind kForging[] = {CommandKind::kForgeAddress};

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
constexpr FaultKind kFloods[] = {FaultKind::kFlood};

struct Recipe {
  Profile profile;
  std::vector<Commands> commands;
  std::vector<Faults> faults;
  std::uint32_t commands_max;
  std::uint32_t faults_max;
  void (*adapt)(Setup&, Draws&);
  std::uint32_t discovery_percent = 0;  // of its seeds
  std::uint32_t disk_percent = 0;
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

// One proxy, back soon, and long without a key: its clients are back before that.
void with_late_keys(Setup& setup, Draws& /*draws*/) {
  setup.proxies = 1;
  setup.shutdown_grace = 5s;
  setup.key_delay_max = 5s;
}

void with_ages(Setup& setup, Draws& draws) {
  setup.clients = 90;
  setup.connection_age = std::chrono::minutes(2 + draws.below(3));
}

// More than commands start anew, wherever they go: only strangers exceed it.
constexpr std::uint32_t kConnectionsSpare = 40;

void large(Setup& setup, Draws& draws) {
  with_java(setup, draws);
  if (draws.percent(50)) with_ha_pair(setup, draws);
  if (draws.percent(30)) setup.connection_age = std::chrono::minutes(2 + draws.below(3));
  // So that requests under way meet a new key.
  if (draws.percent(30) && !setup.real_keys) {
    setup.key_rotation = std::chrono::seconds(10 + draws.below(20));
  }
  setup.connections_spare = kConnectionsSpare;
}

void with_some_java(Setup& setup, Draws& draws) {
  if (draws.percent(50)) with_java(setup, draws);
}

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all = {
      {{"mixed", "everything at once: 50 clients, Java ones among them, and all faults"},
       {kComeAndGo, kPushes, kClientDeaths, kStalls, kScaling, kProxyDeaths, kProxyPauses,
        kScrapers, kAttacks},
       {kPartitions, kSlowness, kResets, kDials, kBalancer, kNames, kMachines, kCorruption,
        kFloods},
       32,
       16,
       large,
       20,
       50},
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
       with_ha_pair,
       0,
       60},
      {{"keys", "restarts of a proxy whose keys come late, and pushes meanwhile"},
       {kRestarts, kRestarts, kPushes, kPushes},
       {kResets},
       40,
       8,
       with_late_keys,
       0,
       50},
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
      {{"discovery", "names, and who claims them: targets by /sd, scraped one by one"},
       {kComeAndGo, kPushes, kClientDeaths, kStalls, kRestarts},
       {kPartitions, kSlowness, kResets, kBalancer},
       16,
       8,
       with_some_java,
       100},
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
    case FaultKind::kFlood:
      return draws.log_uniform(128);
    case FaultKind::kDiskSlow:
      return draws.log_uniform(10'000);
    case FaultKind::kDiskRots:
      return draws.below(1000);
    case FaultKind::kDiskFails:
      return draws.log_uniform(100);
    default:
      return 0;
  }
}

// Trouble meets trouble: so many of a hundred commands and faults come while an earlier command has
// its effect, many of the faults at that command's own place.
constexpr std::uint32_t kMeetsPercent = 50;
constexpr Duration kMeetsWithin = 12s;

// What takes time, and leaves something under way meanwhile.
bool lasts(CommandKind kind) {
  constexpr CommandKind kLasting[] = {CommandKind::kHangClient, CommandKind::kPauseClient,
                                      CommandKind::kPauseProxy, CommandKind::kSlowScrape,
                                      CommandKind::kDrainProxy, CommandKind::kRestartProxy};
  return std::ranges::count(kLasting, kind) > 0;
}

bool is_push(CommandKind kind) {
  return kind == CommandKind::kPush || kind == CommandKind::kPushBlocking;
}

// Null: it comes by itself.
const Command* draw_met(const Scenario& scenario, Draws& draws) {
  Draws of_this(draws.next(), 0);
  std::vector<const Command*> met;
  for (const Command& command : scenario.commands) {
    if (lasts(command.kind) || is_push(command.kind)) met.push_back(&command);
  }
  if (met.empty() || !of_this.percent(kMeetsPercent)) return nullptr;
  return met[of_this.below(met.size())];
}

Duration draw_time(const Setup& setup, const Command* met, Draws& draws) {
  if (met == nullptr) return 5s + time_up_to(draws, setup.duration - 5s);
  // Before a push: it is made while its client comes back.
  if (is_push(met->kind))
    return std::max<Duration>(5s, met->at - time_up_to(draws, kMeetsWithin / 2));
  return met->at + time_up_to(draws, std::min(met->length, kMeetsWithin));
}

Command draw_command(const Scenario& scenario, std::span<const CommandKind> kinds, Draws& draws) {
  Command command;
  command.kind = kinds[draws.below(kinds.size())];
  command.at = draw_time(scenario.setup, draw_met(scenario, draws), draws);
  command.target = static_cast<std::uint32_t>(draws.below(1000));
  command.length = length(draws);
  if (lasts(command.kind)) command.length += 2s;  // long enough for something to come meanwhile
  command.amount = draws.below(1000);
  return command;
}

// The place that a command concerns, as a fault names it (Stage::spot()).
std::uint32_t place_of(const Command& command, const Setup& setup) {
  if (command.kind < CommandKind::kStartProxy) return 2 * command.target + 1;
  const std::uint32_t before = (setup.load_balancer ? 1 : 0) + setup.scrapers + setup.discoverers;
  return 2 * (before + command.target % setup.proxies);
}

Fault draw_fault(const Scenario& scenario, std::span<const FaultKind> kinds, Draws& draws) {
  Fault fault;
  fault.kind = kinds[draws.below(kinds.size())];
  const Command* const met = draw_met(scenario, draws);
  fault.at = draw_time(scenario.setup, met, draws);
  fault.length = length(draws);
  fault.a = static_cast<std::uint32_t>(draws.below(1000));
  fault.b = static_cast<std::uint32_t>(draws.below(1000));
  fault.amount = amount_of(fault.kind, draws);
  if (met != nullptr && draws.percent(70)) fault.a = place_of(*met, scenario.setup);
  return fault;
}

// ---- Discovery: of draws of its own, so that all else is what it was without.

constexpr std::uint64_t kIdentityCommandsMax = 12;
constexpr std::uint32_t kClaimsInTroublePercent = 75;
constexpr Duration kClaimsWithin = 45s;

void with_discovery(Setup& setup, Draws& draws) {
  setup.discoverers = draws.percent(25) ? 2 : 1;
  setup.discovery_interval = std::chrono::seconds(10 + draws.below(31));
  setup.departed_grace = std::chrono::minutes(1 + draws.below(5));
  const auto header = static_cast<std::uint32_t>(draws.below(3));
  const bool forwards = draws.percent(40);
  if (!setup.load_balancer) return;
  setup.proxy_header = header;
  setup.forwarded_for = forwards;
}

// Whose trouble is an impostor's chance.
bool is_chance(CommandKind kind) {
  return kind == CommandKind::kHangClient ||
         (kind >= CommandKind::kKillClient && kind <= CommandKind::kPauseClient);
}

// While, or soon after, what happens to the client whose name it takes; or at any time.
Command draw_claim(const Scenario& scenario, Command claim, Draws& draws) {
  Draws of_this(draws.next(), 0);
  std::vector<const Command*> chances;
  for (const Command& command : scenario.commands) {
    if (is_chance(command.kind)) chances.push_back(&command);
  }
  if (chances.empty() || !of_this.percent(kClaimsInTroublePercent)) return claim;
  const Command& met = *chances[of_this.below(chances.size())];
  claim.target = met.target;
  claim.at = met.at + time_up_to(of_this, kClaimsWithin);
  return claim;
}

void add_discovery(Scenario& scenario, Draws& draws) {
  const auto kinds = swarm<CommandKind>({kImpostors, kImpostors, kGarbling, kForging}, draws);
  const Scenario before = scenario;
  for (auto left = kinds.empty() ? 0 : draws.below(kIdentityCommandsMax + 1); left > 0; --left) {
    Command command = draw_command(before, kinds, draws);
    if (command.kind == CommandKind::kImpersonate) command = draw_claim(before, command, draws);
    scenario.commands.push_back(command);
  }
  constexpr FaultKind kHeaders[] = {FaultKind::kBrokenHeaders};
  if (scenario.setup.proxy_header > 0 && draws.percent(30)) {
    scenario.faults.push_back(draw_fault(before, kHeaders, draws));
  }
}

// ---- Disks: of draws of their own, too.

constexpr FaultKind kRefusals[] = {FaultKind::kDiskFull, FaultKind::kDiskSlow,
                                   FaultKind::kDiskFails};
constexpr FaultKind kLies[] = {FaultKind::kDiskLies};
constexpr FaultKind kRot[] = {FaultKind::kDiskRots};
constexpr std::uint64_t kDiskFaultsMax = 6;
constexpr std::uint64_t kWritingKillsMax = 4;

constexpr Duration kBeforePush = 3s;
constexpr std::uint32_t kPushesMetPercent = 70;

// Soon before a push that there is, mostly.
Duration draw_disk_time(const Scenario& scenario, Draws& draws) {
  std::vector<Duration> pushes;
  for (const Command& command : scenario.commands) {
    if (is_push(command.kind)) pushes.push_back(command.at);
  }
  if (pushes.empty() || !draws.percent(kPushesMetPercent)) {
    return draw_time(scenario.setup, nullptr, draws);
  }
  const Duration before = time_up_to(draws, kBeforePush);
  return std::max<Duration>(5s, pushes[draws.below(pushes.size())] - before);
}

void add_disk(Scenario& scenario, Draws& draws) {
  scenario.setup.push_store = true;
  const Scenario before = scenario;
  const auto kinds = swarm<FaultKind>({kRefusals, kLies, kRot}, draws);
  for (auto left = kinds.empty() ? 0 : draws.below(kDiskFaultsMax + 1); left > 0; --left) {
    Fault fault = draw_fault(before, kinds, draws);
    fault.at = draw_disk_time(before, draws);
    scenario.faults.push_back(fault);
  }
  constexpr CommandKind kKills[] = {CommandKind::kKillWriting};
  for (auto left = draws.percent(50) ? 0 : draws.below(kWritingKillsMax + 1); left > 0; --left) {
    Command command = draw_command(before, kKills, draws);
    command.at = draw_disk_time(before, draws);
    scenario.commands.push_back(command);
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
  Draws of_discovery(seed, mix(hash_of(profile), hash_of("names")));
  const bool discovers =
      recipe.discovery_percent > 0 && of_discovery.percent(recipe.discovery_percent);
  if (discovers) with_discovery(scenario.setup, of_discovery);
  const auto commands = swarm(recipe.commands, draws);
  const auto faults = swarm(recipe.faults, draws);
  if (!commands.empty()) {
    for (auto left = draws.below(recipe.commands_max + 1); left > 0; --left) {
      scenario.commands.push_back(draw_command(scenario, commands, draws));
    }
  }
  if (!faults.empty()) {
    for (auto left = draws.below(recipe.faults_max + 1); left > 0; --left) {
      scenario.faults.push_back(draw_fault(scenario, faults, draws));
    }
  }
  if (discovers) add_discovery(scenario, of_discovery);
  Draws of_disk(seed, mix(hash_of(profile), hash_of("disk")));
  if (of_disk.percent(recipe.disk_percent)) add_disk(scenario, of_disk);
  std::ranges::stable_sort(scenario.commands, {}, &Command::at);
  std::ranges::stable_sort(scenario.faults, {}, &Fault::at);
  return scenario;
}

}  // namespace prometheus_rsocket::sim::scenario

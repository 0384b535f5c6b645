#include "population.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <utility>
#include <variant>

#include "base/check.h"
#include "support/client_text.h"
#include "transport/identity.h"

namespace prometheus_rsocket::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto kPushTime = 10s;
constexpr Number kWebSocketEach = 4;  // one client in so many
constexpr Number kNamelessEach = 5;

std::string instance_of(Number number) {
  return number % kNamelessEach == 0 ? "" : "soak-" + std::to_string(number);
}

agent::Config config_of(const PopulationConfig& population, Number number, Round round) {
  const bool is_websocket = number % kWebSocketEach == 1;
  agent::Config config;
  agent::Target target{.host = "127.0.0.1", .port = population.tcp_port};
  if (is_websocket) {
    target.port = population.websocket_port;
    target.transport = transport::TransportKind::kWebSocket;
  }
  target.secure = population.tls != nullptr;
  config.targets = {target};
  config.credentials.tls = population.tls;
  const std::string instance = instance_of(number);
  if (instance.empty()) {
    config.setup = {};  // as a Java client
  } else {
    const bool fits =
        transport::introduce(config.setup, {.job = "soak",
                                            .instance = instance,
                                            .incarnation = "only",
                                            .labels = {{"round", std::to_string(round)}}});
    CHECK(fits, "so short a name");
  }
  return config;
}

}  // namespace

class Population::Client final : private agent::MetricsSource, private agent::Observer {
 public:
  Client(runtime::Shard& shard, const PopulationConfig& population, Number number, Round round)
      : number_(number),
        text_(number, population.series),
        agent_(shard, config_of(population, number, round), *this, *this) {
    agent_.connect();
  }

  void leave(Departure departure) {
    departure_ = departure;
    if (departure == Departure::kGoodbye) agent_.close();
    if (departure != Departure::kPush) return;
    agent_.push_and_close(agent::PushKind::kAcknowledged, push_text(number_), kPushTime,
                          [this](runtime::error_code error) {
                            has_pushed_ = !error;
                            if (error) trouble("its push: " + error.message());
                          });
  }

  [[nodiscard]] Number number() const { return number_; }
  [[nodiscard]] Departure departure() const { return departure_; }
  [[nodiscard]] bool connected() const { return agent_.connected(); }
  [[nodiscard]] bool ready() const { return is_ready_; }
  [[nodiscard]] bool ended() const { return agent_.ended(); }
  [[nodiscard]] bool has_pushed() const { return has_pushed_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  void collect(Done done) override {
    text_.advance();
    done({}, text_.text() + own_family(number_));
  }

  void on_event(const agent::Event& event) override {
    if (std::holds_alternative<agent::KeyReceived>(event)) {
      is_ready_ = true;
    } else if (departure_ == Departure::kNone &&
               (std::holds_alternative<agent::DialFailed>(event) ||
                std::holds_alternative<agent::KeyRejected>(event) ||
                std::holds_alternative<agent::ScrapeFailed>(event) ||
                std::holds_alternative<agent::Disconnected>(event))) {
      std::ostringstream what;
      what << event;
      trouble(what.str());
    }
  }

  void trouble(const std::string& what) {
    if (trouble_.empty()) trouble_ = "client " + std::to_string(number_) + ": " + what;
  }

  const Number number_;
  Departure departure_ = Departure::kNone;
  bool is_ready_ = false;
  bool has_pushed_ = false;
  std::string trouble_;
  bench::ClientText text_;
  agent::Agent agent_;
};

Population::Population(runtime::Shard& shard, const PopulationConfig& config)
    : shard_(shard), config_(config), random_(config.seed) {
  for (std::size_t i = 0; i < config.clients; ++i) come(0);
}
Population::~Population() = default;

void Population::come(Round round, Departure departure) {
  const Number number = lives_.size();
  auto client = std::make_unique<Client>(shard_, config_, number, round);
  lives_.push_back({.instance = instance_of(number)});
  here_.push_back(std::move(client));
  if (departure != Departure::kNone) leave(here_.size() - 1, round, departure);
}

void Population::leave(std::size_t place, Round round, Departure departure) {
  auto client = std::move(here_[place]);
  here_.erase(here_.begin() + static_cast<std::ptrdiff_t>(place));
  Life& life = lives_[client->number()];
  life.left = round;
  life.departure = departure;
  client->leave(departure);
  leaving_.push_back(std::move(client));
}

void Population::begin_round(Round round) {
  constexpr std::array kDepartures{Departure::kGoodbye, Departure::kCut, Departure::kPush};
  const std::size_t staying = config_.clients / 2;
  for (std::size_t i = 0; i < config_.churn && here_.size() > staying; ++i) {
    const std::size_t place = staying + random_() % (here_.size() - staying);
    leave(place, round, kDepartures[i % kDepartures.size()]);
  }
  while (here_.size() < config_.clients) come(round);
  if (config_.churn > 0) come(round, Departure::kCut);  // as soon as it is connected
}

void Population::begin_end(Round round) {
  while (!here_.empty()) leave(here_.size() - 1, round, Departure::kGoodbye);
}

void Population::tend() {
  std::erase_if(leaving_, [this](const auto& client) {
    const bool is_cut = client->departure() == Departure::kCut;
    if (is_cut ? !client->connected() : !client->ended()) return false;
    if (trouble_.empty()) trouble_ = client->trouble();
    const bool must_have_pushed = client->departure() == Departure::kPush;
    if (trouble_.empty() && must_have_pushed && !client->has_pushed()) {
      trouble_ = "client " + std::to_string(client->number()) + " ended before its push";
    }
    lives_[client->number()].has_pushed = client->has_pushed();
    return true;
  });
}

bool Population::settled() const {
  return leaving_.empty() &&
         std::ranges::all_of(here_, [](const auto& client) { return client->ready(); });
}

void Population::end_round(Round round) {
  CHECK(settled(), "a round ends when all have come and left");
  for (const auto& client : here_) {
    auto& ready = lives_[client->number()].ready;
    if (!ready) ready = round;
  }
}

std::string Population::trouble() const {
  if (!trouble_.empty()) return trouble_;
  for (const auto& client : here_) {
    if (!client->trouble().empty()) return client->trouble();
  }
  return {};
}

}  // namespace prometheus_rsocket::soak

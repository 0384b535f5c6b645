// The clients of the soak: real ones from agent::Agent down, each with a name, label sets and a
// family that nobody had before. One half stays; of the other half some leave in each round, with a
// goodbye, cut off, or with a push, and as many new ones come. One more is cut off as soon as it
// has a connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "page.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::soak {

using Round = std::uint64_t;

struct PopulationConfig {
  std::size_t clients = 200;
  std::size_t series = 100;  // of each
  std::size_t churn = 24;    // come, and leave, in a round
  std::uint64_t seed = 1;    // of who leaves
  std::uint16_t tcp_port = 0;
  std::uint16_t websocket_port = 0;                    // one in four comes here
  std::shared_ptr<const runtime::TlsClient> tls = {};  // null: in clear
};

enum class Departure : std::uint8_t { kNone, kGoodbye, kCut, kPush };

// What is known of a client, from its coming on; its number is its place among all of them.
struct Life {
  std::string instance;             // empty: it has no name
  std::optional<Round> ready = {};  // at the end of this round it had a key
  std::optional<Round> left = {};   // in the course of this round it left
  Departure departure{};            // how
  bool has_pushed = false;          // and it was acknowledged
};

class Population {
 public:
  // All of the clients dial: settled() tells when they are ready. `shard` outlives this.
  Population(runtime::Shard& shard, const PopulationConfig& config);
  ~Population();
  Population(const Population&) = delete;
  Population& operator=(const Population&) = delete;

  // Lets `churn` come and leave. What has begun then goes on while the shard runs.
  void begin_round(Round round);
  // Everybody leaves, with a goodbye.
  void begin_end(Round round);
  // To be called in the course of a round.
  void tend();
  // Whether all who come are ready and all who leave have left, pushes acknowledged.
  [[nodiscard]] bool settled() const;
  // REQUIRES: settled().
  void end_round(Round round);

  // Of every client there ever was.
  [[nodiscard]] const std::vector<Life>& lives() const { return lives_; }
  // The samples that each of them has on a page.
  [[nodiscard]] std::size_t samples_each() const { return config_.series + 1; }
  // The first thing that must not happen to a client, in words; empty: nothing.
  [[nodiscard]] std::string trouble() const;

 private:
  class Client;

  void come(Round round, Departure departure = Departure::kNone);
  void leave(std::size_t place, Round round, Departure departure);

  runtime::Shard& shard_;
  const PopulationConfig config_;
  std::mt19937_64 random_;
  std::vector<Life> lives_;
  std::vector<std::unique_ptr<Client>> here_;  // those who stay first
  std::vector<std::unique_ptr<Client>> leaving_;
  std::string trouble_;
};

}  // namespace prometheus_rsocket::soak

#include "sim/actor/our_client.h"

#include <set>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"
#include "sim/actor/sampler.h"
#include "transport/identity.h"

namespace prometheus_rsocket::sim::actor {

class OurClient::AgentLife final : public Life,
                                   private agent::MetricsSource,
                                   private agent::Observer {
 public:
  AgentLife(OurClient& application, Process& process)
      : application_(application),
        who_(application.who()),
        shard_(process.shard(0)),
        sampler_(application.recorder(), application.world().seed(), who_,
                 application.config_.parts_max),
        agent_(shard_, make_config(), static_cast<agent::MetricsSource&>(*this),
               static_cast<agent::Observer&>(*this)) {
    if (const auto name = application_.config_.claims) note(history::NameClaimed{who_, *name});
    agent_.connect();
  }

  void close() override { agent_.close(); }

  void push(history::PushKind kind) override {
    const auto sample = sampler_.take();
    note(history::PushBegan{who_, sample.sequence, kind, kPushTimeMax});
    agent_.push_and_close(
        kind == history::PushKind::kAcknowledged ? agent::PushKind::kAcknowledged
                                                 : agent::PushKind::kFireAndForget,
        sample.text, kPushTimeMax, [this, sequence = sample.sequence](runtime::error_code error) {
          note(history::PushEnded{who_, sequence, !error});
        });
  }

  void hang() override { hung_ = true; }
  void recover() override {
    hung_ = false;
    for (const Held& held : std::exchange(held_, {})) held.done({}, held.text);
  }

  void garble() override { sampler_.set_garbled(true); }
  void mend() override { sampler_.set_garbled(false); }

  [[nodiscard]] const agent::Agent& agent() const { return agent_; }

 private:
  struct Held {
    Done done;
    std::string text;
  };

  [[nodiscard]] agent::Config make_config() const {
    agent::Config config;
    config.targets = application_.config_.targets;
    config.retry = application_.config_.retry;
    const auto& claims = application_.config_.claims;
    std::string incarnation = std::to_string(who_.number);
    if (claims) incarnation += "-of-" + std::to_string(who_.instance.value);
    const std::string instance = std::to_string(claims.value_or(who_.instance).value);
    const bool fits = transport::introduce(config.setup, {.job = std::string(kJob),
                                                          .instance = instance,
                                                          .incarnation = std::move(incarnation),
                                                          .labels = {}});
    CHECK(fits, "a short name fits SETUP");
    return config;
  }

  void collect(Done done) override {
    std::string text = sampler_.asked();
    if (!hung_) return done({}, std::move(text));
    held_.push_back({std::move(done), std::move(text)});
  }

  void on_event(const agent::Event& event) override {
    std::visit([this](const auto& what) { handle(what); }, event);
  }
  void handle(const agent::Dialling& /*event*/) { note(history::DialBegan{who_}); }
  void handle(const agent::DialFailed& /*event*/) { note(history::DialFailed{who_}); }
  void handle(const agent::Connected& event) {
    open_.insert(event.connection);
    note(history::Connected{who_, event.connection});
  }
  void handle(const agent::KeyReceived& event) { application_.key_given(event.connection); }
  void handle(const agent::KeyRejected& /*event*/) {}
  void handle(const agent::Scraped& /*event*/) {}
  void handle(const agent::ScrapeFailed& /*event*/) {}
  void handle(const agent::Disconnected& event) {
    open_.erase(event.connection);
    note(history::Disconnected{who_, event.connection});
  }
  void handle(const agent::GoneElsewhere& event) {
    note(history::GoneElsewhere{who_, event.connection});
  }
  void handle(const agent::AskedToLeave& event) {
    note(history::AskedToLeave{who_, event.connection});
  }
  void handle(const agent::Retrying& /*event*/) {}
  void handle(const agent::Ended& /*event*/) {
    // The agent does not say so once it is leaving.
    for (const std::uint64_t connection : open_) note(history::Disconnected{who_, connection});
    application_.leave();
  }
  void note(history::What what) { application_.recorder().note(std::move(what)); }

  OurClient& application_;
  const history::Incarnation who_;
  runtime::Shard& shard_;
  Sampler sampler_;
  bool hung_ = false;
  std::set<std::uint64_t> open_;  // connections
  std::vector<Held> held_;
  agent::Agent agent_;
};

OurClient::OurClient(World& world, history::Recorder& recorder, OurClientConfig config)
    : Application(world, recorder, {config.host, config.instance, history::ClientKind::kOurs}),
      config_(std::move(config)) {}

Life& OurClient::make_life(Process& process) {
  agent_life_ = &process.emplace<AgentLife>(*this, process);
  return *agent_life_;
}

bool OurClient::connected() const { return alive() && agent_life_->agent().connected(); }

bool OurClient::has_key() const { return alive() && agent_life_->agent().has_key(); }

}  // namespace prometheus_rsocket::sim::actor

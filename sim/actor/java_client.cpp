#include "sim/actor/java_client.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "envelope/envelope.h"
#include "sim/actor/java_connection.h"
#include "sim/actor/sampler.h"
#include "sim/actor/shard_random.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using rsocket::ErrorCode;
using rsocket::StreamId;

// Of Reactor Netty.
constexpr base::Duration kConnectTimeout = std::chrono::seconds(30);
constexpr StreamId kPushStream{1};

}  // namespace

class JavaClient::JavaLife final : public Life, private JavaConnection::Owner {
 public:
  JavaLife(JavaClient& application, Process& process)
      : application_(application),
        config_(application.config_),
        who_(application.who()),
        shard_(process.shard(0)),
        sampler_(application.recorder(), application.world().seed(), who_, config_.parts_max),
        retry_(shard_, [this] { dial(); }),
        push_timeout_(shard_, [this] { finish_push(false); }) {
    dial();
  }
  ~JavaLife() override {
    if (connection_) connection_->detach();
  }
  JavaLife(const JavaLife&) = delete;
  JavaLife& operator=(const JavaLife&) = delete;

  void close() override {
    if (std::exchange(leaving_, true)) return;
    if (connection_) return connection_->dispose();
    retry_.clear();
    dialer_.reset();
    application_.leave();
  }

  void push(history::PushKind kind) override {
    if (leaving_ || push_) return;
    const auto sample = sampler_.take();
    push_ = sample.sequence;
    note(history::PushBegan{who_, sample.sequence, kind, kPushTimeMax});
    if (!key_ || !connection_ || connection_->mute()) return finish_push(false);
    const auto sealed = seal(sample.text);
    const rsocket::PayloadView payload{sealed.metadata, sealed.data};
    if (kind == history::PushKind::kAcknowledged) {
      push_timeout_.set(shard_.clock.now() + kPushTimeMax);
      connection_->send({kPushStream, rsocket::RequestResponseFrame{false, payload}});
      return;
    }
    // Either the frame is flushed before the connection is disposed, or it never is.
    flushes_ = shard_.random.below(2) == 0;
    if (flushes_) connection_->send({kPushStream, rsocket::RequestFnfFrame{false, payload}});
    leaving_ = true;
    connection_->dispose();
  }

  void hang() override { hung_ = true; }
  void recover() override {
    hung_ = false;
    for (const Held& held : std::exchange(held_, {})) reply(held);
  }

  void garble() override { sampler_.set_garbled(true); }
  void mend() override { sampler_.set_garbled(false); }

  [[nodiscard]] bool connected() const { return connection_ != nullptr; }
  [[nodiscard]] bool has_key() const { return key_ != nullptr; }
  [[nodiscard]] bool mute() const { return connection_ && connection_->mute(); }

 private:
  struct Held {
    StreamId stream;
    std::string text;
  };

  void dial() {
    note(history::DialBegan{who_});
    dialer_ = std::make_unique<agent::Dialer>(
        shard_, config_.target, agent::Credentials{}, kConnectTimeout,
        [this](agent::DialResult result) { on_dialled(std::move(result)); });
  }

  void on_dialled(agent::DialResult result) {
    dialer_.reset();
    if (!result.channel) {
      note(history::DialFailed{who_});
      retry_.set(shard_.clock.now() + backoff());
      return;
    }
    failures_ = 0;
    note(history::Connected{who_});
    connection_ = std::make_shared<JavaConnection>(shard_, std::move(result.channel), config_.kind,
                                                   static_cast<JavaConnection::Owner&>(*this));
    connection_->start();
  }

  [[nodiscard]] base::Duration backoff() {
    base::Duration nominal = config_.first_backoff;
    for (unsigned i = 0; i < failures_ && nominal < config_.max_backoff; ++i) nominal *= 2;
    nominal = std::min(nominal, config_.max_backoff);
    ++failures_;
    const base::Duration low = std::max(config_.first_backoff, nominal / 2);
    const base::Duration high = std::min(config_.max_backoff, nominal + nominal / 2);
    return low + shard_.random.up_to(high - low);
  }

  void on_request(StreamId stream, base::ByteView data) override {
    if (!take_key(data)) {
      connection_->send({stream, rsocket::ErrorFrame{ErrorCode::kApplicationError, "bad key"}});
      return;
    }
    Held held{stream, sampler_.asked()};
    if (!hung_) return reply(held);
    held_.push_back(std::move(held));
  }
  void on_fire_and_forget(base::ByteView data) override { (void)take_key(data); }
  void on_cancel(StreamId stream) override {
    std::erase_if(held_, [stream](const Held& held) { return held.stream == stream; });
  }
  void on_answer(StreamId stream, bool ok) override {
    if (push_ && stream == kPushStream) finish_push(ok);
  }
  void on_ended(bool flushed) override {
    connection_.reset();
    held_.clear();
    note(history::Disconnected{who_});
    if (push_) return finish_push(flushed && flushes_);
    if (leaving_) return application_.leave();
    dial();
  }

  [[nodiscard]] bool take_key(base::ByteView data) {
    if (base::as_text(data) == envelope::kPlaintext) {
      key_ = nullptr;
      return true;
    }
    auto key = shard_.keys.read_public_key(data);
    if (!key) return false;
    key_ = std::move(*key);
    application_.key_given();
    return true;
  }

  [[nodiscard]] envelope::Sealed seal(const std::string& text) {
    ShardRandom random(shard_.random);
    return envelope::seal(text, *key_, random).value();
  }

  void reply(const Held& held) {
    if (!connection_) return;
    rsocket::PayloadFrame frame{.follows = false, .complete = true, .next = true, .payload = {}};
    if (!key_) {
      frame.payload = {base::as_bytes(envelope::kPlaintext), base::as_bytes(held.text)};
      return connection_->send({held.stream, frame});
    }
    const auto sealed = seal(held.text);
    frame.payload = {sealed.metadata, sealed.data};
    connection_->send({held.stream, frame});
  }

  // What became of the push is known: the client leaves, unless that is what told.
  void finish_push(bool ok) {
    push_timeout_.clear();
    note(history::PushEnded{who_, *std::exchange(push_, std::nullopt), ok});
    leaving_ = true;
    if (connection_) return connection_->dispose();
    retry_.clear();
    dialer_.reset();
    application_.leave();
  }

  void note(history::What what) { application_.recorder().note(std::move(what)); }

  JavaClient& application_;
  const JavaClientConfig& config_;
  const history::Incarnation who_;
  runtime::Shard& shard_;
  Sampler sampler_;
  runtime::Alarm retry_;
  runtime::Alarm push_timeout_;
  std::unique_ptr<agent::Dialer> dialer_;
  std::shared_ptr<JavaConnection> connection_;  // shared with the operations under way
  std::shared_ptr<const envelope::PublicKey> key_;
  std::optional<std::uint64_t> push_;  // under way, by the sequence of its text
  bool flushes_ = false;               // that push, as fire-and-forget, goes out
  std::vector<Held> held_;
  unsigned failures_ = 0;  // dials in a row
  bool hung_ = false;
  bool leaving_ = false;
};

JavaClient::JavaClient(World& world, history::Recorder& recorder, JavaClientConfig config)
    : Application(world, recorder, {config.host, config.instance, config.kind}),
      config_(std::move(config)) {}

Life& JavaClient::make_life(Process& process) {
  java_life_ = &process.emplace<JavaLife>(*this, process);
  return *java_life_;
}

bool JavaClient::connected() const { return alive() && java_life_->connected(); }

bool JavaClient::has_key() const { return alive() && java_life_->has_key(); }

bool JavaClient::mute() const { return alive() && java_life_->mute(); }

}  // namespace prometheus_rsocket::sim::actor

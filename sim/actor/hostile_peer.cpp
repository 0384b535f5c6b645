#include "sim/actor/hostile_peer.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "rsocket/frame_reader.h"
#include "runtime/alarm.h"
#include "sim/peer/raw_peer.h"

namespace prometheus_rsocket::sim::actor {

// What nobody takes from it: it is not to be taken for the proxy's own hoard.
constexpr std::size_t kUnsentMax = std::size_t{1} << 20;
constexpr base::Duration kPatience = std::chrono::seconds(1);
constexpr unsigned kWaitsMax = 60;

// What runs in its process.
class HostilePeer::Script {
 public:
  Script(HostilePeer& owner, runtime::Shard& shard, const runtime::Endpoint& target,
         const Attack& attack)
      : owner_(owner), shard_(shard), attack_(attack), peer_(shard, target), next_(shard, [this] {
          go_on();
        }) {
    if (!attack.reads) peer_.pause_reading();
    peer_.on_received([this] { received(); });
    go_on();
  }

 private:
  void go_on() {
    while (step_ < attack_.steps.size()) {
      if (peer_.unsent() > kUnsentMax) {
        if (peer_.ended() || peer_.write_ended() || ++waits_ > kWaitsMax) return leave();
        return next_.set(shard_.clock.now() + kPatience);
      }
      const AttackStep& step = attack_.steps[step_];
      peer_.send(step.bytes);
      if (++sent_ == step.times) {
        sent_ = 0;
        ++step_;
      }
      if (step.gap > base::Duration::zero()) return next_.set(shard_.clock.now() + step.gap);
    }
    if (std::exchange(staying_, true)) return leave();
    next_.set(shard_.clock.now() + attack_.stays);
  }

  void received() {
    if (peer_.ended()) return leave();
    if (!attack_.answer) return;
    std::string_view bytes = peer_.received();
    for (bytes.remove_prefix(read_); !bytes.empty();) {
      const std::span<std::byte> room = reader_.prepare();
      const std::size_t size = std::min(room.size(), bytes.size());
      std::ranges::copy(base::as_bytes(bytes.substr(0, size)), room.begin());
      bytes.remove_prefix(size);
      read_ += size;
      reader_.commit(size);
      for (auto frame = reader_.next(); frame && *frame; frame = reader_.next()) take(**frame);
    }
  }

  void take(base::ByteView bytes) {
    const auto frame = rsocket::decode(bytes);
    if (!frame) return;
    const auto* request = std::get_if<rsocket::RequestResponseFrame>(&frame->body);
    if (request == nullptr) return;
    const Question question{shard_, frame->stream, request->payload.data, ++owner_.questions_};
    peer_.send(attack_.answer(question));
    if (attack_.dies_after_answer) leave();
  }

  void leave() {
    if (!std::exchange(left_, true)) owner_.leave();
  }

  HostilePeer& owner_;
  runtime::Shard& shard_;
  const Attack& attack_;
  peer::RawPeer peer_;
  runtime::Alarm next_;
  rsocket::FrameReader reader_;
  std::size_t read_ = 0;  // of what was received
  std::size_t step_ = 0;
  unsigned sent_ = 0;  // times of that step
  unsigned waits_ = 0;
  bool staying_ = false;
  bool left_ = false;
};

HostilePeer::HostilePeer(World& world, std::uint32_t number, const Address& host,
                         const Address& target, const Attack& attack)
    : world_(world), number_(number), process_(&world.add_process(host)) {
  process_->emplace<Script>(*this, process_->shard(0), runtime::Endpoint{target, attack.port},
                            attack);
}

HostilePeer::~HostilePeer() {
  if (alive()) world_.stop(*process_);
}

void HostilePeer::leave() {
  boost::asio::post(process_->shard(0).executor,
                    [this] { world_.stop(*std::exchange(process_, nullptr)); });
}

}  // namespace prometheus_rsocket::sim::actor

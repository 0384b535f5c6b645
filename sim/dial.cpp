#include "sim/dial.h"

#include <boost/asio/error.hpp>
#include <utility>
#include <vector>

#include "sim/operation.h"
#include "sim/stream.h"
#include "sim/virtual_network.h"

namespace prometheus_rsocket::sim {
namespace {

namespace error = boost::asio::error;
using runtime::Endpoint;
using runtime::error_code;
using runtime::Executor;
using StreamPtr = std::unique_ptr<runtime::Stream>;
using StreamHandler = runtime::Handler<void(error_code, StreamPtr)>;

// A dial under way: kept by its events, and by nothing else.
class Dial final : public std::enable_shared_from_this<Dial>, private Resource {
 public:
  Dial(TaskQueue& shard, const Endpoint& to)
      : Resource(shard.process(), &Handles::dials),
        kernel_(process().kernel),
        network_(process().network),
        from_(process().host),
        shard_(shard),
        to_(to),
        entity_(mix(mix(from_.entity, hash_of(to_string(to))), from_.dials[to]++)),
        draws_(kernel_.seed, entity_) {}

  void start(StreamHandler handler) {
    connect_.start(shard_, std::move(handler), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->cancel_events();
    });
    gives_up_ = kernel_.events.now() + kernel_.config.connect_timeout;
    at(gives_up_, &Dial::give_up);
    send_syn();
  }

 private:
  void drop() override {
    const auto self = shared_from_this();
    cancel_events();
    const auto connect = connect_.release();
  }

  void at(base::Instant when, void (Dial::*step)()) {
    events_.push_back(kernel_.events.add(when, {EventKind::kDial, entity_, events_.size()},
                                         [self = shared_from_this(), step] {
                                           if (self->connect_.waiting()) ((*self).*step)();
                                         }));
  }

  // What went from one host to the other goes on as soon as that is not clogged.
  void after_clog(Host& clogged, void (Dial::*step)()) {
    clogged.clogged.push_back([weak = weak_from_this(), step] {
      if (const auto self = weak.lock()) self->at(self->kernel_.events.now(), step);
    });
  }

  void finish(error_code result, StreamPtr stream) {
    connect_.complete(result, std::move(stream));
    cancel_events();
  }

  void cancel_events() {
    const auto events = std::exchange(events_, {});  // an event may own this
    EventQueue& queue = kernel_.events;
    for (const auto& event : events) queue.cancel(event);
  }

  [[nodiscard]] Host* host() {
    return to_.address.is_loopback() ? &from_ : network_.find_host(to_.address);
  }

  // Whether something sent from one host arrives at the other now; if not, `step` tries again when
  // it only stays under way, and else it is lost.
  [[nodiscard]] bool passes(Host& from, const Host& to, void (Dial::*step)()) {
    const auto met = network_.links().obstacle(from, to);
    if (!met) return true;
    kernel_.count(*met);
    if (met == Happening::kMetClog) {
      after_clog(from, step);
    } else {
      kernel_.count(Happening::kSynLost);
    }
    return false;
  }

  void give_up() {
    kernel_.count(Happening::kConnectTimedOut);
    finish(error::timed_out, nullptr);
  }

  void send_syn() {
    const base::Instant now = kernel_.events.now();
    if (now + until_next_syn_ < gives_up_) at(now + until_next_syn_, &Dial::send_syn);
    until_next_syn_ *= 2;
    Host* to = host();
    if (to == nullptr) return kernel_.count(Happening::kSynLost);
    at(now + network_.links().transit(from_, *to, draws_), &Dial::syn_arrives);
  }

  void syn_arrives() {
    Host& to = *host();
    if (!passes(from_, to, &Dial::syn_arrives)) return;
    const Port* port = to.find(to_);
    const bool is_loopback = &from_ == &to;
    const Dials dials = is_loopback ? Dials::kAnswered : to.faults.dials;
    if (dials == Dials::kLost) kernel_.count(Happening::kDialHung);
    if (dials == Dials::kLost || (dials == Dials::kAnswered && port != nullptr && port->is_full()))
      return kernel_.count(Happening::kSynLost);
    const base::Instant back = kernel_.events.now() + network_.links().transit(to, from_, draws_);
    is_refused_ = dials == Dials::kRefused;
    at(back, port == nullptr || is_refused_ ? &Dial::refused : &Dial::syn_answered);
  }

  void refused() {
    if (!passes(*host(), from_, &Dial::refused)) return;
    if (is_refused_) kernel_.count(Happening::kDialRefused);
    kernel_.count(Happening::kRefused);
    finish(error::connection_refused, nullptr);
  }

  void syn_answered() {
    if (!passes(*host(), from_, &Dial::syn_answered)) return;
    const Address local = to_.address.is_loopback() ? to_.address : from_.address;
    auto connection = std::make_shared<Connection>(
        kernel_, network_, entity_, Connection::Place{&from_, {local, from_.take_port()}},
        Connection::Place{host(), to_});
    connection->establish();
    finish({}, make_stream(shard_, std::move(connection), kDialler));
  }

  Kernel& kernel_;
  VirtualNetwork& network_;
  Host& from_;
  ShardExecutor shard_;
  Endpoint to_;
  std::uint64_t entity_;
  Draws draws_;
  base::Instant gives_up_;
  base::Duration until_next_syn_ = std::chrono::seconds(1);
  bool is_refused_ = false;
  Operation<StreamPtr> connect_;
  std::vector<EventQueue::Id> events_;
};

}  // namespace

void dial(TaskQueue& shard, const Endpoint& to, StreamHandler handler) {
  if (shard.process().lacks_descriptors()) {
    return post_completion<StreamPtr>(ShardExecutor(shard), std::move(handler),
                                      error::no_descriptors, nullptr);
  }
  std::make_shared<Dial>(shard, to)->start(std::move(handler));
}

}  // namespace prometheus_rsocket::sim

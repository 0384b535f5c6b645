#include "sim/actor/load_balancer.h"

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <utility>

#include "base/check.h"
#include "runtime/alarm.h"
#include "sim/actor/ports.h"
#include "sim/peer/proxy_header_bytes.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using history::ProxyId;
using runtime::error_code;
using StreamPtr = std::unique_ptr<runtime::Stream>;

// HAProxy's usual `timeout connect`.
constexpr base::Duration kConnectTimeout = std::chrono::seconds(5);
constexpr base::Duration kAcceptRetry = std::chrono::seconds(1);  // no descriptors left
constexpr base::Duration kCheckInterval = std::chrono::seconds(5);
constexpr std::size_t kPipeBytes = 16384;
constexpr std::size_t kUpgradeBytesMax = 8192;  // of a request's lines; nobody sends so many

}  // namespace

// One client's connection: dials backends until one answers, then hands bytes on. Kept by the
// operations under way; when the last has ended it is gone, and with it both streams.
class LoadBalancer::Relay : public std::enable_shared_from_this<Relay> {
 public:
  Relay(LoadBalancer& balancer, runtime::Shard& shard, StreamPtr client, std::uint16_t port)
      : balancer_(balancer), shard_(shard), port_(port) {
    streams_[0] = std::move(client);
  }
  ~Relay() {
    if (backend_) balancer_.give_back(*backend_);
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void dial() {
    backend_ = balancer_.choose(tried_);
    if (!backend_) return close();
    tried_.push_back(*backend_);
    balancer_.take(*backend_);
    give_up_ = std::make_unique<runtime::Alarm>(shard_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->cancel_.emit(boost::asio::cancellation_type::terminal);
      }
    });
    give_up_->set(shard_.clock.now() + kConnectTimeout);
    shard_.network.async_connect(
        {balancer_.backends_.at(*backend_).address, port_},
        boost::asio::bind_cancellation_slot(
            cancel_.slot(),
            boost::asio::bind_executor(
                shard_.executor, [self = shared_from_this()](error_code error, StreamPtr stream) {
                  self->dialled(error, std::move(stream));
                })));
  }

 private:
  struct Pipe {
    std::array<char, kPipeBytes> buffer;
  };

  void dialled(error_code error, StreamPtr stream) {
    give_up_->clear();
    if (error) {
      balancer_.failed(*backend_);
      balancer_.give_back(*std::exchange(backend_, std::nullopt));
      return dial();
    }
    streams_[1] = std::move(stream);
    begin();
    read(1);
  }

  // What the client sent comes behind the balancer's own words.
  void begin() {
    const runtime::Endpoint client = streams_[0]->remote_endpoint();
    if (balancer_.telling_.forwarded_for && port_ == kWebSocketPort) {
      forwarded_for_ = "X-Forwarded-For: " + client.address.to_string() + "\r\n";
    }
    ahead_ = balancer_.header_for(client, {balancer_.address(), port_});
    if (ahead_.empty()) return read(0);
    write(0, ahead_);
  }

  // From one side to the other.
  void read(std::size_t from) {
    Pipe& pipe = pipes_[from];
    streams_[from]->async_read_some(
        boost::asio::buffer(pipe.buffer),
        boost::asio::bind_executor(shard_.executor, [self = shared_from_this(), from](
                                                        error_code error, std::size_t bytes) {
          if (error == boost::asio::error::eof) return self->shut(1 - from);
          if (error) return self->close();
          if (from == 0 && !self->forwarded_for_.empty()) return self->read_upgrade(bytes);
          self->write(from, {self->pipes_[from].buffer.data(), bytes});
        }));
  }

  // Puts its line behind those of a request; what is not begun as one goes on as it is.
  void read_upgrade(std::size_t bytes) {
    constexpr std::string_view kMethod = "GET ";
    upgrade_.append(pipes_[0].buffer.data(), bytes);
    const std::size_t end = upgrade_.find("\r\n\r\n");
    const std::string_view start = std::string_view(upgrade_).substr(0, kMethod.size());
    const bool may_be_one = kMethod.starts_with(start) && upgrade_.size() < kUpgradeBytesMax;
    if (end == std::string::npos && may_be_one) return read(0);
    if (end != std::string::npos && kMethod == start) upgrade_.insert(end + 2, forwarded_for_);
    forwarded_for_.clear();
    ahead_ = std::exchange(upgrade_, {});
    write(0, ahead_);
  }

  // `bytes` stay where they are meanwhile.
  void write(std::size_t from, std::string_view bytes) {
    boost::asio::async_write(
        *streams_[1 - from], boost::asio::buffer(bytes),
        boost::asio::bind_executor(
            shard_.executor, [self = shared_from_this(), from](error_code error, std::size_t) {
              if (error) return self->close();
              self->read(from);
            }));
  }

  void shut(std::size_t to) {
    streams_[to]->async_shutdown_send(
        boost::asio::bind_executor(shard_.executor, [self = shared_from_this()](error_code error) {
          if (error) self->close();
        }));
  }

  void close() {
    for (const StreamPtr& stream : streams_) {
      if (stream) stream->close();
    }
  }

  LoadBalancer& balancer_;
  runtime::Shard& shard_;
  const std::uint16_t port_;
  std::optional<ProxyId> backend_;  // that counts this connection
  std::vector<ProxyId> tried_;
  std::unique_ptr<runtime::Alarm> give_up_;
  boost::asio::cancellation_signal cancel_;  // of the dial under way
  StreamPtr streams_[2];                     // the client's, the backend's
  Pipe pipes_[2];
  std::string forwarded_for_;  // to be added yet
  std::string upgrade_;        // what has come of it
  std::string ahead_;          // goes out before what is read next
};

// Dials a backend that is down until it answers. One attempt does not wait for the one before: that
// may hang.
class LoadBalancer::HealthCheck {
 public:
  HealthCheck(runtime::Shard& shard, const runtime::Endpoint& at, std::function<void()> answered)
      : shard_(shard), at_(at), answered_(std::move(answered)), next_(shard, [this] { dial(); }) {
    next_.set(shard.clock.now() + kCheckInterval);
  }

 private:
  void dial() {
    next_.set(shard_.clock.now() + kCheckInterval);
    shard_.network.async_connect(
        at_, boost::asio::bind_executor(shard_.executor, [this, alive = std::weak_ptr(alive_)](
                                                             error_code error, const StreamPtr&) {
          if (alive.expired() || error) return;
          const auto answered = std::move(answered_);  // it ends this
          answered();
        }));
  }

  runtime::Shard& shard_;
  const runtime::Endpoint at_;
  std::function<void()> answered_;
  runtime::Alarm next_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

class LoadBalancer::Door {
 public:
  Door(LoadBalancer& balancer, runtime::Shard& shard, const runtime::Endpoint& at)
      : balancer_(balancer),
        shard_(shard),
        listener_(shard.network.listen(at).value()),
        retry_(shard, [this] { accept(); }) {
    accept();
  }

 private:
  void accept() {
    listener_->async_accept(
        shard_.executor,
        boost::asio::bind_executor(shard_.executor, [this](error_code error, StreamPtr client) {
          if (error) return retry_.set(shard_.clock.now() + kAcceptRetry);
          if (!balancer_.accept_and_close_) {
            std::make_shared<Relay>(balancer_, shard_, std::move(client),
                                    listener_->local_endpoint().port)
                ->dial();
          }
          client.reset();  // closed at once, if it is still here
          accept();
        }));
  }

  LoadBalancer& balancer_;
  runtime::Shard& shard_;
  std::unique_ptr<runtime::Listener> listener_;
  runtime::Alarm retry_;
};

LoadBalancer::LoadBalancer(World& world, const Address& address, Choice choice)
    : world_(world),
      process_(world.add_process(address)),
      choice_(choice),
      draws_(world.seed(), hash_of("load balancer")) {
  for (const std::uint16_t port : {kTcpPort, kWebSocketPort}) {
    process_.emplace<Door>(*this, process_.shard(0), runtime::Endpoint{address, port});
  }
}

LoadBalancer::~LoadBalancer() {
  if (process_.alive()) world_.stop(process_);
}

void LoadBalancer::add_backend(ProxyId proxy, const Address& address) {
  Backend& backend = backends_[proxy];
  backend.address = address;
  backend.removed = false;
}

void LoadBalancer::remove_backend(ProxyId proxy) {
  const auto found = backends_.find(proxy);
  if (found == backends_.end()) return;
  found->second.removed = true;
  if (found->second.connections == 0) backends_.erase(found);
}

void LoadBalancer::prefer(std::optional<ProxyId> proxy) { preferred_ = proxy; }

void LoadBalancer::set_accept_and_close(bool on) { accept_and_close_ = on; }

std::size_t LoadBalancer::connections(ProxyId proxy) const {
  const auto found = backends_.find(proxy);
  return found == backends_.end() ? 0 : found->second.connections;
}

std::optional<ProxyId> LoadBalancer::choose(const std::vector<ProxyId>& tried) {
  std::vector<ProxyId> eligible;
  for (const auto& [proxy, backend] : backends_) {
    if (backend.removed || backend.check || std::ranges::count(tried, proxy) > 0) continue;
    eligible.push_back(proxy);
  }
  if (eligible.empty()) return std::nullopt;
  if (preferred_ && std::ranges::count(eligible, *preferred_) > 0) return preferred_;
  if (choice_ == Choice::kUneven) {
    for (const ProxyId proxy : eligible) {
      if (draws_.percent(50)) return proxy;
    }
    return eligible.back();
  }
  return *std::ranges::min_element(eligible, {}, [this](ProxyId proxy) {
    const Backend& backend = backends_.at(proxy);
    return std::pair(backend.connections, backend.last_taken);
  });
}

void LoadBalancer::take(ProxyId proxy) {
  Backend& backend = backends_.at(proxy);
  ++backend.connections;
  backend.last_taken = ++taken_;
}

void LoadBalancer::give_back(ProxyId proxy) {
  const auto found = backends_.find(proxy);
  CHECK(found != backends_.end() && found->second.connections > 0, "what was taken is given back");
  if (--found->second.connections == 0 && found->second.removed) backends_.erase(found);
}

std::string LoadBalancer::header_for(const runtime::Endpoint& client,
                                     const runtime::Endpoint& door) {
  using Header = AddressTelling::Header;
  if (telling_.header == Header::kNone) return {};
  const std::string header = telling_.header == Header::kLine ? peer::proxy_line(client, door)
                                                              : peer::proxy_binary(client, door);
  if (!headers_are_broken_) return header;
  // Nothing; too short a line; an address that is none; a family that is none; cut short.
  const std::string broken[] = {"", "PROXY TCP4\r\n", "PROXY TCP4 10.8.0.256 10.9.0.1 1 2\r\n",
                                peer::proxy_binary(0x21, 0x99, "12 bytes of."),
                                header.substr(0, header.size() / 2)};
  return broken[draws_.below(std::size(broken))];
}

void LoadBalancer::failed(ProxyId proxy) {
  Backend& backend = backends_.at(proxy);
  if (backend.check) return;
  backend.check = std::make_shared<HealthCheck>(
      process_.shard(0), runtime::Endpoint{backend.address, kWebPort}, [this, proxy] {
        const auto found = backends_.find(proxy);
        if (found != backends_.end()) found->second.check.reset();
      });
}

}  // namespace prometheus_rsocket::sim::actor

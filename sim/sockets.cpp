// The seam's streams, listeners, dials and names, on the virtual network.
#include <boost/asio/error.hpp>
#include <optional>
#include <utility>

#include "base/check.h"
#include "sim/operation.h"
#include "sim/virtual_network.h"

namespace prometheus_rsocket::sim {
namespace {

namespace error = boost::asio::error;
using runtime::Endpoint;
using runtime::error_code;
using runtime::Executor;
using runtime::Handler;
using StreamPtr = std::unique_ptr<runtime::Stream>;
using StreamHandler = Handler<void(error_code, StreamPtr)>;

TaskQueue& shard_of(const Executor& executor) {
  const auto* ours = executor.target<ShardExecutor>();
  CHECK(ours != nullptr, "an executor of a simulated shard");
  return ours->queue();
}

class SimStream final : public runtime::Stream, private Resource, private Connection::User {
 public:
  SimStream(Executor executor, std::shared_ptr<Connection> connection, std::size_t end)
      : Resource(shard_of(executor).process()),
        executor_(std::move(executor)),
        connection_(std::move(connection)),
        end_(end) {
    connection_->attach(end_, this);
  }
  ~SimStream() override { close(); }

  [[nodiscard]] Executor get_executor() const override { return executor_; }
  [[nodiscard]] Endpoint local_endpoint() const override { return connection_->endpoint(end_); }
  [[nodiscard]] Endpoint remote_endpoint() const override {
    return connection_->endpoint(1 - end_);
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    connection_->close(end_, Ending::kStopped);
    read_.abort();
    write_.abort();
  }

 private:
  void close_at_end(Ending ending) override {
    if (!std::exchange(closed_, true)) connection_->close(end_, ending);
  }

  void drop() override {
    // A handler may own this stream.
    const auto read = read_.release();
    const auto write = write_.release();
  }

  void do_read_some(boost::asio::mutable_buffer buffer,
                    Handler<void(error_code, std::size_t)> handler) override {
    if (process().ended) return;
    CHECK(!read_.waiting(), "at most one read under way");
    if (closed_) return complete(std::move(handler), error::operation_aborted, 0);
    if (buffer.size() == 0) return complete(std::move(handler), {}, 0);
    CHECK(!read_ended_, "after a read that failed none is started");
    if (const auto moved = connection_->read(end_, buffer)) {
      read_ended_ = static_cast<bool>(moved->error);
      return complete(std::move(handler), moved->error, moved->bytes);
    }
    read_buffer_ = buffer;
    read_.start(executor_, std::move(handler));
  }

  void do_write_some(std::vector<boost::asio::const_buffer> buffers,
                     Handler<void(error_code, std::size_t)> handler) override {
    if (process().ended) return;
    CHECK(!write_.waiting(), "at most one write under way");
    if (closed_) return complete(std::move(handler), error::operation_aborted, 0);
    if (boost::asio::buffer_size(buffers) == 0) return complete(std::move(handler), {}, 0);
    if (const auto moved = connection_->write(end_, buffers)) {
      return complete(std::move(handler), moved->error, moved->bytes);
    }
    write_buffers_ = std::move(buffers);
    write_.start(executor_, std::move(handler));
  }

  void do_shutdown_send(Handler<void(error_code)> handler) override {
    if (process().ended) return;
    const error_code result =
        closed_ ? error_code(error::operation_aborted) : connection_->shutdown_send(end_);
    post_completion<>(executor_, std::move(handler), result);
  }

  void readable() override {
    if (!read_.waiting()) return;
    const auto moved = connection_->read(end_, read_buffer_);
    if (!moved) return;
    read_ended_ = static_cast<bool>(moved->error);
    read_.complete(moved->error, moved->bytes);
  }

  void writable() override {
    if (!write_.waiting()) return;
    const auto moved = connection_->write(end_, write_buffers_);
    if (moved) write_.complete(moved->error, moved->bytes);
  }

  void complete(Handler<void(error_code, std::size_t)> handler, error_code result,
                std::size_t bytes) {
    post_completion<std::size_t>(executor_, std::move(handler), result, bytes);
  }

  Executor executor_;
  std::shared_ptr<Connection> connection_;
  std::size_t end_;
  bool closed_ = false;
  bool read_ended_ = false;
  Operation<std::size_t> read_;
  Operation<std::size_t> write_;
  boost::asio::mutable_buffer read_buffer_;
  std::vector<boost::asio::const_buffer> write_buffers_;
};

class SimListener final : public runtime::Listener, private Resource, private Port {
 public:
  SimListener(TaskQueue& shard, const Endpoint& endpoint)
      : Resource(shard.process()), executor_(ShardExecutor(shard)), endpoint_(endpoint) {
    Port* port = this;
    process().host.ports.emplace(endpoint_, port);
  }
  ~SimListener() override { close(); }

  [[nodiscard]] Endpoint local_endpoint() const override { return endpoint_; }

  void close() override {
    unbind();
    accept_.abort();
  }

 private:
  [[nodiscard]] const Endpoint& endpoint() const override { return endpoint_; }
  [[nodiscard]] bool is_full() const override {
    return backlog_.size() >= process().kernel.config.backlog;
  }

  void offer(std::shared_ptr<Connection> connection) override {
    backlog_.push_back(std::move(connection));
    if (accept_.waiting()) accept_.complete({}, take());
  }

  void close_at_end(Ending ending) override {
    if (ending == Ending::kLost) {
      for (const auto& connection : std::exchange(backlog_, {})) {
        connection->close(kAcceptor, ending);
      }
    }
    unbind();
  }

  void drop() override { const auto accept = accept_.release(); }

  void unbind() {
    if (std::exchange(closed_, true)) return;
    process().host.ports.erase(endpoint_);
    for (const auto& connection : std::exchange(backlog_, {})) {
      connection->reset(kAcceptor);
      connection->close(kAcceptor, Ending::kLost);
    }
  }

  [[nodiscard]] StreamPtr take() {
    auto connection = std::move(backlog_.front());
    backlog_.pop_front();
    return std::make_unique<SimStream>(stream_executor_, std::move(connection), kAcceptor);
  }

  void do_accept(Executor executor, StreamHandler handler) override {
    if (process().ended) return;
    CHECK(!accept_.waiting(), "one accept at a time");
    stream_executor_ = std::move(executor);
    accept_.start(executor_, std::move(handler));
    if (closed_) {
      accept_.abort();
    } else if (!backlog_.empty()) {
      accept_.complete({}, take());
    }
  }

  Executor executor_;
  Endpoint endpoint_;
  bool closed_ = false;
  std::deque<std::shared_ptr<Connection>> backlog_;
  Operation<StreamPtr> accept_;
  Executor stream_executor_;
};

// A dial under way: kept by its events, and by nothing else.
class Dial final : public std::enable_shared_from_this<Dial>, private Resource {
 public:
  Dial(TaskQueue& shard, const Endpoint& to, StreamHandler handler)
      : Resource(shard.process()),
        kernel_(process().kernel),
        network_(process().network),
        from_(process().host),
        executor_(ShardExecutor(shard)),
        to_(to),
        entity_(mix(mix(from_.entity, hash_of(to_string(to))), from_.dials[to]++)),
        draws_(kernel_.seed, entity_) {
    connect_.start(executor_, std::move(handler));
  }

  void start() {
    const base::Instant now = kernel_.events.now();
    at(now + kernel_.config.connect_timeout, [](Dial& self) { self.give_up(); });
    base::Duration after{};
    for (base::Duration wait = std::chrono::seconds(1); after < kernel_.config.connect_timeout;
         after += std::exchange(wait, 2 * wait)) {
      at(now + after, [](Dial& self) { self.send_syn(); });
    }
  }

 private:
  void drop() override {
    const auto self = shared_from_this();
    cancel_events();
    const auto connect = connect_.release();
  }

  void at(base::Instant when, void (*step)(Dial&)) {
    events_.push_back(kernel_.events.add(when, {EventKind::kDial, entity_, events_.size()},
                                         [self = shared_from_this(), step] {
                                           if (self->connect_.waiting()) step(*self);
                                         }));
  }

  void finish(error_code result, StreamPtr stream) {
    connect_.complete(result, std::move(stream));
    cancel_events();
  }

  void cancel_events() {
    const auto events = std::exchange(events_, {});  // an event may own this
    for (const auto& event : events) kernel_.events.cancel(event);
  }

  [[nodiscard]] Host* host() {
    return to_.address.is_loopback() ? &from_ : network_.find_host(to_.address);
  }

  void give_up() {
    kernel_.count(Happening::kConnectTimedOut);
    finish(error::timed_out, nullptr);
  }

  void send_syn() {
    Host* to = host();
    if (to == nullptr) return kernel_.count(Happening::kSynLost);
    at(kernel_.events.now() + network_.transit(from_, *to, draws_),
       [](Dial& self) { self.syn_arrives(); });
  }

  void syn_arrives() {
    Host* to = host();
    const Port* port = to->find(to_);
    if (!network_.passes(from_, *to) || (port != nullptr && port->is_full())) {
      return kernel_.count(Happening::kSynLost);
    }
    const base::Instant back = kernel_.events.now() + network_.transit(*to, from_, draws_);
    if (port == nullptr) {
      at(back, [](Dial& self) { self.refused(); });
    } else {
      at(back, [](Dial& self) { self.syn_answered(); });
    }
  }

  void refused() {
    if (!network_.passes(*host(), from_)) return kernel_.count(Happening::kSynLost);
    kernel_.count(Happening::kRefused);
    finish(error::connection_refused, nullptr);
  }

  void syn_answered() {
    if (!network_.passes(*host(), from_)) return kernel_.count(Happening::kSynLost);
    const Address local = to_.address.is_loopback() ? to_.address : from_.address;
    auto connection = std::make_shared<Connection>(
        kernel_, network_, entity_, Connection::Place{&from_, {local, from_.take_port()}},
        Connection::Place{host(), to_});
    connection->establish();
    finish({}, std::make_unique<SimStream>(executor_, std::move(connection), kDialler));
  }

  Kernel& kernel_;
  VirtualNetwork& network_;
  Host& from_;
  Executor executor_;
  Endpoint to_;
  std::uint64_t entity_;
  Draws draws_;
  Operation<StreamPtr> connect_;
  std::vector<EventQueue::Id> events_;
};

class SimNetwork final : public runtime::Network {
 public:
  explicit SimNetwork(TaskQueue& shard) : shard_(shard) {}

  [[nodiscard]] boost::system::result<std::unique_ptr<runtime::Listener>> listen(
      const Endpoint& endpoint) override {
    Host& host = shard_.process().host;
    if (!host.owns(endpoint.address))
      return error_code(error::make_error_code(static_cast<error::basic_errors>(EADDRNOTAVAIL)));
    Endpoint at = endpoint;
    if (at.port == 0) at.port = host.take_port();
    for (const auto& [taken, port] : host.ports) {
      if (taken.port == at.port && (taken.address == at.address || taken.address.is_unspecified() ||
                                    at.address.is_unspecified())) {
        return error_code(error::address_in_use);
      }
    }
    return std::unique_ptr<runtime::Listener>(std::make_unique<SimListener>(shard_, at));
  }

 private:
  void do_connect(const Endpoint& endpoint, StreamHandler handler) override {
    if (shard_.process().ended) return;
    std::make_shared<Dial>(shard_, endpoint, std::move(handler))->start();
  }

  TaskQueue& shard_;
};

class SimResolver final : public runtime::Resolver {
 public:
  explicit SimResolver(TaskQueue& shard)
      : shard_(shard), draws_(shard.process().kernel.seed, mix(shard.entity(), hash_of("names"))) {}

 private:
  using Addresses = std::vector<Address>;

  void do_resolve(std::string host, Handler<void(error_code, Addresses)> handler) override {
    ProcessState& process = shard_.process();
    if (process.ended) return;
    const base::Duration delay = draws_.up_to(process.kernel.config.resolve_delay_max);
    process.later(process.kernel.events.now() + delay, {EventKind::kResolve, shard_.entity()},
                  make_task([this, name = std::move(host), h = std::move(handler)]() mutable {
                    error_code not_literal;
                    const Address literal = boost::asio::ip::make_address(name, not_literal);
                    Addresses found;
                    if (!not_literal) {
                      found = {literal};
                    } else {
                      found = shard_.process().network.find_name(name);
                    }
                    const error_code result =
                        found.empty() ? error_code(error::host_not_found) : error_code();
                    post_completion<Addresses>(ShardExecutor(shard_), std::move(h), result,
                                               std::move(found));
                  }));
  }

  TaskQueue& shard_;
  Draws draws_;
};

}  // namespace

std::unique_ptr<runtime::Network> make_network(TaskQueue& shard) {
  return std::make_unique<SimNetwork>(shard);
}

std::unique_ptr<runtime::Resolver> make_resolver(TaskQueue& shard) {
  return std::make_unique<SimResolver>(shard);
}

}  // namespace prometheus_rsocket::sim

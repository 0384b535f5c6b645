// The seam's listeners and names, on the virtual network.
#include <boost/asio/error.hpp>
#include <optional>
#include <utility>

#include "base/check.h"
#include "sim/dial.h"
#include "sim/operation.h"
#include "sim/stream.h"
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

class SimListener final : public runtime::Listener, private Resource, private Port {
 public:
  SimListener(TaskQueue& shard, const Endpoint& endpoint)
      : Resource(shard.process(), &Handles::listeners),
        shard_(shard),
        endpoint_(endpoint),
        open_(process().handles.open_listeners) {
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
    accept_next();
  }

  void close_at_end(Ending ending) override {
    if (ending == Ending::kLost) {
      for (const auto& connection : std::exchange(backlog_, {})) {
        connection->close(kAcceptor, ending);
      }
    }
    unbind();
  }

  void go_on() override { accept_next(); }

  void drop() override { const auto accept = accept_.release(); }

  void unbind() {
    if (std::exchange(closed_, true)) return;
    open_.release();
    process().host.ports.erase(endpoint_);
    for (const auto& connection : std::exchange(backlog_, {})) {
      connection->reset(kAcceptor);
      connection->close(kAcceptor, Ending::kLost);
    }
  }

  void accept_next() {
    if (!accept_.waiting() || backlog_.empty() || process().holds_handlers()) return;
    if (shard_of(stream_executor_).process().lacks_descriptors()) {
      return accept_.complete(error::no_descriptors, nullptr);
    }
    auto connection = std::move(backlog_.front());
    backlog_.pop_front();
    accept_.complete({}, make_stream(stream_executor_, std::move(connection), kAcceptor));
  }

  void do_accept(Executor executor, StreamHandler handler) override {
    if (process().ended) return;
    CHECK(!accept_.waiting(), "one accept at a time");
    stream_executor_ = std::move(executor);
    accept_.start(shard_, std::move(handler));
    if (closed_) {
      accept_.abort();
    } else {
      accept_next();
    }
  }

  ShardExecutor shard_;
  Endpoint endpoint_;
  Counted open_;
  bool closed_ = false;
  std::deque<std::shared_ptr<Connection>> backlog_;
  Operation<StreamPtr> accept_;
  Executor stream_executor_;
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
    dial(shard_, endpoint, std::move(handler));
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

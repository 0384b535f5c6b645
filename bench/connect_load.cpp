#include "connect_load.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <utility>
#include <variant>

#include "transport/session.h"

namespace prometheus_rsocket::bench {

// One connection from its SYN on.
class ConnectLoad::Dialled final : public transport::SessionHandler {
 public:
  explicit Dialled(ConnectLoad& load) : load_(load), begin_(load.shard_.clock.now()) {}
  ~Dialled() override {
    if (!session_) return;
    session_->detach();
    session_->abort();
  }

  void connected(std::unique_ptr<runtime::Stream> stream) {
    runtime::Shard& shard = load_.shard_;
    session_ = std::make_shared<transport::Session>(
        shard, transport::make_tcp_channel(std::move(stream)),
        rsocket::Connection(rsocket::Role::kClient, {}, begin_),
        static_cast<transport::SessionHandler&>(*this));
    session_->start();
    session_->connect({});
  }

  void on_event(const rsocket::Event& event) override {
    if (std::holds_alternative<rsocket::FireAndForget>(event) && !has_key_) {
      has_key_ = true;
      load_.key_came(load_.shard_.clock.now() - begin_);
    } else if (std::holds_alternative<rsocket::Closed>(event)) {
      load_.ended(has_key_);
    }
  }

 private:
  ConnectLoad& load_;
  const base::Instant begin_;
  bool has_key_ = false;
  std::shared_ptr<transport::Session> session_;
};

ConnectLoad::ConnectLoad(runtime::Shard& shard, runtime::Endpoint proxy, std::size_t connections,
                         std::size_t at_once)
    : shard_(shard), proxy_(std::move(proxy)), connections_(connections) {
  dialled_.reserve(connections);
  times_to_key_.reserve(connections);
  for (std::size_t i = 0; i < std::min(at_once, connections); ++i) dial();
}

ConnectLoad::~ConnectLoad() { *self_ = nullptr; }

bool ConnectLoad::is_done() const { return times_to_key_.size() + failed_ >= connections_; }

void ConnectLoad::dial() {
  if (dialled_.size() == connections_) return;
  dialled_.push_back(std::make_unique<Dialled>(*this));
  shard_.network.async_connect(
      proxy_,
      boost::asio::bind_executor(
          shard_.executor, [self = self_, dialled = dialled_.back().get()](
                               runtime::error_code error, std::unique_ptr<runtime::Stream> stream) {
            if (*self == nullptr) return;
            if (error) return (*self)->ended(false);
            dialled->connected(std::move(stream));
          }));
}

void ConnectLoad::key_came(base::Duration after) {
  times_to_key_.push_back(after);
  dial();
}

void ConnectLoad::ended(bool had_key) {
  ++failed_;
  if (!had_key) dial();
}

}  // namespace prometheus_rsocket::bench

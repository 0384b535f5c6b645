#include "sim/actor/http_get.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <utility>

namespace prometheus_rsocket::sim::actor {

HttpGet::HttpGet(runtime::Shard& shard, const runtime::Endpoint& endpoint, std::string path,
                 std::optional<base::Duration> timeout, Done done)
    : shard_(shard), path_(std::move(path)), done_(std::move(done)), timeout_(shard, [this] {
        cancel_dial_.emit(boost::asio::cancellation_type::terminal);
        end(std::nullopt);
      }) {
  if (timeout) timeout_.set(shard.clock.now() + *timeout);
  shard.network.async_connect(
      endpoint,
      boost::asio::bind_cancellation_slot(
          cancel_dial_.slot(),
          boost::asio::bind_executor(shard.executor, [this, alive = std::weak_ptr(alive_)](
                                                         runtime::error_code error,
                                                         std::unique_ptr<runtime::Stream> stream) {
            if (alive.expired()) return;
            if (error) return end(std::nullopt);
            connection_ = std::make_shared<ScrapeConnection>(
                shard_, std::move(stream), static_cast<ScrapeConnection::Owner&>(*this));
            connection_->get(path_, "");
          })));
}

HttpGet::~HttpGet() {
  cancel_dial_.emit(boost::asio::cancellation_type::terminal);
  if (connection_) connection_->abort();
}

void HttpGet::on_answer(peer::HttpResponse response) {
  connection_->finish([] {});
  connection_.reset();
  end(std::move(response));
}

void HttpGet::on_ended(runtime::error_code /*error*/, std::size_t /*bytes*/) {
  connection_.reset();
  end(std::nullopt);
}

void HttpGet::end(std::optional<peer::HttpResponse> response) {
  timeout_.clear();
  if (connection_) std::exchange(connection_, nullptr)->abort();
  alive_.reset();
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(response));
}

}  // namespace prometheus_rsocket::sim::actor

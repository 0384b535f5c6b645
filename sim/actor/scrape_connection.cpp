#include "sim/actor/scrape_connection.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::sim::actor {

using runtime::error_code;

ScrapeConnection::ScrapeConnection(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                                   Owner& owner)
    : shard_(shard), stream_(std::move(stream)), owner_(&owner) {}

void ScrapeConnection::get(std::string_view path, std::string_view headers) {
  CHECK(!waiting_, "one request at a time");
  const bool first = request_.empty();
  waiting_ = true;
  request_ = "GET " + std::string(path) +
             " HTTP/1.1\r\nHost: " + runtime::to_string(stream_->remote_endpoint()) + "\r\n" +
             std::string(headers) + "\r\n";
  boost::asio::async_write(
      *stream_, boost::asio::buffer(request_),
      boost::asio::bind_executor(shard_.executor,
                                 [self = shared_from_this()](error_code error, std::size_t) {
                                   if (error) self->end(error);
                                 }));
  if (first) read();
}

void ScrapeConnection::set_pace(std::size_t bytes, base::Duration gap) {
  pace_ = std::min(bytes, buffer_.size());
  gap_ = gap;
}

void ScrapeConnection::read() {
  if (!reads_ || ended_) return;
  stream_->async_read_some(
      boost::asio::buffer(buffer_.data(), pace_),
      boost::asio::bind_executor(shard_.executor,
                                 [self = shared_from_this()](error_code error, std::size_t bytes) {
                                   self->on_read(error, bytes);
                                 }));
}

void ScrapeConnection::on_read(error_code error, std::size_t bytes) {
  if (ended_) return;
  if (!error && heard_ == nullptr) {
    const bool begins = received_.empty() && waiting_;
    received_.append(buffer_.data(), bytes);
    if (begins && owner_ != nullptr) owner_->on_begun();
  }
  // A chunked body is looked through only when this may be its end.
  const bool may_be_whole =
      error || received_.find("chunked") == std::string::npos || received_.ends_with("0\r\n\r\n");
  if (waiting_ && may_be_whole) {
    auto response = peer::parse_response(received_, error == boost::asio::error::eof);
    if (response) {
      waiting_ = false;
      received_.erase(0, response->bytes);
      if (owner_ != nullptr) owner_->on_answer(std::move(*response));
    }
  }
  if (error) return end(error);
  if (gap_ == base::Duration::zero() || !waiting_) return read();
  next_read_ = std::make_unique<runtime::Alarm>(shard_, [this] { read(); });
  next_read_->set(shard_.clock.now() + gap_);
}

void ScrapeConnection::finish(std::function<void()> heard) {
  if (ended_) return;
  owner_ = nullptr;
  heard_ = std::move(heard);
  stream_->async_shutdown_send(
      boost::asio::bind_executor(shard_.executor, [self = shared_from_this()](error_code) {}));
}

void ScrapeConnection::abort() {
  owner_ = nullptr;
  end(boost::asio::error::operation_aborted);
}

void ScrapeConnection::end(error_code error) {
  if (std::exchange(ended_, true)) return;
  if (next_read_) next_read_->clear();
  stream_->close();
  if (heard_ != nullptr && error == boost::asio::error::eof) heard_();
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->on_ended(error, received_.size());
}

}  // namespace prometheus_rsocket::sim::actor

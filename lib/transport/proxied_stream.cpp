#include "transport/proxied_stream.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

#include "base/check.h"
#include "runtime/alarm.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {
namespace {

namespace asio = boost::asio;
using base::Bytes;
using runtime::Endpoint;
using runtime::error_code;
using runtime::Handler;
using runtime::Stream;

// A stream of which something was read already: that comes first.
class ProxiedStream final : public Stream {
 public:
  // `ended`: what reading ended with behind `ahead`, if it did; nothing is read after that.
  ProxiedStream(std::unique_ptr<Stream> stream, Bytes ahead, error_code ended, Endpoint remote)
      : stream_(std::move(stream)), ahead_(std::move(ahead)), ended_(ended), remote_(remote) {}

  [[nodiscard]] runtime::Executor get_executor() const override { return stream_->get_executor(); }
  [[nodiscard]] Endpoint local_endpoint() const override { return stream_->local_endpoint(); }
  [[nodiscard]] Endpoint remote_endpoint() const override { return remote_; }
  [[nodiscard]] bool is_acknowledged() const override { return stream_->is_acknowledged(); }
  void close() override {
    stream_->close();
    ahead_.clear();
    ended_ = {};
  }

 private:
  void do_read_some(asio::mutable_buffer buffer,
                    Handler<void(error_code, std::size_t)> handler) override {
    if (ahead_.empty() && !ended_) return stream_->async_read_some(buffer, std::move(handler));
    const std::size_t bytes = std::min(buffer.size(), ahead_.size());
    const error_code error = ahead_.empty() ? ended_ : error_code();
    if (bytes > 0) {
      std::memcpy(buffer.data(), ahead_.data(), bytes);
      ahead_.erase(ahead_.begin(), ahead_.begin() + static_cast<std::ptrdiff_t>(bytes));
      if (ahead_.empty()) ahead_.shrink_to_fit();
    }
    auto where = asio::get_associated_executor(handler, get_executor());
    asio::post(get_executor(),
               asio::bind_executor(where, [h = std::move(handler), error, bytes]() mutable {
                 std::move(h)(error, bytes);
               }));
  }
  void do_write_some(std::vector<asio::const_buffer> buffers,
                     Handler<void(error_code, std::size_t)> handler) override {
    stream_->async_write_some(buffers, std::move(handler));
  }
  void do_shutdown_send(Handler<void(error_code)> handler) override {
    stream_->async_shutdown_send(std::move(handler));
  }

  std::unique_ptr<Stream> stream_;
  Bytes ahead_;
  error_code ended_;
  Endpoint remote_;
};

// What has come of a connection, and why no more does.
struct Received {
  Bytes bytes;
  error_code ended;   // of the stream
  bool late = false;  // the deadline has come

  [[nodiscard]] bool is_all() const { return late || ended.failed(); }
};

// What becomes of the connection: a header (of no bytes where none is needed), or an error. Nothing
// when more has to come.
boost::system::result<std::optional<ProxyHeader>> judge(const Received& received, bool required) {
  using Judged = std::optional<ProxyHeader>;
  if (!required) {
    const auto begins = begins_proxy_header(received.bytes);
    if (begins == true) return ProxyHeaderError::kFromUntrusted;
    return begins == false || received.is_all() ? Judged(ProxyHeader{}) : Judged();
  }
  if (received.late) return ProxyHeaderError::kLate;
  const auto header = read_proxy_header(received.bytes);
  if (!header || *header || !received.ended) return header;
  if (received.bytes.empty()) return received.ended;
  return ProxyHeaderError::kCutShort;
}

std::unique_ptr<Stream> without_header(std::unique_ptr<Stream> stream, Received received,
                                       const ProxyHeader& header) {
  Bytes& bytes = received.bytes;
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header.bytes));
  if (bytes.empty() && !received.ended && !header.source) return stream;
  const Endpoint remote = header.source.value_or(stream->remote_endpoint());
  return std::make_unique<ProxiedStream>(std::move(stream), std::move(bytes), received.ended,
                                         remote);
}

using Outcome = std::pair<error_code, std::unique_ptr<Stream>>;

asio::awaitable<Outcome> read(runtime::Shard& shard, std::unique_ptr<Stream> stream,
                              ProxyHeaderConfig config) {
  Received received;
  asio::cancellation_signal enough;
  runtime::Alarm alarm(shard, [&received, &enough] {
    received.late = true;
    enough.emit(asio::cancellation_type::terminal);
  });
  alarm.set(config.deadline);
  for (;;) {
    const auto judged = judge(received, config.required);
    if (!judged) co_return Outcome{judged.error(), std::move(stream)};
    if (*judged) {
      co_return Outcome{error_code(),
                        without_header(std::move(stream), std::move(received), **judged)};
    }
    const std::size_t held = received.bytes.size();
    received.bytes.resize(held + kReadBytesMin);
    error_code error;
    const std::size_t came = co_await stream->async_read_some(
        asio::buffer(received.bytes.data() + held, kReadBytesMin),
        asio::bind_cancellation_slot(enough.slot(),
                                     asio::redirect_error(asio::use_awaitable, error)));
    received.bytes.resize(held + came);
    // Given up, the stream can be read from again.
    if (!(received.late && error == asio::error::operation_aborted)) received.ended = error;
  }
}

}  // namespace

void do_read_proxy_header(runtime::Shard& shard, std::unique_ptr<Stream> stream,
                          ProxyHeaderConfig config,
                          Handler<void(error_code, std::unique_ptr<Stream>)> handler) {
  asio::co_spawn(
      shard.executor, read(shard, std::move(stream), config),
      [handler = std::move(handler)](const std::exception_ptr& thrown, Outcome outcome) mutable {
        CHECK(!thrown, "errors of the stream are values");
        std::move(handler)(outcome.first, std::move(outcome.second));
      });
}

}  // namespace prometheus_rsocket::transport

// The one translation unit with Beast's WebSocket in it: it takes long to compile.

#include "transport/websocket_frame_channel.h"

#include <algorithm>
#include <array>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <cstring>
#include <random>

#include "base/check.h"
#include "rsocket/frame.h"
#include "rsocket/frame_reader.h"
#include "rsocket/limits.h"
#include "runtime/alarm.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using base::Bytes;
using runtime::error_code;
using runtime::Handler;

namespace {

// The seam's stream as the value that Beast wants to own; counts what is written.
class Layer {
 public:
  using executor_type = runtime::Executor;

  explicit Layer(std::unique_ptr<runtime::Stream> stream) : stream_(std::move(stream)) {}

  executor_type get_executor() const { return stream_->get_executor(); }
  runtime::Stream& stream() { return *stream_; }
  std::uint64_t written_bytes() const { return written_bytes_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return stream_->async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          const auto where = asio::get_associated_executor(handler, get_executor());
          stream_->async_write_some(
              from, asio::bind_executor(where, [this, handler = std::move(handler)](
                                                   error_code error, std::size_t bytes) mutable {
                written_bytes_ += bytes;
                std::move(handler)(error, bytes);
              }));
        },
        token, buffers);
  }

 private:
  std::unique_ptr<runtime::Stream> stream_;
  std::uint64_t written_bytes_ = 0;
};

// What Beast looks up by argument to end its next layer.
void beast_close_socket(Layer& layer) { layer.stream().close(); }

[[maybe_unused]] void teardown(boost::beast::role_type, Layer& layer, error_code& error) {
  layer.stream().close();
  error = {};
}

template <class TeardownHandler>
void async_teardown(boost::beast::role_type, Layer& layer, TeardownHandler&& handler) {
  layer.stream().async_shutdown_send(std::forward<TeardownHandler>(handler));
}

using WebSocket = websocket::stream<Layer, false>;  // no deflate

constexpr std::size_t kTypeOffset = 4;  // of the byte whose upper six bits are a frame's type

// Beast's masks come from a generator that is seeded once a process, by itself from the system
// unless we are first. The draw is made each time: whether somebody was first must not show in what
// is drawn later.
void seed_masks(runtime::Random& random) {
  std::array<std::uint32_t, 8> seed{};
  random.fill(std::as_writable_bytes(std::span(seed)));
  [[maybe_unused]] static const bool seeded = [&] {
    std::seed_seq sequence(seed.begin(), seed.end());
    websocket::seed_prng(sequence);
    return true;
  }();
}

// That the peer broke the rules of WebSocket; it was told so by a close frame.
bool is_of_protocol(error_code error) {
  return error.category() == error_code(websocket::error::closed).category() &&
         error != websocket::error::closed;
}

// Beast's read and its close end up waiting for each other where the peer breaks the rules of
// WebSocket while we close: then neither waits for the stream, and its end wakes neither.
struct Waiting {
  asio::cancellation_signal read;
  asio::cancellation_signal shutdown;

  void cancel() {
    read.emit(asio::cancellation_type::terminal);
    shutdown.emit(asio::cancellation_type::terminal);
  }
};

class WebSocketFrameChannel final : public FrameChannel {
 public:
  WebSocketFrameChannel(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream)
      : remote_(stream->remote_endpoint()), socket_(std::move(stream)) {
    seed_masks(shard.random);
    socket_.set_option(websocket::stream_base::timeout{websocket::stream_base::none(),
                                                       websocket::stream_base::none(), false});
    socket_.read_message_max(rsocket::kFrameBytesMax);
    socket_.auto_fragment(false);
    socket_.binary(true);
  }

  WebSocket& socket() { return socket_; }
  runtime::Stream& stream() { return socket_.next_layer().stream(); }

  boost::system::result<std::optional<base::ByteView>> next_frame() override {
    if (discarding_) return std::nullopt;
    if (error_) return error_;
    if (!whole_) return std::nullopt;
    whole_ = false;
    taken_ = true;
    return base::ByteView(message_);
  }
  base::ByteView arriving() const override {
    return taken_ || skipping_ || discarding_ ? base::ByteView{} : base::ByteView(message_);
  }
  void skip_frame() override {
    CHECK(message_.size() >= rsocket::kFrameHeaderBytes, "a frame is skipped by its header");
    skipping_ = true;
    forget_body();
  }
  void discard_input() override { discarding_ = true; }
  std::uint64_t written_bytes() const override { return socket_.next_layer().written_bytes(); }
  // Later, as all completions are: a handler may own this channel, or be run by who calls us. Once
  // the channel is gone nothing waits, and what a signal would cancel went with the stream.
  void close() override {
    stream().close();
    asio::post(socket_.get_executor(), [waiting = std::weak_ptr(waiting_)] {
      if (const auto still = waiting.lock()) still->cancel();
    });
  }
  TransportKind kind() const override { return TransportKind::kWebSocket; }
  runtime::Endpoint remote_endpoint() const override { return remote_; }

 private:
  // Reads into the end of the message. Memory follows what has arrived: never more than twice that.
  void do_fill(Handler<void(error_code)> handler) override {
    if (taken_ || discarding_) start_message();
    const std::size_t held = message_.size();
    message_.resize(held + (skipping_ ? rsocket::FrameReader::kSkipBufferBytes
                                      : std::clamp(held, kReadBytesMin, kReadBytesMax)));
    socket_.async_read_some(
        asio::buffer(message_.data() + held, message_.size() - held),
        asio::bind_cancellation_slot(waiting_->read.slot(),
                                     [this, held, handler = std::move(handler)](
                                         error_code error, std::size_t bytes) mutable {
                                       message_.resize(held + bytes);
                                       message_bytes_ += bytes;
                                       if (error == websocket::error::closed)
                                         error = asio::error::eof;
                                       if (!error) judge();
                                       if (is_of_protocol(error) && !discarding_)
                                         error_ = std::exchange(error, {});
                                       std::move(handler)(error);
                                     }));
  }

  void start_message() {
    taken_ = false;
    skipping_ = false;
    message_.clear();
    message_bytes_ = 0;
    if (message_.capacity() > kReadBytesMax) message_.shrink_to_fit();
  }

  // The header stays, since it has the bound of the message.
  void forget_body() {
    message_.resize(rsocket::kFrameHeaderBytes);
    if (message_.capacity() > kReadBytesMax) message_.shrink_to_fit();
  }

  void judge() {
    if (discarding_) return;
    if (!socket_.got_binary()) {
      close_code_ = websocket::close_code::unknown_data;
      error_ = make_error_code(boost::system::errc::bad_message);
    } else if (message_.size() > kTypeOffset &&
               message_bytes_ > rsocket::frame_bytes_max(static_cast<std::uint8_t>(
                                    std::to_integer<unsigned>(message_[kTypeOffset]) >> 2U))) {
      error_ = rsocket::make_error_code(rsocket::FrameError::kFrameTooLong);
    } else if (skipping_) {
      forget_body();
      taken_ = socket_.is_message_done();
    } else {
      whole_ = socket_.is_message_done();
    }
  }

  struct Batch {
    std::vector<Bytes> frames;
    std::size_t next = 0;
    Handler<void(error_code)> handler;
  };

  void do_write(std::vector<Bytes> frames, Handler<void(error_code)> handler) override {
    write_next(std::make_unique<Batch>(Batch{std::move(frames), 0, std::move(handler)}));
  }

  void write_next(std::unique_ptr<Batch> batch) {
    const Bytes& frame = batch->frames[batch->next];
    socket_.async_write(asio::buffer(frame),
                        [this, batch = std::move(batch)](error_code error, std::size_t) mutable {
                          if (error || ++batch->next == batch->frames.size()) {
                            return std::move(batch->handler)(error);
                          }
                          write_next(std::move(batch));
                        });
  }

  void do_shutdown(Handler<void(error_code)> handler) override {
    socket_.async_close(
        close_code_, asio::bind_cancellation_slot(
                         waiting_->shutdown.slot(),
                         asio::bind_executor(socket_.get_executor(), [handler = std::move(handler)](
                                                                         error_code error) mutable {
                           std::move(handler)(error);
                         })));
  }

  runtime::Endpoint remote_;
  std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
  WebSocket socket_;
  Bytes message_;  // what has come of the message under way; while skipping its header alone
  std::size_t message_bytes_ = 0;  // that have come of it
  bool whole_ = false;
  bool taken_ = false;  // the next read is of another message
  bool skipping_ = false;
  bool discarding_ = false;
  error_code error_;
  websocket::close_code close_code_ = websocket::close_code::normal;  // what our goodbye will say
};

// The channel and the time of one handshake.
struct Handshake {
  Handshake(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream, base::Instant deadline)
      : channel(std::make_unique<WebSocketFrameChannel>(shard, std::move(stream))),
        alarm(shard, [this] {
          late = true;
          channel->close();
        }) {
    alarm.set(deadline);
  }

  [[nodiscard]] error_code judge(error_code error) const {
    return late ? error_code(asio::error::timed_out) : error;
  }

  std::unique_ptr<WebSocketFrameChannel> channel;
  bool late = false;
  runtime::Alarm alarm;
};

// Until the peer's end, so that an answer is not destroyed by a reset; the deadline bounds it.
asio::awaitable<void> linger(Layer& layer) {
  error_code error;
  co_await layer.stream().async_shutdown_send(asio::redirect_error(asio::use_awaitable, error));
  std::array<char, 512> dropped{};
  while (!error) {
    co_await layer.async_read_some(asio::buffer(dropped),
                                   asio::redirect_error(asio::use_awaitable, error));
  }
}

asio::awaitable<void> refuse(Layer& layer, http::status status) {
  http::response<http::string_body> response(status, 11);
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  if (status == http::status::upgrade_required) {
    response.set(http::field::upgrade, "websocket");
    response.set(http::field::connection, "Upgrade, close");
  } else {
    response.set(http::field::connection, "close");
  }
  response.body() = "RSocket over WebSocket is served here\n";
  response.prepare_payload();
  error_code error;
  co_await http::async_write(layer, response, asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_await linger(layer);
}

using Request = http::request<http::empty_body>;

std::string header_of(const Request& request, http::field field) {
  const auto found = request.find(field);
  return found == request.end() ? std::string() : std::string(found->value());
}

// Several lines of one name are one list (RFC 9110, section 5.3): who looks at its right end must
// not be shown the line that a client made up.
std::string list_of(const Request& request, std::string_view name) {
  std::string list;
  const auto [begin, end] = request.equal_range({name.data(), name.size()});
  for (auto line = begin; line != end; ++line) {
    if (line != begin) list += ", ";
    list.append(line->value().data(), line->value().size());
  }
  return list;
}

// What to refuse a request with that was read so far as `error` says; nothing for an upgrade.
// `behind_it`: bytes that came after it, too early.
std::optional<http::status> refusal(const Request& request, error_code error,
                                    std::size_t behind_it) {
  if (error == http::error::header_limit) return http::status::request_header_fields_too_large;
  if (error) return http::status::bad_request;
  // A body, whose end Beast does not look for where "chunked" is not its last coding.
  if (request.count(http::field::transfer_encoding) > 0) return http::status::bad_request;
  if (!websocket::is_upgrade(request)) return http::status::upgrade_required;
  if (behind_it > 0) return http::status::bad_request;
  return std::nullopt;
}

asio::awaitable<void> wait(runtime::Shard& shard, base::Instant until) {
  const auto timer = shard.timers.make_timer();
  error_code ignored;
  co_await timer->async_wait_until(until, asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<std::pair<error_code, AcceptedWebSocket>> accept(
    runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream, WebSocketAcceptConfig config) {
  const auto bad_message = make_error_code(boost::system::errc::bad_message);
  Handshake handshake(shard, std::move(stream), config.deadline);
  WebSocket& socket = handshake.channel->socket();
  boost::beast::flat_buffer buffer;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(kUpgradeBytesMax));
  error_code error;
  co_await http::async_read(socket.next_layer(), buffer, parser,
                            asio::redirect_error(asio::use_awaitable, error));
  const error_code of_parser = http::error::bad_method;
  if (error == of_parser) {
    co_await wait(shard, std::min(shard.clock.now() + config.hold, config.deadline));
  }
  if (error && (error.category() != of_parser.category() || error == http::error::end_of_stream ||
                error == http::error::partial_message)) {
    co_return std::pair{handshake.judge(error), AcceptedWebSocket{}};
  }
  if (const auto status = refusal(parser.get(), error, buffer.size())) {
    co_await refuse(socket.next_layer(), *status);
    co_return std::pair{bad_message, AcceptedWebSocket{}};
  }
  co_await socket.async_accept(parser.get(), asio::redirect_error(asio::use_awaitable, error));
  if (is_of_protocol(error)) {  // Beast has answered it
    co_await linger(socket.next_layer());
    co_return std::pair{bad_message, AcceptedWebSocket{}};
  }
  if (error) co_return std::pair{handshake.judge(error), AcceptedWebSocket{}};
  AcceptedWebSocket accepted;
  accepted.authorization = header_of(parser.get(), http::field::authorization);
  accepted.forwarded_for = list_of(parser.get(), "X-Forwarded-For");
  accepted.channel = std::move(handshake.channel);
  handshake.alarm.clear();
  co_return std::pair{error_code{}, std::move(accepted)};
}

asio::awaitable<std::pair<error_code, std::unique_ptr<FrameChannel>>> dial(
    runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream, WebSocketDialConfig config) {
  Handshake handshake(shard, std::move(stream), config.deadline);
  if (!config.authorization.empty()) {
    handshake.channel->socket().set_option(websocket::stream_base::decorator(
        [value = config.authorization](websocket::request_type& request) {
          request.set(http::field::authorization, value);
        }));
  }
  error_code error;
  co_await handshake.channel->socket().async_handshake(
      config.host, config.path, asio::redirect_error(asio::use_awaitable, error));
  handshake.alarm.clear();
  if (error) co_return std::pair{handshake.judge(error), std::unique_ptr<FrameChannel>{}};
  co_return std::pair{error_code{}, std::unique_ptr<FrameChannel>(std::move(handshake.channel))};
}

}  // namespace

void do_accept_websocket(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                         WebSocketAcceptConfig config,
                         Handler<void(error_code, AcceptedWebSocket)> handler) {
  asio::co_spawn(
      shard.executor, accept(shard, std::move(stream), config),
      [handler = std::move(handler)](const std::exception_ptr& thrown,
                                     std::pair<error_code, AcceptedWebSocket> result) mutable {
        CHECK(!thrown, "errors of the stream are values");
        std::move(handler)(result.first, std::move(result.second));
      });
}

void do_dial_websocket(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                       WebSocketDialConfig config,
                       Handler<void(error_code, std::unique_ptr<FrameChannel>)> handler) {
  asio::co_spawn(shard.executor, dial(shard, std::move(stream), std::move(config)),
                 [handler = std::move(handler)](
                     const std::exception_ptr& thrown,
                     std::pair<error_code, std::unique_ptr<FrameChannel>> result) mutable {
                   CHECK(!thrown, "errors of the stream are values");
                   std::move(handler)(result.first, std::move(result.second));
                 });
}

}  // namespace prometheus_rsocket::transport

#include "net/tls.h"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <utility>

#include "base/check.h"
#include "net/complete.h"
#include "net/tls_context.h"
#include "net/tls_engine.h"
#include "net/tls_stream.h"

namespace prometheus_rsocket::net {
namespace {

namespace asio = boost::asio;
using boost::system::result;
using runtime::error_code;
using runtime::Executor;
using runtime::Stream;
using runtime::TlsPeer;
using Step = TlsEngine::Step;
using StreamPtr = std::unique_ptr<Stream>;
using HandshakeHandler = runtime::Handler<void(error_code, StreamPtr, TlsPeer)>;

// Whatever a peer still says to a closed connection would be answered by a reset, which destroys
// what is on its way to it.
constexpr std::size_t kLingerBytesMax = std::size_t{64} * 1024;

// The first byte of TLS (RFC 8446, 5.1).
constexpr unsigned char kHandshakeRecord = 22;

struct Outcome {
  error_code error;
  StreamPtr stream;
  TlsPeer peer;
};

asio::awaitable<bool> is_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

asio::awaitable<error_code> send_output(Stream& stream, TlsEngine& engine) {
  const base::Bytes output = engine.take_output();
  error_code error;
  if (!output.empty()) {
    co_await asio::async_write(stream, asio::buffer(output),
                               asio::redirect_error(asio::use_awaitable, error));
  }
  co_return error;
}

// Until the peer has ended, too.
asio::awaitable<void> linger(const std::shared_ptr<Stream>& stream) {
  asio::steady_timer timer(stream->get_executor(), kAlertLingerTime);
  timer.async_wait([stream](error_code error) {
    if (!error) stream->close();
  });
  error_code error;
  co_await stream->async_shutdown_send(asio::redirect_error(asio::use_awaitable, error));
  std::array<std::byte, 512> dropped{};
  std::size_t bytes = 0;
  while (!error && bytes < kLingerBytesMax && !co_await is_cancelled()) {
    bytes += co_await stream->async_read_some(asio::buffer(dropped),
                                              asio::redirect_error(asio::use_awaitable, error));
  }
  stream->close();
}

// Or until it is cancelled.
asio::awaitable<void> wait(const Executor& executor, base::Duration time) {
  asio::steady_timer timer(executor, time);
  error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

asio::awaitable<Outcome> handshake(StreamPtr stream, std::unique_ptr<TlsEngine> engine,
                                   base::Duration hold) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await asio::this_coro::throw_if_cancelled(false);
  bool begins_like_tls = true;
  bool has_begun = false;
  for (;;) {
    const auto step = engine->handshake();
    const bool takes_itself_for_connected = !begins_like_tls || engine->has_finished();
    if (step.step == Step::kFailed && takes_itself_for_connected) {
      co_await wait(stream->get_executor(), hold);
    }
    error_code error = co_await send_output(*stream, *engine);
    if (step.step == Step::kFailed) {
      if (!error) co_await linger(std::shared_ptr<Stream>(std::move(stream)));
      co_return Outcome{step.error, nullptr, {}};
    }
    if (!error && co_await is_cancelled()) error = asio::error::operation_aborted;
    if (!error && step.step == Step::kDone) {
      TlsPeer peer = engine->peer();
      co_return Outcome{{}, make_tls_stream(std::move(stream), std::move(engine)), std::move(peer)};
    }
    if (!error && step.step == Step::kEnd) error = asio::error::eof;
    if (!error) {
      const auto room = engine->prepare();
      const std::size_t bytes = co_await stream->async_read_some(
          asio::buffer(room.data(), room.size()), asio::redirect_error(asio::use_awaitable, error));
      if (bytes > 0 && !std::exchange(has_begun, true)) {
        begins_like_tls = static_cast<unsigned char>(room[0]) == kHandshakeRecord;
      }
      engine->commit(bytes);
    }
    if (error) co_return Outcome{error, nullptr, {}};
  }
}

// On the stream's executor, wherever the handler wants to be called.
void start_handshake(StreamPtr stream, std::unique_ptr<TlsEngine> engine, base::Duration hold,
                     HandshakeHandler handler) {
  const Executor executor = stream->get_executor();
  const auto slot = asio::get_associated_cancellation_slot(handler);
  asio::co_spawn(executor, handshake(std::move(stream), std::move(engine), hold),
                 asio::bind_cancellation_slot(
                     slot, asio::bind_executor(executor, [executor, handler = std::move(handler)](
                                                             const std::exception_ptr& thrown,
                                                             Outcome outcome) mutable {
                       CHECK(!thrown, "errors of the stream are values");
                       complete(executor, std::move(handler), outcome.error,
                                std::move(outcome.stream), std::move(outcome.peer));
                     })));
}

class OpenSslServer final : public runtime::TlsServer {
 public:
  explicit OpenSslServer(TlsContextPtr context) : context_(std::move(context)) {}

 private:
  void do_handshake(StreamPtr stream, base::Duration hold,
                    HandshakeHandler handler) const override {
    auto engine = std::make_unique<TlsEngine>(context_);
    engine->accept();
    start_handshake(std::move(stream), std::move(engine), hold, std::move(handler));
  }

  TlsContextPtr context_;
};

class OpenSslClient final : public runtime::TlsClient {
 public:
  explicit OpenSslClient(TlsContextPtr context) : context_(std::move(context)) {}

 private:
  void do_handshake(StreamPtr stream, std::string host, HandshakeHandler handler) const override {
    auto engine = std::make_unique<TlsEngine>(context_);
    if (!engine->connect(host)) {
      const Executor executor = stream->get_executor();
      stream->close();
      return post_completion(executor, std::move(handler),
                             error_code(asio::error::invalid_argument), StreamPtr(), TlsPeer());
    }
    start_handshake(std::move(stream), std::move(engine), base::Duration::zero(),
                    std::move(handler));
  }

  TlsContextPtr context_;
};

}  // namespace

result<std::shared_ptr<const runtime::TlsServer>, std::string> make_tls_server(
    const runtime::TlsServerConfig& config) {
  auto context = make_context(config);
  if (!context) return context.error();
  return std::make_shared<const OpenSslServer>(std::move(*context));
}

result<std::shared_ptr<const runtime::TlsClient>, std::string> make_tls_client(
    const runtime::TlsClientConfig& config) {
  auto context = make_context(config);
  if (!context) return context.error();
  return std::make_shared<const OpenSslClient>(std::move(*context));
}

}  // namespace prometheus_rsocket::net

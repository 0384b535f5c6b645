#include "net/tls_stream.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "base/check.h"
#include "net/complete.h"

namespace prometheus_rsocket::net {
namespace {

namespace asio = boost::asio;
using base::Bytes;
using runtime::Endpoint;
using runtime::error_code;
using runtime::Executor;
using runtime::Handler;
using runtime::Stream;
using Step = TlsEngine::Step;
using TransferHandler = Handler<void(error_code, std::size_t)>;
using DoneHandler = Handler<void(error_code)>;

// What the stream shares with its operations under way: they may outlive it. They own their
// handlers, and not we: a handler may own the stream, and is destroyed with its operation.
struct Core {
  Core(std::unique_ptr<Stream> stream, std::unique_ptr<TlsEngine> tls)
      : below(std::move(stream)), engine(std::move(tls)), executor(below->get_executor()) {}

  const std::unique_ptr<Stream> below;
  const std::unique_ptr<TlsEngine> engine;
  const Executor executor;
  Bytes sending;         // of the write under way
  bool writing = false;  // or shutting down
  bool ended = false;    // close_notify was sent
  bool broken = false;
  bool closed = false;
};
using CorePtr = std::shared_ptr<Core>;

// A function for an operation below that stands in for `handler`'s: on the stream's executor.
template <class F, class Slot>
auto on_stream(const Core& core, const Slot& slot, F function) {
  return asio::bind_cancellation_slot(slot,
                                      asio::bind_executor(core.executor, std::move(function)));
}

// Sends what the engine has to say, whole. `then`(error) is called on the stream's executor.
template <class Slot, class Then>
void send_output(const CorePtr& core, const Slot& slot, Then then) {
  CHECK(!core->writing, "one write is under way at a time");
  core->writing = true;
  core->sending = core->engine->take_output();
  asio::async_write(
      *core->below, asio::buffer(core->sending),
      on_stream(*core, slot, [core, then = std::move(then)](error_code error, std::size_t) mutable {
        core->writing = false;
        core->sending = {};
        if (error) core->broken = true;
        then(error);
      }));
}

// Reads below until there is something for the reader.
class ReadOperation {
 public:
  ReadOperation(CorePtr core, asio::mutable_buffer buffer, TransferHandler handler)
      : core_(std::move(core)),
        buffer_(buffer),
        handler_(std::move(handler)),
        cancellation_(asio::get_associated_cancellation_slot(handler_),
                      asio::enable_total_cancellation()) {}

  void start() && {
    Core& core = *core_;
    const auto room = core.engine->prepare();
    const auto slot = cancellation_.slot();
    core.below->async_read_some(asio::buffer(room.data(), room.size()),
                                on_stream(core, slot, std::move(*this)));
  }

  void operator()(error_code error, std::size_t bytes) {
    if (error) return finish(core_->closed ? error : end_of(error), 0);
    core_->engine->commit(bytes);
    if (core_->closed) return finish(asio::error::operation_aborted, 0);
    const auto result = read_from_engine(core_, buffer_);
    if (result.step != Step::kNeedsInput) return finish(result.error, result.bytes);
    if (cancellation_.cancelled() != asio::cancellation_type::none) {
      return finish(asio::error::operation_aborted, 0);
    }
    std::move(*this).start();
  }

  // What is there already: kNeedsInput, or what the reader is told.
  static TlsEngine::Result read_from_engine(const CorePtr& core, asio::mutable_buffer buffer) {
    auto result = core->engine->read({static_cast<std::byte*>(buffer.data()), buffer.size()});
    if (result.step == Step::kEnd) result.error = asio::error::eof;
    if (result.step == Step::kFailed && !std::exchange(core->broken, true) && !core->writing) {
      // The alert. Nobody waits until it is out: the peer may not read.
      send_output(core, asio::cancellation_slot(), [](error_code /*ignored*/) {});
    }
    return result;
  }

 private:
  // The stream below has ended, and not by a close_notify.
  error_code end_of(error_code error) {
    if (error == asio::error::operation_aborted) return error;
    const bool told = std::exchange(core_->broken, true);
    if (error == asio::error::eof && !told) return asio::error::connection_reset;
    return error;
  }

  void finish(error_code error, std::size_t bytes) {
    const Executor executor = core_->executor;
    complete(executor, std::move(handler_), error, bytes);
  }

  CorePtr core_;
  asio::mutable_buffer buffer_;
  TransferHandler handler_;
  asio::cancellation_state cancellation_;
};

class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> below, std::unique_ptr<TlsEngine> engine)
      : core_(std::make_shared<Core>(std::move(below), std::move(engine))) {}
  ~TlsStream() override { TlsStream::close(); }

  [[nodiscard]] Executor get_executor() const override { return core_->executor; }
  [[nodiscard]] Endpoint local_endpoint() const override { return core_->below->local_endpoint(); }
  [[nodiscard]] Endpoint remote_endpoint() const override {
    return core_->below->remote_endpoint();
  }
  [[nodiscard]] bool is_acknowledged() const override {
    return !core_->broken && !core_->writing && core_->below->is_acknowledged();
  }

  void close() override {
    Core& core = *core_;
    if (std::exchange(core.closed, true)) return;
    const bool is_clean = !core.writing && !core.broken && !core.ended;
    if (is_clean && !core.engine->has_unread()) {
      core.engine->end();
      auto farewell = std::make_unique<const Bytes>(core.engine->take_output());
      const auto buffer = asio::buffer(*farewell);
      // A socket takes it now if it has room.
      core.below->async_write_some(
          buffer, asio::bind_executor(core.executor,
                                      [kept = std::move(farewell)](error_code, std::size_t) {}));
    }
    core.below->close();
  }

 private:
  void do_read_some(asio::mutable_buffer buffer, TransferHandler handler) override {
    if (core_->closed) return post(std::move(handler), asio::error::operation_aborted, 0);
    if (buffer.size() == 0) return post(std::move(handler), {}, 0);
    const auto result = ReadOperation::read_from_engine(core_, buffer);
    if (result.step != Step::kNeedsInput) {
      return post(std::move(handler), result.error, result.bytes);
    }
    ReadOperation(core_, buffer, std::move(handler)).start();
  }

  void do_write_some(std::vector<asio::const_buffer> buffers, TransferHandler handler) override {
    if (core_->closed) return post(std::move(handler), asio::error::operation_aborted, 0);
    if (asio::buffer_size(buffers) == 0) return post(std::move(handler), {}, 0);
    const std::size_t bytes = core_->broken || core_->ended ? 0 : core_->engine->write(buffers);
    if (bytes == 0) return post(std::move(handler), asio::error::broken_pipe, 0);
    const auto slot = asio::get_associated_cancellation_slot(handler);
    send_output(core_, slot,
                [core = core_, bytes, handler = std::move(handler)](error_code error) mutable {
                  const std::size_t written = error ? 0 : bytes;
                  complete(core->executor, std::move(handler), error, written);
                });
  }

  void do_shutdown_send(DoneHandler handler) override {
    const Core& core = *core_;
    if (core.closed || core.broken || core.ended) {
      const error_code error = core.closed   ? error_code(asio::error::operation_aborted)
                               : core.broken ? error_code(asio::error::not_connected)
                                             : error_code();
      return post_completion(core.executor, std::move(handler), error);
    }
    core_->engine->end();
    core_->ended = true;
    const auto slot = asio::get_associated_cancellation_slot(handler);
    send_output(core_, slot,
                [core = core_, handler = std::move(handler)](error_code error) mutable {
                  if (error) return complete(core->executor, std::move(handler), error);
                  core->below->async_shutdown_send(std::move(handler));
                });
  }

  void post(TransferHandler handler, error_code error, std::size_t bytes) const {
    post_completion(core_->executor, std::move(handler), error, bytes);
  }

  const CorePtr core_;
};

}  // namespace

std::unique_ptr<Stream> make_tls_stream(std::unique_ptr<Stream> below,
                                        std::unique_ptr<TlsEngine> engine) {
  return std::make_unique<TlsStream>(std::move(below), std::move(engine));
}

}  // namespace prometheus_rsocket::net

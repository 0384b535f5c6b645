#include "sim/stream.h"

#include <boost/asio/error.hpp>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sim/kernel.h"
#include "sim/operation.h"

namespace prometheus_rsocket::sim {

TaskQueue& shard_of(const runtime::Executor& executor) {
  const auto* ours = executor.target<ShardExecutor>();
  CHECK(ours != nullptr, "an executor of a simulated shard");
  return ours->queue();
}

namespace {

namespace error = boost::asio::error;
using runtime::Endpoint;
using runtime::error_code;
using runtime::Executor;
using runtime::Handler;

class SimStream final : public runtime::Stream, private Resource, private Connection::User {
 public:
  SimStream(Executor executor, std::shared_ptr<Connection> connection, std::size_t end)
      : Resource(shard_of(executor).process(), &Handles::streams),
        executor_(std::move(executor)),
        shard_(shard_of(executor_)),
        connection_(std::move(connection)),
        end_(end),
        open_(process().handles.open_streams) {
    connection_->attach(end_, this);
  }
  ~SimStream() override { close(); }

  [[nodiscard]] Executor get_executor() const override { return executor_; }
  [[nodiscard]] Endpoint local_endpoint() const override { return connection_->endpoint(end_); }
  [[nodiscard]] Endpoint remote_endpoint() const override {
    return connection_->endpoint(other(end_));
  }

  [[nodiscard]] bool is_acknowledged() const override {
    return !closed_ && connection_->is_acknowledged(end_);
  }

  void close() override {
    if (closed_) return;
    close_at_end(Ending::kStopped);
    read_.abort();
    write_.abort();
  }

 private:
  void close_at_end(Ending ending) override {
    if (std::exchange(closed_, true)) return;
    open_.release();
    connection_->close(end_, ending);
  }

  void go_on() override {
    writable();
    readable();
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
    read_.start(shard_, std::move(handler));
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
    write_.start(shard_, std::move(handler));
  }

  void do_shutdown_send(Handler<void(error_code)> handler) override {
    if (process().ended) return;
    const error_code result =
        closed_ ? error_code(error::operation_aborted) : connection_->shutdown_send(end_);
    post_completion<>(shard_, std::move(handler), result);
  }

  void readable() override {
    if (!read_.waiting() || process().holds_handlers()) return;
    const auto moved = connection_->read(end_, read_buffer_);
    if (!moved) return;
    read_ended_ = static_cast<bool>(moved->error);
    read_.complete(moved->error, moved->bytes);
  }

  void writable() override {
    if (!write_.waiting() || process().holds_handlers()) return;
    const auto moved = connection_->write(end_, write_buffers_);
    if (moved) write_.complete(moved->error, moved->bytes);
  }

  void complete(Handler<void(error_code, std::size_t)> handler, error_code result,
                std::size_t bytes) {
    post_completion<std::size_t>(shard_, std::move(handler), result, bytes);
  }

  Executor executor_;
  ShardExecutor shard_;  // the same
  std::shared_ptr<Connection> connection_;
  std::size_t end_;
  Counted open_;
  bool closed_ = false;
  bool read_ended_ = false;
  Operation<std::size_t> read_;
  Operation<std::size_t> write_;
  boost::asio::mutable_buffer read_buffer_;
  std::vector<boost::asio::const_buffer> write_buffers_;
};

}  // namespace

std::unique_ptr<runtime::Stream> make_stream(Executor executor,
                                             std::shared_ptr<Connection> connection,
                                             std::size_t end) {
  return std::make_unique<SimStream>(std::move(executor), std::move(connection), end);
}

}  // namespace prometheus_rsocket::sim

// Frames behind a 24-bit length on a byte stream (RSocket 1.0, "Framing Format").

#include <array>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "rsocket/frame_reader.h"
#include "rsocket/limits.h"
#include "transport/frame_channel.h"

namespace prometheus_rsocket::transport {
namespace {

using base::Bytes;
using runtime::error_code;
using runtime::Handler;

// A batch of frames on its way out, alive until its last byte has been handed over.
struct Batch {
  explicit Batch(std::vector<Bytes> owned) : frames(std::move(owned)), prefixes(frames.size()) {
    buffers.reserve(2 * frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
      rsocket::encode_length_prefix(frames[i].size(), prefixes[i]);
      buffers.push_back(boost::asio::buffer(prefixes[i]));
      buffers.push_back(boost::asio::buffer(frames[i]));
    }
  }

  std::vector<Bytes> frames;
  std::vector<std::array<std::byte, rsocket::kLengthPrefixBytes>> prefixes;
  std::vector<boost::asio::const_buffer> buffers;
};

class TcpFrameChannel final : public FrameChannel {
 public:
  explicit TcpFrameChannel(std::unique_ptr<runtime::Stream> stream) : stream_(std::move(stream)) {}

  boost::system::result<std::optional<base::ByteView>> next_frame() override {
    if (discarding_) return std::nullopt;
    return reader_.next();
  }
  base::ByteView arriving() const override {
    return discarding_ ? base::ByteView{} : reader_.arriving();
  }
  void skip_frame() override { reader_.skip(); }
  void discard_input() override { discarding_ = true; }
  std::uint64_t written_bytes() const override { return written_bytes_; }
  void close() override { stream_->close(); }
  TransportKind kind() const override { return TransportKind::kTcp; }
  runtime::Endpoint remote_endpoint() const override { return stream_->remote_endpoint(); }

 private:
  void do_fill(Handler<void(error_code)> handler) override {
    if (discarding_) reader_ = {};
    const std::span<std::byte> room = reader_.prepare();
    stream_->async_read_some(
        boost::asio::buffer(room.data(), room.size()),
        [this, handler = std::move(handler)](error_code error, std::size_t bytes) mutable {
          if (!discarding_ && !error) reader_.commit(bytes);
          std::move(handler)(error);
        });
  }

  void do_write(std::vector<Bytes> frames, Handler<void(error_code)> handler) override {
    auto batch = std::make_unique<Batch>(std::move(frames));
    const auto buffers = std::span(batch->buffers);
    boost::asio::async_write(
        *stream_, buffers,
        [this, before = written_bytes_](error_code error, std::size_t bytes) {
          written_bytes_ = before + bytes;
          return boost::asio::transfer_all()(error, bytes);
        },
        [batch = std::move(batch), handler = std::move(handler)](
            error_code error, std::size_t) mutable { std::move(handler)(error); });
  }

  void do_shutdown(Handler<void(error_code)> handler) override {
    stream_->async_shutdown_send(std::move(handler));
  }

  std::unique_ptr<runtime::Stream> stream_;
  rsocket::FrameReader reader_;
  bool discarding_ = false;
  std::uint64_t written_bytes_ = 0;
};

}  // namespace

std::unique_ptr<FrameChannel> make_tcp_channel(std::unique_ptr<runtime::Stream> stream) {
  return std::make_unique<TcpFrameChannel>(std::move(stream));
}

}  // namespace prometheus_rsocket::transport

#include "http/body.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/mutant.h"

namespace prometheus_rsocket::http {

namespace asio = boost::asio;
using runtime::error_code;

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

// What stands before a chunk's bytes: their number, in hexadecimal.
std::string head_of_chunk(std::size_t bytes) {
  std::array<char, 2 * sizeof bytes> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes, 16).ptr;
  return std::string(digits.data(), end).append(kLineEnd);
}

}  // namespace

Body::Body(runtime::Stream& stream, const Encoders& encoders, ContentCoding coding,
           Exchange::BodySource source, bool chunked)
    : stream_(stream), chunked_(chunked), ready_(stream.get_executor()) {
  encoder_ = encoders.make(
      coding, [this, text = std::move(source)](std::string& out) { return read(text, out); },
      [this] {
        if (!ready_.is_open()) ready_.open();
      });
}

bool Body::read(const Exchange::BodySource& source, std::string& text) {
  const std::size_t size = text.size();
  const bool more = source(text);
  if (base::is_mutant(base::Mutant::kWriteTailLost) && std::exchange(was_partial_, false)) {
    text.resize(size);
  }
  return more;
}

asio::awaitable<bool> Body::write(std::function<void()> limit, WaitTime& waits) {
  std::string piece;
  auto step = Encoder::Step::kMore;
  while (step != Encoder::Step::kEnd) {
    piece.clear();
    step = encoder_->next(piece);
    limit();
    if (!piece.empty() || step == Encoder::Step::kEnd) {
      if (!co_await write_piece(piece, step == Encoder::Step::kEnd, waits)) co_return false;
    } else if (step == Encoder::Step::kWait) {
      co_await ready_.async_wait(asio::use_awaitable);
      ready_.shut();
    } else {
      co_await asio::post(stream_.get_executor(), asio::use_awaitable);
    }
    if (stopped_) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> Body::write_piece(const std::string& piece, bool last, WaitTime& waits) {
  std::string head;
  std::string tail;
  if (chunked_ && !piece.empty()) {
    head = head_of_chunk(piece.size());
    tail = kLineEnd;
  }
  if (chunked_ && last) tail += kLastChunk;
  const std::array<asio::const_buffer, 3> buffers{asio::buffer(head), asio::buffer(piece),
                                                  asio::buffer(tail)};
  const std::size_t size = asio::buffer_size(buffers);
  if (size == 0) co_return true;
  error_code error;
  waits.begin();
  co_await asio::async_write(
      stream_, buffers,
      [this, size, &waits](const error_code& failed, std::size_t bytes) {
        was_partial_ = was_partial_ || (bytes > 0 && bytes < size);
        if (bytes > 0) waits.progress();
        return asio::transfer_all()(failed, bytes);
      },
      asio::redirect_error(asio::use_awaitable, error));
  waits.end();
  co_return !error;
}

void Body::stop() {
  stopped_ = true;
  if (!ready_.is_open()) ready_.open();
}

void Body::abandon() {
  stopped_ = true;
  ready_.abandon();
}

}  // namespace prometheus_rsocket::http

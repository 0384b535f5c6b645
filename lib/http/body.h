// The body of one answer on its way out: encoded, and written no faster than the peer takes it, in
// chunks (RFC 9112, 7.1) or as it is, up to the connection's end. Internal to lib/http.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "http/encoder.h"
#include "http/latch.h"
#include "runtime/network.h"

namespace prometheus_rsocket::http {

class Body {
 public:
  // The stream outlives it.
  Body(runtime::Stream& stream, const Encoders& encoders, ContentCoding coding,
       Exchange::BodySource source, bool chunked);
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // `limit` is called before each piece. False when it could not all be written. Once.
  [[nodiscard]] boost::asio::awaitable<bool> write(std::function<void()> limit);
  // write() calls nobody any more, and goes on no more: it is destroyed, or ends as failed.
  void abandon();

 private:
  // The source, as the mutants want it.
  [[nodiscard]] bool read(const Exchange::BodySource& source, std::string& text);
  [[nodiscard]] boost::asio::awaitable<bool> write_piece(const std::string& piece, bool last);

  runtime::Stream& stream_;
  const bool chunked_;
  bool abandoned_ = false;
  bool was_partial_ = false;  // for the mutant alone
  Latch ready_;
  std::unique_ptr<Encoder> encoder_;
};

}  // namespace prometheus_rsocket::http

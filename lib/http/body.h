// The body of one answer on its way out: encoded, and written no faster than the peer takes it, in
// chunks (RFC 9112, 7.1) or as it is, up to the connection's end. Internal to lib/http.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "http/encoder.h"
#include "http/latch.h"
#include "http/wait_time.h"
#include "runtime/network.h"

namespace prometheus_rsocket::http {

class Body {
 public:
  // The stream outlives it.
  Body(runtime::Stream& stream, const Encoders& encoders, ContentCoding coding,
       Exchange::BodySource source, bool chunked);
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // `limit` is called before each piece; `waits` is told when we wait for the peer. False when it
  // could not all be written. Once.
  [[nodiscard]] boost::asio::awaitable<bool> write(std::function<void()> limit, WaitTime& waits);
  // What has not been made yet is not made any more: write() ends as failed. The stream is closed.
  void stop();
  // Likewise, and write() calls nobody any more: it is destroyed, or ends as failed.
  void abandon();

 private:
  // The source, as the mutants want it.
  [[nodiscard]] bool read(const Exchange::BodySource& source, std::string& text);
  [[nodiscard]] boost::asio::awaitable<bool> write_piece(const std::string& piece, bool last,
                                                         WaitTime& waits);

  runtime::Stream& stream_;
  const bool chunked_;
  bool stopped_ = false;
  bool was_partial_ = false;  // for the mutant alone
  Latch ready_;
  std::unique_ptr<Encoder> encoder_;
};

}  // namespace prometheus_rsocket::http

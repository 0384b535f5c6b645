// The network at the seam: byte streams as Asio sees them, listeners, dialling, names.
//
// A Stream models AsyncReadStream and AsyncWriteStream (type-erased), so that templates over such
// streams, Beast's among them, run over sockets, TLS and the simulator's virtual network alike.
// Errors are those of Asio: eof for a FIN, connection_reset for an RST, operation_aborted after
// close() or cancel, connection_refused, timed_out, host_not_found.
//
// As Linux has it, the end of a connection that was no FIN (connection_reset, timed_out) is told to
// one operation, and a waiting write comes before a waiting read; others get broken_pipe (writes),
// eof (reads) or not_connected (shutdown). After the peer's FIN an RST is a broken_pipe.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/handler.h"

namespace prometheus_rsocket::runtime {

struct Endpoint {
  boost::asio::ip::address address;
  std::uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend bool operator<(const Endpoint& a, const Endpoint& b) {
    return a.address == b.address ? a.port < b.port : a.address < b.address;
  }
};
// `192.0.2.1:80`, `[2001:db8::1]:80`
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

// One connection. Used by one shard alone; at most one read and one write under way.
class Stream {
 public:
  using executor_type = Executor;

  virtual ~Stream() = default;  // closes
  [[nodiscard]] virtual Executor get_executor() const = 0;
  [[nodiscard]] virtual Endpoint local_endpoint() const = 0;
  [[nodiscard]] virtual Endpoint remote_endpoint() const = 0;

  // Reads at least one byte, or fails. The buffers must live until the handler is called.
  // REQUIRES: no read before it has failed, other than by being cancelled: Asio's reactor waits for
  // news that never comes then.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& to) {
          do_read_some(first_of<boost::asio::mutable_buffer>(to), std::move(handler));
        },
        token, buffers);
  }

  // Writes at least one byte, or fails. May write less than given.
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          do_write_some(
              {boost::asio::buffer_sequence_begin(from), boost::asio::buffer_sequence_end(from)},
              std::move(handler));
        },
        token, buffers);
  }

  // Tells the peer that no more will be written (FIN; close_notify first under TLS), after all that
  // was written has been handed over. Reading goes on.
  template <class Token>
  auto async_shutdown_send(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [this](auto handler) { do_shutdown_send(std::move(handler)); }, token);
  }

  // Whether the peer's system has all bytes written so far. What the peer had when it sent bytes or
  // its FIN is known once these have been read. A FIN while it is false is that of a peer that has
  // closed before they came, or reads on after it: which of them is not known yet. Never true again
  // once the connection has broken with something under way; false after close(). True where the
  // system does not tell.
  [[nodiscard]] virtual bool is_acknowledged() const = 0;

  // Ends the connection at once; operations under way complete with operation_aborted. Idempotent.
  virtual void close() = 0;

 private:
  // Reads fill one buffer: the first of the sequence that has room.
  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& buffers) {
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
      if (Buffer(*it).size() > 0) return Buffer(*it);
    }
    return {};
  }

  // A buffer of no size completes at once with 0 bytes, as in Asio.
  virtual void do_read_some(boost::asio::mutable_buffer buffer,
                            Handler<void(error_code, std::size_t)> handler) = 0;
  virtual void do_write_some(std::vector<boost::asio::const_buffer> buffers,
                             Handler<void(error_code, std::size_t)> handler) = 0;
  virtual void do_shutdown_send(Handler<void(error_code)> handler) = 0;
};

// Accepts connections. Closing it completes a pending accept with operation_aborted.
class Listener {
 public:
  virtual ~Listener() = default;
  [[nodiscard]] virtual Endpoint local_endpoint() const = 0;  // with the port that was taken for 0

  // The new stream lives on `executor`, which may be another shard's; the handler is called on its
  // own executor. One accept at a time.
  template <class Token>
  auto async_accept(Executor executor, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::unique_ptr<Stream>)>(
        [this](auto handler, Executor where) { do_accept(std::move(where), std::move(handler)); },
        token, std::move(executor));
  }

  virtual void close() = 0;

 private:
  virtual void do_accept(Executor executor,
                         Handler<void(error_code, std::unique_ptr<Stream>)> handler) = 0;
};

class Network {
 public:
  virtual ~Network() = default;

  // Binds and listens; an error names why not (address_in_use, access_denied …).
  [[nodiscard]] virtual boost::system::result<std::unique_ptr<Listener>> listen(
      const Endpoint& endpoint) = 0;

  // Dials. Has no time limit of its own beyond the system's; destroying the Network or cancelling
  // through the handler's cancellation slot ends it.
  template <class Token>
  auto async_connect(const Endpoint& endpoint, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::unique_ptr<Stream>)>(
        [this, endpoint](auto handler) { do_connect(endpoint, std::move(handler)); }, token);
  }

 private:
  virtual void do_connect(const Endpoint& endpoint,
                          Handler<void(error_code, std::unique_ptr<Stream>)> handler) = 0;
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  // Addresses of `host` (a name or an address literal) in the order to try them; never empty
  // without an error.
  template <class Token>
  auto async_resolve(std::string host, Token&& token) {
    return boost::asio::async_initiate<Token,
                                       void(error_code, std::vector<boost::asio::ip::address>)>(
        [this](auto handler, std::string name) { do_resolve(std::move(name), std::move(handler)); },
        token, std::move(host));
  }

 private:
  virtual void do_resolve(
      std::string host,
      Handler<void(error_code, std::vector<boost::asio::ip::address>)> handler) = 0;
};

}  // namespace prometheus_rsocket::runtime

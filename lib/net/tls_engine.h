// TLS of one connection, sans-I/O: bytes of the connection in and out, bytes of the application out
// and in, by OpenSSL. Who has the connection (tls_stream.h, tls.cpp) moves the bytes.
//
// What has been received must be in before anything can come of it: handshake() and read() say
// kNeedsInput only when they have used all of it. Output is there to be taken after any call.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "net/client_hello.h"
#include "net/openssl.h"
#include "net/tls_context.h"

namespace prometheus_rsocket::net {

// The plaintext of one write at most, in records of the largest size that there is: a piece of a
// page (64 KiB) and its framing.
inline constexpr std::size_t kTlsRecordBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kTlsWriteBytesMax = 5 * kTlsRecordBytes;

// What is read at once. A connection that waits has room for little, one that is busy for much.
inline constexpr std::size_t kTlsIdleReadBytes = 512;
inline constexpr std::size_t kTlsBusyReadBytes = std::size_t{32} * 1024;

// Records in a row that carry no data and are no part of a handshake; as in Go's crypto/tls. A
// server has tickets to give, keys are changed now and then; more is a peer that keeps us busy.
inline constexpr int kTlsIdleRecordsMax = 16;

// What we owe the peer for its own requests and have had no write to send it with: an answer to a
// change of keys is 27 bytes, and goes out before the next data (RFC 8446, 4.6.3).
inline constexpr std::size_t kTlsOwedBytesMax = 4096;

class TlsEngine {
 public:
  enum class Step {
    kDone,        // the handshake is over; or `bytes` were read
    kNeedsInput,  // everything received was used
    kEnd,         // close_notify: the peer writes no more
    kFailed,      // `error`; for good. Output that there is then is an alert
  };
  struct Result {
    Step step = Step::kFailed;
    std::size_t bytes = 0;
    boost::system::error_code error;
  };

  explicit TlsEngine(TlsContextPtr context);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  // Which side we are; a client names whom it wants to speak to: false if that cannot be a name.
  void accept();
  [[nodiscard]] bool connect(std::string host);

  // Where received bytes go, and how many have come. REQUIRES: the last step was kNeedsInput.
  [[nodiscard]] std::span<std::byte> prepare();
  void commit(std::size_t bytes);
  // What is to be sent, in order.
  [[nodiscard]] base::Bytes take_output();

  [[nodiscard]] Result handshake();
  // Whether all of our part of it is out: the peer may be done, although we are not.
  [[nodiscard]] bool has_finished() const;
  // After the handshake: who the peer is.
  [[nodiscard]] runtime::TlsPeer peer() const;

  // Fills `room` as far as what was received goes. REQUIRES: it has room.
  [[nodiscard]] Result read(std::span<std::byte> room);
  // Encrypts the first kTlsWriteBytesMax of the buffers, in as few records as that takes; how many
  // bytes that were. Zero: it cannot be done any more. REQUIRES: they are not empty.
  [[nodiscard]] std::size_t write(std::span<const boost::asio::const_buffer> buffers);
  // close_notify. Nothing is written after it.
  void end();
  // Whether the peer has sent something that was not read; its end does not count.
  [[nodiscard]] bool has_unread();

 private:
  friend struct EngineBio;  // OpenSSL's side of the bytes

  template <class Call>
  Result advance(Call call);
  [[nodiscard]] bool owes_too_much() const;
  bool encrypt(const void* data, std::size_t bytes);

  TlsContextPtr context_;
  SslPtr ssl_;
  base::Bytes input_;
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  bool busy_ = false;     // the last read filled its buffer
  bool starved_ = false;  // OpenSSL asked for more than there was
  int idle_records_ = 0;
  std::unique_ptr<ClientHelloBound> hello_;  // while a client is in its handshake with us
  boost::system::error_code failure_;
  base::Bytes output_;
};

}  // namespace prometheus_rsocket::net

// How long a client says that its ClientHello is, before OpenSSL is given it: that has room made
// for as much as is said, up to 128 KiB, where nine bytes have come.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace prometheus_rsocket::net {

// Real ones have less than 2 KiB, and with the key shares of post-quantum groups less than 4.
inline constexpr std::size_t kTlsClientHelloBytesMax = std::size_t{16} * 1024;

// Of a certificate and its chain, for which OpenSSL has room made in the same way, where
// certificates are asked for. One of four with RSA keys of 4,096 bits has 8 KiB.
inline constexpr long kTlsChainBytesMax = 32L * 1024;

class ClientHelloBound {
 public:
  // What has come, in pieces of any size. False: a ClientHello is too long. That may be the second
  // one, too, after a HelloRetryRequest; what comes behind them is not looked at.
  [[nodiscard]] bool admits(std::span<const std::byte> bytes);

 private:
  // Fills a header as far as that goes; true when it is whole.
  template <std::size_t size>
  static bool fill(std::array<std::byte, size>& header, std::size_t& filled,
                   std::span<const std::byte>& bytes);
  void begin_record();
  [[nodiscard]] bool begin_message();

  bool over_ = false;
  std::array<std::byte, 5> record_header_{};  // RFC 8446, 5.1
  std::size_t record_header_filled_ = 0;
  std::size_t record_left_ = 0;
  bool is_handshake_ = false;
  std::array<std::byte, 4> message_header_{};  // RFC 8446, 4
  std::size_t message_header_filled_ = 0;
  std::size_t message_left_ = 0;
};

}  // namespace prometheus_rsocket::net

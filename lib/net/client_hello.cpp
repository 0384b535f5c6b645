#include "net/client_hello.h"

#include <algorithm>

namespace prometheus_rsocket::net {
namespace {

// Of records: change_cipher_spec, alert, handshake, application_data.
constexpr std::byte kFirstType{20};
constexpr std::byte kHandshake{22};
constexpr std::byte kLastType{23};

constexpr std::byte kClientHello{1};

std::size_t number_of(std::span<const std::byte> bytes) {
  std::size_t number = 0;
  for (const std::byte byte : bytes) number = number << 8U | std::to_integer<std::size_t>(byte);
  return number;
}

std::size_t drop(std::span<const std::byte>& bytes, std::size_t most) {
  const std::size_t dropped = std::min(bytes.size(), most);
  bytes = bytes.subspan(dropped);
  return dropped;
}

}  // namespace

template <std::size_t size>
bool ClientHelloBound::fill(std::array<std::byte, size>& header, std::size_t& filled,
                            std::span<const std::byte>& bytes) {
  const std::size_t taken = std::min(bytes.size(), size - filled);
  std::copy_n(bytes.begin(), taken, header.begin() + static_cast<std::ptrdiff_t>(filled));
  filled += taken;
  bytes = bytes.subspan(taken);
  return filled == size;
}

bool ClientHelloBound::admits(std::span<const std::byte> bytes) {
  while (!over_ && !bytes.empty()) {
    if (record_left_ == 0) {
      if (fill(record_header_, record_header_filled_, bytes)) begin_record();
      continue;
    }
    auto in_record = bytes.first(std::min(bytes.size(), record_left_));
    record_left_ -= drop(bytes, record_left_);
    while (is_handshake_ && !over_ && !in_record.empty()) {
      message_left_ -= drop(in_record, message_left_);
      if (in_record.empty() || !fill(message_header_, message_header_filled_, in_record)) break;
      if (!begin_message()) return false;
    }
  }
  return true;
}

// Records of the other types may stand before a second ClientHello, and warnings before the first.
void ClientHelloBound::begin_record() {
  record_header_filled_ = 0;
  is_handshake_ = record_header_[0] == kHandshake;
  over_ = record_header_[0] < kFirstType || record_header_[0] > kLastType;
  record_left_ = number_of(std::span(record_header_).subspan(3));
}

// What is encrypted is taken for no message: TLS 1.2 has another one before, and TLS 1.3 another
// type of records.
bool ClientHelloBound::begin_message() {
  message_header_filled_ = 0;
  over_ = message_header_[0] != kClientHello;
  message_left_ = number_of(std::span(message_header_).subspan(1));
  return over_ || message_left_ <= kTlsClientHelloBytesMax;
}

}  // namespace prometheus_rsocket::net

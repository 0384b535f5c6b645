#include "transport/proxy_header.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>

#include "runtime/address.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::string_view_literals;
namespace ip = boost::asio::ip;
using base::ByteView;
using boost::system::result;
using MaybeHeader = std::optional<ProxyHeader>;

constexpr auto kLineStart = "PROXY "sv;                       // 2.1
constexpr auto kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;         // 2.2
constexpr std::size_t kFixedBytes = kSignature.size() + 4;    // of version 2
constexpr std::size_t kInetBytes = std::size_t{2} * (4 + 2);  // two addresses, two ports
constexpr std::size_t kInet6Bytes = std::size_t{2} * (16 + 2);

class Category final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "PROXY protocol"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<ProxyHeaderError>(value)) {
      case ProxyHeaderError::kMissing:
        return "it begins without the PROXY header that its address has to send";
      case ProxyHeaderError::kMalformed:
        return "its PROXY header is malformed";
      case ProxyHeaderError::kTooLong:
        return "its PROXY header is too long";
      case ProxyHeaderError::kCutShort:
        return "it ended within its PROXY header";
      case ProxyHeaderError::kLate:
        return "no whole PROXY header came in time";
      case ProxyHeaderError::kFromUntrusted:
        return "it sends a PROXY header, and its address is not of --rsocket.trusted-proxies";
    }
    return "unknown error of a PROXY header";
  }
};

// Whether `text` begins with `start`; nothing while it is a part of it.
std::optional<bool> begins_with(std::string_view text, std::string_view start) {
  const std::size_t both = std::min(text.size(), start.size());
  if (text.substr(0, both) != start.substr(0, both)) return false;
  if (both < start.size()) return std::nullopt;
  return true;
}

// ---- Version 1: one line.

// The next word of a line; each is followed by one space, the last by nothing.
std::string_view take_word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

std::optional<ip::address> parse_address(std::string_view text, bool v6) {
  const auto address = runtime::parse_address(text);
  if (!address || address->is_v6() != v6) return std::nullopt;
  return runtime::unmapped(*address);
}

// `line`: what is between `PROXY ` and the CRLF.
result<ProxyHeader> parse_line(std::string_view line, std::size_t bytes) {
  const std::size_t spaces = static_cast<std::size_t>(std::ranges::count(line, ' '));
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return ProxyHeader{std::nullopt, bytes};  // the rest is ignored
  const bool v6 = protocol == "TCP6";
  if ((!v6 && protocol != "TCP4") || spaces != 4) return ProxyHeaderError::kMalformed;
  const auto source = parse_address(take_word(line), v6);
  const auto destination = parse_address(take_word(line), v6);
  const auto source_port = runtime::parse_port(take_word(line));
  const auto destination_port = runtime::parse_port(take_word(line));
  if (!source || !destination || !source_port || !destination_port) {
    return ProxyHeaderError::kMalformed;
  }
  return ProxyHeader{runtime::Endpoint{*source, *source_port}, bytes};
}

result<MaybeHeader> read_line(std::string_view received) {
  const std::string_view window = received.substr(0, kProxyLineBytesMax);
  const std::size_t end = window.find_first_of("\r\n");
  if (end == std::string_view::npos || end + 1 == window.size()) {
    if (end != std::string_view::npos && window[end] == '\n') return ProxyHeaderError::kMalformed;
    if (window.size() == kProxyLineBytesMax) return ProxyHeaderError::kTooLong;
    return MaybeHeader();
  }
  if (window.substr(end, 2) != "\r\n") return ProxyHeaderError::kMalformed;
  const auto header =
      parse_line(window.substr(kLineStart.size(), end - kLineStart.size()), end + 2);
  if (!header) return header.error();
  return MaybeHeader(*header);
}

// ---- Version 2: binary.

enum class Family { kNone, kInet, kInet6 };  // what there is to be read

// By the byte of address family and protocol; nothing for one that must not be sent. What is no TCP
// says no more than UNSPEC does.
std::optional<Family> family_of(unsigned byte) {
  switch (byte) {
    case 0x11:
      return Family::kInet;
    case 0x21:
      return Family::kInet6;
    case 0x00:  // UNSPEC
    case 0x12:  // UDP
    case 0x22:
    case 0x31:  // UNIX
    case 0x32:
      return Family::kNone;
    default:
      return std::nullopt;
  }
}

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

std::uint16_t number_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(text, at) << 8U | byte_at(text, at + 1));
}

template <class Address>
Address address_at(std::string_view text, std::size_t at) {
  typename Address::bytes_type bytes;
  std::ranges::copy(text.substr(at, bytes.size()), bytes.begin());
  return Address(bytes);
}

runtime::Endpoint source_of(std::string_view block, Family family) {
  if (family == Family::kInet) {
    return {address_at<ip::address_v4>(block, 0), number_at(block, std::size_t{2} * 4)};
  }
  return {runtime::unmapped(address_at<ip::address_v6>(block, 0)),
          number_at(block, std::size_t{2} * 16)};
}

result<MaybeHeader> read_binary(std::string_view received) {
  std::size_t at = kSignature.size();
  if (received.size() == at) return MaybeHeader();
  const unsigned version_and_command = byte_at(received, at++);
  const bool local = version_and_command == 0x20;
  if (!local && version_and_command != 0x21) return ProxyHeaderError::kMalformed;
  if (received.size() == at) return MaybeHeader();
  // Of the balancer's own connection all else is ignored.
  const auto family = local ? std::optional(Family::kNone) : family_of(byte_at(received, at));
  if (!family) return ProxyHeaderError::kMalformed;
  if (received.size() < kFixedBytes) return MaybeHeader();
  const std::size_t length = number_at(received, ++at);
  const std::size_t needed = *family == Family::kInet    ? kInetBytes
                             : *family == Family::kInet6 ? kInet6Bytes
                                                         : 0;
  if (length < needed) return ProxyHeaderError::kMalformed;
  if (kFixedBytes + length > kProxyHeaderBytesMax) return ProxyHeaderError::kTooLong;
  if (received.size() < kFixedBytes + length) return MaybeHeader();
  ProxyHeader header{std::nullopt, kFixedBytes + length};
  if (needed > 0) header.source = source_of(received.substr(kFixedBytes), *family);
  return MaybeHeader(header);
}

}  // namespace

boost::system::error_code make_error_code(ProxyHeaderError error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

result<MaybeHeader> read_proxy_header(ByteView received) {
  const std::string_view text = base::as_text(received);
  const auto line = begins_with(text, kLineStart);
  const auto binary = begins_with(text, kSignature);
  if (!line || !binary) return MaybeHeader();
  if (*line) return read_line(text);
  if (*binary) return read_binary(text);
  return ProxyHeaderError::kMissing;
}

std::optional<bool> begins_proxy_header(ByteView received) {
  const std::string_view text = base::as_text(received);
  const auto line = begins_with(text, kLineStart);
  const auto binary = begins_with(text, kSignature);
  if (!line || !binary) return std::nullopt;
  return *line || *binary;
}

}  // namespace prometheus_rsocket::transport

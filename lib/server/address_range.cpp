#include "server/address_range.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/address.h"

namespace prometheus_rsocket::server {
namespace {

namespace ip = boost::asio::ip;
using boost::system::result;

constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96, where IPv6 writes IPv4

std::vector<std::uint8_t> bytes_of(const ip::address& address) {
  const auto copy = [](const auto& bytes) {
    return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
  };
  return address.is_v4() ? copy(address.to_v4().to_bytes()) : copy(address.to_v6().to_bytes());
}

// The mask's byte at an index.
std::uint8_t mask(unsigned prefix_bits, std::size_t index) {
  const std::size_t before = 8 * index;
  if (prefix_bits >= before + 8) return 0xFF;
  if (prefix_bits <= before) return 0;
  return static_cast<std::uint8_t>(0xFF00U >> (prefix_bits - before));
}

bool is_clear_behind(const std::vector<std::uint8_t>& bytes, unsigned prefix_bits) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if ((bytes[i] & ~mask(prefix_bits, i)) != 0) return false;
  }
  return true;
}

std::optional<unsigned> parse_bits(std::string_view text, unsigned max) {
  unsigned bits = 0;
  const char* const end = text.data() + text.size();
  const auto [ptr, error] = std::from_chars(text.data(), end, bits);
  if (error != std::errc{} || ptr != end || bits > max) return std::nullopt;
  return bits;
}

}  // namespace

result<AddressRange, std::string> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto written = runtime::parse_address(text.substr(0, slash));
  if (!written) return std::string("it is neither an address nor a range ADDRESS/BITS");
  const unsigned bits_max = written->is_v4() ? 32 : 128;
  unsigned bits = bits_max;
  if (slash != std::string_view::npos) {
    const auto parsed = parse_bits(text.substr(slash + 1), bits_max);
    if (!parsed) {
      return "behind the / is no whole number from 0 to " + std::to_string(bits_max);
    }
    bits = *parsed;
  }
  ip::address first = *written;
  if (bits >= kMappedBits) first = runtime::unmapped(*written);
  if (first.is_v4() && written->is_v6()) bits -= kMappedBits;
  if (!is_clear_behind(bytes_of(first), bits)) {
    return std::string("the address has bits behind the prefix: a range begins with its first");
  }
  return AddressRange(first, bits);
}

bool AddressRange::contains(const ip::address& address) const {
  const ip::address other = runtime::unmapped(address);
  if (other.is_v4() != first_.is_v4()) return false;
  const auto first = bytes_of(first_);
  const auto bytes = bytes_of(other);
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (((first[i] ^ bytes[i]) & mask(prefix_bits_, i)) != 0) return false;
  }
  return true;
}

std::string to_string(const AddressRange& range) {
  return range.first_.to_string() + "/" + std::to_string(range.prefix_bits_);
}

bool contains(std::span<const AddressRange> ranges, const ip::address& address) {
  return std::ranges::any_of(ranges,
                             [&](const AddressRange& range) { return range.contains(address); });
}

}  // namespace prometheus_rsocket::server

// Envelopes: a letter says what the rest of the input is.
//
//   o  a size in a byte, so much metadata, data     opened as it comes
//   s  bytes                                        encrypted as they are: what a client may have
//                                                   put where Snappy should be
//   t  a text                                       sealed, and opened again
//   k  bytes                                        read as a public key
//
// Keys are stand-ins that wrap by copying, so that AES, padding and Snappy are reached at once.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "envelope/aes.h"
#include "envelope/envelope.h"
#include "envelope/rsa_key.h"

namespace prometheus_rsocket::envelope {
namespace {

constexpr std::size_t kTextSizeMax = std::size_t{1} << 20;
constexpr std::size_t kWrappedBytes = 20;

// Wraps by putting a number behind the key.
class StandIn final : public PrivateKey, public PublicKey {
 public:
  explicit StandIn(std::uint8_t number) : number_(number) {}

  [[nodiscard]] base::ByteView public_key_der() const override { return {}; }
  [[nodiscard]] base::ByteView der() const override { return {}; }
  [[nodiscard]] boost::system::result<AesKey> unwrap(base::ByteView wrapped) const override {
    if (wrapped.size() != kWrappedBytes || wrapped.back() != std::byte{number_}) {
      return make_error_code(EnvelopeError::kCannotOpen);
    }
    AesKey key;
    std::copy_n(wrapped.begin(), key.bytes.size(), key.bytes.begin());
    return key;
  }
  [[nodiscard]] boost::system::result<base::Bytes> wrap(const AesKey& key,
                                                        RandomSource& /*unused*/) const override {
    base::Bytes wrapped(key.bytes.begin(), key.bytes.end());
    wrapped.resize(kWrappedBytes, std::byte{number_});
    return wrapped;
  }

 private:
  std::uint8_t number_;
};

class Counting final : public RandomSource {
 public:
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = std::byte{next_++};
  }

 private:
  std::uint8_t next_ = 0;
};

using Result = boost::system::result<Opened>;

// Twice: nothing of the first time is left.
Result open_checked(base::ByteView metadata, base::ByteView data, std::string& buffer) {
  static const std::vector<std::shared_ptr<const PrivateKey>> keys = {
      std::make_shared<StandIn>(std::uint8_t{1}), std::make_shared<StandIn>(std::uint8_t{2})};
  const Limits limits{.text_size_max = kTextSizeMax};
  std::string other(7, 'x');
  const Result first = open(metadata, data, keys, limits, other);
  Result again = open(metadata, data, keys, limits, buffer);
  CHECK(buffer.size() <= kTextSizeMax && other.size() <= kTextSizeMax, "the limit holds");
  CHECK(first.has_value() == again.has_value(), "it opens or does not");
  if (!first) {
    CHECK(first.error() == again.error(), "for one reason");
  } else {
    CHECK(first->text == again->text && first->key_index == again->key_index, "to one text");
    CHECK(first->text.size() <= kTextSizeMax, "the limit holds for the text");
  }
  return again;
}

void open_as_it_comes(base::ByteView bytes) {
  if (bytes.empty()) return;
  const auto size = std::min(std::to_integer<std::size_t>(bytes.front()), bytes.size() - 1);
  std::string buffer;
  static_cast<void>(open_checked(bytes.subspan(1, size), bytes.subspan(1 + size), buffer));
}

void open_encrypted(base::ByteView bytes) {
  const StandIn key(2);
  Counting random;
  AesKey aes;
  random.fill(aes.bytes);
  base::Bytes data(bytes.begin(), bytes.end());
  encrypt_padded(aes, data);
  std::string buffer;
  const auto opened = open_checked(*key.wrap(aes, random), data, buffer);
  CHECK(opened || opened.error() != EnvelopeError::kCannotOpen, "the envelope is good");
  if (opened) CHECK(opened->key_index == std::size_t{1}, "by the key that it is for");
}

void seal_and_open(base::ByteView text) {
  Counting random;
  const auto sealed = seal(base::as_text(text), StandIn(1), random);
  CHECK(sealed.has_value(), "any text can be sealed");
  std::string buffer;
  const auto opened = open_checked(sealed->metadata, sealed->data, buffer);
  if (text.size() > kTextSizeMax) return;
  CHECK(opened && opened->text == base::as_text(text), "what is sealed is opened");
}

void check(base::ByteView input) {
  if (input.empty()) return;
  const base::ByteView rest = input.subspan(1);
  switch (std::to_integer<char>(input.front())) {
    case 'o':
      return open_as_it_comes(rest);
    case 's':
      return open_encrypted(rest);
    case 't':
      return seal_and_open(rest);
    case 'k':
      return static_cast<void>(read_rsa_public_key(rest));
    default:
      return;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::envelope

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prometheus_rsocket::envelope::check(std::as_bytes(std::span(data, size)));
  return 0;
}

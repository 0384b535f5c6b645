#include "sim/keys.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "envelope/error.h"
#include "envelope/key.h"
#include "envelope/rsa_key.h"
#include "sim/kernel.h"
#include "sim/operation.h"

namespace prometheus_rsocket::sim {
namespace {

using base::Bytes;
using base::ByteView;
using envelope::AesKey;
using envelope::EnvelopeError;
using runtime::error_code;
using PrivateKeyPtr = std::shared_ptr<const envelope::PrivateKey>;
using PublicKeyPtr = std::shared_ptr<const envelope::PublicKey>;

constexpr std::string_view kMark = "simulated key ";
constexpr std::size_t kNumberBytes = sizeof(std::uint64_t);
constexpr std::size_t kDerBytes = 294;      // as of RSA with 2,048 bits
constexpr std::size_t kWrappedBytes = 256;  // as well

// The mark, the number of the pair, padding.
Bytes der_of(std::uint64_t number) {
  Bytes der(kDerBytes);
  std::memcpy(der.data(), kMark.data(), kMark.size());
  std::memcpy(der.data() + kMark.size(), &number, kNumberBytes);
  return der;
}

bool is_stand_in(ByteView der) {
  return der.size() == kDerBytes && base::as_text(der).starts_with(kMark);
}

std::uint64_t number_in(ByteView bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), kNumberBytes);
  return number;
}

class StandInPublicKey final : public envelope::PublicKey {
 public:
  explicit StandInPublicKey(std::uint64_t number) : number_(number), der_(der_of(number)) {}

  [[nodiscard]] boost::system::result<Bytes> wrap(
      const AesKey& key, envelope::RandomSource& /*unused*/) const override {
    Bytes wrapped(kWrappedBytes);
    std::memcpy(wrapped.data(), &number_, kNumberBytes);
    std::ranges::copy(key.bytes, wrapped.begin() + kNumberBytes);
    return wrapped;
  }
  [[nodiscard]] ByteView der() const override { return der_; }

 private:
  std::uint64_t number_;
  Bytes der_;
};

class StandInPrivateKey final : public envelope::PrivateKey {
 public:
  explicit StandInPrivateKey(std::uint64_t number) : number_(number), der_(der_of(number)) {}

  [[nodiscard]] ByteView public_key_der() const override { return der_; }
  [[nodiscard]] boost::system::result<AesKey> unwrap(ByteView wrapped) const override {
    if (wrapped.size() != kWrappedBytes || number_in(wrapped) != number_) {
      return make_error_code(EnvelopeError::kCannotOpen);
    }
    AesKey key;
    std::ranges::copy_n(wrapped.begin() + kNumberBytes, key.bytes.size(), key.bytes.begin());
    return key;
  }

 private:
  std::uint64_t number_;
  Bytes der_;
};

// Another key, whose use the process' observer is told of.
class ObservedPublicKey final : public envelope::PublicKey {
 public:
  ObservedPublicKey(const ProcessState& process, PublicKeyPtr key)
      : process_(process), key_(std::move(key)), number_(key_number(key_->der())) {}

  [[nodiscard]] boost::system::result<Bytes> wrap(const AesKey& key,
                                                  envelope::RandomSource& random) const override {
    if (process_.key_observer != nullptr) process_.key_observer->key_used(number_);
    return key_->wrap(key, random);
  }
  [[nodiscard]] ByteView der() const override { return key_->der(); }
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  const ProcessState& process_;
  PublicKeyPtr key_;
  std::uint64_t number_;
};

class DrawnBytes final : public envelope::RandomSource {
 public:
  explicit DrawnBytes(Draws draws) : draws_(draws) {}
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(draws_.next());
  }

 private:
  Draws draws_;
};

class SimKeys final : public runtime::Keys {
 public:
  explicit SimKeys(TaskQueue& shard)
      : shard_(shard), draws_(shard.process().kernel.seed, mix(shard.entity(), hash_of("keys"))) {}

  [[nodiscard]] boost::system::result<PublicKeyPtr> read_public_key(
      std::span<const std::byte> der) override {
    PublicKeyPtr key;
    if (is_stand_in(der)) {
      key = std::make_shared<StandInPublicKey>(key_number(der));
    } else {
      auto read = envelope::read_rsa_public_key(der);
      if (!read) return read.error();
      key = std::move(*read);
    }
    const ProcessState& process = shard_.process();
    const auto observed = std::make_shared<ObservedPublicKey>(process, std::move(key));
    if (process.key_observer != nullptr) process.key_observer->key_read(observed->number());
    return PublicKeyPtr(observed);
  }

 private:
  void do_make_private_key(unsigned bits,
                           runtime::Handler<void(error_code, PrivateKeyPtr)> handler) override {
    ProcessState& process = shard_.process();
    if (process.ended) return;
    const Config& config = process.kernel.config;
    const base::Duration more = draws_.up_to(config.key_delay_max - config.key_delay_min);
    const std::uint64_t number = draws_.next();
    process.later(process.kernel.events.now() + config.key_delay_min + more,
                  {EventKind::kKey, shard_.entity()},
                  make_task([this, bits, number, h = std::move(handler)]() mutable {
                    auto made = make(bits, number);
                    error_code error;
                    if (!made) error = made.error();
                    KeyObserver* const observer = shard_.process().key_observer;
                    if (made && observer != nullptr) {
                      observer->key_made(key_number((*made)->public_key_der()));
                    }
                    post_completion<PrivateKeyPtr>(ShardExecutor(shard_), std::move(h), error,
                                                   made ? *made : nullptr);
                  }));
  }

  [[nodiscard]] boost::system::result<PrivateKeyPtr> make(unsigned bits,
                                                          std::uint64_t number) const {
    const Kernel& kernel = shard_.process().kernel;
    if (!kernel.config.real_keys) {
      return PrivateKeyPtr(std::make_shared<StandInPrivateKey>(number));
    }
    DrawnBytes random(Draws(kernel.seed, number));
    auto made = envelope::make_rsa_private_key(bits, random);
    if (!made) return made.error();
    return PrivateKeyPtr(std::move(*made));
  }

  TaskQueue& shard_;
  Draws draws_;
};

}  // namespace

std::uint64_t key_number(ByteView der) {
  return is_stand_in(der) ? number_in(der.subspan(kMark.size())) : hash_of(base::as_text(der));
}

std::unique_ptr<runtime::Keys> make_keys(TaskQueue& shard) {
  return std::make_unique<SimKeys>(shard);
}

}  // namespace prometheus_rsocket::sim

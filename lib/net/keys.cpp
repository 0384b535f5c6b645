#include "net/keys.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <random>
#include <utility>

#include "envelope/rsa_key.h"
#include "net/worker.h"

namespace prometheus_rsocket::net {
namespace {

using runtime::error_code;
using PrivateKeyPtr = std::shared_ptr<const envelope::PrivateKey>;

class SystemRandom final : public envelope::RandomSource {
 public:
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(device_());
  }

 private:
  std::random_device device_;
};

class ThreadKeys final : public runtime::Keys {
 public:
  boost::system::result<std::shared_ptr<const envelope::PublicKey>> read_public_key(
      std::span<const std::byte> der) override {
    auto key = envelope::read_rsa_public_key(der);
    if (!key) return key.error();
    return std::shared_ptr<const envelope::PublicKey>(std::move(*key));
  }

 private:
  void do_make_private_key(unsigned bits,
                           runtime::Handler<void(error_code, PrivateKeyPtr)> handler) override {
    const auto where = boost::asio::get_associated_executor(handler);
    auto made = std::make_shared<boost::system::result<PrivateKeyPtr>>();
    worker_->async_run(
        [bits, made] {
          SystemRandom random;
          auto key = envelope::make_rsa_private_key(bits, random);
          if (key) {
            *made = PrivateKeyPtr(std::move(*key));
          } else {
            *made = key.error();
          }
        },
        boost::asio::bind_executor(where, [made, h = std::move(handler)]() mutable {
          std::move(h)(made->has_error() ? made->error() : error_code(),
                       made->has_error() ? nullptr : std::move(**made));
        }));
  }

  std::unique_ptr<runtime::Worker> worker_ = make_worker();
};

}  // namespace

std::unique_ptr<runtime::Keys> make_keys() { return std::make_unique<ThreadKeys>(); }

}  // namespace prometheus_rsocket::net

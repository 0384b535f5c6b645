#include "net/keys.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <random>
#include <utility>

#include "envelope/rsa_key.h"

namespace prometheus_rsocket::net {
namespace {

using runtime::error_code;
using KeyHandler = runtime::Handler<void(error_code, std::shared_ptr<const envelope::PrivateKey>)>;

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
  ~ThreadKeys() override {
    pool_.stop();
    pool_.join();
  }

  boost::system::result<std::shared_ptr<const envelope::PublicKey>> read_public_key(
      std::span<const std::byte> der) override {
    auto key = envelope::read_rsa_public_key(der);
    if (!key) return key.error();
    return std::shared_ptr<const envelope::PublicKey>(std::move(*key));
  }

 private:
  void do_make_private_key(unsigned bits, KeyHandler handler) override {
    auto where = boost::asio::get_associated_executor(handler);
    // The handler's loop must not run dry while its key is made.
    auto work = boost::asio::prefer(where, boost::asio::execution::outstanding_work.tracked);
    boost::asio::post(pool_, [bits, work, handler = std::move(handler)]() mutable {
      SystemRandom random;
      auto made = envelope::make_rsa_private_key(bits, random);
      error_code error;
      std::shared_ptr<const envelope::PrivateKey> key;
      if (made) {
        key = std::move(*made);
      } else {
        error = made.error();
      }
      work.execute([handler = std::move(handler), error, key = std::move(key)]() mutable {
        std::move(handler)(error, std::move(key));
      });
    });
  }

  boost::asio::thread_pool pool_{1};
};

}  // namespace

std::unique_ptr<runtime::Keys> make_keys() { return std::make_unique<ThreadKeys>(); }

}  // namespace prometheus_rsocket::net

#include "net/keys.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "base/check.h"
#include "envelope/rsa_key.h"

namespace prometheus_rsocket::net {
namespace {

using runtime::error_code;
using LoopExecutor = boost::asio::io_context::executor_type;  // of every shard (net/process.h)
using KeyHandler = runtime::Handler<void(error_code, std::shared_ptr<const envelope::PrivateKey>)>;

class SystemRandom final : public envelope::RandomSource {
 public:
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(device_());
  }

 private:
  std::random_device device_;
};

// The handlers of one io_context whose pairs are being made. They stay on its side: when it shuts
// down they are destroyed there, and a pair that is ready after that finds nobody.
class Waiting final : public boost::asio::execution_context::service {
 public:
  using key_type = Waiting;
  static inline boost::asio::execution_context::id id;

  struct One {
    KeyHandler handler;
    boost::asio::executor_work_guard<LoopExecutor> work;  // the loop must not run dry before
  };
  // Shared with the pool's tasks, which may outlive the context.
  struct All {
    std::mutex mutex;
    std::map<std::uint64_t, One> waiting;
    std::uint64_t count = 0;  // ever
  };

  explicit Waiting(boost::asio::execution_context& context) : service(context) {}

  [[nodiscard]] const std::shared_ptr<All>& all() const { return all_; }

 private:
  void shutdown() override {
    std::map<std::uint64_t, One> dropped;
    const std::lock_guard lock(all_->mutex);
    dropped.swap(all_->waiting);
  }

  std::shared_ptr<All> all_ = std::make_shared<All>();
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
    const auto where = boost::asio::get_associated_executor(handler);
    const auto* shard = where.target<LoopExecutor>();
    CHECK(shard != nullptr, "the handler is bound to a shard's executor");
    auto all = boost::asio::use_service<Waiting>(shard->context()).all();
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(all->mutex);
      number = ++all->count;
      all->waiting.emplace(number,
                           Waiting::One{std::move(handler), boost::asio::make_work_guard(*shard)});
    }
    boost::asio::post(pool_, [bits, number, all = std::move(all)] {
      SystemRandom random;
      auto made = envelope::make_rsa_private_key(bits, random);
      error_code error;
      std::shared_ptr<const envelope::PrivateKey> key;
      if (made) {
        key = std::move(*made);
      } else {
        error = made.error();
      }
      const std::lock_guard lock(all->mutex);  // the context stays as long as this holds it
      auto one = all->waiting.extract(number);
      if (!one) return;
      boost::asio::post(
          one.mapped().work.get_executor(),
          [handler = std::move(one.mapped().handler), error, key = std::move(key)]() mutable {
            std::move(handler)(error, std::move(key));
          });
    });
  }

  boost::asio::thread_pool pool_{1};
};

}  // namespace

std::unique_ptr<runtime::Keys> make_keys() { return std::make_unique<ThreadKeys>(); }

}  // namespace prometheus_rsocket::net

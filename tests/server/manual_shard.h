// A shard for tests of what lives on one: its time moves when the test says so. It has no network
// and no keys; whoever asks for them ends the test.
#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::server {

class ManualShard {
 public:
  runtime::Shard& shard() { return shard_; }
  [[nodiscard]] base::Instant now() const { return clock_.time; }

  // Runs what is ready, and moves the time from timer to timer until so much has passed.
  void run_for(base::Duration time) {
    const base::Instant end = clock_.time + time;
    poll();
    while (!waits_.empty() && waits_.begin()->first.first <= end) {
      clock_.time = std::max(clock_.time, waits_.begin()->first.first);
      complete(waits_.begin()->first, {});
      poll();
    }
    clock_.time = end;
  }

 private:
  using TimerHandler = runtime::Handler<void(runtime::error_code)>;
  using WaitKey = std::pair<base::Instant, std::uint64_t>;

  struct Clock final : runtime::Clock {
    base::Instant time{};
    base::Instant now() const override { return time; }
    base::WallTime wall_now() const override { return {}; }
  };

  class Timer final : public runtime::Timer {
   public:
    explicit Timer(ManualShard& owner) : owner_(owner) {}
    ~Timer() override {
      if (key_) owner_.waits_.erase(*key_);
    }
    void cancel() override {
      if (key_) owner_.complete(*key_, boost::asio::error::operation_aborted);
    }

   private:
    void do_wait_until(base::Instant deadline, TimerHandler handler) override {
      key_ = WaitKey{deadline, owner_.next_wait_++};
      owner_.waits_.emplace(*key_, Wait{std::move(handler), &key_});
    }

    ManualShard& owner_;
    std::optional<WaitKey> key_;
  };

  struct Timers final : runtime::Timers {
    explicit Timers(ManualShard& the_owner) : owner(the_owner) {}
    std::unique_ptr<runtime::Timer> make_timer() override { return std::make_unique<Timer>(owner); }
    ManualShard& owner;
  };

  struct Network final : runtime::Network {
    boost::system::result<std::unique_ptr<runtime::Listener>> listen(
        const runtime::Endpoint&) override {
      return runtime::error_code(boost::asio::error::access_denied);
    }
    void do_connect(
        const runtime::Endpoint&,
        runtime::Handler<void(runtime::error_code, std::unique_ptr<runtime::Stream>)>) override {
      CHECK(false, "there is no network here");
    }
  };

  struct Resolver final : runtime::Resolver {
    void do_resolve(std::string,
                    runtime::Handler<void(runtime::error_code,
                                          std::vector<boost::asio::ip::address>)>) override {
      CHECK(false, "there are no names here");
    }
  };

  struct Random final : runtime::Random {
    void fill(std::span<std::byte> bytes) override { std::ranges::fill(bytes, std::byte{0}); }
  };

  struct Keys final : runtime::Keys {
    boost::system::result<std::shared_ptr<const envelope::PublicKey>> read_public_key(
        std::span<const std::byte>) override {
      return runtime::error_code(boost::asio::error::access_denied);
    }
    void do_make_private_key(
        unsigned,
        runtime::Handler<void(runtime::error_code, std::shared_ptr<const envelope::PrivateKey>)>)
        override {
      CHECK(false, "there are no keys here");
    }
  };

  struct Log final : runtime::Log {
    void write(runtime::LogLevel, std::string_view, std::span<const runtime::LogField>) override {}
  };

  struct Wait {
    TimerHandler handler;
    std::optional<WaitKey>* key_of_timer;
  };

  void poll() {
    context_.restart();
    context_.poll();
  }
  void complete(WaitKey key, runtime::error_code error) {
    const auto wait = waits_.find(key);
    wait->second.key_of_timer->reset();
    boost::asio::post(context_, [handler = std::move(wait->second.handler), error]() mutable {
      std::move(handler)(error);
    });
    waits_.erase(wait);
  }

  Clock clock_;
  Timers timers_{*this};
  Network network_;
  Resolver resolver_;
  Random random_;
  Keys keys_;
  Log log_;
  std::uint64_t next_wait_ = 0;
  std::map<WaitKey, Wait> waits_;
  boost::asio::io_context context_;
  runtime::Shard shard_{
      0, context_.get_executor(), clock_, timers_, network_, resolver_, random_, keys_, log_};
};

}  // namespace prometheus_rsocket::server

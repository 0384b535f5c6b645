// A process of lib/net that a test runs on its own thread, waiting for what shall happen.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/bind_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"

namespace prometheus_rsocket::net {

inline constexpr std::chrono::seconds kPatience{20};

struct Loop {
  explicit Loop(std::size_t shards = 1) : process(shards, *keys, *log) {}

  [[nodiscard]] runtime::Shard& shard(std::size_t index = 0) { return process.shard(index); }

  void run_until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "it did not happen";
      process.poll(std::chrono::milliseconds(1));
    }
  }

  [[nodiscard]] std::unique_ptr<runtime::Listener> listen(const char* address,
                                                          std::uint16_t port = 0) {
    auto listener = shard().network.listen({boost::asio::ip::make_address(address), port});
    EXPECT_TRUE(listener) << address << ": " << listener.error().message();
    return listener ? std::move(*listener) : nullptr;
  }
  [[nodiscard]] std::unique_ptr<runtime::Stream> accept(runtime::Listener& listener) {
    return wait_for_stream(
        [&](auto handler) { listener.async_accept(shard().executor, std::move(handler)); });
  }
  [[nodiscard]] std::unique_ptr<runtime::Stream> dial(const runtime::Endpoint& to) {
    return wait_for_stream(
        [&](auto handler) { shard().network.async_connect(to, std::move(handler)); });
  }

  std::unique_ptr<runtime::Log> log =
      make_stderr_log(runtime::LogLevel::kError, LogFormat::kLogfmt);
  std::unique_ptr<runtime::Keys> keys = make_keys();
  Process process;

 private:
  template <class Start>
  std::unique_ptr<runtime::Stream> wait_for_stream(Start start) {
    std::optional<std::unique_ptr<runtime::Stream>> got;
    start(boost::asio::bind_executor(
        shard().executor, [&](runtime::error_code error, std::unique_ptr<runtime::Stream> stream) {
          EXPECT_FALSE(error) << error.message();
          got = std::move(stream);
        }));
    run_until([&] { return got.has_value(); });
    return got ? std::move(*got) : nullptr;
  }
};

}  // namespace prometheus_rsocket::net

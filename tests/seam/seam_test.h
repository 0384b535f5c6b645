// The fixture of the conformance suite: a stage, and operations that are waited for.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "completion.h"
#include "stage.h"

namespace prometheus_rsocket::seam {

using runtime::error_code;
using StreamPtr = std::unique_ptr<runtime::Stream>;
using Transfer = Completion<std::size_t>;  // of a read or a write
using Opening = Completion<StreamPtr>;     // of a dial or an accept
namespace error = boost::asio::error;

class SeamTest : public testing::TestWithParam<StageKind> {
 protected:
  struct Got {
    std::string bytes;
    error_code error;

    friend bool operator==(const Got&, const Got&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Got& got) {
      return out << '"' << got.bytes << "\", " << got.error.message();
    }
  };

  [[nodiscard]] runtime::Shard& server(std::size_t shard = 0) {
    return stage().server().shard(shard);
  }
  [[nodiscard]] runtime::Shard& client(std::size_t shard = 0) {
    return stage().client().shard(shard);
  }
  [[nodiscard]] Stage& stage() { return *stage_; }

  template <class Awaited>
  void wait_for(const Awaited& completion) {
    ASSERT_TRUE(stage_->run_until([&] { return completion.done(); })) << "it did not complete";
  }
  template <class Awaited>
  void wait_until_gone(const Awaited& completion) {
    ASSERT_TRUE(stage_->run_until([&] { return completion.handler_is_gone(); }));
  }

  [[nodiscard]] std::unique_ptr<runtime::Listener> listen(std::uint16_t port = 0) {
    auto listener = server().network.listen({stage_->server_address(), port});
    EXPECT_TRUE(listener) << listener.error().message();
    return std::move(*listener);
  }

  [[nodiscard]] Opening dial(const runtime::Endpoint& to) {
    Opening dialled(client().executor);
    client().network.async_connect(to, dialled.handler());
    return dialled;
  }
  [[nodiscard]] Opening accept(runtime::Listener& listener) {
    Opening accepted(server().executor);
    listener.async_accept(server().executor, accepted.handler());
    return accepted;
  }

  [[nodiscard]] Ends connect() {
    const auto listener = listen();
    return connect_to(*listener);
  }
  [[nodiscard]] Ends connect_to(runtime::Listener& listener) {
    const auto accepted = accept(listener);
    const auto dialled = dial(listener.local_endpoint());
    wait_for(dialled);
    wait_for(accepted);
    EXPECT_EQ(dialled.error(), error_code());
    EXPECT_EQ(accepted.error(), error_code());
    Ends ends{std::move(dialled.value()), std::move(accepted.value())};
    return GetParam().tls ? encrypt(stage(), std::move(ends)) : std::move(ends);
  }

  [[nodiscard]] static Transfer read(runtime::Stream& stream, std::string& into) {
    Transfer done(stream.get_executor());
    stream.async_read_some(boost::asio::buffer(into), done.handler());
    return done;
  }
  [[nodiscard]] static Transfer write(runtime::Stream& stream, std::string_view bytes) {
    Transfer done(stream.get_executor());
    stream.async_write_some(boost::asio::buffer(bytes), done.handler());
    return done;
  }

  // What one read gives, of at most `most` bytes.
  [[nodiscard]] Got read_some(runtime::Stream& stream, std::size_t most = 64) {
    std::string bytes(most, '\0');
    const auto done = read(stream, bytes);
    wait_for(done);
    bytes.resize(done.value());
    return {bytes, done.error()};
  }
  [[nodiscard]] Got read_exactly(runtime::Stream& stream, std::size_t count) {
    std::string bytes(count, '\0');
    const Transfer done(stream.get_executor());
    boost::asio::async_read(stream, boost::asio::buffer(bytes), done.handler());
    wait_for(done);
    bytes.resize(done.value());
    return {bytes, done.error()};
  }
  [[nodiscard]] error_code write_all(runtime::Stream& stream, std::string_view bytes) {
    const Transfer done(stream.get_executor());
    boost::asio::async_write(stream, boost::asio::buffer(bytes), done.handler());
    wait_for(done);
    return done.error();
  }
  [[nodiscard]] error_code shutdown_send(runtime::Stream& stream) {
    const Completion<> done(stream.get_executor());
    stream.async_shutdown_send(done.handler());
    wait_for(done);
    return done.error();
  }
  // What was written has arrived: loopback takes no time, and a simulated link less than this.
  void let_arrive() {
    const auto timer = server().timers.make_timer();
    const Completion<> passed(server().executor);
    timer->async_wait_until(server().clock.now() + std::chrono::milliseconds(10), passed.handler());
    wait_for(passed);
  }

  // More than a connection holds: does not complete unless the peer reads.
  [[nodiscard]] static Transfer write_too_much(runtime::Stream& stream) {
    static const std::string bytes(std::size_t{32} << 20, 'x');
    Transfer done(stream.get_executor());
    boost::asio::async_write(stream, boost::asio::buffer(bytes), done.handler());
    return done;
  }

 private:
  std::unique_ptr<Stage> stage_ = make_stage(GetParam());
};

inline auto runtimes() { return testing::ValuesIn(all_stages()); }
inline auto runtimes_and_tls() {
  auto kinds = all_stages();
  kinds.push_back({.seed = {}, .tls = true});
  return testing::ValuesIn(kinds);
}
inline std::string name_of(const testing::TestParamInfo<StageKind>& info) {
  return to_string(info.param);
}

}  // namespace prometheus_rsocket::seam

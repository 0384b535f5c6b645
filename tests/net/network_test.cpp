// What only real sockets have: options, both IP versions, TIME_WAIT. The rest is in tests/seam.
#include "net/network.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <filesystem>
#include <string>

#include "loop.h"

namespace prometheus_rsocket::net {
namespace {

using boost::asio::ip::make_address;
using runtime::Endpoint;

// A socket of the system's own interface, for what a stream of ours does not do.
class RawSocket {
 public:
  RawSocket() = default;
  ~RawSocket() { close(); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  [[nodiscard]] int connect_to(std::uint16_t port) const { return on_loopback(port, ::connect); }
  [[nodiscard]] int bind_to(std::uint16_t port) const { return on_loopback(port, ::bind); }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }
  void send_fin() const { EXPECT_EQ(::shutdown(descriptor_, SHUT_WR), 0); }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close();
  }

 private:
  template <class Call>
  int on_loopback(std::uint16_t port, Call call) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return call(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

  int descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

std::uint16_t port_of(int descriptor, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (ask(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return address.sin_family == AF_INET ? ntohs(address.sin_port) : std::uint16_t{0};
}

// The descriptor behind an IPv4 stream; -1 if there is none.
int descriptor_of(const runtime::Stream& stream) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int descriptor = std::stoi(entry.path().filename());
    if (port_of(descriptor, ::getsockname) == stream.local_endpoint().port &&
        port_of(descriptor, ::getpeername) == stream.remote_endpoint().port) {
      return descriptor;
    }
  }
  return -1;
}

int tcp_option(int descriptor, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(descriptor, IPPROTO_TCP, name, &value, &size), 0);
  return value;
}

TEST(NetNetwork, SmallFramesAreNotHeldBackAndDeadPeersAreNoticed) {
  Loop loop;
  const auto listener = loop.listen("127.0.0.1");
  const auto dialled = loop.dial(listener->local_endpoint());
  const auto accepted = loop.accept(*listener);
  for (const auto* stream : {dialled.get(), accepted.get()}) {
    const int descriptor = descriptor_of(*stream);
    ASSERT_GE(descriptor, 0);
    EXPECT_NE(tcp_option(descriptor, TCP_NODELAY), 0);
    EXPECT_EQ(tcp_option(descriptor, TCP_USER_TIMEOUT), kTcpUserTimeout.count());
  }
}

TEST(NetNetwork, APortCanBeListenedOnAgainWhileOldConnectionsAreInTimeWait) {
  Loop loop;
  auto listener = loop.listen("127.0.0.1");
  const auto port = listener->local_endpoint().port;
  {
    auto client = loop.dial(listener->local_endpoint());
    auto server = loop.accept(*listener);
    server.reset();  // who closes first keeps the connection in TIME_WAIT
    char byte = 0;
    runtime::error_code error;
    client->async_read_some(
        boost::asio::buffer(&byte, 1),
        boost::asio::bind_executor(loop.shard().executor, [&](runtime::error_code result,
                                                              std::size_t) { error = result; }));
    loop.run_until([&] { return error == boost::asio::error::eof; });
  }
  listener.reset();
  const RawSocket without_option;
  ASSERT_EQ(without_option.bind_to(port), -1) << "nothing is in TIME_WAIT";
  EXPECT_NE(loop.listen("127.0.0.1", port), nullptr);
}

TEST(NetNetwork, ADualStackListenerNamesIpv4PeersPlainly) {
  Loop loop;
  const auto listener = loop.listen("::");
  const auto port = listener->local_endpoint().port;
  EXPECT_EQ(listener->local_endpoint().address, make_address("::"));
  for (const auto* address : {"127.0.0.1", "::1"}) {
    const Endpoint to{make_address(address), port};
    const auto dialled = loop.dial(to);
    const auto accepted = loop.accept(*listener);
    ASSERT_NE(accepted, nullptr);
    EXPECT_EQ(dialled->remote_endpoint(), to);
    EXPECT_EQ(accepted->local_endpoint(), to);
    EXPECT_EQ(accepted->remote_endpoint(), dialled->local_endpoint());
    EXPECT_EQ(accepted->remote_endpoint().address, to.address);
  }
}

TEST(NetNetwork, AConnectionThatWasResetBeforeItWasAcceptedNamesItsPeer) {
  Loop loop;
  const auto listener = loop.listen("127.0.0.1");
  RawSocket peer;
  ASSERT_EQ(peer.connect_to(listener->local_endpoint().port), 0);
  const Endpoint from{make_address("127.0.0.1"), peer.port()};
  peer.reset();
  const auto accepted = loop.accept(*listener);
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(accepted->remote_endpoint(), from);
  EXPECT_EQ(accepted->local_endpoint(), listener->local_endpoint());
}

// A scraper that gives up; tests/sim/world has it with the bytes under way.
TEST(NetNetwork, WhatAPeersSystemHasNotTakenIsNotAcknowledgedByItsFin) {
  Loop loop;
  const auto listener = loop.listen("127.0.0.1");
  RawSocket peer;
  ASSERT_EQ(peer.connect_to(listener->local_endpoint().port), 0);
  const auto stream = loop.accept(*listener);
  const std::string too_much(std::size_t{32} << 20, 'x');
  const auto write = [&] {
    std::optional<runtime::error_code> result;
    stream->async_write_some(
        boost::asio::buffer(too_much),
        boost::asio::bind_executor(loop.shard().executor, [&](runtime::error_code error,
                                                              std::size_t) { result = error; }));
    loop.run_until([&] { return result.has_value(); });
    return *result;
  };
  EXPECT_TRUE(stream->is_acknowledged()) << "nothing was written";
  ASSERT_EQ(write(), runtime::error_code());
  EXPECT_FALSE(stream->is_acknowledged());

  peer.send_fin();
  char byte = 0;
  std::optional<runtime::error_code> read;
  stream->async_read_some(
      boost::asio::buffer(&byte, 1),
      boost::asio::bind_executor(loop.shard().executor,
                                 [&](runtime::error_code error, std::size_t) { read = error; }));
  loop.run_until([&] { return read.has_value(); });
  EXPECT_EQ(*read, boost::asio::error::eof);
  EXPECT_FALSE(stream->is_acknowledged());

  peer.reset();
  EXPECT_EQ(write(), boost::asio::error::broken_pipe);
  EXPECT_FALSE(stream->is_acknowledged()) << "the rest never will be";
}

}  // namespace
}  // namespace prometheus_rsocket::net

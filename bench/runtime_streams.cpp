// What streams of lib/net cost over loopback, plain and with TLS (tests/net has the certificates:
// ECDSA on P-256). One thread plays both ends, so that what is measured is the CPU of both.
#include <benchmark/benchmark.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "authority.h"
#include "base/check.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "net/tls.h"

namespace prometheus_rsocket {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using runtime::error_code;
using StreamPtr = std::unique_ptr<runtime::Stream>;

enum Kind : std::int64_t { kPlain, kTls };

class Connections {
  auto into(StreamPtr& stream) {
    return asio::bind_executor(shard_.executor,
                               [&stream](error_code error, StreamPtr made, auto...) {
                                 CHECK(!error, "nothing is wrong with the other end");
                                 stream = std::move(made);
                               });
  }

 public:
  explicit Connections(Kind kind) : kind_(kind) {
    auto listener = shard_.network.listen({asio::ip::address_v4::loopback(), 0});
    CHECK(listener, "loopback has a free port");
    listener_ = std::move(*listener);
    const test::Authority authority("authority");
    const test::Identity identity = authority.issue();
    runtime::TlsServerConfig of_server;
    of_server.certificates = identity.certificates;
    of_server.private_key = identity.private_key;
    server_settings_ = *net::make_tls_server(of_server);
    runtime::TlsClientConfig of_client;
    of_client.authorities = authority.certificate();
    client_settings_ = *net::make_tls_client(of_client);
  }

  // Opens one: both ends are there when it returns.
  void open() {
    StreamPtr near;
    StreamPtr far;
    shard_.network.async_connect(listener_->local_endpoint(), into(far));
    listener_->async_accept(shard_.executor, into(near));
    run_until([&] { return near && far; });
    if (kind_ == kTls) {
      StreamPtr plain_near = std::move(near);
      StreamPtr plain_far = std::move(far);
      server_settings_->async_handshake(std::move(plain_near), into(near));
      client_settings_->async_handshake(std::move(plain_far), "localhost", into(far));
      run_until([&] { return near && far; });
    }
    server = std::move(near);
    client = std::move(far);
  }

  template <class Condition>
  void run_until(Condition holds) {
    while (!holds()) process_.poll(1ms);
  }
  [[nodiscard]] runtime::Executor executor() const { return shard_.executor; }

 private:
  const Kind kind_;
  std::unique_ptr<runtime::Keys> keys_ = net::make_keys();
  std::unique_ptr<runtime::Log> log_ =
      net::make_stderr_log(runtime::LogLevel::kError, net::LogFormat::kLogfmt);
  net::Process process_{1, *keys_, *log_};
  runtime::Shard& shard_ = process_.shard(0);
  std::unique_ptr<runtime::Listener> listener_;
  std::shared_ptr<const runtime::TlsServer> server_settings_;
  std::shared_ptr<const runtime::TlsClient> client_settings_;

 public:
  StreamPtr server;
  StreamPtr client;
};

// A page, one way, in the pieces in which lib/http writes one.
void stream_sends_page(benchmark::State& state) {
  constexpr std::size_t kPage = std::size_t{16} << 20;
  constexpr std::size_t kPiece = std::size_t{64} * 1024;
  Connections connections(static_cast<Kind>(state.range(0)));
  connections.open();
  const std::string piece(kPiece, 'x');
  const std::vector<asio::const_buffer> chunk{asio::buffer("10000\r\n", 7), asio::buffer(piece),
                                              asio::buffer("\r\n", 2)};
  std::string room(kPiece, '\0');
  for (auto _ : state) {
    std::size_t pieces = kPage / kPiece;
    std::size_t left = pieces * asio::buffer_size(chunk);
    std::function<void()> write = [&] {
      if (pieces-- == 0) return;
      asio::async_write(
          *connections.server, chunk,
          asio::bind_executor(connections.executor(), [&](error_code, std::size_t) { write(); }));
    };
    std::function<void()> read = [&] {
      if (left == 0) return;
      connections.client->async_read_some(
          asio::buffer(room),
          asio::bind_executor(connections.executor(), [&](error_code error, std::size_t bytes) {
            CHECK(!error, "the page arrives");
            left -= bytes;
            read();
          }));
    };
    write();
    read();
    connections.run_until([&] { return left == 0; });
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPage));
}

// A frame there and one back.
void stream_answers_frame(benchmark::State& state) {
  Connections connections(static_cast<Kind>(state.range(0)));
  connections.open();
  const std::string frame(200, 'x');
  std::string room(frame.size(), '\0');
  const auto send = [&](runtime::Stream& from, runtime::Stream& to) {
    bool arrived = false;
    asio::async_write(from, asio::buffer(frame),
                      asio::bind_executor(connections.executor(), [](error_code, std::size_t) {}));
    asio::async_read(to, asio::buffer(room),
                     asio::bind_executor(connections.executor(),
                                         [&](error_code, std::size_t) { arrived = true; }));
    connections.run_until([&] { return arrived; });
  };
  for (auto _ : state) {
    send(*connections.server, *connections.client);
    send(*connections.client, *connections.server);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

// Both ends' work, the client's verification of a chain of one included.
void connection_opens(benchmark::State& state) {
  Connections connections(static_cast<Kind>(state.range(0)));
  for (auto _ : state) connections.open();
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

BENCHMARK(stream_sends_page)->ArgName("tls")->Arg(kPlain)->Arg(kTls)->Unit(benchmark::kMillisecond);
BENCHMARK(stream_answers_frame)
    ->ArgName("tls")
    ->Arg(kPlain)
    ->Arg(kTls)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(connection_opens)->ArgName("tls")->Arg(kPlain)->Arg(kTls)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace prometheus_rsocket

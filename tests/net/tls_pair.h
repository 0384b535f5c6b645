// TLS with no connection: engines of ours wired to each other, or to OpenSSL as a peer that does
// what ours never does.
#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authority.h"
#include "base/bytes.h"
#include "net/tls_engine.h"

namespace prometheus_rsocket::net {

using Step = TlsEngine::Step;

// An engine and what has been sent to it.
struct Side {
  explicit Side(TlsContextPtr context) : engine(std::move(context)) {}

  // Calls with all that has arrived.
  template <class Call>
  TlsEngine::Result advance(Call call) {
    auto result = call(engine);
    while (result.step == Step::kNeedsInput && !arrived.empty()) {
      const auto room = engine.prepare();
      const std::size_t bytes = std::min(room.size(), arrived.size());
      std::copy_n(arrived.begin(), bytes, room.begin());
      arrived.erase(arrived.begin(), arrived.begin() + static_cast<std::ptrdiff_t>(bytes));
      engine.commit(bytes);
      result = call(engine);
    }
    return result;
  }
  TlsEngine::Result handshake() {
    return advance([](TlsEngine& e) { return e.handshake(); });
  }
  // All there is, and what comes behind it.
  std::pair<std::string, TlsEngine::Result> read_all() {
    std::string text;
    for (;;) {
      std::array<std::byte, 1000> room{};
      const auto result = advance([&](TlsEngine& e) { return e.read(room); });
      if (result.step != Step::kDone) return {text, result};
      text += base::as_text(std::span(room).first(result.bytes));
    }
  }
  std::size_t write(std::string_view text) {
    const boost::asio::const_buffer buffer(text.data(), text.size());
    return engine.write(std::span(&buffer, 1));
  }

  void receive(const base::Bytes& bytes) {
    arrived.insert(arrived.end(), bytes.begin(), bytes.end());
  }

  TlsEngine engine;
  base::Bytes arrived;
};

inline void carry(Side& from, Side& to) { to.receive(from.engine.take_output()); }

struct Handshake {
  TlsEngine::Result server;
  TlsEngine::Result client;

  [[nodiscard]] bool is_done() const {
    return server.step == Step::kDone && client.step == Step::kDone;
  }
};

// Until neither has more to say; both have been told which side they are.
inline Handshake shake_hands(Side& server, Side& client) {
  Handshake result;
  for (int turn = 0; turn < 10; ++turn) {
    result.client = client.handshake();
    carry(client, server);
    result.server = server.handshake();
    carry(server, client);
  }
  return result;
}

// OpenSSL by itself.
class RawPeer {
 public:
  RawPeer(const SSL_METHOD* method, const std::function<void(SSL_CTX*)>& set_up)
      : context_(SSL_CTX_new(method)) {
    set_up(context_.get());
    connect_anew();
  }

  // A new connection with the same settings. The one before it has ended as it should: OpenSSL
  // does not resume others.
  void connect_anew() {
    if (ssl_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    ssl_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
  }

  [[nodiscard]] SSL* ssl() { return ssl_.get(); }
  void receive(const base::Bytes& bytes) {
    if (!bytes.empty()) BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  }
  [[nodiscard]] base::Bytes take_output() {
    base::Bytes bytes(BIO_ctrl_pending(out_));
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  int handshake() {
    ERR_clear_error();
    return SSL_do_handshake(ssl_.get());
  }
  void write(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  std::string read() {
    ERR_clear_error();
    std::string text(1000, '\0');
    const int bytes = SSL_read(ssl_.get(), text.data(), static_cast<int>(text.size()));
    text.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return text;
  }

 private:
  SslContextPtr context_;
  SslPtr ssl_;
  BIO* in_ = nullptr;  // owned by the SSL
  BIO* out_ = nullptr;
};

// True when both are done.
inline bool shake_hands(Side& server, RawPeer& client) {
  TlsEngine::Result at_server;
  int at_client = 0;
  for (int turn = 0; turn < 10; ++turn) {
    at_client = client.handshake();
    server.receive(client.take_output());
    at_server = server.handshake();
    client.receive(server.engine.take_output());
  }
  return at_server.step == Step::kDone && at_client == 1;
}

// ---- Settings

inline const test::Authority& authority() {
  static const test::Authority made("authority");
  return made;
}
inline const test::Authority& stranger() {
  static const test::Authority made("stranger");
  return made;
}

inline runtime::TlsServerConfig server_config(
    const test::Identity& identity = authority().issue()) {
  runtime::TlsServerConfig config;
  config.certificates = identity.certificates;
  config.private_key = identity.private_key;
  return config;
}
inline runtime::TlsClientConfig client_config() {
  runtime::TlsClientConfig config;
  config.authorities = authority().certificate();
  return config;
}
inline runtime::TlsClientConfig client_config(const test::Identity& identity) {
  runtime::TlsClientConfig config = client_config();
  config.certificates = identity.certificates;
  config.private_key = identity.private_key;
  return config;
}

template <class Config>
TlsContextPtr context_of(const Config& config) {
  auto made = make_context(config);
  EXPECT_TRUE(made) << made.error();
  return *made;
}

// Two sides that want to speak to each other.
struct Pair {
  Pair(const runtime::TlsServerConfig& of_server, const runtime::TlsClientConfig& of_client,
       const std::string& host = "localhost")
      : server(context_of(of_server)), client(context_of(of_client)) {
    server.engine.accept();
    EXPECT_TRUE(client.engine.connect(host));
    handshake = shake_hands(server, client);
  }
  Pair() : Pair(server_config(), client_config()) {}

  Side server;
  Side client;
  Handshake handshake;
};

}  // namespace prometheus_rsocket::net

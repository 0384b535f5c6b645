#include "net/client_hello.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "tls_pair.h"

namespace prometheus_rsocket::net {
namespace {

using base::Bytes;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes number(std::size_t value, std::size_t size) {
  Bytes bytes;
  for (std::size_t i = size; i-- > 0;) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
  return bytes;
}

constexpr unsigned char kHandshake = 22;

Bytes record(unsigned char type, const Bytes& content) {
  return Bytes{std::byte{type}, std::byte{3}, std::byte{1}} + number(content.size(), 2) + content;
}
// A ClientHello of which so much has come.
Bytes hello(std::size_t says, std::size_t has = 0) {
  return Bytes{std::byte{1}} + number(says, 3) + Bytes(has);
}

bool admits(const Bytes& bytes, std::size_t in_pieces_of) {
  ClientHelloBound bound;
  for (std::size_t at = 0; at < bytes.size(); at += in_pieces_of) {
    const std::size_t size = std::min(in_pieces_of, bytes.size() - at);
    if (!bound.admits(std::span(bytes).subspan(at, size))) return false;
  }
  return true;
}
// However it comes.
testing::AssertionResult is_admitted(const Bytes& bytes, bool wanted = true) {
  for (std::size_t pieces = 1; pieces <= bytes.size(); pieces += pieces < 20 ? 1 : 997) {
    if (admits(bytes, pieces) != wanted) return testing::AssertionFailure() << "by " << pieces;
  }
  return testing::AssertionSuccess();
}
testing::AssertionResult is_refused(const Bytes& bytes) { return is_admitted(bytes, false); }

constexpr std::size_t kMax = kTlsClientHelloBytesMax;

TEST(ClientHelloBound, RefusesOneThatSaysItIsTooLong) {
  EXPECT_TRUE(is_refused(record(kHandshake, hello(kMax + 1))));
  EXPECT_TRUE(is_refused(record(kHandshake, hello(0xFFFFFF))));
  EXPECT_TRUE(
      is_admitted(record(kHandshake, hello(kMax, kMax - 4)) + record(kHandshake, Bytes(4))));
}

TEST(ClientHelloBound, FindsTheLengthThatIsCutOverRecords) {
  Bytes cut;
  for (const std::byte byte : hello(kMax + 1)) cut = cut + record(kHandshake, {byte});
  EXPECT_TRUE(is_refused(cut));
  EXPECT_TRUE(is_refused(record(kHandshake, {}) + cut));
}

TEST(ClientHelloBound, RefusesASecondOneWhateverIsBetweenThem) {
  const Bytes first = record(kHandshake, hello(100, 100));
  const Bytes second = record(kHandshake, hello(kMax + 1));
  EXPECT_TRUE(is_refused(first + second));
  EXPECT_TRUE(is_refused(record(kHandshake, hello(100, 100) + hello(kMax + 1))));
  for (const unsigned char type : {std::uint8_t{20}, std::uint8_t{21}, std::uint8_t{23}}) {
    EXPECT_TRUE(is_refused(first + record(type, Bytes(2)) + second)) << int{type};
    EXPECT_TRUE(is_refused(record(type, Bytes(2)) + second)) << int{type};
  }
}

// A ClientKeyExchange, and what is encrypted behind it.
TEST(ClientHelloBound, LooksAtNothingBehindThem) {
  const Bytes other = Bytes{std::byte{16}} + number(32, 3) + Bytes(32);
  EXPECT_TRUE(is_admitted(record(kHandshake, hello(100, 100)) + record(kHandshake, other) +
                          record(kHandshake, hello(kMax + 1))));
}

// OpenSSL had 122 KiB made ready for each of as many connections as can be.
TEST(TlsEngine, RefusesAClientHelloAsSoonAsItSaysThatItIsTooLong) {
  Side server(context_of(server_config()));
  server.engine.accept();
  server.receive(record(kHandshake, hello(0x01FFFC)));
  const auto result = server.handshake();
  EXPECT_EQ(result.step, Step::kFailed);
  EXPECT_EQ(result.error.message(), "TLS: excessive message size");
}

TEST(TlsEngine, ShakesHandsWithWhoHasToSendASecondClientHello) {
  auto config = server_config();
  config.curves = {"CurveP384"};
  Side server(context_of(config));
  RawPeer client(TLS_client_method(), [](SSL_CTX* context) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set1_groups_list(context, "X25519:P-384");
  });
  server.engine.accept();
  EXPECT_TRUE(shake_hands(server, client));
  EXPECT_STREQ(SSL_get_version(client.ssl()), "TLSv1.3");
}

}  // namespace
}  // namespace prometheus_rsocket::net

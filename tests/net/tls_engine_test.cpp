// Records: how many, of which size, and what becomes of a peer that sends the wrong ones.
#include "net/tls_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <numeric>

#include "base/free_with.h"
#include "tls_pair.h"

namespace prometheus_rsocket::net {
namespace {

using base::Bytes;
using boost::asio::const_buffer;
using runtime::TlsName;
using runtime::TlsVersion;
using testing::ElementsAre;

// The sizes of the records of an output, without their headers.
std::vector<std::size_t> record_sizes(const Bytes& output) {
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; at + SSL3_RT_HEADER_LENGTH <= output.size();) {
    const std::size_t size = std::to_integer<std::size_t>(output[at + 3]) << 8U |
                             std::to_integer<std::size_t>(output[at + 4]);
    sizes.push_back(size);
    at += SSL3_RT_HEADER_LENGTH + size;
  }
  return sizes;
}

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  std::iota(text.begin(), text.end(), '\0');
  return text;
}

// A raw client of a server of ours.
struct RawPair {
  explicit RawPair(const std::function<void(SSL_CTX*)>& set_up = {},
                   const runtime::TlsServerConfig& config = server_config())
      : context(context_of(config)),
        server(context),
        client(TLS_client_method(), [&](SSL_CTX* ctx) {
          SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
          if (set_up) set_up(ctx);
        }) {
    server.engine.accept();
    done = shake_hands(server, client);
  }
  void exchange() {
    server.receive(client.take_output());
    client.receive(server.engine.take_output());
  }

  TlsContextPtr context;
  Side server;
  RawPeer client;
  bool done = false;
};

void only_tls12(SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); }

// ---- Records

TEST(TlsEngine, AWriteIsOfFullRecordsHoweverItIsCutIntoBuffers) {
  constexpr std::size_t kTag = 17;  // of TLS 1.3: a tag and the type
  for (const std::size_t cut : {std::size_t{100}, std::size_t{16'000}, std::size_t{90'000}}) {
    Pair pair;
    const std::string page = text_of(90'000);
    std::vector<const_buffer> buffers;
    for (std::size_t at = 0; at < page.size(); at += cut) {
      buffers.emplace_back(page.data() + at, std::min(cut, page.size() - at));
    }
    EXPECT_EQ(pair.server.engine.write(buffers), kTlsWriteBytesMax);
    const Bytes output = pair.server.engine.take_output();
    EXPECT_EQ(record_sizes(output), std::vector<std::size_t>(5, kTlsRecordBytes + kTag));
    pair.client.receive(output);
    EXPECT_EQ(pair.client.read_all().first, page.substr(0, kTlsWriteBytesMax));
  }
}

TEST(TlsEngine, AFewBuffersAreOneRecord) {
  Pair pair;
  const std::vector<const_buffer> buffers{{"2a\r\n", 4}, {"", 0}, {"text", 4}, {"\r\n", 2}};
  EXPECT_EQ(pair.server.engine.write(buffers), 10U);
  const Bytes output = pair.server.engine.take_output();
  EXPECT_THAT(record_sizes(output), testing::SizeIs(1));
  pair.client.receive(output);
  EXPECT_EQ(pair.client.read_all().first, "2a\r\ntext\r\n");
}

RC_GTEST_PROP(TlsEngine, WhateverIsWrittenIsReadHoweverBothAreCut, ()) {
  Pair pair;
  const auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::elementOf(
      std::vector<std::size_t>{0, 1, 2, 100, 5'000, 16'383, 16'384, 16'385, 40'000, 70'000}));
  std::string sent;
  Bytes output;
  std::vector<std::string> parts;
  for (const std::size_t size : sizes) parts.push_back(text_of(size));
  for (const auto& part : parts) sent += part;
  std::vector<const_buffer> left;
  for (const auto& part : parts) left.emplace_back(part.data(), part.size());
  while (boost::asio::buffer_size(left) > 0) {
    std::size_t written = pair.client.engine.write(left);
    RC_ASSERT(written > 0);
    for (auto& buffer : left) {
      const std::size_t of_this = std::min(written, buffer.size());
      buffer += of_this;
      written -= of_this;
    }
  }
  output = pair.client.engine.take_output();
  std::string received;
  for (std::size_t at = 0; at < output.size();) {
    const auto arriving = std::min<std::size_t>(*rc::gen::inRange(1, 40'000), output.size() - at);
    const auto from = output.begin() + static_cast<std::ptrdiff_t>(at);
    pair.server.receive({from, from + static_cast<std::ptrdiff_t>(arriving)});
    received += pair.server.read_all().first;
    at += arriving;
  }
  RC_ASSERT(received == sent);
}

TEST(TlsEngine, AConnectionThatWaitsHasRoomForLittleAndOneThatIsBusyForMuch) {
  Pair pair;
  pair.client.write(text_of(10'000));
  const Bytes record = pair.client.engine.take_output();
  std::array<std::byte, 10> room{};
  ASSERT_EQ(pair.server.engine.read(room).step, Step::kNeedsInput);
  const auto little = pair.server.engine.prepare();
  ASSERT_EQ(little.size(), kTlsIdleReadBytes);
  std::copy_n(record.begin(), little.size(), little.begin());
  pair.server.engine.commit(little.size());
  ASSERT_EQ(pair.server.engine.read(room).step, Step::kNeedsInput);
  EXPECT_EQ(pair.server.engine.prepare().size(), kTlsBusyReadBytes) << "there may be more";
  pair.server.engine.commit(0);
  ASSERT_EQ(pair.server.engine.read(room).step, Step::kNeedsInput);
  EXPECT_EQ(pair.server.engine.prepare().size(), kTlsIdleReadBytes) << "there was less";
}

// ---- Ends

TEST(TlsEngine, TheEndComesBehindWhatWasWritten) {
  Pair pair;
  pair.client.write("last words");
  pair.client.engine.end();
  carry(pair.client, pair.server);
  EXPECT_TRUE(pair.server.engine.prepare().size() > 0);
  const auto [text, then] = pair.server.read_all();
  EXPECT_EQ(text, "last words");
  EXPECT_EQ(then.step, Step::kEnd);
  EXPECT_EQ(pair.server.read_all().second.step, Step::kEnd) << "it stays so";
  EXPECT_GT(pair.server.write("answer"), 0U);
  carry(pair.server, pair.client);
  EXPECT_EQ(pair.client.read_all().first, "answer");
}

TEST(TlsEngine, NothingIsWrittenBehindTheEnd) {
  Pair pair;
  pair.client.engine.end();
  EXPECT_EQ(pair.client.write("more"), 0U);
}

// What the server has in its hands, but nobody has read.
bool has_unread_after(Pair& pair, const Bytes& arrived) {
  std::array<std::byte, 1> room{};
  EXPECT_EQ(pair.server.engine.read(room).step, Step::kNeedsInput);
  const auto input = pair.server.engine.prepare();
  std::ranges::copy(arrived, input.begin());
  pair.server.engine.commit(arrived.size());
  return pair.server.engine.has_unread();
}

TEST(TlsEngine, WhatWasReceivedIsUnreadUntilItIsRead) {
  Pair pair;
  EXPECT_FALSE(pair.server.engine.has_unread());
  pair.client.write("words");
  EXPECT_TRUE(has_unread_after(pair, pair.client.engine.take_output()));
  EXPECT_EQ(pair.server.read_all().first, "words");
  EXPECT_FALSE(pair.server.engine.has_unread());
}

TEST(TlsEngine, ARecordThatIsNotThereWholeIsUnread) {
  Pair pair;
  pair.client.write("words");
  Bytes output = pair.client.engine.take_output();
  output.pop_back();
  EXPECT_TRUE(has_unread_after(pair, output));
}

TEST(TlsEngine, ThePeersEndIsNothingUnread) {
  Pair pair;
  pair.client.engine.end();
  EXPECT_FALSE(has_unread_after(pair, pair.client.engine.take_output()));
}

// ---- Peers that do wrong

TEST(TlsEngine, AByteThatWasChangedEndsTheConnectionWithAnAlert) {
  Pair pair;
  pair.client.write("words");
  Bytes output = pair.client.engine.take_output();
  output.back() ^= std::byte{1};
  pair.server.receive(output);
  const auto failed = pair.server.read_all().second;
  EXPECT_EQ(failed.step, Step::kFailed);
  EXPECT_EQ(failed.error.message(), "TLS: decryption failed or bad record mac");
  EXPECT_EQ(pair.server.read_all().second.step, Step::kFailed) << "it stays so";
  carry(pair.server, pair.client);
  EXPECT_EQ(pair.client.read_all().second.error.message(), "TLS: sslv3 alert bad record mac");
}

TEST(TlsEngine, WhatIsNoTlsIsSaidToBeSo) {
  const auto error_for = [](std::string_view text) {
    Side server(context_of(server_config()));
    server.engine.accept();
    server.receive(base::copy(base::as_bytes(text)));
    const auto result = server.handshake();
    EXPECT_EQ(result.step, Step::kFailed);
    return result.error.message();
  };
  EXPECT_EQ(error_for("GET / HTTP/1.1\r\n\r\n"), "TLS: http request");
  EXPECT_EQ(error_for(std::string(20, '\0')), "TLS: wrong version number");
}

void change_keys(RawPeer& peer, int times, int kind) {
  for (int i = 0; i < times; ++i) {
    ASSERT_EQ(SSL_key_update(peer.ssl(), kind), 1);
    ASSERT_EQ(peer.handshake(), 1);
  }
}

TEST(TlsEngine, AFewChangesOfKeysInARowAreNothingSpecial) {
  RawPair pair;
  ASSERT_TRUE(pair.done);
  for (int round = 0; round < 3; ++round) {
    change_keys(pair.client, kTlsIdleRecordsMax, SSL_KEY_UPDATE_NOT_REQUESTED);
    pair.client.write("data");
    pair.exchange();
    EXPECT_EQ(pair.server.read_all().first, "data");
  }
}

TEST(TlsEngine, APeerThatDoesNothingButChangeKeysIsCutOff) {
  RawPair pair;
  ASSERT_TRUE(pair.done);
  change_keys(pair.client, kTlsIdleRecordsMax + 1, SSL_KEY_UPDATE_NOT_REQUESTED);
  pair.client.write("data");
  pair.exchange();
  const auto [text, then] = pair.server.read_all();
  EXPECT_EQ(text, "");
  EXPECT_EQ(then.step, Step::kFailed);
  EXPECT_EQ(then.error.message(), "TLS: too many key updates");
}

TEST(TlsEngine, AChangeOfKeysThatIsAskedForGoesOutWithTheNextWrite) {
  RawPair pair;
  ASSERT_TRUE(pair.done);
  change_keys(pair.client, 1, SSL_KEY_UPDATE_REQUESTED);
  pair.client.write("data");
  pair.exchange();
  EXPECT_EQ(pair.server.read_all().first, "data");
  pair.server.write("answer");
  const Bytes output = pair.server.engine.take_output();
  EXPECT_THAT(record_sizes(output), testing::SizeIs(2));
  pair.client.receive(output);
  EXPECT_EQ(pair.client.read(), "answer");
}

TEST(TlsEngine, APeerThatAsksForMoreThanItEverTakesIsCutOff) {
  RawPair pair;
  ASSERT_TRUE(pair.done);
  TlsEngine::Result result{Step::kNeedsInput, 0, {}};
  int rounds = 0;
  while (result.step == Step::kNeedsInput && rounds < 1000) {
    change_keys(pair.client, 1, SSL_KEY_UPDATE_REQUESTED);
    pair.client.write("d");
    pair.server.receive(pair.client.take_output());
    result = pair.server.read_all().second;
    ++rounds;
  }
  EXPECT_EQ(result.step, Step::kFailed);
  EXPECT_LT(pair.server.engine.take_output().size(), kTlsOwedBytesMax + 100);
}

TEST(TlsEngine, ARenegotiationIsRefusedAndTheConnectionGoesOn) {
  RawPair pair(only_tls12);
  ASSERT_TRUE(pair.done);
  ASSERT_EQ(SSL_renegotiate(pair.client.ssl()), 1);
  (void)pair.client.handshake();  // its ClientHello
  pair.exchange();
  EXPECT_EQ(pair.server.read_all().second.step, Step::kNeedsInput);
  EXPECT_EQ(record_sizes(pair.server.engine.take_output()).size(), 1U) << "a warning";
  pair.server.write("still here");
  EXPECT_THAT(record_sizes(pair.server.engine.take_output()), testing::SizeIs(1));
}

TEST(TlsEngine, TheChainThatIsSentIsThatOfTheSettings) {
  auto config = server_config();
  config.client_certificates = runtime::ClientCertificates::kVerifyIfGiven;
  config.client_authorities = authority().certificate();
  RawPair pair({}, config);
  ASSERT_TRUE(pair.done);
  const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(pair.client.ssl());
  EXPECT_EQ(sk_X509_num(chain), 1) << "and none of those by which clients are judged";
}

TEST(TlsEngine, OldVersionsAreRefused) {
  const RawPair pair([](SSL_CTX* context) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  });
  EXPECT_FALSE(pair.done);
}

TEST(TlsEngine, TheVersionsOfTheSettingsHold) {
  auto config = server_config();
  config.version_min = TlsVersion::kTls13;
  EXPECT_FALSE(RawPair(only_tls12, config).done);
  config = server_config();
  config.version_max = TlsVersion::kTls12;
  RawPair pair({}, config);
  EXPECT_TRUE(pair.done);
  EXPECT_EQ(SSL_version(pair.client.ssl()), TLS1_2_VERSION);
}

TEST(TlsEngine, WithoutAKeyOfItsOwnForEachConnectionThereIsNone) {
  const auto with = [](const char* cipher) {
    return RawPair(
               [&](SSL_CTX* context) {
                 only_tls12(context);
                 SSL_CTX_set_cipher_list(context, cipher);
               },
               server_config(test::rsa_identity(2048)))
        .done;
  };
  EXPECT_TRUE(with("ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_FALSE(with("AES128-GCM-SHA256"));
  EXPECT_FALSE(with("ECDHE-RSA-AES128-SHA")) << "not authenticated as a whole";
}

TEST(TlsEngine, TheCipherSuitesAndCurvesOfTheSettingsHold) {
  auto config = server_config();
  config.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"};
  config.curves = {"CurveP384"};
  RawPair pair(only_tls12, config);
  ASSERT_TRUE(pair.done);
  EXPECT_STREQ(SSL_CIPHER_standard_name(SSL_get_current_cipher(pair.client.ssl())),
               "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
  EXPECT_EQ(SSL_get_negotiated_group(pair.client.ssl()), NID_secp384r1);
}

TEST(TlsEngine, CipherSuitesOfTls13AloneEndTls12) {
  auto config = server_config();
  config.cipher_suites = {"TLS_AES_128_GCM_SHA256"};
  EXPECT_TRUE(RawPair({}, config).done);
  EXPECT_FALSE(RawPair(only_tls12, config).done);
}

// Tries to go on with the session of a connection before; the names of the second one's peer.
std::vector<TlsName> peer_of_second(const runtime::TlsServerConfig& config, int version,
                                    const std::function<void(SSL_CTX*)>& set_up) {
  RawPair pair(
      [&](SSL_CTX* context) {
        SSL_CTX_set_max_proto_version(context, version);
        set_up(context);
      },
      config);
  EXPECT_TRUE(pair.done);
  EXPECT_EQ(pair.client.read(), "") << "no ticket is on its way, nor anything else";
  const std::unique_ptr<SSL_SESSION, base::FreeWith<SSL_SESSION_free>> session(
      SSL_get1_session(pair.client.ssl()));
  pair.client.connect_anew();
  SSL_set_session(pair.client.ssl(), session.get());
  Side server(pair.context);
  server.engine.accept();
  EXPECT_TRUE(shake_hands(server, pair.client));
  EXPECT_EQ(SSL_session_reused(pair.client.ssl()), 0);
  return server.engine.peer().names;
}

TEST(TlsEngine, NothingIsResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    (void)peer_of_second(server_config(), version, [](SSL_CTX*) {});
  }
}

TEST(TlsEngine, AVerifiedClientThatTriesToResumeIsVerifiedAgain) {
  auto config = server_config();
  config.client_certificates = runtime::ClientCertificates::kRequireAndVerify;
  config.client_authorities = authority().certificate();
  const auto identity = authority().issue({.names = {test::dns("app.example")}});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto names = peer_of_second(config, version, [&](SSL_CTX* context) {
      const BioPtr certificate(BIO_new_mem_buf(identity.certificates.data(), -1));
      const BioPtr key(BIO_new_mem_buf(identity.private_key.data(), -1));
      const X509Ptr leaf(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
      const KeyPtr owned(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
      SSL_CTX_use_certificate(context, leaf.get());
      SSL_CTX_use_PrivateKey(context, owned.get());
    });
    EXPECT_THAT(names, ElementsAre(TlsName{TlsName::Kind::kDns, "app.example"}));
  }
}

TEST(TlsEngine, WithTheHandshakeAServerHasSaidAll) {
  Pair pair;
  ASSERT_TRUE(pair.handshake.is_done());
  EXPECT_TRUE(pair.server.engine.take_output().empty());
  EXPECT_TRUE(pair.client.arrived.empty());
}

TEST(TlsEngine, ErrorsOfOthersOnTheThreadAreNotItsOwn) {
  Pair pair;
  ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
  EXPECT_EQ(pair.server.read_all().second.step, Step::kNeedsInput);
  EXPECT_EQ(ERR_peek_error(), 0U);
  pair.server.receive(Bytes(20));
  EXPECT_EQ(pair.server.read_all().second.step, Step::kFailed);
  EXPECT_EQ(ERR_peek_error(), 0U) << "nor are its own left to them";
}

}  // namespace
}  // namespace prometheus_rsocket::net

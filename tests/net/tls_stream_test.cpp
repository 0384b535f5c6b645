// TLS over loopback connections: what is told of the ways one ends that plain streams have not,
// and how handshakes end. What it has in common with plain streams is tested in tests/seam.
#include "net/tls_stream.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <numeric>
#include <thread>

#include "loop.h"
#include "net/tls.h"
#include "net/tls_error.h"
#include "tls_pair.h"

namespace prometheus_rsocket::net {
namespace {

namespace asio = boost::asio;
namespace error = boost::asio::error;
using runtime::error_code;
using runtime::TlsName;
using runtime::TlsPeer;
using StreamPtr = std::unique_ptr<runtime::Stream>;

std::shared_ptr<const runtime::TlsServer> make(const runtime::TlsServerConfig& config) {
  return *make_tls_server(config);
}
std::shared_ptr<const runtime::TlsClient> make(const runtime::TlsClientConfig& config) {
  return *make_tls_client(config);
}

// What becomes of a handshake.
struct Shaken {
  bool done = false;
  error_code error;
  StreamPtr stream;
  TlsPeer peer;
};
// What becomes of a read or a write.
struct Moved {
  bool done = false;
  error_code error;
  std::size_t bytes = 0;
};

class TlsStreams : public testing::Test {
 protected:
  // Plain ends of one connection; the test keeps `server_below` and `client_below`.
  void connect() {
    const auto listener = loop.listen("127.0.0.1");
    client_plain = loop.dial(listener->local_endpoint());
    server_plain = loop.accept(*listener);
    client_below = client_plain.get();
    server_below = server_plain.get();
  }
  auto to(Shaken& shaken) {
    return asio::bind_executor(loop.shard().executor,
                               [&](error_code error, StreamPtr stream, TlsPeer peer) {
                                 shaken = {true, error, std::move(stream), std::move(peer)};
                               });
  }
  auto to(Moved& moved) {
    return asio::bind_executor(loop.shard().executor, [&](error_code error, std::size_t bytes) {
      moved = {true, error, bytes};
    });
  }
  void shake_hands(const runtime::TlsServerConfig& of_server,
                   const runtime::TlsClientConfig& of_client) {
    connect();
    make(of_server)->async_handshake(std::move(server_plain), to(server));
    make(of_client)->async_handshake(std::move(client_plain), "localhost", to(client));
    loop.run_until([&] { return server.done && client.done; });
  }
  void shake_hands() {
    shake_hands(server_config(), client_config());
    ASSERT_EQ(server.error, error_code());
    ASSERT_EQ(client.error, error_code());
  }

  Moved read(runtime::Stream& stream, std::string& into) {
    Moved moved;
    stream.async_read_some(asio::buffer(into), to(moved));
    loop.run_until([&] { return moved.done; });
    return moved;
  }
  error_code read_error(runtime::Stream& stream) {
    std::string room(64, '\0');
    return read(stream, room).error;
  }
  Moved write(runtime::Stream& stream, std::string_view text) {
    Moved moved;
    asio::async_write(stream, asio::buffer(text), to(moved));
    loop.run_until([&] { return moved.done; });
    return moved;
  }
  void shutdown(runtime::Stream& stream) {
    bool done = false;
    stream.async_shutdown_send(
        asio::bind_executor(loop.shard().executor, [&](error_code) { done = true; }));
    loop.run_until([&] { return done; });
  }

  void run_ready() {
    while (loop.process.poll({})) {
    }
  }
  // `peer` to the server, over the client's plain end.
  void shake_hands_by_hand(Side& peer) {
    ASSERT_TRUE(peer.engine.connect("localhost"));
    std::string room(4'000, '\0');
    while (peer.handshake().step == Step::kNeedsInput) {
      write(*client_plain, base::as_text(peer.engine.take_output()));
      const std::size_t bytes = read(*client_plain, room).bytes;
      peer.receive(base::copy(base::as_bytes(room).first(bytes)));
    }
    write(*client_plain, base::as_text(peer.engine.take_output()));
    loop.run_until([&] { return server.done; });
  }

  Loop loop;
  StreamPtr server_plain;
  StreamPtr client_plain;
  runtime::Stream* server_below = nullptr;  // what TLS is over
  runtime::Stream* client_below = nullptr;
  Shaken server;
  Shaken client;
};

// ---- Streams

TEST_F(TlsStreams, AFinWithoutTheEndOfTlsIsAReset) {
  shake_hands();
  ASSERT_EQ(write(*client.stream, "words").error, error_code());
  shutdown(*client_below);
  std::string room(64, '\0');
  EXPECT_EQ(read(*server.stream, room).bytes, 5U);
  EXPECT_EQ(read_error(*server.stream), error::connection_reset);
  EXPECT_EQ(write(*server.stream, "more").error, error::broken_pipe);
  EXPECT_FALSE(server.stream->is_acknowledged());
}

TEST_F(TlsStreams, AFinInTheMiddleOfARecordIsAReset) {
  shake_hands();
  ASSERT_EQ(write(*client_below, "\x17\x03\x03").error, error_code());
  shutdown(*client_below);
  EXPECT_EQ(read_error(*server.stream), error::connection_reset);
}

TEST_F(TlsStreams, WhatIsNoRecordIsToldToBothEnds) {
  shake_hands();
  ASSERT_EQ(write(*client_below, std::string(64, 'x')).error, error_code());
  const error_code at_server = read_error(*server.stream);
  EXPECT_EQ(at_server.category(), tls_category());
  EXPECT_EQ(write(*server.stream, "more").error, error::broken_pipe);
  EXPECT_EQ(read_error(*client.stream).category(), tls_category()) << "an alert";
}

TEST_F(TlsStreams, WhatAPeersSystemHasNotTakenIsNotAcknowledged) {
  shake_hands();
  EXPECT_TRUE(server.stream->is_acknowledged()) << "nothing was written";
  const std::string too_much(std::size_t{32} << 20, 'x');
  Moved moved;
  asio::async_write(*server.stream, asio::buffer(too_much), to(moved));
  EXPECT_FALSE(server.stream->is_acknowledged());
  client.stream->close();
  loop.run_until([&] { return moved.done; });
  EXPECT_NE(moved.error, error_code());
  EXPECT_FALSE(server.stream->is_acknowledged());
}

TEST_F(TlsStreams, AWriteIsCancelledThroughItsSlotAndNothingIsWrittenBehindIt) {
  shake_hands();
  const std::string too_much(std::size_t{32} << 20, 'x');
  asio::cancellation_signal cancel;
  Moved moved;
  asio::async_write(*server.stream, asio::buffer(too_much),
                    asio::bind_cancellation_slot(cancel.slot(), to(moved)));
  run_ready();
  ASSERT_FALSE(moved.done);
  cancel.emit(asio::cancellation_type::terminal);
  loop.run_until([&] { return moved.done; });
  EXPECT_EQ(moved.error, error::operation_aborted);
  EXPECT_EQ(write(*server.stream, "more").error, error::broken_pipe);
}

TEST_F(TlsStreams, AReadThatWasCancelledWithinARecordLosesNothing) {
  connect();
  make(server_config())->async_handshake(std::move(server_plain), to(server));
  Side peer(context_of(client_config()));
  shake_hands_by_hand(peer);
  const std::string text(10'000, 'x');
  peer.write(text);
  const base::Bytes record = peer.engine.take_output();
  ASSERT_EQ(write(*client_plain, base::as_text(record).substr(0, 5'000)).error, error_code());
  std::string room(text.size(), '\0');
  asio::cancellation_signal cancel;
  Moved moved;
  server.stream->async_read_some(asio::buffer(room),
                                 asio::bind_cancellation_slot(cancel.slot(), to(moved)));
  run_ready();
  cancel.emit(asio::cancellation_type::total);
  loop.run_until([&] { return moved.done; });
  ASSERT_EQ(moved.error, error::operation_aborted);
  ASSERT_EQ(write(*client_plain, base::as_text(record).substr(5'000)).error, error_code());
  EXPECT_EQ(read(*server.stream, room).bytes, text.size());
  EXPECT_EQ(room, text);
}

// A stream whose reads complete when the test says so.
class ScriptedStream final : public runtime::Stream {
 public:
  explicit ScriptedStream(runtime::Executor executor) : executor_(std::move(executor)) {}

  // The read under way is over; its handler runs later.
  void deliver(const base::Bytes& bytes) {
    ASSERT_TRUE(reading_.has_value());
    std::memcpy(room_.data(), bytes.data(), bytes.size());
    auto handler = std::move(*reading_);
    reading_.reset();
    asio::post(executor_, [h = std::move(handler), size = bytes.size()]() mutable {
      std::move(h)(error_code(), size);
    });
  }
  [[nodiscard]] bool is_reading() const { return reading_.has_value(); }

  [[nodiscard]] runtime::Executor get_executor() const override { return executor_; }
  [[nodiscard]] runtime::Endpoint local_endpoint() const override { return {}; }
  [[nodiscard]] runtime::Endpoint remote_endpoint() const override { return {}; }
  [[nodiscard]] bool is_acknowledged() const override { return true; }
  void close() override {}

 private:
  void do_read_some(asio::mutable_buffer buffer,
                    runtime::Handler<void(error_code, std::size_t)> handler) override {
    room_ = buffer;
    reading_.emplace(std::move(handler));
  }
  void do_write_some(std::vector<asio::const_buffer> buffers,
                     runtime::Handler<void(error_code, std::size_t)> handler) override {
    asio::post(executor_, [h = std::move(handler), size = asio::buffer_size(buffers)]() mutable {
      std::move(h)(error_code(), size);
    });
  }
  void do_shutdown_send(runtime::Handler<void(error_code)> handler) override {
    asio::post(executor_, [h = std::move(handler)]() mutable { std::move(h)(error_code()); });
  }

  runtime::Executor executor_;
  asio::mutable_buffer room_;
  std::optional<runtime::Handler<void(error_code, std::size_t)>> reading_;
};

// An engine after its handshake, on its own.
std::unique_ptr<TlsEngine> shaken_engine(Side& peer) {
  auto engine = std::make_unique<TlsEngine>(context_of(server_config()));
  engine->accept();
  EXPECT_TRUE(peer.engine.connect("localhost"));
  for (auto result = engine->handshake(); result.step == Step::kNeedsInput;) {
    (void)peer.handshake();
    const base::Bytes sent = peer.engine.take_output();
    for (std::size_t at = 0; at < sent.size();) {
      const auto room = engine->prepare();
      const std::size_t bytes = std::min(room.size(), sent.size() - at);
      std::memcpy(room.data(), sent.data() + at, bytes);
      at += bytes;
      engine->commit(bytes);
      result = engine->handshake();
    }
    peer.receive(engine->take_output());
  }
  return engine;
}

TEST_F(TlsStreams, ACancellationThatComesWithAPieceOfARecordIsNotLost) {
  Side peer(context_of(client_config()));
  auto engine = shaken_engine(peer);
  auto below = std::make_unique<ScriptedStream>(loop.shard().executor);
  ScriptedStream& script = *below;
  const auto stream = make_tls_stream(std::move(below), std::move(engine));
  peer.write("words");
  const base::Bytes record = peer.engine.take_output();
  const auto middle = record.begin() + 3;
  std::string room(64, '\0');
  asio::cancellation_signal cancel;
  Moved moved;
  stream->async_read_some(asio::buffer(room),
                          asio::bind_cancellation_slot(cancel.slot(), to(moved)));
  script.deliver({record.begin(), middle});
  cancel.emit(asio::cancellation_type::terminal);
  loop.run_until([&] { return moved.done; });
  EXPECT_EQ(moved.error, error::operation_aborted);
  EXPECT_FALSE(script.is_reading());
  moved = {};
  stream->async_read_some(asio::buffer(room), to(moved));
  script.deliver({middle, record.end()});
  loop.run_until([&] { return moved.done; });
  EXPECT_EQ(room.substr(0, moved.bytes), "words");
}

TEST_F(TlsStreams, APeerThatNeverStopsSayingNothingLeavesOthersTheirTurns) {
  Side peer(context_of(client_config()));
  auto engine = shaken_engine(peer);
  auto below = std::make_unique<ScriptedStream>(loop.shard().executor);
  ScriptedStream& script = *below;
  const auto stream = make_tls_stream(std::move(below), std::move(engine));
  const base::Bytes begin_of_record{std::byte{0x17}, std::byte{3}, std::byte{3}, std::byte{0x40},
                                    std::byte{0}};
  std::string room(64, '\0');
  Moved moved;
  stream->async_read_some(asio::buffer(room), to(moved));
  script.deliver(begin_of_record);
  for (int i = 0; i < 100; ++i) {
    bool had_its_turn = false;
    asio::post(loop.shard().executor, [&] { had_its_turn = true; });
    loop.run_until([&] { return had_its_turn && script.is_reading(); });
    script.deliver(base::Bytes(10));
  }
  EXPECT_FALSE(moved.done);
}

// One direction's end, in pieces of any size.
struct Pump : std::enable_shared_from_this<Pump> {
  runtime::Stream& stream;
  const bool writes;
  std::string text;
  std::vector<std::size_t> sizes;  // of the pieces, over and over
  std::size_t at = 0;
  std::size_t turn = 0;

  Pump(runtime::Stream& of, bool is_writer, std::string words, std::vector<std::size_t> pieces)
      : stream(of), writes(is_writer), text(std::move(words)), sizes(std::move(pieces)) {}
  [[nodiscard]] bool done() const { return at == text.size(); }
  void go_on() {
    if (done()) return;
    auto moved = asio::bind_executor(stream.get_executor(),
                                     [self = shared_from_this()](error_code error, std::size_t n) {
                                       ASSERT_FALSE(error) << error.message();
                                       self->at += n;
                                       self->go_on();
                                     });
    const std::size_t size = std::min(sizes[turn++ % sizes.size()], text.size() - at);
    const auto piece = asio::buffer(text.data() + at, size);
    if (writes) {
      stream.async_write_some(piece, std::move(moved));
    } else {
      stream.async_read_some(piece, std::move(moved));
    }
  }
};

class TlsStreamsBothWays : public TlsStreams {
 public:
  void TestBody() override {
    shake_hands();
    const auto sizes =
        rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(rc::gen::elementOf(
            std::vector<std::size_t>{1, 7, 511, 512, 513, 5'000, 16'384, 40'000, 200'000})));
    std::vector<std::array<std::shared_ptr<Pump>, 2>> ways;
    for (auto* from : {server.stream.get(), client.stream.get()}) {
      auto* const to = from == server.stream.get() ? client.stream.get() : server.stream.get();
      std::string text(*rc::gen::inRange(std::size_t{0}, std::size_t{100'000}), '\0');
      std::iota(text.begin(), text.end(), *rc::gen::arbitrary<char>());
      const std::string room(text.size(), '\0');
      ways.push_back({std::make_shared<Pump>(*from, true, std::move(text), *sizes),
                      std::make_shared<Pump>(*to, false, room, *sizes)});
    }
    for (const auto& way : ways) {
      for (const auto& pump : way) pump->go_on();
    }
    loop.run_until([&] {
      return std::ranges::all_of(ways, [](auto& way) { return way[0]->done() && way[1]->done(); });
    });
    for (const auto& [written, read] : ways) RC_ASSERT(written->text == read->text);
  }
};

RC_GTEST_PROP(TlsStreamsProperty, WhateverIsWrittenArrivesBothWaysAtOnceHoweverItIsCut, ()) {
  TlsStreamsBothWays().TestBody();
}

// ---- Handshakes

TEST_F(TlsStreams, AHandshakeWithAPeerThatIsSilentIsCancelledThroughItsSlot) {
  connect();
  asio::cancellation_signal cancel;
  make(server_config())
      ->async_handshake(std::move(server_plain),
                        asio::bind_cancellation_slot(cancel.slot(), to(server)));
  run_ready();
  EXPECT_FALSE(server.done);
  cancel.emit(asio::cancellation_type::terminal);
  EXPECT_FALSE(server.done) << "never from within";
  loop.run_until([&] { return server.done; });
  EXPECT_EQ(server.error, error::operation_aborted);
  EXPECT_EQ(server.stream, nullptr);
  EXPECT_EQ(read_error(*client_plain), error::eof) << "it is closed";
}

TEST_F(TlsStreams, ACancellationThatComesWithAPieceOfAHandshakeIsNotLost) {
  auto below = std::make_unique<ScriptedStream>(loop.shard().executor);
  ScriptedStream& script = *below;
  asio::cancellation_signal cancel;
  make(server_config())
      ->async_handshake(std::move(below), asio::bind_cancellation_slot(cancel.slot(), to(server)));
  loop.run_until([&] { return script.is_reading(); });
  asio::post(loop.shard().executor, [&] { cancel.emit(asio::cancellation_type::terminal); });
  script.deliver({std::byte{0x16}, std::byte{3}, std::byte{1}});  // of a ClientHello; runs behind
  loop.run_until([&] { return server.done; });
  EXPECT_EQ(server.error, error::operation_aborted);
}

TEST_F(TlsStreams, AHandshakeWithAPeerThatLeavesIsOver) {
  connect();
  make(server_config())->async_handshake(std::move(server_plain), to(server));
  client_plain->close();
  loop.run_until([&] { return server.done; });
  EXPECT_EQ(server.error, error::eof);
}

TEST_F(TlsStreams, AHostThatIsNoNameIsAnErrorThatComesLater) {
  connect();
  make(client_config())->async_handshake(std::move(client_plain), "", to(client));
  EXPECT_FALSE(client.done);
  loop.run_until([&] { return client.done; });
  EXPECT_EQ(client.error, error::invalid_argument);
  EXPECT_EQ(read_error(*server_plain), error::eof) << "it is closed";
}

TEST_F(TlsStreams, TheAlertArrivesThoughTheClientGoesOnWriting) {
  auto config = server_config();
  config.client_certificates = runtime::ClientCertificates::kRequireAndVerify;
  config.client_authorities = authority().certificate();
  shake_hands(config, client_config(stranger().issue()));
  EXPECT_EQ(server.error.category(), certificate_category());
  ASSERT_EQ(client.error, error_code()) << "of TLS 1.3 it is over before the server has judged";
  ASSERT_EQ(write(*client.stream, std::string(1'000, 'x')).error, error_code());
  EXPECT_EQ(read_error(*client.stream).message(), "TLS: tlsv1 alert unknown ca");
}

TEST_F(TlsStreams, AClientThatTakesItselfForConnectedIsRefusedLate) {
  auto config = server_config();
  config.client_certificates = runtime::ClientCertificates::kRequireAndVerify;
  config.client_authorities = authority().certificate();
  connect();
  asio::cancellation_signal end_of_delay;
  make(config)->async_handshake(std::move(server_plain), std::chrono::hours(1),
                                asio::bind_cancellation_slot(end_of_delay.slot(), to(server)));
  make(client_config())->async_handshake(std::move(client_plain), "localhost", to(client));
  loop.run_until([&] { return client.done; });
  ASSERT_EQ(client.error, error_code());
  Moved refused;
  std::string room(64, '\0');
  client.stream->async_read_some(asio::buffer(room), to(refused));
  run_ready();
  EXPECT_FALSE(refused.done);
  EXPECT_FALSE(server.done);
  end_of_delay.emit(asio::cancellation_type::terminal);
  loop.run_until([&] { return refused.done && server.done; });
  EXPECT_EQ(refused.error.message(), "TLS: tlsv13 alert certificate required");
  EXPECT_EQ(server.error.message(), "TLS: peer did not return a certificate");
}

TEST_F(TlsStreams, WhoSpeaksNoTlsIsRefusedLate) {
  connect();
  asio::cancellation_signal end_of_hold;
  make(server_config())
      ->async_handshake(std::move(server_plain), std::chrono::hours(1),
                        asio::bind_cancellation_slot(end_of_hold.slot(), to(server)));
  Moved sent;
  client_plain->async_write_some(asio::buffer("\0\0\x38\0\0\0\0", 7), to(sent));
  std::string room(64, '\0');
  Moved refused;
  client_plain->async_read_some(asio::buffer(room), to(refused));
  loop.run_until([&] { return sent.done; });
  run_ready();
  EXPECT_FALSE(refused.done);
  EXPECT_FALSE(server.done);
  end_of_hold.emit(asio::cancellation_type::terminal);
  loop.run_until([&] { return refused.done && server.done; });
  EXPECT_TRUE(server.error.failed());
}

TEST_F(TlsStreams, AClientThatIsNotDoneYetIsRefusedAtOnce) {
  auto config = server_config();
  config.client_certificates = runtime::ClientCertificates::kRequireAndVerify;
  config.client_authorities = authority().certificate();
  config.version_max = runtime::TlsVersion::kTls12;
  connect();
  make(config)->async_handshake(std::move(server_plain), std::chrono::hours(1), to(server));
  make(client_config())->async_handshake(std::move(client_plain), "localhost", to(client));
  loop.run_until([&] { return server.done && client.done; });
  EXPECT_EQ(server.error.message(), "TLS: peer did not return a certificate");
  EXPECT_EQ(client.error.message(), "TLS: sslv3 alert handshake failure");
}

TEST_F(TlsStreams, AHandshakeSurvivesTheSettingsItWasBegunWith) {
  connect();
  {
    const auto settings = make(server_config());
    settings->async_handshake(std::move(server_plain), to(server));
  }
  make(client_config())->async_handshake(std::move(client_plain), "localhost", to(client));
  loop.run_until([&] { return server.done && client.done; });
  EXPECT_EQ(server.error, error_code());
  ASSERT_EQ(client.error, error_code());
  using Kind = TlsName::Kind;
  EXPECT_THAT(client.peer.names, testing::ElementsAre(TlsName{Kind::kDns, "localhost"},
                                                      TlsName{Kind::kAddress, "127.0.0.1"}));
}

// ---- The end of a process

struct OtherProcess {
  Loop loop;
  std::shared_ptr<int> alive = std::make_shared<int>();  // shared with the handler
};

TEST_F(TlsStreams, TheEndOfAProcessDestroysItsReadersAndIsNoProperEndForThePeer) {
  auto other = std::make_optional<OtherProcess>();
  const std::weak_ptr<int> reading = other->alive;
  const auto listener = loop.listen("127.0.0.1");
  StreamPtr far = other->loop.dial(listener->local_endpoint());
  StreamPtr near = loop.accept(*listener);
  const auto executor = other->loop.shard().executor;
  std::string room(8, '\0');
  make(server_config())->async_handshake(std::move(near), to(server));
  bool shaken = false;
  make(client_config())
      ->async_handshake(
          std::move(far), "localhost",
          asio::bind_executor(executor, [&](error_code, StreamPtr stream, TlsPeer) {
            shaken = true;
            auto& from = *stream;
            from.async_read_some(
                asio::buffer(room),
                asio::bind_executor(executor, [kept = std::move(stream), alive = other->alive](
                                                  error_code, std::size_t) { ADD_FAILURE(); }));
          }));
  loop.run_until([&] {
    other->loop.process.poll({});
    return shaken && server.done;
  });
  other.reset();
  EXPECT_TRUE(reading.expired());
  EXPECT_EQ(read_error(*server.stream), error::connection_reset);
}

TEST_F(TlsStreams, TheEndOfAProcessDestroysItsHandshakes) {
  auto other = std::make_optional<OtherProcess>();
  const std::weak_ptr<int> waiting = other->alive;
  const auto listener = loop.listen("127.0.0.1");
  StreamPtr far = other->loop.dial(listener->local_endpoint());
  const StreamPtr near = loop.accept(*listener);
  make(client_config())
      ->async_handshake(std::move(far), "localhost",
                        [alive = other->alive](error_code, StreamPtr, TlsPeer) { ADD_FAILURE(); });
  std::string hello(2'000, '\0');
  Moved moved;
  near->async_read_some(asio::buffer(hello), to(moved));
  loop.run_until([&] {
    other->loop.process.poll({});
    return moved.done;
  });
  other.reset();
  EXPECT_TRUE(waiting.expired());
}

// ---- Threads

TEST(TlsThreads, AllShardsUseTheSameSettings) {
  constexpr std::size_t kShards = 3;
  constexpr int kConnections = 20;  // of each shard
  Loop loop(kShards);
  const auto of_server = make(server_config());
  const auto of_client = make(client_config());
  const auto listener = loop.listen("127.0.0.1");
  int left = kShards * kConnections;  // of shard 0
  std::function<void()> accept = [&] {
    listener->async_accept(loop.shard().executor, [&](error_code error, StreamPtr stream) {
      if (error) return;
      of_server->async_handshake(std::move(stream), [](error_code failed, StreamPtr tls, TlsPeer) {
        ASSERT_FALSE(failed) << failed.message();
        auto& to = *tls;
        static const std::string text(100'000, 'x');
        asio::async_write(to, asio::buffer(text),
                          [kept = std::move(tls)](error_code, std::size_t) {});
      });
      accept();
    });
  };
  accept();
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    for (int i = 0; i < kConnections; ++i) {
      loop.process.send(0, shard, [&, shard] {
        const auto executor = loop.shard(shard).executor;
        loop.shard(shard).network.async_connect(
            listener->local_endpoint(),
            asio::bind_executor(executor, [&, shard](error_code, StreamPtr stream) {
              of_client->async_handshake(
                  std::move(stream), "localhost",
                  [&, shard](error_code failed, StreamPtr tls, TlsPeer) {
                    ASSERT_FALSE(failed) << failed.message();
                    auto& from = *tls;
                    auto room = std::make_unique<std::string>(100'000, '\0');
                    const auto buffer = asio::buffer(*room);
                    asio::async_read(from, buffer,
                                     [&, shard, room = std::move(room), kept = std::move(tls)](
                                         error_code error, std::size_t) {
                                       EXPECT_FALSE(error) << error.message();
                                       loop.process.send(shard, 0, [&] {
                                         if (--left == 0) loop.process.stop();
                                       });
                                     });
                  });
            }));
      });
    }
  }
  loop.process.run();
  EXPECT_EQ(left, 0);
}

}  // namespace
}  // namespace prometheus_rsocket::net

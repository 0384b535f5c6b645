// Sessions that do what they are for: SETUP, requests both ways, payloads of every size,
// keepalives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session_params.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::chrono_literals;
using rsocket::ErrorCode;
using testing::ElementsAre;

class SessionTest : public OverBothTransports {
 protected:
  SessionWorld it{kind(), seed()};
};
INSTANTIATE_TEST_SUITE_P(Over, SessionTest,
                         testing::Combine(kBothTransports, testing::Range<std::uint64_t>(1, 4)),
                         name_of_case);

TEST_P(SessionTest, TheServerSeesTheClientsSetupFirst) {
  it.dial();
  (void)it.client->session().fire_and_forget(text("too early"));
  rsocket::SetupConfig setup = timed_setup(7s, 40s);
  setup.payload.data = varied_bytes(3);
  it.client->session().connect(setup);
  (void)it.client->session().fire_and_forget(text("a"));
  ASSERT_TRUE(it.until([&] { return it.server->saw("FireAndForget"); }));
  EXPECT_THAT(it.server->events,
              ElementsAre("SetupReceived keepalive_ms=7000 lifetime_ms=40000 data=3",
                          "FireAndForget stream=1 data=1"));
  EXPECT_EQ(it.server->payloads[0].data, varied_bytes(3));
  EXPECT_EQ(it.server->session().kind(), kind());
  EXPECT_EQ(it.server->session().remote_endpoint().address, SessionWorld::kClient);
}

TEST_P(SessionTest, ARequestOfEitherSideIsAnsweredByTheOther) {
  it.connect();
  it.client->echo();
  it.server->echo();
  const auto of_client = it.client->session().request_response(text("from the client"));
  const auto of_server = it.server->session().request_response(text("from the server"));
  ASSERT_TRUE(of_client && of_server);
  ASSERT_TRUE(it.until([&] { return it.client->saw("Response") && it.server->saw("Response"); }));
  EXPECT_EQ(base::as_text(it.client->payloads.back().data).substr(0, 4), "from");
  EXPECT_THAT(it.client->events, testing::UnorderedElementsAre("Response stream=1 data=15",
                                                               "Request stream=2 data=15"));
}

TEST_P(SessionTest, ARefusalArrivesWithItsCode) {
  it.connect();
  it.server->react = [&](const rsocket::Event& event) {
    if (const auto* request = std::get_if<rsocket::Request>(&event)) {
      (void)it.server->session().respond_error(request->stream, ErrorCode::kRejected, "full");
    }
  };
  (void)it.client->session().request_response(text("a"));
  ASSERT_TRUE(it.until([&] { return it.client->saw("ResponseError"); }));
  EXPECT_THAT(it.client->last(), testing::HasSubstr("REJECTED text=4"));
}

TEST_P(SessionTest, ACancelledRequestIsWithdrawnAtThePeerAndHasNoReply) {
  it.connect();
  const auto stream = it.client->session().request_response(text("a"));
  ASSERT_TRUE(it.until([&] { return it.server->saw("Request "); }));
  it.client->session().cancel(*stream);
  ASSERT_TRUE(it.until([&] { return it.server->saw("RequestCancelled"); }));
  EXPECT_TRUE(it.client->events.empty());
}

TEST_P(SessionTest, PayloadsOfEverySizeArriveByteForByte) {
  it.connect();
  it.client->echo();
  it.server->echo();
  const std::vector<std::size_t> sizes = {0, 1, 125, 126, 65'535, 65'536, 5 << 20};
  for (const std::size_t size : sizes) {
    const base::Bytes data = varied_bytes(size);
    const base::Bytes metadata = varied_bytes(size / 2);
    const rsocket::PayloadView payload{.metadata = base::ByteView(metadata), .data = data};
    const rsocket::Payload expected = rsocket::to_owned(payload);
    for (const auto& [from, to] : {std::pair{it.client.get(), it.server.get()},
                                   std::pair{it.server.get(), it.client.get()}}) {
      const std::size_t told = to->count("FireAndForget") + 1;
      const std::size_t answered = from->count("Response") + 1;
      ASSERT_TRUE(from->session().fire_and_forget(payload));
      ASSERT_TRUE(
          it.until([&, the_other = to] { return the_other->count("FireAndForget") == told; }));
      EXPECT_TRUE(to->payloads.back() == expected) << size;
      ASSERT_TRUE(from->session().request_response(payload));
      ASSERT_TRUE(it.until([&, sender = from] { return sender->count("Response") == answered; }));
      EXPECT_TRUE(to->payloads.back() == expected) << size;
      EXPECT_TRUE(from->payloads.back() == expected) << size;
    }
  }
}

TEST_P(SessionTest, ManyRequestsAtOnceAreEachAnsweredWithTheirOwn) {
  it.connect();
  it.client->echo();  // the server may have as many as it likes under way; a client only eight
  constexpr std::size_t kRequests = 8;
  for (std::size_t i = 0; i < kRequests; ++i) {
    ASSERT_TRUE(it.server->session().request_response(data_only(varied_bytes(1000 * i))));
  }
  ASSERT_TRUE(it.until([&] { return it.server->count("Response ") == kRequests; }));
  for (std::size_t i = 0; i < kRequests; ++i) {
    EXPECT_EQ(it.server->payloads[i + 1].data, varied_bytes(1000 * i));
  }
}

TEST_P(SessionTest, WhatArrivesByteByByteIsUnderstood) {
  it.dial_raw();
  const std::string bytes =
      it.raw->wrapped({rsocket::kConnectionStream, sim::peer::setup_frame()}) +
      it.raw->wrapped({rsocket::StreamId{1}, rsocket::RequestFnfFrame{.payload = text("abc")}});
  for (const char byte : bytes) {
    it.raw->peer().send({&byte, 1});
    it.world.run_for(2ms);
  }
  EXPECT_THAT(it.server->events,
              ElementsAre("SetupReceived keepalive_ms=20000 lifetime_ms=90000 data=0",
                          "FireAndForget stream=1 data=3"));
}

// The client's lifetime of 3 s passes twelve hundred times in this hour, were nothing answered.
TEST_P(SessionTest, KeepalivesKeepAQuietConnectionOpen) {
  it.connect(timed_setup(1s, 3s));
  it.world.run_for(1h);
  EXPECT_FALSE(it.client->closed());
  EXPECT_FALSE(it.server->closed());
  it.world.cut(SessionWorld::kServer.address, SessionWorld::kClient);
  const base::Instant cut_at = it.world.now();
  ASSERT_TRUE(it.until([&] { return it.client->closed() && it.server->closed(); }));
  EXPECT_EQ(it.client->last(), "Closed reason=lifetime_expired");
  EXPECT_LE(*it.client->closed_at, cut_at + 3s);
  EXPECT_LE(*it.server->closed_at, cut_at + rsocket::kLifetimeMin);
}

TEST_P(SessionTest, ACommandFromWithinAnEventIsCarriedOut) {
  it.connect();
  it.server->react = [&](const rsocket::Event& event) {
    if (std::holds_alternative<rsocket::FireAndForget>(event)) {
      (void)it.server->session().fire_and_forget(text("back"));
      it.server->session().close(ErrorCode::kConnectionClose, "enough");
    }
  };
  (void)it.client->session().fire_and_forget(text("there"));
  ASSERT_TRUE(it.until([&] { return it.client->closed(); }));
  EXPECT_THAT(it.client->events,
              ElementsAre("FireAndForget stream=2 data=4", "PeerError code=CONNECTION_CLOSE text=6",
                          "Closed reason=peer_error"));
}

}  // namespace
}  // namespace prometheus_rsocket::transport

// Targets that are dialled over TLS. Here TLS is a stand-in that lets bytes through: lib/net has
// the real one, and tests/client the two together.
#include <gmock/gmock.h>

#include <boost/asio/post.hpp>

#include "agent_world.h"
#include "transport/identity.h"

namespace prometheus_rsocket::agent {
namespace {

using runtime::error_code;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using transport::TransportKind;
using StreamPtr = std::unique_ptr<runtime::Stream>;

class FakeTls final : public runtime::TlsClient {
 public:
  mutable std::vector<std::string> hosts;
  error_code error;    // of every handshake
  bool hangs = false;  // until drop_held()

  // Whoever dials holds on to us.
  void drop_held() { held_.clear(); }

 private:
  using ShakeHandler = runtime::Handler<void(error_code, StreamPtr, runtime::TlsPeer)>;

  void do_handshake(StreamPtr stream, std::string host, ShakeHandler handler) const override {
    hosts.push_back(std::move(host));
    if (hangs) {
      held_.emplace_back(std::move(stream), std::move(handler));
      return;
    }
    const auto executor = stream->get_executor();
    if (error) stream.reset();
    boost::asio::post(executor,
                      [h = std::move(handler), e = error, s = std::move(stream)]() mutable {
                        std::move(h)(e, std::move(s), runtime::TlsPeer());
                      });
  }

  mutable std::vector<std::pair<StreamPtr, ShakeHandler>> held_;
};

struct SecureWorld : AgentWorld {
  SecureWorld() {
    config.targets.front().secure = true;
    config.credentials = {tls, "secret"};
  }
  ~SecureWorld() { tls->drop_held(); }
  SecureWorld(const SecureWorld&) = delete;
  SecureWorld& operator=(const SecureWorld&) = delete;

  DialFailed wait_for_failure() {
    EXPECT_TRUE(world.run_until([&] { return !observer.all<DialFailed>().empty(); }));
    return observer.all<DialFailed>().front();
  }

  std::shared_ptr<FakeTls> tls = std::make_shared<FakeTls>();
};

TEST(SecureTargets, HaveSchemesOfTheirOwn) {
  Target target{"proxy.example", 7001, TransportKind::kTcp, "/path", true};
  EXPECT_EQ(to_string(target), "tls://proxy.example:7001");
  target.transport = TransportKind::kWebSocket;
  EXPECT_EQ(to_string(target), "wss://proxy.example:7001/path");
}

TEST(SecureTargets, AreDialledByTheNameThatTheirCertificateIsFor) {
  SecureWorld it;
  it.config.targets.front().host = "proxy.example";
  it.world.set_name("proxy.example", {sim::ip("10.0.0.1")});
  it.connect();
  EXPECT_THAT(it.tls->hosts, ElementsAre("proxy.example"));
  EXPECT_EQ(it.scrape(), it.source.text);
}

TEST(SecureTargets, OthersAreDialledInClear) {
  SecureWorld it;
  it.config.targets.front().secure = false;
  it.connect();
  EXPECT_THAT(it.tls->hosts, testing::IsEmpty());
  EXPECT_THAT(it.proxy->newest().setup_metadata, Not(HasSubstr("secret")));
}

TEST(SecureTargets, CannotBeDialledWithoutTls) {
  SecureWorld it;
  it.config.credentials.tls = nullptr;
  it.start_proxy();
  it.start_agent();
  EXPECT_EQ(it.wait_for_failure(),
            (DialFailed{DialStage::kTls, boost::asio::error::operation_not_supported}));
  EXPECT_FALSE(it.proxy->has_client());
}

TEST(SecureTargets, WhoseHandshakeFailsAreTriedAgain) {
  SecureWorld it;
  it.tls->error = make_error_code(boost::system::errc::protocol_error);
  it.start_proxy();
  it.start_agent();
  EXPECT_EQ(it.wait_for_failure(), (DialFailed{DialStage::kTls, it.tls->error}));
  it.tls->error = {};
  EXPECT_TRUE(it.world.run_until([&] { return it.proxy->has_client(); }));
}

TEST(SecureTargets, WhoseHandshakeHangsAreGivenUpAtTheirTime) {
  SecureWorld it;
  it.tls->hangs = true;
  it.start_proxy();
  const auto start = it.world.now();
  it.start_agent();
  EXPECT_EQ(it.wait_for_failure(), (DialFailed{DialStage::kTls, boost::asio::error::timed_out}));
  EXPECT_EQ(it.world.now() - start, kConnectTimeout);
}

TEST(SecureTargets, AreToldTheTokenInSetupBesideTheName) {
  SecureWorld it;
  const transport::Identity identity{"batch", "one", "abc", {{"zone", "a"}}};
  ASSERT_TRUE(transport::introduce(it.config.setup, identity));
  it.connect();
  const auto& metadata = it.proxy->newest().setup_metadata;
  EXPECT_EQ(transport::read_introduction(metadata).identity, identity) << metadata;
  EXPECT_THAT(metadata, HasSubstr(R"(,"token":"secret"})"));
}

TEST(SecureTargets, AreToldTheTokenByClientsWithoutANameToo) {
  SecureWorld it;
  it.connect();
  EXPECT_EQ(it.proxy->newest().setup_metadata, R"({"token":"secret"})");
}

TEST(SecureTargets, OfWebSocketAreToldTheTokenInTheUpgrade) {
  SecureWorld it;
  it.config.targets.front().transport = TransportKind::kWebSocket;
  it.connect();
  EXPECT_EQ(it.proxy->authorization, "Bearer secret");
  EXPECT_EQ(it.proxy->newest().setup_metadata, "");
}

TEST(SecureTargets, OfWebSocketInClearAreToldNothing) {
  SecureWorld it;
  it.config.targets.front() = {"10.0.0.1", AgentWorld::kPort, TransportKind::kWebSocket, "/"};
  it.connect();
  EXPECT_EQ(it.proxy->authorization, "");
}

}  // namespace
}  // namespace prometheus_rsocket::agent

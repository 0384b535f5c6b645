// prometheus-rsocket-proxy as a program: its exit codes and what it prints, on real sockets.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "config_folder.h"
#include "sim/peer/http_client.h"
#include "sim/peer/rsocket_bytes.h"
#include "support/proxy_process.h"

namespace prometheus_rsocket::proxy {
namespace {

using tcp = boost::asio::ip::tcp;
using bench::ProxyProcess;

constexpr const char* kBinary = PROXY_BINARY;

struct Ended {
  int exit_code = -1;  // -1: by a signal
  std::string output;  // stdout and stderr
};

// Runs a shell command to its end.
Ended run(const std::string& command) {
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {};
  Ended ended;
  std::array<char, 4096> part{};
  for (std::size_t size = 1; size != 0;) {
    size = std::fread(part.data(), 1, part.size(), pipe);
    ended.output.append(part.data(), size);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  return ended;
}
Ended run_proxy(const std::string& flags) { return run(std::string(kBinary) + " " + flags); }

void expect_one_line(const Ended& ended, const std::string& with) {
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_TRUE(ended.output.starts_with("prometheus-rsocket-proxy: ")) << ended.output;
  EXPECT_EQ(std::ranges::count(ended.output, '\n'), 1) << ended.output;
  EXPECT_NE(ended.output.find(with), std::string::npos) << ended.output;
}

struct Connected {
  explicit Connected(std::uint16_t port) : socket(context) {
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
  }
  std::string read_to_end() {
    std::string bytes;
    boost::system::error_code error;
    boost::asio::read(socket, boost::asio::dynamic_buffer(bytes), error);
    return bytes;
  }
  boost::asio::io_context context;
  tcp::socket socket;
};

sim::peer::HttpResponse get(std::uint16_t port, const std::string& path) {
  Connected connected(port);
  boost::asio::write(
      connected.socket,
      boost::asio::buffer("GET " + path + " HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"));
  return sim::peer::parse_response(connected.read_to_end(), true)
      .value_or(sim::peer::HttpResponse{});
}

// A client that has had its key and then says nothing more.
std::unique_ptr<Connected> connect_client(std::uint16_t port) {
  auto client = std::make_unique<Connected>(port);
  boost::asio::write(
      client->socket,
      boost::asio::buffer(sim::peer::framed(rsocket::Frame{{}, sim::peer::setup_frame()})));
  std::array<char, 1> byte{};
  boost::asio::read(client->socket, boost::asio::buffer(byte));
  return client;
}

class BinaryTest : public ConfigFolderTest {
 protected:
  void start(const std::vector<std::string>& flags = {}) {
    auto started = ProxyProcess::start(kBinary, flags);
    ASSERT_TRUE(started) << started.error();
    proxy = std::move(*started);
  }

  std::unique_ptr<ProxyProcess> proxy;
};

TEST_F(BinaryTest, VersionIsPrinted) {
  const Ended ended = run_proxy("--version");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_TRUE(ended.output.starts_with("prometheus-rsocket-proxy 0.")) << ended.output;
  EXPECT_EQ(std::ranges::count(ended.output, '\n'), 1);
}

TEST_F(BinaryTest, AnUnknownFlagEndsItWithOneLine) {
  expect_one_line(run_proxy("--bogus"), "--bogus");
}

TEST_F(BinaryTest, AGoodFileChecks) {
  const Ended ended = run_proxy("--config.check --config.file=" +
                                file("web.listen-address: [\"127.0.0.1:0\"]\nthreads: 2\n"));
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.output, "");
}

TEST_F(BinaryTest, ABadFileDoesNotCheck) {
  const std::string path = file("threads: 2\npush.ttl: soon\n");
  expect_one_line(run_proxy("--config.check --config.file=" + path),
                  path + ":2:11: push.ttl=soon: ");
}

TEST_F(BinaryTest, APortInUseEndsItWithOneLine) {
  boost::asio::io_context context;
  const tcp::acceptor taken(context, {boost::asio::ip::address_v4::loopback(), 0});
  const std::string address = "127.0.0.1:" + std::to_string(taken.local_endpoint().port());
  expect_one_line(run_proxy("--web.listen-address=" + address +
                            " --rsocket.tcp-address= --rsocket.websocket-address="),
                  "cannot listen on " + address);
}

TEST_F(BinaryTest, ItIsConfiguredByItsFile) {
  start({"--config.file=" + file("threads: 3\n")});
  const std::string page = get(proxy->ports().http, "/metrics/proxy").body;
  EXPECT_NE(page.find("shard=\"2\""), std::string::npos) << page;
  EXPECT_EQ(page.find("shard=\"3\""), std::string::npos) << page;
}

TEST_F(BinaryTest, SigtermEndsItClean) {
  start();
  EXPECT_EQ(get(proxy->ports().http, "/-/ready").status, 200);
  EXPECT_EQ(proxy->stop(), 0);
}

TEST_F(BinaryTest, ASecondSigtermEndsItAtOnceAlthoughAClientHangs) {
  start({"--shutdown.grace=1h"});
  const auto client = connect_client(proxy->ports().tcp);
  ASSERT_EQ(::kill(proxy->pid(), SIGTERM), 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (get(proxy->ports().http, "/-/ready").status != 503) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  EXPECT_EQ(proxy->stop(), 1);
}

TEST_F(BinaryTest, ItsOwnMetricsSatisfyPromtool) {
  if (run("promtool --version").exit_code != 0) {
    GTEST_SKIP() << "promtool is not installed (Debian package prometheus): "
                    "/metrics/proxy was not checked";
  }
  start();
  const auto client = connect_client(proxy->ports().tcp);
  (void)get(proxy->ports().http, "/-/healthy");
  const std::string page = get(proxy->ports().http, "/metrics/proxy").body;
  EXPECT_NE(page.find("\nprocess_resident_memory_bytes "), std::string::npos);
  EXPECT_NE(page.find("\nprometheus_proxy_scrape_active_connections 1\n"), std::string::npos);
  const Ended checked = run("promtool check metrics <" + file(page));
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
}

}  // namespace
}  // namespace prometheus_rsocket::proxy

// The openssl program as our peer, on each side.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "loop.h"
#include "net/tls.h"
#include "tls_pair.h"

namespace prometheus_rsocket::net {
namespace {

namespace asio = boost::asio;
using runtime::error_code;
using runtime::TlsName;
using runtime::TlsPeer;
using StreamPtr = std::unique_ptr<runtime::Stream>;
using testing::HasSubstr;

constexpr const char* kProgram = "openssl";

class TlsInterop : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "tls_interop_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    start({"version"});
    if (exit_code() != 0) GTEST_SKIP() << "there is no openssl program here: NOT TESTED";
  }
  void TearDown() override {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }

  std::string file(const std::string& name, const std::string& text) const {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }

  // Runs openssl with what is in the file `in` as its input.
  void start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kProgram);
    std::vector<char*> raw;
    for (auto& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, (folder_ / "in").c_str(), O_RDONLY | O_CREAT,
                                     0600);
    posix_spawn_file_actions_addopen(&actions, 1, (folder_ / "out").c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (::posix_spawnp(&child_, kProgram, &actions, nullptr, raw.data(), environ) != 0) child_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  [[nodiscard]] std::string output() const {
    std::ifstream in(folder_ / "out");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Waits for its end.
  int exit_code() {
    if (child_ <= 0) return -1;
    int status = -1;
    loop_.run_until([&] { return ::waitpid(child_, &status, WNOHANG) == child_; });
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // s_client with `options` to a server of ours that answers one line; what it has said.
  std::string client_says(const runtime::TlsServerConfig& config,
                          const std::vector<std::string>& options, const std::string& input) {
    const auto tls = *make_tls_server(config);
    const auto listener = loop_.listen("127.0.0.1");
    const auto executor = loop_.shard().executor;
    file("in", input);
    std::vector<std::string> arguments{
        "s_client",
        "-connect",
        "127.0.0.1:" + std::to_string(listener->local_endpoint().port),
        "-ign_eof",
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
        "-CAfile",
        file("ca", authority().certificate())};
    arguments.insert(arguments.end(), options.begin(), options.end());
    start(arguments);
    std::optional<error_code> shaken;
    StreamPtr stream;
    tls->async_handshake(
        loop_.accept(*listener),
        asio::bind_executor(executor, [&](error_code error, StreamPtr made, TlsPeer from) {
          shaken = error;
          stream = std::move(made);
          peer_ = std::move(from);
        }));
    loop_.run_until([&] { return shaken.has_value(); });
    if (stream) answer(*stream);
    exit_code();
    return output();
  }

  // Reads a line and writes one.
  void answer(runtime::Stream& stream) {
    const auto executor = loop_.shard().executor;
    std::string room(9, '\0');
    bool done = false;
    asio::async_read(stream, asio::buffer(room),
                     asio::bind_executor(executor, [&](error_code error, std::size_t) {
                       EXPECT_EQ(error, error_code());
                       done = true;
                     }));
    loop_.run_until([&] { return done; });
    EXPECT_EQ(room, "question\n");
    done = false;
    asio::async_write(stream, asio::buffer("the answer\n", 11),
                      asio::bind_executor(executor, [&](error_code error, std::size_t) {
                        EXPECT_EQ(error, error_code());
                        done = true;
                      }));
    loop_.run_until([&] { return done; });
    done = false;
    stream.async_shutdown_send(asio::bind_executor(executor, [&](error_code) { done = true; }));
    loop_.run_until([&] { return done; });
  }

  Loop loop_;
  std::filesystem::path folder_;
  TlsPeer peer_;
  pid_t child_ = -1;
};

TEST_F(TlsInterop, AClientOfOpenSslSpeaksWithEachVersion) {
  for (const auto* version : {"-tls1_2", "-tls1_3"}) {
    const auto said = client_says(server_config(), {version}, "question\n");
    EXPECT_THAT(said, HasSubstr("Verification: OK")) << version;
    EXPECT_THAT(said, HasSubstr("the answer")) << version;
    EXPECT_THAT(said, testing::Not(HasSubstr("unexpected eof"))) << version;
  }
}

TEST_F(TlsInterop, AClientOfOpenSslShowsItsCertificate) {
  auto config = server_config();
  config.client_certificates = runtime::ClientCertificates::kRequireAndVerify;
  config.client_authorities = authority().certificate();
  const auto identity = authority().issue({.names = {test::dns("app.example")}});
  const auto said = client_says(config,
                                {"-cert", file("certificate", identity.certificates), "-key",
                                 file("key", identity.private_key)},
                                "question\n");
  EXPECT_THAT(said, HasSubstr("the answer"));
  EXPECT_THAT(peer_.names, testing::ElementsAre(TlsName{TlsName::Kind::kDns, "app.example"}));
  EXPECT_THAT(client_says(config, {}, "question\n"), HasSubstr("alert certificate required"));
}

TEST_F(TlsInterop, AServerOfOpenSslIsSpokenTo) {
  const auto identity = authority().issue();
  file("in", "");
  start({"s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-rev", "-cert",
         file("certificate", identity.certificates), "-key", file("key", identity.private_key)});
  std::uint16_t port = 0;
  loop_.run_until([&] {
    const std::string text = output();
    const std::string before = "ACCEPT 127.0.0.1:";
    const auto at = text.find(before);
    if (at == std::string::npos || text.find('\n', at) == std::string::npos) return false;
    std::from_chars(text.data() + at + before.size(), text.data() + text.size(), port);
    return true;
  });
  const auto executor = loop_.shard().executor;
  std::optional<error_code> shaken;
  StreamPtr stream;
  (*make_tls_client(client_config()))
      ->async_handshake(
          loop_.dial({asio::ip::address_v4::loopback(), port}), "localhost",
          asio::bind_executor(executor, [&](error_code error, StreamPtr made, const TlsPeer&) {
            shaken = error;
            stream = std::move(made);
          }));
  loop_.run_until([&] { return shaken.has_value(); });
  ASSERT_EQ(*shaken, error_code()) << shaken->message();
  std::string room(6, '\0');
  bool done = false;
  asio::async_write(*stream, asio::buffer("hello\n", 6),
                    asio::bind_executor(executor, [](error_code, std::size_t) {}));
  asio::async_read(*stream, asio::buffer(room),
                   asio::bind_executor(executor, [&](error_code error, std::size_t) {
                     EXPECT_EQ(error, error_code());
                     done = true;
                   }));
  loop_.run_until([&] { return done; });
  EXPECT_EQ(room, "olleh\n");
  stream->close();
  EXPECT_EQ(exit_code(), 0);
}

}  // namespace
}  // namespace prometheus_rsocket::net

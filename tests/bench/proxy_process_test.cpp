#include "support/proxy_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace prometheus_rsocket::bench {
namespace {

const std::string kListening =
    "time=1 level=info msg=listening kind=http address=127.0.0.1:1001\n"
    "time=1 level=info msg=\"listening\" kind=tcp address=127.0.0.1:1002\n"
    "time=1 level=info msg=\"listening\" kind=websocket address=127.0.0.1:1003\n";

TEST(PortsOf, AreThoseOfTheThreeListeners) {
  EXPECT_EQ(ports_of(kListening), (Ports{1001, 1002, 1003}));
}

TEST(PortsOf, AreNotKnownBeforeTheLastLineIsWhole) {
  for (std::size_t size = 0; size < kListening.size(); ++size) {
    EXPECT_EQ(ports_of(kListening.substr(0, size)), std::nullopt) << size;
  }
}

// A program in place of the proxy: a shell script.
class ProxyProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "proxy_process_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path script(const std::string& text) const {
    const auto path = folder_ / "proxy";
    std::ofstream(path) << "#!/bin/sh\n" << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  [[nodiscard]] static std::string say_listening() { return "printf '" + kListening + "' >&2\n"; }
  // Waits for a signal; `on_term` is what SIGTERM does.
  [[nodiscard]] static std::string wait(const std::string& on_term) {
    return "sleep 1000 2>&- & trap 'kill $!; " + on_term + "' TERM\n" + say_listening() + "wait\n";
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(ProxyProcessTest, StopGivesTheExitCode) {
  const auto proxy = ProxyProcess::start(script(wait("exit 7")), {});
  ASSERT_TRUE(proxy) << proxy.error();
  EXPECT_EQ((*proxy)->ports(), (Ports{1001, 1002, 1003}));
  EXPECT_EQ((*proxy)->stop(), 7);
}

TEST_F(ProxyProcessTest, ItIsGoneWithItsOwner) {
  pid_t pid = 0;
  {
    const auto proxy = ProxyProcess::start(script(say_listening() + "exec sleep 1000\n"), {});
    ASSERT_TRUE(proxy) << proxy.error();
    pid = (*proxy)->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(ProxyProcessTest, AProxyThatEndsAtOnceIsReportedWithItsLog) {
  const auto proxy = ProxyProcess::start(script("echo \"no $4\" >&2; exit 2\n"), {"--flag"});
  ASSERT_FALSE(proxy);
  EXPECT_EQ(proxy.error(), "the proxy did not start:\nno --flag\n");
}

TEST_F(ProxyProcessTest, APathWithoutAProgramIsReported) {
  const auto proxy = ProxyProcess::start("/nowhere/proxy", {});
  ASSERT_FALSE(proxy);
  EXPECT_NE(proxy.error().find("no program at /nowhere/proxy"), std::string::npos);
}

}  // namespace
}  // namespace prometheus_rsocket::bench

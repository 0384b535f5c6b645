// The conformance suite's stage on the loopback interface.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "net/worker.h"
#include "stage.h"

namespace prometheus_rsocket::seam {
namespace {

constexpr std::chrono::seconds kPatience{20};

// A listener whose queue is full: the system drops every further SYN.
class SilentListener {
 public:
  SilentListener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, any, size), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    EXPECT_EQ(::getsockname(listener_, any, &size), 0);
    EXPECT_EQ(::connect(filler_, any, size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() {
    ::close(filler_);
    ::close(listener_);
  }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int filler_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
};

class NetStage final : public Stage {
 public:
  runtime::Process& server() override { return *server_; }
  runtime::Process& client() override { return *client_; }
  runtime::Worker& client_worker() override { return *worker_; }
  [[nodiscard]] boost::asio::ip::address server_address() const override {
    return boost::asio::ip::address_v4::loopback();
  }

  runtime::Endpoint silent_endpoint() override {
    if (!silent_) silent_.emplace();
    return {server_address(), silent_->port()};
  }
  void raise(runtime::Signal signal) override {
    EXPECT_EQ(::raise(signal == runtime::Signal::kReload ? SIGHUP : SIGTERM), 0);
  }
  std::string log_of(const std::function<void()>& writes) override {
    testing::internal::CaptureStderr();
    writes();
    return testing::internal::GetCapturedStderr();
  }
  void end_client() override { client_.reset(); }

  bool run_until(const std::function<bool()>& holds) override {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      bool ran = server_->poll({});
      if (client_) ran = client_->poll({}) || ran;
      if (!ran) server_->poll(std::chrono::milliseconds(1));
    }
    return true;
  }

 private:
  std::optional<SilentListener> silent_;
  std::unique_ptr<runtime::Log> log_ =
      net::make_stderr_log(runtime::LogLevel::kDebug, net::LogFormat::kLogfmt);
  std::unique_ptr<runtime::Keys> keys_ = net::make_keys();
  std::unique_ptr<runtime::Worker> worker_ = net::make_worker();
  std::unique_ptr<net::Process> server_ = std::make_unique<net::Process>(2, *keys_, *log_);
  std::unique_ptr<net::Process> client_ = std::make_unique<net::Process>(2, *keys_, *log_);
};

}  // namespace

std::unique_ptr<Stage> make_net_stage() { return std::make_unique<NetStage>(); }

}  // namespace prometheus_rsocket::seam

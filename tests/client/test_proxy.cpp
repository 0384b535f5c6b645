#include "test_proxy.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_executor.hpp>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "envelope/envelope.h"
#include "envelope/rsa_key.h"
#include "transport/websocket_frame_channel.h"

namespace prometheus_rsocket::client {
namespace {

constexpr std::chrono::seconds kPatience{20};

std::shared_ptr<const envelope::PrivateKey> test_key() {
  class SeededRandom final : public envelope::RandomSource {
   public:
    void fill(std::span<std::byte> bytes) override {
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(engine_() & 0xFFU);
    }

   private:
    std::mt19937_64 engine_{1};
  };
  static const std::shared_ptr<const envelope::PrivateKey> key = [] {
    SeededRandom random;
    return envelope::make_rsa_private_key(1024, random).value();
  }();
  return key;
}

}  // namespace

class TestProxy::Peer final : public transport::SessionHandler {
 public:
  Peer(TestProxy& proxy, std::unique_ptr<transport::FrameChannel> channel) : proxy_(proxy) {
    auto& shard = proxy.process_.shard(0);
    session_ = std::make_shared<transport::Session>(
        shard, std::move(channel),
        rsocket::Connection(rsocket::Role::kServer, {}, shard.clock.now()), *this);
    session_->start();
  }
  ~Peer() override {
    if (!session_) return;
    session_->detach();
    session_->abort();
  }

  void scrape(std::shared_ptr<std::promise<std::string>> answer) {
    if (!session_) return answer->set_value("error: not connected");
    const auto stream = session_->request_response({std::nullopt, proxy_.key_->public_key_der()});
    if (!stream) return answer->set_value("error: " + stream.error().message());
    scrapes_[*stream] = std::move(answer);
  }

  void answer_push() {
    if (!session_ || !push_) return;
    if (proxy_.config_.rejects_pushes) {
      (void)session_->respond_error(*push_, rsocket::ErrorCode::kRejected, "no room");
    } else {
      (void)session_->respond(*push_, {});
    }
    push_.reset();
  }

  void on_event(const rsocket::Event& event) override {
    if (const auto* setup = std::get_if<rsocket::SetupReceived>(&event)) {
      const auto metadata = setup->payload.metadata.value_or(base::ByteView{});
      proxy_.note([&](Seen& seen) {
        ++seen.connections;
        seen.setup_metadata.emplace_back(base::as_text(metadata));
      });
      if (proxy_.config_.closes_at_once) return session_->finish();
      if (proxy_.config_.gives_key) {
        (void)session_->fire_and_forget({std::nullopt, proxy_.key_->public_key_der()});
      }
    } else if (const auto* push = std::get_if<rsocket::Request>(&event)) {
      push_ = push->stream;
      take_push(push->payload);
      if (proxy_.config_.answers_pushes) answer_push();
    } else if (const auto* fnf = std::get_if<rsocket::FireAndForget>(&event)) {
      take_push(fnf->payload);
    } else if (const auto* response = std::get_if<rsocket::Response>(&event)) {
      answer(response->stream, open(response->payload));
    } else if (const auto* error = std::get_if<rsocket::ResponseError>(&event)) {
      answer(error->stream, "error: " + error->text);
    } else if (std::holds_alternative<rsocket::Closed>(event)) {
      session_.reset();
      while (!scrapes_.empty()) answer(scrapes_.begin()->first, "error: closed");
      proxy_.note([](Seen& seen) { ++seen.ended; });
    }
  }

 private:
  std::string open(const rsocket::PayloadView& payload) {
    const std::vector keys = {proxy_.key_};
    std::string buffer;
    const auto opened =
        envelope::open(payload.metadata.value_or(base::ByteView{}), payload.data, keys, {}, buffer);
    return opened ? std::string(opened->text) : "error: " + opened.error().message();
  }

  void take_push(const rsocket::PayloadView& payload) {
    proxy_.note([&](Seen& seen) { seen.pushes.push_back(open(payload)); });
  }

  void answer(rsocket::StreamId stream, const std::string& text) {
    auto scrape = scrapes_.extract(stream);
    if (scrape) scrape.mapped()->set_value(text);
  }

  TestProxy& proxy_;
  std::shared_ptr<transport::Session> session_;
  std::map<rsocket::StreamId, std::shared_ptr<std::promise<std::string>>> scrapes_;
  std::optional<rsocket::StreamId> push_;
};

TestProxy::TestProxy(Config config) : config_(config), key_(test_key()) {
  const runtime::Endpoint anywhere{boost::asio::ip::make_address("127.0.0.1"), 0};
  listener_ = process_.shard(0).network.listen(anywhere).value();
  port_ = listener_->local_endpoint().port;
  accept();
  thread_ = std::thread([this] { process_.run(); });
}

TestProxy::~TestProxy() {
  on_thread([this] {
    peers_.clear();
    listener_.reset();
  });
  process_.stop();
  thread_.join();
}

void TestProxy::accept() {
  auto& shard = process_.shard(0);
  listener_->async_accept(
      shard.executor,
      boost::asio::bind_executor(
          shard.executor, [this](runtime::error_code error, std::unique_ptr<runtime::Stream> from) {
            if (error) return;
            if (config_.tls) {
              decrypt(std::move(from));
            } else {
              serve(std::move(from));
            }
            accept();
          }));
}

void TestProxy::decrypt(std::unique_ptr<runtime::Stream> stream) {
  config_.tls->async_handshake(
      std::move(stream),
      boost::asio::bind_executor(
          process_.shard(0).executor,
          [this](runtime::error_code error, std::unique_ptr<runtime::Stream> encrypted,
                 const runtime::TlsPeer& peer) {
            note([&](Seen& seen) {
              if (error) {
                ++seen.refused;
              } else {
                seen.encrypted_with.push_back(peer);
              }
            });
            if (!error) serve(std::move(encrypted));
          }));
}

void TestProxy::serve(std::unique_ptr<runtime::Stream> stream) {
  if (config_.transport == transport::TransportKind::kTcp) {
    return add_peer(transport::make_tcp_channel(std::move(stream)));
  }
  auto& shard = process_.shard(0);
  transport::async_accept_websocket(
      shard, std::move(stream), {shard.clock.now() + kPatience},
      boost::asio::bind_executor(
          shard.executor, [this](runtime::error_code error, transport::AcceptedWebSocket accepted) {
            if (error) return;
            note([&](Seen& seen) { seen.authorizations.push_back(accepted.authorization); });
            add_peer(std::move(accepted.channel));
          }));
}

void TestProxy::add_peer(std::unique_ptr<transport::FrameChannel> channel) {
  peers_.push_back(std::make_unique<Peer>(*this, std::move(channel)));
}

// Runs `f` on the proxy's thread and waits for it.
template <class F>
void TestProxy::on_thread(F f) {
  std::promise<void> done;
  process_.send(0, 0, [&] {
    f();
    done.set_value();
  });
  done.get_future().wait();
}

void TestProxy::set_closes_at_once(bool closes) {
  on_thread([&] { config_.closes_at_once = closes; });
}

void TestProxy::answer_pushes() {
  on_thread([this] {
    config_.answers_pushes = true;
    for (auto& peer : peers_) peer->answer_push();
  });
}

std::string TestProxy::scrape() {
  const auto promise = std::make_shared<std::promise<std::string>>();
  auto answer = promise->get_future();
  on_thread([&] {
    if (peers_.empty()) return promise->set_value("error: nobody ever connected");
    peers_.back()->scrape(promise);
  });
  if (answer.wait_for(kPatience) != std::future_status::ready) return "error: no answer";
  return answer.get();
}

void TestProxy::note(const std::function<void(Seen&)>& change) {
  {
    const std::lock_guard lock(mutex_);
    change(seen_);
  }
  changed_.notify_all();
}

TestProxy::Seen TestProxy::seen() {
  const std::lock_guard lock(mutex_);
  return seen_;
}

TestProxy::Seen TestProxy::wait_until(const std::function<bool(const Seen&)>& holds) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return holds(seen_); }));
  return seen_;
}

}  // namespace prometheus_rsocket::client

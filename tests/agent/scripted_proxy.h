// A proxy that does what a test says, on a simulated process: keeps every connection it was given
// and writes down what came over it.
#pragma once

#include <boost/asio/bind_executor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "envelope/envelope.h"
#include "envelope/key.h"
#include "rsocket/connection.h"
#include "runtime/runtime.h"
#include "transport/leaving.h"
#include "transport/session.h"
#include "transport/websocket_frame_channel.h"

namespace prometheus_rsocket::agent {

using PrivateKey = std::shared_ptr<const envelope::PrivateKey>;

// One client's connection, from the proxy's side.
class Peer final : private transport::SessionHandler {
 public:
  Peer(runtime::Shard& shard, std::unique_ptr<transport::FrameChannel> channel, PrivateKey key)
      : shard_(shard), key_(std::move(key)) {
    transport::SessionHandler& handler = *this;
    session_ = std::make_shared<transport::Session>(
        shard, std::move(channel),
        rsocket::Connection(rsocket::Role::kServer, {}, shard.clock.now()), handler);
    session_->start();
  }
  ~Peer() override {
    if (!session_) return;
    session_->detach();
    session_->abort();
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void give_key() { send_key({}); }
  // Sends bytes in place of a key.
  void send_key(base::ByteView instead) {
    (void)session_->fire_and_forget({std::nullopt, instead.empty() ? der() : instead});
  }
  void ask_to_leave() {
    (void)session_->fire_and_forget({base::as_bytes(transport::kLeaveWord), {}});
  }
  void scrape() { ask(der()); }
  void ask(base::ByteView data) {
    replies.emplace_back();
    asked_.push_back(session_->request_response({std::nullopt, data}).value());
  }
  void cancel_last() { session_->cancel(asked_.back()); }
  void acknowledge() { (void)session_->respond(push_stream.value(), {}); }
  void reject() {
    (void)session_->respond_error(push_stream.value(), rsocket::ErrorCode::kRejected, "full");
  }
  void close(rsocket::ErrorCode code) { session_->close(code, "go away"); }
  void finish() { session_->finish(); }
  void use_key(PrivateKey key) { key_ = std::move(key); }

  std::optional<rsocket::SetupReceived> setup;
  std::string setup_metadata;
  std::vector<std::string> replies;  // as long as the list of scrapes; empty: none yet
  std::vector<std::string> pushes;
  std::optional<rsocket::StreamId> push_stream;  // of a push that wants an answer
  std::optional<rsocket::PeerError> goodbye;
  bool closed = false;

 private:
  [[nodiscard]] base::ByteView der() const { return key_->public_key_der(); }

  void on_event(const rsocket::Event& event) override {
    if (const auto* came = std::get_if<rsocket::SetupReceived>(&event)) {
      setup = *came;
      if (came->payload.metadata) setup_metadata = base::as_text(*came->payload.metadata);
      setup->payload = {};
    } else if (const auto* request = std::get_if<rsocket::Request>(&event)) {
      push_stream = request->stream;
      pushes.push_back(open(request->payload));
    } else if (const auto* fnf = std::get_if<rsocket::FireAndForget>(&event)) {
      pushes.push_back(open(fnf->payload));
    } else if (const auto* response = std::get_if<rsocket::Response>(&event)) {
      reply(response->stream, open(response->payload));
    } else if (const auto* error = std::get_if<rsocket::ResponseError>(&event)) {
      std::ostringstream text;
      text << "ERROR " << error->code;
      reply(error->stream, text.str());
    } else if (const auto* left = std::get_if<rsocket::PeerError>(&event)) {
      goodbye = *left;
    } else if (std::holds_alternative<rsocket::Closed>(event)) {
      closed = true;
      session_.reset();
    }
  }

  [[nodiscard]] std::string open(const rsocket::PayloadView& payload) const {
    const std::vector<PrivateKey> keys = {key_};
    std::string buffer;
    const auto opened =
        envelope::open(payload.metadata.value_or(base::ByteView{}), payload.data, keys, {}, buffer);
    if (!opened) return "cannot open: " + opened.error().message();
    return (opened->key_index ? "" : "in clear: ") + std::string(opened->text);
  }

  void reply(rsocket::StreamId stream, std::string text) {
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      if (asked_[i] == stream) replies[i] = std::move(text);
    }
  }

  runtime::Shard& shard_;
  PrivateKey key_;
  std::shared_ptr<transport::Session> session_;
  std::vector<rsocket::StreamId> asked_;
};

class ScriptedProxy {
 public:
  // Listens at once; the key comes a moment later.
  ScriptedProxy(runtime::Shard& shard, const runtime::Endpoint& endpoint,
                transport::TransportKind transport = transport::TransportKind::kTcp)
      : shard_(shard), transport_(transport), listener_(shard.network.listen(endpoint).value()) {
    shard.keys.async_make_private_key(
        2048, boost::asio::bind_executor(shard.executor,
                                         [this](runtime::error_code error, PrivateKey made) {
                                           if (error) return;
                                           key = std::move(made);
                                           accept();
                                         }));
  }

  bool closes_at_once = false;
  PrivateKey key;
  std::vector<base::Instant> accepted;
  std::string authorization;  // of the latest upgrade to WebSocket
  std::vector<std::unique_ptr<Peer>> peers;

  // Dials are refused; who is connected stays.
  void stop_listening() { listener_.reset(); }

  [[nodiscard]] Peer& newest() { return *peers.back(); }
  [[nodiscard]] bool has_client(std::size_t number = 1) const {
    return peers.size() >= number && peers.back()->setup.has_value();
  }
  [[nodiscard]] std::size_t open() const {
    std::size_t count = 0;
    for (const auto& peer : peers) count += peer->closed ? 0 : 1;
    return count;
  }

 private:
  void accept() {
    listener_->async_accept(
        shard_.executor,
        boost::asio::bind_executor(shard_.executor, [this](runtime::error_code error,
                                                           std::unique_ptr<runtime::Stream> from) {
          if (error) return;
          accepted.push_back(shard_.clock.now());
          if (!closes_at_once) serve(std::move(from));
          accept();
        }));
  }

  void serve(std::unique_ptr<runtime::Stream> stream) {
    if (transport_ == transport::TransportKind::kTcp) {
      return add(transport::make_tcp_channel(std::move(stream)));
    }
    transport::async_accept_websocket(
        shard_, std::move(stream), {shard_.clock.now() + std::chrono::seconds(10)},
        boost::asio::bind_executor(shard_.executor, [this](runtime::error_code error,
                                                           transport::AcceptedWebSocket accepted_) {
          if (error) return;
          authorization = accepted_.authorization;
          add(std::move(accepted_.channel));
        }));
  }

  void add(std::unique_ptr<transport::FrameChannel> channel) {
    peers.push_back(std::make_unique<Peer>(shard_, std::move(channel), key));
  }

  runtime::Shard& shard_;
  transport::TransportKind transport_;
  std::unique_ptr<runtime::Listener> listener_;
};

}  // namespace prometheus_rsocket::agent

#include "agent/link.h"

#include <algorithm>
#include <utility>

#include "agent/error.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/mutant.h"
#include "base/probe.h"
#include "envelope/envelope.h"
#include "transport/leaving.h"

namespace prometheus_rsocket::agent {
namespace {

using rsocket::ErrorCode;
using runtime::error_code;

// The envelope's randomness, from the shard's.
class SealRandom final : public envelope::RandomSource {
 public:
  explicit SealRandom(runtime::Random& random) : random_(random) {}
  void fill(std::span<std::byte> bytes) override { random_.fill(bytes); }

 private:
  runtime::Random& random_;
};

}  // namespace

Link::Link(runtime::Shard& shard, std::uint64_t number,
           std::unique_ptr<transport::FrameChannel> channel,
           const rsocket::ConnectionConfig& connection, const rsocket::SetupConfig& setup,
           MetricsSource& source, Observer& observer, LinkOwner& owner)
    : shard_(shard),
      number_(number),
      since_(shard.clock.now()),
      source_(source),
      observer_(observer),
      owner_(owner),
      session_(std::make_shared<transport::Session>(
          shard, std::move(channel),
          rsocket::Connection(rsocket::Role::kClient, connection, shard.clock.now()),
          static_cast<transport::SessionHandler&>(*this))) {
  session_->start();
  session_->connect(setup);
}

Link::~Link() {
  if (!session_) return;
  session_->detach();
  session_->abort();
}

void Link::close(std::string_view why) {
  if (std::exchange(leaving_, true)) return;
  session_->close(ErrorCode::kConnectionError, why);
}

void Link::finish() {
  leaving_ = true;
  session_->finish();
}

void Link::abort() {
  leaving_ = true;
  session_->abort();
}

// ---- What the connection says.

void Link::on_event(const rsocket::Event& event) {
  std::visit([this](const auto& what) { handle(what); }, event);
}

void Link::handle(const rsocket::SetupReceived& /*event*/) {}
void Link::handle(const rsocket::RequestCancelled& /*event*/) {}
void Link::handle(const rsocket::RequestAborted& /*event*/) {}
void Link::handle(const rsocket::PeerError& /*error*/) {}

void Link::handle(const rsocket::FireAndForget& event) {
  if (leaving_) return;
  const auto& [metadata, data] = event.payload;
  if (metadata && base::as_text(*metadata) == transport::kLeaveWord) {
    owner_.link_asked_to_leave(*this);
  } else {
    static_cast<void>(take_key(data));
  }
}

void Link::handle(const rsocket::Request& request) {
  if (leaving_) {
    (void)session_->respond_error(request.stream, ErrorCode::kRejected, "the client is leaving");
    return;
  }
  if (const error_code error = take_key(request.payload.data)) {
    (void)session_->respond_error(request.stream, ErrorCode::kApplicationError, error.message());
    return;
  }
  // The link may end before the text is there.
  source_.collect([this, alive = std::weak_ptr(alive_), stream = request.stream, key = key_](
                      error_code error, const std::string& text) {
    if (alive.expired()) return base::reached(base::Probe::kReplyForNobody);
    reply(stream, key, error, text);
  });
}

// Remembers the key for pushes. `plaintext` asks for clear text and, as in the Java client, leaves
// no key behind.
error_code Link::take_key(base::ByteView der) {
  if (base::as_text(der) == envelope::kPlaintext) {
    key_ = nullptr;
    return {};
  }
  // Proxies send the same key with every scrape.
  if (!key_ || !std::ranges::equal(key_->der(), der)) {
    auto key = shard_.keys.read_public_key(der);
    if (!key) {
      observer_.on_event(KeyRejected{number_, key.error()});
      return key.error();
    }
    key_ = std::move(*key);
  }
  observer_.on_event(KeyReceived{number_});
  return {};
}

void Link::reply(rsocket::StreamId stream, const Key& key, error_code error,
                 const std::string& text) {
  ErrorCode code = ErrorCode::kApplicationError;
  if (!error && !key) {
    error = session_->respond(stream, {base::as_bytes(envelope::kPlaintext), base::as_bytes(text)})
                .error();
  } else if (!error) {
    SealRandom random(shard_.random);
    if (const auto sealed = envelope::seal(text, *key, random)) {
      error = session_->respond(stream, {sealed->metadata, sealed->data}).error();
    } else {
      error = sealed.error();
    }
  }
  if (!error) {
    observer_.on_event(Scraped{number_, text.size()});
    owner_.link_scraped(*this);
    return;
  }
  if (error == rsocket::CommandError::kUnknownStream || error == rsocket::CommandError::kNotOpen) {
    return;  // nobody waits for it any more
  }
  if (error == rsocket::CommandError::kPayloadTooLong) code = ErrorCode::kCanceled;
  (void)session_->respond_error(stream, code, error.message());
  observer_.on_event(ScrapeFailed{number_, error});
}

void Link::handle(const rsocket::Closed& closed) {
  const bool flushed = session_->flushed() || base::is_mutant(base::Mutant::kCloseWithoutFlush);
  const error_code error = session_->stream_error();
  session_.reset();  // its goodbye may still be on its way
  owner_.link_ended(*this, closed.reason, error, flushed);
}

// ---- Pushing.

error_code Link::push(PushKind kind, std::string_view text) {
  CHECK(key_ && !leaving_, "a push needs a key and a link that stays");
  SealRandom random(shard_.random);
  const auto sealed = envelope::seal(text, *key_, random);
  if (!sealed) return sealed.error();
  const rsocket::PayloadView payload{sealed->metadata, sealed->data};
  const auto stream = kind == PushKind::kAcknowledged ? session_->request_response(payload)
                                                      : session_->fire_and_forget(payload);
  if (!stream) return stream.error();
  leaving_ = true;
  if (kind == PushKind::kAcknowledged) {
    push_ = *stream;
  } else if (base::is_mutant(base::Mutant::kCloseWithoutFlush)) {
    session_->abort();
  } else {
    session_->finish();
  }
  return {};
}

void Link::push_answered(rsocket::StreamId stream, error_code error) {
  if (push_ != stream) return;
  push_.reset();
  owner_.link_push_answered(*this, error);
}

void Link::handle(const rsocket::Response& response) { push_answered(response.stream, {}); }

void Link::handle(const rsocket::ResponseError& error) {
  push_answered(error.stream, AgentError::kRejected);
}

// A reply so large is no acknowledgement that we know of.
void Link::handle(const rsocket::ResponseAborted& aborted) {
  push_answered(aborted.stream, AgentError::kRejected);
}

}  // namespace prometheus_rsocket::agent

#include "server/client.h"

#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/mutant.h"
#include "base/probe.h"
#include "exposition/scan.h"
#include "push/push_store.h"
#include "server/forwarded_for.h"
#include "server/limits.h"
#include "transport/leaving.h"

namespace prometheus_rsocket::server {
namespace {

using rsocket::ErrorCode;

rsocket::ConnectionConfig connection_config(const Config& config) {
  rsocket::ConnectionConfig connection;
  connection.payload_bytes_max = config.payload_bytes_max;
  return connection;
}

std::optional<ConnectionError> fault_of(rsocket::CloseReason reason) {
  switch (reason) {
    case rsocket::CloseReason::kSetupRefused:
      return ConnectionError::kNotRSocket;
    case rsocket::CloseReason::kProtocolError:
      return ConnectionError::kProtocol;
    case rsocket::CloseReason::kFirstFrameTimeout:
      return ConnectionError::kSetupTimeout;
    case rsocket::CloseReason::kLifetimeExpired:
      return ConnectionError::kKeepalive;
    case rsocket::CloseReason::kCommand:
    case rsocket::CloseReason::kStreamEnded:
    case rsocket::CloseReason::kPeerError:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view words(ConnectionError fault) {
  switch (fault) {
    case ConnectionError::kNotRSocket:
      return "its first bytes are no RSocket SETUP that is served here";
    case ConnectionError::kProtocol:
      return "it broke the RSocket protocol or a limit";
    case ConnectionError::kSetupTimeout:
      return "no SETUP came in time";
    case ConnectionError::kKeepalive:
      return "no keepalive within its own lifetime";
  }
  return "";
}

std::string words(const OpenFailure& failure) {
  switch (failure.reason) {
    case Quarantine::kEnvelope:
      return "it does not open with a key that was given";
    case Quarantine::kSnappy:
      return "what was sealed is not Snappy";
    case Quarantine::kTooLarge:
      return "its text, or what is in it, is over --rsocket.max-uncompressed";
    case Quarantine::kUtf8:
      return "its text is not UTF-8";
    case Quarantine::kMalformed: {
      std::ostringstream text;
      text << failure.scan;
      return std::move(text).str();
    }
    case Quarantine::kInflight:
      return "too much is on its way in: --rsocket.max-inflight-bytes";
    case Quarantine::kPage:
      return "the page is full: --scrape.max-bytes";
  }
  return "";
}

}  // namespace

Client::Client(ClientOwner& owner, ConnectionId id,
               std::unique_ptr<transport::FrameChannel> channel, const runtime::Endpoint& remote,
               std::shared_ptr<const ClientAccess> access, Credentials credentials,
               base::Instant accepted_at)
    : owner_(owner),
      id_(id),
      remote_(remote),
      access_(std::move(access)),
      credentials_(std::move(credentials)),
      last_room_(owner.remembered()),
      session_(std::make_shared<transport::Session>(
          owner.shard(), std::move(channel),
          rsocket::Connection(rsocket::Role::kServer, connection_config(owner.config()),
                              accepted_at),
          static_cast<transport::SessionHandler&>(*this), owner.inflight(), owner.turns())) {
  session_->start();
}

Client::~Client() { session_->detach(); }

void Client::when_channel_closed(runtime::Handler<void()> closed) {
  session_->when_channel_closed(std::move(closed));
}

void Client::on_event(const rsocket::Event& event) {
  std::visit([this](const auto& what) { on(what); }, event);
}

void Client::on(const rsocket::SetupReceived& setup) {
  ClientInfo info = read_info(setup);
  const std::string_view refusal = judge(info);
  credentials_ = {};  // they have served
  if (!refusal.empty()) return refuse(refusal);
  connected_at_ = info.connected_at;
  is_ours_ = setup.settings.data_mime_type == transport::kOurDataMimeType;
  ++owner_.metrics().connections;
  owner_.shard().log.debug("client connected",
                           {{"client", client_text(remote_)}, {"credential", info.credential}});
  owner_.connected(*this, std::move(info));
  give_key();
  if (owner_.draining()) static_cast<void>(ask_to_leave());
  if (owner_.config().connection_age_max > base::Duration::zero()) limit_age();
}

ClientInfo Client::read_info(const rsocket::SetupReceived& setup) {
  ClientInfo info;
  info.address = remote_;
  info.transport = session_->kind();
  info.connected_at = now();
  // A job that it gives itself is none: with honor_labels it has the one of the scrape.
  if (owner_.config().labels_identity) {
    identity_labels_ = {{"job", ""}, {"instance", client_text(remote_)}};
  }
  const auto& metadata = setup.payload.metadata;
  if (setup.settings.metadata_mime_type != transport::kIdentityMimeType || !metadata) return info;
  auto [identity, identity_error, token] = transport::read_introduction(base::as_text(*metadata));
  info.identity = std::move(identity);
  info.identity_error = std::move(identity_error);
  if (credentials_.token.empty()) credentials_.token = std::move(token);
  if (info.identity && owner_.config().labels_identity) {
    identity_labels_ = {{"job", info.identity->job}, {"instance", info.identity->instance}};
  }
  if (!info.identity_error.empty()) {
    log_trouble("a client's name is not taken", info.identity_error);
  }
  return info;
}

std::string_view Client::judge(ClientInfo& info) const {
  const ClientAccess& access = *owner_.access();
  if (access.proof != access_->proof) return "TLS has other settings since it came";
  if (!access.asks()) return {};
  const auto grants = access.grants(credentials_);
  if (grants.empty()) return "it shows neither a token nor a certificate that is known here";
  if (!info.identity_error.empty()) return "its name cannot be read";
  info.credential = grants.front().name;
  if (!info.identity) return {};
  const auto* const allowing =
      access::find_allowing(grants, info.identity->job, info.identity->instance);
  if (allowing == nullptr) return "what it shows does not allow it this job and instance";
  info.credential = allowing->name;
  info.is_authenticated = true;
  return {};
}

// A quick end makes a Java client redial without pause, and so does an ERROR (wire-protocol.md,
// 1.8 and 1.9): both come late.
void Client::refuse(std::string_view why) {
  ++owner_.metrics().refused_for_access;
  owner_.refused(*this);
  log_trouble("client refused", std::string(why));
  session_->mute();
  refused_alarm_.emplace(owner_.shard(),
                         [this, why] { session_->close(ErrorCode::kRejectedSetup, why); });
  refused_alarm_->set(now() + kHoldMin + owner_.shard().random.up_to(kHoldMax - kHoldMin));
}

void Client::limit_age() {
  const base::Duration age = owner_.config().connection_age_max;
  const base::Duration jitter = age * kAgeJitterPercent / 100;
  age_alarm_.emplace(owner_.shard(), [this] {
    base::reached(base::Probe::kOveraged);
    if (std::exchange(overaged_, true)) return leave();
    age_alarm_->set(now() + kAgePatience);
  });
  age_alarm_->set(now() + age - jitter + owner_.shard().random.up_to(2 * jitter));
}

void Client::give_key() {
  const auto& key = owner_.key();
  if (!connected() || !key || (!keys_.empty() && keys_.front() == key)) return;
  if (!session_->fire_and_forget({.metadata = std::nullopt, .data = key->public_key_der()})) return;
  remember(key);
}

void Client::remember(const std::shared_ptr<const envelope::PrivateKey>& key) {
  if (!keys_.empty() && keys_.front() == key) return;
  keys_.insert(keys_.begin(), key);
  if (keys_.size() > kKeysHeldMax) keys_.pop_back();
}

void Client::pull(PullId pull) {
  Asked asked{pull, {}, now(), tardy()};
  const auto& key = owner_.key();
  if (!key) return answer(asked, PullOutcome::kError, nullptr, {.reason = "there is no key yet"});
  const auto stream =
      session_->request_response({.metadata = std::nullopt, .data = key->public_key_der()});
  if (!stream) {
    answer(asked, PullOutcome::kError, nullptr, {.reason = stream.error().message()});
    if (stream.error() == rsocket::CommandError::kStreamIdsExhausted) leave();
    return;
  }
  remember(key);
  asked.stream = *stream;
  asked_.push_back(asked);
}

void Client::end_pull(PullId pull) {
  if (const auto asked = withdraw(pull)) be_late(*asked);
}

// Who answers nothing, however often it is asked, is late all the same.
void Client::cancel_pull(PullId pull) {
  const auto asked = withdraw(pull);
  if (!asked) return;
  unanswered_ += now() - asked->at;
  if (unanswered_ >= owner_.config().scrape_default_timeout) return be_late(*asked);
  leave_if_retired();
}

void Client::be_late(const Asked& asked) {
  base::reached(base::Probe::kGivenUp);
  if (now() - asked.at >= kLateAfter && !is_probe(asked.pull)) {
    late_in_a_row_ += base::is_mutant(base::Mutant::kBuffersSwapped) ? kTardyAfter : 1;
  }
  answer(asked, PullOutcome::kTimeout, nullptr, {.reason = std::string(kLateReason)});
}

std::optional<Client::Asked> Client::withdraw(PullId pull) {
  const auto found = std::ranges::find(asked_, pull, &Asked::pull);
  if (found == asked_.end()) return std::nullopt;
  const Asked asked = *found;
  asked_.erase(found);
  if (!base::is_mutant(base::Mutant::kLateReplyTaken)) session_->cancel(asked.stream);
  return asked;
}

std::optional<Client::Asked> Client::take(rsocket::StreamId stream) {
  auto found = std::ranges::find(asked_, stream, &Asked::stream);
  if (base::is_mutant(base::Mutant::kLateReplyTaken)) found = asked_.begin();
  if (found == asked_.end()) return std::nullopt;
  const Asked asked = *found;
  asked_.erase(found);
  return asked;
}

void Client::answer(const Asked& asked, PullOutcome outcome,
                    std::shared_ptr<const Exposition> exposition, ScrapeRecord record) {
  const base::Instant at = now();
  record.outcome = outcome;
  record.at = at;
  record.took = at - asked.at;
  if (exposition) record.samples = exposition->index.samples.size();
  owner_.metrics().scrape_seconds[static_cast<std::size_t>(outcome)].observe(
      std::chrono::duration<double>(at - asked.at).count(), at);
  unanswered_ = {};
  if (outcome != PullOutcome::kTimeout) late_in_a_row_ = 0;
  if (exposition && !is_probe(asked.pull)) last_replied_ = asked.pull;
  owner_.replied(asked.pull,
                 {*connected_at_, id_, asked.tardy, std::move(exposition), std::move(record)});
  if (outcome != PullOutcome::kClosed) leave_if_retired();
  const bool failed = outcome == PullOutcome::kError || outcome == PullOutcome::kTimeout;
  if (failed && base::is_mutant(base::Mutant::kScrapeErrorUnregisters)) forget();
}

void Client::leave_if_retired() {
  if (retired_ && asked_.empty()) leave();
}

void Client::forget() {
  if (connected()) --owner_.metrics().connections;
  connected_at_.reset();
  asked_.clear();
}

void Client::remember(const std::shared_ptr<const Exposition>& exposition) {
  last_ = last_room_.resize(exposition->bytes()) ? exposition : nullptr;
  if (!last_) last_room_.shrink(0);
}

Client::Opened Client::open(const rsocket::PayloadView& payload, Kind kind) {
  const bool is_reply = kind == Kind::kReply;
  auto opened = open_exposition(payload, keys_, bounds(kind), owner_.hash_key(),
                                is_reply ? last_.get() : nullptr);
  OpenFailure failure;
  if (opened) {
    if (opened->key_index > 0) base::reached(base::Probe::kOlderKeyOpened);
    keys_.resize(opened->key_index + 1);
    const auto hold = [&](Exposition exposition) {
      return is_reply ? owner_.texts()->hold(std::move(exposition))
                      : std::make_shared<const Exposition>(std::move(exposition));
    };
    auto as_it_came = hold(std::move(opened->exposition));
    if (identity_labels_.empty()) return {as_it_came, as_it_came, {}};
    auto labelled = with_identity(*as_it_came, bounds(kind));
    if (labelled) return {hold(std::move(*labelled)), std::move(as_it_came), {}};
    failure = labelled.error();
  } else {
    failure = opened.error();
  }
  ++owner_.metrics().quarantined[static_cast<std::size_t>(failure.reason)];
  std::string reason = words(failure);
  log_trouble("payload refused", reason);
  return {nullptr, nullptr, std::move(reason)};
}

OpenBounds Client::bounds(Kind kind) const {
  OpenBounds bounds{.text_bytes_max = owner_.config().uncompressed_bytes_max};
  if (kind == Kind::kReply) bounds.bytes_max = owner_.texts()->allowance();
  return bounds;
}

boost::system::result<Exposition, OpenFailure> Client::with_identity(
    const Exposition& exposition, const OpenBounds& bounds) const {
  const std::uint64_t left =
      bounds.bytes_max - std::min<std::uint64_t>(bounds.bytes_max, exposition.index.bytes());
  const std::size_t bytes_max = bounds.limit(left);
  auto text = exposition::with_labels(exposition.text, exposition.index.dialect, identity_labels_,
                                      bytes_max);
  if (!text) return OpenFailure{bounds.reason_beyond(bytes_max)};
  text->shrink_to_fit();
  auto index = exposition::scan(*text, exposition.index.dialect, owner_.hash_key());
  if (!index) return OpenFailure{Quarantine::kMalformed, index.error()};
  index->protobuf_fields = exposition.index.protobuf_fields.moved(exposition.text, *text);
  return Exposition{std::move(*text), std::move(*index)};
}

void Client::on(const rsocket::Response& response) {
  const auto asked = take(response.stream);
  if (!asked) return;
  const auto& [metadata, data] = response.payload;
  ScrapeRecord record;
  record.payload_bytes = data.size() + (metadata ? metadata->size() : 0);
  owner_.metrics().payload_bytes.observe(static_cast<double>(record.payload_bytes), now());
  auto [exposition, as_it_came, reason] = open(response.payload, Kind::kReply);
  if (exposition) remember(as_it_came);
  has_pushed_ = false;  // what is asked of it lives on
  const PullOutcome outcome = exposition ? PullOutcome::kSuccess : PullOutcome::kError;
  record.reason = std::move(reason);
  record.is_refused = exposition == nullptr;
  answer(*asked, outcome, std::move(exposition), std::move(record));
}

void Client::on(const rsocket::ResponseError& error) {
  const auto asked = take(error.stream);
  if (!asked) return;
  log_trouble("scrape refused by the client", error.text);
  constexpr std::size_t kShown = 256;
  answer(*asked, PullOutcome::kError, nullptr,
         {.reason = "it says: " + base::printable(error.text.substr(0, kShown))});
}

void Client::on(const rsocket::ResponseAborted& aborted) {
  const auto asked = take(aborted.stream);
  if (!asked) return;
  std::string reason = give_up("reply given up", aborted.reason);
  answer(*asked, PullOutcome::kError, nullptr, {.reason = std::move(reason), .is_refused = true});
}

void Client::on(const rsocket::Request& request) {
  if (auto opened = open(request.payload, Kind::kPush); opened.exposition) {
    has_pushed_ = true;
    owner_.pushed(*this, request.stream.value, std::move(opened.exposition));
    return;
  }
  ++owner_.metrics().pushes_refused;
  // One code and one text whatever was wrong: a shared key must not become a decryption oracle.
  static_cast<void>(session_->respond_error(request.stream, ErrorCode::kInvalid,
                                            "the push does not open or is not valid"));
}

void Client::on(const rsocket::RequestAborted& aborted) {
  ++owner_.metrics().pushes_refused;
  give_up("push given up", aborted.reason);
}

void Client::on(const rsocket::FireAndForget& request) {
  if (auto opened = open(request.payload, Kind::kPush); opened.exposition) {
    has_pushed_ = true;
    owner_.pushed(*this, 0, std::move(opened.exposition));
  } else {
    ++owner_.metrics().pushes_refused;
  }
}

void Client::push_stored(std::uint32_t stream, boost::system::error_code error) {
  if (error) {
    ++owner_.metrics().pushes_refused;
    log_trouble("push refused", error.message());
  }
  if (stream == 0) return;
  // The request may have been cancelled meanwhile; then there is nobody to tell.
  if (error) {
    static_cast<void>(
        session_->respond_error(rsocket::StreamId{stream}, ErrorCode::kRejected, error.message()));
  } else {
    static_cast<void>(session_->respond(rsocket::StreamId{stream}, {}));
  }
}

void Client::retire() {
  retired_ = true;
  leave_if_retired();
}

void Client::leave() {
  session_->close(ErrorCode::kConnectionClose, "the proxy asks to reconnect");
}

bool Client::ask_to_leave() {
  if (!is_ours_) return false;
  const auto asked =
      session_->fire_and_forget({.metadata = base::as_bytes(transport::kLeaveWord), .data = {}});
  asked_to_leave_ = asked.has_value();
  return asked_to_leave_;
}

void Client::on(const rsocket::PeerError& error) {
  owner_.shard().log.debug("client ends with an error",
                           {{"client", client_text(remote_)}, {"text", error.text}});
}

void Client::on(const rsocket::Closed& closed) {
  auto& metrics = owner_.metrics();
  if (const auto fault = fault_of(closed.reason)) {
    const auto transport = static_cast<std::size_t>(session_->kind());
    ++metrics.connection_errors[static_cast<std::size_t>(*fault)][transport];
    if (*fault == ConnectionError::kKeepalive) ++metrics.keepalive_timeouts;
    log_trouble("connection closed", std::string(words(*fault)));
  }
  for (const Asked& asked : std::exchange(asked_, {})) {
    answer(asked, PullOutcome::kClosed, nullptr, {.reason = "its connection ended"});
  }
  if (connected()) --metrics.connections;
  owner_.ended(*this, departure(closed.reason));
}

Departure Client::departure(rsocket::CloseReason reason) const {
  const bool was_told =
      reason == rsocket::CloseReason::kCommand || reason == rsocket::CloseReason::kPeerError;
  return was_told || has_pushed_ ? Departure::kLeft : Departure::kVanished;
}

std::string Client::give_up(std::string_view what, rsocket::AbortReason reason) {
  if (reason == rsocket::AbortReason::kNoRoom) {
    ++owner_.metrics().quarantined[static_cast<std::size_t>(Quarantine::kInflight)];
  }
  std::ostringstream text;
  text << reason;
  log_trouble(what, text.str());
  return std::move(text).str();
}

void Client::log_trouble(std::string_view message, std::string reason) {
  const auto suppressed = owner_.log_limit().admit(now());
  if (!suppressed) return;
  owner_.shard().log.warn(message, {{"client", client_text(remote_)},
                                    {"reason", std::move(reason)},
                                    {"suppressed", std::to_string(*suppressed)}});
}

}  // namespace prometheus_rsocket::server

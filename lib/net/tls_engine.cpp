#include "net/tls_engine.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "net/tls_error.h"
#include "net/tls_names.h"
#include "runtime/address.h"

namespace prometheus_rsocket::net {
namespace {

using boost::system::error_code;

constexpr std::size_t kRecordOverhead = 32;  // header, nonce, type and tag: at most 30

error_code of_tls(int reason) {
  return {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, reason)), tls_category()};
}

// Why the call that has just failed did.
error_code last_error(const SSL* ssl) {
  const unsigned long code = ERR_peek_last_error();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return {static_cast<int>(SSL_get_verify_result(ssl)), certificate_category()};
  }
  if (code == 0) return of_tls(ERR_R_INTERNAL_ERROR);
  return {static_cast<int>(code), tls_category()};
}

}  // namespace

// A BIO on the engine's two buffers: OpenSSL's own would each keep as much as it ever held.
struct EngineBio {
  static int read(BIO* bio, char* into, int size) {
    auto& engine = *static_cast<TlsEngine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t held = engine.input_end_ - engine.input_begin_;
    const std::size_t bytes = std::min(held, static_cast<std::size_t>(size));
    if (bytes == 0) {
      engine.starved_ = true;
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(into, engine.input_.data() + engine.input_begin_, bytes);
    engine.input_begin_ += bytes;
    return static_cast<int>(bytes);
  }
  static int write(BIO* bio, const char* from, int size) {
    auto& engine = *static_cast<TlsEngine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto bytes = std::as_bytes(std::span(from, static_cast<std::size_t>(size)));
    engine.output_.insert(engine.output_.end(), bytes.begin(), bytes.end());
    return size;
  }
  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* const method =
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "TLS engine");
      CHECK(method != nullptr, "there is memory for a table of functions");
      BIO_meth_set_read(method, read);
      BIO_meth_set_write(method, write);
      BIO_meth_set_ctrl(method, control);
      return method;
    }();
    return made;
  }
};

TlsEngine::TlsEngine(TlsContextPtr context)
    : context_(std::move(context)), ssl_(SSL_new(context_->ssl.get())) {
  CHECK(ssl_, "there is memory for a connection's state");
  BIO* const bio = BIO_new(EngineBio::method());
  CHECK(bio != nullptr, "there is memory for a handle");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // takes it over
}

TlsEngine::~TlsEngine() {
  const CleanErrors clean;
  ssl_.reset();
}

void TlsEngine::accept() {
  SSL_set_accept_state(ssl_.get());
  hello_ = std::make_unique<ClientHelloBound>();
}

bool TlsEngine::connect(std::string host) {
  const CleanErrors clean;
  SSL_set_connect_state(ssl_.get());
  // The root's dot, which resolvers take and neither certificates nor SNI have (RFC 6066, 3).
  if (host.ends_with('.')) host.pop_back();
  if (host.empty()) return false;  // OpenSSL would take that for any
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
  if (const auto address = runtime::parse_address(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(wanted, address->to_string().c_str()) == 1;
  }
  X509_VERIFY_PARAM_set_hostflags(
      wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1;
}

std::span<std::byte> TlsEngine::prepare() {
  CHECK(input_begin_ == input_end_, "what was received is used before more is");
  input_begin_ = 0;
  input_end_ = 0;
  const std::size_t size = busy_ ? kTlsBusyReadBytes : kTlsIdleReadBytes;
  if (input_.size() != size) input_ = base::Bytes(size);
  return input_;
}

void TlsEngine::commit(std::size_t bytes) {
  input_end_ = bytes;
  busy_ = bytes == input_.size();
  if (hello_ && !hello_->admits(std::span(input_).first(bytes))) {
    failure_ = of_tls(SSL_R_EXCESSIVE_MESSAGE_SIZE);
  }
}

base::Bytes TlsEngine::take_output() { return std::exchange(output_, {}); }

bool TlsEngine::owes_too_much() const {
  return SSL_is_init_finished(ssl_.get()) == 1 && output_.size() > kTlsOwedBytesMax;
}

// Calls until something comes of it: OpenSSL comes back after each record that is no data.
template <class Call>
TlsEngine::Result TlsEngine::advance(Call call) {
  while (!failure_) {
    starved_ = false;
    const int outcome = call();
    if (outcome > 0) {
      idle_records_ = 0;
      return {Step::kDone, static_cast<std::size_t>(outcome), {}};
    }
    switch (SSL_get_error(ssl_.get(), outcome)) {
      case SSL_ERROR_WANT_READ:
        if (starved_ && !owes_too_much()) return {Step::kNeedsInput, 0, {}};
        if (starved_ || ++idle_records_ > kTlsIdleRecordsMax) {
          failure_ = of_tls(SSL_R_TOO_MANY_KEY_UPDATES);
        }
        break;
      case SSL_ERROR_ZERO_RETURN:
        return {Step::kEnd, 0, {}};
      default:
        failure_ = last_error(ssl_.get());
    }
  }
  return {Step::kFailed, 0, failure_};
}

TlsEngine::Result TlsEngine::handshake() {
  const CleanErrors clean;
  const Result result = advance([this] { return SSL_do_handshake(ssl_.get()); });
  if (result.step == Step::kDone) hello_.reset();
  return result;
}

bool TlsEngine::has_finished() const {
  char none = 0;
  return SSL_get_finished(ssl_.get(), &none, 0) > 0;
}

runtime::TlsPeer TlsEngine::peer() const {
  const CleanErrors clean;
  runtime::TlsPeer peer;
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate != nullptr && context_->verifies_peer) {
    peer.names = alternative_names(*certificate).value_or(std::vector<runtime::TlsName>());
  }
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &length);
  peer.protocol.assign(protocol, protocol + length);
  return peer;
}

TlsEngine::Result TlsEngine::read(std::span<std::byte> room) {
  const CleanErrors clean;
  std::size_t filled = 0;
  while (filled < room.size()) {
    const Result result = advance([&] {
      const std::size_t left = std::min(room.size() - filled, kTlsRecordBytes);
      return SSL_read(ssl_.get(), room.data() + filled, static_cast<int>(left));
    });
    // An end or a failure is told again by the next read.
    if (result.step != Step::kDone) return filled > 0 ? Result{Step::kDone, filled, {}} : result;
    filled += result.bytes;
  }
  return {Step::kDone, filled, {}};
}

bool TlsEngine::encrypt(const void* data, std::size_t bytes) {
  return bytes == 0 || SSL_write(ssl_.get(), data, static_cast<int>(bytes)) > 0;
}

std::size_t TlsEngine::write(std::span<const boost::asio::const_buffer> buffers) {
  const CleanErrors clean;
  std::array<std::byte, kTlsRecordBytes> record;  // what is being gathered
  std::size_t gathered = 0;
  std::size_t left = kTlsWriteBytesMax;
  const std::size_t bytes = std::min(boost::asio::buffer_size(buffers), left);
  output_.reserve(output_.size() + bytes + (bytes / kTlsRecordBytes + 2) * kRecordOverhead);
  for (boost::asio::const_buffer buffer : buffers) {
    while (left > 0 && buffer.size() > 0) {
      const std::size_t whole = std::min(buffer.size(), left) / record.size() * record.size();
      std::size_t taken = 0;
      if (gathered == 0 && whole > 0) {
        taken = whole;
        if (!encrypt(buffer.data(), whole)) return 0;
      } else {
        taken = std::min({buffer.size(), left, record.size() - gathered});
        std::memcpy(record.data() + gathered, buffer.data(), taken);
        gathered += taken;
        if (gathered == record.size() && !encrypt(record.data(), std::exchange(gathered, 0))) {
          return 0;
        }
      }
      left -= taken;
      buffer += taken;
    }
  }
  if (!encrypt(record.data(), gathered)) return 0;
  return kTlsWriteBytesMax - left;
}

void TlsEngine::end() {
  const CleanErrors clean;
  SSL_shutdown(ssl_.get());
}

bool TlsEngine::has_unread() {
  const CleanErrors clean;
  char byte = 0;
  const Result result = advance([&] { return SSL_peek(ssl_.get(), &byte, 1); });
  return result.step == Step::kDone ||
         (result.step == Step::kNeedsInput && SSL_has_pending(ssl_.get()) == 1);
}

}  // namespace prometheus_rsocket::net

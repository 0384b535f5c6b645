#include "net/tls_context.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "net/client_hello.h"
#include "net/tls_names.h"
#include "net/tls_pem.h"

namespace prometheus_rsocket::net {
namespace {

using boost::system::result;
using runtime::ClientCertificates;
using runtime::TlsVersion;
using Done = result<void, std::string>;

// 112 bits: RSA of 2,048 and more, SHA-2.
constexpr int kSecurityLevel = 2;

// What is good today: a key of its own for each connection, and AEAD. The server's order counts,
// and is Go's: AES with 128 bits first, ChaCha20 where that is the client's first.
constexpr const char* kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kCiphers12Default =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kCurvesDefault = "X25519:P-256:P-384:P-521";

// Nothing is resumed: connections last, a session would outlive the certificate that began it, and
// a ticket behind the handshake is what a peer that only writes never reads. A renegotiation could
// only change who the peer is.
constexpr std::uint64_t kOptions = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA;

SslContextPtr make_ssl(const SSL_METHOD* method) {
  const CleanErrors clean;
  SslContextPtr ssl(SSL_CTX_new(method));
  CHECK(ssl, "OpenSSL has TLS, and there is memory for its settings");
  SSL_CTX_set_security_level(ssl.get(), kSecurityLevel);
  SSL_CTX_set_options(ssl.get(), kOptions);
  SSL_CTX_set_num_tickets(ssl.get(), 0);
  SSL_CTX_set_max_cert_list(ssl.get(), kTlsChainBytesMax);
  SSL_CTX_set_session_cache_mode(ssl.get(), SSL_SESS_CACHE_OFF);
  // The chain that is sent is the one that was given: those whom the peer is judged by are others.
  SSL_CTX_set_mode(ssl.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  // What is no data is told to the engine, record by record: it counts them.
  SSL_CTX_clear_mode(ssl.get(), SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_ciphersuites(ssl.get(), kCiphers13);
  SSL_CTX_set_cipher_list(ssl.get(), kCiphers12Default);
  SSL_CTX_set1_groups_list(ssl.get(), kCurvesDefault);
  // As in Go: whoever is among the authorities is one, with or without whom signed them.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl.get()), X509_V_FLAG_PARTIAL_CHAIN);
  return ssl;
}

Done use_certificates(TlsContext& context, const std::string& certificates,
                      const std::string& private_key) {
  auto chain = read_certificates(certificates, "certificates");
  if (!chain) return chain.error();
  const auto key = read_private_key(private_key, "private_key");
  if (!key) return key.error();
  const CleanErrors clean;
  X509* const leaf = chain->front().get();
  if (X509_check_private_key(leaf, key->get()) != 1) {
    return std::string("private_key is not that of the first of certificates");
  }
  if (SSL_CTX_use_certificate(context.ssl.get(), leaf) != 1) {
    return "the first of certificates is refused: " + last_error_text();
  }
  if (SSL_CTX_use_PrivateKey(context.ssl.get(), key->get()) != 1) {
    return "private_key is refused: " + last_error_text();
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context.ssl.get(), (*chain)[i].get()) != 1) {
      return "certificate " + std::to_string(i + 1) +
             " of certificates is refused: " + last_error_text();
    }
  }
  return {};
}

result<std::vector<X509Ptr>, std::string> trust(TlsContext& context, const std::string& authorities,
                                                const std::string& what) {
  auto found = read_certificates(authorities, what);
  if (!found) return found;
  const CleanErrors clean;
  for (const auto& authority : *found) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context.ssl.get()), authority.get()) != 1) {
      return "a certificate of " + what + " is refused: " + last_error_text();
    }
  }
  return found;
}

int number_of(TlsVersion version) {
  return version == TlsVersion::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

Done set_versions(TlsContext& context, TlsVersion lowest, TlsVersion highest) {
  if (lowest > highest) return std::string("version_min is above version_max");
  SSL_CTX_set_min_proto_version(context.ssl.get(), number_of(lowest));
  SSL_CTX_set_max_proto_version(context.ssl.get(), number_of(highest));
  return {};
}

// By its name of OpenSSL; null when it is not built in.
const SSL_CIPHER* find_cipher(SSL_CTX* ssl, std::string_view name) {
  if (SSL_CTX_set_cipher_list(ssl, name.data()) != 1) return nullptr;
  const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(ssl);
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    const SSL_CIPHER* const cipher = sk_SSL_CIPHER_value(all, i);
    if (SSL_CIPHER_get_name(cipher) == name) return cipher;
  }
  return nullptr;
}

// As Go's list of what is secure: a certificate, a key of its own for each connection, 128 bits.
bool is_good(const SSL_CIPHER* cipher) {
  if (cipher == nullptr || SSL_CIPHER_get_kx_nid(cipher) != NID_kx_ecdhe) return false;
  const int authentication = SSL_CIPHER_get_auth_nid(cipher);
  constexpr int kBits = 128;
  return (authentication == NID_auth_rsa || authentication == NID_auth_ecdsa) &&
         SSL_CIPHER_get_bits(cipher, nullptr) >= kBits;
}

// Those of TLS 1.3 are left as they are: nobody chooses among them.
Done set_cipher_suites(TlsContext& context, const std::vector<std::string>& names,
                       TlsVersion highest) {
  if (names.empty()) return {};
  const CleanErrors clean;
  std::string list;
  for (const std::string& name : names) {
    const std::string_view known = OPENSSL_cipher_name(name.c_str());
    if (known == "(NONE)") return "cipher_suites: " + name + " is not known";
    if (known.starts_with("TLS_")) continue;
    if (!is_good(find_cipher(context.ssl.get(), known))) {
      return "cipher_suites: " + name + " is not secure enough to be used";
    }
    list.append(list.empty() ? "" : ":").append(known);
  }
  if (!list.empty()) {
    SSL_CTX_set_cipher_list(context.ssl.get(), list.c_str());
  } else if (highest == TlsVersion::kTls12) {
    return std::string("cipher_suites: none is of TLS 1.2, and version_max is TLS 1.2");
  } else {
    SSL_CTX_set_min_proto_version(context.ssl.get(), TLS1_3_VERSION);
  }
  return {};
}

Done set_curves(TlsContext& context, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  constexpr std::array<std::pair<std::string_view, const char*>, 4> kKnown{{{"CurveP256", "P-256"},
                                                                            {"CurveP384", "P-384"},
                                                                            {"CurveP521", "P-521"},
                                                                            {"X25519", "X25519"}}};
  std::string list;
  for (const std::string& name : names) {
    const auto* const known = std::ranges::find(kKnown, name, &decltype(kKnown)::value_type::first);
    if (known == kKnown.end()) return "curves: " + name + " is not known";
    list.append(list.empty() ? "" : ":").append(known->second);
  }
  const CleanErrors clean;
  if (SSL_CTX_set1_groups_list(context.ssl.get(), list.c_str()) != 1) {
    return "curves: " + last_error_text();
  }
  return {};
}

Done encode_protocols(TlsContext& context, const std::vector<std::string>& names) {
  constexpr std::size_t kLongest = 255;  // RFC 7301, 3.1
  for (const std::string& name : names) {
    if (name.empty() || name.size() > kLongest) {
      return std::string("protocols: a name has 1 to 255 bytes");
    }
    context.protocols += static_cast<char>(static_cast<unsigned char>(name.size()));
    context.protocols += name;
  }
  return {};
}

const unsigned char* data_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The first of ours that the client has, too. A client that has none of them is told so.
int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned int offered_length, void* argument) {
  const auto& context = *static_cast<const TlsContext*>(argument);
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, length, data_of(context.protocols),
                            static_cast<unsigned>(context.protocols.size()), offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

int accept_unverified(X509_STORE_CTX* verified, void* /*argument*/) {
  X509_STORE_CTX_set_error(verified, X509_V_OK);
  return 1;
}

// As OpenSSL does it, and who it is for in addition.
int verify_peer(X509_STORE_CTX* verified, void* argument) {
  if (X509_verify_cert(verified) != 1) return 0;
  const auto& allowed = static_cast<const TlsContext*>(argument)->client_names_allowed;
  const auto names = alternative_names(*X509_STORE_CTX_get0_cert(verified));
  if (!names) {
    X509_STORE_CTX_set_error(verified, X509_V_ERR_INVALID_EXTENSION);
    return 0;
  }
  // Whatever its kind, as exporter-toolkit has it: what is allowed is a whole name.
  const auto is_allowed = [&](const runtime::TlsName& name) {
    return std::ranges::find(allowed, name.text) != allowed.end();
  };
  if (!allowed.empty() && std::ranges::none_of(*names, is_allowed)) {
    X509_STORE_CTX_set_error(verified, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  return 1;
}

void verify_with(TlsContext& context, int mode, int (*judge)(X509_STORE_CTX*, void*)) {
  SSL_CTX_set_verify(context.ssl.get(), mode, nullptr);
  SSL_CTX_set_cert_verify_callback(context.ssl.get(), judge, &context);
}

Done set_client_certificates(TlsContext& context, const runtime::TlsServerConfig& config) {
  const ClientCertificates wanted = config.client_certificates;
  context.verifies_peer = runtime::verifies_certificate(wanted);
  if (context.verifies_peer && config.client_authorities.empty()) {
    return std::string("clients' certificates are to be verified, and client_authorities is empty");
  }
  if (!context.verifies_peer && !config.client_names_allowed.empty()) {
    return std::string("client_names_allowed: clients' certificates are not verified");
  }
  if (wanted == ClientCertificates::kNone && !config.client_authorities.empty()) {
    return std::string("client_authorities: clients' certificates are not asked for");
  }
  if (wanted == ClientCertificates::kNone) return {};
  const bool needed = runtime::needs_certificate(wanted);
  context.client_names_allowed = config.client_names_allowed;
  verify_with(context, SSL_VERIFY_PEER | (needed ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
              context.verifies_peer ? verify_peer : accept_unverified);
  if (config.client_authorities.empty()) return {};
  const auto authorities = trust(context, config.client_authorities, "client_authorities");
  if (!authorities) return authorities.error();
  const CleanErrors clean;
  for (const auto& authority : *authorities) {  // what clients are told
    if (SSL_CTX_add_client_CA(context.ssl.get(), authority.get()) != 1) {
      return "a certificate of client_authorities is refused: " + last_error_text();
    }
  }
  return {};
}

}  // namespace

result<TlsContextPtr, std::string> make_context(const runtime::TlsServerConfig& config) {
  const auto context = std::make_shared<TlsContext>();
  context->ssl = make_ssl(TLS_server_method());
  Done done = use_certificates(*context, config.certificates, config.private_key);
  if (done) done = set_versions(*context, config.version_min, config.version_max);
  if (done) done = set_cipher_suites(*context, config.cipher_suites, config.version_max);
  if (done) done = set_curves(*context, config.curves);
  if (done) done = set_client_certificates(*context, config);
  if (done) done = encode_protocols(*context, config.protocols);
  if (!done) return done.error();
  if (!context->protocols.empty()) {
    SSL_CTX_set_alpn_select_cb(context->ssl.get(), choose_protocol, context.get());
  }
  return TlsContextPtr(context);
}

result<TlsContextPtr, std::string> make_context(const runtime::TlsClientConfig& config) {
  const auto context = std::make_shared<TlsContext>();
  context->ssl = make_ssl(TLS_client_method());
  context->verifies_peer = true;
  Done done = set_versions(*context, TlsVersion::kTls12, TlsVersion::kTls13);
  if (done && (!config.certificates.empty() || !config.private_key.empty())) {
    done = use_certificates(*context, config.certificates, config.private_key);
  }
  if (done) done = encode_protocols(*context, config.protocols);
  if (!done) return done.error();
  if (!config.authorities.empty()) {
    const auto authorities = trust(*context, config.authorities, "authorities");
    if (!authorities) return authorities.error();
  }
  const CleanErrors clean;
  if (config.authorities.empty() && SSL_CTX_set_default_verify_paths(context->ssl.get()) != 1) {
    return "the system's authorities cannot be had: " + last_error_text();
  }
  verify_with(*context, SSL_VERIFY_PEER, verify_peer);
  if (!context->protocols.empty() &&
      SSL_CTX_set_alpn_protos(context->ssl.get(), data_of(context->protocols),
                              static_cast<unsigned>(context->protocols.size())) != 0) {
    return "protocols: " + last_error_text();
  }
  return TlsContextPtr(context);
}

}  // namespace prometheus_rsocket::net

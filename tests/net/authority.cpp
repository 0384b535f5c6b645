#include "authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/free_with.h"

namespace prometheus_rsocket::test {
namespace {

using BioPtr = std::unique_ptr<BIO, base::FreeWith<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, base::FreeWith<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, base::FreeWith<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, base::FreeWith<X509_EXTENSION_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, base::FreeWith<GENERAL_NAMES_free>>;

void expect(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "a test's certificates: %s failed\n", what);
  std::abort();
}

template <class Write>
std::string to_pem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  expect(write(bio.get()) == 1, "writing PEM");
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}
std::string to_pem(X509* certificate) {
  return to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}
std::string to_pem(EVP_PKEY* key) {
  return to_pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

X509Ptr unsigned_certificate(const Wishes& wishes, EVP_PKEY* key) {
  static long serial = 0;
  X509Ptr made(X509_new());
  X509_set_version(made.get(), 2);  // counted from 0
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  const auto seconds = [](std::chrono::hours hours) {
    return static_cast<long>(std::chrono::seconds(hours).count());
  };
  X509_gmtime_adj(X509_getm_notBefore(made.get()), seconds(wishes.begin));
  X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds(wishes.end));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(wishes.common_name.c_str()), -1,
                             -1, 0);
  expect(X509_set_pubkey(made.get(), key) == 1, "setting the key");
  return made;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  expect(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension.get(), -1);
}

void add_names(X509* certificate, const std::vector<AlternativeName>& names) {
  if (names.empty()) return;
  const GeneralNamesPtr all(GENERAL_NAMES_new());
  for (const auto& name : names) {
    const bool is_address = name.kind == AlternativeName::Kind::kAddress;
    ASN1_STRING* const text = is_address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.bytes.data(), static_cast<int>(name.bytes.size()));
    const int type = is_address                                 ? GEN_IPADD
                     : name.kind == AlternativeName::Kind::kDns ? GEN_DNS
                     : name.kind == AlternativeName::Kind::kUri ? GEN_URI
                                                                : GEN_EMAIL;
    GENERAL_NAME* const entry = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(entry, type, text);
    sk_GENERAL_NAME_push(all.get(), entry);
  }
  expect(X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), 0, 0) == 1, "names");
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  expect(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "signing");
}

}  // namespace

AlternativeName dns(std::string_view name) {
  return {AlternativeName::Kind::kDns, std::string(name)};
}
AlternativeName uri(std::string_view name) {
  return {AlternativeName::Kind::kUri, std::string(name)};
}
AlternativeName email(std::string_view name) {
  return {AlternativeName::Kind::kEmail, std::string(name)};
}
AlternativeName address(std::string_view text) {
  const auto parsed = boost::asio::ip::make_address(text);
  const auto bytes_of = [](const auto& bytes) { return std::string(bytes.begin(), bytes.end()); };
  return {AlternativeName::Kind::kAddress, parsed.is_v4() ? bytes_of(parsed.to_v4().to_bytes())
                                                          : bytes_of(parsed.to_v6().to_bytes())};
}

struct Authority::Impl {
  KeyPtr key{EVP_EC_gen("P-256")};
  X509Ptr certificate;
  std::string pem;
  std::string chain;  // what goes with those it issues

  Impl(const std::string& name, const Impl* issuer) {
    const Wishes wishes{.common_name = name};
    certificate = unsigned_certificate(wishes, key.get());
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    const Impl& signer = issuer != nullptr ? *issuer : *this;
    sign(certificate.get(), signer.certificate.get(), signer.key.get());
    pem = to_pem(certificate.get());
    if (issuer != nullptr) chain = pem + issuer->chain;
  }
};

Authority::Authority(const std::string& name) : impl_(std::make_unique<Impl>(name, nullptr)) {}
Authority::Authority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Authority::~Authority() = default;
Authority::Authority(Authority&& other) noexcept = default;
Authority& Authority::operator=(Authority&& other) noexcept = default;

const std::string& Authority::certificate() const { return impl_->pem; }

Authority Authority::intermediate(const std::string& name) const {
  return Authority(std::make_unique<Impl>(name, impl_.get()));
}

Identity Authority::issue(const Wishes& wishes) const {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate = unsigned_certificate(wishes, key.get());
  add_names(certificate.get(), wishes.names);
  if (!wishes.purposes.empty()) {
    add_extension(certificate.get(), NID_ext_key_usage, wishes.purposes);
  }
  sign(certificate.get(), impl_->certificate.get(), impl_->key.get());
  return {to_pem(certificate.get()) + impl_->chain, to_pem(key.get())};
}

std::string encrypted(const std::string& private_key) {
  const BioPtr from(BIO_new_mem_buf(private_key.data(), static_cast<int>(private_key.size())));
  const KeyPtr key(PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr));
  return to_pem([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr,
                                         nullptr);
  });
}

Identity rsa_identity(int bits) {
  const KeyPtr key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  const X509Ptr certificate = unsigned_certificate({}, key.get());
  sign(certificate.get(), certificate.get(), key.get());
  return {to_pem(certificate.get()), to_pem(key.get())};
}

}  // namespace prometheus_rsocket::test

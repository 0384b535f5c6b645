#include "access/grant.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace prometheus_rsocket::access {

static_assert(std::tuple_size_v<Digest> == SHA256_DIGEST_LENGTH);

// What is between two stars is taken where it comes first: any later place leaves less for the
// rest.
bool Glob::matches(std::string_view text) const {
  std::string_view rest = pattern_;
  std::size_t star = rest.find('*');
  if (star == std::string_view::npos) return text == rest;
  if (!text.starts_with(rest.substr(0, star))) return false;
  text.remove_prefix(star);
  rest.remove_prefix(star + 1);
  for (star = rest.find('*'); star != std::string_view::npos; star = rest.find('*')) {
    const std::size_t found = text.find(rest.substr(0, star));
    if (found == std::string_view::npos) return false;
    text.remove_prefix(found + star);
    rest.remove_prefix(star + 1);
  }
  return text.ends_with(rest);
}

bool allows(const Grant& grant, std::string_view job, std::string_view instance) {
  return grant.job.matches(job) && grant.instance.matches(instance);
}

const Grant* find_allowing(std::span<const Grant> grants, std::string_view job,
                           std::string_view instance) {
  const auto found = std::ranges::find_if(
      grants, [&](const Grant& grant) { return allows(grant, job, instance); });
  return found == grants.end() ? nullptr : &*found;
}

Digest sha256(std::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::vector<Grant> grants_for_token(std::span<const TokenGrant> tokens, std::string_view token) {
  std::vector<Grant> grants;
  if (token.empty()) return grants;  // whoever shows nothing, whatever is granted to that
  const Digest presented = sha256(token);
  for (const TokenGrant& known : tokens) {
    const bool is_it = CRYPTO_memcmp(known.digest.data(), presented.data(), presented.size()) == 0;
    if (is_it) grants.push_back(known.grant);
  }
  return grants;
}

std::vector<Grant> grants_for_names(std::span<const CertificateGrant> certificates,
                                    std::span<const runtime::TlsName> names) {
  std::vector<Grant> grants;
  for (const CertificateGrant& known : certificates) {
    const bool is_it = std::ranges::any_of(names, [&known](const runtime::TlsName& name) {
      return known.kind == name.kind && known.san.matches(name.text);
    });
    if (is_it) grants.push_back(known.grant);
  }
  return grants;
}

}  // namespace prometheus_rsocket::access

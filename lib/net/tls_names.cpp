#include "net/tls_names.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <span>

#include "net/openssl.h"
#include "runtime/address.h"

namespace prometheus_rsocket::net {
namespace {

namespace ip = boost::asio::ip;
using runtime::TlsName;
using MaybeText = std::optional<std::string>;

std::span<const unsigned char> bytes_of(const ASN1_STRING* string) {
  return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

MaybeText printable(std::span<const unsigned char> bytes) {
  if (bytes.empty()) return {};
  if (!std::ranges::all_of(bytes, [](unsigned char c) { return c >= 0x20 && c < 0x7F; })) return {};
  return std::string(bytes.begin(), bytes.end());
}

template <class Address>
MaybeText address_text(std::span<const unsigned char> bytes) {
  typename Address::bytes_type value;
  std::ranges::copy(bytes, value.begin());
  return runtime::unmapped(Address(value)).to_string();
}

MaybeText address(std::span<const unsigned char> bytes) {
  if (bytes.size() == ip::address_v4::bytes_type().size()) {
    return address_text<ip::address_v4>(bytes);
  }
  if (bytes.size() == ip::address_v6::bytes_type().size()) {
    return address_text<ip::address_v6>(bytes);
  }
  return {};
}

MaybeText text_of(const GENERAL_NAME& name, TlsName::Kind kind) {
  if (kind == TlsName::Kind::kAddress) return address(bytes_of(name.d.iPAddress));
  return printable(bytes_of(name.d.ia5));
}

std::optional<TlsName::Kind> kind_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return TlsName::Kind::kDns;
    case GEN_URI:
      return TlsName::Kind::kUri;
    case GEN_EMAIL:
      return TlsName::Kind::kEmail;
    case GEN_IPADD:
      return TlsName::Kind::kAddress;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::vector<TlsName>> alternative_names(const X509& certificate) {
  int status = 0;
  const GeneralNamesPtr found(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, &status, nullptr)));
  constexpr int kAbsent = -1;
  if (!found && status != kAbsent) return std::nullopt;
  std::vector<TlsName> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME& name = *sk_GENERAL_NAME_value(found.get(), i);
    const auto kind = kind_of(name);
    if (!kind) continue;
    MaybeText text = text_of(name, *kind);
    if (!text) return std::nullopt;
    names.push_back({*kind, std::move(*text)});
  }
  return names;
}

}  // namespace prometheus_rsocket::net

// SunJCE's OAEP for Crypto++, whose own template uses one hash for both the label and the mask.
#pragma once

#include <cryptopp/cryptlib.h>
#include <cryptopp/oaep.h>
#include <cryptopp/pubkey.h>
#include <cryptopp/rsa.h>
#include <cryptopp/sha.h>

namespace prometheus_rsocket::envelope {

// MGF1 over SHA-1, whatever hash OAEP itself uses.
class Mgf1Sha1 final : public CryptoPP::P1363_MGF1 {
 public:
  static const char* StaticAlgorithmName() { return "MGF1-SHA1"; }

  void GenerateAndMask(CryptoPP::HashTransformation& /*oaep_hash*/, CryptoPP::byte* output,
                       std::size_t output_size, const CryptoPP::byte* input, std::size_t input_size,
                       bool mask) const override {
    CryptoPP::SHA1 hash;
    P1363_MGF1::GenerateAndMask(hash, output, output_size, input, input_size, mask);
  }
};

using RsaOaep = CryptoPP::RSAES<CryptoPP::OAEP<CryptoPP::SHA256, Mgf1Sha1>>;

}  // namespace prometheus_rsocket::envelope

// Keys at the seam: making key pairs costs 100 ms of CPU, so it happens off the event loops.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/system/result.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "runtime/handler.h"

namespace prometheus_rsocket::envelope {  // only named here: the seam does not depend on envelope
class PrivateKey;
class PublicKey;
}  // namespace prometheus_rsocket::envelope

namespace prometheus_rsocket::runtime {

class Keys {
 public:
  virtual ~Keys() = default;

  // A new key pair of `bits` (2048 …). Shared: every shard opens with the same immutable key.
  // REQUIRES: the token is bound to a shard's executor, since Keys belong to none.
  template <class Token>
  auto async_make_private_key(unsigned bits, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code,
                                                   std::shared_ptr<const envelope::PrivateKey>)>(
        [this, bits](auto handler) { do_make_private_key(bits, std::move(handler)); }, token);
  }

  // Reads what a proxy sent: X.509 SubjectPublicKeyInfo in DER.
  [[nodiscard]] virtual boost::system::result<std::shared_ptr<const envelope::PublicKey>>
  read_public_key(std::span<const std::byte> der) = 0;

 private:
  virtual void do_make_private_key(
      unsigned bits,
      Handler<void(error_code, std::shared_ptr<const envelope::PrivateKey>)> handler) = 0;
};

}  // namespace prometheus_rsocket::runtime

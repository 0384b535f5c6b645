#include "client_keys.h"

#include <utility>

#include "base/check.h"
#include "envelope/rsa_key.h"

namespace prometheus_rsocket::client {

boost::system::result<std::shared_ptr<const envelope::PublicKey>> ClientKeys::read_public_key(
    std::span<const std::byte> der) {
  auto key = envelope::read_rsa_public_key(der);
  if (!key) return key.error();
  return std::shared_ptr<const envelope::PublicKey>(std::move(*key));
}

void ClientKeys::do_make_private_key(
    unsigned /*bits*/,
    runtime::Handler<void(runtime::error_code, std::shared_ptr<const envelope::PrivateKey>)>
    /*handler*/) {
  CHECK(false, "a client makes no keys");
}

}  // namespace prometheus_rsocket::client

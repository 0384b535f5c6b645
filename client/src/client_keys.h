// The seam's Keys as a client needs them: it reads what proxies send, and makes none.
#pragma once

#include "runtime/keys.h"

namespace prometheus_rsocket::client {

class ClientKeys final : public runtime::Keys {
 public:
  [[nodiscard]] boost::system::result<std::shared_ptr<const envelope::PublicKey>> read_public_key(
      std::span<const std::byte> der) override;

 private:
  // CHECKed not to be called.
  void do_make_private_key(
      unsigned bits,
      runtime::Handler<void(runtime::error_code, std::shared_ptr<const envelope::PrivateKey>)>
          handler) override;
};

}  // namespace prometheus_rsocket::client

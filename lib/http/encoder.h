// A body in its content coding: text from a source becomes what goes on the wire, piece by piece.
// Who writes it knows no codec. Internal to lib/http.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/compression.h"
#include "http/deflater.h"
#include "http/exchange.h"
#include "http/negotiation.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::http {

class Encoder {
 public:
  enum class Step {
    kMore,  // there is more to be asked for, after others had their turn
    kWait,  // likewise, but hardly before `ready` is called
    kEnd,   // that was all
  };

  virtual ~Encoder() = default;
  // Appends to `out` what comes next, perhaps nothing. Asks the source for one piece at most, and
  // for none while it holds as much as it may. REQUIRES: no call after kEnd.
  [[nodiscard]] virtual Step next(std::string& out) = 0;
};

// Makes the encoders of one server, on the shard where that lives.
class Encoders {
 public:
  // `process` outlives it.
  Encoders(runtime::Process& process, std::size_t shard, Compression compression);

  // The source is destroyed when it has ended, or with the encoder. `ready` is called on this
  // shard, never from within next() and not once the encoder is gone.
  [[nodiscard]] std::unique_ptr<Encoder> make(ContentCoding coding, Exchange::BodySource source,
                                              std::function<void()> ready) const;

 private:
  runtime::Process& process_;
  std::size_t shard_;
  std::size_t gzip_block_bytes_;
  // Both shared with blocks on their way through other shards.
  std::shared_ptr<Deflaters> deflaters_;
  std::shared_ptr<std::vector<std::size_t>> under_way_;  // blocks by shard; of this one to touch
};

}  // namespace prometheus_rsocket::http

// One gzip member (RFC 1952) whose blocks are deflated by all shards of the process, and joined in
// order. Internal to lib/http.
//
// A block goes by message to one of the other shards in turn, unless each has its share under way:
// then this shard deflates it, as it does all blocks where it is the only one, and the only block
// of a short body. No more than kGzipBlocksMax are held, however slowly they are taken. Whoever
// ends meanwhile, connection, server or process, is told nothing of what is still under way.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/encoder.h"

namespace prometheus_rsocket::http {

class GzipEncoder final : public Encoder {
 public:
  struct Shards {
    runtime::Process& process;
    std::size_t own;
    std::shared_ptr<Deflaters> deflaters;                 // one a shard
    std::shared_ptr<std::vector<std::size_t>> under_way;  // blocks of all bodies, by shard
    std::size_t block_bytes;
  };

  GzipEncoder(Shards shards, Exchange::BodySource source, std::function<void()> ready);

  [[nodiscard]] Step next(std::string& out) override;

 private:
  // What messages under way lead back to: they hold it weakly, and only its own shard looks.
  struct Blocks {
    std::deque<std::optional<DeflatedBlock>> held;  // in order; empty: under way
    std::uint64_t taken = 0;                        // before those
    std::vector<std::string> spare_texts;
    std::function<void()> ready;

    void arrive(std::uint64_t number, DeflatedBlock block, std::string text);
    [[nodiscard]] std::string take_spare_text();
  };

  void hand_out(bool last);
  [[nodiscard]] std::size_t next_shard();
  void take(std::string& out);

  const Shards shards_;
  Exchange::BodySource source_;  // null when it has ended
  std::string text_;             // of the block that is not full yet
  std::size_t turn_;             // the shard that got the last block of others
  std::shared_ptr<Blocks> blocks_ = std::make_shared<Blocks>();
  std::uint32_t crc_ = 0;
  std::uint64_t text_bytes_ = 0;
};

}  // namespace prometheus_rsocket::http

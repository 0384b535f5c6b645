#include "http/gzip_encoder.h"

#include <zlib.h>

#include <string_view>
#include <utility>

namespace prometheus_rsocket::http {
namespace {

// No name, no time, fastest algorithm, unknown system.
constexpr std::string_view kHeader("\x1f\x8b\x08\0\0\0\0\0\x04\xff", 10);

void append_little_endian(std::uint32_t number, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((number >> shift) & 0xffU);
}

}  // namespace

GzipEncoder::GzipEncoder(Shards shards, Exchange::BodySource source, std::function<void()> ready)
    : shards_(std::move(shards)), source_(std::move(source)), turn_(shards_.own) {
  blocks_->ready = std::move(ready);
}

Encoder::Step GzipEncoder::next(std::string& out) {
  const auto has_room = [&] { return source_ && blocks_->held.size() < kGzipBlocksMax; };
  if (has_room()) {
    const bool last = !source_(text_);
    if (last) source_ = nullptr;
    if (last || text_.size() >= shards_.block_bytes) hand_out(last);
  }
  take(out);
  if (has_room()) return Step::kMore;
  if (source_ || !blocks_->held.empty()) return Step::kWait;
  append_little_endian(crc_, out);
  append_little_endian(static_cast<std::uint32_t>(text_bytes_), out);
  return Step::kEnd;
}

void GzipEncoder::hand_out(bool last) {
  const std::uint64_t number = blocks_->taken + blocks_->held.size();
  const bool is_only = last && number == 0;
  const std::size_t to = is_only ? shards_.own : next_shard();
  auto& place = blocks_->held.emplace_back();
  if (to == shards_.own) {
    place = (*shards_.deflaters)[to].deflate(text_, last);
    text_.clear();
    return;
  }
  ++(*shards_.under_way)[to];
  shards_.process.send(
      shards_.own, to,
      [to, number, last, blocks = std::weak_ptr(blocks_), own = shards_.own,
       &process = shards_.process, deflaters = shards_.deflaters, under_way = shards_.under_way,
       text = std::exchange(text_, blocks_->take_spare_text())]() mutable {
        DeflatedBlock block = (*deflaters)[to].deflate(text, last);
        process.send(to, own,
                     [to, number, blocks = std::move(blocks), under_way = std::move(under_way),
                      block = std::move(block), text = std::move(text)]() mutable {
                       --(*under_way)[to];
                       const auto held = blocks.lock();
                       if (held) held->arrive(number, std::move(block), std::move(text));
                     });
      });
}

// The next other one whose share is not under way; else our own.
std::size_t GzipEncoder::next_shard() {
  const auto& under_way = *shards_.under_way;
  for (std::size_t i = 1; i <= under_way.size(); ++i) {
    const std::size_t shard = (turn_ + i) % under_way.size();
    if (shard == shards_.own || under_way[shard] >= kGzipBlocksPerShardMax) continue;
    turn_ = shard;
    return shard;
  }
  return shards_.own;
}

void GzipEncoder::take(std::string& out) {
  auto& held = blocks_->held;
  for (; !held.empty() && held.front(); held.pop_front()) {
    if (blocks_->taken++ == 0) out += kHeader;
    const DeflatedBlock& block = *held.front();
    out += block.bytes;
    crc_ = static_cast<std::uint32_t>(
        crc32_combine(crc_, block.crc, static_cast<z_off_t>(block.text_bytes)));
    text_bytes_ += block.text_bytes;
  }
}

void GzipEncoder::Blocks::arrive(std::uint64_t number, DeflatedBlock block, std::string text) {
  held[number - taken] = std::move(block);
  text.clear();
  if (spare_texts.size() < kGzipSpareTextsMax) spare_texts.push_back(std::move(text));
  if (number == taken) ready();
}

std::string GzipEncoder::Blocks::take_spare_text() {
  if (spare_texts.empty()) return {};
  std::string text = std::move(spare_texts.back());
  spare_texts.pop_back();
  return text;
}

}  // namespace prometheus_rsocket::http

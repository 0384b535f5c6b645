// What a content coding costs: a page of 50 MB, as many clients make it together, from pieces of
// 64 KiB to what goes on the wire. Bytes are those of the text; `ratio` is text to wire.
//
//   build/release/bench/encoding_bench
//
// The argument `values` is 0 where all values of a family are the same, 1 where none are; CPU is
// that of all threads.
#include <benchmark/benchmark.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/encoder.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"

namespace prometheus_rsocket::http {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

// 100 families of 10 samples from each of 520 clients, family by family: 50 MB.
std::string page(bool all_differ) {
  constexpr int kFamilies = 100;
  constexpr int kClients = 520;
  constexpr int kSamples = 10;
  std::uint32_t draw = 1;
  const auto value = [&](bool is_histogram) -> std::string {
    if (!all_differ) return is_histogram ? "17.0" : "2.5165824E7";
    draw = draw * 1664525U + 1013904223U;
    if (is_histogram) return std::to_string(draw % 100'000) + ".0";
    return std::to_string(draw >> 4U) + "." + std::to_string(draw % 9973);
  };
  std::string text;
  for (int i = 0; i < kFamilies; ++i) {
    const bool is_histogram = i % 4 == 0;
    const std::string name = "http_server_requests_" + std::to_string(i) + "_seconds";
    text += "# HELP " + name + " Duration of requests\n";
    text += "# TYPE " + name + (is_histogram ? " histogram\n" : " gauge\n");
    for (int client = 0; client < kClients; ++client) {
      for (int j = 0; j < kSamples; ++j) {
        text += name + (is_histogram ? "_bucket" : "");
        text += "{application=\"orders\",instance=\"" + std::to_string(client) + "\",uri=\"/api/" +
                std::to_string(j) + "\"";
        if (is_histogram) text += ",le=\"0." + std::to_string(j) + "\"";
        text += "} " + value(is_histogram) + "\n";
      }
    }
  }
  return text;
}

const std::string& text_of(benchmark::State& state) {
  static const std::array<std::string, 2> pages{page(false), page(true)};
  return pages.at(static_cast<std::size_t>(state.range(0)));
}

void count(benchmark::State& state, std::size_t packed) {
  const std::size_t bytes = text_of(state).size();
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(bytes));
  state.counters["ratio"] = static_cast<double>(bytes) / static_cast<double>(packed);
}

// Asks an encoder on shard 0 for all there is, as a connection does whose peer takes everything.
class Reader {
 public:
  Reader(net::Process& process, ContentCoding coding, Compression compression,
         std::string_view text)
      : process_(process) {
    const auto source = [text](std::string& out) mutable {
      const std::string_view piece = text.substr(0, kPieceBytes);
      text.remove_prefix(piece.size());
      out += piece;
      return !piece.empty();
    };
    encoder_ = Encoders(process, 0, compression).make(coding, source, [this] { go_on(); });
    go_on();
  }

  void go_on() {
    if (ended_) return;
    out_.clear();
    const auto step = encoder_->next(out_);
    packed_ += out_.size();
    ended_ = step == Encoder::Step::kEnd;
    if (ended_) return process_.stop();
    if (step == Encoder::Step::kWait) return;
    boost::asio::post(process_.shard(0).executor, [this] { go_on(); });
  }
  [[nodiscard]] std::size_t packed() const { return packed_; }

 private:
  net::Process& process_;
  std::unique_ptr<Encoder> encoder_;
  std::string out_;
  std::size_t packed_ = 0;
  bool ended_ = false;
};

void encode(benchmark::State& state, ContentCoding coding, std::size_t shards,
            Compression compression) {
  const std::string& text = text_of(state);
  const auto log = net::make_stderr_log(runtime::LogLevel::kError, net::LogFormat::kLogfmt);
  const auto keys = net::make_keys();
  std::size_t packed = 0;
  for (auto _ : state) {
    net::Process process(shards, *keys, *log);
    Reader reader(process, coding, compression, text);
    process.run();
    packed = reader.packed();
  }
  count(state, packed);
}

void identity(benchmark::State& state) { encode(state, ContentCoding::kIdentity, 1, {}); }
void zstd(benchmark::State& state) { encode(state, ContentCoding::kZstd, 1, {}); }
void gzip_blocks(benchmark::State& state) {
  const auto block_bytes = static_cast<std::size_t>(state.range(1)) << 10U;
  encode(state, ContentCoding::kGzip, 1, {GzipEffort::kFast, block_bytes});
}
void gzip_shards(benchmark::State& state) {
  encode(state, ContentCoding::kGzip, static_cast<std::size_t>(state.range(1)), {});
}
void gzip_reproducible(benchmark::State& state) {
  encode(state, ContentCoding::kGzip, 1, {GzipEffort::kReproducible, kGzipBlockBytes});
}

// What blocks are compared with: one stream of ISA-L over the whole page.
void gzip_one_stream(benchmark::State& state) {
  std::string text = text_of(state);
  std::vector<std::uint8_t> level_buffer(ISAL_DEF_LVL1_DEFAULT);
  std::array<std::uint8_t, std::size_t{32} << 10> room{};
  std::size_t packed = 0;
  for (auto _ : state) {
    isal_zstream stream{};
    isal_deflate_init(&stream);
    stream.level = 1;
    stream.level_buf = level_buffer.data();
    stream.level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
    stream.gzip_flag = IGZIP_GZIP;
    packed = 0;
    for (std::size_t at = 0; at < text.size(); at += kPieceBytes) {
      const std::size_t size = std::min(kPieceBytes, text.size() - at);
      stream.next_in = reinterpret_cast<std::uint8_t*>(text.data() + at);
      stream.avail_in = static_cast<std::uint32_t>(size);
      stream.end_of_stream = at + size == text.size() ? 1 : 0;
      do {
        stream.next_out = room.data();
        stream.avail_out = static_cast<std::uint32_t>(room.size());
        CHECK(isal_deflate(&stream) == COMP_OK, "the stream was set up by us");
        packed += room.size() - stream.avail_out;
      } while (stream.avail_out == 0);
    }
    benchmark::DoNotOptimize(packed);
  }
  count(state, packed);
}

void measure(benchmark::internal::Benchmark* that) {
  that->ArgName("values")->Arg(0)->Arg(1);
  that->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
}
void measure_with(benchmark::internal::Benchmark* that, const char* name,
                  const std::vector<std::int64_t>& arguments) {
  that->ArgNames({"values", name})->ArgsProduct({{0, 1}, arguments});
  that->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
}
void measure_blocks(benchmark::internal::Benchmark* that) {
  measure_with(that, "KiB", {64, 128, 256, 512});
}
void measure_shards(benchmark::internal::Benchmark* that) {
  measure_with(that, "shards", {1, 2, 4});
}

BENCHMARK(identity)->Apply(measure);
BENCHMARK(gzip_one_stream)->Apply(measure);
BENCHMARK(gzip_blocks)->Apply(measure_blocks);
BENCHMARK(gzip_shards)->Apply(measure_shards);
BENCHMARK(gzip_reproducible)->Apply(measure);
BENCHMARK(zstd)->Apply(measure);

}  // namespace
}  // namespace prometheus_rsocket::http

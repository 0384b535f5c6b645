// What the envelope costs: a client seals its text, the proxy opens it; and the three parts of
// that, the RSA private operation, AES and Snappy, each alone. Bytes are those of the clear text
// (of AES: of its input); items are calls.
//
//   build/release/bench/envelope_bench
#include <benchmark/benchmark.h>
#include <snappy.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "envelope/aes.h"
#include "envelope/envelope.h"
#include "envelope/rsa_key.h"

namespace prometheus_rsocket::envelope {
namespace {

constexpr unsigned kKeyBits = 2048;  // the default of --key.bits

// The same bytes in every run, so that runs are comparable.
class SeededRandom final : public RandomSource {
 public:
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(engine_() & 0xFFU);
  }

 private:
  std::mt19937_64 engine_{1};
};

using Keys = std::vector<std::shared_ptr<const PrivateKey>>;

const Keys& keys() {
  static const Keys made = [] {
    SeededRandom random;
    return Keys{make_rsa_private_key(kKeyBits, random).value()};
  }();
  return made;
}

// `series` lines of an exposition: about 60 bytes each, with values that differ.
std::string exposition_text(std::int64_t series) {
  std::mt19937_64 engine{2};
  std::string text;
  for (std::int64_t i = 0; i < series; ++i) {
    text += "http_server_requests_seconds{uri=\"/api/" + std::to_string(i) + "\",} " +
            std::to_string(engine() % 1'000'000) + ".25\n";
  }
  return text;
}

void count(benchmark::State& state, std::size_t bytes) {
  const auto iterations = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(iterations);
}

void seal_text(benchmark::State& state) {
  const std::string text = exposition_text(state.range(0));
  const auto key = read_rsa_public_key(keys().front()->public_key_der()).value();
  SeededRandom random;
  for (auto _ : state) {
    const auto sealed = seal(text, *key, random);
    CHECK(sealed.has_value(), "any text can be sealed");
    benchmark::DoNotOptimize(sealed->data.data());
  }
  count(state, text.size());
}

void open_text(benchmark::State& state) {
  const std::string text = exposition_text(state.range(0));
  const auto key = read_rsa_public_key(keys().front()->public_key_der()).value();
  SeededRandom random;
  const Sealed sealed = seal(text, *key, random).value();
  std::string buffer;
  for (auto _ : state) {
    const auto opened = open(sealed.metadata, sealed.data, keys(), {}, buffer);
    CHECK(opened.has_value(), "what was sealed for a key opens with it");
    benchmark::DoNotOptimize(opened->text.data());
  }
  count(state, text.size());
}

void rsa_private_operation(benchmark::State& state) {
  const auto key = read_rsa_public_key(keys().front()->public_key_der()).value();
  SeededRandom random;
  const base::Bytes wrapped = key->wrap(AesKey{}, random).value();
  for (auto _ : state) {
    const auto unwrapped = keys().front()->unwrap(wrapped);
    CHECK(unwrapped.has_value(), "what was wrapped for a key is unwrapped by it");
    benchmark::DoNotOptimize(unwrapped->bytes.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void aes_decrypt(benchmark::State& state) {
  base::Bytes data(static_cast<std::size_t>(state.range(0)));
  encrypt_padded(AesKey{}, data);
  for (auto _ : state) {
    const auto clear = decrypt_padded(AesKey{}, data);
    CHECK(clear.has_value(), "the padding is right");
    benchmark::DoNotOptimize(clear->data());
  }
  count(state, data.size());
}

void snappy_uncompress(benchmark::State& state) {
  const std::string text = exposition_text(state.range(0));
  std::string compressed;
  snappy::Compress(text.data(), text.size(), &compressed);
  std::string buffer(text.size(), '\0');
  for (auto _ : state) {
    const bool valid = snappy::RawUncompress(compressed.data(), compressed.size(), buffer.data());
    CHECK(valid, "what was compressed is valid");
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
  }
  count(state, text.size());
}

BENCHMARK(seal_text)->ArgName("series")->Arg(10)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(open_text)->ArgName("series")->Arg(10)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(rsa_private_operation)->Unit(benchmark::kMicrosecond);
BENCHMARK(aes_decrypt)->ArgName("bytes")->Arg(1024)->Arg(16 * 1024)->Unit(benchmark::kMicrosecond);
BENCHMARK(snappy_uncompress)->ArgName("series")->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace prometheus_rsocket::envelope

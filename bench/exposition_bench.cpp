// What a scrape costs in the exposition: the gate (scan, rescan) for one client's text, the page
// (merge and write) of many clients, and both together; beside them the floor, finding the lines
// and copying each once. Bytes are those that came in; items are samples.
//
//   build/release/bench/exposition_bench
#include <benchmark/benchmark.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "exposition/page_writer.h"
#include "exposition/rescan.h"
#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr base::SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

// A text like Micrometer's: gauges with a few labels, and histograms. Each client has series of its
// own by its label, or the same as all others (is_shared).
std::string client_text(int client, int family_count, bool is_shared) {
  const std::string labels =
      "{application=\"orders\",instance=\"" + std::to_string(is_shared ? 0 : client) + "\",uri=\"";
  std::string text;
  for (int i = 0; i < family_count; ++i) {
    const bool is_histogram = i % 4 == 0;
    const std::string name = "http_server_requests_" + std::to_string(i) + "_seconds";
    text += "# HELP " + name + " Duration of requests\n";
    text += "# TYPE " + name + (is_histogram ? " histogram\n" : " gauge\n");
    for (int j = 0; j < 10; ++j) {
      const std::string series = labels + "/api/" + std::to_string(j) + "\"";
      if (is_histogram) {
        text += name + "_bucket" + series + ",le=\"0." + std::to_string(j) + "\",} 17.0\n";
      } else {
        text += name + series + ",} 2.5165824E7\n";
      }
    }
  }
  return text;
}

void count(benchmark::State& state, std::size_t bytes, std::size_t samples) {
  const auto iterations = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(iterations * static_cast<std::int64_t>(samples));
}

void scan_text(benchmark::State& state) {
  const std::string text = client_text(1, static_cast<int>(state.range(0)), false);
  std::size_t samples = 0;
  for (auto _ : state) {
    const auto index = scan(text, kKey);
    CHECK(index.has_value(), "the text is valid");
    samples = index->samples.size();
    benchmark::DoNotOptimize(index->samples.data());
  }
  count(state, text.size(), samples);
}

Exposition exposition_of(std::string text) {
  Index index = *scan(text, kKey);
  return {std::move(text), std::move(index)};
}

// The same client's text a scrape later: all values are others.
std::string a_scrape_later(std::string text) {
  for (std::size_t at = text.find("} "); at != std::string::npos; at = text.find("} ", at + 1)) {
    text[at + 2] = '7';
  }
  return text;
}

void rescan_text(benchmark::State& state) {
  const Exposition before = exposition_of(client_text(1, static_cast<int>(state.range(0)), false));
  const std::string text = a_scrape_later(before.text);
  for (auto _ : state) {
    const auto index = rescan(text, before);
    CHECK(index.has_value(), "only values differ");
    benchmark::DoNotOptimize(index->samples.data());
  }
  count(state, text.size(), before.index.samples.size());
}

// The texts of many clients and what scan() finds in them, which points into the texts.
class Clients {
 public:
  Clients(std::int64_t count, bool is_shared) {
    constexpr int kFamilies = 100;
    for (int i = 0; i < count; ++i) {
      texts_.push_back(client_text(i, kFamilies, is_shared));
      bytes_ += texts_.back().size();
    }
    for (const std::string& text : texts_) before_.push_back(exposition_of(text));
    for (std::string& text : texts_) text = a_scrape_later(std::move(text));
    scan_all();
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void scan_all() {
    begin();
    for (const std::string& text : texts_) {
      auto index = scan(text, kKey);
      CHECK(index.has_value(), "the text is valid");
      add(text, std::move(*index));
    }
  }
  // By what each has sent before.
  void rescan_all() {
    begin();
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      auto index = rescan(texts_[i], before_[i]);
      CHECK(index.has_value(), "only values differ");
      add(texts_[i], std::move(*index));
    }
  }

  [[nodiscard]] std::span<const Source> sources() const { return sources_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t samples() const { return samples_; }

 private:
  void begin() {
    indexes_.clear();
    sources_.clear();
    samples_ = 0;
    indexes_.reserve(texts_.size());
  }
  void add(const std::string& text, Index index) {
    samples_ += index.samples.size();
    indexes_.push_back(std::move(index));
    sources_.push_back({text, &indexes_.back()});
  }

  std::vector<Exposition> before_;
  std::vector<std::string> texts_;
  std::vector<Index> indexes_;
  std::vector<Source> sources_;
  std::size_t bytes_ = 0;
  std::size_t samples_ = 0;
};

void write_page(const Clients& clients, std::string& chunk) {
  PageWriter writer(clients.sources(), {}, kKey);
  while (writer.write(chunk)) {
    benchmark::DoNotOptimize(chunk.data());
    chunk.clear();
  }
}

void write_pages(benchmark::State& state, bool is_shared) {
  const Clients clients(state.range(0), is_shared);
  std::string chunk;
  for (auto _ : state) write_page(clients, chunk);
  count(state, clients.bytes(), clients.samples());
}

void write_distinct(benchmark::State& state) { write_pages(state, false); }
void write_duplicates(benchmark::State& state) { write_pages(state, true); }

void scan_and_write(benchmark::State& state) {
  Clients clients(state.range(0), false);
  std::string chunk;
  for (auto _ : state) {
    clients.scan_all();
    write_page(clients, chunk);
  }
  count(state, clients.bytes(), clients.samples());
}

// What a scrape costs but for the first.
void rescan_and_write(benchmark::State& state) {
  Clients clients(state.range(0), false);
  std::string chunk;
  for (auto _ : state) {
    clients.rescan_all();
    write_page(clients, chunk);
  }
  count(state, clients.bytes(), clients.samples());
}

// What nobody can do without: each line is found and copied into a chunk that is used again.
void floor_lines_copied(benchmark::State& state) {
  const Clients clients(state.range(0), false);
  std::string chunk;
  for (auto _ : state) {
    for (const Source& source : clients.sources()) {
      for (std::string_view rest = source.text; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n') + 1);
        chunk.append(line);
        rest.remove_prefix(line.size());
        if (chunk.size() < kChunkBytes) continue;
        benchmark::DoNotOptimize(chunk.data());
        chunk.clear();
      }
    }
  }
  count(state, clients.bytes(), clients.samples());
}

BENCHMARK(scan_text)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(rescan_text)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(write_distinct)->Arg(1)->Arg(100)->Arg(500)->Unit(benchmark::kMillisecond);
BENCHMARK(write_duplicates)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(floor_lines_copied)->Arg(1)->Arg(100)->Arg(500)->Unit(benchmark::kMillisecond);
BENCHMARK(scan_and_write)->Arg(1)->Arg(100)->Arg(500)->Unit(benchmark::kMillisecond);
BENCHMARK(rescan_and_write)->Arg(1)->Arg(100)->Arg(500)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prometheus_rsocket::exposition

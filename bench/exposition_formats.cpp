// What each format costs, to read and to write: clients that write text as Micrometer does (with a
// comma behind the last label), plain text, OpenMetrics or protobuf, and pages in each of the three
// formats from clients of each kind. Part of exposition_bench. Bytes are those that came in; items
// are samples.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "exposition/page_writer.h"
#include "exposition/read.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::size_t kClients = 100;
constexpr ReadSettings kSettings{.text_bytes_max = std::size_t{64} << 20,
                                 .key = {0x0706050403020100, 0x0f0e0d0c0b0a0908}};

enum class Kind : std::uint8_t { kMicrometer, kPlain, kOpenMetrics, kProtobuf };
constexpr std::array<std::pair<Kind, const char*>, 4> kKinds{{{Kind::kMicrometer, "micrometer"},
                                                              {Kind::kPlain, "plain"},
                                                              {Kind::kOpenMetrics, "openmetrics"},
                                                              {Kind::kProtobuf, "protobuf"}}};
constexpr std::array<std::pair<Syntax, const char*>, 3> kSyntaxes{
    {{Syntax::kText, "text"},
     {Syntax::kOpenMetrics, "openmetrics"},
     {Syntax::kProtobuf, "protobuf"}}};

// 100 families of 10 samples: whole histograms, counters and gauges. Other values each `round`.
class ClientText {
 public:
  ClientText(std::size_t client, Kind kind, std::size_t round)
      : is_openmetrics_(kind == Kind::kOpenMetrics),
        end_of_labels_(kind == Kind::kMicrometer ? ",} " : "} "),
        labels_("{application=\"orders\",instance=\"" + std::to_string(client) + "\",uri=\"/api/"),
        value_((client * 7919 + round) % 90'000 + 10'000) {}

  [[nodiscard]] std::string write() {
    for (int i = 0; i < 100; ++i) {
      const std::string number = std::to_string(i);
      if (i % 4 == 0) histogram("http_server_requests_" + number + "_seconds");
      if (i % 4 == 1) scalars("orders_" + number, "counter", "_total");
      if (i % 4 > 1) scalars("jvm_memory_" + number + "_bytes", "gauge", "");
    }
    if (is_openmetrics_) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  void head(const std::string& name, std::string_view type) {
    text_ += "# HELP " + name + " What is measured\n# TYPE " + name + " ";
    text_.append(type).append("\n");
  }
  void sample(const std::string& name, int uri, const std::string& bound = {}) {
    text_ += name + labels_ + std::to_string(uri) + "\"" + bound;
    text_.append(end_of_labels_).append(std::to_string(value_)).append(".25\n");
  }
  void scalars(const std::string& name, std::string_view type, std::string_view suffix) {
    const std::string sample_name = name + std::string(suffix);
    head(is_openmetrics_ ? name : sample_name, type);
    for (int uri = 0; uri < 10; ++uri) sample(sample_name, uri);
  }
  void histogram(const std::string& name) {
    head(name, "histogram");
    for (const char* bound : {"0.005", "0.01", "0.05", "0.1", "0.5", "1.0", "5.0", "+Inf"}) {
      sample(name + "_bucket", 0, ",le=\"" + std::string(bound) + "\"");
    }
    sample(name + "_count", 0);
    sample(name + "_sum", 0);
  }

  const bool is_openmetrics_;
  const std::string_view end_of_labels_;
  const std::string labels_;
  const std::size_t value_;
  std::string text_;
};

Exposition read_all(std::string payload, const Exposition* before = nullptr) {
  auto exposition = read(std::move(payload), before, kSettings);
  CHECK(exposition.has_value(), "what we made can be read");
  return std::move(*exposition);
}

void write_page(std::span<const Source> sources, const Format& format, auto&& take) {
  PageWriter writer(sources, format, kSettings.key);
  std::string chunk;
  while (writer.write(chunk)) {
    take(chunk);
    chunk.clear();
  }
}

// What such a client sends.
std::string payload_of(std::size_t client, Kind kind, std::size_t round) {
  std::string text = ClientText(client, kind, round).write();
  if (kind != Kind::kProtobuf) return text;
  const Exposition exposition = read_all(std::move(text));
  const Source source{exposition.text, &exposition.index};
  std::string payload;
  write_page({&source, 1}, {.syntax = Syntax::kProtobuf},
             [&](const std::string& chunk) { payload += chunk; });
  return payload;
}

void count(benchmark::State& state, std::size_t bytes, std::size_t samples) {
  const auto iterations = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(iterations * static_cast<std::int64_t>(samples));
}

// One client's payload, as if for the first time, or by the one before.
void read_payload(benchmark::State& state, Kind kind, bool has_before) {
  const Exposition before = read_all(payload_of(1, kind, 0));
  const std::string payload = payload_of(1, kind, 1);
  std::size_t samples = 0;
  for (auto _ : state) {
    const Exposition exposition = read_all(payload, has_before ? &before : nullptr);
    samples = exposition.index.samples.size();
    benchmark::DoNotOptimize(exposition.index.samples.data());
  }
  count(state, payload.size(), samples);
}

// A page of many clients that all send the same kind.
void write_format(benchmark::State& state, Kind kind, Syntax syntax) {
  std::vector<Exposition> expositions;
  std::vector<Source> sources;
  std::size_t bytes = 0;
  std::size_t samples = 0;
  for (std::size_t client = 0; client < kClients; ++client) {
    std::string payload = payload_of(client, kind, 1);
    bytes += payload.size();
    expositions.push_back(read_all(std::move(payload)));
    samples += expositions.back().index.samples.size();
  }
  for (const Exposition& one : expositions) sources.push_back({one.text, &one.index});
  for (auto _ : state) {
    write_page(sources, {.syntax = syntax},
               [](const std::string& chunk) { benchmark::DoNotOptimize(chunk.data()); });
  }
  count(state, bytes, samples);
}

const bool kRegistered = [] {
  for (const auto& [kind, name] : kKinds) {
    const std::string from = "/from:" + std::string(name);
    benchmark::RegisterBenchmark(("read" + from).c_str(), read_payload, kind, false)
        ->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("reread" + from).c_str(), read_payload, kind, true)
        ->Unit(benchmark::kMicrosecond);
    for (const auto& [syntax, page] : kSyntaxes) {
      benchmark::RegisterBenchmark(("page:" + std::string(page) + from).c_str(), write_format, kind,
                                   syntax)
          ->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace prometheus_rsocket::exposition

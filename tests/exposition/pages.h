// Helpers of the exposition tests: texts as real libraries write them, and a page from texts.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exposition/page_writer.h"
#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {

// As Micrometer's PrometheusMeterRegistry writes it (simpleclient, TextFormat.write004).
inline constexpr std::string_view kMicrometer =
    "# HELP jvm_memory_used_bytes The amount of used memory\n"
    "# TYPE jvm_memory_used_bytes gauge\n"
    "jvm_memory_used_bytes{area=\"heap\",id=\"G1 Eden Space\",} 2.5165824E7\n"
    "jvm_memory_used_bytes{area=\"nonheap\",id=\"CodeHeap 'profiled nmethods'\",} 1.2E7\n"
    "# HELP http_server_requests_seconds  \n"
    "# TYPE http_server_requests_seconds summary\n"
    "http_server_requests_seconds{uri=\"/a\",quantile=\"0.5\",} 0.001\n"
    "http_server_requests_seconds_count{uri=\"/a\",} 12.0\n"
    "http_server_requests_seconds_sum{uri=\"/a\",} 0.25\n"
    "# HELP http_server_requests_seconds_max  \n"
    "# TYPE http_server_requests_seconds_max gauge\n"
    "http_server_requests_seconds_max{uri=\"/a\",} NaN\n";

// As prometheus-cpp's TextSerializer writes it.
inline constexpr std::string_view kPrometheusCpp =
    "# HELP exposer_transferred_bytes_total Transferred bytes to metrics services\n"
    "# TYPE exposer_transferred_bytes_total counter\n"
    "exposer_transferred_bytes_total 1234\n"
    "# HELP latency_seconds Time \\\\ \\n of it\n"
    "# TYPE latency_seconds histogram\n"
    "latency_seconds_count{path=\"C:\\\\dir\"} 3\n"
    "latency_seconds_sum{path=\"C:\\\\dir\"} 0.5\n"
    "latency_seconds_bucket{path=\"C:\\\\dir\",le=\"0.1\"} 1\n"
    "latency_seconds_bucket{path=\"C:\\\\dir\",le=\"+Inf\"} 3\n";

inline constexpr base::SipKey kKey{1, 2};

inline auto scan(std::string_view text) { return scan(text, kKey); }

// The index of a text that must be valid.
inline Index scanned(std::string_view text) {
  auto index = scan(text);
  if (index) return std::move(*index);
  ADD_FAILURE() << index.error() << " in:\n" << text;
  return {};
}

struct Page {
  std::string text;
  MergeStats stats;
};

enum class Lines { kCopied, kRewritten };

// Merges valid texts, the first being the senior; nothing is borrowed beyond the call. kRewritten:
// no line is copied as it is, even if it could be.
inline Page merged(const std::vector<std::string>& texts, const Format& format = {},
                   Lines lines = Lines::kCopied) {
  std::deque<Index> indexes;
  std::vector<Source> sources;
  for (const std::string& text : texts) {
    indexes.push_back(scanned(text));
    indexes.back().has_quoted_names |= lines == Lines::kRewritten;
    sources.push_back({text, &indexes.back()});
  }
  PageWriter writer(sources, format, kKey);
  Page page;
  while (writer.write(page.text)) {
  }
  page.stats = writer.stats();
  return page;
}

}  // namespace prometheus_rsocket::exposition

// What a page shows of the soak's clients and pushes, and whether it is a page at all.
//
// Every series of a client has the label app="10005" for client number 5 (bench/support), every one
// of a push the label push="7"; all of them are gauges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "support/scraper.h"

namespace prometheus_rsocket::soak {

using Number = std::uint64_t;

struct Page {
  std::map<Number, std::size_t> samples_of_client;
  std::map<Number, std::size_t> samples_of_push;
  std::size_t samples = 0;
  std::string fault;  // the first thing wrong, in words; empty: nothing

  friend bool operator==(const Page&, const Page&) = default;
};

// Wrong is: a family that is declared twice or torn apart, a sample outside of its family or of
// nobody, a series that stands twice, an end that is none. What is protobuf is read by
// lib/exposition first, which refuses more.
[[nodiscard]] Page read_page(std::string_view page, bench::PageSyntax syntax);

// What a client numbered so writes beside its bench::ClientText: a family that nobody else has.
[[nodiscard]] std::string own_family(Number client);

// The text of a push, with kPushSamples samples.
inline constexpr std::size_t kPushSamples = 10;
[[nodiscard]] std::string push_text(Number push);

}  // namespace prometheus_rsocket::soak

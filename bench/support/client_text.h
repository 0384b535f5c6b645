// What the clients of the load expose, and whether a page has all of it: texts like Micrometer's,
// with series of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::bench {

class ClientText {
 public:
  // `series` samples, the first of which tells how often advance() was called and the others are in
  // families of ten; about 51 bytes a sample with HELP and TYPE. All clients have the same
  // families, and no two the same series. REQUIRES: series > 0.
  ClientText(std::size_t client, std::size_t series);

  [[nodiscard]] const std::string& text() const { return text_; }

  // As of a scrape later: one value in two has changed, and with it often its size.
  void advance();

 private:
  struct Value {
    std::size_t offset;   // of what follows it, in rest_
    std::uint64_t state;  // of what its numbers are drawn from
  };

  void write();

  std::uint64_t scrapes_ = 0;
  std::size_t scrapes_offset_ = 0;  // of what follows their number, in rest_
  std::string rest_;                // the text without the values that change
  std::vector<Value> changing_;
  std::string text_;
};

// What is wrong with a page of such clients, in words; empty for nothing. It must have `samples`
// lines that are samples, no series twice, and of `clients` the text of scrape number `scrape`,
// counted from 1.
[[nodiscard]] std::string fault_of_page(std::string_view page, std::size_t clients,
                                        std::size_t samples, std::uint64_t scrape);

}  // namespace prometheus_rsocket::bench

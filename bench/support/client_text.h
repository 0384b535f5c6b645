// What a client of the load exposes: a text like Micrometer's, with series of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace prometheus_rsocket::bench {

class ClientText {
 public:
  // `series` samples in families of ten, each with its HELP and TYPE; about 51 bytes a sample with
  // them. All clients have the same families, and no two the same series.
  ClientText(std::size_t client, std::size_t series);

  [[nodiscard]] const std::string& text() const { return text_; }

  // As of a scrape later: one value in two has changed, and with it often its size.
  void advance();

 private:
  struct Value {
    std::size_t offset;   // of what follows it, in rest_
    std::uint64_t state;  // of what its numbers are drawn from
  };

  std::string rest_;  // the text without the values that change
  std::vector<Value> changing_;
  std::string text_;
};

}  // namespace prometheus_rsocket::bench

#include "support/client_text.h"

#include <charconv>

namespace prometheus_rsocket::bench {
namespace {

constexpr std::size_t kFamilySize = 10;
constexpr std::uint64_t kNumberMin = 1'000'000;  // the numbers have seven digits
constexpr std::uint64_t kNumberMax = 9'999'999;
constexpr std::uint64_t kStep = 4'801;

}  // namespace

ClientText::ClientText(std::size_t client, std::size_t series) {
  const std::string labels = "{app=\"" + std::to_string(10'000 + client) + "\",id=\"";
  for (std::size_t i = 0; i < series; ++i) {
    const std::string name = "jvm_pool_" + std::to_string(100 + i / kFamilySize) + "_bytes";
    if (i % kFamilySize == 0) {
      text_ += "# HELP " + name + " The memory in use\n# TYPE " + name + " gauge\n";
    }
    text_ += name + labels + static_cast<char>('a' + i % kFamilySize) + "\",} ";
    const std::uint64_t number = kNumberMin + (client * 7 + i) * kStep % (kNumberMax - kNumberMin);
    if (i % 2 == 0) changing_.push_back({text_.size(), number});
    text_ += std::to_string(number) + ".0\n";
  }
}

void ClientText::advance() {
  for (Value& value : changing_) {
    value.number += kStep;
    if (value.number > kNumberMax) value.number = kNumberMin;
    char* const digits = text_.data() + value.offset;
    std::to_chars(digits, digits + 7, value.number);
  }
}

}  // namespace prometheus_rsocket::bench

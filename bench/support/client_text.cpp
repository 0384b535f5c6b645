#include "support/client_text.h"

#include <array>
#include <charconv>

namespace prometheus_rsocket::bench {
namespace {

constexpr std::size_t kFamilySize = 10;

// Knuth's generator (MMIX). It is no secret and nothing is proven by it: each run is to be alike.
std::uint64_t next(std::uint64_t state) {
  return state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
}

// A number of one to ten digits, as Java prints a whole double.
void append_number(std::uint64_t state, std::string& out) {
  const std::uint64_t number = state >> (31U + (state >> 32U) % 32U);
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out.append(digits.data(), end).append(".0");
}

}  // namespace

ClientText::ClientText(std::size_t client, std::size_t series) {
  const std::string labels = "{app=\"" + std::to_string(10'000 + client) + "\",id=\"";
  std::uint64_t state = client;
  for (std::size_t i = 0; i < series; ++i) {
    const std::string name = "jvm_" + std::to_string(100 + i / kFamilySize) + "_bytes";
    if (i % kFamilySize == 0) {
      rest_ += "# HELP " + name + " The memory in use\n# TYPE " + name + " gauge\n";
    }
    rest_ += name + labels + static_cast<char>('a' + i % kFamilySize) + "\",} ";
    state = next(state);
    if (i % 2 == 0) {
      changing_.push_back({rest_.size(), state});
    } else {
      append_number(state, rest_);
    }
    rest_ += '\n';
  }
  advance();
}

void ClientText::advance() {
  text_.clear();
  std::size_t begin = 0;
  for (auto& [offset, state] : changing_) {
    text_.append(rest_, begin, offset - begin);
    begin = offset;
    state = next(state);
    append_number(state, text_);
  }
  text_.append(rest_, begin);
}

}  // namespace prometheus_rsocket::bench

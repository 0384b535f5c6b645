#include "support/client_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "base/check.h"

namespace prometheus_rsocket::bench {
namespace {

constexpr std::size_t kFamilySize = 10;
constexpr std::string_view kScrapes = "load_scrapes";

// Knuth's generator (MMIX). It is no secret and nothing is proven by it: each run is to be alike.
std::uint64_t next(std::uint64_t state) {
  return state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
}

// As Java prints a whole double.
void append_number(std::uint64_t number, std::string& out) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out.append(digits.data(), end).append(".0");
}

// Of one to ten digits.
std::uint64_t number_of(std::uint64_t state) { return state >> (31U + (state >> 32U) % 32U); }

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

ClientText::ClientText(std::size_t client, std::size_t series) {
  CHECK(series > 0, "a text has a sample");
  const std::string app = "{app=\"" + std::to_string(10'000 + client) + "\",";
  rest_ = "# HELP load_scrapes How often this was asked for\n# TYPE load_scrapes gauge\n";
  rest_.append(kScrapes).append(app) += "} ";
  scrapes_offset_ = rest_.size();
  rest_ += '\n';
  std::uint64_t state = client;
  for (std::size_t i = 0; i + 1 < series; ++i) {
    const std::string name = "jvm_" + std::to_string(100 + i / kFamilySize) + "_bytes";
    if (i % kFamilySize == 0) {
      rest_ += "# HELP " + name + " The memory in use\n# TYPE " + name + " gauge\n";
    }
    rest_ += name + app + "id=\"" + static_cast<char>('a' + i % kFamilySize) + "\",} ";
    state = next(state);
    if (i % 2 == 0) {
      changing_.push_back({rest_.size(), state});
    } else {
      append_number(number_of(state), rest_);
    }
    rest_ += '\n';
  }
  write();
}

void ClientText::advance() {
  ++scrapes_;
  for (auto& [offset, state] : changing_) state = next(state);
  write();
}

void ClientText::write() {
  text_.assign(rest_, 0, scrapes_offset_);
  append_number(scrapes_, text_);
  std::size_t begin = scrapes_offset_;
  for (const auto& [offset, state] : changing_) {
    text_.append(rest_, begin, offset - begin);
    begin = offset;
    append_number(number_of(state), text_);
  }
  text_.append(rest_, begin);
}

std::string fault_of_page(std::string_view page, std::size_t clients, std::size_t samples,
                          std::uint64_t scrape) {
  const std::string wanted = std::to_string(scrape) + ".0";
  std::vector<std::size_t> series;  // by hash: two series out of millions hardly share one
  series.reserve(samples);
  std::size_t clients_found = 0;
  while (!page.empty()) {
    const std::string_view line = take_line(page);
    if (line.starts_with('#')) continue;
    const std::size_t blank = line.rfind(' ');
    if (blank == std::string_view::npos) return "this is no sample: " + std::string(line);
    series.push_back(std::hash<std::string_view>{}(line.substr(0, blank)));
    if (!line.starts_with(kScrapes)) continue;
    ++clients_found;
    if (line.substr(blank + 1) != wanted) {
      return "not of scrape " + wanted + ": " + std::string(line);
    }
  }
  if (series.size() != samples || clients_found != clients) {
    return std::to_string(series.size()) + " samples of " + std::to_string(clients_found) +
           " clients, not " + std::to_string(samples) + " of " + std::to_string(clients);
  }
  std::ranges::sort(series);
  if (std::ranges::adjacent_find(series) != series.end()) return "a series is there twice";
  return {};
}

}  // namespace prometheus_rsocket::bench

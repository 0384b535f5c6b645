#include "page.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "exposition/read.h"

namespace prometheus_rsocket::soak {
namespace {

constexpr Number kFirstApp = 10'000;
constexpr std::string_view kEnd = "# EOF";

std::optional<Number> number_after(std::string_view label, std::string_view line) {
  const auto at = line.find(label);
  if (at == line.npos) return std::nullopt;
  Number number = 0;
  const auto [end, error] =
      std::from_chars(line.data() + at + label.size(), line.data() + line.size(), number);
  if (error != std::errc() || end == line.data() + line.size() || *end != '"') return std::nullopt;
  return number;
}

// `# TYPE name gauge`
std::string_view name_declared(std::string_view line) {
  line.remove_prefix(std::string_view("# TYPE ").size());
  return line.substr(0, line.find(' '));
}

class Reader {
 public:
  explicit Reader(bool has_end) : has_end_(has_end) {}

  Page read(std::string_view page) {
    if (!page.empty() && !page.ends_with('\n')) fail("the last line has no end", page);
    while (!page.empty() && page_.fault.empty()) {
      const auto end = std::min(page.find('\n'), page.size() - 1);
      take(page.substr(0, end));
      page.remove_prefix(end + 1);
    }
    if (has_end_ && !has_ended_) fail("the page ends without", kEnd);
    std::ranges::sort(series_);
    if (std::ranges::adjacent_find(series_) != series_.end()) fail("a series is there twice", "");
    return std::move(page_);
  }

 private:
  void take(std::string_view line) {
    if (has_ended_) return fail("something after the end", line);
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) return declare(line);
    if (has_end_ && line == kEnd) {
      has_ended_ = true;
      return;
    }
    const auto blank = line.rfind(' ');
    const auto name = line.substr(0, line.find('{'));
    if (blank == line.npos || name.empty()) return fail("no sample", line);
    if (name != family_) return fail("a sample outside of its family", line);
    series_.push_back(std::hash<std::string_view>{}(line.substr(0, blank)));
    ++page_.samples;
    if (const auto app = number_after("{app=\"", line); app && *app >= kFirstApp) {
      ++page_.samples_of_client[*app - kFirstApp];
    } else if (const auto push = number_after("{push=\"", line)) {
      ++page_.samples_of_push[*push];
    } else {
      fail("a sample of nobody", line);
    }
  }

  // HELP and TYPE of a family stand together, once each, before its samples.
  void declare(std::string_view line) {
    const auto name = name_declared(line);
    if (name != family_) {
      if (!families_.emplace(name).second) return fail("a family torn apart", line);
      family_ = name;
      declared_.clear();
      begins_at_ = page_.samples;
    }
    if (page_.samples != begins_at_) return fail("declared after its samples", line);
    if (!declared_.insert(line[2]).second) return fail("declared twice", line);
  }

  void fail(std::string_view what, std::string_view line) {
    if (page_.fault.empty()) page_.fault = std::string(what) + ": " + std::string(line);
  }

  const bool has_end_;
  Page page_;
  bool has_ended_ = false;
  std::vector<std::size_t> series_;  // by hash: two out of thousands hardly share one
  std::set<std::string, std::less<>> families_;
  std::string_view family_;
  std::set<char> declared_;  // of the family: H, T
  std::size_t begins_at_ = 0;
};

}  // namespace

Page read_page(std::string_view page, bench::PageSyntax syntax) {
  if (syntax != bench::PageSyntax::kProtobuf) {
    return Reader(syntax == bench::PageSyntax::kOpenMetrics).read(page);
  }
  const auto read = exposition::read(std::string(page), nullptr,
                                     {.text_bytes_max = std::size_t{1} << 30, .key = {1, 2}});
  if (!read) {
    Page none;
    none.fault = "no protobuf";
    return none;
  }
  return Reader(false).read(read->text);
}

std::string own_family(Number client) {
  const std::string name = "soak_" + std::to_string(client) + "_seconds";
  return "# TYPE " + name + " gauge\n" + name + "{app=\"" + std::to_string(kFirstApp + client) +
         "\"} 1\n";
}

std::string push_text(Number push) {
  std::string text = "# TYPE soak_push gauge\n";
  for (std::size_t i = 0; i < kPushSamples; ++i) {
    text += "soak_push{push=\"" + std::to_string(push) + "\",id=\"" + std::to_string(i) + "\"} 1\n";
  }
  return text;
}

}  // namespace prometheus_rsocket::soak

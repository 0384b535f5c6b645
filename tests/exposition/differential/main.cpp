// Our reader and writer against Prometheus' own parsers, over random texts and mutations of them.
//
//   exposition_differential PARSER [TEXTS [SEED]]
//
// No text that we let in may fail there, and none that is taken there be refused here without a
// reason that scan.h names; the same for protobuf that clients send. Every page that we write is
// read by them, and has what its parts have. Prints what it tried and where they differ, by kind;
// exit 1 for a difference that has no reason.
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../pages.h"
#include "differential/parser.h"
#include "differential/protobuf.h"
#include "differential/texts.h"
#include "exposition/lexical.h"
#include "exposition/read.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::uint64_t kTexts = 20'000;
constexpr std::size_t kBytesMax = 1U << 20U;
constexpr int kSize = 100;  // RapidCheck's, with which its ranges are whole

std::string_view kind_of(Dialect dialect) {
  return dialect == Dialect::kText ? "text" : "openmetrics";
}

std::string_view kind_of(Syntax syntax) {
  if (syntax == Syntax::kProtobuf) return "protobuf";
  return syntax == Syntax::kText ? "text" : "openmetrics";
}

std::string first_difference(const Parsed& before, const Parsed& after) {
  using Words = std::map<std::string, std::string>;
  for (const auto part : {&Parsed::samples, &Parsed::natives, &Parsed::exemplars, &Parsed::types,
                          &Parsed::helps, &Parsed::units}) {
    Words left = before.*part;
    Words right = after.*part;
    for (const auto& [key, value] : before.*part) {
      if (!right.contains(key)) return key + " is gone";
      if (right[key] != value) return key + " was " + value + " and is " + right[key];
    }
    for (const auto& [key, value] : after.*part) {
      if (!left.contains(key)) return key + " is of nobody";
    }
  }
  return {};
}

// What is repaired: theirs is to read it repaired. Blanks before a sample's name it takes for a
// part of the name.
std::string repaired(const std::string& text) {
  std::string out;
  bool begins_line = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    const bool goes = (text[i] == '\r' && ends_line) || (begins_line && is_blank(text[i]));
    if (goes) continue;
    out += text[i];
    begins_line = text[i] == '\n';
  }
  return out;
}

// Where we are stricter on purpose (scan.h says why).
bool is_reason(ScanReason reason) {
  switch (reason) {
    case ScanReason::kNul:             // theirs drops what follows
    case ScanReason::kLabelEscape:     // an escape that nobody knows
    case ScanReason::kLabelQuote:      // a raw line feed between quotes
    case ScanReason::kLabelSeparator:  // no comma between two labels
    case ScanReason::kMetadata:        // no blank after the name
    case ScanReason::kBound:           // strict parsers refuse it, and the next
    case ScanReason::kCount:
    case ScanReason::kNotUtf8:    // of names between quotes
    case ScanReason::kHistogram:  // empty spans that it removes first (native_histogram.h)
      return true;
    default:
      return false;
  }
}

class Differential {
 public:
  explicit Differential(const std::string& parser) : parser_(parser) {}

  void try_text(const std::string& text) {
    ++counts_["texts"];
    const auto index = scan(text);
    if (index) {
      ++counts_["let in"];
      const Parsed theirs = parser_.parse(kind_of(index->dialect), repaired(text));
      if (!theirs.is_good) return fail("let in, and fails there: " + theirs.error, text);
      return try_pages({text}, {theirs});
    }
    if (ends_as_openmetrics(text) && parser_.parse("openmetrics", text).is_good) {
      refused(index.error(), text);
    } else if (parser_.parse("text", text).is_good) {
      const auto as_text = scan(text + "\n# the end");  // no OpenMetrics
      as_text ? fail("refused, and good as text", text) : refused(as_text.error(), text);
    } else {
      ++counts_["refused by both"];
    }
  }

  void try_union(const std::vector<std::string>& texts) {
    std::vector<Parsed> parts;
    for (const std::string& text : texts) {
      const auto index = scan(text);
      if (!index) return fail("a valid text is refused", text);
      parts.push_back(parser_.parse(kind_of(index->dialect), repaired(text)));
    }
    try_pages(texts, parts);
  }

  // `is_whole`: no family is there twice.
  void try_protobuf_input(const std::string& payload, bool is_whole) {
    ++counts_["protobuf inputs"];
    const auto exposition = read(payload, nullptr, {.text_bytes_max = kBytesMax, .key = kKey});
    const Parsed theirs = parser_.parse("protobuf", payload);
    if (!exposition) {
      if (theirs.is_good) return refused_protobuf(exposition.error(), payload);
      ++counts_["protobuf inputs refused by both"];
    } else if (!theirs.is_good) {
      fail("protobuf let in, and fails there: " + theirs.error, payload);
    } else {
      ++counts_["protobuf inputs let in"];
      try_pages_of(*exposition, theirs, is_whole);
    }
  }

  [[nodiscard]] int report() const {
    for (const auto& [what, count] : counts_) std::cout << count << "\t" << what << "\n";
    return failures_ == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  }

 private:
  // More reasons (protobuf_reader.h): a value of another type than the family's, unknown fields
  // that are cut, which theirs does not look at, and exemplars' labels without a name.
  void refused_protobuf(const ScanError& error, const std::string& payload) {
    const bool is_known = error.reason == ScanReason::kType ||
                          error.reason == ScanReason::kProtobuf ||
                          error.reason == ScanReason::kLabelName;
    if (!is_known) return refused(error, payload);
    ++counts_["protobuf refused here alone: " + std::string(reason_text(error.reason))];
  }

  void refused(const ScanError& error, const std::string& text) {
    const std::string what = "refused here alone: " + std::string(reason_text(error.reason));
    is_reason(error.reason) ? void(++counts_[what]) : fail(what, text);
  }

  void try_pages_of(const Exposition& exposition, const Parsed& theirs, bool is_whole) {
    for (const Syntax syntax : {Syntax::kText, Syntax::kOpenMetrics, Syntax::kProtobuf}) {
      const std::vector<Source> sources = {{exposition.text, &exposition.index}};
      PageWriter writer(sources, {.syntax = syntax, .escaping = Escaping::kAllowUtf8}, kKey);
      std::string page;
      while (writer.write(page)) {
      }
      const Parsed again = parser_.parse(kind_of(syntax), page);
      if (!again.is_good) return fail("a page of protobuf fails there: " + again.error, page);
      if (syntax == Syntax::kProtobuf && is_whole && writer.stats() == MergeStats{}) {
        ++counts_["protobuf inputs compared with their page"];
        const std::string what = first_difference(theirs, again);
        if (!what.empty()) return fail("a page differs from what a client sent: " + what, page);
      }
    }
  }

  void try_pages(const std::vector<std::string>& texts, const std::vector<Parsed>& parts) {
    Parsed as_text;  // with names as they are
    for (const Syntax syntax : {Syntax::kText, Syntax::kOpenMetrics, Syntax::kProtobuf}) {
      for (const Escaping escaping : {Escaping::kAllowUtf8, Escaping::kUnderscores}) {
        const Format format{.syntax = syntax, .escaping = escaping};
        const Page page = merged(texts, format);
        ++counts_[std::string(kind_of(syntax)) + " pages"];
        const Parsed theirs = parser_.parse(kind_of(syntax), page.text);
        if (!theirs.is_good)
          return fail("our page fails there: " + theirs.error, with_parts(page.text, texts));
        if (syntax == Syntax::kText) {
          const Parsed strict = parser_.parse("strict", page.text);
          if (!strict.is_good)
            return fail("our page fails strictly: " + strict.error, with_parts(page.text, texts));
        }
        if (escaping != Escaping::kAllowUtf8) continue;
        if (syntax == Syntax::kText) as_text = theirs;
        const std::string what = syntax == Syntax::kProtobuf
                                     ? try_protobuf(page, theirs, as_text, parts)
                                     : difference(format, page, theirs, parts);
        if (!what.empty()) fail(what, with_parts(page.text, texts));
      }
    }
  }

  std::string try_protobuf(const Page& page, const Parsed& theirs, const Parsed& as_text,
                           const std::vector<Parsed>& parts) {
    const bool is_torn = page.stats.families_dropped + page.stats.families_clashing > 0;
    const bool lacks_some = page.stats.unwritable_dropped > 0;
    const std::string_view how = is_torn      ? "read alone"
                                 : lacks_some ? "for what is there"
                                              : "whole";
    ++counts_["protobuf pages compared: " + std::string(how)];
    std::string what = protobuf_difference(page, theirs, parts);
    return what.empty() ? metadata_difference(theirs, as_text) : what;
  }

  // What has no place in text, and gives way to a family of its name.
  static bool is_created(const std::string& labels) {
    return labels.find("_created\"") != std::string::npos;
  }

  static std::string with_parts(std::string page, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) page.append("--- of\n").append(text);
    return page;
  }

  // Between a page as they read it and its parts; nothing if there is none.
  static std::string difference(const Format& format, const Page& page, const Parsed& theirs,
                                const std::vector<Parsed>& parts) {
    const bool may_lack =
        page.stats.families_dropped + page.stats.families_clashing + page.stats.unwritable_dropped >
        0;
    std::map<std::string, std::string> expected;
    for (const Parsed& part : parts) expected.insert(part.samples.begin(), part.samples.end());
    for (const auto& [labels, value] : theirs.samples) {
      const auto found = expected.find(labels);
      if (found == expected.end()) return "our page has a series of nobody: " + labels;
      if (found->second != value && !may_lack && !is_created(labels)) {
        return labels + " was " + found->second + " and is " + value;
      }
    }
    if (may_lack) return {};
    for (const auto& [labels, value] : expected) {
      if (!theirs.samples.contains(labels) && !is_created(labels)) {
        return "our page lacks " + labels;
      }
    }
    if (format.syntax != Syntax::kOpenMetrics || parts.size() != 1) return {};
    for (const auto& [labels, value] : parts[0].exemplars) {
      const auto found = theirs.exemplars.find(labels);
      if (found != theirs.exemplars.end() && found->second != value) {
        return "the exemplar of " + labels + " was " + value + " and is " + found->second;
      }
    }
    return {};
  }

  void fail(const std::string& what, const std::string& text) {
    constexpr std::uint64_t kShown = 10;
    ++counts_["UNEXPLAINED"];
    if (++failures_ > kShown) return;
    std::cout << what << "\n---\n" << text << "---\n";
  }

  Parser parser_;
  std::map<std::string, std::uint64_t> counts_;
  std::uint64_t failures_ = 0;
};

int main(const std::string& parser, std::uint64_t texts, std::uint64_t seed) {
  Differential differential(parser);
  const rc::Random start(seed);
  rc::Random random = start;
  for (std::uint64_t i = 0; i < texts; ++i) {
    const Dialect dialect = i % 2 == 0 ? Dialect::kText : Dialect::kOpenMetrics;
    const std::string text = any_text(dialect)(random.split(), kSize).value();
    const std::string other =
        any_text(i % 3 == 0 ? Dialect::kText : Dialect::kOpenMetrics)(random.split(), kSize)
            .value();
    differential.try_text(text);
    differential.try_union({text, other});
    differential.try_text(mutated(text)(random.split(), kSize).value());
    const Format format{.syntax = Syntax::kProtobuf, .escaping = Escaping::kAllowUtf8};
    const std::string sent = merged({text, other}, format).text;
    const std::string natives = any_natives()(random.split(), kSize).value();
    differential.try_protobuf_input(sent, true);
    differential.try_protobuf_input(natives, true);
    differential.try_protobuf_input(mutated(sent + natives)(random.split(), kSize).value(), false);
  }
  return differential.report();
}

}  // namespace
}  // namespace prometheus_rsocket::exposition

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::cerr << "usage: exposition_differential PARSER [TEXTS [SEED]]\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto number = [&](int i, std::uint64_t by_default) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : by_default;
  };
  return prometheus_rsocket::exposition::main(
      argv[1], number(2, prometheus_rsocket::exposition::kTexts), number(3, 1));
}

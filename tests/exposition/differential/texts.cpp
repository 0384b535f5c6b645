#include "differential/texts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "../messages.h"

namespace prometheus_rsocket::exposition {
namespace {

using rc::gen::element;

bool maybe() { return *rc::gen::arbitrary<bool>(); }

std::string any_value() {
  return *element<std::string>("0", "1.50", "-2e3", "NaN", "+Inf", "-Inf", "12.0", "1e-400", "nan",
                               "Infinity", "007", "+5", ".5", "1.");
}

std::string any_label_value() {
  return *element<std::string>("", "1", "\\\"", "\\\\", "\\n", "n", "\xC3\xA9", "{,=}#", "# EOF",
                               " ", "\t", "a b");
}

std::string any_label_name() {
  return *element<std::string>("a", "b", "C_9", "le", "quantile", "\"l.x\"", "\"a\"", "\"é\"");
}

std::string bare(const std::string& name) {
  return name.starts_with('"') ? name.substr(1, name.size() - 2) : name;
}

std::string any_bound() {
  return *element<std::string>("1", "1.0", "0.5", ".5", "+Inf", "1e3", "2.5e-7", "1000000", "-0");
}

// Between the braces; `bound` as it must be. Where the family has bounds, none but that: theirs
// takes them all for numbers, and we only those of the type.
std::string any_labels(Dialect dialect, const std::string& metric, const std::string& bound,
                       bool is_structural) {
  const auto blank = [dialect] {
    return dialect == Dialect::kText ? *element<std::string>("", "", "", " ", "\t") : "";
  };
  std::vector<std::pair<std::string, std::string>> labels;
  if (!bound.empty()) labels.emplace_back(bound, any_bound());
  const auto count = *rc::gen::inRange(0, 3);
  for (int i = 0; i < count; ++i) {
    const std::string name = any_label_name();
    if (std::ranges::any_of(labels, [&](const auto& l) { return bare(l.first) == bare(name); })) {
      continue;
    }
    const bool is_bound = name == "le" || name == "quantile";
    if (is_bound && is_structural) continue;
    labels.emplace_back(name, is_bound ? any_bound() : any_label_value());
  }
  std::string text = blank();
  if (!metric.empty()) text += metric + blank();
  for (const auto& [name, value] : labels) {
    if (text.size() > blank().size() || !text.empty()) {
      if (text.find_first_not_of(" \t") != std::string::npos) text += "," + blank();
    }
    text += name + blank() + "=" + blank() + "\"" + value + "\"" + blank();
  }
  const bool has_some = text.find_first_not_of(" \t") != std::string::npos;
  if (has_some && maybe()) text += "," + blank();
  return text;
}

std::string any_rest(Dialect dialect, const std::string& value, bool may_have_exemplar) {
  if (dialect == Dialect::kText) {
    std::string text = *element<std::string>(" ", " ", " ", "  ", "\t") + value;
    if (maybe()) text += " " + *element<std::string>("0", "1700000000123", "7");
    return text + *element<std::string>("", "", " ");
  }
  std::string text = " " + value;
  if (maybe()) {
    text +=
        " " + *element<std::string>("0", "1700000000.123", "1.5", "-3", "1e9", "1520879607.789");
  }
  if (may_have_exemplar && maybe()) {
    text += " # {" +
            *element<std::string>("", "t=\"1\"", "t=\"\xC3\xA9\",u=\"\",", "\"t.x\"=\"1\"") + "} " +
            any_value();
    if (maybe()) text += " " + *element<std::string>("1.5", "1700000000.123");
  }
  return text;
}

struct Kind {
  std::string type;
  std::vector<std::string> suffixes;
};

std::vector<Kind> kinds(Dialect dialect) {
  if (dialect == Dialect::kText) {
    return {{"untyped", {""}},
            {"counter", {""}},
            {"gauge", {""}},
            {"histogram", {"_bucket", "_sum", "_count"}},
            {"summary", {"", "_sum", "_count"}}};
  }
  return {{"unknown", {""}},
          {"counter", {"_total", "_created"}},
          {"gauge", {""}},
          {"histogram", {"_bucket", "_sum", "_count", "_created"}},
          {"summary", {"", "_sum", "_count", "_created"}},
          {"info", {"_info"}},
          {"stateset", {""}},
          {"gaugehistogram", {"_bucket", "_gsum", "_gcount"}}};
}

std::string any_family(Dialect dialect, const std::string& name) {
  const bool is_quoted = maybe() && maybe();
  const std::string whole = is_quoted ? name + ".x" : name;
  const auto in_quotes = [&](const std::string& what) {
    return is_quoted ? "\"" + what + "\"" : what;
  };
  const Kind kind = *rc::gen::elementOf(kinds(dialect));
  const bool ends_in_total = dialect == Dialect::kText && kind.type == "counter" && maybe();
  const std::string family = whole + (ends_in_total ? "_total" : "");
  std::string text;
  const bool is_declared = kind.type != "unknown" && kind.type != "untyped";
  if (is_declared || maybe()) text += "# TYPE " + in_quotes(family) + " " + kind.type + "\n";
  if (maybe()) {
    text +=
        "# HELP " + in_quotes(family) + " " +
        *element<std::string>("", "about", "\\\\ and \\n", "a \"quote\"", "\\\" C:\\dir", " x ") +
        "\n";
  }
  if (dialect == Dialect::kOpenMetrics && maybe()) {
    text += "# UNIT " + in_quotes(family) + " " + (is_quoted ? "" : "s") + "\n";
  }
  const auto count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    const std::string suffix = *rc::gen::elementOf(kind.suffixes);
    const std::string metric = family + suffix;
    const bool is_structural = kind.type == "histogram" || kind.type == "summary";
    std::string bound;
    if (suffix == "_bucket") bound = "le";
    if (kind.type == "summary" && suffix.empty()) bound = "quantile";
    if (is_quoted) {
      text += "{" + any_labels(dialect, in_quotes(metric), bound, is_structural) + "}";
    } else {
      const std::string labels = any_labels(dialect, "", bound, is_structural);
      text += metric + (labels.empty() && maybe() ? "" : "{" + labels + "}");
    }
    const bool is_count = kind.type == "histogram" && suffix != "_sum";
    std::string value = any_value();
    if (is_count && value.starts_with('-')) value.erase(0, 1);
    text += any_rest(dialect, value, suffix == "_total" || suffix == "_bucket") + "\n";
  }
  return text;
}

}  // namespace

rc::Gen<std::string> any_text(Dialect dialect) {
  return rc::gen::exec([dialect] {
    std::string text;
    // Of different beginnings, so that no family is another's sample.
    for (const std::string name : {"one", "two", "three_s", "four:x"}) {
      const bool has_unit = dialect == Dialect::kOpenMetrics;
      if (maybe())
        text += any_family(dialect, has_unit && !name.ends_with("_s") ? name + "_s" : name);
    }
    if (dialect == Dialect::kOpenMetrics) return text + "# EOF\n";
    if (maybe()) text += "# a comment\n\n";
    return text;
  });
}

rc::Gen<std::string> any_natives() {
  return rc::gen::exec([] {
    std::string out;
    for (const std::string name : {"native_one", "native_two", "native.three"}) {
      Native native{.count = 0,
                    .sum = *element(0.5, -1.0, static_cast<double>(NAN)),
                    .schema = *rc::gen::inRange(-4, 9),
                    .spans = {},
                    .deltas = {}};
      native.zero_count = *rc::gen::inRange<std::uint64_t>(0, 3);
      native.count = native.zero_count;
      native.is_packed = maybe();
      const bool is_float = *rc::gen::inRange(0, 4) == 0;
      std::int64_t last = 0;
      const auto spans = *rc::gen::inRange(0, 4);
      for (int i = 0; i < spans; ++i) {
        native.spans.push_back(
            {*rc::gen::inRange(i == 0 ? -9 : 0, 9), *rc::gen::inRange<std::uint32_t>(0, 3)});
        for (std::uint32_t k = 0; k < native.spans.back().length; ++k) {
          const auto count = *rc::gen::inRange<std::int64_t>(0, 5);
          if (is_float) {
            native.counts.push_back(static_cast<double>(count) / 2);
          } else {
            native.deltas.push_back(count - last);
          }
          last = count;
          native.count += static_cast<std::uint64_t>(count);
        }
      }
      if (is_float) native.count_float = static_cast<double>(native.count);
      switch (*rc::gen::inRange(0, 24)) {
        case 0:
          ++native.count;
          break;
        case 1:
          native.deltas.push_back(*rc::gen::inRange(-3, 3));
          break;
        case 2:
          native.spans.push_back(
              {*rc::gen::inRange(-3, 3), *rc::gen::inRange<std::uint32_t>(0, 2)});
          break;
        case 3:
          native.schema = *element(-5, 9, 53, -53);
          break;
        case 4:
          native.counts.push_back(*element(-1.0, 0.0, 2.0));
          break;
        default:
          break;
      }
      const std::vector<std::string> labels = {label("a", name), label("l.x", "\n\"\\")};
      out += family(name, proto::kHistogram,
                    {metric(proto::metric::kHistogram, native.bytes(), labels),
                     metric(proto::metric::kHistogram, native.bytes(), {}, 17)});
    }
    return out;
  });
}

rc::Gen<std::string> mutated(std::string text) {
  return rc::gen::exec([text = std::move(text)] {
    static constexpr std::array<std::string_view, 38> kPieces = {
        "\"",    "\\",   "{",        "}",        ",",       "=",       " ",       "\t",
        "\n",    "\r",   "#",        "# EOF\n",  "_total",  "# TYPE ", "# HELP ", "# UNIT ",
        "\0",    "\xFF", "\xC3\xA9", "1",        "-",       "+",       "e",       "0x1p4",
        "NaN",   "_",    "a",        "le=\"x\"", "# {",     "} 1",     "1.5",     "é",
        "\"a\"", ".",    ":",        "\r\n",     "counter", "unknown"};
    std::string out = text;
    const auto count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, out.size() + 1);
      const std::string_view piece = kPieces[*rc::gen::inRange<std::size_t>(0, kPieces.size())];
      const std::string bytes =
          piece == "\0" || piece.empty() ? std::string(1, '\0') : std::string(piece);
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          out.insert(at, bytes);
          break;
        case 1:
          out.erase(at, *rc::gen::inRange<std::size_t>(1, 5));
          break;
        case 2:
          out.replace(at, std::min<std::size_t>(1, out.size() - at), bytes);
          break;
        default: {  // a line again, elsewhere
          const std::size_t begin = out.rfind('\n', at == 0 ? 0 : at - 1) + 1;
          const std::size_t end = std::min(out.find('\n', begin), out.size());
          const std::string line = out.substr(begin, end - begin) + "\n";
          out.insert(*rc::gen::inRange<std::size_t>(0, out.size() + 1), line);
        }
      }
    }
    return out;
  });
}

}  // namespace prometheus_rsocket::exposition

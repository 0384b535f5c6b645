// Random valid texts, written by a simple model that knows nothing of the code under test.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace prometheus_rsocket::exposition {

// One sample as the model sees it: the series in one canonical spelling, and its line.
struct ModelSample {
  std::string family;
  std::string series;
  std::string line;
};

using ModelSource = std::vector<ModelSample>;

// A family's type is in its name, so that sources never differ in it: c_ g_ h_ s_ u_.
inline std::string model_type(const std::string& family) {
  static const std::map<char, std::string> kTypes = {
      {'c', "counter"}, {'g', "gauge"}, {'h', "histogram"}, {'s', "summary"}, {'u', "untyped"}};
  return kTypes.at(family.front());
}

inline std::string model_escaped(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
    } else {
      if (c == '\\' || c == '"') text += '\\';
      text += c;
    }
  }
  return text;
}

inline ModelSample any_sample() {
  using rc::gen::element;
  ModelSample sample;
  sample.family = *element<std::string>("c_x", "g_x", "h_x", "h_y", "s_x", "u_x", "u_y");
  std::map<std::string, std::string> labels;  // name to value: the canonical order
  for (const auto name : {"a", "b", "C_9"}) {
    const auto value = *element<std::string>("", "1", "\"", "\\", "\n", "n", "\xC3\xA9", "{,=}#");
    if (*rc::gen::arbitrary<bool>()) labels[name] = value;
  }
  std::string name = sample.family;
  std::string bound_name;
  if (sample.family[0] == 'h') name += *element<std::string>("_bucket", "_sum", "_count");
  if (sample.family[0] == 's') name += *element<std::string>("", "_sum", "_count");
  if (name.ends_with("_bucket")) bound_name = "le";
  if (name == "s_x") bound_name = "quantile";
  sample.series = name;
  for (const auto& [label, value] : labels) {
    if (!value.empty()) sample.series += "|" + label + "=" + model_escaped(value);
  }
  if (!bound_name.empty()) {
    // Spellings of few numbers; the model knows each one's canonical spelling.
    static const std::map<std::string, std::string> kSpellings = {
        {"1", "1"},   {"1.0", "1"},    {"+1e0", "1"}, {"0.5", ".5"},
        {".5", ".5"}, {"+Inf", "inf"}, {"Inf", "inf"}};
    const auto spelling = *element<std::string>("1", "1.0", "+1e0", "0.5", ".5", "+Inf", "Inf");
    labels[bound_name] = spelling;
    sample.series += "|" + bound_name + "=" + kSpellings.at(spelling);
  }
  std::vector<std::pair<std::string, std::string>> order(labels.begin(), labels.end());
  if (*rc::gen::arbitrary<bool>()) std::reverse(order.begin(), order.end());
  const auto blank = *element<std::string>("", "", " ", "\t");
  sample.line = name;
  if (!order.empty() || *rc::gen::arbitrary<bool>()) {
    sample.line += "{" + blank;
    for (std::size_t i = 0; i < order.size(); ++i) {
      sample.line += order[i].first + blank + "=" + blank + "\"" + model_escaped(order[i].second) +
                     "\"" + blank;
      if (i + 1 < order.size() || *rc::gen::arbitrary<bool>()) sample.line += "," + blank;
    }
    sample.line += "}";
  }
  const bool is_count = sample.family[0] == 'h' && !name.ends_with("_sum");
  std::string value = *element<std::string>("0", "1.50", "-2e3", "NaN", "+Inf", "-Inf", "12.0");
  if (is_count && value[0] == '-') value.erase(0, 1);
  sample.line += " " + value;
  if (*rc::gen::arbitrary<bool>()) sample.line += " " + *element<std::string>("0", "1700000000000");
  return sample;
}

inline rc::Gen<ModelSource> any_source() {
  return rc::gen::container<ModelSource>(rc::gen::exec([] { return any_sample(); }));
}

// The text of a source: samples in any order, TYPE lines anywhere, harmless faults here and there.
inline std::string model_text(const ModelSource& source, bool has_crlf = false) {
  const std::string end = has_crlf ? "\r\n" : "\n";
  std::string text;
  std::map<std::string, bool> families;
  for (const ModelSample& sample : source) {
    if (!families[sample.family])
      text += "# HELP " + sample.family + " about " + sample.family + end;
    families[sample.family] = true;
    text += sample.line + end;
  }
  for (const auto& [family, unused] : families) {
    text += "# TYPE " + family + " " + model_type(family) + end;
  }
  return text + "# that is all";
}

}  // namespace prometheus_rsocket::exposition

namespace rc {
template <>
struct Arbitrary<prometheus_rsocket::exposition::ModelSample> {
  static Gen<prometheus_rsocket::exposition::ModelSample> arbitrary() {
    return gen::exec([] { return prometheus_rsocket::exposition::any_sample(); });
  }
};
}  // namespace rc

namespace prometheus_rsocket::exposition {
inline std::ostream& operator<<(std::ostream& out, const ModelSample& sample) {
  return out << sample.line;
}
}  // namespace prometheus_rsocket::exposition

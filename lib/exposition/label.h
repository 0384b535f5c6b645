// The labels of a scanned sample line, one by one. Internal to lib/exposition.
#pragma once

#include <optional>
#include <string_view>

namespace prometheus_rsocket::exposition {

// Views into the line.
struct LabelView {
  std::string_view name;   // without quotes, as it came otherwise
  std::string_view value;  // still escaped

  // Both with what is between them; `x="1` where there are neither blanks nor quotes.
  [[nodiscard]] std::string_view whole() const {
    return {name.data(), static_cast<std::size_t>(value.data() + value.size() - name.data())};
  }
  [[nodiscard]] bool is_plain() const { return whole().size() == name.size() + value.size() + 2; }
};

// Takes the next label off well-formed labels; a metric's name between quotes is passed over.
[[nodiscard]] std::optional<LabelView> take_label(std::string_view& labels);

// The metric's name among well-formed labels, without its quotes. REQUIRES: there is one.
[[nodiscard]] std::string_view quoted_metric_name(std::string_view labels);

}  // namespace prometheus_rsocket::exposition

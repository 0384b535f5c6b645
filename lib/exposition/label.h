// The labels of a scanned sample line, one by one. Internal to lib/exposition.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exposition/format.h"

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

  friend bool operator==(const LabelView&, const LabelView&) = default;
};

// Takes the next label off well-formed labels; a metric's name between quotes is passed over.
[[nodiscard]] std::optional<LabelView> take_label(std::string_view& labels);

// Well-formed labels with their names escaped, without the metric's. `escaped` is where they are if
// they are not as they came; it outlives what is returned. Nothing when two have one name then.
[[nodiscard]] std::optional<std::string_view> escape_labels(std::string_view labels,
                                                            Escaping escaping,
                                                            std::string& escaped);

// The metric's name among well-formed labels, without its quotes. REQUIRES: there is one.
[[nodiscard]] std::string_view quoted_metric_name(std::string_view labels);

}  // namespace prometheus_rsocket::exposition

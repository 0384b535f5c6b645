// Just enough SVG for a time-line: shapes with a colour and a text to show when pointed at.
#pragma once

#include <string>
#include <string_view>

namespace prometheus_rsocket::sim::timeline {

// `<`, `&` and quotes as entities.
[[nodiscard]] std::string escape_xml(std::string_view text);

// All lengths in pixels.
class Svg {
 public:
  Svg(int width, int height) : width_(width), height_(height) {}

  void rectangle(double x, double y, double width, double height, std::string_view style,
                 std::string_view title);
  void line(double x1, double y1, double x2, double y2, std::string_view style,
            std::string_view title);
  void triangle(double x, double y, double size, std::string_view style, std::string_view title);
  void text(double x, double y, std::string_view style, std::string_view text);

  // The whole document.
  [[nodiscard]] std::string finish() const;

 private:
  void shape(const std::string& tag_and_place, std::string_view style, std::string_view title);

  int width_;
  int height_;
  std::string body_;
};

}  // namespace prometheus_rsocket::sim::timeline

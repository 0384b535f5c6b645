#include "sim/timeline/svg.h"

#include <array>
#include <cstdio>

namespace prometheus_rsocket::sim::timeline {
namespace {

// To a tenth of a pixel, the same everywhere.
std::string number(double value) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.1f", value);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + number(value) + "\"";
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

void Svg::shape(const std::string& tag_and_place, std::string_view style, std::string_view title) {
  const std::string tag = tag_and_place.substr(0, tag_and_place.find(' '));
  body_ += "<" + tag_and_place + " style=\"" + std::string(style) + "\"><title>" +
           escape_xml(title) + "</title></" + tag + ">\n";
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view style,
                    std::string_view title) {
  shape("rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) +
            attribute("height", height),
        style, title);
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view style,
               std::string_view title) {
  shape("line" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
            attribute("y2", y2),
        style, title);
}

void Svg::triangle(double x, double y, double size, std::string_view style,
                   std::string_view title) {
  shape("polygon points=\"" + number(x - size) + "," + number(y + size) + " " + number(x + size) +
            "," + number(y + size) + " " + number(x) + "," + number(y - size) + "\"",
        style, title);
}

void Svg::text(double x, double y, std::string_view style, std::string_view text) {
  body_ += "<text" + attribute("x", x) + attribute("y", y) + " style=\"" + std::string(style) +
           "\">" + escape_xml(text) + "</text>\n";
}

std::string Svg::finish() const {
  const std::string size = std::to_string(width_) + "\" height=\"" + std::to_string(height_);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + size +
         "\" style=\"background:white;font-family:sans-serif\">\n" + body_ + "</svg>\n";
}

}  // namespace prometheus_rsocket::sim::timeline

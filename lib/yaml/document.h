// A configuration file's YAML as a tree of values, each with its place: what every reader of such a
// file needs before it looks at meaning. Text in, values out.
//
// It is YAML 1.2 with less in it, and what is left out is an error where it stands: one document;
// keys are text, and none is there twice in a map; no anchors, aliases, tags and directives (what
// is written is what is meant, and no short text stands for a long one); UTF-8 without control
// characters.
#pragma once

#include <boost/system/result.hpp>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::yaml {

inline constexpr std::size_t kDocumentBytesMax = 1 << 20;  // as read into a tree: some ten times it
inline constexpr std::size_t kDepthMax = 16;               // maps and lists around a value

// Counted from 1, columns in bytes. 0: nowhere in particular.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;

  friend auto operator<=>(const Place&, const Place&) = default;
};

// `FILE:LINE:COLUMN`, or `FILE` alone.
[[nodiscard]] std::string to_string(const std::string& file, Place place);

struct Entry;

struct Value {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  Place place;        // of a value that is not there: its key's
  std::string text;   // of a scalar
  bool plain = true;  // a scalar without quotes: `true` is a truth value, `"true"` is text
  std::vector<Value> items;
  std::vector<Entry> entries;  // in the order of the file
};

struct Entry {
  std::string key;
  Place key_place;
  Value value;
};

struct Error {
  Place place;
  std::string message;  // one line
};

// An empty document is kNull.
[[nodiscard]] boost::system::result<Value, Error> parse(std::string_view text);

// What somebody wrote, for a message: printable and cut to a moderate length.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace prometheus_rsocket::yaml

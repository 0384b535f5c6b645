#include "yaml/document.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "base/ascii.h"
#include "base/utf8.h"

namespace prometheus_rsocket::yaml {
namespace {

using boost::system::result;

constexpr std::size_t kShownBytesMax = 80;
constexpr const char* kControlCharacter = "a control character is not expected";
constexpr const char* kTooDeep = "it is nested too deeply";

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

Value value_at(const YAML::Mark& mark, Value::Kind kind) {
  Value value;
  value.kind = kind;
  value.place = place_of(mark);
  return value;
}

// Builds the tree from the parser's events. After the first error it takes no more of them.
class Builder final : public YAML::EventHandler {
 public:
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] Value take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) fail(place_of(mark), "a second document is not expected");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string& /*name*/) override {
    fail(place_of(mark), "anchors are not expected");
  }
  // Without its anchor, which is the first error, there is no alias.
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    add(value_at(mark, Value::Kind::kNull));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& text) override {
    check_tag(mark, tag);
    if (text.find('\0') != std::string::npos) fail(place_of(mark), kControlCharacter);
    Value value = value_at(mark, Value::Kind::kScalar);
    value.text = text;
    value.plain = tag == "?";
    add(std::move(value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    check_tag(mark, tag);
    begin(value_at(mark, Value::Kind::kSequence));
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    check_tag(mark, tag);
    begin(value_at(mark, Value::Kind::kMap));
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

 private:
  struct Open {  // a sequence or a map whose end has not come
    Value value;
    std::optional<Entry> entry;  // whose value has not come
    std::set<std::string> keys;
  };

  void fail(Place place, std::string message) {
    if (!error_) error_ = Error{place, std::move(message)};
  }

  // What a parser says of a scalar that has no tag of its own: `?` of a plain one, else `!`.
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag != "?" && tag != "!" && !tag.empty()) fail(place_of(mark), "tags are not expected");
  }

  void begin(Value value) {
    if (open_.size() == kDepthMax) fail(value.place, kTooDeep);
    if (error_) return;
    if (expects_key()) return fail(value.place, "a key is text");
    open_.push_back({std::move(value), std::nullopt, {}});
  }

  void end() {
    if (error_) return;
    Value value = std::move(open_.back().value);
    open_.pop_back();
    add(std::move(value));
  }

  void add(Value value) {
    if (error_) return;
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().value.kind == Value::Kind::kSequence) {
      open_.back().value.items.push_back(std::move(value));
    } else if (expects_key()) {
      add_key(std::move(value));
    } else {
      if (value.kind == Value::Kind::kNull) value.place = open_.back().entry->key_place;
      open_.back().entry->value = std::move(value);
      open_.back().value.entries.push_back(*std::exchange(open_.back().entry, std::nullopt));
    }
  }

  void add_key(Value value) {
    if (value.kind != Value::Kind::kScalar) return fail(value.place, "a key is text");
    if (!open_.back().keys.insert(value.text).second) {
      return fail(value.place, shown(value.text) + ": it is there twice");
    }
    open_.back().entry = Entry{std::move(value.text), value.place, {}};
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().value.kind == Value::Kind::kMap && !open_.back().entry;
  }

  Value root_;
  std::vector<Open> open_;
  std::size_t documents_ = 0;
  std::optional<Error> error_;
};

// Said to those who wanted a star.
constexpr const char* kAlias = "aliases are not expected, and text that begins with * is quoted";

bool is_of_alias(const YAML::Exception& error) {
  return error.msg == YAML::ErrorMsg::UNKNOWN_ANCHOR ||
         error.msg == YAML::ErrorMsg::ALIAS_NOT_FOUND || error.msg == YAML::ErrorMsg::CHAR_IN_ALIAS;
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// What is wrong with what begins here, or nothing. yaml-cpp takes some control characters for the
// end of the text, and passes over directives that it does not know.
const char* wrong_with(std::string_view text, bool begins_line) {
  const char c = text.front();
  if (base::utf8_sequence_size(text) == 0) return "it is no UTF-8";
  if (c == 0x7f) return kControlCharacter;
  const bool is_ascii = (static_cast<unsigned char>(c) & 0x80U) == 0;
  if (is_ascii && c < ' ' && c != '\n' && c != '\r' && c != '\t') {
    return kControlCharacter;
  }
  if (c == '%' && begins_line) return "directives are not expected";
  return nullptr;
}

std::optional<Error> check_characters(std::string_view text) {
  Place place{1, 1};
  for (std::size_t at = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
       at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (const char* const wrong = wrong_with(rest, place.column == 1)) return Error{place, wrong};
    const std::size_t size = base::utf8_sequence_size(rest);
    at += size;
    place =
        rest.front() == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + size};
  }
  return std::nullopt;
}

// Of a text in which yaml-cpp sees nothing: it does so also in some that are no YAML.
std::optional<Error> check_empty(std::string_view text) {
  constexpr std::array<std::string_view, 6> kNothing = {"---", "...", "~", "null", "Null", "NULL"};
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::istringstream lines{std::string(text)};
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    while (words >> word) {
      if (std::ranges::find(kNothing, word) == kNothing.end()) {
        return Error{{number, 1}, "keys with values are expected"};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::string to_string(const std::string& file, Place place) {
  if (place.line == 0) return file;
  return file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

result<Value, Error> parse(std::string_view text) {
  if (text.size() > kDocumentBytesMax) return Error{{}, "it is longer than 1 MiB"};
  if (auto error = check_characters(text)) return *std::move(error);
  Builder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (!builder.error() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::DeepRecursion& error) {
    return builder.error().value_or(Error{place_of(error.mark), kTooDeep});
  } catch (const YAML::Exception& error) {
    if (is_of_alias(error)) return builder.error().value_or(Error{place_of(error.mark), kAlias});
    return builder.error().value_or(Error{place_of(error.mark), shown(error.msg)});
  }
  if (builder.error()) return *builder.error();
  Value root = builder.take_root();
  if (root.kind == Value::Kind::kNull) {
    if (auto error = check_empty(text)) return *std::move(error);
  }
  return root;
}

std::string shown(std::string_view text) {
  const bool is_long = text.size() > kShownBytesMax;
  return base::printable(text.substr(0, kShownBytesMax)) + (is_long ? "..." : "");
}

}  // namespace prometheus_rsocket::yaml

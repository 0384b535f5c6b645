#include "yaml/document.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::yaml {
namespace {

// `LINE:COLUMN VALUE` of everything there is: {KEY=VALUE …}, [VALUE …], <TEXT>, "QUOTED", ~.
std::string show(const Value& root) {
  std::string out = std::to_string(root.place.line) + ":" + std::to_string(root.place.column) + " ";
  switch (root.kind) {
    case Value::Kind::kNull:
      return out + "~";
    case Value::Kind::kScalar:
      return out + (root.plain ? "<" + root.text + ">" : "\"" + root.text + "\"");
    case Value::Kind::kSequence:
      out += "[";
      for (const Value& item : root.items) out += " " + show(item);
      return out + " ]";
    case Value::Kind::kMap:
      out += "{";
      for (const auto& [key, place, value] : root.entries) {
        out += " " + to_string(key, place) + "=" + show(value);
      }
      return out + " }";
  }
  return out;
}

std::string read(const std::string& text) {
  const auto root = parse(text);
  if (root) return show(*root);
  return to_string("error", root.error().place) + ": " + root.error().message;
}

const std::string kAlias = "aliases are not expected, and text that begins with * is quoted";

std::string repeated(const std::string& unit, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += unit;
  return text;
}

TEST(Document, IsATreeOfValuesWithTheirPlaces) {
  EXPECT_EQ(read("a: 1\nb:\n  - x\n  - {c: 'd'}\n"),
            "1:1 { a:1:1=1:4 <1> b:2:1=3:3 [ 3:5 <x> 4:5 { c:4:6=4:9 \"d\" } ] }");
}

TEST(Document, KeepsTextInQuotesApartFromWhatIsPlain) {
  EXPECT_EQ(read("[true, \"true\", ~, '~', ]"),
            "1:1 [ 1:2 <true> 1:8 \"true\" 1:16 ~ 1:19 \"~\" ]");
}

TEST(Document, MayBeEmpty) {
  for (const char* text :
       {"", "\n", "# a comment\n", "---\n", "--- ~ # none\r\n...\n", "\xef\xbb\xbf# none"}) {
    const auto root = parse(text);
    EXPECT_TRUE(root && root->kind == Value::Kind::kNull) << text;
  }
}

TEST(Document, IsOneAlone) {
  EXPECT_EQ(read("a: 1\n---\nb: 2\n"), "error:2:1: a second document is not expected");
  EXPECT_EQ(read("[a] b"), "error:1:5: a second document is not expected");
  EXPECT_EQ(read("- a\nb: c\n"), "error:2:1: a second document is not expected");
}

TEST(Document, HasNoKeyTwiceAtAnyLevel) {
  EXPECT_EQ(read("a: 1\nb: 2\n\"a\": 3\n"), "error:3:1: a: it is there twice");
  EXPECT_EQ(read("x:\n- y: {a: 1, a: 2}\n"), "error:2:13: a: it is there twice");
  EXPECT_EQ(read("a: {b: 1}\nb: 2\n"), "1:1 { a:1:1=1:4 { b:1:5=1:8 <1> } b:2:1=2:4 <2> }");
}

TEST(Document, HasKeysThatAreText) {
  EXPECT_EQ(read("[a]: 1\n"), "error:1:1: a key is text");
  EXPECT_EQ(read("? {a: 1}\n: 1\n"), "error:1:3: a key is text");
  EXPECT_EQ(read("~: 1\n"), "error:1:1: a key is text");
}

TEST(Document, HasNoAnchorsAndAliases) {
  EXPECT_EQ(read("a: &x 1\nb: *x\n"), "error:1:4: anchors are not expected");
  EXPECT_EQ(read("&x a: 1\n"), "error:1:1: anchors are not expected");
  EXPECT_EQ(read("a: &x [b]\n"), "error:1:4: anchors are not expected");
  EXPECT_EQ(read("a: &x\n"), "error:1:4: anchors are not expected");
  EXPECT_EQ(read("a: *x\n"), "error:1:4: " + kAlias);
}

TEST(Document, WantsTextThatBeginsWithAStarInQuotes) {
  for (const char* text : {"*", "*x", "*.example.com", "*-1"}) {
    EXPECT_TRUE(read("a: " + std::string(text) + "\n").ends_with(kAlias)) << text;
  }
  EXPECT_EQ(read("a: '*'\nb: x*\n"), "1:1 { a:1:1=1:4 \"*\" b:2:1=2:4 <x*> }");
}

TEST(Document, HasNoTags) {
  EXPECT_EQ(read("a: !!str 1\n"), "error:1:4: tags are not expected");
  EXPECT_EQ(read("a: !own [b]\n"), "error:1:4: tags are not expected");
  EXPECT_EQ(read("!own {a: 1}\n"), "error:1:1: tags are not expected");
  EXPECT_EQ(read("a: !own\n"), "error:1:4: tags are not expected");
  EXPECT_EQ(read("a: !own\nb: 1\n"), "error:1:4: tags are not expected");
}

TEST(Document, HasNoControlCharacters) {
  EXPECT_EQ(read("a: 1\n\x04\nb: 2\n"), "error:2:1: a control character is not expected");
  EXPECT_EQ(read(std::string("a: \0b", 5)), "error:1:4: a control character is not expected");
  EXPECT_EQ(read("a: \x7f"), "error:1:4: a control character is not expected");
  EXPECT_EQ(read("a: \"x\\x00y\""), "error:1:4: a control character is not expected");
  EXPECT_EQ(read("\"x\\0\": a"), "error:1:1: a control character is not expected");
  EXPECT_EQ(read("a: x\r\nb: y\r\n"), "1:1 { a:1:1=1:4 <x> b:2:1=2:4 <y> }");
}

TEST(Document, IsNoDeeperThanItsBound) {
  EXPECT_TRUE(parse(repeated("[", kDepthMax) + repeated("]", kDepthMax)));
  EXPECT_EQ(read(repeated("[", kDepthMax + 1) + repeated("]", kDepthMax + 1)),
            "error:1:17: it is nested too deeply");
}

TEST(Document, OfVeryManyOpenBracketsIsAnError) {
  for (const char* unit : {"[", "{", "{a: ", "- ", "? ", ": ", "a: [", "- - ", "[{"}) {
    EXPECT_FALSE(parse(repeated(unit, 200'000))) << unit;
  }
}

TEST(Document, IsNoLongerThanItsBound) {
  EXPECT_TRUE(parse(repeated("#", kDocumentBytesMax)));
  EXPECT_EQ(read(repeated("#", kDocumentBytesMax + 1)), "error: it is longer than 1 MiB");
}

TEST(Document, ThatIsNoYamlIsWrongWhereItIsNot) {
  EXPECT_EQ(read("a: 1\nb: [1\n"), "error:3:1: end of sequence flow not found");
  EXPECT_EQ(read("a: b: c\n"), "error:1:5: illegal map value");
  EXPECT_EQ(read("a: 1\n}"), "error:2:1: illegal flow end");
}

TEST(Document, HasNoDirectives) {
  EXPECT_EQ(read("%YAML 1.2\n--- a\n"), "error:1:1: directives are not expected");
  EXPECT_EQ(read("# comment\n%own\n"), "error:2:1: directives are not expected");
  EXPECT_EQ(read("a: 100%\n"), "1:1 { a:1:1=1:4 <100%> }");
}

TEST(Document, IsUtf8) {
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "a: \xc3\xa4\n"),
            "1:1 { a:1:1=1:4 <\xc3\xa4> }");
  EXPECT_EQ(read("a: x\nb: \xff\n"), "error:2:4: it is no UTF-8");
  EXPECT_EQ(read("\xc3\xa4 \xa4"), "error:1:4: it is no UTF-8");
  EXPECT_EQ(read(std::string("\xff\xfe"
                             "a\0:\0",
                             6)),
            "error:1:1: it is no UTF-8");
}

// yaml-cpp sees nothing in these.
TEST(Document, OfOneWordThatIsNoYamlIsNotEmpty) {
  EXPECT_EQ(read("# comment\n!secret\n"), "error:2:1: keys with values are expected");
  EXPECT_EQ(read("--- !!map\n"), "error:1:1: keys with values are expected");
}

TEST(Shown, IsWhatCanBePrintedAndNotMuch) {
  EXPECT_EQ(shown("a\nb\xff"), "a?b?");
  EXPECT_EQ(shown(repeated("x", 80)), repeated("x", 80));
  EXPECT_EQ(shown(repeated("x", 81)), repeated("x", 80) + "...");
}

}  // namespace
}  // namespace prometheus_rsocket::yaml

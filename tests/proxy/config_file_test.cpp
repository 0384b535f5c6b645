#include "proxy/config_file.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::proxy {
namespace {

// What is read, an entry a line; or the error.
std::string read(const std::string& text) {
  const auto entries = parse_config(text, "f.yml");
  if (!entries) return entries.error();
  std::string lines;
  for (const FileEntry& entry : *entries) {
    lines += entry.key_place + " " + entry.place + " " + entry.key + ":";
    for (const std::string& value : entry.values) lines += " <" + value + ">";
    lines += "\n";
  }
  return lines;
}

TEST(ConfigFile, IsAMapOfOptionsToAValueOrAList) {
  EXPECT_EQ(read("# a comment\nthreads: 2\nweb.listen-address:\n  - \":1\"\n  - ':2'\nlist: []\n"),
            "f.yml:2:1 f.yml:2:10 threads: <2>\n"
            "f.yml:3:1 f.yml:4:3 web.listen-address: <:1> <:2>\n"
            "f.yml:6:1 f.yml:6:7 list:\n");
}

TEST(ConfigFile, MayBeEmpty) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("---\n# nothing\n"), "");
}

TEST(ConfigFile, WithAKeyTwiceIsWrong) {
  EXPECT_EQ(read("a: 1\nb: 2\na: 3\n"), "f.yml:3:1: a: it is there twice");
}

TEST(ConfigFile, WithAValueOfAnotherFormIsWrong) {
  EXPECT_EQ(read("a: {b: 1}\n"), "f.yml:1:4: a: it takes a value or a list of values");
  EXPECT_EQ(read("a:\n"), "f.yml:1:1: a: it has no value");
  EXPECT_EQ(read("a: [[1]]\n"), "f.yml:1:4: a: its list holds something that is no value");
  EXPECT_EQ(read("[a]: 1\n"), "f.yml:1:1: a key is text");
  EXPECT_EQ(read("- a\n"), "f.yml:1:1: a configuration is a map of options to values");
  EXPECT_EQ(read("a: 1\n---\nb: 2\n"), "f.yml:2:1: a second document is not expected");
}

TEST(ConfigFile, ThatIsNoYamlIsWrongWhereItIsNot) {
  EXPECT_TRUE(read("a: 1\nb: [1\n").starts_with("f.yml:3:1: ")) << read("a: 1\nb: [1\n");
  EXPECT_TRUE(read("a: 'x\n").starts_with("f.yml:")) << read("a: 'x\n");
  EXPECT_TRUE(read("a: *nowhere\n").starts_with("f.yml:1:")) << read("a: *nowhere\n");
  EXPECT_TRUE(read(std::string(100'000, '[')).starts_with("f.yml:1:"));
}

TEST(ConfigFile, ThatCannotBeReadSaysWhy) {
  EXPECT_EQ(read_config_file("/nowhere/f.yml").error(),
            "/nowhere/f.yml: it cannot be read: No such file or directory");
  EXPECT_EQ(read_config_file("/tmp").error(), "/tmp: it cannot be read: Is a directory");
}

}  // namespace
}  // namespace prometheus_rsocket::proxy

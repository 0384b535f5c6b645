// The pushes on a real disk: whose files they are, and that they are there again.
#include "push/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/disk.h"
#include "stored_pushes.h"

namespace prometheus_rsocket::push {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DatabaseOnDisk : public testing::Test {
 protected:
  DatabaseOnDisk() {
    std::string pattern = (fs::temp_directory_path() / "pushes-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  ~DatabaseOnDisk() override { fs::remove_all(root_); }

  [[nodiscard]] std::string folder() const { return (root_ / "store").string(); }
  [[nodiscard]] std::string file() const { return folder() + "/pushes.db"; }
  [[nodiscard]] Database::Opened open() { return Database::open(*disk_, folder(), kKey); }
  static Change stored(std::uint64_t sequence, const std::string& text) {
    return Stored{{Sequence{sequence}, as_exposition(text)}, {}};
  }
  static mode_t mode(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  }

  fs::path root_;
  std::unique_ptr<runtime::Disk> disk_ = net::make_disk();
};

TEST_F(DatabaseOnDisk, WhatIsWrittenIsThereAgain) {
  const std::vector<Change> changes = {Tracked{3, {ScraperId{"s"}, View::kPushes}, true},
                                       stored(1, gauge("a")),
                                       stored(2, gauge("b")),
                                       stored(5, gauge("c")),
                                       Shown{{{Sequence{2}, 8}, {Sequence{5}, 8}}},
                                       Shown{{{Sequence{1}, 0}}},
                                       Released{{Sequence{5}}}};
  {
    auto opened = open();
    ASSERT_TRUE(opened.database);
    EXPECT_TRUE(opened.contents.pushes.empty());
    EXPECT_FALSE(opened.database->apply(changes));
  }
  const auto again = open();
  ASSERT_TRUE(again.database);
  ASSERT_EQ(again.contents.pushes.size(), 2U);
  EXPECT_EQ(again.contents.pushes[0].push.exposition->text, gauge("a"));
  EXPECT_EQ(again.contents.pushes[0].seen_by, 0U);
  EXPECT_TRUE(again.contents.pushes[0].shown);
  EXPECT_EQ(again.contents.pushes[1].seen_by, 8U);
  ASSERT_EQ(again.contents.scrapers.size(), 1U);
  EXPECT_EQ(again.contents.scrapers[0].key, (ScraperKey{ScraperId{"s"}, View::kPushes}));
  EXPECT_TRUE(again.contents.scrapers[0].regular);
}

TEST_F(DatabaseOnDisk, WhatItHoldsMakesTheSameAgain) {
  Contents before;
  {
    auto opened = open();
    ASSERT_FALSE(opened.database->apply(std::vector<Change>{
        Tracked{0, {ScraperId{"s"}, View::kConnected}, false}, stored(1, gauge("a")),
        stored(2, gauge("b")), Shown{{{Sequence{1}, 1}}}}));
  }
  before = open().contents;
  fs::remove_all(folder());
  ASSERT_FALSE(open().database->apply(changes_of(before)));
  const Contents after = open().contents;
  ASSERT_EQ(after.pushes.size(), before.pushes.size());
  for (std::size_t i = 0; i < after.pushes.size(); ++i) {
    EXPECT_EQ(after.pushes[i].push.sequence, before.pushes[i].push.sequence);
    EXPECT_EQ(after.pushes[i].push.exposition->index, before.pushes[i].push.exposition->index);
    EXPECT_EQ(after.pushes[i].seen_by, before.pushes[i].seen_by);
    EXPECT_EQ(after.pushes[i].shown, before.pushes[i].shown);
  }
}

TEST_F(DatabaseOnDisk, WhatIsRestatedTakesThePlaceOfAllThatWasSaidBefore) {
  auto opened = open();
  const ScraperKey gone{ScraperId{"gone"}, View::kConnected};
  ASSERT_FALSE(opened.database->apply(
      std::vector<Change>{Tracked{0, gone, false}, stored(1, gauge("a")), stored(2, gauge("b")),
                          stored(3, gauge("c")), Shown{{{Sequence{1}, 1}, {Sequence{2}, 1}}}}));
  Contents held;
  held.pushes.push_back({{Sequence{1}, nullptr}, 0, false});
  held.pushes.push_back({{Sequence{3}, nullptr}, 4, true});
  held.scrapers.push_back({2, {ScraperId{"new"}, View::kPushes}, true});
  ASSERT_FALSE(opened.database->apply(restatement_of(held)));
  opened = {};
  const Contents after = open().contents;
  ASSERT_EQ(after.pushes.size(), 2U);
  EXPECT_EQ(after.pushes[0].push.exposition->text, gauge("a"));
  EXPECT_FALSE(after.pushes[0].shown);
  EXPECT_EQ(after.pushes[1].push.exposition->text, gauge("c"));
  EXPECT_EQ(after.pushes[1].seen_by, 4U);
  ASSERT_EQ(after.scrapers.size(), 1U);
  EXPECT_EQ(after.scrapers[0].slot, 2U);
}

TEST_F(DatabaseOnDisk, ItsFilesAreForUsAlone) {
  ::umask(0);
  const auto opened = open();
  ASSERT_TRUE(opened.database);
  EXPECT_FALSE(opened.database->apply(std::vector<Change>{stored(1, gauge("a"))}));
  EXPECT_EQ(mode(folder()), 0700U);
  for (const auto& entry : fs::directory_iterator(folder())) {
    EXPECT_EQ(mode(entry.path()), 0600U) << entry.path();
  }
  EXPECT_TRUE(fs::exists(file() + "-wal"));
}

TEST_F(DatabaseOnDisk, ASecondProxyOnTheSameFolderIsRefused) {
  const auto first = open();
  const auto second = open();
  ASSERT_TRUE(second.failure);
  EXPECT_FALSE(second.failure->is_corrupt);
  EXPECT_EQ(second.failure->details, folder() + ": is in use by another process");
}

// One that is to be replaced has no file open, and so no lock of SQLite's.
TEST_F(DatabaseOnDisk, NorIsItTakenFromOneWhoseFileIsNotThereYet) {
  auto first = open();
  ASSERT_TRUE(first.database);
  fs::create_directory(file() + ".new");  // it cannot be replaced
  ASSERT_TRUE(first.database->replace({}));
  EXPECT_TRUE(open().failure);
  fs::remove(file() + ".new");
  EXPECT_FALSE(first.database->replace({}));
  EXPECT_FALSE(first.database->apply(std::vector<Change>{stored(1, gauge("a"))}));
  first.database.reset();
  EXPECT_EQ(open().contents.pushes.size(), 1U);
}

TEST_F(DatabaseOnDisk, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder()) << "a file";
  const auto opened = open();
  ASSERT_TRUE(opened.failure);
  EXPECT_EQ(opened.failure->details, folder() + ": Not a directory");
}

TEST_F(DatabaseOnDisk, AFileThatIsNoDatabaseIsSetAside) {
  fs::create_directory(folder());
  std::ofstream(file()) << std::string(10'000, 'x');
  const auto opened = open();
  ASSERT_TRUE(opened.database);
  ASSERT_EQ(opened.notices.size(), 2U);
  EXPECT_THAT(opened.notices[1], HasSubstr("pushes.db.corrupt-1"));
  EXPECT_EQ(fs::file_size(file() + ".corrupt-1"), 10'000U);
}

}  // namespace
}  // namespace prometheus_rsocket::push

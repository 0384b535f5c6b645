// Pushes that outlive the process: what restarts, kills and bad disks do to them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stored_pushes.h"

namespace prometheus_rsocket::push {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Texts = std::vector<std::string>;

TEST(Durable, APushIsAcknowledgedOnlyWhenItIsOnDisk) {
  StoredPushes it;
  const auto answer = it.put("a", gauge("a"));
  EXPECT_FALSE(*answer);
  it.settle();
  EXPECT_EQ(*answer, boost::system::error_code());
}

TEST(Durable, AnAcknowledgedPushOutlivesAKill) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

TEST(Durable, AnAcknowledgedPushOutlivesALossOfPower) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.lose_power();
  it.open();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

TEST(Durable, APushIsSeenAfterARestartThoughItsConnectionWasOpen) {
  StoredPushes it;
  it.put("a", gauge("a"));
  it.settle();
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

TEST(Durable, EachScraperIsShownOnlyWhatItWasNotShownBeforeTheRestart) {
  StoredPushes it;
  it.push("a", gauge("a"));
  EXPECT_EQ(it.scrape("one"), Texts{gauge("a")});
  it.settle();
  it.reopen();
  EXPECT_EQ(it.scrape("one"), Texts{});
  EXPECT_EQ(it.scrape("two"), Texts{gauge("a")});
}

TEST(Durable, AShowingThatDidNotArriveIsNoneAfterTheRestartEither) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.scrape("one", false);
  it.settle();
  it.reopen();
  EXPECT_EQ(it.scrape("one"), Texts{gauge("a")});
}

TEST(Durable, WhatIsReleasedStaysAway) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.scrape("one");
  it.world.run_for(6min);
  it.store->handle_timeout(it.world.now());
  EXPECT_EQ(it.store->counters().held, 0U);
  it.settle();
  it.reopen();
  EXPECT_EQ(it.store->counters().held, 0U);
  EXPECT_EQ(it.scrape("two"), Texts{});
}

TEST(Durable, AScraperThatTookTheSlotOfAnotherHasSeenNothing) {
  StoredPushes it;
  for (std::size_t i = 0; i < kScrapersMax; ++i) it.scrape("s" + std::to_string(i));
  it.push("a", gauge("a"));
  EXPECT_EQ(it.scrape("s0"), Texts{gauge("a")});
  it.scrape("new");
  it.settle();
  it.reopen();
  EXPECT_EQ(it.scrape("new"), Texts{});
  EXPECT_EQ(it.scrape("s1"), Texts{gauge("a")}) << "which had to make room";
}

TEST(Durable, AfterARestartTheTimeOfAPushBeginsAnew) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.scrape("one");
  it.world.run_for(4min);
  it.scrape("one");  // regular
  it.settle();
  it.reopen();
  const base::Instant restarted = it.world.now();
  EXPECT_EQ(it.store->next_timeout(), restarted + kStartGrace);
  it.store->handle_timeout(restarted + kStartGrace - 1s);
  EXPECT_EQ(it.scrape("two"), Texts{gauge("a")});
}

TEST(Durable, ASecondPushOfAConnectionReplacesTheFirstOnDiskToo) {
  StoredPushes it;
  it.put("a", gauge("a", 1));
  it.put("a", gauge("a", 2));
  it.settle();
  it.put("a", gauge("a", 3));
  it.settle();
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a", 3)});
}

// Each that came meanwhile took as much as all before it, in memory and on the disk.
TEST(Durable, OfManyPushesOfAConnectionThatComeWhileOneIsWrittenTheLastIsWritten) {
  StoredPushes it;
  std::vector<StoredPushes::Answer> answers;
  for (int i = 0; i < 1000; ++i) answers.push_back(it.put("a", gauge("a", i)));
  it.settle();
  for (const auto& answer : answers) EXPECT_EQ(*answer, boost::system::error_code());
  EXPECT_EQ(it.store->counters().acknowledged, 1000U);
  EXPECT_EQ(it.store->counters().held, 1U);
  EXPECT_LT(it.store->counters().bytes, 200U);
  EXPECT_LT(it.disk.bytes_of(kFile + "-wal"), 100'000U) << "two transactions, of a row each";
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a", 999)});
}

TEST(Durable, WhatWasReplacedBeforeItWasWrittenIsRefusedWithItsSuccessor) {
  StoredPushes it;
  it.put("a", gauge("a", 0));
  it.settle();
  it.disk.limit(it.disk.bytes());
  std::vector<StoredPushes::Answer> answers;
  for (int i = 1; i < 4; ++i) answers.push_back(it.put("a", gauge("a", i)));
  it.settle();
  for (const auto& answer : answers) EXPECT_EQ(*answer, PushError::kDiskFull);
  it.store->connection_ended(ClientId{"a"});
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a", 0)});
}

TEST(Durable, PushesThatAreReplacedBeforeTheyAreWrittenCountUntilTheyAreAnswered) {
  StoredPushes it(1, {.pushes_max = 3});
  std::vector<StoredPushes::Answer> answers;
  for (int i = 0; i < 4; ++i) answers.push_back(it.put("a", gauge("a", i)));
  EXPECT_EQ(*answers[3], PushError::kFull);
  it.settle();
  EXPECT_EQ(*answers[2], boost::system::error_code());
  EXPECT_EQ(*it.put("b", gauge("b")), std::nullopt) << "there is room again";
  it.settle();
}

TEST(Durable, PushesKeepTheirOrderOverARestart) {
  StoredPushes it;
  for (int i = 0; i < 3; ++i) it.push("c", gauge("a", i));
  it.reopen();
  it.push("c", gauge("a", 3));
  EXPECT_EQ(it.scrape("s"), (Texts{gauge("a", 0), gauge("a", 1), gauge("a", 2), gauge("a", 3)}));
}

TEST(Durable, ManyPushesAtOnceAreWrittenTogether) {
  StoredPushes it;
  std::vector<StoredPushes::Answer> answers;
  const base::Instant began = it.world.now();
  for (int i = 0; i < 1000; ++i) answers.push_back(it.put(std::to_string(i), gauge("a", i)));
  ASSERT_TRUE(it.world.run_until([&] { return answers.back()->has_value(); }));
  // A sync takes a millisecond or two here.
  EXPECT_LT(it.world.now() - began, 200ms);
}

TEST(Durable, ACleanEndLeavesNothingUnwritten) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.scrape("one");
  bool flushed = false;
  it.store->flush([&] { flushed = true; });
  EXPECT_FALSE(flushed) << "that it was shown is being written";
  ASSERT_TRUE(it.world.run_until([&] { return flushed; }));
  it.stop();
  it.open();
  EXPECT_EQ(it.scrape("one"), Texts{});
}

// What was left over is being tried again when the end comes.
TEST(Durable, ACleanEndDuringARetryWaitsForThatOneAlone) {
  for (const bool has_room : {true, false}) {
    StoredPushes it;
    it.push("a", gauge("a"));
    it.disk.limit(it.disk.bytes());
    it.scrape("one");
    ASSERT_TRUE(it.world.run_until([&] { return !it.store->counters().is_writable; }));
    if (has_room) it.disk.limit(std::nullopt);
    it.disk.slow(100ms);
    it.world.run_for(kJournalRetryMin * 2);  // it is under way
    const base::Instant began = it.world.now();
    bool flushed = false;
    it.store->flush([&] { flushed = true; });
    ASSERT_TRUE(it.world.run_until([&] { return flushed; }));
    EXPECT_LT(it.world.now() - began, 1s) << has_room;
  }
}

TEST(Durable, WithNothingToWriteAFlushIsOverAtOnce) {
  StoredPushes it;
  bool flushed = false;
  it.store->flush([&] { flushed = true; });
  EXPECT_TRUE(flushed);
}

// ---- A full store

TEST(Durable, AFullStoreRefusesAndForgetsNothing) {
  StoredPushes it(1, Config{.pushes_max = 2});
  it.push("a", gauge("a"));
  it.put("b", gauge("b"));
  EXPECT_EQ(*it.put("c", gauge("c")), PushError::kFull) << "one is stored, one is being written";
  it.settle();
  it.reopen();
  EXPECT_EQ(it.scrape("s"), (Texts{gauge("a"), gauge("b")}));
}

TEST(Durable, WhatIsAboveABoundThatWasLoweredStays) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.push("b", gauge("b"));
  it.config.pushes_max = 1;
  it.reopen();
  EXPECT_EQ(it.store->counters().held, 2U);
  EXPECT_EQ(*it.put("c", gauge("c")), PushError::kFull);
}

// ---- A disk that refuses

TEST(Durable, AFullDiskRefusesPushesAndSaysSo) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.disk.limit(it.disk.bytes());
  const auto refused = it.put("b", gauge("b"));
  it.settle();
  EXPECT_EQ(*refused, PushError::kDiskFull);
  EXPECT_FALSE(it.store->counters().is_writable);
  EXPECT_EQ(it.process->count_log("the push store cannot be written"), 1U);
  EXPECT_EQ(it.process->count_log("full"), 1U);
}

TEST(Durable, ADiskThatHasRoomAgainTakesPushesAgain) {
  StoredPushes it;
  it.disk.limit(it.disk.bytes());
  for (int i = 0; i < 3; ++i) it.put("b", gauge("b"));
  it.settle();
  it.disk.limit(std::nullopt);
  it.push("c", gauge("c"));
  EXPECT_EQ(it.process->count_log("the push store can be written again"), 1U);
  EXPECT_TRUE(it.store->counters().is_writable);
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("c")});
}

TEST(Durable, AFullDiskLosesNoShowing) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.disk.limit(it.disk.bytes());
  it.scrape("one");
  it.settle();
  it.disk.limit(std::nullopt);
  it.push("b", gauge("b"));
  it.reopen();
  EXPECT_EQ(it.scrape("one"), Texts{gauge("b")});
}

// However much there is to be said meanwhile, it is said as it is in the end.
TEST(Durable, WhatHappensWhileTheDiskRefusesIsWrittenOnceItDoesNot) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.push("b", gauge("b"));
  it.scrape("one");
  it.settle();
  it.disk.limit(it.disk.bytes());
  for (int minute = 0; minute < 30; ++minute) {
    it.scrape("two");
    it.world.run_for(1min);
    it.store->handle_timeout(it.world.now());
  }
  EXPECT_EQ(it.store->counters().held, 0U);
  const auto refused = it.put("c", gauge("c"));
  it.world.run_for(1s);
  EXPECT_EQ(*refused, PushError::kDiskFull);
  it.disk.limit(std::nullopt);
  it.world.run_for(2 * kJournalRetryMax);
  EXPECT_EQ(it.process->count_log("the push store cannot be written"), 1U);
  EXPECT_EQ(it.process->count_log("the push store can be written again"), 1U);
  it.reopen();
  EXPECT_EQ(it.store->counters().held, 0U);
}

// The commit is in the file when its sync fails, or is not: nobody can know.
TEST(Durable, AfterASyncThatFailedNothingIsThereThatWasRefused) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.disk.fail(100);
  const auto refused = it.put("b", gauge("b"));
  it.world.run_for(100ms);
  EXPECT_EQ(*refused, PushError::kDiskFailed);
  it.disk.fail(0);
  it.world.run_for(2 * kJournalRetryMax);
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

TEST(Durable, ADiskThatFailsNowAndThenLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    StoredPushes it(seed);
    it.disk.fail(5);
    std::vector<std::string> acknowledged;
    std::size_t refused = 0;
    for (int i = 0; i < 30; ++i) {
      const auto answer = it.put("c", gauge("a", i));
      it.store->connection_ended(ClientId{"c"});
      it.scrape("one", i % 2 == 0);
      it.world.run_for(5s);
      ASSERT_TRUE(*answer);
      if (**answer) {
        ++refused;
      } else {
        acknowledged.push_back(gauge("a", i));
      }
    }
    EXPECT_GT(refused, 0U) << seed;
    it.disk.fail(0);
    it.scrape("one");
    it.world.run_for(2 * kJournalRetryMax);
    it.reopen();
    ASSERT_FALSE(it.failure) << it.failure->details;
    EXPECT_EQ(it.scrape("two"), acknowledged) << seed;
    EXPECT_EQ(it.scrape("one"), Texts{}) << seed;
  }
}

TEST(Durable, OneThatTheDiskRefusesLeavesTheFirstOfItsConnection) {
  StoredPushes it;
  it.put("a", gauge("a", 1));
  it.settle();
  it.disk.limit(it.disk.bytes());
  it.put("a", gauge("a", 2));
  it.settle();
  it.store->connection_ended(ClientId{"a"});
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a", 1)});
  it.disk.limit(std::nullopt);
  it.reopen();
  EXPECT_EQ(it.scrape("t"), Texts{gauge("a", 1)});
}

TEST(Durable, AFullDiskDoesNotKeepTheNextProcessFromStarting) {
  StoredPushes it;
  for (int i = 0; i < 50; ++i) it.push("a", gauge("a", i) + std::string(20'000, '\n'));
  it.scrape("one");
  it.world.run_for(6min);
  it.store->handle_timeout(it.world.now());  // what it leaves is to be given back at the start
  it.push("b", gauge("b"));
  it.kill();
  it.disk.limit(it.disk.bytes());
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  EXPECT_EQ(it.scrape("two"), Texts{gauge("b")});
}

// ---- A damaged file

TEST(Durable, WhatIsReadOfADamagedFileIsWrittenAnewAsSoonAsThereIsRoom) {
  StoredPushes it;
  for (int i = 0; i < 20; ++i) it.push("a", gauge("a", i) + std::string(20'000, '\n'));
  it.stop();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(it.disk.rot(kFile));
  it.disk.limit(it.disk.bytes());
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  ASSERT_EQ(it.notices.size(), 2U);
  EXPECT_THAT(it.notices[1], HasSubstr("full"));
  it.disk.limit(std::nullopt);
  it.push("b", gauge("b"));
  const Texts held = it.scrape("one");
  EXPECT_GT(held.size(), 1U);
  it.settle();
  it.reopen();
  EXPECT_THAT(it.notices, IsEmpty());
  EXPECT_EQ(it.scrape("two"), held);
}

TEST(Durable, AFileThatIsNoDatabaseIsSetAsideAndServiceGoesOn) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.stop();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(it.disk.rot(kFile));
  it.open();
  ASSERT_THAT(it.notices, ElementsAre(HasSubstr("malformed"), HasSubstr("db.corrupt-1")));
  EXPECT_FALSE(it.failure);
  EXPECT_TRUE(it.disk.exists(kFile + ".corrupt-1"));
  it.push("b", gauge("b"));
  it.reopen();
  EXPECT_THAT(it.notices, IsEmpty());
  EXPECT_THAT(it.scrape("s"), testing::Contains(gauge("b")));
}

TEST(Durable, ASecondDamagedFileHasANameOfItsOwn) {
  StoredPushes it;
  for (int round = 1; round <= 2; ++round) {
    it.stop();
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(it.disk.rot(kFile));
    it.open();
    EXPECT_TRUE(it.disk.exists(kFile + ".corrupt-" + std::to_string(round)));
  }
}

TEST(Durable, OfManyDamagedFilesTheFirstOnesAndTheLastAreKept) {
  StoredPushes it;
  for (int round = 1; round <= kSetAsideMax + 3; ++round) {
    it.stop();
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(it.disk.rot(kFile));
    it.open();
    ASSERT_FALSE(it.failure) << it.failure->details;
  }
  EXPECT_TRUE(it.disk.exists(kFile + ".corrupt-" + std::to_string(kSetAsideMax)));
  EXPECT_FALSE(it.disk.exists(kFile + ".corrupt-" + std::to_string(kSetAsideMax + 1)));
  it.push("a", gauge("a"));
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

// Of one byte that rots, whichever it is, nothing wrong is ever shown, and nearly all is still
// there: a page that leads to others may cost a few.
TEST(Durable, AByteThatRotsCostsLittleMoreThanWhatItIsIn) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    StoredPushes it(seed);
    Texts pushed;
    for (int i = 0; i < 20; ++i) {
      pushed.push_back(gauge("a" + std::to_string(i)) + std::string(1000, '\n'));
      it.push("c", pushed.back());
    }
    it.stop();
    ASSERT_TRUE(it.disk.rot(kFile));
    it.open();
    ASSERT_FALSE(it.failure) << seed << ": " << it.failure->details;
    const Texts shown = it.scrape("s");
    for (const std::string& text : shown) {
      EXPECT_THAT(pushed, testing::Contains(text)) << seed;
    }
    if (shown.size() < pushed.size()) {
      EXPECT_EQ(it.notices.size(), 2U) << seed;
    }
    const bool is_no_database =
        !it.notices.empty() && it.notices[0].find("; 0 pushes") != it.notices[0].npos;
    EXPECT_TRUE(shown.size() + 6 >= pushed.size() || is_no_database)
        << seed << ": " << shown.size();
  }
}

// What says who has seen a push may rot as well: it is then shown once more, rather than never.
class RottenRow : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Of, RottenRow,
                         testing::Values("UPDATE shown SET seen_by = 3",
                                         "DELETE FROM scraper WHERE slot = 1;"
                                         "UPDATE scraper SET name = CAST('two' AS BLOB)",
                                         "UPDATE scraper SET slot = 15 WHERE slot = 0"));

TEST_P(RottenRow, HidesNoPushFromAnybody) {
  StoredPushes it;
  it.scrape("one");
  it.scrape("two");
  it.push("a", gauge("a"));
  it.scrape("one");
  it.settle();
  it.stop();
  sqlite::Connection rotten;
  ASSERT_FALSE(rotten.open(kFile, it.disk.sqlite_vfs()));
  ASSERT_FALSE(rotten.execute("PRAGMA locking_mode=EXCLUSIVE"));
  ASSERT_FALSE(rotten.execute(GetParam()));
  rotten.close();
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  EXPECT_THAT(it.notices, ElementsAre(HasSubstr("1 row with a wrong checksum"), HasSubstr("now")));
  EXPECT_EQ(it.scrape("two"), Texts{gauge("a")});
}

// More than SQLite keeps in memory, so that it has to look.
TEST(Durable, AFileThatIsDamagedWhileItIsUsedIsWrittenAnew) {
  StoredPushes it;
  for (int i = 0; i < 400; ++i) it.push("c", gauge("a", i) + std::string(20'000, '\n'));
  it.push("last", gauge("last"));
  for (const std::string& file : it.disk.files()) {
    for (int i = 0; i < 100'000; ++i) it.disk.rot(file);
  }
  EXPECT_EQ(it.scrape("one").size(), 401U);
  it.world.run_for(6min);
  it.store->handle_timeout(it.world.now());  // it goes, in memory and on disk
  it.push("c", gauge("c"));
  EXPECT_EQ(it.process->count_log("the push store's file is damaged"), 1U);
  EXPECT_EQ(it.process->count_log("is replaced by one of what is held"), 1U);
  it.reopen();
  EXPECT_THAT(it.notices, IsEmpty());
  EXPECT_EQ(it.scrape("two"), Texts{gauge("c")});
}

// Nobody pushes or scrapes meanwhile.
TEST(Durable, ADamagedFileIsReplacedByItselfOnceThereIsRoom) {
  StoredPushes it;
  for (int i = 0; i < 20; ++i) it.push("a", gauge("a", i) + std::string(20'000, '\n'));
  it.stop();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(it.disk.rot(kFile));
  it.disk.limit(it.disk.bytes());
  it.open();
  const std::size_t held = it.store->counters().held;
  ASSERT_GT(held, 0U);
  it.world.run_for(10s);
  it.disk.limit(std::nullopt);
  it.world.run_for(2 * kJournalRetryMax);
  it.reopen();
  EXPECT_THAT(it.notices, IsEmpty());
  EXPECT_EQ(it.store->counters().held, held);
}

// What finds the damage, and is then to be written.
class DamagedInUse : public testing::Test {
 protected:
  DamagedInUse() {
    for (int i = 0; i < 400; ++i) it.push("c", gauge("a", i) + std::string(20'000, '\n'));
    it.scrape("one");
    it.settle();
    it.push("kept", gauge("kept"));
    for (const std::string& file : it.disk.files()) {
      for (int i = 0; i < 100'000; ++i) it.disk.rot(file);
    }
    it.world.run_for(6min);
  }
  void find_the_damage() { it.store->handle_timeout(it.world.now()); }  // 400 are to go

  StoredPushes it;
};

TEST_F(DamagedInUse, AnOrderlyEndWaitsForTheNewFile) {
  find_the_damage();
  bool flushed = false;
  it.store->flush([&] { flushed = true; });
  ASSERT_TRUE(it.world.run_until([&] { return flushed; }));
  it.kill();
  it.open();
  EXPECT_THAT(it.notices, IsEmpty());
  EXPECT_EQ(it.scrape("two"), Texts{gauge("kept")});
}

TEST_F(DamagedInUse, WhereItCannotBeReplacedThatIsTriedNowAndThen) {
  it.disk.keep_names(true);
  find_the_damage();
  it.world.run_for(10min);
  EXPECT_LE(it.process->count_log("the push store"), 20U);
  EXPECT_EQ(*it.put("refused", gauge("b")), std::nullopt);
  it.disk.keep_names(false);
  it.world.run_for(2 * kJournalRetryMax);
  it.reopen();
  EXPECT_THAT(it.scrape("two"), testing::Contains(gauge("kept")));
}

// Each push would have been a new file of all that is held, and a line in the log.
TEST_F(DamagedInUse, WhileItCannotBeReplacedPushesAreRefusedAtOnce) {
  it.disk.keep_names(true);
  find_the_damage();
  it.world.run_for(100ms);
  const std::uint64_t bytes = it.disk.bytes();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(*it.put(std::to_string(i), gauge("b")), PushError::kDiskFailed) << i;
  }
  EXPECT_EQ(it.disk.bytes(), bytes);
  it.world.run_for(10min);
  EXPECT_EQ(it.process->count_log("cannot be written: pushes are refused"), 1U);
}

// Of SQLite's an old one beside the new file would be rolled back into that.
TEST(Durable, WithADamagedFileAllThatIsOfItIsSetAside) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.stop();
  ASSERT_FALSE(it.disk.make_private(kFile + "-journal"));
  for (int i = 0; i < 100; ++i) it.disk.rot(kFile);
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  EXPECT_FALSE(it.disk.exists(kFile + "-journal"));
  EXPECT_TRUE(it.disk.exists(kFile + ".corrupt-1-journal"));
}

TEST(Durable, AFileThatCannotBeReadIsADamagedOne) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.stop();
  it.disk.fail_reads(kFile);
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  EXPECT_THAT(it.notices, ElementsAre(HasSubstr("disk I/O error"), HasSubstr("corrupt-1")));
  it.disk.fail_reads("");
  it.push("b", gauge("b"));
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("b")});
}

// Its log has all that there is.
TEST(Durable, AFileThatWasEmptiedIsSetAsideWithItsLog) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.kill();
  ASSERT_FALSE(it.disk.remove(kFile));
  ASSERT_FALSE(it.disk.make_private(kFile));
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  EXPECT_THAT(it.notices,
              ElementsAre(HasSubstr("is empty, and its log is not"), HasSubstr("corrupt-1")));
  EXPECT_GT(it.disk.size(kFile + ".corrupt-1-wal"), 0U);
  it.push("b", gauge("b"));
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("b")});
}

// A file that has taken the place of another is written ahead as soon as there is room to say so.
TEST(Durable, AFullDiskAfterAReplacementDoesNotKeepTheNextProcessFromStarting) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.stop();
  sqlite::Connection fresh;
  ASSERT_FALSE(fresh.open(kFile, it.disk.sqlite_vfs()));
  ASSERT_FALSE(fresh.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE"));
  fresh.close();
  it.disk.limit(it.disk.bytes());
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  EXPECT_THAT(it.notices, IsEmpty());
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
  it.disk.limit(std::nullopt);
  it.push("b", gauge("b"));
  EXPECT_TRUE(it.disk.exists(kFile + "-wal"));
  it.reopen();
  EXPECT_EQ(it.scrape("t"), (Texts{gauge("a"), gauge("b")}));
}

// Killed before its n-th step, each of these a name that changes.
class KilledDisk final : public runtime::Disk {
 public:
  KilledDisk(sim::VirtualDisk& disk, int steps) : disk_(disk), steps_left_(steps) {}
  [[nodiscard]] bool is_dead() const { return steps_left_ < 0; }

  [[nodiscard]] const char* sqlite_vfs() const override { return disk_.sqlite_vfs(); }
  [[nodiscard]] boost::system::result<Claim> claim(const std::string& folder) override {
    return disk_.claim(folder);
  }
  [[nodiscard]] runtime::error_code make_private(const std::string& file) override {
    return step() ? disk_.make_private(file) : kDead;
  }
  [[nodiscard]] std::optional<std::uint64_t> size(const std::string& path) override {
    return disk_.size(path);
  }
  [[nodiscard]] runtime::error_code remove(const std::string& path) override {
    return step() ? disk_.remove(path) : kDead;
  }
  [[nodiscard]] runtime::error_code rename(const std::string& from,
                                           const std::string& to) override {
    return step() ? disk_.rename(from, to) : kDead;
  }

 private:
  bool step() {
    if (steps_left_-- == 0) disk_.process_killed();
    return !is_dead();
  }

  inline static const runtime::error_code kDead = make_error_code(boost::system::errc::io_error);
  sim::VirtualDisk& disk_;
  int steps_left_;
};

TEST(Durable, AKillInTheMiddleOfAReplacementLosesNothing) {
  int steps = 0;
  for (bool was_killed = true; was_killed; ++steps) {
    StoredPushes it;
    for (int i = 0; i < 3; ++i) it.push("a", gauge("a", i));
    it.kill();
    {
      KilledDisk disk(it.disk, 1 + steps);  // the first is of opening
      auto opened = Database::open(disk, kFolder, kKey);
      ASSERT_TRUE(opened.database) << steps;
      static_cast<void>(opened.database->replace(changes_of(opened.contents)));
      was_killed = disk.is_dead();
      if (!was_killed) it.disk.process_killed();
    }
    it.open();
    ASSERT_FALSE(it.failure) << steps << ": " << it.failure->details;
    EXPECT_EQ(it.scrape("s"), (Texts{gauge("a", 0), gauge("a", 1), gauge("a", 2)})) << steps;
  }
  EXPECT_GT(steps, 6);
}

TEST(Durable, AReplacementThatWasNotFinishedIsFinishedByTheNextProcess) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.stop();
  ASSERT_FALSE(it.disk.rename(kFile, kFile + ".next"));
  it.open();
  EXPECT_THAT(it.notices, IsEmpty());
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

TEST(Durable, AHeaderThatRottedCostsNoPush) {
  StoredPushes it;
  it.push("a", gauge("a"));
  it.stop();
  sqlite::Connection rotten;
  ASSERT_FALSE(rotten.open(kFile, it.disk.sqlite_vfs()));
  ASSERT_FALSE(rotten.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA application_id=1"));
  rotten.close();
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  EXPECT_EQ(it.notices.size(), 2U);
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

// SQLite believes it, and says each time something else. By one byte it may say that the file is of
// a later version of ours: that is refused.
TEST(Durable, WhateverTheHeaderBecomesTheProxyStarts) {
  constexpr std::size_t kHeaderBytes = 100;  // sqlite.org/fileformat.html, 1.3
  constexpr std::size_t kVersion = 63;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    sim::Draws draws(seed, 2);
    StoredPushes it(seed);
    if (draws.percent(50)) it.push("a", gauge("a"));
    if (draws.percent(50)) it.stop();
    it.kill();
    for (auto left = draws.log_uniform(32); left > 0; --left) {
      const std::size_t offset = draws.below(kHeaderBytes);
      const char becomes = static_cast<char>(draws.percent(50) ? draws.below(4) : draws.below(256));
      const bool is_there = offset < it.disk.bytes_of(kFile);
      if (is_there && offset != kVersion) it.disk.rot(kFile, offset, becomes);
    }
    const bool loses_log = draws.percent(50);
    ASSERT_TRUE(!loses_log || !it.disk.remove(kFile + "-wal"));
    it.open();
    ASSERT_FALSE(it.failure) << seed << ": " << it.failure->details;
    it.push("b", gauge("b"));
    EXPECT_THAT(it.scrape("s"), testing::Contains(gauge("b"))) << seed;
  }
}

// A file that had just been made, of which its log was lost.
TEST(Durable, AFileWithARottenHeaderAndNoTableIsSetAside) {
  StoredPushes it;
  it.stop();
  ASSERT_FALSE(it.disk.remove(kFile));
  ASSERT_FALSE(it.disk.make_private(kFile));
  sqlite::Connection rotten;
  ASSERT_FALSE(rotten.open(kFile, it.disk.sqlite_vfs()));
  ASSERT_FALSE(rotten.execute("PRAGMA user_version=8388608"));
  rotten.close();
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  EXPECT_EQ(it.notices.size(), 2U);
  it.push("a", gauge("a"));
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

// SQLite then says `wal` in UTF-16.
TEST(Durable, AFileWithARottenEncodingAndNoTableIsSetAside) {
  constexpr std::size_t kEncoding = 59;
  StoredPushes it;
  it.kill();
  ASSERT_FALSE(it.disk.remove(kFile + "-wal"));
  it.disk.rot(kFile, kEncoding, 2);
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  it.push("a", gauge("a"));
  EXPECT_EQ(it.scrape("s"), Texts{gauge("a")});
}

TEST(Durable, AFullDiskWithoutAFileIsNoReasonNotToStart) {
  StoredPushes it;
  it.stop();
  ASSERT_FALSE(it.disk.remove(kFile));
  it.disk.limit(it.disk.bytes());
  it.open();
  ASSERT_FALSE(it.failure) << it.failure->details;
  const auto refused = it.put("a", gauge("a"));
  it.settle();
  EXPECT_EQ(*refused, PushError::kDiskFull);
  it.disk.limit(std::nullopt);
  it.push("b", gauge("b"));
  EXPECT_EQ(it.process->count_log("damaged"), 0U);
  EXPECT_FALSE(it.disk.exists(kFile + ".corrupt-1"));
  it.reopen();
  EXPECT_EQ(it.scrape("s"), Texts{gauge("b")});
}

TEST(Durable, AFileOfSomebodyElseIsNotTouched) {
  StoredPushes it;
  it.stop();
  ASSERT_FALSE(it.disk.remove(kFile));
  ASSERT_FALSE(it.disk.make_private(kFile));
  sqlite::Connection other;
  ASSERT_FALSE(other.open(kFile, it.disk.sqlite_vfs()));
  ASSERT_FALSE(other.execute("CREATE TABLE theirs (a INTEGER)"));
  other.close();
  const std::uint64_t bytes = it.disk.bytes();
  it.open();
  ASSERT_TRUE(it.failure);
  EXPECT_EQ(it.failure->details, kFile + ": is not a file of pushes that this version can read");
  EXPECT_EQ(it.disk.bytes(), bytes);
}

}  // namespace
}  // namespace prometheus_rsocket::push

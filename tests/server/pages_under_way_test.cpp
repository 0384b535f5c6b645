#include "server/pages_under_way.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/check.h"
#include "manual_shard.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

class Exchange final : public http::Exchange {
 public:
  Exchange(base::Duration waited, base::Duration stalled) : waited_(waited), stalled_(stalled) {}
  [[nodiscard]] const http::Request& request() const override { return request_; }
  void respond(http::Head, std::string) override { CHECK(false, "nobody answers here"); }
  void stream(http::Head, BodySource) override { CHECK(false, "nobody answers here"); }
  void set_deadline(base::Instant) override {}
  void on_outcome(std::function<void(http::Outcome)>) override {}
  [[nodiscard]] base::Duration waited() const override { return waited_; }
  [[nodiscard]] base::Duration stalled() const override { return stalled_; }
  void break_off() override { broken_off = true; }

  bool broken_off = false;

 private:
  http::Request request_;
  base::Duration waited_;
  base::Duration stalled_;
};

struct PagesUnderWayTest : testing::Test {
  std::size_t add(const std::string& who, std::uint64_t weight, base::Duration waited,
                  base::Duration stalled = {}) {
    exchanges.push_back(std::make_shared<Exchange>(waited, stalled));
    places.push_back(pages.add(who, weight, exchanges.back()));
    return exchanges.size() - 1;
  }
  [[nodiscard]] bool is_broken_off(std::size_t page) const { return exchanges[page]->broken_off; }

  ManualShard manual;
  int freed = 0;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  std::vector<PagesUnderWay::Place> places;
  PagesUnderWay pages{manual.shard(), [this] { ++freed; }};
};

TEST_F(PagesUnderWayTest, WhoReadsNeverGivesWay) {
  add("a", 5, kReaderPatience - 1ms);
  EXPECT_FALSE(pages.give_way_to("b"));
}

TEST_F(PagesUnderWayTest, TheOneKeptWaitingLongestGivesWayAmongEquals) {
  add("a", 1, 2s);
  const auto slowest = add("b", 1, 4s);
  add("c", 1, 3s);
  EXPECT_TRUE(pages.give_way_to("d"));
  EXPECT_TRUE(is_broken_off(slowest));
  EXPECT_EQ(pages.weight(), 2U);
}

TEST_F(PagesUnderWayTest, WhoStandsStillGivesWayBeforeWhoIsSlowAllTheTime) {
  add("a", 1, 9s);
  const auto stands = add("b", 1, 2s, kReaderPatience);
  add("c", 1, 9s, kReaderPatience - 1ms);
  EXPECT_TRUE(pages.give_way_to("d"));
  EXPECT_TRUE(is_broken_off(stands));
}

TEST_F(PagesUnderWayTest, WhoHasTheMostGivesWayBeforeWhoIsSlower) {
  add("a", 1, 9s);
  const auto first = add("b", 1, 2s);
  const auto second = add("b", 1, 3s);
  EXPECT_TRUE(pages.give_way_to("c"));
  EXPECT_FALSE(is_broken_off(first));
  EXPECT_TRUE(is_broken_off(second));
}

TEST_F(PagesUnderWayTest, NobodyTakesFromWhoHasNoMoreButFromHimself) {
  const auto other = add("a", 2, 9s);
  const auto own = add("b", 2, 2s);
  EXPECT_TRUE(pages.give_way_to("b"));
  EXPECT_FALSE(is_broken_off(other));
  EXPECT_TRUE(is_broken_off(own));
}

TEST_F(PagesUnderWayTest, OnePageGivesWayOnce) {
  add("a", 1, 2s);
  EXPECT_TRUE(pages.give_way_to("b"));
  EXPECT_FALSE(pages.give_way_to("b"));
  EXPECT_EQ(pages.broken_off(), 1U);
}

TEST_F(PagesUnderWayTest, APlaceIsFreedByItsLastOwnerAlsoWhenThePagesAreGone) {
  add("a", 1, 0s);
  add("a", 1, 0s);
  places.erase(places.begin());
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(pages.weight(), 1U);
  {
    PagesUnderWay gone(manual.shard(), [this] { ++freed; });
    places.push_back(gone.add("a", 1, exchanges[0]));
  }
  places.pop_back();
  EXPECT_EQ(freed, 1);
}

}  // namespace
}  // namespace prometheus_rsocket::server

// Work that blocks: in what order it is done, and who is told.
#include <vector>

#include "seam_test.h"

namespace prometheus_rsocket::seam {
namespace {

class SeamWorker : public SeamTest {
 protected:
  // What was done and told, in its order; the work may be done on another thread, before it is
  // told.
  struct Course {
    std::vector<int> done;
    std::vector<int> told;
    bool was_told_on_shard = true;
  };

  void run(int number, std::size_t shard = 0) {
    const runtime::Executor executor = client(shard).executor;
    stage().client_worker().async_run(
        [course = course_, number] { course->done.push_back(number); },
        boost::asio::bind_executor(executor, [course = course_, number, executor] {
          course->told.push_back(number);
          course->was_told_on_shard = course->was_told_on_shard && runs_on(executor);
        }));
  }
  [[nodiscard]] bool wait_for_told(std::size_t count) {
    return stage().run_until([&] { return course_->told.size() == count; });
  }

  std::shared_ptr<Course> course_ = std::make_shared<Course>();
};

INSTANTIATE_TEST_SUITE_P(Runtimes, SeamWorker, runtimes(), name_of);

TEST_P(SeamWorker, WorkIsDoneInItsOrderAndThenTold) {
  for (int number = 0; number < 5; ++number) run(number);
  EXPECT_TRUE(course_->told.empty()) << "never from within the function that started it";
  ASSERT_TRUE(wait_for_told(5));
  EXPECT_THAT(course_->done, testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(course_->told, testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST_P(SeamWorker, EachIsToldOnTheShardThatItsHandlerIsBoundTo) {
  run(0, 0);
  run(1, 1);
  ASSERT_TRUE(wait_for_told(2));
  EXPECT_TRUE(course_->was_told_on_shard);
}

TEST_P(SeamWorker, WhoIsToldMayGiveMoreWork) {
  stage().client_worker().async_run(
      [] {}, boost::asio::bind_executor(client().executor, [this] { run(7); }));
  ASSERT_TRUE(wait_for_told(1));
  EXPECT_THAT(course_->done, testing::ElementsAre(7));
}

TEST_P(SeamWorker, OfAProcessThatEndsNobodyIsTold) {
  const auto kept = std::make_shared<int>();
  stage().client_worker().async_run(
      [] {}, boost::asio::bind_executor(client().executor,
                                        [course = course_, kept] { course->told.push_back(1); }));
  stage().end_client();
  EXPECT_EQ(kept.use_count(), 1) << "the handler is destroyed";
  EXPECT_TRUE(course_->told.empty());
}

}  // namespace
}  // namespace prometheus_rsocket::seam

#include "support/process_figures.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace prometheus_rsocket::bench {
namespace {

using namespace std::chrono_literals;

// proc(5): fields 14 and 15 are 123 and 45 ticks.
std::string stat_of(const std::string& name) {
  return "4242 (" + name + ") S 1 4242 4242 0 -1 4194304 500 0 7 0 123 45 9 8 20 0 3 0 17 1 2\n";
}
const std::string kStatus = "Name:\tproxy\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n";

TEST(ProcessFigures, AreReadFromTheTextsOfProc) {
  EXPECT_EQ(parse_process_figures(stat_of("proxy"), kStatus, 100),
            (ProcessFigures{1680ms, 1024 * 1024, 2048 * 1024}));
}

TEST(ProcessFigures, ANameWithParenthesesAndBlanksMovesNoField) {
  EXPECT_EQ(parse_process_figures(stat_of("a) S 1 (b"), kStatus, 100),
            parse_process_figures(stat_of("proxy"), kStatus, 100));
}

TEST(ProcessFigures, AProcessWithoutMemoryHasNone) {  // a zombie's status has no Vm lines
  EXPECT_EQ(parse_process_figures(stat_of("proxy"), "Name:\tproxy\nState:\tZ\n", 100),
            std::nullopt);
}

TEST(ProcessFigures, AFieldWhoseNameEndsLikeOursIsNotOurs) {
  EXPECT_EQ(parse_process_figures(stat_of("proxy"), "XVmRSS:\t1 kB\nVmHWM:\t2 kB\n", 100),
            std::nullopt);
}

TEST(ProcessFigures, ThisProcessUsesMemory) {
  const auto figures = read_process_figures(::getpid());
  ASSERT_TRUE(figures);
  EXPECT_GT(figures->resident_bytes, 0U);
  EXPECT_GE(figures->resident_bytes_peak, figures->resident_bytes);
}

}  // namespace
}  // namespace prometheus_rsocket::bench

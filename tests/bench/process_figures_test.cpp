#include "support/process_figures.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <latch>
#include <thread>

namespace prometheus_rsocket::bench {
namespace {

using namespace std::chrono_literals;

TEST(ResidentMemory, IsReadFromTheTextOfProc) {
  EXPECT_EQ(parse_resident_memory("Name:\tproxy\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"),
            (ResidentMemory{1024 * 1024, 2048 * 1024}));
}

TEST(ResidentMemory, AProcessWithoutMemoryHasNone) {  // a zombie's status has no Vm lines
  EXPECT_EQ(parse_resident_memory("Name:\tproxy\nState:\tZ\n"), std::nullopt);
}

TEST(ResidentMemory, AFieldWhoseNameEndsLikeOursIsNotOurs) {
  EXPECT_EQ(parse_resident_memory("XVmRSS:\t1 kB\nVmHWM:\t2 kB\n"), std::nullopt);
}

TEST(ProcessFigures, TimeSpentComputingIsCpuTime) {
  const auto before = read_process_figures(::getpid());
  ASSERT_TRUE(before);
  const std::clock_t begin = std::clock();
  while (std::clock() - begin < CLOCKS_PER_SEC / 1000) {
  }
  EXPECT_GE(read_process_figures(::getpid())->cpu_time - before->cpu_time, 1ms);
}

TEST(ProcessFigures, ThisProcessUsesMemory) {
  const auto figures = read_process_figures(::getpid());
  ASSERT_TRUE(figures);
  EXPECT_GT(figures->resident.bytes, 0U);
  EXPECT_GE(figures->resident.bytes_peak, figures->resident.bytes);
}

TEST(ProcessHandles, AThreadAndADescriptorMoreAreCounted) {
  const auto before = read_process_handles(::getpid());
  ASSERT_TRUE(before);
  const int descriptor = ::dup(STDERR_FILENO);
  std::latch end(1);
  const std::jthread thread([&end] { end.wait(); });
  EXPECT_EQ(read_process_handles(::getpid()),
            (ProcessHandles{before->descriptors + 1, before->threads + 1}));
  end.count_down();
  ::close(descriptor);
}

TEST(ProcessHandles, NobodyHasNone) { EXPECT_EQ(read_process_handles(0), std::nullopt); }

}  // namespace
}  // namespace prometheus_rsocket::bench

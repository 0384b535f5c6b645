#include "lists.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::soak {
namespace {

using Instances = std::map<std::string, std::size_t>;

TEST(SoakLists, InstancesOfTargetsAreCounted) {
  const List list = read_targets(
      R"([{"targets":["a:1"],"labels":{"instance":"x"}},{"targets":["a:1"],"labels":{"instance":"x"}},)"
      R"({"targets":["a:1"],"labels":{"instance":"pushes"}}])");
  EXPECT_EQ(list, (List{.instances = {{"x", 2}, {"pushes", 1}}, .fault = ""}));
}

TEST(SoakLists, AClientWithoutANameIsListedByItsId) {
  const List list =
      read_clients(R"({"status":"success","data":[{"id":"1","instance":"x"},{"id":"a:1"}]})");
  EXPECT_EQ(list, (List{.instances = {{"x", 1}, {"a:1", 1}}, .fault = ""}));
}

TEST(SoakLists, WhatIsNoListIsSeen) {
  EXPECT_NE(read_targets(R"([{"labels":{"instance":"x"}})").fault, "");
  EXPECT_NE(read_targets("{}").fault, "");
  EXPECT_NE(read_targets(R"([{"targets":["a:1"]}])").fault, "");
  EXPECT_NE(read_clients("[]").fault, "");
}

}  // namespace
}  // namespace prometheus_rsocket::soak

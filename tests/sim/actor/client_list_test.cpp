#include "sim/actor/client_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/host.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using history::Place;
using testing::HasSubstr;

constexpr std::string_view kProxy = "10.0.0.1:8080";

std::optional<Place> resident(const Address& address) {
  if (address == ip("10.1.0.3")) return Place{Place::Kind::kClient, 2};
  return std::nullopt;
}

std::string target(const std::string& labels, const std::string& address = "10.0.0.1:8080") {
  return R"([{"targets":[")" + address + R"("],"labels":{)" + labels + "}}]";
}

const std::string kNamed =
    R"("__metrics_path__":"/metrics/clients/abc","job":"sim","instance":"2",)"
    R"("__meta_prometheus_rsocket_address":"10.1.0.3:4711",)"
    R"("__meta_prometheus_rsocket_transport":"websocket")";

TEST(ClientList, ReadsATargetWithAName) {
  const ClientList list = read_targets(target(kNamed), kProxy, resident);
  EXPECT_EQ(list.trouble, "");
  ASSERT_EQ(list.clients.size(), 1U);
  EXPECT_EQ(list.ids.front(), "abc");
  EXPECT_EQ(list.clients[0].name, history::InstanceId{2});
  EXPECT_EQ(list.clients[0].at, (Place{Place::Kind::kClient, 2}));
  EXPECT_TRUE(list.clients[0].is_websocket);
  EXPECT_FALSE(list.has_pushes);
}

TEST(ClientList, ReadsATargetWithoutANameAndThePushes) {
  const ClientList list = read_targets(
      R"([{"targets":["10.0.0.1:8080"],"labels":{
          "__metrics_path__":"/metrics/clients/10.7.7.7:1","instance":"10.7.7.7:1",
          "__meta_prometheus_rsocket_address":"10.7.7.7:1",
          "__meta_prometheus_rsocket_transport":"tcp"}},
         {"targets":["10.0.0.1:8080"],"labels":{"__metrics_path__":"/metrics/pushes"}}])",
      kProxy, resident);
  EXPECT_EQ(list.trouble, "");
  ASSERT_EQ(list.clients.size(), 1U);
  EXPECT_EQ(list.clients[0].name, std::nullopt);
  EXPECT_EQ(list.clients[0].at, std::nullopt);
  EXPECT_TRUE(list.has_pushes);
}

TEST(ClientList, TellsWhatIsWrongWithTargets) {
  const auto trouble = [](const std::string& json) {
    return read_targets(json, kProxy, resident).trouble;
  };
  EXPECT_THAT(trouble("["), HasSubstr("no JSON"));
  EXPECT_THAT(trouble("{}"), HasSubstr("no list"));
  EXPECT_THAT(trouble("[{}]"), HasSubstr("no target"));
  EXPECT_THAT(trouble(target(kNamed, "10.6.6.6:80")), HasSubstr("it leads elsewhere"));
  EXPECT_THAT(trouble(target(R"("__metrics_path__":"/elsewhere")")), HasSubstr("no path of ours"));
  EXPECT_THAT(trouble(target(R"("__metrics_path__":"/metrics/clients/abc")")),
              HasSubstr("no text __meta_prometheus_rsocket_address"));
  EXPECT_THAT(trouble(target(std::string(kNamed).replace(kNamed.find("sim"), 3, "foo"))),
              HasSubstr("not our job"));
}

TEST(ClientList, ReadsATable) {
  const ClientList list = read_table(
      R"({"status":"success","data":[{"id":"abc","job":"sim","instance":"2","labels":{},
          "shares_name":true,"address":"10.1.0.3:1","transport":"tcp"},
         {"id":"10.1.0.3:2","address":"10.1.0.3:2","transport":"tcp"}]})",
      resident);
  EXPECT_EQ(list.trouble, "");
  ASSERT_EQ(list.clients.size(), 2U);
  EXPECT_TRUE(list.clients[0].shares_name);
  EXPECT_EQ(list.clients[1].name, std::nullopt);
  EXPECT_NE(list.clients[0].id, list.clients[1].id);
}

TEST(ClientList, TellsWhatIsWrongWithATable) {
  const auto trouble = [](std::string_view json) { return read_table(json, resident).trouble; };
  EXPECT_THAT(trouble(R"({"status":"error"})"), HasSubstr("no table"));
  EXPECT_THAT(trouble(R"({"status":"success","data":[{"id":"abc","job":"sim","instance":"2",
                          "address":"10.1.0.3:1","transport":"tcp"}]})"),
              HasSubstr("it may share its name"));
  EXPECT_THAT(
      trouble(R"({"status":"success","data":[{"id":"a","address":"1","transport":"udp"}]})"),
      HasSubstr("no transport"));
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor

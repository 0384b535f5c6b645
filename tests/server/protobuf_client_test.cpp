// A client that sends protobuf, among others that send text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "../exposition/messages.h"
#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using exposition::Native;
using exposition::native_family;
using namespace std::chrono_literals;
using transport::TransportKind;

constexpr std::string_view kAcceptProtobuf =
    "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
    "encoding=delimited;escaping=allow-utf-8\r\n";

std::string protobuf(ServerWorld& it) {
  return it.get("/metrics/connected", std::string(kAcceptProtobuf)).body;
}

TEST(ProtobufClient, StandsOnEveryPage) {
  ServerWorld it;
  it.add_application("a 1\n");
  it.world.run_for(1s);
  auto& application = it.add_application(native_family({}));
  EXPECT_EQ(it.scrape(), "# TYPE a untyped\na 1\n# TYPE h histogram\nh_sum 1.5\nh_count 6\n");
  EXPECT_TRUE(protobuf(it).ends_with(native_family({})));
  const Native next{.count = 7, .zero_count = 3};
  application.set_text(native_family(next));
  it.world.run_for(1s);
  EXPECT_TRUE(protobuf(it).ends_with(native_family(next))) << "read by the last one";
}

TEST(ProtobufClient, HasItsLabelsOfIdentity) {
  Config config;
  config.labels_identity = true;
  ServerWorld it(config);
  it.add_application(native_family({}), TransportKind::kTcp, named("x"));
  const std::string labels = "{job=\"job\",instance=\"x\"}";
  EXPECT_EQ(it.scrape(), "# TYPE h histogram\nh_sum" + labels + " 1.5\nh_count" + labels + " 6\n");
  EXPECT_THAT(protobuf(it), testing::HasSubstr(Native{}.bytes()));
}

TEST(ProtobufClient, WithAnInvalidHistogramCostsItselfAlone) {
  ServerWorld it;
  it.add_application("a 1\n");
  it.add_application(native_family({.count = 5}));
  EXPECT_EQ(it.scrape(), "# TYPE a untyped\na 1\n");
  EXPECT_EQ(it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"malformed\"}"), "1");
}

}  // namespace
}  // namespace prometheus_rsocket::server

#include "server/negotiation.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::server {
namespace {

using exposition::Escaping;
using exposition::Syntax;

constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";

std::string type(std::string_view accept) { return negotiate(accept).content_type; }

TEST(Negotiation, WithoutAWishItIsText) {
  for (const auto accept : {"", "*/*", "text/*", "text/plain", "text/plain;version=0.0.4",
                            "application/json", "text/html, */*;q=0.1", "text/plain;version=7",
                            "application/openmetrics-text;version=2.0.0"}) {
    EXPECT_EQ(type(accept), kText) << accept;
  }
}

// What Prometheus 2.42 and 3 send.
TEST(Negotiation, PrometheusGetsOpenMetrics) {
  EXPECT_EQ(type("application/openmetrics-text;version=1.0.0,"
                 "application/openmetrics-text;version=0.0.1;q=0.75,"
                 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  const Negotiated newer = negotiate(
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
      "application/openmetrics-text;version=0.0.1;q=0.5,"
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
      "*/*;q=0.2");
  EXPECT_EQ(newer.content_type,
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  EXPECT_EQ(newer.format.syntax, Syntax::kOpenMetrics);
  EXPECT_EQ(newer.format.escaping, Escaping::kAllowUtf8);
}

TEST(Negotiation, TheHighestQualityWinsAndOfEqualOnesTheFirst) {
  EXPECT_EQ(type("text/plain;q=0.5, application/openmetrics-text;q=0.4"), kText);
  EXPECT_EQ(type("text/plain;q=0, application/openmetrics-text;q=0.4"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(type("text/plain;version=1.0.0, application/openmetrics-text"),
            "text/plain; version=1.0.0; charset=utf-8; escaping=underscores");
  EXPECT_EQ(type("application/openmetrics-text;version=0.0.1"),
            "application/openmetrics-text; version=0.0.1; charset=utf-8");
}

// What Prometheus sends for native histograms.
TEST(Negotiation, ProtobufIsDelimitedMetricFamilies) {
  const std::string_view wanted =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
  const Negotiated older = negotiate(std::string(wanted) + ";q=0.6,text/plain;version=0.0.4;q=0.5");
  EXPECT_EQ(older.content_type,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
            "encoding=delimited");
  EXPECT_EQ(older.format.syntax, Syntax::kProtobuf);
  EXPECT_EQ(older.format.escaping, Escaping::kUnderscores);
  const Negotiated newer = negotiate(std::string(wanted) +
                                     ";escaping=allow-utf-8;q=0.7,"
                                     "application/openmetrics-text;version=1.0.0;q=0.6");
  EXPECT_EQ(newer.content_type, older.content_type + "; escaping=allow-utf-8");
  EXPECT_EQ(newer.format.escaping, Escaping::kAllowUtf8);
}

TEST(Negotiation, ProtobufInOtherShapesIsNotServed) {
  for (const auto accept :
       {"application/vnd.google.protobuf",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily",
        "application/vnd.google.protobuf;encoding=delimited",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
        "application/"
        "vnd.google.protobuf;proto=io.prometheus.write.v2.Request;encoding=delimited"}) {
    EXPECT_EQ(type(accept), kText) << accept;
  }
}

TEST(Negotiation, EscapesAsItIsAskedTo) {
  EXPECT_EQ(negotiate("text/plain;version=1.0.0;escaping=dots").format.escaping, Escaping::kDots);
  EXPECT_EQ(negotiate("text/plain;version=0.0.4;escaping=values").format.escaping,
            Escaping::kValues);
  for (const auto accept : {"text/plain;version=0.0.4;escaping=allow-utf-8", "text/plain",
                            "text/plain;version=1.0.0;escaping=strange"}) {
    EXPECT_EQ(negotiate(accept).format.escaping, Escaping::kUnderscores) << accept;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::server

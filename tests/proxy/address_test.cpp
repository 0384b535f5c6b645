#include "proxy/address.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::proxy {
namespace {

std::string resolved(std::string_view text) {
  const auto endpoint = resolve(text);
  return endpoint ? runtime::to_string(*endpoint) : endpoint.error();
}

TEST(Address, IsALiteralOrANameAndAPort) {
  EXPECT_EQ(resolved("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(resolved("[::1]:0"), "[::1]:0");
  const auto by_name = resolve("localhost:1");
  ASSERT_TRUE(by_name) << "localhost has no address here";
  EXPECT_EQ(by_name->port, 1);
}

TEST(Address, WithoutAHostIsEveryAddress) { EXPECT_EQ(resolved(":65535"), "[::]:65535"); }

TEST(Address, ThatIsWrongIsToldWhy) {
  EXPECT_EQ(resolved("8080"), "an address is HOST:PORT or :PORT");
  EXPECT_EQ(resolved(":65536"), "a port is a number up to 65535");
  EXPECT_EQ(resolved(":"), "a port is a number up to 65535");
  EXPECT_EQ(resolved(":80x"), "a port is a number up to 65535");
  EXPECT_EQ(resolved("::1:80"), "an IPv6 address stands in brackets: [::1]:PORT");
  EXPECT_TRUE(resolved("no such host:80").starts_with("the host is unknown: "));
}

}  // namespace
}  // namespace prometheus_rsocket::proxy

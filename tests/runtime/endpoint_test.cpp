#include <gtest/gtest.h>

#include "runtime/runtime.h"

namespace prometheus_rsocket::runtime {
namespace {

TEST(Endpoint, IsWrittenAsInAUrl) {
  EXPECT_EQ(to_string({boost::asio::ip::make_address("192.0.2.1"), 80}), "192.0.2.1:80");
  EXPECT_EQ(to_string({boost::asio::ip::make_address("2001:db8::1"), 80}), "[2001:db8::1]:80");
}

}  // namespace
}  // namespace prometheus_rsocket::runtime

#include "server/forwarded_for.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::server {
namespace {

// The client's address, where 10.0.0.0/8 and 2001:db8::/32 are trusted; `the peer's` without one.
std::string client(std::string_view list) {
  const std::vector<AddressRange> trusted = {*AddressRange::parse("10.0.0.0/8"),
                                             *AddressRange::parse("2001:db8::/32")};
  const auto found = forwarded_client(list, trusted);
  return found ? client_text(*found) : "the peer's";
}

TEST(ForwardedFor, TheRightmostAddressThatIsNotTrustedCounts) {
  EXPECT_EQ(client("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client("192.0.2.1, 10.1.1.1"), "192.0.2.1");
  EXPECT_EQ(client("192.0.2.1,10.1.1.1\t, 2001:db8::1"), "192.0.2.1");
  EXPECT_EQ(client("198.51.100.7, 192.0.2.1, 10.1.1.1"), "192.0.2.1") << "the first is made up";
  EXPECT_EQ(client("10.1.1.1, 192.0.2.1"), "192.0.2.1");
}

TEST(ForwardedFor, PortsAndBracketsAreTaken) {
  EXPECT_EQ(client("192.0.2.1:5678"), "192.0.2.1:5678");
  EXPECT_EQ(client("[2001:db9::1]:443, 10.1.1.1:1"), "[2001:db9::1]:443");
  EXPECT_EQ(client("[2001:db9::1], [2001:db8::1]:2"), "2001:db9::1");
  EXPECT_EQ(client("2001:db9::1"), "2001:db9::1");
  EXPECT_EQ(client("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client("192.0.2.1, ::ffff:10.0.0.1"), "192.0.2.1") << "it is trusted as 10.0.0.1 is";
}

TEST(ForwardedFor, WithoutOneThePeersAddressStands) {
  EXPECT_EQ(client(""), "the peer's");
  EXPECT_EQ(client("10.1.1.1, 10.2.2.2"), "the peer's");
}

TEST(ForwardedFor, NothingIsGuessedBehindGarbage) {
  for (const std::string_view garbage :
       {"unknown", "_hidden", "", "192.0.2.1:port", "192.0.2.1:", "192.0.2.1:65536", "[192.0.2.1]",
        "[2001:db9::1", "2001:db9::1]:1", "[2001:db9::1]1", "[]", "fe80::1%eth0", "192.0.2",
        "\"192.0.2.1\"", "for=192.0.2.1", "192.0.2.1 192.0.2.2"}) {
    EXPECT_EQ(client("198.51.100.7, " + std::string(garbage) + ", 10.1.1.1"), "the peer's")
        << garbage;
    EXPECT_EQ(client(garbage), "the peer's") << garbage;
    EXPECT_EQ(client(std::string(garbage) + ", 192.0.2.1"), "192.0.2.1") << garbage;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::server

#include "server/address_range.h"

#include <gtest/gtest.h>

#include <map>

namespace prometheus_rsocket::server {
namespace {

AddressRange range(std::string_view text) {
  const auto parsed = AddressRange::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error());
  return *parsed;
}

bool is_in(std::string_view range_text, std::string_view address) {
  return range(range_text).contains(boost::asio::ip::make_address(address));
}

TEST(AddressRange, IsOneAddressOrABlockOfThem) {
  const std::map<std::string, std::string> texts = {{"192.0.2.1", "192.0.2.1/32"},
                                                    {"10.0.0.0/8", "10.0.0.0/8"},
                                                    {"0.0.0.0/0", "0.0.0.0/0"},
                                                    {"192.0.2.128/25", "192.0.2.128/25"},
                                                    {"::1", "::1/128"},
                                                    {"2001:DB8:0::/32", "2001:db8::/32"},
                                                    {"::/0", "::/0"},
                                                    {"::ffff:192.0.2.1", "192.0.2.1/32"},
                                                    {"::ffff:10.0.0.0/104", "10.0.0.0/8"}};
  for (const auto& [text, as] : texts) EXPECT_EQ(to_string(range(text)), as);
}

TEST(AddressRange, ContainsWhatHasItsPrefix) {
  EXPECT_TRUE(is_in("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(is_in("192.0.2.1", "192.0.2.0"));
  EXPECT_TRUE(is_in("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(is_in("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(is_in("192.0.2.128/25", "192.0.2.255"));
  EXPECT_FALSE(is_in("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(is_in("192.0.2.4/31", "192.0.2.5"));
  EXPECT_FALSE(is_in("192.0.2.4/31", "192.0.2.6"));
  EXPECT_TRUE(is_in("0.0.0.0/0", "255.1.2.3"));
  EXPECT_TRUE(is_in("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(is_in("2001:db8::/32", "2001:db9::"));
  EXPECT_TRUE(is_in("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(is_in("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(is_in("fe80::/10", "fe80::1%1"));
}

TEST(AddressRange, HasIpv4HoweverItIsWritten) {
  EXPECT_TRUE(is_in("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(is_in("::ffff:10.0.0.0/104", "10.1.2.3"));
  EXPECT_FALSE(is_in("::/0", "10.1.2.3"));
  EXPECT_FALSE(is_in("0.0.0.0/0", "::1"));
}

TEST(AddressRange, IsRefusedWithItsReason) {
  const std::string no_address = "it is neither an address nor a range ADDRESS/BITS";
  const std::string behind =
      "the address has bits behind the prefix: a range begins with its first";
  const std::map<std::string, std::string> reasons = {
      {"", no_address},
      {"/8", no_address},
      {"10.0.0", no_address},
      {"10.0.0.256", no_address},
      {"balancer.example", no_address},
      {" 10.0.0.1", no_address},
      {"[::1]", no_address},
      {"10.0.0.1:80", no_address},
      {"fe80::1%eth0", no_address},
      {"10.0.0.0/33", "behind the / is no whole number from 0 to 32"},
      {"10.0.0.0/", "behind the / is no whole number from 0 to 32"},
      {"10.0.0.0/+8", "behind the / is no whole number from 0 to 32"},
      {"10.0.0.0/8/8", "behind the / is no whole number from 0 to 32"},
      {"10.0.0.0/255.0.0.0", "behind the / is no whole number from 0 to 32"},
      {"::/129", "behind the / is no whole number from 0 to 128"},
      {"10.0.0.1/8", behind},
      {"2001:db8::1/32", behind},
      {"::ffff:10.0.0.1/104", behind}};
  for (const auto& [text, reason] : reasons) {
    const auto parsed = AddressRange::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), reason) << text;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::server

// Which bytes are which header of the PROXY protocol; sections are those of its specification.
#include "transport/proxy_header.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/peer/proxy_header_bytes.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::string_literals;
using runtime::Endpoint;
using sim::peer::proxy_binary;
using sim::peer::proxy_line;
using Read = boost::system::result<std::optional<ProxyHeader>>;

Endpoint at(std::string_view address, std::uint16_t port) {
  return {boost::asio::ip::make_address(address), port};
}

Read read(std::string_view bytes) { return read_proxy_header(base::as_bytes(bytes)); }

runtime::error_code error_of(std::string_view bytes) {
  const Read found = read(bytes);
  return found ? runtime::error_code() : found.error();
}

// Of a connection that begins with `header`, and goes on.
std::optional<Endpoint> source(const std::string& header) {
  const Read found = read(header + "GET / HTTP/1.1\r\n");
  EXPECT_TRUE(found && *found) << testing::PrintToString(header);
  if (!found || !*found) return std::nullopt;
  EXPECT_EQ((*found)->bytes, header.size());
  return (*found)->source;
}

const std::string kAllOnes = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

// ---- 2.1, Human-readable header format.

TEST(ProxyLine, NamesWhoDialledTheBalancer) {
  EXPECT_EQ(source("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"), at("192.168.0.1", 56324));
  EXPECT_EQ(source("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
            at("255.255.255.255", 65535));
  EXPECT_EQ(source("PROXY TCP6 " + kAllOnes + " " + kAllOnes + " 65535 65535\r\n"),
            at(kAllOnes, 65535));
  EXPECT_EQ(source("PROXY TCP6 ::1 2001:db8::2 0 1\r\n"), at("::1", 0));
}

TEST(ProxyLine, OfAnIpv4AddressWrittenAsIpv6IsOfThatAddress) {
  EXPECT_EQ(source("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n"), at("192.0.2.1", 1));
}

TEST(ProxyLine, UnknownLeavesThePeersOwnAddress) {
  EXPECT_EQ(source("PROXY UNKNOWN\r\n"), std::nullopt);
  EXPECT_EQ(source("PROXY UNKNOWN whatever it is\r\n"), std::nullopt);
  const std::string longest = "PROXY UNKNOWN " + kAllOnes + " " + kAllOnes + " 65535 65535\r\n";
  ASSERT_EQ(longest.size(), kProxyLineBytesMax);
  EXPECT_EQ(source(longest), std::nullopt);
}

TEST(ProxyLine, ThatIsNoneIsMalformed) {
  for (const std::string& line : {
           "TCP4 1.2.3.4 1.2.3.4 1"s,
           "TCP4 1.2.3.4 1.2.3.4 1 2 3"s,
           "TCP4 1.2.3.4 1.2.3.4 1 2 "s,
           "TCP4  1.2.3.4 1.2.3.4 1 2"s,
           "TCP4 1.2.3.4 1.2.3.4 1 65536"s,
           "TCP4 1.2.3.4 1.2.3.4 -1 2"s,
           "TCP4 1.2.3.4 1.2.3.4 +1 2"s,
           "TCP4 1.2.3.4 1.2.3.4 01 2"s,
           "TCP4 1.2.3.4 1.2.3.4  2"s,
           "TCP4 1.2.3.4 1.2.3 1 2"s,
           "TCP4 1.2.3.256 1.2.3.4 1 2"s,
           "TCP4 1.2.3.04 1.2.3.4 1 2"s,
           "TCP4 ::1 ::1 1 2"s,
           "TCP6 1.2.3.4 1.2.3.4 1 2"s,
           "TCP6 fe80::1%eth0 ::1 1 2"s,
           "TCP6 1:::2 ::1 1 2"s,
           "TCP4 localhost 1.2.3.4 1 2"s,
           "TCP4 1.2.3.4\t1.2.3.4 1 2"s,
           "TCP4 1.2.3.4"s + '\0' + " 1.2.3.4 1 2",
           "UDP4 1.2.3.4 1.2.3.4 1 2"s,
           "tcp4 1.2.3.4 1.2.3.4 1 2"s,
           "UNKNOWNS"s,
           ""s,
       }) {
    EXPECT_EQ(error_of("PROXY " + line + "\r\n"), ProxyHeaderError::kMalformed) << line;
  }
  const std::string good = "PROXY TCP4 1.2.3.4 1.2.3.4 1 2";
  EXPECT_EQ(error_of(good + "\n"), ProxyHeaderError::kMalformed);
  EXPECT_EQ(error_of(good + "\r\r\n"), ProxyHeaderError::kMalformed);
  EXPECT_EQ(error_of(good + "\rX"), ProxyHeaderError::kMalformed);
}

TEST(ProxyLine, OfMoreThan107BytesIsTooLong) {
  const std::string start = "PROXY UNKNOWN ";
  const auto line = [&](std::size_t bytes) {
    return start + std::string(bytes - start.size() - 2, 'x') + "\r\n";
  };
  EXPECT_EQ(source(line(107)), std::nullopt);
  EXPECT_EQ(error_of(line(108)), ProxyHeaderError::kTooLong);
  EXPECT_EQ(error_of(line(109)), ProxyHeaderError::kTooLong);
  EXPECT_EQ(error_of(start + std::string(1000, 'x')), ProxyHeaderError::kTooLong);
}

// ---- 2.2, Binary header format.

TEST(ProxyBinary, NamesWhoDialledTheBalancer) {
  // By hand: the layout of struct proxy_hdr_v2 and union proxy_addr.
  EXPECT_EQ(source("\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A"
                   "\x21\x11\x00\x0C\xC0\x00\x02\x01\x0A\x00\x00\x01\x12\x34\x1B\x59"s),
            at("192.0.2.1", 0x1234));
  EXPECT_EQ(source(proxy_binary(at("2001:db8::1", 4711), at("2001:db8::2", 7001))),
            at("2001:db8::1", 4711));
  EXPECT_EQ(source(proxy_binary(at("::ffff:192.0.2.1", 1), at("::ffff:192.0.2.2", 2))),
            at("192.0.2.1", 1));
}

TEST(ProxyBinary, SkipsWhatIsBehindTheAddresses) {
  const Endpoint client = at("192.0.2.1", 1);
  const std::string unique_id = "\x05\x00\x04name"s;
  EXPECT_EQ(source(proxy_binary(client, client, unique_id)), client);
  EXPECT_EQ(source(proxy_binary(client, client, "\x05\xff\xff")), client) << "it is not looked at";
}

TEST(ProxyBinary, OfTheBalancersOwnConnectionLeavesThePeersAddress) {
  EXPECT_EQ(source(proxy_binary(0x20, 0x00, "")), std::nullopt);
  EXPECT_EQ(source(proxy_binary(0x20, 0x11, std::string(12, 'x'))), std::nullopt);
  EXPECT_EQ(source(proxy_binary(0x20, 0x11, "short")), std::nullopt) << "the block is ignored";
  EXPECT_EQ(source(proxy_binary(0x20, 0xff, "")), std::nullopt) << "and the family";
}

TEST(ProxyBinary, OfWhatIsNoTcpLeavesThePeersAddress) {
  EXPECT_EQ(source(proxy_binary(0x21, 0x00, "")), std::nullopt);
  EXPECT_EQ(source(proxy_binary(0x21, 0x00, "ignored")), std::nullopt);
  EXPECT_EQ(source(proxy_binary(0x21, 0x12, std::string(12, 'x'))), std::nullopt);
  EXPECT_EQ(source(proxy_binary(0x21, 0x22, std::string(36, 'x'))), std::nullopt);
  EXPECT_EQ(source(proxy_binary(0x21, 0x31, std::string(216, 'x'))), std::nullopt);
  EXPECT_EQ(source(proxy_binary(0x21, 0x32, std::string(216, 'x'))), std::nullopt);
}

TEST(ProxyBinary, ThatIsNoneIsMalformed) {
  const std::string inet(12, 'x');
  for (const unsigned version_and_command : {0x01U, 0x11U, 0x22U, 0x2fU, 0x31U, 0xffU}) {
    EXPECT_EQ(error_of(proxy_binary(version_and_command, 0x11, inet)), ProxyHeaderError::kMalformed)
        << version_and_command;
  }
  for (const unsigned family : {0x01U, 0x10U, 0x13U, 0x20U, 0x30U, 0x41U, 0xffU}) {
    EXPECT_EQ(error_of(proxy_binary(0x21, family, std::string(216, 'x'))),
              ProxyHeaderError::kMalformed)
        << family;
  }
  EXPECT_EQ(error_of(proxy_binary(0x21, 0x11, std::string(11, 'x'))), ProxyHeaderError::kMalformed);
  EXPECT_EQ(error_of(proxy_binary(0x21, 0x21, std::string(35, 'x'))), ProxyHeaderError::kMalformed);
}

TEST(ProxyBinary, OverItsBoundIsTooLongByItsLengthAlone) {
  const Endpoint client = at("192.0.2.1", 1);
  const std::size_t tlvs = kProxyHeaderBytesMax - proxy_binary(client, client).size();
  EXPECT_EQ(source(proxy_binary(client, client, std::string(tlvs, 'x'))), client);
  const std::string over = proxy_binary(client, client, std::string(tlvs + 1, 'x'));
  EXPECT_EQ(error_of(over.substr(0, 16)), ProxyHeaderError::kTooLong);
}

// ---- Both.

TEST(ProxyHeader, IsMissingByTheFirstByteThatIsOfNone) {
  for (const std::string& bytes :
       {"G"s, "PROXX"s, "PROXY\t"s, "\r\n\r\n\0\r\nQUIT\r"s, "\0"s, "\x16\x03\x01"s, "PR\0\0"s}) {
    EXPECT_EQ(error_of(bytes), ProxyHeaderError::kMissing);
    EXPECT_EQ(begins_proxy_header(base::as_bytes(bytes)), false);
  }
}

const Endpoint kClient = at("192.0.2.1", 4711);
const Endpoint kClient6 = at("2001:db8::1", 4711);

rc::Gen<Endpoint> endpoints(bool v6) {
  using Bytes4 = boost::asio::ip::address_v4::bytes_type;
  using Bytes16 = boost::asio::ip::address_v6::bytes_type;
  const auto port = rc::gen::arbitrary<std::uint16_t>();
  return rc::gen::apply(
      [v6](std::uint64_t high, std::uint64_t low, std::uint16_t number) {
        Bytes16 bytes;
        for (std::size_t i = 0; i < 8; ++i) {
          bytes[i] = static_cast<unsigned char>(high >> (8 * i));
          bytes[8 + i] = static_cast<unsigned char>(low >> (8 * i));
        }
        if (v6) return Endpoint{boost::asio::ip::address_v6(bytes), number};
        const Bytes4 four{bytes[0], bytes[1], bytes[2], bytes[3]};
        return Endpoint{boost::asio::ip::address_v4(four), number};
      },
      rc::gen::arbitrary<std::uint64_t>(), rc::gen::arbitrary<std::uint64_t>(), port);
}

RC_GTEST_PROP(ProxyHeaderProperty, GivesTheEndpointThatWasWritten, (bool v6)) {
  const Endpoint client = *endpoints(v6);
  const Endpoint proxy = *endpoints(v6);
  const bool of_line = source(proxy_line(client, proxy)) == client;
  const bool of_binary = source(proxy_binary(client, proxy)) == client;
  RC_ASSERT(of_line);
  RC_ASSERT(of_binary);
}

// So it does not matter in which pieces they come: what has been said stays.
RC_GTEST_PROP(ProxyHeaderProperty, IsNotChangedByMoreBytes, ()) {
  std::string bytes = *rc::gen::element(
      proxy_line(kClient, kClient), proxy_line(kClient6, kClient6), "PROXY UNKNOWN\r\n"s,
      proxy_binary(kClient, kClient), proxy_binary(kClient6, kClient6, std::string(7, 't')),
      proxy_binary(0x20, 0, ""), std::string(200, 'x'));
  bytes += *rc::gen::arbitrary<std::string>();
  if (*rc::gen::arbitrary<bool>()) {
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  }
  std::optional<Read> said;
  std::optional<bool> begins;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const Read now = read(bytes.substr(0, size));
    const bool changed = said && !(now == *said);
    RC_ASSERT(!changed);
    if (!said && now && *now) RC_ASSERT((*now)->bytes == size);
    if (!now || *now) said.emplace(now);
    const auto begins_now = begins_proxy_header(base::as_bytes(bytes).first(size));
    const bool begins_changed = begins && begins_now != begins;
    RC_ASSERT(!begins_changed);
    begins = begins_now;
    const bool missing = !now && now.error() == ProxyHeaderError::kMissing;
    RC_ASSERT(missing == (begins == false));
  }
}

}  // namespace
}  // namespace prometheus_rsocket::transport

#include "access/authorization.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bitset>

namespace prometheus_rsocket::access {
namespace {

constexpr auto kOtherScheme = AuthorizationError::kOtherScheme;
constexpr auto kMalformed = AuthorizationError::kMalformed;

std::string encode(const std::string& text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits;
  for (const char c : text) bits += std::bitset<8>(static_cast<unsigned char>(c)).to_string();
  std::string encoded;
  for (std::size_t at = 0; at < bits.size(); at += 6) {
    std::string six = bits.substr(at, 6);
    six.resize(6, '0');
    encoded += kAlphabet[std::bitset<6>(six).to_ulong()];
  }
  while (encoded.size() % 4 != 0) encoded += '=';
  return encoded;
}

boost::system::error_code basic_error(const std::string& header) {
  const auto parsed = parse_basic(header);
  return parsed ? boost::system::error_code() : parsed.error();
}

boost::system::error_code bearer_error(const std::string& header) {
  const auto parsed = parse_bearer(header);
  return parsed ? boost::system::error_code() : parsed.error();
}

TEST(Basic, IsAUserAndAPassword) {
  // RFC 7617, 2: the example.
  EXPECT_EQ(parse_basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").value(),
            (BasicCredentials{"Aladdin", "open sesame"}));
  EXPECT_EQ(parse_basic("bASIC  QWxhZGRpbjpvcGVuIHNlc2FtZQ==").value(),
            (BasicCredentials{"Aladdin", "open sesame"}));
}

TEST(Basic, IsDividedByItsFirstColon) {
  EXPECT_EQ(parse_basic("Basic " + encode("a:b:c")).value(), (BasicCredentials{"a", "b:c"}));
  EXPECT_EQ(parse_basic("Basic " + encode(":")).value(), (BasicCredentials{"", ""}));
  EXPECT_EQ(basic_error("Basic " + encode("ab")), kMalformed);
}

RC_GTEST_PROP(Basic, CarriesAnyUserWithoutAColonAndAnyPassword,
              (const std::string& name, const std::string& password)) {
  const std::string user = name.substr(0, name.find(':'));
  const auto parsed = parse_basic("Basic " + encode(user + ":" + password));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == (BasicCredentials{user, password}));
}

TEST(Basic, TakesOnlyBase64ThatAnEncoderWrites) {
  EXPECT_FALSE(basic_error("Basic YTpi"));  // a:b
  EXPECT_FALSE(basic_error("Basic YTo="));  // a:
  EXPECT_FALSE(basic_error("Basic Og=="));  // :
  for (const char* text : {"YTo", "YTp=", "YTo==", "YTo=\n", "YT o=", "Og=", "Og", "Og=a",
                           "Oh==", "O===", "====", "YTpi====", "YTpi YTpi", "YT-i", "=YTo", " "}) {
    EXPECT_EQ(basic_error(std::string("Basic ") + text), kMalformed) << text;
  }
}

TEST(Basic, IsNoOtherScheme) {
  for (const char* header : {"", " ", "Bearer YTpi", "BasicYTpi", "Basi YTpi", " Basic YTpi"}) {
    EXPECT_EQ(basic_error(header), kOtherScheme) << header;
  }
  EXPECT_EQ(basic_error("Basic"), kMalformed);
  EXPECT_EQ(basic_error("Basic "), kMalformed);
}

TEST(Bearer, IsAToken) {
  EXPECT_EQ(parse_bearer("Bearer mF_9.B5f-4.1JqM").value(), "mF_9.B5f-4.1JqM");
  EXPECT_EQ(parse_bearer("BEARER   a~+/==").value(), "a~+/==");
}

TEST(Bearer, HasOnlyCharactersOfATokenAndPaddingAtItsEnd) {
  for (const char* token : {"a b", "a,b", "=", "a=b", "\"a\"", "a\t", "\xc3\xa4", "a\nb"}) {
    EXPECT_EQ(bearer_error(std::string("Bearer ") + token), kMalformed) << token;
  }
}

TEST(Bearer, IsNoOtherScheme) {
  for (const char* header : {"", "Basic YTpi", "Bearertoken", "Bear er"}) {
    EXPECT_EQ(bearer_error(header), kOtherScheme) << header;
  }
  EXPECT_EQ(bearer_error("Bearer"), kMalformed);
  EXPECT_EQ(bearer_error("Bearer "), kMalformed);
}

TEST(AuthorizationError, SaysWhatItIs) {
  EXPECT_EQ(make_error_code(kOtherScheme).message(), "credentials of another scheme, or none");
  EXPECT_EQ(make_error_code(kMalformed).message(), "malformed credentials");
}

}  // namespace
}  // namespace prometheus_rsocket::access

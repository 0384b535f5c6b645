#include "access/grant.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace prometheus_rsocket::access {
namespace {

using Texts = std::vector<std::string>;
using Kind = runtime::TlsName::Kind;
using Names = std::vector<runtime::TlsName>;

// The definition, in as many steps as it takes.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return matches_by_definition(pattern.substr(1), text) ||
           (!text.empty() && matches_by_definition(pattern, text.substr(1)));
  }
  return !text.empty() && text[0] == pattern[0] &&
         matches_by_definition(pattern.substr(1), text.substr(1));
}

bool matches(const char* pattern, std::string_view text) { return Glob(pattern).matches(text); }

TEST(Glob, WithoutAStarIsOneText) {
  EXPECT_TRUE(matches("shop", "shop"));
  EXPECT_FALSE(matches("shop", "shops"));
  EXPECT_FALSE(matches("shop", "Shop"));
  EXPECT_FALSE(matches("shop", ""));
  EXPECT_FALSE(matches("s?op", "shop"));
  EXPECT_TRUE(matches("s?[a-z]\\", "s?[a-z]\\"));
}

TEST(Glob, HasStarsForAnyRunOfCharacters) {
  EXPECT_TRUE(matches("*.shop", "a.b.shop"));
  EXPECT_TRUE(matches("spiffe://*/shop/*", "spiffe://x/y/shop/z/"));
  EXPECT_TRUE(matches("shop*", "shop"));
  EXPECT_FALSE(matches("*.shop", "shop"));
  EXPECT_FALSE(matches("a*a", "a"));
  EXPECT_FALSE(matches("ab*ba", "aba"));
  EXPECT_FALSE(matches("*a*a", "a"));
  EXPECT_TRUE(matches("a**c", "abc"));
  EXPECT_TRUE(matches("*", ""));
}

TEST(Glob, OfNoPatternIsAnything) {
  EXPECT_TRUE(Glob().matches(""));
  EXPECT_TRUE(Glob().matches("anything"));
}

RC_GTEST_PROP(Glob, MatchesAsItsDefinitionSays, ()) {
  const auto short_text = [](auto characters) {
    return rc::gen::scale(0.1, rc::gen::container<std::string>(std::move(characters)));
  };
  const std::string pattern = *short_text(rc::gen::element('a', 'b', '*'));
  const std::string text = *short_text(rc::gen::element('a', 'b'));
  RC_ASSERT(Glob(pattern).matches(text) == matches_by_definition(pattern, text));
}

RC_GTEST_PROP(Glob, MatchesWhatItsStarsWereFilledWith, (const Texts& pieces, const Texts& fills)) {
  std::string pattern;
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pattern += pieces[i] + "*";
    text += pieces[i] + (i < fills.size() ? fills[i] : "");
  }
  // A star within a piece stands for itself there.
  RC_ASSERT(Glob(pattern).matches(text));
}

// By backtracking this takes longer than anybody has.
TEST(Glob, WithManyStarsIsSoonKnownNotToMatch) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "a*";
  EXPECT_FALSE(Glob(pattern + "b").matches(std::string(100'000, 'a')));
}

TEST(Grant, AllowsWhereJobAndInstanceBothMatch) {
  const Grant grant{"batch", Glob("nightly-*"), Glob("*.example.com")};
  EXPECT_TRUE(allows(grant, "nightly-1", "a.example.com"));
  EXPECT_FALSE(allows(grant, "daily-1", "a.example.com"));
  EXPECT_FALSE(allows(grant, "nightly-1", "a.example.org"));
  EXPECT_TRUE(allows(Grant{}, "any", "name"));
}

TEST(Grants, AllowWhatOneOfThemAllows) {
  const std::vector<Grant> grants = {{"", Glob("a"), Glob("1")}, {"", Glob("b"), Glob("2")}};
  EXPECT_TRUE(find_allowing(grants, "a", "1"));
  EXPECT_TRUE(find_allowing(grants, "b", "2"));
  EXPECT_FALSE(find_allowing(grants, "a", "2"));
}

TEST(Grants, ThatAreNoneAllowNothing) {
  EXPECT_FALSE(find_allowing(std::vector<Grant>{}, "a", "1"));
}

TEST(Sha256, IsThatOfTheStandard) {
  // FIPS 180-4's example, "abc": ba7816bf … f20015ad.
  const Digest digest = sha256("abc");
  EXPECT_EQ(digest.front(), std::byte{0xba});
  EXPECT_EQ(digest[1], std::byte{0x78});
  EXPECT_EQ(digest.back(), std::byte{0xad});
}

Grant named(const char* name) { return {name, {}, {}}; }

TEST(AToken, HasAllItsGrantsAndNoOthers) {
  const std::vector<TokenGrant> tokens = {{sha256("one"), named("first")},
                                          {sha256("two"), named("second")},
                                          {sha256("one"), named("third")}};
  EXPECT_EQ(grants_for_token(tokens, "one"), (std::vector{named("first"), named("third")}));
  EXPECT_EQ(grants_for_token(tokens, "two"), (std::vector{named("second")}));
  EXPECT_TRUE(grants_for_token(tokens, "three").empty());
  EXPECT_TRUE(grants_for_token(tokens, "").empty());
  EXPECT_TRUE(grants_for_token({}, "one").empty());
}

TEST(AToken, ThatIsNotShownHasNoGrantsWhateverTheFileSays) {
  const std::vector<TokenGrant> tokens = {{sha256(""), named("nobody's")}};
  EXPECT_TRUE(grants_for_token(tokens, "").empty());
}

TEST(AToken, IsKnownByAllOfItsDigest) {
  for (std::size_t i = 0; i < sizeof(Digest); ++i) {
    Digest digest = sha256("one");
    digest.at(i) ^= std::byte{1};
    EXPECT_TRUE(grants_for_token(std::vector<TokenGrant>{{digest, {}}}, "one").empty()) << i;
  }
}

TEST(AToken, IsNotItsDigest) {
  const Digest digest = sha256("one");
  const std::vector<TokenGrant> tokens = {{digest, named("first")}};
  EXPECT_TRUE(grants_for_token(tokens, {reinterpret_cast<const char*>(digest.data()), 32}).empty());
}

TEST(ACertificate, HasTheGrantsOfEachOfItsNames) {
  const std::vector<CertificateGrant> certificates = {
      {Kind::kDns, Glob("*.shop"), named("shop")},
      {Kind::kAddress, Glob("10.0.0.*"), named("address")},
      {Kind::kDns, Glob("other"), named("other")}};
  const Names names = {
      {Kind::kDns, "a.shop"}, {Kind::kDns, "b.shop"}, {Kind::kAddress, "10.0.0.7"}};
  EXPECT_EQ(grants_for_names(certificates, names), (std::vector{named("shop"), named("address")}));
  EXPECT_TRUE(grants_for_names(certificates, Names{{Kind::kDns, "shop"}}).empty());
}

TEST(ACertificate, HasNoGrantByANameOfAnotherKind) {
  constexpr std::array kKinds = {Kind::kDns, Kind::kUri, Kind::kEmail, Kind::kAddress};
  for (const Kind granted : kKinds) {
    for (const Kind shown : kKinds) {
      const std::vector<CertificateGrant> certificates = {{granted, Glob("*.shop"), named("shop")}};
      const auto grants = grants_for_names(certificates, Names{{shown, "someone@evil.shop"}});
      EXPECT_EQ(grants.size(), granted == shown ? 1U : 0U);
    }
  }
}

TEST(ACertificate, WithoutNamesHasNone) {
  const std::vector<CertificateGrant> certificates = {{Kind::kDns, Glob(), named("any")}};
  EXPECT_TRUE(grants_for_names(certificates, {}).empty());
}

}  // namespace
}  // namespace prometheus_rsocket::access

// Hashes and verdicts were taken from golang.org/x/crypto/bcrypt and crypt_blowfish.
#include "access/password.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::access {
namespace {

using namespace std::string_literals;

const std::string kAbc = "$2b$05$/OK.fbVrR/bpIqNJ5ianF.gKRT/33uSp/5nsjXQyeItpMwPZHQxa2";
const std::string kEmpty = "$2a$04$3qvuCqfBBtZ0LLRRpm1PLOe1QTkpN9XTVKS2mo7asNjH5PzNScOFm";
const std::string kSeventyTwo = "$2a$04$SQi6TN.lLZ2DYi8OZEjEhuDU0YvLc.RgngLE/FtuUupIoCCR7b8IO";

std::string with(std::string hash, std::size_t at, std::string_view text) {
  return hash.replace(at, text.size(), text);
}

unsigned cost_of(std::string_view hash) {
  EXPECT_TRUE(is_bcrypt(hash));
  return static_cast<unsigned>(std::stoul(std::string(hash.substr(4, 2))));
}

TEST(Bcrypt, HasOneForm) {
  EXPECT_TRUE(is_bcrypt(kAbc));
  for (const char version : {'a', 'b', 'y'}) {
    EXPECT_TRUE(is_bcrypt(with(kAbc, 2, std::string(1, version))));
  }
  for (const char* cost : {"04", "10", "31"}) EXPECT_TRUE(is_bcrypt(with(kAbc, 4, cost))) << cost;
  for (const char* cost : {"03", "32", "99", "00", " 5", "5$", "-4"}) {
    EXPECT_FALSE(is_bcrypt(with(kAbc, 4, cost))) << cost;
  }
  for (const char* start : {"$2x$", "$2$0", "$1b$", "2b$0", "$2b."}) {
    EXPECT_FALSE(is_bcrypt(with(kAbc, 0, start))) << start;
  }
  EXPECT_FALSE(is_bcrypt(with(kAbc, 6, ".")));
  EXPECT_FALSE(is_bcrypt(with(kAbc, 7, "+")));
  EXPECT_FALSE(is_bcrypt(with(kAbc, 59, "=")));
  EXPECT_FALSE(is_bcrypt(kAbc.substr(0, 59)));
  EXPECT_FALSE(is_bcrypt(kAbc + "2"));
  EXPECT_FALSE(is_bcrypt(""));
}

TEST(Password, IsTheOneThatWasHashed) {
  EXPECT_TRUE(is_password(kAbc, "abc"));
  EXPECT_FALSE(is_password(kAbc, "abd"));
  EXPECT_FALSE(is_password(kAbc, "ab"));
  EXPECT_FALSE(is_password(kAbc, ""));
  EXPECT_FALSE(is_password(with(kAbc, 59, "3"), "abc"));
  EXPECT_FALSE(is_password(with(kAbc, 29, "h"), "abc"));
}

TEST(Password, MayBeEmptyIfThatWasHashed) {
  EXPECT_TRUE(is_password(kEmpty, ""));
  EXPECT_FALSE(is_password(kEmpty, " "));
}

TEST(Password, CountsByItsFirst72BytesAsInGo) {
  const std::string same(72, 'x');
  EXPECT_TRUE(is_password(kSeventyTwo, same));
  EXPECT_TRUE(is_password(kSeventyTwo, same + "and more"));
  EXPECT_TRUE(is_password(kSeventyTwo, same + std::string(2000, 'y')));
  EXPECT_FALSE(is_password(kSeventyTwo, same.substr(1)));
}

// libxcrypt alone has another hash for this one under $2a$.
TEST(Password, IsJudgedAlikeUnderEveryVersion) {
  const std::string password = "\xff\xff\xa3";
  const std::string hash = "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
  const std::string other = "$2y$05$/OK.fbVrR/bpIqNJ5ianF.nqd1wy.pTMdcvrRWxyiGL2eMz.2a85.";
  for (const char* version : {"a", "b", "y"}) {
    EXPECT_TRUE(is_password(with(hash, 2, version), password)) << version;
    EXPECT_FALSE(is_password(with(other, 2, version), password)) << version;
  }
}

TEST(Password, CountsUnderASaltWithSpareBitsAsInGo) {
  EXPECT_TRUE(is_password(with(kAbc, 28, "/"), "abc"));
}

// To bcrypt, `abc NUL abc` is `abc`.
TEST(Password, HasNoNul) {
  EXPECT_FALSE(is_password(kAbc, "abc\0abc"s));
  EXPECT_FALSE(is_password(kAbc, "abc\0"s));
  EXPECT_FALSE(is_password(kEmpty, "\0"s));
}

TEST(DummyHash, IsOfItsCostAndOfNoPassword) {
  EXPECT_EQ(cost_of(dummy_hash(4)), 4U);
  EXPECT_EQ(cost_of(dummy_hash(31)), 31U);
  // Only the two bits that no hash has differ from what is asked here.
  const std::string dummy = dummy_hash(4);
  EXPECT_FALSE(is_password(dummy, ""));
  EXPECT_EQ(dummy.back(), '/');
}

// What is hashed for an answer: how often at which cost.
std::map<unsigned, int> work_for(std::string_view password, const PasswordQuestion& question,
                                 std::string_view right_hash = {}) {
  std::map<unsigned, int> work;
  const bool is_right =
      answers(password, question, [&](std::string_view hash, std::string_view asked) {
        EXPECT_EQ(asked, password);
        ++work[cost_of(hash)];
        return hash == right_hash;
      });
  EXPECT_EQ(is_right, !right_hash.empty());
  return work;
}

const Users& users_of_three_costs() {
  static const Users users = {{"five", kAbc},
                              {"twelve", with(kAbc, 4, "12")},
                              {"thirty", with(kAbc, 4, "30")},
                              {"five too", with(kAbc, 59, "3")}};
  return users;
}

TEST(APasswordQuestion, TakesTheSameWorkForEveryRefusal) {
  const Users& users = users_of_three_costs();
  const std::map<unsigned, int> once_at_each = {{5, 1}, {12, 1}, {30, 1}};
  for (const std::string_view name : {"five", "five too", "twelve", "thirty", "nobody", ""}) {
    EXPECT_EQ(work_for("guess", question_about(users, name)), once_at_each) << name;
  }
}

TEST(APasswordQuestion, IsOneHashWhereAllCostTheSame) {
  const Users users = {{"a", kAbc}, {"b", with(kAbc, 59, "3")}};
  EXPECT_EQ(question_about(users, "a"), (PasswordQuestion{kAbc, {}}));
  EXPECT_EQ(question_about(users, "nobody"), (PasswordQuestion{dummy_hash(5), {}}));
}

TEST(APasswordQuestion, IsAboutTheUsersOwnHashFirst) {
  const Users& users = users_of_three_costs();
  const PasswordQuestion question = question_about(users, "twelve");
  EXPECT_EQ(question.hash, users.at("twelve"));
  EXPECT_EQ(work_for("right", question, question.hash), (std::map<unsigned, int>{{12, 1}}))
      << "who is right waits for nothing else";
}

TEST(APasswordQuestion, IsAnsweredByTheUsersPasswordAlone) {
  const Users users = {{"a", kAbc}, {"b", with(kAbc, 4, "04")}};
  EXPECT_TRUE(answers("abc", question_about(users, "a")));
  EXPECT_FALSE(answers("abd", question_about(users, "a")));
  EXPECT_FALSE(answers("abc", question_about(users, "b"))) << "the hash is of another cost";
  EXPECT_FALSE(answers("abc", question_about(users, "nobody")));
}

}  // namespace
}  // namespace prometheus_rsocket::access

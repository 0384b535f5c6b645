#include "access/password.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <bitset>
#include <memory>
#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::access {
namespace {

constexpr std::size_t kPrefixSize = 7;  // `$2b$10$`
constexpr std::size_t kSaltSize = 22;
constexpr std::size_t kHashSize = 31;
constexpr std::size_t kSize = kPrefixSize + kSaltSize + kHashSize;
constexpr std::size_t kPasswordBytesMax = 72;
constexpr unsigned kCostMin = 4;
constexpr unsigned kCostMax = 31;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_base64(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

unsigned read_cost(std::string_view hash) {
  return static_cast<unsigned>((hash[4] - '0') * 10 + (hash[5] - '0'));
}

}  // namespace

bool is_bcrypt(std::string_view hash) {
  if (hash.size() != kSize || !hash.starts_with("$2")) return false;
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return false;
  if (hash[3] != '$' || !is_digit(hash[4]) || !is_digit(hash[5]) || hash[6] != '$') return false;
  const unsigned cost = read_cost(hash);
  return cost >= kCostMin && cost <= kCostMax &&
         std::ranges::all_of(hash.substr(kPrefixSize), is_base64);
}

bool is_password(std::string_view hash, std::string_view password) {
  CHECK(is_bcrypt(hash), "whoever read it has looked");
  if (password.find('\0') != std::string_view::npos) return false;
  std::string phrase(password.substr(0, kPasswordBytesMax));
  std::string setting(hash.substr(0, kPrefixSize + kSaltSize));
  // libxcrypt departs from bcrypt for some passwords under `$2a$`, to guard hashes of an old bug of
  // its own; Go and htpasswd do not.
  setting[2] = 'b';
  const auto data = std::make_unique<crypt_data>();
  const char* const made = crypt_r(phrase.c_str(), setting.c_str(), data.get());
  // The salt is written back as it ought to be, so it is not compared.
  const bool is_it = made != nullptr && std::string_view(made).size() == kSize &&
                     CRYPTO_memcmp(made + kPrefixSize + kSaltSize,
                                   hash.data() + kPrefixSize + kSaltSize, kHashSize) == 0;
  OPENSSL_cleanse(data.get(), sizeof *data);
  OPENSSL_cleanse(phrase.data(), phrase.size());
  return is_it;
}

std::string dummy_hash(unsigned cost) {
  CHECK(cost >= kCostMin && cost <= kCostMax, "bcrypt has no other costs");
  std::string hash = "$2b$";
  hash += static_cast<char>('0' + cost / 10);
  hash += static_cast<char>('0' + cost % 10);
  hash += '$';
  // 31 characters hold 186 bits, a hash has 184: with one of the last two set it is none.
  return hash + std::string(kSaltSize, '.') + std::string(kHashSize - 1, '.') + '/';
}

PasswordQuestion question_about(const Users& users, std::string_view name) {
  CHECK(!users.empty(), "nobody is asked where there are no users");
  std::bitset<kCostMax + 1> costs;
  for (const auto& [other, hash] : users) costs.set(read_cost(hash));
  PasswordQuestion question;
  if (const auto user = users.find(name); user != users.end()) {
    question.hash = user->second;
    costs.reset(read_cost(question.hash));
  }
  for (unsigned cost = kCostMin; cost <= kCostMax; ++cost) {
    if (costs.test(cost)) question.dummies.push_back(dummy_hash(cost));
  }
  if (question.hash.empty()) {
    question.hash = std::move(question.dummies.back());
    question.dummies.pop_back();
  }
  return question;
}

bool answers(std::string_view password, const PasswordQuestion& question, const Compare& compare) {
  if (compare(question.hash, password)) return true;
  for (const std::string& dummy : question.dummies) static_cast<void>(compare(dummy, password));
  return false;
}

}  // namespace prometheus_rsocket::access

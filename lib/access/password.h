// Passwords of users: bcrypt hashes, as `htpasswd -nB` makes them.
//
// The verdict is that of golang.org/x/crypto/bcrypt, which exporter-toolkit asks, so that one file
// means the same everywhere; but hashes are held to their form, and no password has a NUL.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::access {

// `$2a$`, `$2b$` or `$2y$`, a cost of 04 to 31, `$`, and 53 characters of salt and hash.
[[nodiscard]] bool is_bcrypt(std::string_view hash);

// Whether `hash` is that of `password`. REQUIRES: is_bcrypt(hash).
//
// Slow by design: twice as long with each cost, some 70 ms at 10, and hours at 31. Never on an
// event loop. Any number of threads may ask at a time. As with every bcrypt, a password counts by
// its first 72 bytes.
[[nodiscard]] bool is_password(std::string_view hash, std::string_view password);

// A hash of that cost and of no password. REQUIRES: 4 <= cost <= 31.
[[nodiscard]] std::string dummy_hash(unsigned cost);

using Users = std::map<std::string, std::string, std::less<>>;  // name, hash

// What is hashed before somebody is refused: once at each cost that the users' hashes have, at
// their own cost under their own salt. So all are refused after the same work, whether there is
// such a user or not, and whatever their hash costs. (exporter-toolkit's dummy has one cost: who
// has a cheaper hash is told from who is not there.)
struct PasswordQuestion {
  std::string hash;                  // of the user; of nobody where there is none
  std::vector<std::string> dummies;  // of no password

  friend bool operator==(const PasswordQuestion&, const PasswordQuestion&) = default;
};
// REQUIRES: there are users, and is_bcrypt() of all hashes.
[[nodiscard]] PasswordQuestion question_about(const Users& users, std::string_view name);

// is_password(), or what stands in for it.
using Compare = std::function<bool(std::string_view hash, std::string_view password)>;
// Whether it is the user's. Who is right need not wait for the dummies.
[[nodiscard]] bool answers(std::string_view password, const PasswordQuestion& question,
                           const Compare& compare = is_password);

}  // namespace prometheus_rsocket::access

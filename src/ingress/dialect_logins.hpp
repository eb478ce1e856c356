// SPDX-License-Identifier: Apache-2.0
// Who a request over HTTP is from when it has a user and a password.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/address_list.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/directory.hpp"
#include "aldis/ports/crypto.hpp"
#include "ingress/bind_guard.hpp"

namespace aldis::ingress {

struct DialectLogin {
  AccountId account = kNoAccount;
  const AccountSettings* of = nullptr;
  const LoginSettings* settings = nullptr;
};

enum class LoginVerdict : std::uint8_t {
  kRight,
  kWrong,      // user, password or address: nobody is told which
  kSuspended,  // right, but the account is not enabled
  kBusy,       // not tried: too many are being checked, or this user too often
};

// Logins of the dialects by kind and user. On the web thread. A password that stands in the configuration is
// compared at once, in constant time; one of which it has the Argon2id hash is checked by `passwords`, 20 ms
// of CPU, and found right kept for ten minutes as an HMAC-SHA256 under a key of this process, so that a
// client that sends thousands of requests a second is hashed once. Whatever is wrong costs a check, too, so
// that time tells nothing. Bounded: four remembered passwords a login, BindGuard's ten checks a minute of one
// user from sources that it does not know. Settings that change bring new Logins: nothing outlives them. Not
// for who guesses from one address (AuthThrottle) nor for API keys.
class DialectLogins {
 public:
  DialectLogins(const Directory& directory, ports::Passwords& passwords, const ports::Digests& digests,
                std::string cache_key);

  using Answer = std::function<void(LoginVerdict, const DialectLogin*)>;
  // Answers at once where it can, else in a later turn.
  void check(const Now& now, LoginKind kind, std::string_view user, std::string_view password,
             std::string_view client, Answer answer);

  // Whether this user exists and may come from there: for credentials that are no passwords.
  [[nodiscard]] const DialectLogin* find(LoginKind kind, std::string_view user,
                                         std::string_view client) const;

 private:
  struct Row {
    DialectLogin login;
    std::optional<AddressList> allow;
    struct Verified {
      std::string digest;
      Instant until{};
    };
    std::deque<Verified> verified;
  };
  static std::string key_of(LoginKind kind, std::string_view user);
  [[nodiscard]] static bool may_come_from(const Row& row, std::string_view client);
  [[nodiscard]] std::string digest_of(std::string_view key, std::string_view password) const;
  static LoginVerdict right(const DialectLogin& login);

  ports::Passwords& passwords_;
  const ports::Digests& digests_;
  const std::string cache_key_;
  boost::unordered_flat_map<std::string, Row> rows_;
  BindGuard guard_;
};

}  // namespace aldis::ingress

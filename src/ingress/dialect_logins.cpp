// SPDX-License-Identifier: Apache-2.0
#include "ingress/dialect_logins.hpp"

#include <algorithm>
#include <utility>

#include "aldis/base/constant_time.hpp"

namespace aldis::ingress {

namespace {
constexpr Duration kVerifiedFor = minutes{10};
constexpr std::size_t kVerifiedMax = 4;
constexpr std::size_t kPasswordMax = 64;

IpAddress address_of_client(std::string_view client) {
  return IpAddress::parse(client).value_or(IpAddress{});
}
}  // namespace

DialectLogins::DialectLogins(const Directory& directory, ports::Passwords& passwords,
                             const ports::Digests& digests, std::string cache_key)
    : passwords_(passwords), digests_(digests), cache_key_(std::move(cache_key)) {
  for (std::uint32_t i = 0; i < directory.accounts_count(); ++i) {
    const AccountSettings& account = directory.account(AccountId{i});
    for (const auto& login : account.logins) {
      if (login.kind == LoginKind::kSmpp || login.kind == LoginKind::kTwilio) { continue; }
      Row row{{AccountId{i}, &account, &login}, std::nullopt, {}};
      if (!login.allow_ips.empty()) {
        row.allow = AddressList::parse(login.allow_ips).value_or(AddressList{});
      }
      rows_.emplace(key_of(login.kind, login.user), std::move(row));
    }
  }
}

std::string DialectLogins::key_of(LoginKind kind, std::string_view user) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(kind)));
  return key.append(user);
}

bool DialectLogins::may_come_from(const Row& row, std::string_view client) {
  return !row.allow || row.allow->allows(address_of_client(client));
}

std::string DialectLogins::digest_of(std::string_view key, std::string_view password) const {
  std::string said{key};
  said.push_back('\0');
  return digests_.hmac(ports::DigestKind::kSha256, cache_key_, said.append(password));
}

LoginVerdict DialectLogins::right(const DialectLogin& login) {
  return login.of->enabled ? LoginVerdict::kRight : LoginVerdict::kSuspended;
}

const DialectLogin* DialectLogins::find(LoginKind kind, std::string_view user,
                                        std::string_view client) const {
  const auto at = rows_.find(key_of(kind, user));
  return at != rows_.end() && may_come_from(at->second, client) ? &at->second.login : nullptr;
}

void DialectLogins::check(const Now& now, LoginKind kind, std::string_view user, std::string_view password,
                          std::string_view client, Answer answer) {
  if (user.size() > kPasswordMax || password.size() > kPasswordMax) {
    return answer(LoginVerdict::kWrong, nullptr);  // no login has such ones: its length tells nothing new
  }
  const std::string key = key_of(kind, user);
  const auto at = rows_.find(key);
  std::string_view phc;  // empty: a dummy of equal cost is checked
  std::string digest;
  if (at != rows_.end() && may_come_from(at->second, client)) {
    Row& row = at->second;
    if (!row.login.settings->password.empty()) {
      if (equal_constant_time(password, row.login.settings->password.reveal())) {
        return answer(right(row.login), &row.login);
      }
    } else {
      digest = digest_of(key, password);
      for (const auto& known : row.verified) {
        if (now.mono < known.until && equal_constant_time(known.digest, digest)) {
          return answer(right(row.login), &row.login);
        }
      }
      phc = row.login.settings->password_hash;
    }
  }
  const IpAddress source = address_of_client(client);
  if (!guard_.may_check(now.mono, source, key)) { return answer(LoginVerdict::kBusy, nullptr); }
  passwords_.verify(phc, password,
                    [this, key, digest, source, at_mono = now.mono,
                     answer = std::move(answer)](ports::Passwords::Verdict verdict) {
                      if (verdict == ports::Passwords::Verdict::kBusy) {
                        return answer(LoginVerdict::kBusy, nullptr);
                      }
                      const auto found = rows_.find(key);
                      if (verdict != ports::Passwords::Verdict::kRight || found == rows_.end()) {
                        return answer(LoginVerdict::kWrong, nullptr);
                      }
                      Row& row = found->second;
                      guard_.bound(at_mono, source, key);
                      row.verified.push_back({digest, at_mono + kVerifiedFor});
                      if (row.verified.size() > kVerifiedMax) { row.verified.pop_front(); }
                      answer(right(row.login), &row.login);
                    });
}

}  // namespace aldis::ingress

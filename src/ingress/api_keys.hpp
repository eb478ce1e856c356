// SPDX-License-Identifier: Apache-2.0
// API keys: "aldis_" + 12 hex digits that name it + "_" + 43 characters of base62 that prove it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/address_list.hpp"
#include "aldis/base/time.hpp"
#include "aldis/ports/crypto.hpp"

namespace aldis::ingress {

enum class Scope : std::uint8_t {
  kMessagesSend,
  kMessagesRead,
  kMessagesControl,
  kContentRead,
  kInboundRead,
  kEventsRead,
  kWebhooksManage,
  kAccountRead,
  kAccountManage,
  kSuppressionsManage,
  kExportsRun,
  kAdminRead,
  kAdminWrite,
};
inline constexpr std::size_t kScopes = 13;
std::string_view name_of(Scope scope);  // "messages:send"
std::optional<Scope> scope_named(std::string_view name);

class Scopes {
 public:
  static Scopes all();
  void add(Scope scope) { bits_ |= 1u << static_cast<unsigned>(scope); }
  [[nodiscard]] bool has(Scope scope) const { return (bits_ >> static_cast<unsigned>(scope) & 1u) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] bool is_admin() const { return has(Scope::kAdminRead) || has(Scope::kAdminWrite); }
  [[nodiscard]] bool within(Scopes other) const { return (bits_ & ~other.bits_) == 0; }

 private:
  std::uint32_t bits_ = 0;
};

struct ApiKey {
  std::string id;       // 12 hex digits
  std::string account;  // empty: of none, then it has admin scopes only
  std::string label;
  std::string hash;  // SHA-256 of all the key
  Scopes scopes;
  std::vector<std::string> allow_ips;  // networks or addresses; none = any
  WallTime created_at{};
  std::optional<WallTime> expires_at;
  std::optional<WallTime> used_at;  // by the minute, in this life
};

std::string to_octets(const ApiKey& key);  // as the journal keeps it; used_at is not in it
std::optional<ApiKey> key_from(std::string_view id, std::string_view octets);

// A fresh one: its text, which nobody ever sees again, is put into `text`.
ApiKey make_key(ports::Secrets& secrets, const ports::Digests& digests, std::string& text);

// The keys there are, by id; what has changed is told by put() and remove() once it is durable.
// Not for scopes and accounts: whoever knows the request asks.
class ApiKeys {
 public:
  explicit ApiKeys(const ports::Digests& digests) : digests_(digests) {}

  void put(ApiKey key);
  void remove(std::string_view id);
  [[nodiscard]] ApiKey* find(std::string_view id);
  [[nodiscard]] std::vector<const ApiKey*> of_account(std::string_view account) const;  // oldest first

  // Null for every reason alike, after equal work: unknown, expired, another secret, another address.
  ApiKey* check(const Now& now, std::string_view text, std::string_view client);
  // The same for the two halves that clients of Twilio have: the key's SID, and what proves it.
  ApiKey* check_sid(const Now& now, std::string_view sid, std::string_view proof, std::string_view client);

 private:
  [[nodiscard]] std::string sid_of(std::string_view id) const;

  const ports::Digests& digests_;
  boost::unordered_flat_map<std::string, ApiKey> keys_;
  boost::unordered_flat_map<std::string, std::string> ids_by_sid_;
};

// Who guesses keys from one source (an IPv4 address or an IPv6 /64) waits: 20 failures within a minute refuse
// it for a minute, and each further series for twice as long, up to a quarter of an hour. Bounded: 10,000
// sources within the hour, then new ones go unremembered, as BindGuard has it.
class AuthThrottle {
 public:
  [[nodiscard]] bool refuses(Instant now, std::string_view client) const;

  void failed(Instant now, std::string_view client);

 private:
  struct Source {
    Instant window_end{};
    Instant refused_until{};
    Instant forgotten_at{};
    std::uint32_t failures = 0;
    std::uint32_t series = 0;
  };
  boost::unordered_flat_map<IpAddress, Source> sources_;
};

}  // namespace aldis::ingress

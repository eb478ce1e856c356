// SPDX-License-Identifier: Apache-2.0
#include "ingress/api_keys.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "aldis/base/address_list.hpp"
#include "aldis/base/constant_time.hpp"
#include "aldis/base/octet_text.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, kScopes> kScopeNames{
    "messages:send", "messages:read",   "messages:control", "content:read",   "inbound:read",
    "events:read",   "webhooks:manage", "account:read",     "account:manage", "suppressions:manage",
    "exports:run",   "admin:read",      "admin:write"};

constexpr std::string_view kPrefix = "aldis_";
constexpr std::size_t kIdDigits = 12;
constexpr std::size_t kProofCharacters = 43;  // of base62: 256 bits
constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::uint32_t kFailuresMax = 20;
constexpr Duration kWindow = seconds{60};
constexpr Duration kRefusedMax = minutes{15};
constexpr std::size_t kSourcesMax = 10'000;

bool may_come_from(const ApiKey& key, std::string_view client) {
  if (key.allow_ips.empty()) { return true; }
  const auto list = AddressList::parse(key.allow_ips);
  const auto address = IpAddress::parse(client);
  return list && address && list->allows(*address);
}

const json::value* member(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && !found->is_null() ? found : nullptr;
}

}  // namespace

std::string_view name_of(Scope scope) { return kScopeNames[static_cast<std::size_t>(scope)]; }

std::optional<Scope> scope_named(std::string_view name) {
  const auto at = std::find(kScopeNames.begin(), kScopeNames.end(), name);
  if (at == kScopeNames.end()) { return std::nullopt; }
  return static_cast<Scope>(at - kScopeNames.begin());
}

Scopes Scopes::all() {
  Scopes scopes;
  for (std::size_t i = 0; i < kScopes; ++i) { scopes.add(static_cast<Scope>(i)); }
  return scopes;
}

std::string to_octets(const ApiKey& key) {
  json::array scopes;
  for (std::size_t i = 0; i < kScopes; ++i) {
    if (key.scopes.has(static_cast<Scope>(i))) { scopes.emplace_back(kScopeNames[i]); }
  }
  json::object out{{"account", key.account},
                   {"label", key.label},
                   {"hash", hex_of(key.hash)},
                   {"scopes", std::move(scopes)},
                   {"created_at", format_rfc3339(key.created_at)}};
  if (!key.allow_ips.empty()) { out["allow_ips"] = json::array(key.allow_ips.begin(), key.allow_ips.end()); }
  if (key.expires_at) { out["expires_at"] = format_rfc3339(*key.expires_at); }
  return json::serialize(out);
}

// Nothing for what an older or newer version may have written otherwise: such a key opens no door.
std::optional<ApiKey> key_from(std::string_view id, std::string_view octets) {
  boost::system::error_code failed;
  const json::value parsed = json::parse(octets, failed);
  const auto* object = failed ? nullptr : parsed.if_object();
  if (object == nullptr) { return std::nullopt; }
  ApiKey key;
  key.id = id;
  const auto text = [&](std::string_view name, std::string& into) {
    const auto* value = member(*object, name);
    if (value == nullptr || !value->is_string()) { return false; }
    into = std::string{value->get_string()};
    return true;
  };
  std::string hash;
  std::string created;
  if (!text("account", key.account) || !text("label", key.label) || !text("hash", hash) ||
      !text("created_at", created)) {
    return std::nullopt;
  }
  const auto digest = octets_of_hex(hash);
  const auto made = parse_rfc3339(created);
  const auto* scopes = member(*object, "scopes");
  if (!digest || digest->size() != 32 || !made || scopes == nullptr || !scopes->is_array()) {
    return std::nullopt;
  }
  key.hash = *digest;
  key.created_at = *made;
  for (const auto& name : scopes->get_array()) {
    const auto scope = name.is_string() ? scope_named(name.get_string()) : std::nullopt;
    if (scope) { key.scopes.add(*scope); }
  }
  if (const auto* ips = member(*object, "allow_ips"); ips != nullptr && ips->is_array()) {
    for (const auto& ip : ips->get_array()) { key.allow_ips.emplace_back(ip.as_string()); }
  }
  if (std::string until; text("expires_at", until)) {
    key.expires_at = parse_rfc3339(until);
    if (!key.expires_at) { return std::nullopt; }
  }
  return key;
}

ApiKey make_key(ports::Secrets& secrets, const ports::Digests& digests, std::string& text) {
  ApiKey key;
  key.id = hex_of(secrets.random_octets(kIdDigits / 2));
  text.assign(kPrefix).append(key.id).append("_");
  while (text.size() < kPrefix.size() + kIdDigits + 1 + kProofCharacters) {
    for (const char c : secrets.random_octets(64)) {
      const auto number = static_cast<unsigned char>(c);
      if (number >= 4 * kBase62.size()) { continue; }  // else some characters were likelier than others
      text.push_back(kBase62[number % kBase62.size()]);
      if (text.size() == kPrefix.size() + kIdDigits + 1 + kProofCharacters) { break; }
    }
  }
  key.hash = digests.digest(ports::DigestKind::kSha256, text);
  return key;
}

void ApiKeys::put(ApiKey key) {
  const std::string id = key.id;
  ids_by_sid_.insert_or_assign(sid_of(id), id);
  keys_.insert_or_assign(id, std::move(key));
}

void ApiKeys::remove(std::string_view id) {
  ids_by_sid_.erase(sid_of(id));
  keys_.erase(std::string{id});
}

// "SK" and 32 digits of the SHA-256 of "aldis-key:" and the id.
std::string ApiKeys::sid_of(std::string_view id) const {
  std::string said = "aldis-key:";
  return "SK" + hex_of(digests_.digest(ports::DigestKind::kSha256, said.append(id))).substr(0, 32);
}

ApiKey* ApiKeys::check_sid(const Now& now, std::string_view sid, std::string_view proof,
                           std::string_view client) {
  const auto at = ids_by_sid_.find(std::string{sid});
  const std::string id = at == ids_by_sid_.end() ? std::string(kIdDigits, '0') : at->second;
  std::string text{kPrefix};
  return check(now, text.append(id).append("_").append(proof), client);
}

ApiKey* ApiKeys::find(std::string_view id) {
  const auto at = keys_.find(std::string{id});
  return at == keys_.end() ? nullptr : &at->second;
}

std::vector<const ApiKey*> ApiKeys::of_account(std::string_view account) const {
  std::vector<const ApiKey*> out;
  for (const auto& [id, key] : keys_) {
    if (key.account == account) { out.push_back(&key); }
  }
  std::sort(out.begin(), out.end(), [](const ApiKey* a, const ApiKey* b) {
    return a->created_at != b->created_at ? a->created_at < b->created_at : a->id < b->id;
  });
  return out;
}

ApiKey* ApiKeys::check(const Now& now, std::string_view text, std::string_view client) {
  const std::string hash = digests_.digest(ports::DigestKind::kSha256, text);
  const bool formed = text.size() == kPrefix.size() + kIdDigits + 1 + kProofCharacters &&
                      text.starts_with(kPrefix) && text[kPrefix.size() + kIdDigits] == '_';
  ApiKey* key = formed ? find(text.substr(kPrefix.size(), kIdDigits)) : nullptr;
  static const std::string kNobody(32, '\0');
  const bool right = equal_constant_time(hash, key != nullptr ? key->hash : kNobody);
  if (key == nullptr || !right || !may_come_from(*key, client)) { return nullptr; }
  if (key->expires_at && now.wall >= *key->expires_at) { return nullptr; }
  key->used_at = std::chrono::floor<minutes>(now.wall);
  return key;
}

// --- who guesses -----------------------------------------------------------------------------------------

namespace {

// What is no address is the peer of a unix socket: they are one source.
IpAddress source_of(std::string_view client) {
  return IpAddress::parse(client).value_or(IpAddress{}).source();
}

}  // namespace

bool AuthThrottle::refuses(Instant now, std::string_view client) const {
  const auto at = sources_.find(source_of(client));
  return at != sources_.end() && now < at->second.refused_until;
}

void AuthThrottle::failed(Instant now, std::string_view client) {
  const IpAddress key = source_of(client);
  if (sources_.size() >= kSourcesMax && !sources_.contains(key)) {
    boost::unordered::erase_if(sources_, [&](const auto& one) { return one.second.forgotten_at <= now; });
    if (sources_.size() >= kSourcesMax) { return; }  // nobody else's failures are forgotten for it
  }
  Source& source = sources_[key];
  if (now >= source.forgotten_at) { source = {}; }
  if (now >= source.window_end) {
    source.window_end = now + kWindow;
    source.failures = 0;
  }
  source.forgotten_at = now + 4 * kRefusedMax;
  if (++source.failures < kFailuresMax) { return; }
  source.refused_until = now + std::min(kRefusedMax, kWindow * (1u << std::min(source.series, 4u)));
  ++source.series;
  source.failures = 0;
}

}  // namespace aldis::ingress

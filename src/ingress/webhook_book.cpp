// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/webhook_book.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "aldis/ingress/callbacks.hpp"
#include "ingress/door_notes.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;

namespace {

constexpr std::uint32_t kFailing = kind_bit(WebhookKind::kUndeliverable) | kind_bit(WebhookKind::kRejected) |
                                   kind_bit(WebhookKind::kExpired) | kind_bit(WebhookKind::kDeleted) |
                                   kind_bit(WebhookKind::kUnknown);
constexpr std::uint32_t kFinal = kFailing | kind_bit(WebhookKind::kDelivered);
constexpr std::uint32_t kSent = kind_bit(WebhookKind::kSent);
constexpr std::uint32_t kIntermediate = kind_bit(WebhookKind::kIntermediate);

std::string text_in(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::int64_t number_in(const json::object& in, std::string_view name, std::int64_t otherwise) {
  const auto* value = in.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : otherwise;
}

bool flag_in(const json::object& in, std::string_view name, bool otherwise) {
  const auto* value = in.if_contains(name);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

json::array json_of(const std::vector<SigningSecret>& secrets) {
  json::array out;
  for (const SigningSecret& secret : secrets) {
    json::object one{{"secret", secret.text}};
    if (secret.until) { one["until"] = format_rfc3339(*secret.until); }
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<SigningSecret> secrets_of_json(const json::value* in) {
  std::vector<SigningSecret> out;
  if (in == nullptr || !in->is_array()) { return out; }
  for (const json::value& one : in->get_array()) {
    const auto* object = one.if_object();
    if (object == nullptr) { continue; }
    out.push_back({text_in(*object, "secret"), parse_rfc3339(text_in(*object, "until"))});
  }
  return out;
}

std::optional<json::value> parsed(std::string_view octets) {
  boost::system::error_code failed;
  json::value value = json::parse(octets, failed);
  return failed ? std::nullopt : std::optional{std::move(value)};
}

// Only for the limit of calls to one host: whether it may be called is judged when it is given, and again at
// each call.
std::string host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != url.npos) { url.remove_prefix(scheme + 3); }
  url = url.substr(0, url.find_first_of("/?#"));
  if (!url.starts_with('[')) { url = url.substr(0, url.find(':')); }
  std::string host{url};
  for (char& c : host) { c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
  return host;
}

std::uint32_t kinds_of(const std::vector<std::string>& types) {
  static constexpr std::pair<WebhookKind, std::string_view> kTypes[] = {
      {WebhookKind::kSent, "message.sent"},
      {WebhookKind::kDelivered, "message.delivered"},
      {WebhookKind::kUndeliverable, "message.undeliverable"},
      {WebhookKind::kRejected, "message.rejected"},
      {WebhookKind::kExpired, "message.expired"},
      {WebhookKind::kDeleted, "message.deleted"},
      {WebhookKind::kUnknown, "message.unknown"},
      {WebhookKind::kInbound, "inbound.received"},
  };
  std::uint32_t kinds = 0;
  for (const auto& [kind, type] : kTypes) {
    if (wants_type(types, type)) { kinds |= kind_bit(kind); }
  }
  return kinds;
}

// Wider than what the style says in the end: a style that has nothing to say about a change is done with it.
std::uint32_t kinds_of(const CallbackNote& callback) {
  if (callback.style == "kannel") {  // bits of dlr-mask
    std::uint32_t kinds = (callback.wants & 1u) != 0 ? kind_bit(WebhookKind::kDelivered) : 0;
    if ((callback.wants & (2u | 16u)) != 0) { kinds |= kFailing; }
    if ((callback.wants & 4u) != 0) { kinds |= kIntermediate; }
    if ((callback.wants & 8u) != 0) { kinds |= kSent; }
    return kinds;
  }
  if (callback.style == "jasmin") {  // dlr-level
    if (callback.wants == 1) { return kSent | kFailing; }
    return kFinal | kIntermediate | (callback.wants == 3 ? kSent : 0);
  }
  std::uint32_t kinds = (callback.wants & kTellFinal) != 0 ? kFinal : 0;
  if ((callback.wants & kTellSent) != 0) { kinds |= kSent; }
  if ((callback.wants & kTellIntermediate) != 0) { kinds |= kIntermediate; }
  return kinds;
}

}  // namespace

std::string_view name_of(EndpointStyle style) {
  switch (style) {
    case EndpointStyle::kStandard: return "standard";
    case EndpointStyle::kCloudEvents: return "cloudevents";
  }
  __builtin_unreachable();
}

std::string to_octets(const Endpoint& endpoint) {
  json::object out{{"account", endpoint.account},
                   {"url", endpoint.url},
                   {"style", name_of(endpoint.style)},
                   {"types", json::array(endpoint.types.begin(), endpoint.types.end())},
                   {"concurrency", endpoint.concurrency},
                   {"ordered", endpoint.ordered},
                   {"timeout_seconds", endpoint.timeout.count()},
                   {"enabled", endpoint.enabled},
                   {"secrets", json_of(endpoint.secrets)},
                   {"created_at", format_rfc3339(endpoint.created_at)}};
  if (endpoint.disabled_by_answer) { out["gone"] = true; }
  if (!endpoint.description.empty()) { out["description"] = endpoint.description; }
  return json::serialize(out);
}

std::optional<Endpoint> endpoint_from(std::string_view id, std::string_view octets) {
  const auto value = parsed(octets);
  const auto* in = value ? value->if_object() : nullptr;
  if (in == nullptr) { return std::nullopt; }
  Endpoint out;
  out.id = id;
  out.account = text_in(*in, "account");
  out.url = text_in(*in, "url");
  const std::string style = text_in(*in, "style");
  const auto made = parse_rfc3339(text_in(*in, "created_at"));
  const auto* types = in->if_contains("types");
  const bool known =
      style == name_of(EndpointStyle::kStandard) || style == name_of(EndpointStyle::kCloudEvents);
  if (out.account.empty() || out.url.empty() || !known || !made || types == nullptr || !types->is_array()) {
    return std::nullopt;
  }
  out.style =
      style == name_of(EndpointStyle::kStandard) ? EndpointStyle::kStandard : EndpointStyle::kCloudEvents;
  out.created_at = *made;
  out.types.clear();
  for (const json::value& type : types->get_array()) {
    if (type.is_string()) { out.types.emplace_back(type.get_string()); }
  }
  out.concurrency = static_cast<unsigned>(std::clamp<std::int64_t>(number_in(*in, "concurrency", 8), 1, 64));
  out.ordered = flag_in(*in, "ordered", false);
  out.timeout = std::chrono::seconds{std::clamp<std::int64_t>(number_in(*in, "timeout_seconds", 10), 5, 30)};
  out.enabled = flag_in(*in, "enabled", true);
  out.disabled_by_answer = flag_in(*in, "gone", false);
  out.description = text_in(*in, "description");
  out.secrets = secrets_of_json(in->if_contains("secrets"));
  return out;
}

std::vector<std::string> valid_secrets(const std::vector<SigningSecret>& secrets, WallTime now) {
  std::vector<std::string> out;
  for (const SigningSecret& secret : secrets) {
    if (!secret.until || now < *secret.until) { out.push_back(secret.text); }
  }
  return out;
}

std::vector<SigningSecret> rotated(const std::vector<SigningSecret>& secrets, std::string fresh, WallTime now,
                                   std::chrono::seconds overlap) {
  std::vector<SigningSecret> out{{std::move(fresh), std::nullopt}};
  // Two at a time: a receiver that is given more has to try them all.
  for (const SigningSecret& secret : secrets) {
    if (out.size() < 2 && overlap.count() > 0 && (!secret.until || now < *secret.until)) {
      out.push_back({secret.text, now + overlap});
    }
  }
  return out;
}

std::string to_octets(const std::vector<SigningSecret>& secrets) { return json::serialize(json_of(secrets)); }

std::vector<SigningSecret> secrets_from(std::string_view octets) {
  const auto value = parsed(octets);
  return value ? secrets_of_json(&*value) : std::vector<SigningSecret>{};
}

WebhookNumber number_of_endpoint(std::string_view id) {
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + std::min<std::size_t>(id.size(), 16), number, 16);
  return WebhookNumber{number};
}

void WebhookBook::load(const Stored& stored) {
  if (stored.kind == StoredKind::kCallbackSecret) { put_secrets(stored.name, secrets_from(stored.octets)); }
  if (stored.kind != StoredKind::kWebhook) { return; }
  if (auto endpoint = endpoint_from(stored.name, stored.octets)) { put(std::move(*endpoint)); }
}

void WebhookBook::put(Endpoint endpoint) {
  const WebhookNumber number = number_of_endpoint(endpoint.id);
  endpoints_.insert_or_assign(number, std::move(endpoint));
}

void WebhookBook::remove(std::string_view id) { endpoints_.erase(number_of_endpoint(id)); }

void WebhookBook::put_secrets(std::string_view account, std::vector<SigningSecret> secrets) {
  secrets_.insert_or_assign(std::string{account}, std::move(secrets));
}

const Endpoint* WebhookBook::find(WebhookNumber number) const {
  const auto at = endpoints_.find(number);
  return at == endpoints_.end() ? nullptr : &at->second;
}

const Endpoint* WebhookBook::find(std::string_view id) const {
  const Endpoint* found = find(number_of_endpoint(id));
  return found != nullptr && found->id == id ? found : nullptr;
}

std::vector<const Endpoint*> WebhookBook::of_account(std::string_view account) const {
  std::vector<const Endpoint*> out;
  for (const auto& [number, endpoint] : endpoints_) {
    if (endpoint.account == account) { out.push_back(&endpoint); }
  }
  std::sort(out.begin(), out.end(), [](const Endpoint* a, const Endpoint* b) {
    return std::tie(a->created_at, a->id) < std::tie(b->created_at, b->id);
  });
  return out;
}

const std::vector<SigningSecret>& WebhookBook::secrets_of(std::string_view account) const {
  static const std::vector<SigningSecret> kNone;
  const auto at = secrets_.find(std::string{account});
  return at == secrets_.end() ? kNone : at->second;
}

std::optional<WebhookWish> StoredWebhooks::endpoint(Octets stored) const {
  const auto endpoint = endpoint_from("", stored);
  if (!endpoint) { return std::nullopt; }
  WebhookWish wish;
  wish.account = directory_.find_account(endpoint->account);
  wish.host = host_of(endpoint->url);
  wish.kinds = kinds_of(endpoint->types);
  wish.concurrency = endpoint->concurrency;
  wish.ordered = endpoint->ordered;
  wish.enabled = endpoint->enabled;
  return wish;
}

std::optional<WebhookWish> StoredWebhooks::callback(Octets door_notes) const {
  if (door_notes.find("\"callback\"") == door_notes.npos) { return std::nullopt; }
  const auto notes = door_notes_from(door_notes);
  if (!notes || !notes->callback) { return std::nullopt; }
  WebhookWish wish;
  wish.host = host_of(notes->callback->url);
  wish.kinds = kinds_of(*notes->callback);
  return wish;
}

}  // namespace aldis::ingress

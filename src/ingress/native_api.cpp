// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/native_api.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "aldis/base/address_list.hpp"
#include "ingress/json.hpp"
#include "ingress/native_routes.hpp"
#include "ingress/native_state.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;
using api::Problem;
using ports::HttpReply;
using ports::HttpRequest;

namespace {

constexpr std::size_t kBodyMax = 256 * 1024;
constexpr std::size_t kBatchBodyMax = 16 * 1024 * 1024;
constexpr std::size_t kKeysPerAccount = 50;
constexpr std::size_t kLabelMax = 64;

// What judge() found out, for serve(): the place of the route, and the key's id, whose 12 digits are 48 bits.
constexpr std::uint64_t kByPeer = 1ull << 63u;
constexpr unsigned kKeyBits = 48;

std::uint64_t number_of_key(std::string_view id) {
  std::uint64_t number = 0;
  for (const char c : id) {
    number = number << 4u | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return number;
}

std::string key_of_number(std::uint64_t number) {
  std::string id(12, '0');
  for (auto at = id.rbegin(); at != id.rend(); ++at, number >>= 4u) {
    *at = "0123456789abcdef"[number & 15u];
  }
  return id;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Without regard to case, as schemes and media types are compared.
bool begins_with(std::string_view text, std::string_view begin) {
  return text.size() >= begin.size() &&
         std::equal(begin.begin(), begin.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

bool is_type(std::string_view content_type, std::string_view type) {
  if (!begins_with(content_type, type)) { return false; }
  content_type.remove_prefix(type.size());
  return content_type.empty() || content_type.front() == ';' || content_type.front() == ' ';
}
bool is_json(std::string_view content_type) { return is_type(content_type, "application/json"); }
bool is_lines(std::string_view content_type) { return is_type(content_type, "application/x-ndjson"); }

}  // namespace

NativeApi::NativeApi(const NativeApiSetup& setup) : impl_(std::make_unique<Impl>(setup)) {}
NativeApi::~NativeApi() = default;

void NativeApi::load(const Stored& stored) {
  if (stored.kind != StoredKind::kApiKey) { return; }
  if (auto key = key_from(stored.name, stored.octets)) {
    impl_->keys.put(std::move(*key));
  } else {
    impl_->setup.log.warn("api_key.unreadable", {{"key", stored.name}});
  }
}

namespace {

std::optional<KeyGrant> grant(const Directory& directory, const ApiKey* key) {
  if (key == nullptr || key->account.empty()) { return std::nullopt; }
  const AccountId account = directory.find_account(key->account);
  if (account == kNoAccount || !directory.account(account).enabled) { return std::nullopt; }
  return KeyGrant{.account = account,
                  .sends = key->scopes.has(Scope::kMessagesSend),
                  .reads = key->scopes.has(Scope::kMessagesRead),
                  .controls = key->scopes.has(Scope::kMessagesControl)};
}

}  // namespace

std::optional<KeyGrant> NativeApi::grant_of(const Now& now, std::string_view key, std::string_view client) {
  return grant(impl_->setup.directory, impl_->keys.check(now, key, client));
}

std::optional<KeyGrant> NativeApi::grant_of_sid(const Now& now, std::string_view sid, std::string_view proof,
                                                std::string_view client) {
  return grant(impl_->setup.directory, impl_->keys.check_sid(now, sid, proof, client));
}

void NativeApi::drain() { impl_->draining = true; }

std::variant<std::uint64_t, ports::HttpResponse> NativeApi::Impl::identify(const Now& now,
                                                                           const HttpRequest& request,
                                                                           Scope scope) {
  if (request.query.find("aldis_") != request.query.npos) {
    return problem(Code::kCredentialsInQuery, "send the key in the header \"Authorization: Bearer KEY\"",
                   request);
  }
  const auto authorization = request.header("authorization");
  if (authorization.empty() && request.credentials != nullptr && is_trusted(*request.credentials)) {
    return kByPeer;
  }
  if (throttle.refuses(now.mono, request.client)) {
    return problem(Code::kAuthThrottled, "too many wrong keys from this address; wait a minute", request);
  }
  constexpr std::string_view kBearer = "bearer ";
  const bool bearer = begins_with(authorization, kBearer);
  const ApiKey* key =
      keys.check(now, bearer ? authorization.substr(kBearer.size()) : std::string_view{}, request.client);
  if (key == nullptr) {
    throttle.failed(now.mono, request.client);
    return problem(Code::kUnauthenticated, "send a valid key: \"Authorization: Bearer KEY\"", request);
  }
  const AccountId account = key->account.empty() ? kNoAccount : setup.directory.find_account(key->account);
  const bool gone = !key->account.empty() && account == kNoAccount;
  if (gone || (account != kNoAccount && !setup.directory.account(account).enabled)) {
    return problem(Code::kAccountSuspended, "the account of this key is not enabled", request);
  }
  if (!key->scopes.has(scope)) {
    return problem(Code::kScopeMissing, "the key lacks the scope " + std::string{name_of(scope)}, request);
  }
  return number_of_key(key->id);
}

ports::HttpVerdict NativeApi::judge(const Now& now, const HttpRequest& request) {
  Impl& api = *impl_;
  const auto match = match_native(request.method, request.path);
  if (match.route == nullptr && match.allow.empty()) {
    return api.problem(Code::kNotFound, "no such path", request);
  }
  if (match.route == nullptr) {
    auto response = api.problem(Code::kMethodNotAllowed, "this path takes " + match.allow, request);
    response.headers.emplace_back("Allow", match.allow);
    return response;
  }
  const NativeRoute& route = *match.route;
  const bool takes_body = request.method == "POST" || request.method == "PATCH";
  ports::HttpTakeWhole take{.body_octets_max = takes_body ? kBodyMax : 0};
  if (route.action == Action::kCreateBatch) { take.body_octets_max = kBatchBodyMax; }
  take.token = static_cast<std::uint64_t>(&route - native_routes().data()) << kKeyBits;
  if (route.scope) {
    auto who = api.identify(now, request, *route.scope);
    if (auto* refusal = std::get_if<ports::HttpResponse>(&who)) { return std::move(*refusal); }
    take.token |= std::get<std::uint64_t>(who);
  }
  if (route.action == Action::kNotYet) {
    return api.problem(Code::kNotImplemented, "this version does not have it yet", request);
  }
  if (api.draining) {
    return api.problem(Code::kShuttingDown, "the gateway is stopping; try again in a moment", request);
  }
  const bool has_body =
      request.content_length.value_or(0) > 0 || !request.header("transfer-encoding").empty();
  if (route.action == Action::kCreateBatch && is_lines(request.header("content-type"))) {
    return ports::HttpTakeStream{.token = take.token};
  }
  if (has_body && !is_json(request.header("content-type"))) {
    return api.problem(Code::kUnsupportedMediaType, "send Content-Type: application/json", request);
  }
  if (route.action == Action::kReadResult) { return ports::HttpTakeStream{.token = take.token}; }
  return take;
}

Caller NativeApi::Impl::caller_of(const HttpRequest& request) {
  Caller caller;
  if ((request.token & kByPeer) != 0) {
    caller.scopes = Scopes::all();
    return caller;
  }
  caller.key = keys.find(key_of_number(request.token & ((1ull << kKeyBits) - 1)));
  if (caller.key != nullptr) { caller.scopes = caller.key->scopes; }
  return caller;
}

std::shared_ptr<ports::HttpStream> NativeApi::stream(const Now&, const HttpRequest& request,
                                                     const HttpReply& reply) {
  const auto match = match_native(request.method, request.path);
  const Asked asked{reply, std::string{request.path}, std::string{request.request_id}};
  if (match.route->action == Action::kCreateBatch) {
    return impl_->stream_batch(impl_->caller_of(request), request, asked);
  }
  return impl_->read_result(impl_->caller_of(request), request, match.segments[0], asked);
}

void NativeApi::serve(const Now& now, const HttpRequest& request, const HttpReply& reply) {
  Impl& api = *impl_;
  const auto match = match_native(request.method, request.path);
  const NativeRoute& route = native_routes()[request.token >> kKeyBits & 0x7FFFu];
  Asked asked{reply, std::string{request.path}, std::string{request.request_id}};
  Caller caller;
  if (route.scope) {
    caller = api.caller_of(request);
    if (caller.key == nullptr && (request.token & kByPeer) == 0) {  // revoked while the body came
      return api.refuse(asked, Problem{Code::kUnauthenticated, "the key was revoked"});
    }
  }
  const bool by_admin = request.path.starts_with("/v1/admin/");
  const auto own = api.account_of(caller, request);
  const std::string_view account = by_admin ? match.segments[0]
                                   : own    ? std::string_view{api.setup.directory.account(*own).name}
                                            : "";
  if (by_admin && api.setup.directory.find_account(account) == kNoAccount) {
    return api.refuse(asked, Problem{Code::kNotFound, "no such account"});
  }
  switch (route.action) {
    case Action::kCreateMessage: return api.create_message(now, caller, request, std::move(asked));
    case Action::kCreateBatch: return api.create_batch(now, caller, request, std::move(asked));
    case Action::kPreviewMessage: return api.preview_message(now, caller, request, std::move(asked));
    case Action::kReadMessage:
      return api.read_message(now, caller, request, match.segments[0], std::move(asked));
    case Action::kListMessages: return api.list_messages(now, caller, request, std::move(asked));
    case Action::kReadTimeline:
      return api.read_timeline(caller, request, match.segments[0], std::move(asked));
    case Action::kStartJob: return api.start_job(now, caller, request, asked);
    case Action::kReadJob: return api.read_job(caller, request, match.segments[0], asked);
    case Action::kRemoveJob: return api.remove_job(caller, request, match.segments[0], asked);
    case Action::kReadResult: break;  // stream() does
    case Action::kCancelMessage:
      return api.cancel_message(caller, request, match.segments[0], std::move(asked));
    case Action::kReadAccount: return api.read_account(caller, request, asked);
    case Action::kListKeys: return api.list_keys(account, asked);
    case Action::kMakeKey: return api.make_key_of(now, caller, account, request, std::move(asked));
    case Action::kRevokeKey:
      return api.revoke_key(account, match.segments[by_admin ? 1 : 0], std::move(asked));
    case Action::kListWebhooks:
    case Action::kMakeWebhook:
    case Action::kReadWebhook:
    case Action::kChangeWebhook:
    case Action::kRemoveWebhook:
    case Action::kTestWebhook:
    case Action::kEnableWebhook:
    case Action::kRotateWebhookSecret:
    case Action::kMakeCallbackSecret:
      return api.webhooks(now, route, caller, request, match.segments[0], std::move(asked));
    case Action::kError:
    case Action::kReadDocument:
    case Action::kReadPage: return api.read_open(route.action, match.segments[0], asked);
    case Action::kNotYet: break;  // judge() has refused it
  }
  api.refuse(asked, Problem{Code::kNotImplemented, "this version does not have it yet"});
}

// --- keys ------------------------------------------------------------------------------------------------

json::object NativeApi::Impl::key_json(const ApiKey& key) {
  json::array scopes;
  for (std::size_t i = 0; i < kScopes; ++i) {
    if (key.scopes.has(static_cast<Scope>(i))) { scopes.emplace_back(name_of(static_cast<Scope>(i))); }
  }
  const auto time = [](const std::optional<WallTime>& at) {
    return at ? json::value(format_rfc3339(*at)) : json::value(nullptr);
  };
  return {{"id", "key_" + key.id},
          {"label", key.label},
          {"scopes", std::move(scopes)},
          {"allow_ips", json::array(key.allow_ips.begin(), key.allow_ips.end())},
          {"created_at", format_rfc3339(key.created_at)},
          {"expires_at", time(key.expires_at)},
          {"last_used_at", time(key.used_at)}};
}

void NativeApi::Impl::list_keys(std::string_view account, const Asked& asked) const {
  if (account.empty()) { return refuse(asked, which_account()); }
  json::array shown;
  for (const ApiKey* key : keys.of_account(account)) { shown.push_back(key_json(*key)); }
  asked.reply.send(json_response(200, {{"data", std::move(shown)}, {"next", nullptr}}));
}

namespace {

// {"label":"ci","scopes":["messages:send"],"allow_ips":["203.0.113.0/24"],
//  "expires_at":"2027-01-01T00:00:00Z"}
Result<ApiKey, Problem> read_key_request(const json::value& body, const Now& now, Scopes grantable) {
  std::vector<api::Fault> faults;
  const auto wrong = [&](std::string pointer, Code code, std::string detail) {
    faults.push_back({std::move(pointer), code, std::move(detail)});
  };
  ApiKey key;
  const auto* object = body.if_object();
  if (object == nullptr) { return Problem{Code::kInvalidField, "an object is wanted"}; }
  for (const auto& [name, value] : *object) {
    const std::string at = pointer_to("", name);
    if (name == "label" && value.is_string() && value.get_string().size() <= kLabelMax) {
      key.label = std::string{value.get_string()};
    } else if (name == "scopes" && value.is_array()) {
      for (const auto& one : value.get_array()) {
        const auto scope = one.is_string() ? scope_named(one.get_string()) : std::nullopt;
        if (!scope) { wrong(at, Code::kInvalidField, "a scope that is not known"); }
        if (scope) { key.scopes.add(*scope); }
      }
    } else if (name == "allow_ips" && value.is_array()) {
      for (const auto& one : value.get_array()) {
        key.allow_ips.emplace_back(one.is_string() ? std::string{one.get_string()} : "");
      }
      if (!AddressList::parse(key.allow_ips)) {
        wrong(at, Code::kInvalidField, "addresses or networks like 203.0.113.0/24 are wanted");
      }
    } else if (name == "expires_at" && value.is_string()) {
      key.expires_at = parse_rfc3339(value.get_string());
      if (!key.expires_at || *key.expires_at <= now.wall) {
        wrong(at, Code::kInvalidField, "a time to come is wanted, like 2027-01-01T00:00:00Z");
      }
    } else if (name == "label" || name == "scopes" || name == "allow_ips" || name == "expires_at") {
      if (!value.is_null()) { wrong(at, Code::kInvalidField, "a value of another kind is wanted"); }
    } else {
      wrong(at, Code::kUnknownField, "label, scopes, allow_ips and expires_at are known");
    }
  }
  if (key.scopes.empty() && faults.empty()) {
    wrong("/scopes", Code::kMissingField, "name at least one scope");
  }
  if (!key.scopes.within(grantable)) {
    wrong("/scopes", Code::kScopeMissing, "nobody can give a scope that they do not have");
  }
  if (key.scopes.is_admin() && faults.empty()) {
    wrong("/scopes", Code::kInvalidField, "a key of an account cannot have an admin scope");
  }
  if (!faults.empty()) { return Problem{std::move(faults)}; }
  return key;
}

}  // namespace

void NativeApi::Impl::make_key_of(const Now& now, const Caller& caller, std::string_view account,
                                  const HttpRequest& request, Asked asked) {
  if (account.empty()) { return refuse(asked, which_account()); }
  auto body = read_json(request.body);
  if (body.has_error()) { return refuse(asked, body.error()); }
  auto wanted = read_key_request(*body, now, caller.scopes);
  if (wanted.has_error()) { return refuse(asked, wanted.error()); }
  if (keys.of_account(account).size() >= kKeysPerAccount) {
    return refuse(asked, Problem{Code::kInUse, "an account has at most 50 keys; revoke one first"});
  }
  std::string text;
  ApiKey key = make_key(setup.secrets, setup.digests, text);
  key.account = account;
  key.label = std::move(wanted->label);
  key.scopes = wanted->scopes;
  key.allow_ips = std::move(wanted->allow_ips);
  key.expires_at = wanted->expires_at;
  key.created_at = now.wall;
  const StoreCall store{StoredKind::kApiKey, key.id, to_octets(key)};
  call(store, asked,
       [this, asked, key = std::move(key), text = std::move(text)](const Now&, const Effect& effect) {
         const auto& said = std::get<StoredChanged>(effect);
         if (said.refusal) { return refuse(asked, problem_of(*said.refusal)); }
         keys.put(key);
         setup.log.info("api_key.made", {{"key", key.id}, {"account", key.account}});
         auto shown = key_json(key);
         shown["key"] = text;
         asked.reply.send(json_response(201, shown));
       });
}

void NativeApi::Impl::revoke_key(std::string_view account, std::string_view id, Asked asked) {
  if (account.empty()) { return refuse(asked, which_account()); }
  if (id.starts_with("key_")) { id.remove_prefix(4); }
  const ApiKey* key = keys.find(id);
  if (key == nullptr || key->account != account) {
    return refuse(asked, Problem{Code::kNotFound, "no such key"});
  }
  call(StoreCall{StoredKind::kApiKey, std::string{id}, std::nullopt}, asked,
       [this, asked, id = std::string{id}](const Now&, const Effect& effect) {
         const auto& said = std::get<StoredChanged>(effect);
         if (said.refusal) { return refuse(asked, problem_of(*said.refusal)); }
         keys.remove(id);
         setup.log.info("api_key.revoked", {{"key", id}});
         asked.reply.send({.status = 204});
       });
}

}  // namespace aldis::ingress

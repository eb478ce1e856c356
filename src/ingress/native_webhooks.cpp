// SPDX-License-Identifier: Apache-2.0
// Endpoints of webhooks and the secret of callbacks: what an account's own people set.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "aldis/base/octet_text.hpp"
#include "aldis/ports/fetch_guard.hpp"
#include "ingress/json.hpp"
#include "ingress/native_state.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;
using api::Problem;
using ports::HttpRequest;

namespace {

constexpr std::size_t kTypesMax = 20;
constexpr std::size_t kTypeOctetsMax = 64;
constexpr std::size_t kDescriptionMax = 200;
constexpr std::chrono::seconds kOverlap{86'400};
constexpr std::int64_t kOverlapMax = 7 * 86'400;
constexpr std::size_t kSecretOctets = 32;
constexpr std::size_t kIdOctets = 16;

std::string fresh_secret(ports::Secrets& secrets) {
  return "whsec_" + base64_of(secrets.random_octets(kSecretOctets));
}

json::object endpoint_json(const Endpoint& endpoint) {
  json::object out{{"id", "whe_" + endpoint.id},
                   {"url", endpoint.url},
                   {"style", name_of(endpoint.style)},
                   {"types", json::array(endpoint.types.begin(), endpoint.types.end())},
                   {"concurrency", endpoint.concurrency},
                   {"ordered", endpoint.ordered},
                   {"timeout_seconds", endpoint.timeout.count()},
                   {"enabled", endpoint.enabled},
                   {"disabled_reason", nullptr},
                   {"description", nullptr},
                   {"created_at", format_rfc3339(endpoint.created_at)}};
  if (!endpoint.enabled && endpoint.disabled_by_answer) { out["disabled_reason"] = "answered 410"; }
  if (!endpoint.description.empty()) { out["description"] = endpoint.description; }
  return out;
}

bool is_type(std::string_view type) {
  if (type == "*") { return true; }
  const auto dot = type.find('.');
  return type.size() <= kTypeOctetsMax && dot != type.npos && dot > 0 && dot + 1 < type.size() &&
         type.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.*") == type.npos;
}

// The members of a request to make or change an endpoint, put over what there is.
class EndpointReader {
 public:
  EndpointReader(const ports::FetchPolicy& policy, Endpoint& into) : policy_(policy), into_(into) {}

  std::vector<api::Fault> read(const json::object& object) {
    for (const auto& [name, value] : object) { member(name, value); }
    return std::move(faults_);
  }

 private:
  void wrong(std::string_view name, std::string detail, Code code = Code::kInvalidField) {
    faults_.push_back({pointer_to("", name), code, std::move(detail)});
  }

  void member(std::string_view name, const json::value& value) {
    if (name == "url") { return url(value); }
    if (name == "style") { return style(value); }
    if (name == "types") { return types(value); }
    if (name == "concurrency") {
      return number(name, value, 1, 64, [&](auto n) { into_.concurrency = n; });
    }
    if (name == "timeout_seconds") {
      return number(name, value, 5, 30, [&](auto n) { into_.timeout = std::chrono::seconds{n}; });
    }
    if (name == "ordered" || name == "enabled") {
      if (!value.is_bool()) { return wrong(name, "true or false is wanted"); }
      (name == "ordered" ? into_.ordered : into_.enabled) = value.get_bool();
      return;
    }
    if (name == "description") {
      if (!value.is_string() || value.get_string().size() > kDescriptionMax) {
        return wrong(name, "a text of at most 200 octets is wanted");
      }
      into_.description = std::string{value.get_string()};
      return;
    }
    wrong(name, "url, style, types, concurrency, ordered, timeout_seconds, enabled and description are known",
          Code::kUnknownField);
  }

  void url(const json::value& value) {
    if (!value.is_string()) { return wrong("url", "a URL is wanted"); }
    std::string given{value.get_string()};
    if (const auto target = ports::judge_url(given, policy_); target.has_error()) {
      return wrong("url", std::string{sentence_of(target.error())});
    }
    into_.url = std::move(given);
  }

  void style(const json::value& value) {
    for (const auto known : {EndpointStyle::kStandard, EndpointStyle::kCloudEvents}) {
      if (value.is_string() && value.get_string() == name_of(known)) {
        into_.style = known;
        return;
      }
    }
    wrong("style", "standard and cloudevents are known; other styles are callbacks of their own doors");
  }

  void types(const json::value& value) {
    if (!value.is_array() || value.get_array().empty() || value.get_array().size() > kTypesMax) {
      return wrong("types", "1 to 20 types are wanted, like \"*\", \"message.*\" or \"inbound.received\"");
    }
    std::vector<std::string> types;
    for (const json::value& one : value.get_array()) {
      if (!one.is_string() || !is_type(one.get_string())) {
        return wrong("types", "a type is \"*\", \"message.*\" or one like \"message.delivered\"");
      }
      types.emplace_back(one.get_string());
    }
    into_.types = std::move(types);
  }

  template <class Set>
  void number(std::string_view name, const json::value& value, std::int64_t min, std::int64_t max,
              Set&& set) {
    if (!value.is_int64() || value.get_int64() < min || value.get_int64() > max) {
      return wrong(
          name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max) + " is wanted");
    }
    set(static_cast<unsigned>(value.get_int64()));
  }

  const ports::FetchPolicy& policy_;
  Endpoint& into_;
  std::vector<api::Fault> faults_;
};

Problem no_webhook() { return {Code::kNotFound, "no such webhook"}; }

// {"overlap_seconds":86400}, or nothing at all.
Result<std::chrono::seconds, Problem> read_overlap(std::string_view body) {
  if (body.empty()) { return kOverlap; }
  const auto value = read_json(body);
  if (value.has_error()) { return value.error(); }
  const auto* object = value->if_object();
  if (object == nullptr) { return Problem{Code::kInvalidField, "an object is wanted"}; }
  std::chrono::seconds overlap = kOverlap;
  for (const auto& [name, given] : *object) {
    if (name != "overlap_seconds") {
      return fault_at(pointer_to("", name), Code::kUnknownField, "overlap_seconds is known");
    }
    if (!given.is_int64() || given.get_int64() < 0 || given.get_int64() > kOverlapMax) {
      return fault_at("/overlap_seconds", Code::kInvalidField, "0 to 604800 is wanted");
    }
    overlap = std::chrono::seconds{given.get_int64()};
  }
  return overlap;
}

}  // namespace

const Endpoint* NativeApi::Impl::webhook_of(AccountId account, std::string_view id) const {
  if (id.starts_with("whe_")) { id.remove_prefix(4); }
  const Endpoint* endpoint = setup.webhooks.find(id);
  const bool is_own = endpoint != nullptr && endpoint->account == setup.directory.account(account).name;
  return is_own ? endpoint : nullptr;
}

// Stores it, and answers with it and with what stands beside it; the book follows once it is durable.
void NativeApi::Impl::store_webhook(Endpoint endpoint, unsigned status, json::object beside, Asked asked) {
  const StoreCall store{StoredKind::kWebhook, endpoint.id, to_octets(endpoint)};
  call(store, asked,
       [this, asked, status, endpoint = std::move(endpoint), beside = std::move(beside)](
           const Now&, const Effect& effect) {
         const auto& said = std::get<StoredChanged>(effect);
         if (said.refusal) { return refuse(asked, problem_of(*said.refusal)); }
         json::object shown = endpoint_json(endpoint);
         for (const auto& [name, value] : beside) { shown[name] = value; }
         setup.webhooks.put(endpoint);
         asked.reply.send(json_response(status, shown));
       });
}

void NativeApi::Impl::webhooks(const Now& now, const NativeRoute& route, const Caller& caller,
                               const HttpRequest& request, std::string_view id, Asked asked) {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  switch (route.action) {
    case Action::kListWebhooks: {
      json::array shown;
      for (const Endpoint* one : setup.webhooks.of_account(setup.directory.account(*account).name)) {
        shown.push_back(endpoint_json(*one));
      }
      return asked.reply.send(json_response(200, {{"data", std::move(shown)}, {"next", nullptr}}));
    }
    case Action::kMakeWebhook: return make_webhook(now, *account, request, std::move(asked));
    case Action::kMakeCallbackSecret: return make_callback_secret(now, *account, std::move(asked));
    default: break;
  }
  const Endpoint* endpoint = webhook_of(*account, id);
  if (endpoint == nullptr) { return refuse(asked, no_webhook()); }
  switch (route.action) {
    case Action::kReadWebhook: return asked.reply.send(json_response(200, endpoint_json(*endpoint)));
    case Action::kChangeWebhook: return change_webhook(*endpoint, request, std::move(asked));
    case Action::kRemoveWebhook: return remove_webhook(*endpoint, std::move(asked));
    case Action::kTestWebhook: return test_webhook(now, *endpoint, std::move(asked));
    case Action::kEnableWebhook: {
      Endpoint changed = *endpoint;
      changed.enabled = true;
      changed.disabled_by_answer = false;
      return store_webhook(std::move(changed), 200, {}, std::move(asked));
    }
    case Action::kRotateWebhookSecret: {
      const auto overlap = read_overlap(request.body);
      if (overlap.has_error()) { return refuse(asked, overlap.error()); }
      Endpoint changed = *endpoint;
      std::string secret = fresh_secret(setup.secrets);
      changed.secrets = rotated(changed.secrets, secret, now.wall, *overlap);
      return store_webhook(std::move(changed), 200, {{"secret", std::move(secret)}}, std::move(asked));
    }
    default: return refuse(asked, Problem{Code::kNotImplemented, "this version does not have it yet"});
  }
}

void NativeApi::Impl::make_webhook(const Now& now, AccountId account, const HttpRequest& request,
                                   Asked asked) {
  const auto body = read_json(request.body);
  if (body.has_error()) { return refuse(asked, body.error()); }
  const auto* object = body->if_object();
  if (object == nullptr) { return refuse(asked, Problem{Code::kInvalidField, "an object is wanted"}); }
  Endpoint endpoint;
  auto faults = EndpointReader(*setup.fetch_policy, endpoint).read(*object);
  if (!object->contains("url")) { faults.push_back({"/url", Code::kMissingField, "say which URL to call"}); }
  if (!faults.empty()) { return refuse(asked, Problem{std::move(faults)}); }
  endpoint.account = setup.directory.account(account).name;
  if (setup.webhooks.of_account(endpoint.account).size() >= kEndpointsMax) {
    return refuse(asked, Problem{Code::kInUse, "an account has at most 20 webhooks; remove one first"});
  }
  do {
    endpoint.id = hex_of(setup.secrets.random_octets(kIdOctets));
  } while (number_of_endpoint(endpoint.id).value() <= kOwnCallback.value() ||
           setup.webhooks.find(number_of_endpoint(endpoint.id)) != nullptr);
  std::string secret = fresh_secret(setup.secrets);
  endpoint.secrets = {{secret, std::nullopt}};
  endpoint.created_at = now.wall;
  setup.log.info("webhook.made", {{"webhook", "whe_" + endpoint.id}, {"account", endpoint.account}});
  store_webhook(std::move(endpoint), 201, {{"secret", std::move(secret)}}, std::move(asked));
}

void NativeApi::Impl::change_webhook(const Endpoint& endpoint, const HttpRequest& request, Asked asked) {
  const auto body = read_json(request.body);
  if (body.has_error()) { return refuse(asked, body.error()); }
  const auto* object = body->if_object();
  if (object == nullptr) { return refuse(asked, Problem{Code::kInvalidField, "an object is wanted"}); }
  Endpoint changed = endpoint;
  auto faults = EndpointReader(*setup.fetch_policy, changed).read(*object);
  if (!faults.empty()) { return refuse(asked, Problem{std::move(faults)}); }
  if (changed.enabled || object->contains("enabled")) { changed.disabled_by_answer = false; }
  store_webhook(std::move(changed), 200, {}, std::move(asked));
}

void NativeApi::Impl::remove_webhook(const Endpoint& endpoint, Asked asked) {
  call(StoreCall{StoredKind::kWebhook, endpoint.id, std::nullopt}, asked,
       [this, asked, id = endpoint.id](const Now&, const Effect& effect) {
         const auto& said = std::get<StoredChanged>(effect);
         if (said.refusal) { return refuse(asked, problem_of(*said.refusal)); }
         setup.webhooks.remove(id);
         setup.log.info("webhook.removed", {{"webhook", "whe_" + id}});
         asked.reply.send({.status = 204});
       });
}

void NativeApi::Impl::test_webhook(const Now& now, const Endpoint& endpoint, Asked asked) {
  setup.callbacks.test(now, endpoint, [asked](const Now&, const ports::FetchAnswer& answer) {
    json::object shown{{"status", nullptr},
                       {"took_ms", std::chrono::duration_cast<milliseconds>(answer.took).count()},
                       {"error", nullptr}};
    if (answer.error) {
      shown["error"] = answer.error->text;
    } else {
      shown["status"] = answer.status;
    }
    asked.reply.send(json_response(200, shown));
  });
}

void NativeApi::Impl::make_callback_secret(const Now& now, AccountId id, Asked asked) {
  const std::string& account = setup.directory.account(id).name;
  std::string secret = fresh_secret(setup.secrets);
  auto secrets = rotated(setup.webhooks.secrets_of(account), secret, now.wall, kOverlap);
  const StoreCall store{StoredKind::kCallbackSecret, account, to_octets(secrets)};
  call(store, asked,
       [this, asked, account, secret = std::move(secret), secrets = std::move(secrets)](
           const Now&, const Effect& effect) {
         const auto& said = std::get<StoredChanged>(effect);
         if (said.refusal) { return refuse(asked, problem_of(*said.refusal)); }
         setup.webhooks.put_secrets(account, secrets);
         asked.reply.send(json_response(201, {{"secret", secret}}));
       });
}

}  // namespace aldis::ingress

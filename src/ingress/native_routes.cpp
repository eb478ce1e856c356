// SPDX-License-Identifier: Apache-2.0
#include "ingress/native_routes.hpp"

namespace aldis::ingress {

namespace {

constexpr NativeRoute kRoutes[] = {
    {"GET", "/errors/{}", Action::kError, std::nullopt},
    {"GET", "/openapi.json", Action::kReadDocument, std::nullopt},
    {"GET", "/docs", Action::kReadPage, std::nullopt},
    {"POST", "/v1/messages", Action::kCreateMessage, Scope::kMessagesSend},
    {"GET", "/v1/messages", Action::kListMessages, Scope::kMessagesRead},
    {"POST", "/v1/messages/batch", Action::kCreateBatch, Scope::kMessagesSend},
    {"POST", "/v1/messages/preview", Action::kPreviewMessage, Scope::kMessagesSend},
    {"GET", "/v1/messages/{}", Action::kReadMessage, Scope::kMessagesRead},
    {"GET", "/v1/messages/{}/timeline", Action::kReadTimeline, Scope::kMessagesRead},
    {"POST", "/v1/messages/{}/cancel", Action::kCancelMessage, Scope::kMessagesControl},
    {"POST", "/v1/messages/{}/replace", Action::kNotYet, Scope::kMessagesControl},
    {"POST", "/v1/messages/{}/redact", Action::kNotYet, Scope::kMessagesControl},
    {"POST", "/v1/messages/{}/feedback", Action::kNotYet, Scope::kMessagesControl},
    {"GET", "/v1/account", Action::kReadAccount, Scope::kAccountRead},
    {"GET", "/v1/account/keys", Action::kListKeys, Scope::kAccountManage},
    {"POST", "/v1/account/keys", Action::kMakeKey, Scope::kAccountManage},
    {"DELETE", "/v1/account/keys/{}", Action::kRevokeKey, Scope::kAccountManage},
    {"GET", "/v1/admin/accounts/{}/keys", Action::kListKeys, Scope::kAdminRead},
    {"POST", "/v1/admin/accounts/{}/keys", Action::kMakeKey, Scope::kAdminWrite},
    {"DELETE", "/v1/admin/accounts/{}/keys/{}", Action::kRevokeKey, Scope::kAdminWrite},
    {"GET", "/v1/inbound", Action::kNotYet, Scope::kInboundRead},
    {"GET", "/v1/events", Action::kNotYet, Scope::kEventsRead},
    {"POST", "/v1/account/callback-secret", Action::kMakeCallbackSecret, Scope::kWebhooksManage},
    {"GET", "/v1/webhooks", Action::kListWebhooks, Scope::kWebhooksManage},
    {"POST", "/v1/webhooks", Action::kMakeWebhook, Scope::kWebhooksManage},
    {"GET", "/v1/webhooks/{}", Action::kReadWebhook, Scope::kWebhooksManage},
    {"PATCH", "/v1/webhooks/{}", Action::kChangeWebhook, Scope::kWebhooksManage},
    {"DELETE", "/v1/webhooks/{}", Action::kRemoveWebhook, Scope::kWebhooksManage},
    {"POST", "/v1/webhooks/{}/test", Action::kTestWebhook, Scope::kWebhooksManage},
    {"POST", "/v1/webhooks/{}/enable", Action::kEnableWebhook, Scope::kWebhooksManage},
    {"POST", "/v1/webhooks/{}/rotate-secret", Action::kRotateWebhookSecret, Scope::kWebhooksManage},
    {"GET", "/v1/webhooks/{}/deliveries", Action::kNotYet, Scope::kWebhooksManage},
    {"POST", "/v1/webhooks/{}/replay", Action::kNotYet, Scope::kWebhooksManage},
    {"POST", "/v1/jobs", Action::kStartJob, Scope::kExportsRun},
    {"GET", "/v1/jobs/{}", Action::kReadJob, Scope::kExportsRun},
    {"DELETE", "/v1/jobs/{}", Action::kRemoveJob, Scope::kExportsRun},
    {"GET", "/v1/jobs/{}/result", Action::kReadResult, Scope::kExportsRun},
};

std::string_view take_segment(std::string_view& path) {
  const auto end = path.find('/', 1);
  const auto segment = path.substr(1, end == path.npos ? path.npos : end - 1);
  path.remove_prefix(end == path.npos ? path.size() : end);
  return segment;
}

bool fits(std::string_view pattern, std::string_view path, std::array<std::string_view, 2>& segments) {
  std::size_t filled = 0;
  while (!pattern.empty() && !path.empty()) {
    const auto wanted = take_segment(pattern);
    const auto given = take_segment(path);
    if (wanted == "{}" && !given.empty()) {
      segments[filled++] = given;
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const NativeRoute> native_routes() { return kRoutes; }

NativeMatch match_native(std::string_view method, std::string_view path) {
  NativeMatch match;
  if (!path.starts_with('/')) { return match; }
  std::string_view found;  // the first pattern that fits decides: "preview" is no message's id
  for (const NativeRoute& route : kRoutes) {
    std::array<std::string_view, 2> segments{};
    if ((!found.empty() && route.path != found) || !fits(route.path, path, segments)) { continue; }
    found = route.path;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      match.route = &route;
      match.segments = segments;
      return match;
    }
    match.allow.append(match.allow.empty() ? "" : ", ").append(route.method);
    if (route.method == "GET") { match.allow.append(", HEAD"); }
  }
  return match;
}

}  // namespace aldis::ingress

// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/callback_sender.hpp"

#include <algorithm>
#include <utility>

#include "ingress/callback_facts.hpp"

namespace aldis::ingress {

namespace {

const LoginSettings* login_of(const AccountSettings& account, LoginKind kind, std::string_view user) {
  for (const LoginSettings& login : account.logins) {
    if (login.kind == kind && (login.user == user || user.empty())) { return &login; }
  }
  return nullptr;
}

std::string_view word_of(WebhookNoticed::Kind kind) {
  switch (kind) {
    case WebhookNoticed::Kind::kFailing: return "webhook.failing";
    case WebhookNoticed::Kind::kRecovered: return "webhook.recovered";
    case WebhookNoticed::Kind::kDisabled: return "webhook.disabled";
  }
  __builtin_unreachable();
}

// None: the login that it was asked for has gone, and with it the secret.
std::optional<CallbackStyle> style_of(const CallbackNote& note, const AccountSettings& account,
                                      std::vector<std::string> secrets) {
  if (note.style == "kannel") {
    KannelStyle style;
    style.dlr_mask = note.wants;
    style.login = note.login;
    return style;
  }
  if (note.style == "jasmin") {
    JasminStyle style;
    style.dlr_level = note.wants;
    style.is_get = note.is_get;
    if (const auto* login = login_of(account, LoginKind::kJasmin, note.login)) {
      style.connector_quirk = login->options.connector_quirk;
      style.any_2xx = login->options.any_2xx;
    }
    return style;
  }
  if (note.style == "twilio") {
    const auto* login = login_of(account, LoginKind::kTwilio, {});
    if (login == nullptr) { return std::nullopt; }
    return TwilioStyle{note.login, std::string{login->password.reveal()}, note.reference};
  }
  if (note.style == "vonage") {
    const auto* login = login_of(account, LoginKind::kVonage, note.login);
    if (login == nullptr) { return std::nullopt; }
    VonageStyle style;
    style.api_key = login->user;
    style.call = login->options.callback_method;
    if (!login->options.signature_secret.empty()) {
      style.signature = login->options.signature_method;
      style.signature_secret = login->options.signature_secret.reveal();
    }
    style.client_ref = note.reference;
    style.tells_all = (note.wants & (kTellSent | kTellIntermediate)) != 0;
    return style;
  }
  return StandardStyle{std::move(secrets), false};
}

}  // namespace

CallbackTarget CallbackSender::target_of(const Now& now, const Endpoint& endpoint) const {
  const bool cloudevents = endpoint.style == EndpointStyle::kCloudEvents;
  return {endpoint.url, StandardStyle{valid_secrets(endpoint.secrets, now.wall), cloudevents},
          endpoint.timeout, setup_.policy};
}

std::optional<CallbackTarget> CallbackSender::target_of(const Now& now, const CallWebhook& call) const {
  if (call.webhook != kOwnCallback) {
    const Endpoint* endpoint = setup_.book.find(call.webhook);
    return endpoint == nullptr ? std::nullopt : std::optional{target_of(now, *endpoint)};
  }
  const auto notes = door_notes_from(call.message->door_notes);
  if (!notes || !notes->callback) { return std::nullopt; }
  const AccountSettings& account = setup_.directory.account(call.account);
  auto style =
      style_of(*notes->callback, account, valid_secrets(setup_.book.secrets_of(account.name), now.wall));
  if (!style) { return std::nullopt; }
  return CallbackTarget{notes->callback->url, std::move(*style), seconds{10}, setup_.policy};
}

void CallbackSender::settle(const CallWebhook& call, WebhookResult::Kind kind) const {
  setup_.answered({call.token, {kind, {}}, std::nullopt, {}});
}

void CallbackSender::call(const Now& now, const CallWebhook& call) {
  auto target = target_of(now, call);
  // Between the change that took the endpoint or the login away and the engine's word that it is over.
  if (!target) { return settle(call, WebhookResult::Kind::kNotTried); }
  const CallbackAttempt attempt{now.wall, setup_.random.next()};
  std::optional<ports::FetchRequest> request;
  if (call.inbound != nullptr) {
    const InboundTold told(call, setup_.directory, setup_.public_ids);
    request = callback_request(*target, told.event(), attempt, setup_.digests);
  } else {
    const MessageTold told(now, call, setup_.directory, setup_.public_ids);
    request = callback_request(*target, told.event(), attempt, setup_.digests);
  }
  if (!request) { return settle(call, WebhookResult::Kind::kDone); }
  setup_.fetch.start(std::move(*request), [this, token = call.token, style = std::move(target->style)](
                                              const Now& then, const ports::FetchAnswer& answer) {
    setup_.answered({token, judge_answer(style, answer, then.wall), outcome_of(answer), answer.took});
  });
}

void CallbackSender::noticed(const Now& now, const WebhookNoticed& notice) {
  const Endpoint* endpoint = setup_.book.find(notice.webhook);
  const std::string id = endpoint == nullptr ? "callbacks" : "whe_" + endpoint->id;
  const auto account = setup_.directory.account_name(notice.account);
  if (notice.kind == WebhookNoticed::Kind::kRecovered) {
    setup_.log.info(word_of(notice.kind), {{"webhook", id}, {"account", account}});
  } else {
    setup_.log.warn(word_of(notice.kind), {{"webhook", id}, {"account", account}});
  }
  if (endpoint != nullptr && notice.kind == WebhookNoticed::Kind::kDisabled) {
    setup_.disable(now, *endpoint);
  }
}

void CallbackSender::test(const Now& now, const Endpoint& endpoint, ports::Fetch::OnAnswer on_answer) {
  const auto target = target_of(now, endpoint);
  OtherEvent event;
  event.at = now.wall;
  event.type = "webhook.test";
  event.account = endpoint.account;
  event.data_json = "{}";
  auto request = callback_request(target, event, {now.wall, setup_.random.next()}, setup_.digests);
  setup_.fetch.start(std::move(*request), std::move(on_answer));
}

}  // namespace aldis::ingress

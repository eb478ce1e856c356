// SPDX-License-Identifier: Apache-2.0
#include "daemon/web_bridge.hpp"

#include <concepts>
#include <span>
#include <utility>

namespace aldis::daemon {

using namespace ingress;

namespace {

RequestToken token_of(std::uint32_t sequence, Door door = Door::kNative) {
  return {kWebSession, sequence, 0, door};
}

Event event_of(std::uint32_t sequence, const SubmitCall& call) {
  Submit event = call.event;
  event.token = token_of(sequence, call.door);
  event.service_type = call.service_type;
  event.destinations = std::span{&call.destination, 1};
  event.body = call.body;
  event.tlvs = call.tlvs;
  event.door_notes = call.door_notes;
  event.idempotency_key = call.idempotency_key;
  return event;
}

Event event_of(std::uint32_t sequence, const ReadCall& call) {
  return ReadMessage{token_of(sequence), call.account, call.id, call.short_id};
}

Event event_of(std::uint32_t sequence, const CancelCall& call) {
  CancelMessage event{};
  event.token = token_of(sequence);
  event.account = call.account;
  event.public_id = call.id;
  return event;
}

Event event_of(std::uint32_t sequence, const StoreCall& call) {
  Store event{token_of(sequence), call.kind, call.name, std::nullopt};
  if (call.octets) { event.octets = *call.octets; }
  return event;
}

// Of effects that answer a request; null for the others.
const RequestToken* request_of(const Effect& effect) {
  return std::visit(
      []<class One>(const One& one) -> const RequestToken* {
        if constexpr (requires {
                        { one.token } -> std::same_as<const RequestToken&>;
                      }) {
          return &one.token;
        } else {
          return nullptr;
        }
      },
      effect);
}

}  // namespace

WebBridge::WebBridge(runtime::Loop& web, runtime::Loop& engine, EventSink& events)
    : web_(web), engine_(engine), events_(events) {
  web_.at_turn_end([this](const Now&) { send(); });
}

WebBridge::~WebBridge() = default;

bool WebBridge::call(EngineCall what, Answer answer) {
  if (waiting_.size() >= kCallsMax) { return false; }
  while (waiting_.contains(++sequence_)) {}
  waiting_.emplace(sequence_, std::move(answer));
  asked_.push_back({sequence_, std::move(what)});
  return true;
}

void WebBridge::tell(const WebhookAnswered& answered) { told_.push_back(answered); }

void WebBridge::send() {
  if (asked_.empty() && told_.empty()) { return; }
  engine_.post([this, calls = std::exchange(asked_, {}), told = std::exchange(told_, {})]() mutable {
    take(calls);
    for (const WebhookAnswered& answered : told) { events_.on(engine_.now(), answered); }
  });
}

void WebBridge::take(std::vector<Asked>& calls) {
  for (const Asked& asked : calls) {
    const Event event =
        std::visit([&](const auto& what) { return event_of(asked.sequence, what); }, asked.what);
    events_.on(engine_.now(), event);
  }
}

bool WebBridge::is_for(const Effect& effect) {
  if (std::holds_alternative<CallWebhook>(effect) || std::holds_alternative<WebhookNoticed>(effect)) {
    return true;
  }
  const RequestToken* request = request_of(effect);
  return request != nullptr && request->session == kWebSession;
}

void WebBridge::on(const Effect& effect) {
  const RequestToken* request = request_of(effect);
  answered_.push_back({request == nullptr ? 0 : request->sequence, effect});
}

void WebBridge::turn_end() {
  if (answered_.empty()) { return; }
  web_.post([this, all = std::exchange(answered_, {})]() mutable { settle(all); });
}

void WebBridge::settle(std::vector<Answered>& all) {
  for (const Answered& answered : all) {
    if (const auto* call = std::get_if<CallWebhook>(&answered.effect)) {
      callbacks_->call(web_.now(), *call);
      continue;
    }
    if (const auto* notice = std::get_if<WebhookNoticed>(&answered.effect)) {
      callbacks_->noticed(web_.now(), *notice);
      continue;
    }
    const auto at = waiting_.find(answered.sequence);
    if (at == waiting_.end()) { continue; }
    const Answer answer = std::move(at->second);
    waiting_.erase(at);
    answer(web_.now(), answered.effect);
  }
}

}  // namespace aldis::daemon

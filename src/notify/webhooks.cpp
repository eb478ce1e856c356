// SPDX-License-Identifier: Apache-2.0
// Endpoints and what they are owed; who may be called next. What becomes of a call: webhook_results.cpp.
#include "aldis/notify/webhooks.hpp"

#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"

namespace aldis::notify {

namespace {

// As Outbox: however long ago a former process began to owe something, there is this long to deliver it.
constexpr Duration kStartGrace = hours{1};
constexpr std::size_t kCrowdedWindow = 2;

std::string callbacks_key(const WebhookEndpoint& endpoint) {
  return std::to_string(endpoint.account.value()) + ' ' + endpoint.host;
}

}  // namespace

Webhooks::Webhooks(const Now& start, ports::Random& random) : Webhooks(start, random, Limits{}) {}

Webhooks::Webhooks(const Now& start, ports::Random& random, Limits limits)
    : start_(start.mono), random_(random), limits_(limits), wheel_(start.mono) {}

Webhooks::~Webhooks() {
  free_.clear();
  for (const auto& [id, endpoint] : endpoints_) {
    endpoint->ready.clear();
    endpoint->resting.clear();
  }
}

// ---- endpoints

EndpointId Webhooks::open(const Now&, const WebhookEndpoint& endpoint) {
  return add(EndpointId{++last_endpoint_}, endpoint).id;
}

Webhooks::Endpoint& Webhooks::add(EndpointId id, const WebhookEndpoint& wanted) {
  auto& endpoint = *endpoints_.emplace(id, std::make_unique<Endpoint>(id, wanted)).first->second;
  endpoint.host = take_host(wanted.host);
  return endpoint;
}

Webhooks::Host* Webhooks::take_host(const std::string& name) {
  auto& host = hosts_[name];
  if (!host) {
    host = std::make_unique<Host>();
    host->name = name;
  }
  ++host->endpoints;
  return host.get();
}

void Webhooks::give_host(Host& host) {
  --host.endpoints;
  erase_if_unused(host);
}

void Webhooks::erase_if_unused(Host& host) {
  if (host.endpoints == 0 && host.used == 0) { hosts_.erase(std::string{host.name}); }
}

EndpointId Webhooks::callbacks_of(const Now&, const WebhookEndpoint& endpoint) {
  EndpointId& id = callbacks_[callbacks_key(endpoint)];
  if (id == EndpointId{}) {
    id = EndpointId{++last_endpoint_};
    add(id, endpoint).is_callbacks = true;
  }
  return id;
}

Webhooks::Endpoint& Webhooks::at(EndpointId id) {
  const auto found = endpoints_.find(id);
  ALDIS_CHECK(found != endpoints_.end());
  return *found->second;
}

void Webhooks::set(const Now& now, EndpointId id, const WebhookEndpoint& wanted) {
  Endpoint& endpoint = at(id);
  if (wanted.host != endpoint.settings.host) {
    Host* const left = std::exchange(endpoint.host, take_host(wanted.host));
    endpoint.waits_for_host = false;
    give_host(*left);
  }
  const bool is_back = wanted.enabled && !endpoint.settings.enabled;
  endpoint.settings = wanted;
  if (is_back) {
    endpoint.failures_row = endpoint.probe_step = 0;
    endpoint.is_open = endpoint.is_slowed = false;
    endpoint.held_until = now.mono;
    release_resting(now.mono, endpoint);
  }
  activate(now.mono, endpoint);
}

void Webhooks::close(const Now& now, EndpointId id) {
  Endpoint& endpoint = at(id);
  endpoint.is_closing = true;
  endpoint.settings.enabled = false;
  while (!endpoint.ready.empty()) { bury(now.mono, endpoint.ready.front()); }
  while (!endpoint.resting.empty()) { bury(now.mono, endpoint.resting.front()); }
  erase_if_idle(endpoint);
}

void Webhooks::erase_if_idle(Endpoint& endpoint) {
  if (endpoint.items > 0 || !(endpoint.is_closing || endpoint.is_callbacks)) { return; }
  if (endpoint.is_callbacks) { callbacks_.erase(callbacks_key(endpoint.settings)); }
  give_host(*endpoint.host);
  endpoints_.erase(endpoint.id);
}

EndpointState Webhooks::state_of(EndpointId id) const {
  const auto found = endpoints_.find(id);
  if (found == endpoints_.end()) { return {}; }
  const Endpoint& endpoint = *found->second;
  return {endpoint.items, endpoint.used, endpoint.failures_row, endpoint.is_open, endpoint.settings.enabled};
}

// ---- what is owed

Webhooks::Item& Webhooks::take_item() {
  ++items_count_;
  if (free_.empty()) { return items_.emplace_back(); }
  Item& item = free_.front();
  free_.pop_front();
  return item;
}

void Webhooks::free_item(Item& item) {
  item.cancel();
  item.event = {};
  item.endpoint = nullptr;
  item.behind = nullptr;
  item.where = Item::Where::kFree;
  item.is_probe = false;
  item.attempts = 0;
  free_.push_front(item);
  --items_count_;
}

void Webhooks::owe(const Now& now, EndpointId id, OwedEvent event, WallTime owed_at) {
  Endpoint& endpoint = at(id);
  Item& item = take_item();
  item.endpoint = &endpoint;
  item.owed_at = now.instant_of(owed_at);
  item.expires_at = std::max(item.owed_at + endpoint.settings.retention, start_ + kStartGrace);
  item.event = std::move(event);
  ++endpoint.items;
  const MessageId message = item.event.receipt.message;
  if (message != MessageId{}) {
    Item*& newest = endpoint.newest[message];
    Item* const before = std::exchange(newest, &item);
    if (before != nullptr && !ALDIS_MUTANT(150)) {
      before->behind = &item;
      item.where = Item::Where::kBehind;
      return;
    }
  }
  make_ready(now.mono, item, false);
}

void Webhooks::make_ready(Instant now, Item& item, bool in_front) {
  Endpoint& endpoint = *item.endpoint;
  item.where = Item::Where::kReady;
  wheel_.arm(item, item.expires_at);
  if (in_front) {
    endpoint.ready.push_front(item);
  } else {
    endpoint.ready.push_back(item);
  }
  activate(now, endpoint);
}

void Webhooks::rest(Instant now, Item& item, Duration delay) {
  item.where = Item::Where::kResting;
  item.endpoint->resting.push_back(item);
  wheel_.arm(item, std::min(now + delay, item.expires_at));
}

void Webhooks::release_resting(Instant now, Endpoint& endpoint) {
  while (!endpoint.resting.empty()) {
    Item& item = endpoint.resting.back();  // so that the first to have failed is the first again
    endpoint.resting.pop_back();
    make_ready(now, item, true);
  }
}

// ---- who is next

std::size_t Webhooks::Endpoint::window() const {
  if (is_open || is_slowed || settings.ordered) { return 1; }
  return std::max<std::size_t>(1, settings.concurrency >> std::min(failures_row, 6u));
}

// Into the ring if it can go, else out of it; a hold is timed, a full host wakes it.
void Webhooks::activate(Instant now, Endpoint& endpoint) {
  const bool has_work = !endpoint.ready.empty() || (endpoint.is_open && !endpoint.resting.empty());
  const bool may_go = endpoint.settings.enabled && has_work && endpoint.used < endpoint.window();
  if (may_go && now < endpoint.held_until) {
    wheel_.arm(endpoint, endpoint.held_until);
  } else if (may_go && endpoint.host->used < limits_.per_host) {
    if (!endpoint.ActiveHook::is_linked()) { active_.push_back(endpoint); }
    return;
  } else if (may_go && !std::exchange(endpoint.waits_for_host, true)) {
    endpoint.host->waiting.push_back(endpoint.id);
  }
  endpoint.ActiveHook::unlink();
}

// A place for that host is free again: whoever waited may try.
void Webhooks::wake_host(Instant now, Host& host) {
  for (const EndpointId id : std::exchange(host.waiting, {})) {
    const auto found = endpoints_.find(id);
    if (found == endpoints_.end()) { continue; }
    found->second->waits_for_host = false;
    activate(now, *found->second);
  }
}

std::optional<WebhookCall> Webhooks::next(const Now& now) {
  if (active_.empty() || in_flight_.size() >= limits_.in_flight) { return std::nullopt; }
  while (!active_.empty()) {
    Endpoint& endpoint = active_.front();
    active_.pop_front();
    if (is_crowded() && endpoint.used >= kCrowdedWindow) {
      crowded_.push_back(endpoint);
      continue;
    }
    Item* const item = endpoint.host->used < limits_.per_host ? take_ready(endpoint) : nullptr;
    if (item == nullptr) {
      activate(now.mono, endpoint);  // to wait for its host
      continue;
    }
    const auto out = call(endpoint, *item);
    activate(now.mono, endpoint);
    return out;
  }
  return std::nullopt;
}

Webhooks::Item* Webhooks::take_ready(Endpoint& endpoint) {
  const bool takes_resting = endpoint.ready.empty() && endpoint.is_open;  // a probe takes what there is
  Items& from = takes_resting ? endpoint.resting : endpoint.ready;
  if (from.empty()) { return nullptr; }
  Item& item = from.front();
  from.pop_front();
  return &item;
}

WebhookCall Webhooks::call(Endpoint& endpoint, Item& item) {
  item.cancel();
  item.where = Item::Where::kInFlight;
  item.is_probe = endpoint.is_open;
  ++item.attempts;
  ++endpoint.used;
  item.called = endpoint.host;
  ++item.called->used;
  const CallToken token{++last_token_};
  in_flight_.emplace(token, &item);
  return {endpoint.id, token, endpoint.settings.account, &item.event, item.attempts};
}

// ---- time

void Webhooks::advance(const Now& now) {
  wheel_.advance(now.mono, [&](TimerHook& hook) { fire(now.mono, hook); });
}

void Webhooks::fire(Instant now, TimerHook& hook) {
  if (hook.timer_kind == kEndpointTimer) { return activate(now, static_cast<Endpoint&>(hook)); }
  Item& item = static_cast<Item&>(hook);
  if (now >= item.expires_at) { return bury(now, item); }
  Endpoint& endpoint = *item.endpoint;
  endpoint.resting.erase(endpoint.resting.iterator_to(item));
  make_ready(now, item, true);
}

Instant Webhooks::next_deadline() const { return wheel_.next_deadline(); }

std::optional<WebhookSettled> Webhooks::next_settled() {
  if (settled_.empty()) { return std::nullopt; }
  std::optional<WebhookSettled> out{std::move(settled_.front())};
  settled_.pop_front();
  return out;
}

std::optional<WebhookNotice> Webhooks::next_notice() {
  if (notices_.empty()) { return std::nullopt; }
  const WebhookNotice out = notices_.front();
  notices_.pop_front();
  return out;
}

void Webhooks::collect(const Now& now, ports::MetricReport& report) const {
  Instant oldest = now.mono;
  std::size_t breakers_open = 0;
  for (const auto& [id, endpoint] : endpoints_) {
    breakers_open += endpoint->is_open ? 1u : 0u;
    for (const Items* items : {&endpoint->ready, &endpoint->resting}) {
      if (!items->empty()) { oldest = std::min(oldest, items->front().owed_at); }
    }
  }
  const double age = std::chrono::duration<double>(now.mono - oldest).count();
  report.gauge("aldis_owed_items", {{"via", "webhook"}}, static_cast<double>(items_count_));
  report.gauge("aldis_owed_oldest_seconds", {{"via", "webhook"}}, age);
  report.counter("aldis_dead_letters_total", {{"via", "webhook"}}, static_cast<double>(dead_letters_));
  report.gauge("aldis_webhook_breakers_open", {}, static_cast<double>(breakers_open));
}

}  // namespace aldis::notify

// SPDX-License-Identifier: Apache-2.0
// What becomes of a call: acknowledged, again later, or given up; and what that says about its endpoint.
#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/notify/webhooks.hpp"

namespace aldis::notify {

namespace {
constexpr Duration kNotTriedDelay = seconds{1};
}

std::optional<WebhookSettled> Webhooks::on_result(const Now& now, CallToken token,
                                                  const WebhookResult& result) {
  const auto found = in_flight_.find(token);
  if (found == in_flight_.end()) { return std::nullopt; }
  Item& item = *found->second;
  Endpoint& endpoint = *item.endpoint;
  Host& host = *item.called;
  in_flight_.erase(found);
  --endpoint.used;
  --host.used;
  if (!is_crowded()) { active_.splice(active_.end(), crowded_); }
  WebhookSettled out{WebhookSettled::Kind::kRetry, endpoint.id, endpoint.settings.account, {}};
  out.event.event = item.event.event;
  if (result.kind == WebhookResult::Kind::kDone) {
    succeeded(now.mono, endpoint);
    out = leave(now.mono, item, WebhookSettled::Kind::kAcknowledged);
  } else {
    failed(now, endpoint, item, result);
    const bool is_given_up = endpoint.is_closing || now.mono >= item.expires_at ||
                             (endpoint.is_callbacks && result.kind == WebhookResult::Kind::kGone);
    if (is_given_up) {
      ++dead_letters_;
      out = leave(now.mono, item, WebhookSettled::Kind::kDeadLetter);
    } else {
      come_back(now, endpoint, item, result);
    }
  }
  while (endpoint.is_closing && !endpoint.ready.empty()) { bury(now.mono, endpoint.ready.front()); }
  endpoint.ActiveHook::unlink();  // where it may have waited because it had too many calls
  activate(now.mono, endpoint);
  wake_host(now.mono, host);
  erase_if_unused(host);
  erase_if_idle(endpoint);
  return out;
}

// ---- what it says about the endpoint

void Webhooks::succeeded(Instant now, Endpoint& endpoint) {
  endpoint.failures_row = 0;
  endpoint.is_slowed = false;
  if (!endpoint.is_open) { return; }
  endpoint.is_open = false;
  endpoint.probe_step = 0;
  endpoint.held_until = now;
  notice(endpoint, WebhookNotice::Kind::kRecovered);
  release_resting(now, endpoint);
}

void Webhooks::failed(const Now& now, Endpoint& endpoint, Item& item, const WebhookResult& result) {
  using Kind = WebhookResult::Kind;
  if (result.kind == Kind::kNotTried) { return; }
  if (result.kind == Kind::kGone) {
    if (!endpoint.is_callbacks) { disable(endpoint); }
    return;
  }
  ++endpoint.failures_row;
  if (result.kind == Kind::kSlow) {
    endpoint.is_slowed = true;
    const Duration asked = std::min(result.retry_after.value_or(Duration{0}), kRetryAfterMax);
    endpoint.held_until = std::max(endpoint.held_until, now.mono + asked);
  }
  const bool opens = !endpoint.is_open && endpoint.failures_row >= kBreakerFailures && !ALDIS_MUTANT(151);
  if (opens || item.is_probe) { open_breaker(now.mono, endpoint, item.is_probe); }
}

// The next probe, one step later than the one that failed.
void Webhooks::open_breaker(Instant now, Endpoint& endpoint, bool was_probe) {
  endpoint.probe_step = was_probe ? endpoint.probe_step + 1 : 0;
  const std::size_t step = std::min<std::size_t>(endpoint.probe_step, kWebhookDelays.size() - 1);
  endpoint.held_until = std::max(endpoint.held_until, now + jittered(kWebhookDelays[step]));
  if (std::exchange(endpoint.is_open, true)) { return; }
  notice(endpoint, WebhookNotice::Kind::kFailing);
}

void Webhooks::disable(Endpoint& endpoint) {
  if (!std::exchange(endpoint.settings.enabled, false)) { return; }
  notice(endpoint, WebhookNotice::Kind::kDisabled);
}

// One is enough: who has not fetched the last notice of an endpoint is told its newest.
void Webhooks::notice(const Endpoint& endpoint, WebhookNotice::Kind kind) {
  const auto same = std::find_if(notices_.begin(), notices_.end(), [&](const WebhookNotice& waiting) {
    return waiting.endpoint == endpoint.id;
  });
  if (same != notices_.end()) { notices_.erase(same); }
  notices_.push_back({kind, endpoint.id, endpoint.settings.account});
}

// ---- what it says about the item

void Webhooks::come_back(const Now& now, Endpoint& endpoint, Item& item, const WebhookResult& result) {
  const bool was_probe = std::exchange(item.is_probe, false);
  if (result.kind == WebhookResult::Kind::kNotTried) {
    --item.attempts;
    endpoint.held_until = std::max(endpoint.held_until, now.mono + kNotTriedDelay);
    return make_ready(now.mono, item, true);
  }
  const std::size_t step = std::min<std::size_t>(item.attempts, kWebhookDelays.size()) - 1;
  Duration delay = jittered(kWebhookDelays[step]);
  if (endpoint.settings.ordered) {  // the others wait with it, and it stays the first
    if (!was_probe) { endpoint.held_until = std::max(endpoint.held_until, now.mono + delay); }
    return make_ready(now.mono, item, true);
  }
  // Another one is the next probe: it may be this event that its receiver cannot digest.
  if (was_probe || !endpoint.settings.enabled) { return make_ready(now.mono, item, false); }
  if (result.retry_after) { delay = std::max(delay, std::min(*result.retry_after, kRetryAfterMax)); }
  rest(now.mono, item, delay);
}

Duration Webhooks::jittered(Duration delay) {
  const auto fifth = static_cast<std::uint64_t>(delay.count() / 5);
  return delay - delay / 5 + Duration{static_cast<std::int64_t>(random_.next() % (2 * fifth + 1))};
}

// It is in no list. The next event of its message may go.
WebhookSettled Webhooks::leave(Instant now, Item& item, WebhookSettled::Kind kind) {
  Endpoint& endpoint = *item.endpoint;
  Item* const behind = item.behind;
  const MessageId message = item.event.receipt.message;
  if (message != MessageId{} && behind == nullptr) { endpoint.newest.erase(message); }
  WebhookSettled out{kind, endpoint.id, endpoint.settings.account, std::move(item.event)};
  --endpoint.items;
  free_item(item);
  if (behind != nullptr) { make_ready(now, *behind, true); }
  return out;
}

// Past its retention, or its endpoint is closed.
void Webhooks::bury(Instant now, Item& item) {
  Endpoint& endpoint = *item.endpoint;
  Items& from = item.where == Item::Where::kReady ? endpoint.ready : endpoint.resting;
  from.erase(from.iterator_to(item));
  ++dead_letters_;
  settled_.push_back(leave(now, item, WebhookSettled::Kind::kDeadLetter));
  activate(now, endpoint);
  if (!endpoint.is_closing) { erase_if_idle(endpoint); }
}

}  // namespace aldis::notify

// SPDX-License-Identifier: Apache-2.0
// Webhooks with a clock, and a source of numbers that is not random.
#pragma once

#include <string>
#include <vector>

#include "aldis/notify/webhooks.hpp"

namespace aldis::notify::test {

class Draws final : public ports::Random {
 public:
  std::uint64_t next() override {
    if (fixed) { return *fixed; }
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    return x ^ (x >> 31);
  }
  std::optional<std::uint64_t> fixed;

 private:
  std::uint64_t state_ = 7;
};

using Kind = WebhookResult::Kind;
using Ended = WebhookSettled::Kind;

struct HookDesk {
  Now now{Instant{hours{1}}, WallTime{seconds{1'800'000'000}}};
  Draws draws;
  Webhooks::Limits limits;
  std::unique_ptr<Webhooks> hooks = std::make_unique<Webhooks>(now, draws, limits);
  std::uint64_t events = 0;
  std::vector<WebhookSettled> dead;
  std::vector<WebhookNotice> notices;

  static WebhookEndpoint settings(const std::string& host = "app.example") {
    WebhookEndpoint endpoint;
    endpoint.account = AccountId{0};
    endpoint.host = host;
    return endpoint;
  }
  EndpointId open(const WebhookEndpoint& endpoint = settings()) { return hooks->open(now, endpoint); }
  EventId owe(EndpointId id, std::uint64_t message = 0, std::uint16_t status_seq = 0) {
    OwedEvent event;
    event.event = EventId{++events};
    event.receipt.message = MessageId{message};
    event.receipt.status_seq = status_seq;
    hooks->owe(now, id, event, now.wall);
    return EventId{events};
  }
  std::vector<WebhookCall> calls() {
    std::vector<WebhookCall> out;
    while (auto call = hooks->next(now)) { out.push_back(*call); }
    return out;
  }
  WebhookCall only_call() {
    const auto out = calls();
    REQUIRE(out.size() == 1);
    return out.front();
  }
  std::optional<WebhookSettled> answer(const WebhookCall& call, Kind kind = Kind::kDone,
                                       std::optional<Duration> retry_after = {}) {
    return hooks->on_result(now, call.token, {kind, retry_after});
  }
  void wait(Duration d) {
    now.mono += d;
    now.wall += std::chrono::duration_cast<microseconds>(d);
    hooks->advance(now);
    while (auto settled = hooks->next_settled()) { dead.push_back(std::move(*settled)); }
    while (auto notice = hooks->next_notice()) { notices.push_back(*notice); }
  }
  // How long until something may leave, at most `most`, to the tick.
  Duration idle_for(Duration most = hours{100}) {
    const Instant began = now.mono;
    while (!hooks->has_work() && now.mono - began < most) {
      const Instant next = std::min(hooks->next_deadline(), began + most);
      wait(std::max<Duration>(next - now.mono, milliseconds{1}));
    }
    return now.mono - began;
  }
};

}  // namespace aldis::notify::test

// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "unit/notify/webhook_fixture.hpp"

using namespace aldis;
using namespace aldis::notify;
using namespace aldis::notify::test;

TEST_CASE("an event is called once, and once acknowledged never again", "[D7]") {
  HookDesk desk;
  const auto id = desk.open();
  const EventId event = desk.owe(id, 5);
  const auto call = desk.only_call();
  CHECK(call.event->event == event);
  CHECK(call.attempt == 1);
  CHECK(desk.calls().empty());
  const auto settled = desk.answer(call);
  REQUIRE(settled);
  CHECK(settled->kind == Ended::kAcknowledged);
  CHECK(settled->event.event == event);
  CHECK(settled->event.receipt.message == MessageId{5});
  CHECK_FALSE(desk.answer(call));  // a second answer to the same call
  CHECK(desk.hooks->size() == 0);
  desk.wait(hours{100});
  CHECK(desk.calls().empty());
  CHECK(desk.dead.empty());
}

TEST_CASE(
    "what fails comes again after 5 s, 30 s, 2 min, 10 min, 30 min, then hourly, and is a dead letter at the "
    "end",
    "[D7][H28]") {
  HookDesk desk;
  desk.draws.fixed = 0;  // 20 % below
  const auto id = desk.open();
  desk.owe(id);
  const std::vector<Duration> expected{seconds{5},  seconds{30}, minutes{2},
                                       minutes{10}, minutes{30}, hours{1}};
  unsigned attempts = 0;
  const Instant began = desk.now.mono;
  while (desk.hooks->size() > 0) {
    const auto call = desk.only_call();
    CHECK(call.attempt == ++attempts);
    CHECK(call.event->event == EventId{1});
    const auto settled = desk.answer(call, Kind::kFailed);
    if (settled->kind == Ended::kDeadLetter) { break; }
    const Duration idle = desk.idle_for(hours{2});
    const Duration wanted = expected[std::min<std::size_t>(attempts, expected.size()) - 1] * 4 / 5;
    // then the breaker's steps, which are the same, begin anew
    if (attempts <= 9 && desk.hooks->size() > 0) {
      CHECK(idle >= wanted);
      CHECK(idle <= wanted + milliseconds{10});
    }
  }
  REQUIRE(desk.dead.size() == 1);
  CHECK(desk.dead.front().kind == Ended::kDeadLetter);
  CHECK(desk.dead.front().event.event == EventId{1});
  CHECK(desk.now.mono - began >= hours{72});
  CHECK(desk.now.mono - began <= hours{74});  // an hour that the last look waited
  CHECK(attempts > 72);
}

TEST_CASE("a delay is drawn anew each time, within a fifth on both sides") {
  HookDesk desk;
  Duration shortest = hours{1};
  Duration longest{0};
  for (int i = 0; i < 300; ++i) {
    const auto id = desk.open();
    desk.owe(id);
    desk.answer(desk.only_call(), Kind::kFailed);
    const Duration idle = desk.idle_for();
    shortest = std::min(shortest, idle);
    longest = std::max(longest, idle);
    desk.answer(desk.only_call());
  }
  CHECK(shortest >= seconds{4});
  CHECK(shortest < milliseconds{4200});
  CHECK(longest <= milliseconds{6010});
  CHECK(longest > milliseconds{5800});
}

TEST_CASE("a replayed dead letter is delivered under the same event id", "[D7]") {
  HookDesk desk;
  const auto id = desk.open();
  desk.owe(id, 9, 4);
  desk.wait(hours{73});  // nobody asked next() for three days
  REQUIRE(desk.dead.size() == 1);
  OwedEvent again = desk.dead.front().event;
  desk.hooks->owe(desk.now, id, again, desk.now.wall);
  const auto call = desk.only_call();
  CHECK(call.event->event == EventId{1});
  CHECK(call.event->receipt.status_seq == 4);
  CHECK(desk.answer(call)->kind == Ended::kAcknowledged);
}

TEST_CASE("events of one message go one after the other, those of others do not wait", "[D7]") {
  HookDesk desk;
  const auto id = desk.open();
  desk.owe(id, 1, 1);
  desk.owe(id, 1, 2);
  desk.owe(id, 2, 1);
  desk.owe(id, 1, 3);
  auto calls = desk.calls();
  REQUIRE(calls.size() == 2);
  CHECK(calls[0].event->receipt.message == MessageId{1});
  CHECK(calls[1].event->receipt.message == MessageId{2});
  desk.answer(calls[0], Kind::kFailed);
  desk.answer(calls[1]);
  CHECK(desk.calls().empty());
  desk.idle_for();
  for (const unsigned status_seq : {1u, 2u, 3u}) {
    const auto call = desk.only_call();
    CHECK(call.event->receipt.status_seq == status_seq);
    desk.answer(call);
  }
  CHECK(desk.hooks->size() == 0);
}

TEST_CASE("an event waits no longer for an earlier one that is dead") {
  HookDesk desk;
  const auto id = desk.open();
  desk.owe(id, 1, 1);
  desk.wait(hours{71});
  desk.owe(id, 1, 2);
  desk.wait(hours{2});
  REQUIRE(desk.dead.size() == 1);
  CHECK(desk.dead.front().event.receipt.status_seq == 1);
  CHECK(desk.only_call().event->receipt.status_seq == 2);
}

TEST_CASE("an ordered endpoint gets one event at a time, and all wait for the one that failed") {
  HookDesk desk;
  auto wanted = HookDesk::settings();
  wanted.ordered = true;
  const auto id = desk.open(wanted);
  for (int i = 0; i < 3; ++i) { desk.owe(id); }
  const auto first = desk.only_call();
  desk.answer(first, Kind::kFailed);
  CHECK(desk.calls().empty());
  CHECK(desk.idle_for() >= seconds{4});
  for (const unsigned event : {1u, 2u, 3u}) {
    const auto call = desk.only_call();
    CHECK(call.event->event == EventId{event});
    desk.answer(call);
  }
}

TEST_CASE("ten failures in a row open the breaker: one probe per step, and a success lets everything go",
          "[H28]") {
  HookDesk desk;
  desk.draws.fixed = 0;
  const auto id = desk.open();
  for (int i = 0; i < 100; ++i) { desk.owe(id); }
  auto calls = desk.calls();
  CHECK(calls.size() == 8);
  std::size_t tried = 0;
  while (!desk.hooks->state_of(id).breaker_open) {
    if (calls.empty()) {
      desk.idle_for();
      calls = desk.calls();
    }
    desk.answer(calls.back(), Kind::kFailed);
    calls.pop_back();
    REQUIRE(++tried <= 10);
  }
  CHECK(tried == 10);
  for (const auto& call : calls) { desk.answer(call, Kind::kFailed); }
  std::vector<EventId> probed;
  for (const Duration step : {seconds{4}, seconds{24}, seconds{96}, seconds{480}}) {
    CHECK(desk.calls().empty());
    const Duration idle = desk.idle_for();
    CHECK(idle >= step);
    CHECK(idle <= step + milliseconds{10});
    const auto probe = desk.only_call();
    probed.push_back(probe.event->event);
    desk.answer(probe, Kind::kFailed);
  }
  CHECK(probed[0] != probed[1]);  // one event that cannot be digested must not keep it open
  desk.idle_for();
  desk.answer(desk.only_call());
  CHECK_FALSE(desk.hooks->state_of(id).breaker_open);
  std::size_t delivered = 1;
  for (auto more = desk.calls(); !more.empty(); more = desk.calls()) {
    CHECK(more.size() <= 8);
    for (const auto& call : more) { delivered += desk.answer(call)->kind == Ended::kAcknowledged ? 1u : 0u; }
  }
  CHECK(delivered == 100);
  desk.wait(Duration{0});
  REQUIRE(desk.notices.size() == 2);
  CHECK(desk.notices[0].kind == WebhookNotice::Kind::kFailing);
  CHECK(desk.notices[1].kind == WebhookNotice::Kind::kRecovered);
}

TEST_CASE("one event that its receiver cannot digest does not hold up the others") {
  HookDesk desk;
  const auto id = desk.open();
  const EventId poison = desk.owe(id);
  std::size_t delivered = 0;
  for (int hour = 0; hour < 71 * 60; ++hour) {
    desk.owe(id);
    for (auto calls = desk.calls(); !calls.empty(); calls = desk.calls()) {
      for (const auto& call : calls) {
        const bool bad = call.event->event == poison;
        desk.answer(call, bad ? Kind::kFailed : Kind::kDone);
        delivered += bad ? 0u : 1u;
      }
    }
    desk.wait(minutes{1});
  }
  CHECK(delivered == 71 * 60);
  CHECK(desk.hooks->size() == 1);
}

TEST_CASE("who says slower gets one call at a time, not before Retry-After, which counts up to an hour",
          "[H28]") {
  HookDesk desk;
  desk.draws.fixed = 0;
  const auto id = desk.open();
  for (int i = 0; i < 20; ++i) { desk.owe(id); }
  const auto calls = desk.calls();
  desk.answer(calls[0], Kind::kSlow, minutes{3});
  for (std::size_t i = 1; i < calls.size(); ++i) { desk.answer(calls[i], Kind::kFailed); }
  CHECK(desk.calls().empty());
  CHECK(desk.idle_for() >= minutes{3});
  const auto alone = desk.only_call();
  desk.answer(alone, Kind::kSlow, hours{5});
  CHECK(desk.idle_for() <= hours{1} + milliseconds{10});
  desk.answer(desk.only_call());
  CHECK(desk.calls().size() == 8);
}

TEST_CASE("410 disables the endpoint; what it is owed waits until it is enabled, or its retention", "[H28]") {
  HookDesk desk;
  const auto id = desk.open();
  for (int i = 0; i < 3; ++i) { desk.owe(id); }
  const auto calls = desk.calls();
  desk.answer(calls[0], Kind::kGone);
  desk.answer(calls[1], Kind::kFailed);
  desk.answer(calls[2]);
  desk.wait(hours{5});
  CHECK(desk.calls().empty());
  CHECK_FALSE(desk.hooks->state_of(id).enabled);
  REQUIRE(desk.notices.size() == 1);
  CHECK(desk.notices[0].kind == WebhookNotice::Kind::kDisabled);
  desk.hooks->set(desk.now, id, HookDesk::settings());
  auto again = desk.calls();
  REQUIRE(again.size() == 2);
  desk.answer(again[0]);
  desk.answer(again[1], Kind::kGone);
  desk.wait(hours{68});
  CHECK(desk.dead.size() == 1);
  CHECK(desk.hooks->size() == 0);
}

TEST_CASE("callbacks of single messages queue by account and host, and leave nothing behind") {
  HookDesk desk;
  const auto id = desk.hooks->callbacks_of(desk.now, HookDesk::settings("a.example"));
  desk.owe(id, 1);
  CHECK(desk.hooks->callbacks_of(desk.now, HookDesk::settings("a.example")) == id);
  auto other = HookDesk::settings("a.example");
  other.account = AccountId{1};
  const auto foreign = desk.hooks->callbacks_of(desk.now, other);
  CHECK(foreign != id);
  desk.owe(foreign, 1);
  auto calls = desk.calls();
  REQUIRE(calls.size() == 2);
  CHECK(desk.answer(calls[0], Kind::kGone)->kind == Ended::kDeadLetter);  // only that one
  desk.answer(calls[1]);
  CHECK(desk.hooks->callbacks_of(desk.now, HookDesk::settings("a.example")) != id);
}

TEST_CASE(
    "an endpoint that moves to another host takes along what it is owed, and its calls end where they "
    "began") {
  HookDesk desk;
  desk.limits = {.in_flight = 512, .per_host = 4};
  desk.hooks = std::make_unique<Webhooks>(desk.now, desk.draws, desk.limits);
  const auto id = desk.open(HookDesk::settings("old.example"));
  for (int i = 0; i < 20; ++i) { desk.owe(id); }
  auto calls = desk.calls();
  REQUIRE(calls.size() == 4);
  desk.hooks->set(desk.now, id, HookDesk::settings("new.example"));
  const auto more = desk.calls();
  CHECK(more.size() == 4);  // of its window of 8
  calls.insert(calls.end(), more.begin(), more.end());
  std::size_t acknowledged = 0;
  for (; !calls.empty(); ++acknowledged) {
    desk.answer(calls.front());
    calls.erase(calls.begin());
    for (const auto& call : desk.calls()) { calls.push_back(call); }
  }
  CHECK(acknowledged == 20);
  desk.hooks->set(desk.now, id, HookDesk::settings("old.example"));
  for (int i = 0; i < 5; ++i) { desk.owe(id); }
  CHECK(desk.calls().size() == 4);
}

TEST_CASE("an endpoint that is closed leaves dead letters, also of what was in flight") {
  HookDesk desk;
  const auto id = desk.open();
  for (int i = 0; i < 10; ++i) { desk.owe(id, 1, static_cast<std::uint16_t>(i)); }
  desk.owe(id, 2);
  const auto calls = desk.calls();
  REQUIRE(calls.size() == 2);
  desk.hooks->close(desk.now, id);
  CHECK(desk.answer(calls[1])->kind == Ended::kAcknowledged);
  CHECK(desk.answer(calls[0], Kind::kFailed)->kind == Ended::kDeadLetter);
  desk.wait(Duration{0});
  CHECK(desk.dead.size() == 9);
  CHECK(desk.hooks->size() == 0);
}

TEST_CASE("calls are bounded in all and per host, and whoever waited for a place gets it") {
  HookDesk desk;
  desk.limits = {.in_flight = 64, .per_host = 10};
  desk.hooks = std::make_unique<Webhooks>(desk.now, desk.draws, desk.limits);
  std::vector<EndpointId> same;
  for (int i = 0; i < 3; ++i) { same.push_back(desk.open(HookDesk::settings("one.example"))); }
  for (const auto id : same) {
    for (int i = 0; i < 10; ++i) { desk.owe(id); }
  }
  auto calls = desk.calls();
  CHECK(calls.size() == 10);
  std::vector<std::size_t> of(3);
  for (const auto& call : calls) { ++of[call.endpoint.value() - same[0].value()]; }
  for (const std::size_t count : of) { CHECK(count >= 3); }  // in turn
  for (const std::string host : {"two.example", "three.example"}) {
    const auto id = desk.open(HookDesk::settings(host));
    for (int i = 0; i < 8; ++i) { desk.owe(id); }
  }
  for (const auto& call : desk.calls()) { calls.push_back(call); }
  CHECK(calls.size() == 26);
  std::size_t acknowledged = 0;
  while (!calls.empty()) {
    desk.answer(calls.back());
    calls.pop_back();
    ++acknowledged;
    for (const auto& call : desk.calls()) { calls.push_back(call); }
  }
  CHECK(acknowledged == 46);
}

TEST_CASE("no more calls are in flight than may be, and each that ends makes room for one") {
  HookDesk desk;
  desk.limits = {.in_flight = 6, .per_host = 64};
  desk.hooks = std::make_unique<Webhooks>(desk.now, desk.draws, desk.limits);
  for (int i = 0; i < 5; ++i) {
    const auto id = desk.open(HookDesk::settings("host" + std::to_string(i) + ".example"));
    for (int n = 0; n < 10; ++n) { desk.owe(id); }
  }
  auto calls = desk.calls();
  CHECK(calls.size() == 6);
  std::size_t acknowledged = 0;
  for (; !calls.empty(); ++acknowledged) {
    desk.answer(calls.back());
    calls.pop_back();
    for (const auto& call : desk.calls()) { calls.push_back(call); }
    CHECK(calls.size() <= 6);
  }
  CHECK(acknowledged == 50);
}

TEST_CASE("servers that hang at the same moment leave places for the others", "[D15]") {
  HookDesk desk;
  std::vector<WebhookCall> hanging;
  for (int i = 0; i < 100; ++i) {
    const auto id = desk.open(HookDesk::settings("hangs" + std::to_string(i) + ".example"));
    for (int n = 0; n < 50; ++n) { desk.owe(id); }
  }
  for (const auto& call : desk.calls()) { hanging.push_back(call); }
  CHECK(hanging.size() >= 256);
  CHECK(hanging.size() <= 400);
  const auto live = desk.open(HookDesk::settings("live.example"));
  for (int n = 0; n < 20; ++n) { desk.owe(live); }
  std::size_t delivered = 0;
  for (auto calls = desk.calls(); !calls.empty(); calls = desk.calls()) {
    CHECK(calls.size() <= 2);
    for (const auto& call : calls) {
      CHECK(call.endpoint == live);
      delivered += desk.answer(call)->kind == Ended::kAcknowledged ? 1u : 0u;
    }
  }
  CHECK(delivered == 20);
  // they come round, and everybody has all places again
  for (const auto& call : hanging) { desk.answer(call); }
  std::size_t rest = 0;
  for (auto calls = desk.calls(); !calls.empty(); calls = desk.calls()) {
    for (const auto& call : calls) { rest += desk.answer(call)->kind == Ended::kAcknowledged ? 1u : 0u; }
  }
  CHECK(hanging.size() + rest == 5000);
}

TEST_CASE("a call that found no place was no attempt, and comes again in its order") {
  HookDesk desk;
  const auto id = desk.open();
  desk.owe(id, 1, 1);
  desk.answer(desk.only_call(), Kind::kNotTried);
  CHECK(desk.hooks->state_of(id).failures_row == 0);
  CHECK(desk.idle_for() == seconds{1});
  CHECK(desk.only_call().attempt == 1);
}

TEST_CASE("after a restart old debts have an hour at least, whatever the clock said when they began") {
  HookDesk desk;
  const auto id = desk.open();
  OwedEvent event;
  event.event = EventId{1};
  desk.hooks->owe(desk.now, id, event, desk.now.wall - hours{500});
  desk.wait(minutes{59});
  CHECK(desk.calls().size() == 1);
  CHECK(desk.dead.empty());
}

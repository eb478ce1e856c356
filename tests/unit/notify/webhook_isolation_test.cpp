// SPDX-License-Identifier: Apache-2.0
// A hundred endpoints, thirty of them dead in every way, over hours of virtual time.
#include <algorithm>
#include <catch2/catch.hpp>
#include <queue>
#include <set>

#include "unit/notify/webhook_fixture.hpp"

using namespace aldis;
using namespace aldis::notify;
using namespace aldis::notify::test;

namespace {

constexpr std::size_t kEndpoints = 100;
constexpr Duration kOutage = hours{2};

enum class Sick { kNot, kRefuses, kHangs, kSays500, kRedirects, kIsSlow };

struct World {
  explicit World(std::size_t dead) : dead_count(dead) {
    for (std::size_t i = 0; i < kEndpoints; ++i) {
      ids.push_back(desk.open(HookDesk::settings("host" + std::to_string(i) + ".example")));
    }
  }
  struct Answer {
    Instant at;
    WebhookCall call;
    WebhookResult result;
    bool operator>(const Answer& other) const { return at > other.at; }
  };

  Sick sick(std::size_t endpoint) const {
    if (endpoint >= dead_count || desk.now.mono >= healed_at) { return Sick::kNot; }
    return static_cast<Sick>(1 + endpoint % 5);
  }
  // What that server does with a call that begins now. Slow ones do acknowledge, behind our timeout.
  Answer answer_of(const WebhookCall& call) {
    const std::size_t endpoint = call.endpoint.value() - ids.front().value();
    const Duration live = milliseconds{20 + static_cast<int>(desk.draws.next() % 30)};
    switch (sick(endpoint)) {
      case Sick::kNot: return {desk.now.mono + live, call, {Kind::kDone, {}}};
      case Sick::kRefuses: return {desk.now.mono + milliseconds{1}, call, {Kind::kFailed, {}}};
      case Sick::kHangs: return {desk.now.mono + seconds{10}, call, {Kind::kFailed, {}}};
      case Sick::kSays500: return {desk.now.mono + live, call, {Kind::kFailed, {}}};
      case Sick::kRedirects: return {desk.now.mono + live, call, {Kind::kFailed, {}}};
      case Sick::kIsSlow: return {desk.now.mono + seconds{10}, call, {Kind::kFailed, {}}};
    }
    __builtin_unreachable();
  }
  void leave() {
    while (auto call = desk.hooks->next(desk.now)) {
      ++calls[call->endpoint.value() - ids.front().value()];
      flying.push(answer_of(*call));
    }
  }
  void run_until(Instant end, Duration every) {
    Instant next_owed = desk.now.mono;
    leave();
    while (desk.now.mono < end) {
      Instant next = std::min(end, desk.hooks->next_deadline());
      if (!flying.empty()) { next = std::min(next, flying.top().at); }
      if (every > Duration{0}) { next = std::min(next, next_owed); }
      desk.wait(std::max<Duration>(next - desk.now.mono, Duration{0}));
      while (!flying.empty() && flying.top().at <= desk.now.mono) { arrive(); }
      if (every > Duration{0} && desk.now.mono >= next_owed) {
        for (const auto id : ids) { owed_at.emplace_back(desk.owe(id), desk.now.mono); }
        next_owed += every;
      }
      leave();
    }
  }
  void arrive() {
    const Answer answer = flying.top();
    flying.pop();
    const EventId event = answer.call.event->event;
    const auto settled = desk.hooks->on_result(desk.now, answer.call.token, answer.result);
    if (settled->kind != Ended::kAcknowledged) { return; }
    const bool is_new = acknowledged.insert(event.value()).second;
    CHECK(is_new);
    const std::size_t endpoint = answer.call.endpoint.value() - ids.front().value();
    if (endpoint >= 30) { latencies.push_back(desk.now.mono - owed_at[event.value() - 1].second); }
  }
  Duration p99() {
    std::sort(latencies.begin(), latencies.end());
    return latencies[latencies.size() * 99 / 100];
  }

  HookDesk desk;
  std::size_t dead_count;
  Instant healed_at = kNever;
  std::vector<EndpointId> ids;
  std::vector<std::pair<EventId, Instant>> owed_at;
  std::set<std::uint64_t> acknowledged;
  std::vector<Duration> latencies;  // of those that are never dead
  std::array<std::size_t, kEndpoints> calls{};
  std::priority_queue<Answer, std::vector<Answer>, std::greater<>> flying;
};

}  // namespace

TEST_CASE("30 dead endpoints of 100 cost the live ones nothing, and when they heal all is delivered, once",
          "[H28][D15]") {
  World healthy{0};
  healthy.run_until(healthy.desk.now.mono + kOutage, seconds{10});
  World world{30};
  const Instant began = world.desk.now.mono;
  world.run_until(began + kOutage, seconds{10});
  CHECK(world.latencies.size() == healthy.latencies.size());
  CHECK(world.p99() <= healthy.p99() * 11 / 10);
  for (std::size_t i = 0; i < 30; ++i) {  // 721 events each, and next to no calls
    CHECK(world.calls[i] < 30);
    CHECK(world.desk.hooks->state_of(world.ids[i]).breaker_open);
    CHECK(world.desk.hooks->state_of(world.ids[i]).in_flight <= 1);
  }
  CHECK(world.desk.notices.size() == 30);
  world.healed_at = world.desk.now.mono;
  world.run_until(began + kOutage + minutes{75}, Duration{0});  // an hour's step, and a fifth
  CHECK(world.desk.hooks->size() == 0);
  CHECK(world.acknowledged.size() == world.owed_at.size());
  CHECK(world.owed_at.size() == 100 * 721);  // at both ends
  CHECK(world.desk.dead.empty());
}

TEST_CASE("three days dead make dead letters of everything, and a replay delivers them", "[H28][D7]") {
  World world{kEndpoints};
  for (const auto id : world.ids) { world.owed_at.emplace_back(world.desk.owe(id), world.desk.now.mono); }
  world.run_until(world.desk.now.mono + hours{74}, Duration{0});
  REQUIRE(world.desk.dead.size() == kEndpoints);
  world.healed_at = world.desk.now.mono;
  for (const auto& letter : world.desk.dead) {
    world.desk.hooks->owe(world.desk.now, letter.endpoint, letter.event, world.desk.now.wall);
  }
  world.run_until(world.desk.now.mono + minutes{75}, Duration{0});
  CHECK(world.acknowledged.size() == kEndpoints);
}

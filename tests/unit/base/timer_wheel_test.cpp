// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/timer_wheel.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <vector>

using namespace aldis;

namespace {
const Instant kStart{seconds{1000}};
}

TEST_CASE("a timer fires at its deadline rounded up to the tick, and never before") {
  TimerWheel wheel{kStart};
  TimerHook hook;
  wheel.arm(hook, kStart + milliseconds{25});
  int fired = 0;
  wheel.advance(kStart + milliseconds{29}, [&](TimerHook&) { ++fired; });
  CHECK(fired == 0);
  wheel.advance(kStart + milliseconds{30}, [&](TimerHook&) { ++fired; });
  CHECK(fired == 1);
  CHECK_FALSE(hook.armed());
}

TEST_CASE("an armed timer can be moved, canceled and destroyed") {
  TimerWheel wheel{kStart};
  TimerHook moved;
  TimerHook canceled;
  auto destroyed = std::make_unique<TimerHook>();
  wheel.arm(moved, kStart + seconds{1});
  wheel.arm(moved, kStart + hours{30});
  wheel.arm(canceled, kStart + seconds{1});
  wheel.arm(*destroyed, kStart + seconds{1});
  canceled.cancel();
  destroyed.reset();
  std::vector<TimerHook*> fired;
  wheel.advance(kStart + hours{29}, [&](TimerHook& h) { fired.push_back(&h); });
  CHECK(fired.empty());
  wheel.advance(kStart + hours{30}, [&](TimerHook& h) { fired.push_back(&h); });
  CHECK(fired == std::vector<TimerHook*>{&moved});
}

TEST_CASE(
    "next_deadline is never later than the earliest timer rounded up, and advancing to it makes progress") {
  std::mt19937_64 random{7};
  for (int round = 0; round < 50; ++round) {
    TimerWheel wheel{kStart};
    std::vector<TimerHook> hooks(200);
    std::uniform_int_distribution<std::int64_t> spread{0, round % 2 == 0 ? 5'000 : 400'000'000};
    for (auto& hook : hooks) { wheel.arm(hook, kStart + milliseconds{spread(random)}); }
    Instant now = kStart;
    std::size_t fired = 0;
    int steps = 0;
    while (fired < hooks.size() && steps < 100'000) {
      ++steps;
      const Instant next = wheel.next_deadline();
      REQUIRE(next != kNever);
      now = std::max(now, next);
      wheel.advance(now, [&](TimerHook& hook) {
        ++fired;
        CHECK(hook.at() <= now);
        CHECK(now - hook.at() < TimerWheel::kTick + milliseconds{1});
      });
    }
    CHECK(fired == hooks.size());
    CHECK(wheel.next_deadline() == kNever);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <thread>

#include "runtime/deadlines.hpp"
#include "unit/runtime/loop_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;

TEST_CASE("posts of another thread run on the loop in their order") {
  TestLoop t;
  std::vector<int> seen;
  std::thread other{[&] {
    for (int i = 0; i < 2000; ++i) {
      t.loop.post([&seen, i, owned = std::make_unique<int>(i)] { seen.push_back(*owned == i ? i : -1); });
    }
  }};
  const bool all = t.run_until([&] { return seen.size() == 2000; });
  other.join();
  REQUIRE(all);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(seen.front() == 0);
}

TEST_CASE("a stop that came before run still counts") {
  Loop loop;
  int turns = 0;
  loop.at_turn_end([&](const Now&) { ++turns; });
  loop.stop();
  loop.run();
  CHECK(turns == 1);
}

TEST_CASE("time stands still within a turn and goes on between turns") {
  TestLoop t;
  Instant first{};
  Instant same{};
  Instant later{};
  t.loop.post([&] {
    first = t.loop.now().mono;
    while (read_clocks().mono - first < milliseconds{2}) {}
    same = t.loop.now().mono;
  });
  REQUIRE(t.run_until([&] { return first != Instant{}; }));
  t.loop.post([&] { later = t.loop.now().mono; });
  REQUIRE(t.run_until([&] { return later != Instant{}; }));
  CHECK(same == first);
  CHECK(later - first >= milliseconds{2});
  CHECK(t.loop.counters().busy >= milliseconds{2});
}

TEST_CASE("an alarm rings once, not before its time, and can be moved and silenced") {
  TestLoop t;
  int rang = 0;
  Instant at{};
  Alarm alarm{t.loop, [&](const Now& now) {
                ++rang;
                at = now.mono;
              }};
  const Instant start = t.loop.now().mono;
  alarm.set(start + hours{1});
  alarm.set(start + milliseconds{15});
  REQUIRE(t.run_until([&] { return rang == 1; }));
  CHECK(at - start >= milliseconds{15});
  alarm.set(start);
  alarm.set(kNever);
  CHECK_FALSE(t.run_until([&] { return rang == 2; }, milliseconds{30}));
}

TEST_CASE("a loop without work does not turn") {
  TestLoop t;
  CHECK_FALSE(t.run_until([] { return false; }, milliseconds{100}));
  CHECK(t.loop.counters().turns < 10);
}

TEST_CASE("a signal becomes a callback, again and again") {
  TestLoop t;
  std::vector<int> got;
  t.loop.on_signals({SIGHUP, SIGUSR1}, [&](int signal) { got.push_back(signal); });
  ::raise(SIGHUP);
  REQUIRE(t.run_until([&] { return got.size() == 1; }));
  ::raise(SIGUSR1);
  REQUIRE(t.run_until([&] { return got.size() == 2; }));
  ::raise(SIGHUP);
  REQUIRE(t.run_until([&] { return got.size() == 3; }));
  CHECK(got == std::vector<int>{SIGHUP, SIGUSR1, SIGHUP});
}

namespace {

struct Noted final : Deadline {
  explicit Noted(std::vector<int>& all, int number) : log(all), id(number) {}
  void due(const Now&) override {
    log.push_back(id);
    if (then) { then(); }
  }
  std::vector<int>& log;
  int id;
  std::function<void()> then;
};

Now at(Duration since) { return {.mono = Instant{since}, .wall = {}}; }

}  // namespace

TEST_CASE("deadlines fire in the order of time, whatever order they were armed, moved and disarmed in") {
  Deadlines deadlines;
  std::vector<int> log;
  std::vector<std::unique_ptr<Noted>> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(std::make_unique<Noted>(log, i));
    deadlines.arm(*all.back(), Instant{seconds{(i * 7919) % 1009}});
  }
  std::vector<int> wanted;
  for (int i = 0; i < 1000; ++i) {
    auto& deadline = *all[static_cast<std::size_t>(i)];
    if (i % 3 == 0) {
      deadlines.disarm(deadline);
      continue;
    }
    if (i % 5 == 0) { deadlines.arm(deadline, Instant{seconds{2000 - i}}); }
    wanted.push_back(i);
  }
  std::vector<Instant> when(1000);
  for (const int i : wanted) { when[static_cast<std::size_t>(i)] = all[static_cast<std::size_t>(i)]->at(); }
  std::vector<int> fired;
  for (int second = 0; second <= 2000; ++second) { deadlines.fire(at(seconds{second})); }
  CHECK(log.size() == wanted.size());
  CHECK(std::is_sorted(log.begin(), log.end(), [&](int a, int b) {
    return when[static_cast<std::size_t>(a)] < when[static_cast<std::size_t>(b)];
  }));
  CHECK(deadlines.next() == kNever);
}

TEST_CASE("a deadline may disarm, re-arm and destroy others that are due at the same moment") {
  Deadlines deadlines;
  std::vector<int> log;
  Noted first{log, 1};
  Noted silenced{log, 2};
  auto destroyed = std::make_unique<Noted>(log, 3);
  Noted moved{log, 4};
  deadlines.arm(first, Instant{seconds{1}});
  deadlines.arm(silenced, Instant{seconds{2}});
  deadlines.arm(*destroyed, Instant{seconds{3}});
  deadlines.arm(moved, Instant{seconds{4}});
  first.then = [&] {
    deadlines.disarm(silenced);
    destroyed.reset();
    deadlines.arm(moved, Instant{seconds{9}});
    deadlines.arm(first, Instant{seconds{1}});  // in the past: in the next round, not in this one
    first.then = nullptr;
  };
  deadlines.fire(at(seconds{5}));
  CHECK(log == std::vector<int>{1});
  deadlines.fire(at(seconds{6}));
  CHECK(log == std::vector<int>{1, 1});
  deadlines.fire(at(seconds{9}));
  CHECK(log == std::vector<int>{1, 1, 4});
}

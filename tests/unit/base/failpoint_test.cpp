// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/failpoint.hpp"

#include <catch2/catch.hpp>

using namespace aldis;

namespace {

struct Killed {};
void kill_by_throwing() { throw Killed{}; }

Failpoint at(const char* name, std::uint64_t passes) { return {name, passes, &kill_by_throwing}; }

}  // namespace

TEST_CASE("a failpoint kills at the pass that was asked for, and other names do not count") {
  auto point = at("store.sync.done", 3);
  point.pass("store.sync.done");
  point.pass("store.sync.begin");
  point.pass("store.sync");
  point.pass("store.sync.done");
  CHECK_THROWS_AS(point.pass("store.sync.done"), Killed);
}

TEST_CASE("a failpoint in the middle of a write writes its half at the last pass only") {
  auto point = at("store.write.half", 2);
  int halves = 0;
  point.pass_half("store.write.half", [&] { ++halves; });
  CHECK(halves == 0);
  CHECK_THROWS_AS(point.pass_half("store.write.half", [&] { ++halves; }), Killed);
  CHECK(halves == 1);
}

TEST_CASE("a failpoint behind the sync waits until the journal is durable up to its record") {
  auto point = at("receipt.synced", 1);
  point.on_durable(1'000'000);  // nothing passed it yet
  point.pass_once_durable("receipt.synced", 500);
  point.on_durable(499);
  CHECK_THROWS_AS(point.on_durable(500), Killed);
}

TEST_CASE("a failpoint behind a flush waits for the octets of its own connection") {
  const int mine = 0;
  const int other = 0;
  auto whole = at("answer.done", 1);
  whole.after_flush(&mine);
  whole.pass_flushed("answer.done", &mine);
  whole.after_flush(&other);
  whole.before_flush(&mine, [] { FAIL("nothing was to be cut"); });
  CHECK_THROWS_AS(whole.after_flush(&mine), Killed);

  auto cut = at("answer.half", 1);
  bool half_sent = false;
  cut.before_flush(&mine, [&] { half_sent = true; });
  cut.pass_half_flushed("answer.half", &mine);
  cut.before_flush(&other, [&] { half_sent = true; });
  CHECK_FALSE(half_sent);
  CHECK_THROWS_AS(cut.before_flush(&mine, [&] { half_sent = true; }), Killed);
  CHECK(half_sent);
}

TEST_CASE("a process without ALDIS_FAILPOINT passes every failpoint") {
  REQUIRE(armed_failpoint == nullptr);
  ALDIS_FAILPOINT(pass("store.sync.done"));
}

// SPDX-License-Identifier: Apache-2.0
// The wall clock may jump: what is counted in hours is counted on the monotonic clock.
#include "world.hpp"

namespace aldis::engine {

TEST_CASE("a wall clock that jumps ends no validity, no receipt's time and no orphan early", "[D13][H14]") {
  for (const auto jump :
       {microseconds{hours{1}}, microseconds{hours{24 * 365}}, microseconds{hours{-24 * 365}}}) {
    World world;
    world.start();
    world.bind();
    const auto id = world.accept({.validity = {{}, hours{2}}});
    const auto receipt = world.receipt(kOpA, "4711", Status::kDelivered);
    world.turn();
    CHECK(world.acknowledged(receipt));
    world.now.wall += jump;
    world.advance(hours{2} - minutes{1});
    CHECK(world.queried(id) == Status::kQueued);
    CHECK(world.metric("aldis_receipts_orphaned") == 1);
    world.advance(minutes{2});
    CHECK(world.queried(id) == Status::kExpired);
    world.advance(hours{70} - minutes{2});
    CHECK(world.metric("aldis_receipts_orphaned") == 1);
    world.advance(minutes{2});
    CHECK(world.metric("aldis_receipts_orphaned") == 0);
  }
}

TEST_CASE("a wall clock set back over a restart makes nobody wait longer than was said", "[D13][H14]") {
  World world;
  world.start();
  world.bind();
  world.up();
  const auto again = world.accept();
  world.answer(world.sent_one(), OutcomeClass::kMixed);  // sent again after 30 s
  const auto waits = world.accept({.to = {kNumberB}, .validity = {{}, hours{2}}});
  world.turn();
  world.now.wall -= hours{24 * 365};
  world.restart();
  world.bind();
  world.up();
  world.advance(seconds{31});
  CHECK(world.sent_one().part.message == again);
  CHECK(world.queried(waits) == Status::kQueued);
  world.advance(hours{2});
  CHECK(world.queried(waits) == Status::kExpired);
}

TEST_CASE("what is owed outlives a wall clock set ahead over a restart", "[D7][D13][H14]") {
  World world;
  world.start();
  world.bind();
  world.up();
  const auto id = world.accept();
  world.ok(world.sent_one(), "77");
  world.turn();
  world.unbind();
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  world.now.wall += hours{24 * 365};
  world.restart();
  world.turn();
  world.bind();
  world.turn();
  CHECK(world.told_one().id == id);
}

TEST_CASE("the network's late verdict counts, however far the wall clock jumped meanwhile",
          "[D6][D13][H14]") {
  World world;
  world.start();
  world.bind();
  world.up();
  const auto id = world.accept();
  world.ok(world.sent_one(), "77");
  world.turn();
  world.advance(hours{73});
  world.acknowledge(world.told_one());
  world.turn();
  world.now.wall += hours{24 * 30};
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  const auto told = world.told_one();
  CHECK(told.id == id);
  CHECK(told.status == Status::kDelivered);
}

TEST_CASE("after the wall clock was set back a receipt without a known id is believed for nobody",
          "[D4][H14]") {
  World world;
  world.start();
  world.bind();
  world.up();
  const auto before = world.accept();
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  world.turn();
  world.now.wall -= hours{1};
  const auto after = world.accept();
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  world.turn();
  world.receipt(kOpA, "77", Status::kDelivered);  // of either
  world.turn();
  CHECK_FALSE(is_final(world.queried(before)));
  CHECK_FALSE(is_final(world.queried(after)));
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
}

}  // namespace aldis::engine

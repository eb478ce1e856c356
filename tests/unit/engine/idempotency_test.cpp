// SPDX-License-Identifier: Apache-2.0
// A request that comes again under its key is not accepted again.
#include <catch2/catch.hpp>

#include "unit/engine/world.hpp"

using namespace aldis;
using namespace aldis::engine;

namespace {

using Again = AnswerSubmit::Again;

// Messages that the operator has been sent, each once.
std::size_t sent_in_all(World& world) { return world.take_sent().size(); }

AnswerSubmit asked_again(World& world, const Asked& asked) {
  const auto sequence = world.submit(asked);
  world.turn();
  const auto* answer = world.submit_answer(sequence);
  REQUIRE(answer != nullptr);
  return *answer;
}

}  // namespace

TEST_CASE("H8: a request that comes again has the first answer, and sends nothing", "[H8]") {
  World world;
  world.start();
  world.up();
  const auto first = world.accept({.idempotency_key = "8e03978e", .request_print = 7});
  const auto accepted_at = world.now.wall;
  world.advance(minutes{5});
  const auto again = asked_again(world, {.idempotency_key = "8e03978e", .request_print = 7});
  CHECK_FALSE(again.refusal);
  CHECK(again.again == Again::kReplayed);
  CHECK(again.id.id == first);
  CHECK(again.parts == 1);
  CHECK(again.accepted_at == accepted_at);
  CHECK(sent_in_all(world) == 1);
}

TEST_CASE("H8: another request under the same key is refused, and one of another account is another key",
          "[H8]") {
  World world;
  world.start();
  world.up();
  const auto first = world.accept({.idempotency_key = "k", .request_print = 7});
  CHECK(asked_again(world, {.idempotency_key = "k", .request_print = 8}).refusal ==
        Refusal::kDuplicateConflict);
  const auto other = asked_again(world, {.account = kBeta, .idempotency_key = "k", .request_print = 7});
  CHECK_FALSE(other.refusal);
  CHECK(other.again == Again::kNo);
  CHECK(other.id.id != first);
}

TEST_CASE("H8: while the first one is not durable the second is told to come back", "[H8][D1]") {
  World world;
  world.start();
  world.up();
  world.syncs = false;
  const auto first = world.submit({.idempotency_key = "k"});
  const auto second = world.submit({.idempotency_key = "k"});
  world.turn();
  CHECK_FALSE(world.answered(first));
  REQUIRE(world.answered(second));
  CHECK(world.submit_answer(second)->refusal == Refusal::kUnavailable);
  CHECK(world.submit_answer(second)->again == Again::kInFlight);
  world.sync();
  world.syncs = true;
  REQUIRE(world.answered(first));
  CHECK(asked_again(world, {.idempotency_key = "k"}).id.id == world.submit_answer(first)->id.id);
}

TEST_CASE("H8: a refusal does not use up the key", "[H8]") {
  World world;
  world.settings.accounts[0].senders.allow = {"447000"};
  world.start();
  world.up();
  CHECK(asked_again(world, {.from = "evil", .idempotency_key = "k", .request_print = 1}).refusal);
  const auto good = asked_again(world, {.idempotency_key = "k", .request_print = 2});
  CHECK_FALSE(good.refusal);
  CHECK(good.again == Again::kNo);
}

TEST_CASE("H8: keys outlive crashes and compactions, and what was not promised is new", "[H8][D1]") {
  const auto crash = GENERATE(World::Crash::kLosesUnsynced, World::Crash::kKeepsUnsynced);
  World world;
  world.start();
  world.bind();
  world.up();
  const auto first = world.accept({.registered = 0, .idempotency_key = "first", .request_print = 7});
  world.syncs = false;
  world.submit({.registered = 0, .idempotency_key = "lost", .request_print = 7});
  world.turn();
  world.syncs = true;
  world.take_sent();
  world.restart(crash);
  world.bind();
  world.up();
  CHECK(asked_again(world, {.registered = 0, .idempotency_key = "first", .request_print = 7}).id.id == first);
  const auto lost = asked_again(world, {.registered = 0, .idempotency_key = "lost", .request_print = 7});
  CHECK(lost.again == (crash == World::Crash::kLosesUnsynced ? Again::kNo : Again::kReplayed));
  // Until nothing of the first segments is left.
  const auto segment = world.journal->current_segment();
  for (unsigned messages = 0; world.journal->current_segment() < segment + 12; ++messages) {
    REQUIRE(messages < 200'000);
    world.accept({.registered = 0, .idempotency_key = "n" + std::to_string(messages)});
    for (const auto& sent : world.take_sent()) { world.answer(sent, OutcomeClass::kPermanent, "x"); }
    for (const auto& told : world.take_told()) { world.acknowledge(told); }
  }
  world.turn();
  REQUIRE(world.engine->releasable().before > segment);
  world.restart(crash);
  world.up();
  const auto again = asked_again(world, {.registered = 0, .idempotency_key = "first", .request_print = 7});
  CHECK(again.again == Again::kReplayed);
  CHECK(again.id.id == first);
  for (const char* key : {"n0", "n17", "n300"}) {
    CHECK(asked_again(world, {.registered = 0, .idempotency_key = key}).again == Again::kReplayed);
  }
}

TEST_CASE("a key is known for its retention, and then its pages go", "[H8]") {
  World world;
  world.settings.idempotency_retention = hours{1};
  world.start();
  world.bind();
  world.up();
  const auto first = world.accept({.registered = 0, .idempotency_key = "k"});
  const auto fill = [&] {
    const auto segment = world.journal->current_segment();
    for (unsigned messages = 0; world.journal->current_segment() < segment + 2; ++messages) {
      REQUIRE(messages < 200'000);
      world.accept({.registered = 0});
      for (const auto& sent : world.take_sent()) { world.answer(sent, OutcomeClass::kPermanent, "x"); }
    }
    world.turn();
  };
  const auto pages = [&] {
    std::size_t count = 0;
    world.engine->visit_stored(
        [&](const Stored& one) { count += one.kind == StoredKind::kKeyPage ? 1u : 0u; });
    return count;
  };
  fill();
  CHECK(pages() == 1);
  world.advance(minutes{59});
  CHECK(asked_again(world, {.registered = 0, .idempotency_key = "k"}).id.id == first);
  world.advance(minutes{2});
  CHECK(asked_again(world, {.registered = 0, .idempotency_key = "k"}).again == Again::kNo);
  world.advance(hours{2});
  fill();
  CHECK(pages() == 0);
}

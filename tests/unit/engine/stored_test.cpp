// SPDX-License-Identifier: Apache-2.0
// What people make while the daemon runs outlives it, as durably as messages.
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "aldis/core/stored.hpp"
#include "unit/engine/world.hpp"

using namespace aldis;
using namespace aldis::engine;

namespace {

std::map<std::string, std::string> stored(const World& world) {
  std::map<std::string, std::string> all;
  world.engine->visit_stored([&](const Stored& one) { all[one.name] = one.octets; });
  return all;
}

Store request(std::uint32_t sequence, std::string_view name, std::optional<Octets> octets) {
  return {{SessionId{9}, sequence, 0}, StoredKind::kApiKey, name, octets};
}

}  // namespace

TEST_CASE("what is stored is answered once it is durable, and is there after a crash", "[D1]") {
  World world;
  world.start();
  world.syncs = false;
  world.event(request(9001, "7f3a9c21e5b0", "hash"));
  world.turn();
  CHECK_FALSE(world.answered(9001));
  world.sync();
  REQUIRE(world.answered(9001));
  CHECK(std::get<StoredChanged>(world.answers.at(9001)).octets == "hash");
  world.syncs = true;
  world.event(request(9002, "7f3a9c21e5b0", "hash, used"));
  world.event(request(9003, "000000000000", "other"));
  world.event(request(9004, "000000000000", std::nullopt));
  world.turn();
  CHECK_FALSE(std::get<StoredChanged>(world.answers.at(9004)).octets);
  world.restart(World::Crash::kLosesUnsynced);
  CHECK(stored(world) == std::map<std::string, std::string>{{"7f3a9c21e5b0", "hash, used"}});
}

TEST_CASE("what is stored survives any number of compactions, and what is gone stays gone", "[D1]") {
  World world;
  world.start();
  world.bind();
  world.up();
  world.event(request(9001, "kept", "as it was made"));
  world.event(request(9002, "gone", "soon"));
  world.turn();
  world.event(request(9003, "gone", std::nullopt));
  world.turn();
  const auto segment = world.journal->current_segment();
  for (unsigned messages = 0; world.journal->current_segment() < segment + 12; ++messages) {
    REQUIRE(messages < 200'000);
    world.accept({.registered = 0});
    for (const auto& sent : world.take_sent()) { world.answer(sent, OutcomeClass::kPermanent, "x"); }
    for (const auto& told : world.take_told()) { world.acknowledge(told); }
  }
  REQUIRE(world.engine->releasable().before > segment);  // the first image is not needed any more
  world.restart(World::Crash::kLosesUnsynced);
  CHECK(stored(world) == std::map<std::string, std::string>{{"kept", "as it was made"}});
}

TEST_CASE("what cannot be stored is refused and changes nothing") {
  World world;
  world.start();
  world.event(request(9001, "nobody", std::nullopt));
  world.event(request(9002, std::string(kStoredNameMax + 1, 'x'), "x"));
  world.event(request(9003, "", "x"));
  const std::string long_one(kStoredOctetsMax + 1, 'x');
  world.event(request(9004, "long", long_one));
  CHECK(std::get<StoredChanged>(world.answers.at(9001)).refusal == Refusal::kNoSuchMessage);
  for (const std::uint32_t sequence : {9002u, 9003u, 9004u}) {
    CHECK(std::get<StoredChanged>(world.answers.at(sequence)).refusal == Refusal::kQueueFull);
  }
  CHECK(stored(world).empty());
}

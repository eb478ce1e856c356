// SPDX-License-Identifier: Apache-2.0
// What is counted for each operator stands under its name, and nothing else makes a series.
#include <catch2/catch.hpp>

#include "world.hpp"

namespace aldis::engine {
namespace {

struct TwoOperators {
  TwoOperators() {
    world.start();
    world.up(kLinkA);
    world.up(kLinkB);
  }
  // Accepted, sent, and taken by its operator.
  void taken(const std::string& to, std::string_view id) {
    world.accept({.to = {to}});
    world.ok(world.sent_one(), id);
    world.turn();
  }
  double of(const std::string& name, const std::string& labels) {
    return world.metric(name + "{" + labels + "}");
  }
  World world;
};

}  // namespace

TEST_CASE("submits, receipts and finals are counted for the operator that they came from") {
  TwoOperators two;
  World& world = two.world;
  two.taken(kNumber, "1");
  two.taken(kNumber, "2");
  two.taken(kNumberB, "1");
  CHECK(two.of("aldis_submits_total", "operator=op-a,result=ok") == 2);
  CHECK(two.of("aldis_submits_total", "operator=op-b,result=ok") == 1);
  CHECK(two.of("aldis_submits_total", "operator=op-b,result=error") == 0);  // there from the start
  CHECK(two.of("aldis_receipts_requested_total", "operator=op-a") == 2);
  CHECK(two.of("aldis_receipts_awaited", "operator=op-a") == 2);
  CHECK(two.of("aldis_receipts_awaited", "operator=op-b") == 1);
  world.receipt(kOpB, "1", Status::kUndeliverable, {.to = kNumberB});
  world.receipt(kOpA, "1", Status::kDelivered, {.to = kNumber});
  world.receipt(kOpB, "nobody's", Status::kDelivered, {.to = kNumberB});
  world.turn();
  CHECK(two.of("aldis_receipts_received_total", "operator=op-b,state=undeliverable") == 1);
  CHECK(two.of("aldis_receipts_received_total", "operator=op-b,state=delivered") == 1);
  CHECK(two.of("aldis_receipts_received_total", "operator=op-a") == 1);
  CHECK(two.of("aldis_receipts_matched_total", "operator=op-a") == 1);
  CHECK(two.of("aldis_receipts_unmatched_total", "operator=op-a") == 0);
  CHECK(two.of("aldis_receipts_unmatched_total", "operator=op-b") == 1);
  CHECK(two.of("aldis_receipts_orphaned", "operator=op-b") == 1);
  CHECK(two.of("aldis_messages_final_total", "operator=op-a,status=delivered") == 1);
  CHECK(two.of("aldis_messages_final_total", "operator=op-a,status=undeliverable") == 0);
  CHECK(two.of("aldis_messages_final_total", "operator=op-b,class=transactional,status=undeliverable") == 1);
  CHECK(world.metric("aldis_messages_final_total") == 2);
}

TEST_CASE("what was never sent ended with no operator") {
  TwoOperators two;
  World& world = two.world;
  world.down(kLinkA);
  world.down(kLinkB);
  world.accept();
  world.advance(hours{24 * 8});
  CHECK(two.of("aldis_messages_final_total", "operator=none,status=expired") == 1);
  CHECK(two.of("aldis_messages_final_total", "operator=op-a") == 0);
}

TEST_CASE("an operator that left the configuration counts under _other, whatever it was called") {
  TwoOperators two;
  World& world = two.world;
  two.taken(kNumberB, "1");
  std::erase_if(world.settings.operators, [](const auto& op) { return op.name == "op-b"; });
  world.restart();
  CHECK(two.of("aldis_receipts_awaited", "operator=_other") == 1);
  CHECK(two.of("aldis_receipts_awaited", "operator=op-a") == 0);
}

}  // namespace aldis::engine

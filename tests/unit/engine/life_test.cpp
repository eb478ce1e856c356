// SPDX-License-Identifier: Apache-2.0
// A message's usual way, and what receipts do to it (SMPP 6.5, 6.6; CONTRACT D2, D5, D6, D7).
#include "world.hpp"

namespace aldis::engine {
namespace {

struct Gateway {
  World world;
  Gateway() {
    world.start();
    world.bind();
    world.up();
  }
};

// Accepted, sent, and taken by the operator under that id.
MessageId at_operator(World& world, const std::string& id, const Asked& asked = {}) {
  const auto message = world.accept(asked);
  world.ok(world.sent_one(), id);
  world.turn();
  return message;
}

TEST_CASE("a message is accepted, sent, taken, delivered, told and gone", "[D1][D2][D7]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = world.accept();
  CHECK(world.queried(id) == Status::kSending);
  const auto sent = world.sent_one();
  CHECK(sent.to == kNumber);
  CHECK(sent.body == "hello");
  CHECK(sent.attempt == 1);
  CHECK_FALSE(sent.uncertain);
  world.ok(sent, "77");
  world.turn();
  CHECK(world.queried(id) == Status::kSent);
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.queried(id) == Status::kDelivered);
  const auto told = world.told_one();
  CHECK(told.id == id);
  CHECK(told.status == Status::kDelivered);
  CHECK(told.err == "000");
  CHECK(told.parts_delivered == 1);
  CHECK(world.engine->messages_live() == 1);
  world.acknowledge(told);
  world.turn();
  CHECK(world.engine->messages_live() == 0);
  CHECK(world.pending() == 0);
  CHECK(world.metric("aldis_messages_final_total{status=delivered}") == 1);
  world.restart();
  CHECK(world.engine->messages_live() == 0);
  world.bind();
  world.up();
  CHECK(world.sent.empty());
  CHECK(world.told.empty());
}

TEST_CASE("acceptance and lease share one record when window and tokens are free", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  world.accept();
  world.sent_one();
  const auto verified = spool::verify(world.disk);
  CHECK(verified.records[static_cast<std::size_t>(spool::RecordType::kAccept)] == 1);
  CHECK(verified.records[static_cast<std::size_t>(spool::RecordType::kLease)] == 0);
}

TEST_CASE("nobody is told of a message that asked for no receipt", "[D7]") {
  Gateway gateway;
  World& world = gateway.world;
  at_operator(world, "77", {.registered = 0});
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told.empty());
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("a receipt that comes before the response waits for it, in the same turn",
          "[pain_07_receipt_first][H2][D5]") {
  Gateway gateway;
  World& world = gateway.world;
  world.accept();
  const auto sent = world.sent_one();
  const auto receipt = world.receipt(kOpA, "77", Status::kDelivered);
  world.ok(sent, "77");
  world.turn();
  CHECK(world.acknowledged(receipt));
  CHECK(world.told_one().status == Status::kDelivered);
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
}

TEST_CASE("receipts that come minutes before the response are applied in their order",
          "[pain_07_receipt_first][H2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.accept({.registered = 0x11});
  const auto sent = world.sent_one();
  world.receipt(kOpA, "77", Status::kSent);
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  world.advance(minutes{1});
  world.ok(sent, "77");
  world.turn();
  const auto enroute = world.told_one();  // the next of one message waits for the answer to the first
  CHECK(enroute.status == Status::kSent);
  CHECK(enroute.intermediate);
  world.acknowledge(enroute);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("the same id at two operators means two messages", "[pain_05_ids_scoped][H7]") {
  Gateway gateway;
  World& world = gateway.world;
  world.up(kLinkB);
  const auto first = at_operator(world, "77");
  const auto second = at_operator(world, "77", {.to = {kNumberB}});
  world.receipt(kOpB, "77", Status::kUndeliverable, {.to = kNumberB, .err = "034"});
  world.turn();
  const auto told = world.told_one();
  CHECK(told.id == second);
  CHECK(told.status == Status::kUndeliverable);
  CHECK(told.err == "034");
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().id == first);
}

TEST_CASE("repeated receipts are acknowledged and counted, and nobody is told twice", "[H4][D6]") {
  Gateway gateway;
  World& world = gateway.world;
  at_operator(world, "77");
  for (int i = 0; i < 5; ++i) {
    const auto receipt = world.receipt(kOpA, "77", Status::kDelivered);
    world.turn();
    CHECK(world.acknowledged(receipt));
  }
  CHECK(world.take_told().size() == 1);
  CHECK(world.metric("aldis_receipts_odd_total{kind=duplicate}") == 4);
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
}

TEST_CASE("of contradicting receipts the first network final stands", "[H5][D6]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = at_operator(world, "77");
  world.receipt(kOpA, "77", Status::kDelivered);
  world.receipt(kOpA, "77", Status::kUndeliverable);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
  CHECK(world.queried(id) == Status::kDelivered);
  CHECK(world.metric("aldis_receipts_odd_total{kind=contradicting}") == 1);
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
}

TEST_CASE("a state that is not final is told once, and only where it was asked for", "[H4]") {
  Gateway gateway;
  World& world = gateway.world;
  at_operator(world, "77", {.registered = 0x11});
  at_operator(world, "78");
  for (int i = 0; i < 3; ++i) {
    world.receipt(kOpA, "77", Status::kSent);
    world.receipt(kOpA, "78", Status::kSent);
    world.turn();
  }
  const auto told = world.told_one();
  CHECK(told.intermediate);
  CHECK_FALSE(told.accepted_word);
  world.acknowledge(told);
  world.receipt(kOpA, "77", Status::kSent, {.accepted_word = true});
  world.turn();
  CHECK(world.told_one().accepted_word);
}

TEST_CASE("a receipt settles a part that was in doubt, and nothing is sent again", "[D4]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = world.accept();
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  world.turn();
  CHECK(world.queried(id) == Status::kUncertain);
  world.receipt(kOpA, "4711", Status::kDelivered);  // an id that we were never given; numbers and time tell
  world.turn();
  CHECK(world.told_one().id == id);
  world.advance(minutes{5});
  CHECK(world.sent.empty());
  CHECK(world.metric("aldis_receipts_matched_total{how=fallback}") == 1);
}

TEST_CASE("a receipt that was parked settles a part that comes into doubt later", "[D4][H2]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = world.accept();
  const auto sent = world.sent_one();
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.turn();
  world.advance(minutes{1});
  world.answer(sent, OutcomeClass::kUnanswered);
  world.turn();
  CHECK(world.told.empty());  // others may come into doubt as well: only the end of the hold tells
  world.advance(seconds{16});
  CHECK(world.told_one().id == id);
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
  world.advance(minutes{5});
  CHECK(world.sent.empty());
}

TEST_CASE("a parked receipt that fits two doubtful parts is nobody's", "[D4]") {
  Gateway gateway;
  World& world = gateway.world;
  world.accept();
  world.accept();
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.turn();
  world.take_sent();
  // both come into doubt, one after the other: the first must not take what may be the second's
  world.down();
  world.up();
  world.advance(seconds{20});
  CHECK(world.told.empty());
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  CHECK(world.sent.size() == 2);
}

TEST_CASE("an early receipt of a part on its way is not given to one in doubt with the same numbers",
          "[D4][H2]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto doubtful = world.accept();
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  world.turn();
  const auto second = world.accept();
  const auto sent = world.sent_one();
  world.receipt(kOpA, "88", Status::kDelivered);  // before the response that would say whose 88 is
  world.turn();
  CHECK(world.told.empty());
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  world.ok(sent, "88");
  world.turn();
  CHECK(world.told_one().id == second);
  CHECK(world.queried(doubtful) == Status::kUncertain);
  // and once it has its own id, it is no rival any more
  world.receipt(kOpA, "99", Status::kUndeliverable);
  world.turn();
  CHECK(world.told_one().id == doubtful);
}

TEST_CASE("a receipt of a part on its way is not taken for that of a sibling that came into doubt",
          "[D4][H36]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = world.accept({.body = std::string(200, 'x')});
  const auto parts = world.take_sent();
  REQUIRE(parts.size() == 2);
  world.answer(parts[0], OutcomeClass::kUnanswered);
  world.turn();
  const auto receipt = world.receipt(kOpA, "78", Status::kDelivered);  // of the second one
  world.turn();
  CHECK(world.acknowledged(receipt));
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  world.ok(parts[1], "78");
  world.turn();
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
  CHECK(world.queried(id) == Status::kUncertain);  // the first one is still in doubt
}

TEST_CASE("a receipt of a first attempt whose part is settled is not taken for a sibling's", "[D4][H36]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = world.accept({.body = std::string(200, 'x')});
  for (const auto& part : world.take_sent()) { world.answer(part, OutcomeClass::kUnanswered); }
  world.turn();
  world.advance(seconds{16});
  const auto again = world.take_sent();
  REQUIRE(again.size() == 2);
  world.ok(again[1], "79");
  world.turn();
  world.receipt(kOpA, "79", Status::kDelivered);
  world.turn();
  if (GENERATE(false, true)) {
    world.restart();
    world.bind();
  }
  const auto first = world.receipt(kOpA, "78", Status::kDelivered);  // may be of either part
  world.turn();
  CHECK(world.acknowledged(first));
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  CHECK_FALSE(is_final(world.queried(id)));
}

TEST_CASE("a part in doubt that is sent again may still be meant by a receipt from before", "[D4][H36]") {
  Gateway gateway;
  World& world = gateway.world;
  for (int i = 0; i < 2; ++i) {
    world.accept();
    world.answer(world.sent_one(), OutcomeClass::kUnanswered);
    world.turn();
  }
  world.advance(seconds{5});
  const auto third = world.accept();
  const auto sent = world.sent_one();
  world.advance(seconds{5});
  world.receipt(kOpA, "77", Status::kDelivered);  // of any of the three
  world.turn();
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  world.advance(seconds{6});
  // the first two again: 77 is not of these attempts, but may be of theirs before
  CHECK(world.take_sent().size() == 2);
  world.answer(sent, OutcomeClass::kUnanswered);
  world.turn();
  if (GENERATE(false, true)) {
    world.restart();
    world.bind();
    world.up();
    world.turn();
  }
  world.advance(seconds{20});
  CHECK_FALSE(is_final(world.queried(third)));
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
}

TEST_CASE("a receipt that tells the id of a doubtful part brings those parked under it", "[D4][H2]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = world.accept();
  world.take_sent();
  world.receipt(kOpA, "77", Status::kUndeliverable);
  world.turn();
  world.down();
  world.up();
  world.receipt(kOpA, "77", Status::kSent);  // in the hold
  world.turn();
  CHECK(world.queried(id) == Status::kUndeliverable);
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
}

TEST_CASE("an ENROUTE proves that the operator has a doubtful part", "[D4]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = world.accept();
  world.answer(world.sent_one(), OutcomeClass::kLost);
  world.turn();
  world.receipt(kOpA, "4711", Status::kSent);
  world.turn();
  CHECK(world.queried(id) == Status::kSent);
  world.advance(minutes{5});
  CHECK(world.sent.empty());
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("a receipt of the first attempt ends a resend that is on the wire, and the place is given back",
          "[D4][D3]") {
  Gateway gateway;
  World& world = gateway.world;
  world.up(kLinkB, 1, 1);  // one place only
  const auto id = world.accept({.to = {kNumberB}});
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  world.turn();
  world.advance(seconds{16});
  const auto again = world.sent_one();
  CHECK(again.attempt == 2);
  CHECK(again.uncertain);
  world.receipt(kOpB, "4711", Status::kDelivered, {.to = kNumberB});
  world.turn();
  const auto told = world.told_one();
  CHECK(told.id == id);
  world.acknowledge(told);
  world.turn();
  CHECK(world.engine->messages_live() == 0);
  world.ok(again, "4712");
  world.turn();
  world.accept({.to = {kNumberB}});  // the place is free again although nobody knew the message any more
  CHECK(world.sent.size() == 1);
}

TEST_CASE("validity and grace end without a receipt: UNKNOWN", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = at_operator(world, "77");
  world.advance(hours{48 + 23});
  CHECK(world.told.empty());
  world.advance(hours{2});
  const auto told = world.told_one();
  CHECK(told.id == id);
  CHECK(told.status == Status::kUnknown);
  CHECK(told.err == "909");
}

TEST_CASE("an OK without an id ends as no_operator_id unless numbers and time find it", "[H7]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto first = at_operator(world, "");
  world.receipt(kOpA, "99", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().id == first);
  at_operator(world, "");
  world.advance(hours{73});
  CHECK(world.told_one().status == Status::kUnknown);
}

TEST_CASE("a receipt that came before an OK without an id is found by numbers and time", "[H2][H7]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = world.accept();
  const auto sent = world.sent_one();
  world.receipt(kOpA, "99", Status::kDelivered);
  world.turn();
  world.ok(sent, "");
  world.turn();
  CHECK(world.told_one().id == id);
}

TEST_CASE("the network's verdict replaces our own UNKNOWN once, and both are told in their order",
          "[D6][H6]") {
  Gateway gateway;
  World& world = gateway.world;
  at_operator(world, "77");
  world.advance(hours{73});
  CHECK(world.take_told().size() == 1);  // in work, not acknowledged: the late one waits behind it
  world.receipt(kOpA, "77", Status::kDelivered);
  world.receipt(kOpA, "77", Status::kUndeliverable);
  world.turn();
  CHECK(world.told.empty());
  world.restart();
  world.bind();
  const auto first = world.told_one();
  CHECK(first.status == Status::kUnknown);
  world.acknowledge(first);
  world.turn();
  const auto second = world.told_one();
  CHECK(second.status == Status::kDelivered);
  world.acknowledge(second);
  world.turn();
  CHECK(world.engine->messages_live() == 0);
  CHECK(world.metric("aldis_messages_final_total{status=delivered}") == 1);
}

TEST_CASE("a late verdict is still accepted after a restart", "[D6][H6]") {
  Gateway gateway;
  World& world = gateway.world;
  at_operator(world, "77");
  world.advance(hours{73});
  world.acknowledge(world.told_one());
  world.turn();
  world.restart();
  world.bind();
  CHECK(world.engine->messages_live() == 1);
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("after late_window the message is let go, and its receipt is an orphan", "[D6][H6]") {
  Gateway gateway;
  World& world = gateway.world;
  at_operator(world, "77");
  world.advance(hours{73});
  world.acknowledge(world.told_one());
  world.turn();
  world.advance(hours{7 * 24} - minutes{61});
  CHECK(world.engine->messages_live() == 1);
  world.advance(minutes{2});
  CHECK(world.engine->messages_live() == 0);
  const auto receipt = world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.acknowledged(receipt));
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  CHECK(world.told.empty());
}

TEST_CASE("orphans are kept for orphan_retention", "[D5]") {
  Gateway gateway;
  World& world = gateway.world;
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.turn();
  world.restart();
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  world.advance(hours{73});
  world.turn();
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
  world.restart();
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
}

TEST_CASE("what a customer does not acknowledge is told again, also to another session", "[D7]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto id = at_operator(world, "77");
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  world.acknowledge(world.told_one(), 0x08);
  world.turn();
  world.advance(seconds{6});
  CHECK(world.told_one().id == id);
  world.unbind();
  world.bind(SessionId{12});
  world.advance(seconds{11});
  const auto told = world.told_one();
  CHECK(told.session == SessionId{12});
  world.acknowledge(told);
  world.turn();
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("a receipt that nobody takes becomes a dead letter after its retention, and its message goes",
          "[D7]") {
  Gateway gateway;
  World& world = gateway.world;
  at_operator(world, "77");
  world.unbind();
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  world.advance(hours{71});
  CHECK(world.engine->messages_live() == 1);
  world.advance(hours{2});
  CHECK(world.engine->messages_live() == 0);
  CHECK(world.metric("aldis_dead_letters_total{via=smpp}") == 1);
}

}  // namespace
}  // namespace aldis::engine

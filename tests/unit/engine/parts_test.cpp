// SPDX-License-Identifier: Apache-2.0
// Messages of several parts, and submit_multi (SMPP 4.2, 6.6).
#include <algorithm>

#include "world.hpp"

namespace aldis::engine {
namespace {

struct Gateway {
  World world;
  Settings& settings = world.settings;
  void open(std::uint16_t window = 50, std::uint16_t lease_max = 100) {
    world.start();
    world.bind();
    world.up(kLinkA, window, lease_max);
  }
};

Asked long_text(std::size_t parts) { return {.body = std::string(153 * parts, 'x')}; }

std::string id_of(const Sent& sent) { return "7" + std::to_string(sent.part.part); }

TEST_CASE("a long text goes out in parts, adjacent and in order; delivered when all are", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept(long_text(3));
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 3);
  for (std::uint16_t i = 0; i < 3; ++i) {
    CHECK(sent[i].part == PartRef{id, i});
    world.ok(sent[i], id_of(sent[i]));
  }
  world.turn();
  world.receipt(kOpA, "71", Status::kDelivered);
  world.receipt(kOpA, "70", Status::kDelivered);
  world.turn();
  CHECK(world.told.empty());
  world.receipt(kOpA, "72", Status::kDelivered);
  world.turn();
  const auto told = world.told_one();
  CHECK(told.status == Status::kDelivered);
  CHECK(told.parts_delivered == 3);
  world.acknowledge(told);
  world.turn();
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("of several ends the worst is told, with its code, and the parts that were delivered are counted",
          "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept(long_text(3));
  for (const auto& one : world.take_sent()) { world.ok(one, id_of(one)); }
  world.receipt(kOpA, "70", Status::kDelivered);
  world.receipt(kOpA, "71", Status::kExpired, {.err = "007"});
  world.receipt(kOpA, "72", Status::kUndeliverable, {.err = "034"});
  world.turn();
  const auto told = world.told_one();
  CHECK(told.status == Status::kUndeliverable);
  CHECK(told.err == "034");
  CHECK(told.parts_delivered == 1);
}

TEST_CASE("one part is refused for good: siblings that wait are not sent, sent ones are awaited", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.operators[0].throttle = {.per_second = 1, .burst = 2, .per_second_min = 1};
  gateway.open();
  world.accept(long_text(4));
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 2);
  world.ok(sent[0], "70");
  world.answer(sent[1], OutcomeClass::kPermanent, "11");
  world.turn();
  world.advance(minutes{1});
  CHECK(world.sent.empty());
  CHECK(world.told.empty());
  const bool crash = GENERATE(false, true);
  if (crash) {
    world.restart();
    world.bind();
    world.up();
    world.advance(minutes{1});
    CHECK(world.sent.empty());
  }
  world.receipt(kOpA, "70", Status::kDelivered);
  world.turn();
  const auto told = world.told_one();
  CHECK(told.status == Status::kRejected);
  CHECK(told.err == "11");
  CHECK(told.parts_delivered == 1);
}

TEST_CASE("a part that comes back unsent after a sibling was refused is not sent again", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  const auto outcome = GENERATE(OutcomeClass::kThrottle, OutcomeClass::kNotSent, OutcomeClass::kTemporary);
  gateway.open();
  world.accept(long_text(2));
  const auto sent = world.take_sent();
  world.answer(sent[0], OutcomeClass::kPermanent, "11");
  world.answer(sent[1], outcome);
  world.turn();
  world.advance(minutes{1});
  CHECK(world.sent.empty());
  CHECK(world.told_one().status == Status::kRejected);
}

TEST_CASE("a part in doubt is not sent again after a sibling was refused; its hold ends the message",
          "[D2][D3][H36]") {
  Gateway gateway;
  World& world = gateway.world;
  const bool doubt_first = GENERATE(false, true);
  gateway.open();
  world.accept(long_text(2));
  const auto sent = world.take_sent();
  if (doubt_first) { world.answer(sent[0], OutcomeClass::kUnanswered); }
  world.answer(sent[1], OutcomeClass::kPermanent, "11");
  if (!doubt_first) { world.answer(sent[0], OutcomeClass::kUnanswered); }
  world.turn();
  world.advance(seconds{14});
  CHECK(world.told.empty());
  world.advance(seconds{2});
  CHECK(world.told_one().status == Status::kRejected);
  world.advance(hours{48});
  CHECK(world.sent.empty());
}

TEST_CASE("one part in doubt among sent ones is sent again alone", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept(long_text(3));
  const auto sent = world.take_sent();
  world.ok(sent[0], "70");
  world.answer(sent[1], OutcomeClass::kUnanswered);
  world.ok(sent[2], "72");
  world.turn();
  CHECK(world.queried(id) == Status::kUncertain);
  world.advance(seconds{16});
  const auto again = world.sent_one();
  CHECK(again.part.part == 1);
  CHECK(again.uncertain);
  world.ok(again, "71");
  world.turn();
  CHECK(world.queried(id) == Status::kSent);
}

TEST_CASE("a receipt settles the part in doubt while its siblings wait for theirs, and nothing gets stuck",
          "[D4]") {
  Gateway gateway;
  World& world = gateway.world;
  const int moment = GENERATE(0, 1, 2);  // in the hold; queued for the resend; resend on the wire
  gateway.open(2, 2);
  const auto id = world.accept(long_text(2));
  const auto sent = world.take_sent();
  world.ok(sent[0], "70");
  world.answer(sent[1], OutcomeClass::kUnanswered);
  world.turn();
  if (moment == 1) {
    world.accept({.to = {"447700900002"}});
    world.accept({.to = {"447700900003"}});  // no place is left for the resend
  }
  if (moment > 0) { world.advance(seconds{16}); }
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.turn();
  CHECK(world.queried(id) == Status::kSent);
  world.receipt(kOpA, "70", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("at_most_once: a part in doubt ends UNKNOWN, the others are still awaited", "[D2][D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.accounts[0].at_most_once = true;
  gateway.open();
  world.accept(long_text(2));
  const auto sent = world.take_sent();
  world.ok(sent[0], "70");
  world.answer(sent[1], OutcomeClass::kUnanswered);
  world.turn();
  world.advance(seconds{20});
  CHECK(world.told.empty());
  const bool crash = GENERATE(false, true);
  if (crash) {
    world.restart();
    world.bind();
    world.up();
    world.advance(seconds{20});
    CHECK(world.told.empty());
  }
  world.receipt(kOpA, "70", Status::kDelivered);
  world.turn();
  const auto told = world.told_one();
  CHECK(told.status == Status::kUnknown);
  CHECK(told.err == "908");
  CHECK(told.parts_delivered == 1);
}

TEST_CASE("open at the deadline: what the parts add up to is told, not UNKNOWN alone", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept(long_text(2));
  const auto sent = world.take_sent();
  world.ok(sent[0], "70");
  world.ok(sent[1], "71");
  world.receipt(kOpA, "70", Status::kRejected, {.err = "044"});
  world.turn();
  world.advance(hours{73});
  const auto told = world.told_one();
  CHECK(told.status == Status::kRejected);
  CHECK(told.err == "044");
}

TEST_CASE("parts that all fail move to the next candidate together, or stay together", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.up(kLinkB);
  world.accept(long_text(2));
  for (int i = 0; i < 2; ++i) {
    for (const auto& one : world.take_sent()) {
      CHECK(one.link == kLinkA);
      world.answer(one, OutcomeClass::kTemporary);
    }
    world.turn();
    world.advance(minutes{1});
  }
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].link == kLinkB);
  CHECK(sent[1].link == kLinkB);
}

TEST_CASE("with one part sent the others stay with its operator", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.up(kLinkB);
  world.accept(long_text(2));
  const auto sent = world.take_sent();
  world.ok(sent[0], "70");
  world.answer(sent[1], OutcomeClass::kTemporary);
  world.turn();
  for (int i = 0; i < 5; ++i) {
    world.advance(minutes{20});
    const auto again = world.sent_one();
    CHECK(again.link == kLinkA);
    CHECK(again.part.part == 1);
    world.answer(again, OutcomeClass::kTemporary);
    world.turn();
  }
}

TEST_CASE("a text that goes out part by part expires with what is left, however its first part did",
          "[D2][D13]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.operators[0].throttle = {.per_second = 0.01, .burst = 1, .per_second_min = 0.01};
  gateway.open();
  auto asked = long_text(3);
  asked.validity = {.at = {}, .in = seconds{30}};
  world.accept(asked);
  const auto sent = world.sent_one();
  world.advance(seconds{40});
  world.ok(sent, "70");
  world.turn();
  CHECK(world.told_one().status == Status::kExpired);
  world.advance(minutes{5});
  CHECK(world.sent.empty());
}

TEST_CASE("the rest of an expired text is not leased again and again while a part of it is on the wire",
          "[D13]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(1, 2);
  auto asked = long_text(4);
  asked.validity = {.at = {}, .in = seconds{3} + milliseconds{1}};  // between two ticks of the timers
  world.accept(asked);
  const auto sent = world.sent_one();  // another is leased and waits for the window, two are in the lane
  world.advance(seconds{3} + milliseconds{2});
  world.credit(kLinkA, 5);
  world.turn();
  CHECK(world.sent.empty());
  world.ok(sent, "70");
  world.turn();
  CHECK(world.told_one().status == Status::kExpired);
  CHECK(world.sent.empty());
}

TEST_CASE("places for parts: a long text may be leased in two steps, and each is counted", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(2, 2);
  world.accept(long_text(5));
  std::size_t parts = 0;
  while (!world.sent.empty()) {
    const auto sent = world.take_sent();
    CHECK(sent.size() <= 2);
    parts += sent.size();
    for (const auto& one : sent) { world.ok(one, id_of(one)); }
    world.turn();
  }
  CHECK(parts == 5);
  CHECK(world.metric("aldis_messages_pending{state=awaiting_receipt}") == 1);
}

TEST_CASE("a crash in the middle of a long text: sent parts are sent, leased ones in doubt, the rest goes on",
          "[D3][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(2, 2);
  const auto id = world.accept(long_text(4));
  auto sent = world.take_sent();
  world.ok(sent[0], "70");
  world.ok(sent[1], "71");
  world.turn();
  CHECK(world.take_sent().size() == 2);
  world.restart();
  world.bind();
  world.up();
  CHECK(world.sent.empty());
  world.advance(seconds{20});
  sent = world.take_sent();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].part == PartRef{id, 2});
  CHECK(sent[0].uncertain);
  for (const auto& one : sent) { world.ok(one, id_of(one)); }
  for (const char* part : {"70", "71", "72", "73"}) { world.receipt(kOpA, part, Status::kDelivered); }
  world.turn();
  CHECK(world.told_one().parts_delivered == 4);
}

// --- submit_multi ---

Asked to_many(std::vector<std::string> to) {
  Asked asked;
  asked.to = std::move(to);
  asked.multi = true;
  return asked;
}

TEST_CASE("submit_multi: one id, one message per number, equal numbers once", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept(to_many({"447700900001", "447700900002", "447700900001", "447700900003"}));
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) { world.ok(sent[i], "8" + std::to_string(i)); }
  world.turn();
  world.receipt(kOpA, "81", Status::kDelivered, {.to = "447700900002"});
  world.turn();
  const auto told = world.told_one();
  CHECK(told.public_id == id);
  CHECK(told.to == "447700900002");
  CHECK(world.queried(id) == Status::kSent);  // the least advanced
  world.acknowledge(told);
  world.receipt(kOpA, "80", Status::kDelivered);
  world.receipt(kOpA, "82", Status::kDelivered, {.to = "447700900003"});
  world.turn();
  for (const auto& one : world.take_told()) {
    CHECK(one.public_id == id);
    world.acknowledge(one);
  }
  world.turn();
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("submit_multi: numbers that are refused are listed, the others are accepted", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.accounts[0].destinations.deny = {"4477009009"};
  gateway.open();
  const auto sequence = world.submit(to_many({"447700900001", "447700900901", "12x", "447700900002"}));
  world.turn();
  const auto* answer = world.submit_answer(sequence);
  REQUIRE(answer != nullptr);
  CHECK_FALSE(answer->refusal);
  REQUIRE(answer->refused.size() == 2);
  CHECK(answer->refused[0].refusal == Refusal::kDestinationBlocked);
  CHECK(answer->refused[0].destination.digits == "447700900901");
  CHECK(answer->refused[1].refusal == Refusal::kBadDestination);
  CHECK(world.sent.size() == 2);
}

TEST_CASE("submit_multi: all refused for one reason is refused with it; a full queue refuses the whole",
          "[D10]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.accounts[0].queue_max = 2;
  gateway.open(0, 0);
  const auto bad = world.submit(to_many({"12x", "13y"}));
  CHECK(world.refusal(bad) == Refusal::kBadDestination);
  const auto many = world.submit(to_many({"447700900001", "447700900002", "447700900003"}));
  CHECK(world.refusal(many) == Refusal::kQueueFull);
  CHECK(world.engine->messages_live() == 0);
  world.accept(to_many({"447700900001", "447700900002"}));
}

TEST_CASE("submit_multi: a cancel with a number ends that one, without a number all that still wait",
          "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  const bool crash = GENERATE(false, true);
  gateway.open(0, 0);
  const auto id = world.accept(to_many({"447700900001", "447700900002", "447700900003"}));
  if (crash) {
    world.restart();
    world.bind();
  }
  const auto one = world.cancel(id, kAcme, "447700900002");
  world.turn();
  CHECK_FALSE(world.refusal(one));
  const auto told = world.told_one();
  CHECK(told.to == "447700900002");
  CHECK(told.status == Status::kDeleted);
  world.acknowledge(told);
  const auto rest = world.cancel(id);
  world.turn();
  CHECK_FALSE(world.refusal(rest));
  for (const auto& each : world.take_told()) { world.acknowledge(each); }
  world.turn();
  CHECK(world.engine->messages_live() == 0);
}

}  // namespace
}  // namespace aldis::engine

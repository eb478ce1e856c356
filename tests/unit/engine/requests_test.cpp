// SPDX-License-Identifier: Apache-2.0
// query_sm, cancel_sm, replace_sm and replace_if_present (SMPP 4.1, 4.3).
#include "world.hpp"

namespace aldis::engine {
namespace {

struct Gateway {
  World world;
  void open() {
    world.start();
    world.bind();
    world.up();
  }
};

TEST_CASE("a query tells each state, and another account's message from no message at all it does not",
          "[D15]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  const auto id = world.accept({.registered = 0x11});
  CHECK(world.queried(id) == Status::kQueued);
  const auto foreign = world.query(id, kBeta);
  CHECK(world.refusal(foreign) == Refusal::kNoSuchMessage);
  world.up();
  CHECK(world.queried(id) == Status::kSending);
  world.ok(world.sent_one(), "77");
  world.turn();
  CHECK(world.queried(id) == Status::kSent);
  world.receipt(kOpA, "77", Status::kSent, {.accepted_word = true});
  auto sequence = world.query(id);
  world.turn();
  CHECK(std::get<AnswerQuery>(world.answers.at(sequence)).operator_accepted);
  world.advance(minutes{1});
  const auto delivered_at = world.now.wall;
  world.receipt(kOpA, "77", Status::kUndeliverable, {.err = "034"});
  world.turn();
  world.advance(minutes{1});
  sequence = world.query(id);
  world.turn();
  const auto& answer = std::get<AnswerQuery>(world.answers.at(sequence));
  CHECK(answer.status == Status::kUndeliverable);
  CHECK(answer.final_at == delivered_at);
  CHECK(answer.error_code == 34);
}

TEST_CASE("what became of a message can be asked after its receipt was taken", "[D6]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept({.registered = 1});
  world.ok(world.sent_one(), "77");
  world.turn();
  world.receipt(kOpA, "77", Status::kUndeliverable, {.err = "034"});
  world.turn();
  const auto delivered_at = world.now.wall;
  world.acknowledge(world.told_one());
  world.turn();
  CHECK(world.engine->messages_live() == 0);
  const auto sequence = world.query(id);
  world.turn();
  const auto& answer = std::get<AnswerQuery>(world.answers.at(sequence));
  CHECK_FALSE(answer.refusal);
  CHECK(answer.status == Status::kUndeliverable);
  CHECK(answer.error_code == 34);
  CHECK(answer.final_at == delivered_at);
  CHECK(world.refusal(world.query(id, kBeta)) == Refusal::kNoSuchMessage);
  CHECK(world.refusal(world.cancel(id)) == Refusal::kCancelFailed);
}

TEST_CASE("query_rate bounds what queries cost", "[D10]") {
  Gateway gateway;
  World& world = gateway.world;
  world.settings.accounts[0].smpp.query_rate = 2;
  world.start();
  const auto id = world.accept();
  world.query(id);
  world.query(id);
  CHECK(world.refusal(world.query(id)) == Refusal::kThrottled);
}

TEST_CASE("a cancel ends what waits, and only that", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  const auto queued = world.accept();
  const auto scheduled = world.accept({.schedule = {.at = {}, .in = hours{1}}});
  const auto kept = world.accept();
  world.cancel(queued);
  world.cancel(scheduled);
  CHECK(world.refusal(world.cancel(kept, kBeta)) == Refusal::kNoSuchMessage);
  world.turn();
  for (const auto& told : world.take_told()) {
    CHECK(told.status == Status::kDeleted);
    CHECK(told.err == "904");
    world.acknowledge(told);
  }
  world.up();
  CHECK(world.sent_one().part.message == kept);
  CHECK(world.refusal(world.cancel(kept)) == Refusal::kCancelFailed);  // on the wire
  world.advance(hours{2});
  CHECK(world.sent.empty());
}

TEST_CASE("what an operator may have cannot be canceled or replaced, although it waits for its resend",
          "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  world.up(kLinkA, 1, 1);
  const auto id = world.accept();
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  world.turn();
  world.accept({.to = {"447700900002"}});  // takes the only place
  world.advance(seconds{16});
  REQUIRE(world.queried(id) == Status::kQueued);
  CHECK(world.refusal(world.cancel(id)) == Refusal::kCancelFailed);
  CHECK(world.refusal(world.replace(id, "other")) == Refusal::kReplaceFailed);
  CHECK(world.refusal(world.cancel_all("447000", kNumber)) == Refusal::kCancelFailed);
}

TEST_CASE(
    "a cancel for one destination of a submit_multi never takes another, also when that one is left alone",
    "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept({.to = {"447700900001", "447700900002"}, .multi = true});
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 2);
  world.ok(sent[0], "77");
  world.answer(sent[1], OutcomeClass::kThrottle);
  world.turn();
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  world.acknowledge(world.told_one());
  world.turn();
  REQUIRE(world.engine->messages_live() == 1);
  CHECK(world.refusal(world.cancel(id, kAcme, "447700900001")) == Refusal::kCancelFailed);
  const auto canceled = world.cancel(id, kAcme, "+447700900002");
  world.turn();
  CHECK_FALSE(world.refusal(canceled));
  CHECK(world.told_one().status == Status::kDeleted);
}

TEST_CASE("a cancel by addresses ends all that wait for them", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  world.accept();
  world.accept();
  world.accept({.to = {"447700900002"}});
  world.accept({.account = kBeta});
  const auto sequence = world.cancel_all("447000", kNumber);
  world.turn();
  CHECK_FALSE(world.refusal(sequence));
  CHECK(world.take_told().size() == 2);
  world.up();
  CHECK(world.take_sent().size() == 2);
}

TEST_CASE(
    "a cancel by addresses of thousands goes in slices, spares what came after it, and answers at the end",
    "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  constexpr std::size_t kMany = 1000;
  for (std::size_t i = 0; i < kMany; ++i) { world.accept(); }
  REQUIRE(world.engine->messages_live() == kMany);
  const auto sequence = world.cancel_all("447000", kNumber);
  CHECK_FALSE(world.answered(sequence));
  CHECK(world.engine->next_deadline() <= world.now.mono);  // the next slice, at once
  CHECK_FALSE(world.engine->drained());
  world.accept();
  for (unsigned turns = 0; !world.answered(sequence); ++turns) {
    REQUIRE(turns < 100);
    world.turn();
  }
  CHECK_FALSE(world.refusal(sequence));
  CHECK(world.take_told().size() <= kMany);
  world.up();
  CHECK(world.take_sent().size() == 1);
}

TEST_CASE("messages that come and go after the first cancel by addresses are found by the next", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  CHECK(world.refusal(world.cancel_all("447000", kNumber)) == Refusal::kCancelFailed);
  world.accept();
  const auto sequence = world.cancel_all("447000", kNumber);
  world.turn();
  CHECK_FALSE(world.refusal(sequence));
  world.acknowledge(world.told_one());
  world.turn();
  CHECK(world.refusal(world.cancel_all("447000", kNumber)) == Refusal::kCancelFailed);
  world.accept();
  const auto again = world.cancel_all("447000", kNumber);
  world.turn();
  CHECK_FALSE(world.refusal(again));
}

TEST_CASE("a request and its cancel in one turn leave nothing behind", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto submit = world.submit({});
  world.cancel(make_message_id(1, world.journal->start().generation, 0));
  world.turn();
  CHECK_FALSE(world.refusal(submit));
  CHECK(world.sent.empty());
  const auto told = world.told_one();
  CHECK(told.status == Status::kDeleted);
  world.restart();
  world.bind();
  CHECK(world.told_one().status == Status::kDeleted);
}

TEST_CASE("a replaced text goes out instead of the old one, under the same id, over a restart", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  const auto id = world.accept();
  const auto sequence = world.replace(id, std::string(200, 'y'));
  world.turn();
  CHECK_FALSE(world.refusal(sequence));
  const bool crash = GENERATE(false, true);
  if (crash) { world.restart(); }
  world.up();
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].part.message == id);
  CHECK(sent[0].body.size() + sent[1].body.size() == 200);
}

TEST_CASE("a replace can put off what waits, and call up what was put off", "[D13]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  const auto id = world.accept();
  world.replace(id, "later", {.at = {}, .in = hours{1}});
  world.turn();
  CHECK(world.queried(id) == Status::kScheduled);
  const bool crash = GENERATE(false, true);
  if (crash) {
    world.restart();
    CHECK(world.queried(id) == Status::kScheduled);
  }
  world.up();
  CHECK(world.sent.empty());
  world.replace(id, "now", {.at = world.now.wall, .in = {}});
  world.turn();
  CHECK(world.sent_one().body == "now");
}

TEST_CASE("replace_if_present: the newest that waits gives way; what is on its way does not", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  const auto oldest = world.accept();
  const auto newest = world.accept();
  world.accept({.account = kBeta});
  const auto id = world.accept({.body = "new", .replace_if_present = true});
  const auto told = world.told_one();
  CHECK(told.id == newest);
  CHECK(told.status == Status::kDeleted);
  world.up();
  CHECK(world.take_sent().size() == 3);
  world.accept({.body = "newer", .replace_if_present = true});
  CHECK(world.told.empty());
  CHECK(world.queried(oldest) == Status::kSending);
  CHECK(world.queried(id) == Status::kSending);
}

TEST_CASE("replace_if_present looks at the newest of a pair, not at all that were ever sent to it", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  const auto later = TimeGiven{std::nullopt, hours{1}};
  const auto waits = world.accept({.body = "waits", .schedule = later});
  world.up();
  for (int i = 0; i < 300; ++i) {
    world.accept({.body = "sent"});
    for (const auto& sent : world.take_sent()) { world.ok(sent, std::to_string(i)); }
  }
  world.accept({.body = "new", .schedule = later, .replace_if_present = true});
  CHECK(world.queried(waits) == Status::kScheduled);  // behind too many
  const auto newest = world.accept({.body = "newest", .schedule = later, .replace_if_present = true});
  CHECK(world.queried(waits) == Status::kScheduled);
  CHECK(world.queried(newest) == Status::kScheduled);
  CHECK(world.engine->messages_live() > 300);
}

TEST_CASE("while a large index by addresses is built, a replace is told to come back, and then replaces",
          "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  for (int i = 0; i < 70; ++i) {
    for (int n = 0; n < 1000; ++n) {
      world.submit({.to = {"4477" + std::to_string(1'000'000 + 1000 * i + n)}});
    }
    world.turn();
  }
  REQUIRE(world.engine->messages_live() == 70'000);
  const auto waits = world.accept({.body = "old"});
  const auto first = world.submit({.body = "new", .replace_if_present = true});
  CHECK(world.refusal(first) == Refusal::kThrottled);
  CHECK(world.engine->next_deadline() <= world.now.mono);  // it goes on by itself
  world.turn();
  world.turn();
  const auto second = world.submit({.body = "new", .replace_if_present = true});
  world.turn();
  CHECK_FALSE(world.refusal(second));
  CHECK(world.queried(waits) == Status::kDeleted);
}

TEST_CASE("replace_if_present in the turn of what it replaces", "[D1][D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.submit({.body = "old"});
  world.submit({.body = "new", .replace_if_present = true});
  world.turn();
  CHECK(world.sent_one().body == "new");
  CHECK(world.told_one().status == Status::kDeleted);
  world.restart();
  CHECK(world.pending() == 1);
}

}  // namespace
}  // namespace aldis::engine

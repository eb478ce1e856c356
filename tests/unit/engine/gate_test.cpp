// SPDX-License-Identifier: Apache-2.0
// The promise gate (CONTRACT D1, D5): what tells the world that we have something waits for the disk;
// refusals do not.
#include "world.hpp"

namespace aldis::engine {
namespace {

// A message on its way when the disk stops answering.
struct Stalled {
  World world;
  MessageId id;
  Sent sent;
  Stalled() {
    world.start();
    world.bind();
    world.up();
    id = world.accept();
    sent = world.sent_one();
    world.ok(sent, "77");
    world.turn();
    world.answers.clear();
    world.syncs = false;
  }
};

TEST_CASE("a message is neither confirmed nor sent before it is durable", "[D1]") {
  World world;
  world.start();
  world.bind();
  world.up();
  world.syncs = false;
  const auto sequence = world.submit({});
  world.turn();
  world.advance(seconds{5});
  CHECK_FALSE(world.answered(sequence));
  CHECK(world.sent.empty());
  world.sync();
  CHECK_FALSE(world.refusal(sequence));
  CHECK(world.sent.size() == 1);
}

TEST_CASE("what a stalled disk held back leaves at the operator's rate, not at once", "[D1][I9]") {
  World world;
  world.settings.operators[0].throttle = {.per_second = 5, .burst = 1, .per_second_min = 1};
  world.start();
  world.bind();
  world.up();
  world.syncs = false;
  for (int i = 0; i < 60; ++i) { world.submit({}); }
  world.turn();
  world.advance(seconds{5});
  CHECK(world.sent.empty());
  world.syncs = true;
  world.sync();
  world.advance(seconds{1});
  const auto sent = world.take_sent().size();
  CHECK(sent >= 4);
  CHECK(sent <= 7);
}

TEST_CASE("what an earlier turn wrote does not vouch for what a later one promises", "[D1]") {
  World world;
  world.start();
  world.syncs = false;
  const auto first = world.submit({});
  world.turn();
  const auto second = world.submit({});
  world.turn();
  world.sync(1);
  CHECK(world.answered(first));
  CHECK_FALSE(world.answered(second));
  world.sync(1);
  CHECK(world.answered(second));
}

TEST_CASE("a refusal leaves at once, whatever the disk does", "[D1][D10]") {
  World world;
  world.start();
  world.syncs = false;
  const auto bad_number = world.submit({.to = {"12x"}});
  const auto no_message = world.query(MessageId{12345});
  const auto no_cancel = world.cancel(MessageId{12345});
  const auto no_replace = world.replace(MessageId{12345}, "other");
  const auto none_waiting = world.cancel_all("1", "2");
  CHECK(world.refusal(bad_number) == Refusal::kBadDestination);
  CHECK(world.refusal(no_message) == Refusal::kNoSuchMessage);
  CHECK(world.refusal(no_cancel) == Refusal::kNoSuchMessage);
  CHECK(world.refusal(no_replace) == Refusal::kNoSuchMessage);
  CHECK(world.refusal(none_waiting) == Refusal::kCancelFailed);
}

TEST_CASE("an operator's receipt is acknowledged, and the customer told, when both are durable", "[D5]") {
  Stalled stalled;
  World& world = stalled.world;
  const auto receipt = world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK_FALSE(world.acknowledged(receipt));
  CHECK(world.told.empty());
  world.sync();
  CHECK(world.acknowledged(receipt));
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("a receipt that names nothing is acknowledged when it is durable as an orphan", "[D5]") {
  Stalled stalled;
  World& world = stalled.world;
  const auto receipt = world.receipt(kOpA, "4711", Status::kDelivered);
  world.turn();
  CHECK_FALSE(world.acknowledged(receipt));
  world.sync();
  CHECK(world.acknowledged(receipt));
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
}

TEST_CASE("a repeated receipt writes nothing, and is acknowledged behind what the first one wrote",
          "[D5][H4]") {
  Stalled stalled;
  World& world = stalled.world;
  const auto first = world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  const auto second = world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK_FALSE(world.acknowledged(second));
  world.sync();
  CHECK(world.acknowledged(first));
  CHECK(world.acknowledged(second));
}

TEST_CASE("a message from a handset is acknowledged and handed on when it is durable", "[D5b]") {
  Stalled stalled;
  World& world = stalled.world;
  const auto routed = world.inbound(kOpA, "60700", "hi");
  const auto unroutable = world.inbound(kOpA, "60999", "hi");
  world.turn();
  CHECK_FALSE(world.acknowledged(routed));
  CHECK_FALSE(world.acknowledged(unroutable));
  CHECK(world.handed.empty());
  world.sync();
  CHECK(world.acknowledged(routed));
  CHECK(world.acknowledged(unroutable));
  REQUIRE(world.handed.size() == 1);
  CHECK(world.handed.front().body == "hi");
}

TEST_CASE("a query says only what would survive a crash", "[D1][D6]") {
  Stalled stalled;
  World& world = stalled.world;
  world.receipt(kOpA, "77", Status::kDelivered);
  const auto query = world.query(stalled.id);
  world.turn();
  CHECK_FALSE(world.answered(query));
  world.sync();
  CHECK(std::get<AnswerQuery>(world.answers.at(query)).status == Status::kDelivered);
}

TEST_CASE("a cancel and a replace are confirmed when they are durable", "[D1]") {
  World world;
  world.start();
  const auto first = world.accept();
  const auto second = world.accept();
  world.syncs = false;
  const auto cancel = world.cancel(first);
  const auto replace = world.replace(second, "other");
  world.turn();
  CHECK_FALSE(world.answered(cancel));
  CHECK_FALSE(world.answered(replace));
  world.sync();
  CHECK_FALSE(world.refusal(cancel));
  CHECK_FALSE(world.refusal(replace));
}

TEST_CASE("a stalled disk holds back each kind of promise for as long as it takes, and lets all go in order",
          "[D1]") {
  Stalled stalled;
  World& world = stalled.world;
  world.receipt(kOpA, "77", Status::kDelivered);
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.inbound(kOpA, "60700", "hi");
  world.submit({});
  world.query(stalled.id);
  world.cancel(stalled.id);  // refused at once: it is delivered
  const auto said = world.said();
  world.turn();
  world.advance(minutes{10});
  CHECK(world.said() == said);
  world.sync();
  CHECK(world.sent.size() == 1);
  CHECK(world.told.size() == 1);
  CHECK(world.handed.size() == 1);
  CHECK(world.acks.size() == 3);
  CHECK(world.answers.size() == 3);
}

TEST_CASE("an account that is ahead of its rate gets its answer late, and no sooner than durable",
          "[D1][D10]") {
  World world;
  world.settings.accounts[0].throttle = ThrottleSettings{.per_second = 10, .burst = 10};
  world.start();
  for (int i = 0; i < 10; ++i) { world.accept(); }
  const auto late = world.submit({});
  world.turn();
  CHECK_FALSE(world.answered(late));
  world.event(Drain{});
  CHECK_FALSE(world.engine->drained());  // its customer still waits for the answer
  world.advance(milliseconds{200});
  CHECK(world.answered(late));
  CHECK(world.engine->drained());
}

}  // namespace
}  // namespace aldis::engine

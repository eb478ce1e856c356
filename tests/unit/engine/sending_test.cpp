// SPDX-License-Identifier: Apache-2.0
// Lanes, leases, links, answers, retries and other candidates (DESIGN 7, 8; SMPP 5.3 to 5.5; CONTRACT D3,
// H3).
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
  MessageId accept(const Asked& asked = {}) { return world.accept(asked); }
};

std::vector<MessageId> ids(const std::vector<Sent>& sent) {
  std::vector<MessageId> out;
  for (const auto& one : sent) { out.push_back(one.part.message); }
  return out;
}

double leased(World& world) { return world.metric("aldis_messages_pending{state=leased}"); }

TEST_CASE("no more parts are leased than lease_max, and no more are on the wire than the window has",
          "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(2, 5);
  for (int i = 0; i < 20; ++i) { gateway.accept(); }
  CHECK(world.sent.size() == 2);
  CHECK(leased(world) == 5);
}

TEST_CASE("a lease place is returned when its result is durable, not before", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(5, 5);
  for (int i = 0; i < 10; ++i) { gateway.accept(); }
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 5);
  world.syncs = false;
  for (const auto& one : sent) { world.ok(one, "7" + std::to_string(one.part.message.value())); }
  world.turn();
  world.advance(seconds{1});
  CHECK(leased(world) == 0);
  CHECK(world.sent.empty());  // five results could be lost, so five more could be in doubt
  world.sync();
  CHECK(world.sent.size() == 5);
}

TEST_CASE("a new bind does not get places whose results are not durable", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(3, 3);
  for (int i = 0; i < 9; ++i) { gateway.accept(); }
  CHECK(world.take_sent().size() == 3);
  world.syncs = false;
  world.down();
  world.up(kLinkA, 3, 3);
  CHECK(leased(world) == 0);
  world.sync();
  CHECK(leased(world) == 3);
}

TEST_CASE("a link lost with parts at the gate: they go back to their lane, unflagged", "[H3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.syncs = false;
  for (int i = 0; i < 3; ++i) { world.submit({}); }
  world.turn();
  world.down();
  world.syncs = true;
  world.sync();
  CHECK(world.sent.empty());
  CHECK(world.metric("aldis_messages_pending{state=queued}") == 3);
  world.up();
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 3);
  CHECK(std::none_of(sent.begin(), sent.end(), [](const Sent& s) { return s.uncertain || s.attempt > 1; }));
}

TEST_CASE("a link lost with parts ready for it: they go back in their order, unflagged", "[H3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(0, 10);
  std::vector<MessageId> order;
  for (int i = 0; i < 20; ++i) { order.push_back(gateway.accept()); }
  CHECK(leased(world) == 10);
  world.down();
  CHECK(leased(world) == 0);
  world.up();
  const auto sent = world.take_sent();
  CHECK(ids(sent) == order);
  CHECK(std::none_of(sent.begin(), sent.end(), [](const Sent& s) { return s.uncertain || s.attempt > 1; }));
}

TEST_CASE("a link lost with parts handed over: whole ones are uncertain, others go back", "[H3][D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto whole = gateway.accept();
  const auto in_part = gateway.accept();
  const auto sent = world.take_sent();
  world.answer(sent[1], OutcomeClass::kNotSent);  // egress says of each what became of it
  world.down(kLinkA, OutcomeClass::kLost);
  CHECK(world.queried(whole) == Status::kUncertain);
  CHECK(world.queried(in_part) == Status::kQueued);
  world.up();
  CHECK_FALSE(world.sent_one().uncertain);
  world.advance(seconds{16});
  const auto again = world.sent_one();
  CHECK(again.part.message == whole);
  CHECK(again.uncertain);
}

TEST_CASE("a part that finds its link gone in the very turn goes back and is sent later", "[H3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.syncs = false;
  world.submit({});
  world.turn();
  world.link_gone_unnoticed(kLinkA);  // egress knows, the engine does not yet: it is told inside the effect
  world.sync();
  world.syncs = true;
  CHECK(world.sent.empty());
  CHECK(world.metric("aldis_messages_pending{state=queued}") + leased(world) == 1);
  world.down();
  world.up();
  CHECK(world.sent_one().attempt == 1);
}

TEST_CASE("a throttled part keeps its turn at the head of the lane, and its attempt does not count", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(1, 1);
  const auto first = gateway.accept();
  const auto second = gateway.accept();
  for (int i = 0; i < 20; ++i) {
    const auto sent = world.sent_one();
    REQUIRE(sent.part.message == first);
    CHECK(sent.attempt == 1);
    world.answer(sent, OutcomeClass::kThrottle);
    world.turn();
    CHECK(world.sent.empty());  // the link is silent for about 250 ms
    world.advance(seconds{2});
  }
  world.ok(world.sent_one(), "77");
  world.turn();
  world.advance(seconds{2});
  CHECK(world.sent_one().part.message == second);
}

TEST_CASE("temporary errors are tried again after 5 s, 15 s, 1 min and so on, ten times in all", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.routes[0].candidates.pop_back();
  gateway.open();
  const auto id = gateway.accept();
  std::uint16_t attempts = 0;
  while (!world.sent.empty()) {
    const auto sent = world.sent_one();
    CHECK(sent.attempt == ++attempts);
    CHECK_FALSE(sent.uncertain);
    world.answer(sent, OutcomeClass::kTemporary, "045");
    world.turn();
    CHECK(world.sent.empty());
    world.advance(minutes{20});
  }
  CHECK(attempts == 10);
  const auto told = world.told_one();
  CHECK(told.id == id);
  CHECK(told.status == Status::kUndeliverable);
  CHECK(told.err == "045");
}

TEST_CASE("from the third attempt on another candidate may take a message with temporary errors", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.up(kLinkB);
  gateway.accept();
  std::vector<LinkId> links;
  while (!world.sent.empty()) {
    const auto sent = world.sent_one();
    links.push_back(sent.link);
    world.answer(sent, OutcomeClass::kTemporary);
    world.turn();
    world.advance(minutes{20});
  }
  REQUIRE(links.size() == 10);
  CHECK(std::count(links.begin(), links.end(), kLinkA) == 2);
  CHECK(links[1] == kLinkA);
  CHECK(links[2] == kLinkB);
  CHECK(world.told_one().status == Status::kUndeliverable);
}

TEST_CASE("mixed errors: three attempts, then refused for good", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept();
  for (int i = 0; i < 3; ++i) {
    world.answer(world.sent_one(), OutcomeClass::kMixed);
    world.turn();
    world.advance(seconds{31});
  }
  const auto told = world.told_one();
  CHECK(told.status == Status::kRejected);
  CHECK(told.err == "903");
}

TEST_CASE("a permanent error ends it at once, with the operator's code if there is one", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.up(kLinkB);
  const auto id = gateway.accept();
  world.answer(world.sent_one(), OutcomeClass::kPermanent, "11");
  world.turn();
  const auto told = world.told_one();
  CHECK(told.id == id);
  CHECK(told.status == Status::kRejected);
  CHECK(told.err == "11");
  CHECK(world.sent.empty());
}

TEST_CASE("failover_permanent: the next candidate first, and the refusal stands when none is left", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.operators[0].failover_permanent = true;
  gateway.settings.operators[1].failover_permanent = true;
  gateway.open();
  world.up(kLinkB);
  gateway.accept();
  world.answer(world.sent_one(), OutcomeClass::kPermanent, "11");
  world.turn();
  const auto second = world.sent_one();
  CHECK(second.link == kLinkB);
  world.answer(second, OutcomeClass::kPermanent, "12");
  world.turn();
  const auto told = world.told_one();
  CHECK(told.status == Status::kRejected);
  CHECK(told.err == "12");
}

TEST_CASE("what one operator may have is no other candidate's, although its resend is refused", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.operators[0].failover_permanent = true;
  gateway.open();
  world.up(kLinkB);
  gateway.accept();
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  world.turn();
  world.advance(seconds{16});
  const auto again = world.sent_one();
  CHECK(again.uncertain);
  world.answer(again, OutcomeClass::kPermanent, "11");
  world.turn();
  world.advance(minutes{1});
  world.nothing_sent();
  CHECK(world.told_one().status == Status::kRejected);
}

TEST_CASE("an operator goes down: what it has not had goes to the next candidate, what is in doubt stays",
          "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(2, 4);
  world.up(kLinkB);
  for (int i = 0; i < 10; ++i) { gateway.accept(); }
  CHECK(world.take_sent().size() == 2);
  world.down();
  world.advance(milliseconds{50});
  const auto sent = world.take_sent();
  CHECK(sent.size() == 8);
  CHECK(std::all_of(sent.begin(), sent.end(),
                    [](const Sent& s) { return s.link == kLinkB && s.attempt == 1; }));
  world.up();
  world.advance(seconds{20});
  const auto again = world.take_sent();
  CHECK(again.size() == 2);
  CHECK(
      std::all_of(again.begin(), again.end(), [](const Sent& s) { return s.link == kLinkA && s.uncertain; }));
}

TEST_CASE("with all operators down messages wait, and leave when one comes up", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  for (int i = 0; i < 5; ++i) { gateway.accept(); }
  world.advance(minutes{1});
  CHECK(world.sent.empty());
  world.up(kLinkB);
  world.advance(milliseconds{50});
  CHECK(world.take_sent().size() == 5);
}

TEST_CASE("no response in time: uncertain, and sent again after the hold, flagged", "[D3][D4]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = gateway.accept();
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  world.turn();
  CHECK(world.queried(id) == Status::kUncertain);
  world.advance(seconds{14});
  CHECK(world.sent.empty());
  world.advance(seconds{2});
  const auto again = world.sent_one();
  CHECK(again.attempt == 2);
  CHECK(again.uncertain);
  CHECK(world.metric("aldis_uncertain_total") == 1);
}

TEST_CASE("a late OK settles an uncertain part, in the hold and while it waits for its resend", "[D3][D4]") {
  Gateway gateway;
  World& world = gateway.world;
  const bool requeued = GENERATE(false, true);
  gateway.open(1, 1);
  const auto id = gateway.accept();
  const auto sent = world.sent_one();
  world.answer(sent, OutcomeClass::kUnanswered);
  world.turn();
  if (requeued) {
    gateway.accept();  // takes the only place
    world.advance(seconds{16});
    CHECK(world.queried(id) == Status::kQueued);
  }
  world.late(sent, OutcomeClass::kOk, "77");
  world.turn();
  CHECK(world.queried(id) == Status::kSent);
  world.take_sent();
  world.advance(minutes{10});
  CHECK(world.sent.empty());
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().id == id);
}

TEST_CASE("a late OK after the resend: the receipt of either attempt matches", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  const bool first = GENERATE(false, true);
  gateway.open();
  const auto id = gateway.accept();
  const auto sent = world.sent_one();
  world.answer(sent, OutcomeClass::kUnanswered);
  world.turn();
  world.advance(seconds{16});
  world.ok(world.sent_one(), "78");
  world.turn();
  world.late(sent, OutcomeClass::kOk, "77");
  world.turn();
  world.receipt(kOpA, first ? "77" : "78", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().id == id);
}

TEST_CASE("a late OK finds the receipt that was parked under its id, whatever became of the resend",
          "[D3][H2]") {
  Gateway gateway;
  World& world = gateway.world;
  const bool answered = GENERATE(false, true);
  gateway.settings.operators[0].match_address = false;
  gateway.open();
  const auto id = gateway.accept();
  const auto sent = world.sent_one();
  world.answer(sent, OutcomeClass::kUnanswered);
  world.turn();
  world.advance(seconds{16});
  const auto again = world.sent_one();
  if (answered) { world.ok(again, "78"); }
  world.turn();
  world.receipt(kOpA, "77", Status::kDelivered, {.to = "447700900999"});  // no help in its numbers
  world.turn();
  CHECK(world.told.empty());
  world.late(sent, OutcomeClass::kOk, "77");
  world.turn();
  CHECK(world.told_one().id == id);
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
}

TEST_CASE("a late OK while the resend is on the wire stands, although the resend is refused", "[D2][D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = gateway.accept();
  const auto sent = world.sent_one();
  world.answer(sent, OutcomeClass::kUnanswered);
  world.turn();
  world.advance(seconds{16});
  const auto again = world.sent_one();
  world.late(sent, OutcomeClass::kOk, "77");
  world.answer(again, OutcomeClass::kPermanent);  // the operator knows a duplicate when it sees one
  world.turn();
  CHECK(world.queried(id) == Status::kSent);
  world.restart();
  world.bind();
  world.up();
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("a late error settles a part in doubt: what was refused is not in doubt any more", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept();
  const auto sent = world.sent_one();
  world.answer(sent, OutcomeClass::kUnanswered);
  world.turn();
  world.late(sent, OutcomeClass::kMixed, "");
  world.turn();
  world.advance(seconds{31});
  const auto again = world.sent_one();
  CHECK_FALSE(again.uncertain);
  world.late(sent, OutcomeClass::kPermanent, "");  // and after a resend it is ignored
  world.turn();
  world.ok(again, "77");
  world.turn();
  CHECK(world.told.empty());
}

TEST_CASE("validity ends in the lane, in a retry, and while a part waits for a window: EXPIRED by us",
          "[D2][D13]") {
  Gateway gateway;
  World& world = gateway.world;
  const Asked brief{.validity = {.at = {}, .in = seconds{20}}};
  SECTION("in the lane") {
    world.start();
    world.bind();
    gateway.accept(brief);
  }
  SECTION("in a retry") {
    gateway.open();
    gateway.accept(brief);
    world.answer(world.sent_one(), OutcomeClass::kMixed);
    world.turn();
  }
  SECTION("leased, without a window") {
    gateway.open(0, 5);
    gateway.accept(brief);
  }
  SECTION("on the wire when it came back") {
    gateway.open(1, 1);
    gateway.accept(brief);
    const auto sent = world.sent_one();
    world.advance(seconds{25});
    CHECK(world.told.empty());
    world.answer(sent, OutcomeClass::kThrottle);
    world.turn();
  }
  world.advance(seconds{25});
  if (world.told.empty()) { world.credit(kLinkA, 5); }  // room again, too late
  world.turn();
  const auto told = world.told_one();
  CHECK(told.status == Status::kExpired);
  CHECK(told.err == "901");
  CHECK(world.sent.empty());
}

TEST_CASE("what is left of the validity goes out with each attempt", "[D13]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept({.validity = {.at = {}, .in = hours{1}}});
  CHECK(world.sent.front().validity_left == hours{1});
  world.answer(world.sent_one(), OutcomeClass::kMixed);
  world.turn();
  world.advance(seconds{30});
  CHECK(world.sent_one().validity_left == hours{1} - seconds{30});
}

TEST_CASE("a schedule is kept, and its operator chosen when it comes", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = gateway.accept({.schedule = {.at = {}, .in = hours{1}}});
  CHECK(world.queried(id) == Status::kScheduled);
  world.down();
  world.up(kLinkB);
  world.advance(minutes{59});
  CHECK(world.sent.empty());
  world.advance(minutes{2});
  CHECK(world.sent_one().link == kLinkB);
}

TEST_CASE("receivers do not keep the engine awake for work that they cannot do", "[D15]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.operators[0].binds_receiver = 1;
  gateway.open(1, 1);
  gateway.accept();
  gateway.accept();
  const auto& all = world.directory->links();
  const auto receiver = std::find_if(
      all.begin(), all.end(), [](const LinkInfo& link) { return link.bind_type == BindType::kReceiver; });
  REQUIRE(receiver != all.end());
  world.event(LinkBound{receiver->id, receiver->op, false, 10, 10});
  world.turn();
  world.advance(seconds{1});
  CHECK(world.sent.size() == 1);
  CHECK(world.engine->next_deadline() > world.now.mono + seconds{10});
}

}  // namespace
}  // namespace aldis::engine

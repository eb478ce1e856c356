// SPDX-License-Identifier: Apache-2.0
// The daemon dies at every step of a message's life (CONTRACT D1, D3, D4, H1, H2).
#include "world.hpp"

namespace aldis::engine {
namespace {

using Crash = World::Crash;

// A daemon that has just come back, with its customer and its operator.
void come_back(World& world, Crash crash = Crash::kLosesUnsynced) {
  world.restart(crash);
  world.bind();
  world.up();
}

struct Gateway {
  World world;
  void open() {
    world.start();
    world.bind();
    world.up();
  }
};

TEST_CASE("a crash before the message is durable: it never was, and nobody was told otherwise", "[D1][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.syncs = false;
  const auto sequence = world.submit({});
  world.turn();
  world.syncs = true;
  come_back(world);
  CHECK_FALSE(world.answered(sequence));
  CHECK(world.sent.empty());
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("a crash after the message is durable, before anybody was told: it is there, and counts as leased",
          "[D1][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.syncs = false;
  world.submit({});
  world.turn();
  world.syncs = true;
  come_back(world, Crash::kKeepsUnsynced);
  CHECK(world.engine->messages_live() == 1);
  CHECK(world.metric("aldis_messages_pending{state=uncertain}") == 1);
}

TEST_CASE("a crash after the lease of what had waited in its lane: uncertain, then sent again and flagged",
          "[D3][D4][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  world.accept();
  world.turn();
  world.up();
  world.turn();
  CHECK_FALSE(world.sent_one().uncertain);
  come_back(world);
  world.nothing_sent();
  CHECK(world.metric("aldis_messages_pending{state=uncertain}") == 1);
  world.advance(seconds{16});
  const auto again = world.sent_one();
  CHECK(again.uncertain);
  CHECK(again.attempt == 2);
}

TEST_CASE("a crash after acceptance without a lease: the message goes out, unflagged", "[D1][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.accept();
  come_back(world);
  const auto sent = world.sent_one();
  CHECK(sent.attempt == 1);
  CHECK_FALSE(sent.uncertain);
}

TEST_CASE("a crash between lease and result: uncertain, held, then sent again and flagged", "[D3][D4][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept();
  world.sent_one();
  come_back(world);
  CHECK(world.queried(id) == Status::kUncertain);
  world.advance(seconds{14});
  CHECK(world.sent.empty());
  world.advance(seconds{2});
  const auto again = world.sent_one();
  CHECK(again.attempt == 2);
  CHECK(again.uncertain);
  world.ok(again, "77");
  world.turn();
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().id == id);
  CHECK(world.metric("aldis_resends_total") == 1);
}

TEST_CASE("the flag of a resend outlives a second crash", "[D3][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept();
  world.sent_one();
  world.restart();
  world.up();
  world.advance(seconds{14});
  world.down();  // so that it is queued for its resend, and not leased
  world.restart();
  CHECK(world.metric("aldis_messages_pending{state=uncertain}") == 1);
  world.up(kLinkA, 1, 0);  // bound, no room to lease
  world.advance(seconds{20});
  CHECK(world.metric("aldis_messages_pending{state=queued}") == 1);
  world.restart();
  world.up();
  const auto again = world.sent_one();
  CHECK(again.attempt == 2);
  CHECK(again.uncertain);
}

TEST_CASE("the hold counts while a link of the operator is bound", "[D4]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept();
  world.sent_one();
  world.restart();
  world.advance(minutes{10});
  CHECK(world.sent.empty());
  world.up();
  world.advance(seconds{14});
  CHECK(world.sent.empty());
  world.advance(seconds{17});
  CHECK(world.sent.size() == 1);
}

TEST_CASE("a receipt that comes after the crash settles what was uncertain", "[D4][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  const auto id = world.accept();
  world.advance(hours{3});           // so long in the queue: the submit is what counts, not the acceptance
  world.accept({.to = {kNumberB}});  // the journal's latest time
  world.up();
  world.sent_one();
  come_back(world);
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().id == id);
  world.advance(minutes{5});
  CHECK(world.sent.empty());
}

TEST_CASE("at_most_once: what is uncertain ends UNKNOWN and is never sent again", "[D3][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.world.settings.accounts[0].at_most_once = true;
  gateway.open();
  const auto id = world.accept();
  world.sent_one();
  come_back(world);
  world.advance(seconds{20});
  CHECK(world.sent.empty());
  const auto told = world.told_one();
  CHECK(told.id == id);
  CHECK(told.status == Status::kUnknown);
  CHECK(told.err == "908");
}

TEST_CASE("in_doubt: fail ends it UNKNOWN; a late receipt still corrects that", "[D3][D6]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.world.settings.operators[0].in_doubt = InDoubt::kFail;
  gateway.open();
  world.accept();
  world.sent_one();
  come_back(world);
  world.advance(seconds{20});
  world.acknowledge(world.told_one());
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.turn();
  CHECK(world.sent.empty());
}

TEST_CASE("in_doubt: hold waits for validity to end", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.world.settings.operators[0].in_doubt = InDoubt::kHold;
  gateway.open();
  const auto id = world.accept();
  world.sent_one();
  come_back(world);
  world.advance(hours{47});
  CHECK(world.queried(id) == Status::kUncertain);
  world.advance(hours{2});
  CHECK(world.sent.empty());
  CHECK(world.told_one().status == Status::kUnknown);
}

TEST_CASE("a crash with a result that is not durable: uncertain, and its receipt finds it all the same",
          "[D3][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept();
  const auto sent = world.sent_one();
  world.syncs = false;
  world.ok(sent, "77");
  world.turn();
  world.syncs = true;
  come_back(world);
  CHECK(world.queried(id) == Status::kUncertain);
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().id == id);
}

TEST_CASE("a crash after the result: the receipt finds it by its id", "[D5][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept();
  world.ok(world.sent_one(), "77");
  world.turn();
  come_back(world);
  CHECK(world.queried(id) == Status::kSent);
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().id == id);
  CHECK(world.sent.empty());
}

TEST_CASE("a crash with a receipt that is not durable: it was not acknowledged, and comes again",
          "[D5][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept();
  world.ok(world.sent_one(), "77");
  world.turn();
  world.syncs = false;
  const auto first = world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  world.syncs = true;
  CHECK_FALSE(world.acknowledged(first));
  come_back(world);
  CHECK(world.told.empty());
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("a crash after the receipt, or after it was told: it is told again, until it is acknowledged",
          "[D7][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept();
  world.ok(world.sent_one(), "77");
  world.turn();
  world.receipt(kOpA, "77", Status::kUndeliverable, {.err = "034"});
  world.turn();
  const auto first = world.told_one();
  come_back(world);
  const auto second = world.told_one();
  CHECK(second.id == id);
  CHECK(second.status == first.status);
  CHECK(second.err == first.err);
  world.syncs = false;
  world.acknowledge(second);
  world.turn();
  world.syncs = true;
  come_back(world);
  const auto third = world.told_one();  // the acknowledgement was lost with the crash
  world.acknowledge(third);
  world.turn();
  come_back(world);
  CHECK(world.told.empty());
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("an early receipt waits for its message across a restart", "[pain_07_receipt_first][H2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept();
  const auto sent = world.sent_one();
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  come_back(world);
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  world.advance(seconds{20});  // the hold ends: numbers and time say that it is this one
  CHECK(world.sent.empty());
  CHECK(world.told_one().id == id);
  static_cast<void>(sent);
}

TEST_CASE("an early receipt and its result meet although the crash fell between their records",
          "[pain_07_receipt_first][H2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto id = world.accept();
  const auto sent = world.sent_one();
  world.ok(sent, "77");
  world.turn();
  // RECEIPT is the record that was lost: the journal has an orphan, and a message that waits for it.
  world.journal->append(spool::OrphanRecord{make_message_id(1, 99, 1), [&] {
                                              OperatorReceipt receipt;
                                              receipt.op = kOpA;
                                              receipt.id_text = "77";
                                              receipt.state = Status::kDelivered;
                                              receipt.source = number(kNumber);
                                              receipt.destination = number("447000");
                                              receipt.received_at = world.now.wall;
                                              return receipt;
                                            }()});
  world.turn();
  come_back(world);
  CHECK(world.told_one().id == id);
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
  come_back(world);
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
}

TEST_CASE("a message from a handset is kept over restarts until it is acknowledged", "[D5b][H1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.inbound(kOpA, "60700", "hi");
  world.turn();
  world.handed.clear();
  come_back(world);
  REQUIRE(world.handed.size() == 1);
  world.acknowledge(world.handed.front());
  world.turn();
  world.handed.clear();
  come_back(world);
  CHECK(world.handed.empty());
}

TEST_CASE("a message that became due while the daemon was down is sent", "[D13]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.accept({.schedule = {.at = {}, .in = minutes{10}}});
  world.restart(Crash::kLosesUnsynced, hours{1});
  world.up();
  CHECK(world.sent.size() == 1);
}

TEST_CASE("a schedule and a validity count on over a restart", "[D13]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  world.accept({.schedule = {.at = {}, .in = hours{2}}});
  world.accept({.to = {kNumberB}, .validity = {.at = {}, .in = hours{2}}});
  world.restart(Crash::kLosesUnsynced, hours{1});
  world.bind();
  world.up();
  world.advance(minutes{59});
  CHECK(world.sent.empty());
  CHECK(world.told.empty());
  world.advance(minutes{2});
  CHECK(world.sent.size() == 1);
  CHECK(world.told_one().status == Status::kExpired);
}

TEST_CASE("an account's short ids go on where they stopped", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  const auto short_id_of_next = [&world] {
    const auto sequence = world.submit({.short_id = true});
    world.turn();
    return world.submit_answer(sequence)->id.short_id;
  };
  CHECK(short_id_of_next() == 1);
  CHECK(short_id_of_next() == 2);
  world.restart();
  CHECK(short_id_of_next() == 3);
}

namespace {
// Whether one more message of one part is accepted.
bool takes_one(World& world) {
  const auto sequence = world.submit({.registered = 0});
  world.turn();
  const auto* answer = world.submit_answer(sequence);
  REQUIRE(answer != nullptr);
  if (answer->refusal) { CHECK(*answer->refusal == Refusal::kVolumeCap); }
  return !answer->refusal.has_value();
}

// Accepted and final, so that nothing of it stays in memory or needs to stay in the journal.
void send_through(World& world, int messages) {
  for (int i = 0; i < messages; ++i) {
    REQUIRE(takes_one(world));
    const std::string id = std::to_string(i) + "-" + std::to_string(world.journal->position().value());
    world.ok(world.sent_one(), id);
    world.receipt(kOpA, id, Status::kDelivered);
    world.turn();
  }
}
}  // namespace

TEST_CASE("what an account has used of its day and month outlives restarts, and is counted once", "[S3]") {
  Gateway gateway;
  World& world = gateway.world;
  world.settings.accounts[0].caps.day = 10;
  world.settings.accounts[0].caps.month = 15;
  gateway.open();
  const auto restart = [&](Duration down) {
    world.restart(World::Crash::kLosesUnsynced, down);
    world.bind();
    world.up();
  };
  send_through(world, 3);
  restart(seconds{1});  // from ACCEPTs behind the first checkpoint
  send_through(world, 2);
  restart(seconds{1});           // from a checkpoint and ACCEPTs behind it
  restart(seconds{1});           // from a checkpoint alone
  for (int i = 0; i < 4; ++i) {  // these stay, and are written again by compaction
    REQUIRE(takes_one(world));
    world.ok(world.sent_one(), "stays" + std::to_string(i));
  }
  const auto segments = world.journal->current_segment() + 6;
  for (int i = 0; i < 20'000 && world.journal->current_segment() < segments; ++i) {
    world.accept({.registered = 0, .account = kBeta});
    world.ok(world.sent_one(), "beta" + std::to_string(i));
    world.receipt(kOpA, "beta" + std::to_string(i), Status::kDelivered);
    world.turn();
  }
  REQUIRE(world.journal->current_segment() == segments);
  restart(seconds{1});
  CHECK(takes_one(world));  // the tenth
  CHECK_FALSE(takes_one(world));
  restart(seconds{1});
  CHECK_FALSE(takes_one(world));
  restart(hours{24});  // another day of the same month
  for (int i = 0; i < 5; ++i) { CHECK(takes_one(world)); }
  CHECK_FALSE(takes_one(world));
  restart(hours{24 * 31});
  CHECK(takes_one(world));
}

TEST_CASE("what was refused or never answered for want of its record uses nothing after a restart") {
  Gateway gateway;
  World& world = gateway.world;
  world.settings.accounts[0].caps.day = 2;
  gateway.open();
  CHECK(takes_one(world));
  world.syncs = false;
  world.submit({.registered = 0});
  world.turn();
  world.syncs = true;
  world.restart(World::Crash::kLosesUnsynced);
  world.bind();
  CHECK(takes_one(world));
  CHECK_FALSE(takes_one(world));
}

TEST_CASE("what was told of a not-final state is not told again after a restart", "[H4][D7]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept({.registered = 0x11});
  world.ok(world.sent_one(), "77");
  world.turn();
  world.receipt(kOpA, "77", Status::kSent);
  world.turn();
  world.acknowledge(world.told_one());
  world.turn();
  come_back(world);
  world.receipt(kOpA, "77", Status::kSent);
  world.turn();
  CHECK(world.told.empty());
}

TEST_CASE("a part that waits for its retry waits on after a restart", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept();
  world.answer(world.sent_one(), OutcomeClass::kMixed);
  world.turn();
  come_back(world);
  world.advance(seconds{25});
  CHECK(world.sent.empty());
  world.advance(seconds{5});
  const auto again = world.sent_one();
  CHECK(again.attempt == 2);
  CHECK_FALSE(again.uncertain);
}

}  // namespace
}  // namespace aldis::engine

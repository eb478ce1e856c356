// SPDX-License-Identifier: Apache-2.0
// Compaction and checkpoints, space and bounds, the orderly stop (DESIGN 7; CONTRACT 2, D10, D11).
#include <algorithm>

#include "world.hpp"

namespace aldis::engine {
namespace {

struct Gateway {
  World world;
  Settings& settings = world.settings;
  void open() {
    world.start();
    world.bind();
    world.up();
  }
};

// Messages that come and go, so that the journal grows and nothing of it lives.
void traffic(World& world, int messages) {
  for (int i = 0; i < messages; ++i) {
    world.accept({.to = {"447700900555"}, .body = std::string(150, 'x'), .registered = 0});
    for (const auto& sent : world.take_sent()) {
      const std::string id = "t" + std::to_string(sent.part.message.value());
      world.ok(sent, id);
      world.receipt(kOpA, id, Status::kDelivered, {.to = "447700900555"});
    }
    world.turn();
  }
}

std::size_t live_segments(World& world) {
  const auto report = spool::verify(world.disk);
  CHECK_FALSE(report.damage);
  return report.segments.size();
}

TEST_CASE("what lives is written again, old segments go, and what remains is enough", "[D1][D5][D7]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept({.short_id = true});
  world.ok(world.sent_one(), "77");
  world.accept();
  world.ok(world.sent_one(), "78");
  world.receipt(kOpA, "78", Status::kUndeliverable, {.err = "034"});
  world.turn();
  CHECK(world.take_told().size() == 1);  // told, and not acknowledged
  world.receipt(kOpA, "4711", Status::kDelivered);
  world.inbound(kOpA, "60700", "hi");
  world.accept({.to = {kNumberB}, .body = "waits"});
  world.accept({.schedule = {.at = {}, .in = hours{10}}});
  const auto first_needed = world.engine->releasable().before;
  traffic(world, 2000);
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  CHECK(world.engine->releasable().before > first_needed + 3);
  CHECK(live_segments(world) <= 8);

  world.handed.clear();
  world.restart();
  CHECK(world.engine->messages_live() == 4);
  CHECK(world.metric("aldis_messages_pending{state=awaiting_receipt}") == 1);
  CHECK(world.metric("aldis_messages_pending{state=queued}") == 2);
  CHECK(world.metric("aldis_receipts_orphaned") == 1);
  world.bind();
  const auto told = world.told_one();
  CHECK(told.status == Status::kUndeliverable);
  CHECK(told.err == "034");
  REQUIRE(world.handed.size() == 1);
  world.up();
  world.up(kLinkB);
  CHECK(world.sent_one().body == "waits");
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
  const auto sequence = world.submit({.short_id = true});
  world.turn();
  CHECK(world.submit_answer(sequence)->id.short_id == 2);
}

TEST_CASE("what lives in the oldest segment is kept before it is written again, too", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept();
  world.ok(world.sent_one(), "77");
  const auto oldest = world.engine->releasable().before;
  while (world.journal->current_segment() < oldest + 3) { traffic(world, 20); }
  CHECK(world.engine->releasable().before == oldest);
  world.restart();
  world.bind();
  CHECK(world.engine->messages_live() == 1);
}

TEST_CASE("the counters of short ids outlive the messages that they were given to", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept({.registered = 0, .short_id = true});
  world.ok(world.sent_one(), "77");
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  const auto oldest = world.engine->releasable().before;
  while (world.engine->releasable().before < oldest + 2) { traffic(world, 20); }
  world.restart();
  world.bind();
  const auto sequence = world.submit({.short_id = true});
  world.turn();
  CHECK(world.submit_answer(sequence)->id.short_id == 2);
}

TEST_CASE("a leased part, a part in doubt and a parked receipt survive compaction as what they are", "[D3]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.settings.operators[1].uncertain_hold = minutes{10};
  gateway.open();
  world.up(kLinkB);
  const auto doubtful = world.accept({.to = {"491700000007"}});
  world.answer(world.sent_one(), OutcomeClass::kUnanswered);
  const auto leased = world.accept({.to = {"491700000008"}});
  world.take_sent();
  traffic(world, 2000);
  CHECK(world.queried(doubtful) == Status::kUncertain);
  CHECK(world.queried(leased) == Status::kSending);
  world.restart();
  CHECK(world.queried(doubtful) == Status::kUncertain);
  CHECK(world.queried(leased) == Status::kUncertain);
  world.up(kLinkB);
  world.advance(minutes{11});
  const auto again = world.take_sent();
  REQUIRE(again.size() == 2);
  CHECK(std::all_of(again.begin(), again.end(), [](const Sent& s) { return s.uncertain && s.attempt == 2; }));
}

TEST_CASE("both receipts of a late upgrade are what they were after compaction", "[D6][D7]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept();
  world.ok(world.sent_one(), "77");
  world.turn();
  world.advance(hours{73});
  CHECK(world.take_told().size() == 1);
  const bool compacted_before = GENERATE(false, true);
  if (compacted_before) { traffic(world, 2000); }
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  traffic(world, 2000);
  world.restart();
  world.bind();
  const auto first = world.told_one();
  CHECK(first.status == Status::kUnknown);
  CHECK(first.err == "909");
  world.acknowledge(first);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("compaction rests when all that is left is live, however large it is", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  SECTION("many orphans") {
    for (int i = 0; i < 5000; ++i) { world.receipt(kOpA, "o" + std::to_string(i), Status::kDelivered); }
  }
  SECTION("large messages") {
    world.settings.operators[0].throttle = {};
    for (int i = 0; i < 500; ++i) { world.submit({.body = std::string(1500, 'x')}); }
  }
  world.turn();
  world.advance(seconds{10});
  for (int i = 0; i < 100; ++i) { world.turn(); }
  const auto position = world.journal->position();
  for (int i = 0; i < 100; ++i) { world.turn(); }
  world.advance(minutes{1});
  CHECK(world.journal->position().value() - position.value() < 1000);
}

TEST_CASE("names, dialects and short ids stand behind each segment's beginning", "[D14]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  for (int i = 0; i < 60; ++i) {  // the operator answers in hex and reports in decimal
    world.accept({.short_id = true});
    const auto sent = world.sent_one();
    const int id = 0xABCD00 + i;
    char hex[16];
    std::snprintf(hex, sizeof hex, "%X", static_cast<unsigned>(id));
    world.ok(sent, hex);
    world.receipt(kOpA, std::to_string(id), Status::kDelivered);
    world.turn();
    for (const auto& told : world.take_told()) { world.acknowledge(told); }
    world.turn();
  }
  CHECK(world.metric("aldis_receipts_matched_total{how=dialect}") == 60);
  traffic(world, 2000);

  struct Names final : spool::ReplayVisitor {
    Restored into;
    explicit Names(const Now& now) : into(now) {}
    void on(const spool::Place& p, const spool::AcceptRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::LeaseRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::ResultRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::ReceiptRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::OrphanRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::OrphanDoneRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::InboundRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::OwedDoneRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::FinalRecord& r) override { into.on(p, r); }
    void on(const spool::Place& p, const spool::ChangeRecord& r) override { into.on(p, r); }
    void on(const spool::Place&, const spool::SettingsRecord&) override {
    }  // only what checkpoints say counts here
    void on(const spool::Place& p, const spool::CheckpointRecord& r) override { into.on(p, r); }
  } names{world.now};
  auto copy = world.disk.copy();
  const auto recovered = spool::recover(copy, {.segment_octets = spool::kSegmentOctetsMin}, names);
  REQUIRE(recovered.has_value());
  REQUIRE(names.into.names.size() == 4);
  CHECK(names.into.dialects[kOpA] == "receipt_dec");
  CHECK(names.into.short_ids[kAcme] == 61);
}

TEST_CASE("an account keeps its number when others come before it in the configuration", "[D14]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept();
  world.ok(world.sent_one(), "77");
  world.turn();
  std::reverse(world.settings.accounts.begin(), world.settings.accounts.end());
  std::reverse(world.settings.operators.begin(), world.settings.operators.end());
  world.restart();
  CHECK(world.directory->account_name(kAcme) == "acme");
  CHECK(world.directory->operator_name(kOpA) == "op-a");
  world.bind();
  world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.told_one().status == Status::kDelivered);
}

TEST_CASE("an idle journal proves its own end, once", "[D12]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  world.accept();
  world.advance(seconds{1});
  const auto position = world.journal->position();
  world.advance(hours{1});
  CHECK(world.journal->position() == position);
  CHECK(spool::verify(world.disk).records_unproven <= 1);
}

// --- space ---

TEST_CASE("into the reserve: no new messages; below half: no leases; at its end: no receipts", "[D10][D11]") {
  Gateway gateway;
  World& world = gateway.world;
  world.reserve = 4;
  gateway.open();
  world.accept({.to = {kNumberB}});
  const auto sent_id = world.accept();
  world.ok(world.sent_one(), "77");
  world.turn();

  world.full_disk(3);
  CHECK(world.refusal(world.submit({})) == Refusal::kQueueFull);
  world.up(kLinkB);
  const auto sent = world.sent_one();  // accepted work goes on
  world.answer(sent, OutcomeClass::kThrottle);
  world.turn();

  world.full_disk(1.5);
  world.advance(seconds{5});
  CHECK(world.sent.empty());
  const auto receipt = world.receipt(kOpA, "77", Status::kDelivered);
  world.turn();
  CHECK(world.acknowledged(receipt));
  CHECK(world.told_one().id == sent_id);

  world.full_disk(0.1);
  const auto refused = world.receipt(kOpA, "4711", Status::kDelivered);
  const auto inbound = world.inbound(kOpA, "60700", "hi");
  world.turn();
  CHECK_FALSE(world.acknowledged(refused));
  CHECK_FALSE(world.acknowledged(inbound));

  world.full_disk(100);
  world.accept();
  world.advance(seconds{5});
  CHECK(world.sent.size() == 2);
}

TEST_CASE("on a full disk what is accepted goes on, in the space of what is over", "[D10][D11]") {
  Gateway gateway;
  World& world = gateway.world;
  world.reserve = 2;
  const auto segments = GENERATE(6u, 8u, 12u);
  gateway.open();
  world.disk.set_capacity(world.disk.octets_used() + segments * world.settings.storage.segment_octets);
  std::size_t waiting = 0;
  for (int n = 0;; ++n) {  // one of four stays: its operator is not there
    const bool stays = n % 4 == 0;
    const auto sequence =
        world.submit({.to = {stays ? kNumberB : kNumber}, .body = std::string(150, 'x'), .registered = 0});
    world.turn();
    if (world.refusal(sequence)) { break; }
    if (stays) { ++waiting; }
    for (const auto& one : world.take_sent()) {
      const std::string id = "t" + std::to_string(n);
      world.ok(one, id);
      world.receipt(kOpA, id, Status::kDelivered);
    }
    world.turn();
  }
  REQUIRE(waiting > 100);
  world.unbind();  // and nobody takes the receipts
  world.up(kLinkB, 100, 10);
  std::size_t sent = 0;
  for (unsigned idle = 0; idle < 100 && sent < waiting; ++idle) {
    for (const auto& one : world.take_sent()) {
      idle = 0;
      const std::string id = "w" + std::to_string(++sent);
      world.ok(one, id);
      world.credit(kLinkB, 1);
      world.receipt(kOpB, id, Status::kDelivered, {.to = kNumberB, .link = kLinkB});
    }
    world.turn();
    world.advance(milliseconds{10});
  }
  CHECK(world.metric("aldis_messages_pending{state=queued}") == 0);
  CHECK(sent == waiting);
}

TEST_CASE("without leave to lease the engine does not spin on what it may not send", "[D11]") {
  Gateway gateway;
  World& world = gateway.world;
  world.reserve = 4;
  gateway.open();
  world.full_disk(1);
  world.up(kLinkB);
  world.full_disk(100);
  world.syncs = false;
  world.submit({.to = {kNumberB}, .schedule = {.at = {}, .in = minutes{1}}});
  world.turn();
  world.syncs = true;
  world.full_disk(1);
  world.sync();
  world.advance(minutes{2});  // it is due, and may not be leased: advance() fails if deadlines do not pass
  CHECK(world.sent.empty());
}

// --- bounds ---

TEST_CASE("messages_max bounds what is live, whatever state it is in", "[D10]") {
  Gateway gateway;
  World& world = gateway.world;
  world.settings.limits.messages_max = 3;
  gateway.open();
  for (int i = 0; i < 3; ++i) { world.accept(); }
  CHECK(world.refusal(world.submit({})) == Refusal::kQueueFull);
  for (const auto& sent : world.take_sent()) {
    const std::string id = std::to_string(sent.part.message.value());
    world.ok(sent, id);
    world.receipt(kOpA, id, Status::kDelivered);
  }
  world.turn();
  CHECK(world.refusal(world.submit({})) == Refusal::kQueueFull);  // their receipts are still owed
  for (const auto& told : world.take_told()) { world.acknowledge(told); }
  world.turn();
  world.accept();
}

TEST_CASE("queue_max of an account counts what waits, and frees with each message that leaves",
          "[D10][D15]") {
  Gateway gateway;
  World& world = gateway.world;
  world.settings.accounts[0].queue_max = 3;
  world.start();
  for (int i = 0; i < 3; ++i) { world.accept(); }
  CHECK(world.refusal(world.submit({})) == Refusal::kQueueFull);
  world.accept({.account = kBeta});
  world.restart();
  CHECK(world.refusal(world.submit({})) == Refusal::kQueueFull);
  world.up();
  for (int i = 0; i < 3; ++i) { world.accept(); }
}

TEST_CASE("queue_max of an operator refuses, or sends new messages to the next candidate", "[D10]") {
  Gateway gateway;
  World& world = gateway.world;
  world.settings.operators[0].queue_max = 2;
  world.settings.operators[1].queue_max = 2;
  world.start();
  for (int i = 0; i < 4; ++i) { world.accept(); }
  CHECK(world.refusal(world.submit({})) == Refusal::kQueueFull);
}

// --- the orderly stop ---

TEST_CASE("draining: nothing new is taken or leased, and the end waits for what is on the wire", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  world.start();
  world.bind();
  world.up(kLinkA, 1, 1);
  world.accept();
  world.accept();
  const auto sent = world.sent_one();
  world.event(Drain{});
  world.turn();
  CHECK(world.refusal(world.submit({})) == Refusal::kStopping);
  CHECK_FALSE(world.engine->drained());
  world.syncs = false;
  world.ok(sent, "77");
  world.turn();
  CHECK_FALSE(world.engine->drained());  // its result is not durable
  world.syncs = true;
  world.sync();
  CHECK(world.sent.empty());
  CHECK(world.engine->drained());
  world.restart();
  CHECK(world.metric("aldis_messages_pending{state=queued}") == 1);
  CHECK(world.metric("aldis_messages_pending{state=awaiting_receipt}") == 1);
  CHECK(world.metric("aldis_messages_pending{state=uncertain}") == 0);
}

}  // namespace
}  // namespace aldis::engine

// SPDX-License-Identifier: Apache-2.0
// Messages that wait beyond limits.messages_in_memory stand in the journal only; nobody can tell but by
// memory.
#include <algorithm>

#include "world.hpp"

namespace aldis::engine {
namespace {

struct Gateway {
  World world;
  void open(std::uint64_t in_memory = 3) {
    world.settings.limits.messages_in_memory = in_memory;
    world.settings.accounts[0].queue_max = 1'000'000;
    world.start();
    world.bind(kSession, kAcme, 1000);
  }
  std::vector<MessageId> accept(int messages, const Asked& like = {}) {
    std::vector<MessageId> ids;
    for (int i = 0; i < messages; ++i) {
      Asked asked = like;
      asked.body = "text " + std::to_string(count++);
      ids.push_back(world.accept(asked));
    }
    return ids;
  }
  // Everything that goes out, with an OK and its verdict for each.
  std::vector<std::string> drain(LinkId link = kLinkA) {
    std::vector<std::string> bodies;
    for (auto sent = world.take_sent(); !sent.empty(); sent = world.take_sent()) {
      for (const auto& one : sent) {
        bodies.push_back(one.body);
        const std::string id = "d" + std::to_string(given++);
        world.ok(one, id);
        world.receipt(link == kLinkA ? kOpA : kOpB, id, Status::kDelivered, {.to = one.to, .link = link});
      }
      world.turn();
    }
    return bodies;
  }
  double shelved() { return world.metric("aldis_messages_shelved"); }
  int count = 0;
  int given = 0;
};

std::vector<std::string> texts(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) { out.push_back("text " + std::to_string(i)); }
  return out;
}

TEST_CASE("what waits beyond the bound is shelved, counted as ever, and goes out in order", "[D1][D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept(300);
  CHECK(gateway.shelved() == 297);
  CHECK(world.metric("aldis_messages_pending{state=queued}") == 300);
  CHECK(world.metric("aldis_queue_messages{operator=op-a,class=transactional,state=ready}") == 300);
  CHECK(world.engine->messages_live() == 300);
  world.up();
  CHECK(gateway.drain() == texts(0, 300));
  REQUIRE(world.told.size() == 300);
  for (const auto& told : world.take_told()) { world.acknowledge(told); }
  world.turn();
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("a text of many parts, a header and other fields come back from the shelf as they were", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(0);
  gateway.accept(1);
  world.accept({.body = std::string(400, 'y'), .registered = 1, .reference = 77});
  CHECK(gateway.shelved() == 1);
  world.up();
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 4);
  CHECK((sent[1].body + sent[2].body + sent[3].body) == std::string(400, 'y'));
}

TEST_CASE("a shelved message is queried, canceled and replaced like any other", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  const auto ids = gateway.accept(20);
  CHECK(world.queried(ids[10]) == Status::kQueued);
  CHECK(gateway.shelved() == 17);  // asked, and back
  const auto foreign = world.query(ids[10], kBeta);
  world.turn();
  CHECK(world.refusal(foreign) == Refusal::kNoSuchMessage);
  const auto canceled = world.cancel(ids[11]);
  const auto replaced = world.replace(ids[12], "another text");
  world.turn();
  CHECK_FALSE(world.refusal(canceled));
  CHECK_FALSE(world.refusal(replaced));
  CHECK(world.told_one().status == Status::kDeleted);
  CHECK(gateway.shelved() == 16);
  const auto all = world.cancel_all("447000", kNumberB);
  world.turn();
  CHECK(world.refusal(all) == Refusal::kCancelFailed);
  world.up();
  auto wanted = texts(0, 20);
  wanted[12] = "another text";
  wanted.erase(wanted.begin() + 11);
  CHECK(gateway.drain() == wanted);
}

TEST_CASE("all queued messages of two numbers are canceled, shelved ones too", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept(30);
  gateway.accept(1, {.to = {"447700900002"}});
  const auto all = world.cancel_all("447000", kNumber);
  world.turn();
  CHECK_FALSE(world.refusal(all));
  CHECK(world.take_told().size() == 30);
  world.up();
  CHECK(gateway.drain() == texts(30, 31));
}

TEST_CASE("shelved messages expire, none early and none sent after it", "[D2][D13]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept(10);
  gateway.accept(10, {.validity = {.at = {}, .in = minutes{10}}});
  gateway.accept(10);
  world.advance(minutes{10} - seconds{1});
  CHECK(world.told.empty());
  world.advance(seconds{20});
  CHECK(world.told.size() == 10);
  CHECK(std::all_of(world.told.begin(), world.told.end(),
                    [](const Told& told) { return told.status == Status::kExpired; }));
  world.up();
  auto wanted = texts(0, 30);
  wanted.erase(wanted.begin() + 10, wanted.begin() + 20);
  CHECK(gateway.drain() == wanted);
}

TEST_CASE("shelved messages outlive restarts, in their order, and are read where they were written", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept(500, {.registered = 0});
  for (int i = 0; i < 3; ++i) {
    world.restart();
    world.turn();
    CHECK(world.engine->messages_live() == 500);
    CHECK(gateway.shelved() == 497);
  }
  world.bind();
  world.up();
  CHECK(gateway.drain() == texts(0, 500));
  world.restart();
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("segments with shelved messages stay until these are written again, and go then", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept(100, {.to = {kNumberB}});
  const auto oldest = world.engine->releasable().before;
  world.up();
  int turned = 0;
  while (world.engine->releasable().before < oldest + 20) {  // all that lives is written again, many times
    REQUIRE(++turned < 20'000);
    world.accept({.body = std::string(150, 'x'), .registered = 0});
    for (const auto& sent : world.take_sent()) {
      const std::string id = "t" + std::to_string(sent.part.message.value());
      world.ok(sent, id);
      world.receipt(kOpA, id, Status::kDelivered);
    }
    world.turn();
  }
  CHECK(spool::verify(world.disk).segments.size() <= 8);
  CHECK(gateway.shelved() >= 90);
  world.restart();
  world.bind();
  world.up(kLinkB);
  CHECK(gateway.drain(kLinkB) == texts(0, 100));
}

TEST_CASE("a segment that only shelved messages need stays", "[D1]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(0);
  const auto ids = gateway.accept(100, {.to = {kNumberB}});
  world.cancel(ids[0]);  // the only one that never left memory
  world.turn();
  const auto oldest = world.engine->releasable().before;
  world.up();
  for (int i = 0; world.journal->current_segment() < oldest + 3; ++i) {
    world.accept({.body = std::string(150, 'x'), .registered = 0});
    for (const auto& sent : world.take_sent()) {
      const std::string id = "t" + std::to_string(i);
      world.ok(sent, id);
      world.receipt(kOpA, id, Status::kDelivered);
    }
    world.turn();
  }
  CHECK(world.engine->releasable().before == oldest);
}

TEST_CASE("what waits for a receipt or for its customer is shelved, too, and is found again",
          "[D5][D7][H18]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(10);
  world.up(kLinkA, 500, 500);
  gateway.accept(200);
  const auto sent = world.take_sent();
  REQUIRE(sent.size() == 200);
  for (std::size_t i = 0; i < sent.size(); ++i) { world.ok(sent[i], "w" + std::to_string(i)); }
  world.turn();
  world.turn();
  CHECK(gateway.shelved() == 190);
  CHECK(world.metric("aldis_messages_pending{state=awaiting_receipt}") == 200);
  const bool restarts = GENERATE(false, true);
  restarts ? world.restart() : world.unbind();
  for (std::size_t i = 0; i < sent.size(); ++i) {
    world.receipt(kOpA, "w" + std::to_string(i), i % 2 == 0 ? Status::kDelivered : Status::kUndeliverable);
  }
  world.turn();
  world.turn();
  CHECK(gateway.shelved() >= 190);  // final, and owed to a customer who is away
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
  world.receipt(kOpA, "w5", Status::kDelivered);  // again, and another thing
  world.turn();
  CHECK(world.metric("aldis_receipts_orphaned") == 0);
  world.bind(kSession, kAcme, 1000);
  world.turn();
  const auto told = world.take_told();
  REQUIRE(told.size() == 200);
  for (const auto& one : told) { world.acknowledge(one); }
  world.turn();
  CHECK(std::count_if(told.begin(), told.end(),
                      [](const Told& one) { return one.status == Status::kDelivered; }) == 100);
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("two verdicts that are owed for one message outlive restarts and compaction, both", "[D6][D7]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(1000);  // no image but that of its acceptance
  world.up(kLinkA, 500, 500);
  gateway.accept(1, {.validity = {.at = {}, .in = minutes{10}}});
  world.ok(world.sent_one(), "77");
  world.unbind();
  world.advance(minutes{10} + world.settings.limits.receipt_grace + minutes{1});  // UNKNOWN
  world.receipt(kOpA, "77", Status::kDelivered);                                  // and late
  world.turn();
  world.settings.limits.messages_in_memory = 0;  // from now on a new one whenever it rests
  for (int i = 0; i < 3; ++i) {
    world.restart();
    world.turn();
    world.turn();
  }
  world.bind();
  std::vector<Status> told;
  for (auto some = world.take_told(); !some.empty(); some = world.take_told()) {
    for (const auto& one : some) {
      told.push_back(one.status);
      world.acknowledge(one);
    }
    world.turn();
  }
  CHECK(told == std::vector{Status::kUnknown, Status::kDelivered});
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("a receipt that never comes ends a shelved message as it does any other", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open(0);
  world.up();
  gateway.accept(20, {.validity = {.at = {}, .in = minutes{10}}});
  for (const auto& sent : world.take_sent()) { world.ok(sent, "n" + sent.body); }
  world.turn();
  world.turn();
  CHECK(gateway.shelved() == 20);
  world.advance(minutes{10} + world.settings.limits.receipt_grace - seconds{1});
  CHECK(world.told.empty());
  world.advance(seconds{20});
  CHECK(world.take_told().size() == 20);
}

TEST_CASE("shelved messages move to another operator when theirs is down", "[D2]") {
  Gateway gateway;
  World& world = gateway.world;
  gateway.open();
  gateway.accept(200);  // to op-a, the first candidate
  world.up(kLinkB);
  CHECK(gateway.drain(kLinkB) == texts(0, 200));
}

}  // namespace
}  // namespace aldis::engine

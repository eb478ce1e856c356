// SPDX-License-Identifier: Apache-2.0
// What is owed over HTTP is in the journal before anybody is called, and owed until its receiver has it.
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "aldis/core/stored.hpp"
#include "unit/engine/world.hpp"

using namespace aldis;
using namespace aldis::engine;

namespace {

constexpr std::uint32_t kEverything = 0x1FF;
const std::string kFirst = "00000000000000a1" + std::string(16, '0');
const std::string kSecond = "00000000000000a2" + std::string(16, '0');
constexpr WebhookNumber kFirstNumber{0xA1};
constexpr WebhookNumber kSecondNumber{0xA2};

// "ACCOUNT KINDS" of an endpoint, "KINDS" of a message's own callback.
struct Reader final : WebhookReader {
  [[nodiscard]] std::optional<WebhookWish> endpoint(Octets stored) const override {
    const auto space = stored.find(' ');
    if (space == stored.npos) { return std::nullopt; }
    WebhookWish wish;
    wish.account = stored.substr(0, space) == "acme" ? kAcme : kBeta;
    wish.host = "app.example";
    wish.kinds = static_cast<std::uint32_t>(std::stoul(std::string{stored.substr(space + 1)}));
    return wish;
  }
  [[nodiscard]] std::optional<WebhookWish> callback(Octets notes) const override {
    if (notes == "none") { return std::nullopt; }
    WebhookWish wish;
    wish.host = "callback.example";
    wish.kinds = static_cast<std::uint32_t>(std::stoul(std::string{notes}));
    return wish;
  }
};

const std::string kOverHttp = "none";  // notes of a message without a callback of its own

struct Hooks {
  Hooks() { world.webhooks = &reader; }

  void begin() {
    world.start();
    world.up();
  }
  void endpoint(const std::string& name, std::optional<std::string> octets) {
    std::optional<Octets> view;
    if (octets) { view = *octets; }
    world.event(Store{{SessionId{9}, ++sequence, 0}, StoredKind::kWebhook, name, view});
    world.turn();
  }
  MessageId delivered(const std::string& notes, const std::string& id = "op1") {
    const auto message = world.accept({.door_notes = notes});
    world.ok(world.sent_one(), id);
    world.turn();
    world.receipt(kOpA, id, Status::kDelivered);
    world.turn();
    return message;
  }
  void answer(const CallWebhook& call, WebhookResult::Kind kind = WebhookResult::Kind::kDone) {
    world.event(WebhookAnswered{call.token, {kind, {}}});
    world.turn();
  }
  // Everything that is called within that time is acknowledged; what it was, in order.
  std::vector<CallWebhook> acknowledge_all(Duration within = seconds{0}) {
    std::vector<CallWebhook> all;
    for (;;) {
      const auto calls = world.take_called();
      if (calls.empty() && within == Duration{0}) { return all; }
      if (calls.empty()) { world.advance(std::exchange(within, Duration{0})); }
      for (const auto& call : calls) {
        all.push_back(call);
        answer(call);
      }
    }
  }

  Reader reader;
  World world;
  std::uint32_t sequence = 9000;
};

}  // namespace

TEST_CASE("an endpoint hears of each change once, in order, and the message leaves when it has", "[D7]") {
  Hooks hooks;
  hooks.begin();
  hooks.endpoint(kFirst, "acme " + std::to_string(kEverything));
  const auto message = hooks.delivered(kOverHttp);
  const auto calls = hooks.acknowledge_all();
  REQUIRE(calls.size() == 2);
  CHECK(calls[0].status == Status::kSent);
  CHECK(calls[0].previous == Status::kSending);
  CHECK(calls[1].status == Status::kDelivered);
  CHECK(calls[1].previous == Status::kSent);
  CHECK(calls[1].by_receipt);
  CHECK(calls[0].event < calls[1].event);
  CHECK(calls[0].status_seq < calls[1].status_seq);
  for (const auto& call : calls) {
    CHECK(call.webhook == kFirstNumber);
    CHECK(call.account == kAcme);
    CHECK(call.message->id == message);
    CHECK(call.attempt == 1);
  }
  CHECK(hooks.world.engine->messages_live() == 0);
  hooks.world.advance(hours{100});
  CHECK(hooks.world.called.empty());
}

TEST_CASE("nobody is called about what is not durable", "[D5][D7]") {
  Hooks hooks;
  hooks.begin();
  hooks.endpoint(kFirst, "acme " + std::to_string(kEverything));
  hooks.world.accept({.door_notes = kOverHttp});
  const auto sent = hooks.world.sent_one();
  hooks.world.syncs = false;
  hooks.world.ok(sent, "op1");
  hooks.world.turn();
  CHECK(hooks.world.called.empty());
  hooks.world.sync();
  CHECK(hooks.world.called.size() == 1);
}

TEST_CASE("a webhook owed survives a crash under its number, and one acknowledged does not come again",
          "[D7]") {
  const auto crash = GENERATE(World::Crash::kLosesUnsynced, World::Crash::kKeepsUnsynced);
  Hooks hooks;
  hooks.begin();
  hooks.endpoint(kFirst, "acme " + std::to_string(kEverything));
  hooks.endpoint(kSecond, "acme " + std::to_string(kind_bit(WebhookKind::kDelivered)));
  const auto message =
      hooks.delivered(std::to_string(kind_bit(WebhookKind::kSent) | kind_bit(WebhookKind::kDelivered)));
  // Called about "sent": the first endpoint and the message's callback; about "delivered": the second.
  auto calls = hooks.world.take_called();
  REQUIRE(calls.size() == 3);
  std::map<std::pair<WebhookNumber, Status>, std::uint64_t> event;
  for (const auto& call : calls) {
    event[{call.webhook, call.status}] = call.event;
    if (call.webhook == kFirstNumber) { hooks.answer(call); }  // and it is called about "delivered"
  }
  calls = hooks.world.take_called();
  REQUIRE(calls.size() == 1);
  event[{calls[0].webhook, calls[0].status}] = calls[0].event;
  hooks.world.restart(crash);
  hooks.world.up();
  const auto again = hooks.acknowledge_all();
  std::set<std::pair<WebhookNumber, Status>> said;
  for (const auto& call : again) {
    CHECK(said.emplace(call.webhook, call.status).second);
    CHECK(call.message->id == message);
    const auto before = event.find({call.webhook, call.status});
    if (before != event.end()) { CHECK(call.event == before->second); }
  }
  const std::set<std::pair<WebhookNumber, Status>> wanted{{kFirstNumber, Status::kDelivered},
                                                          {kSecondNumber, Status::kDelivered},
                                                          {kOwnCallback, Status::kSent},
                                                          {kOwnCallback, Status::kDelivered}};
  CHECK(said == wanted);
  CHECK(hooks.world.engine->messages_live() == 0);
  hooks.world.restart(crash);
  CHECK(hooks.acknowledge_all(hours{2}).empty());
}

TEST_CASE("what is owed lives through compactions, and so does what is owed no more", "[D7]") {
  Hooks hooks;
  hooks.world.settings.limits.messages_in_memory = GENERATE(0u, 100'000u);
  hooks.begin();
  hooks.world.bind();
  hooks.endpoint(kFirst, "acme " + std::to_string(kind_bit(WebhookKind::kDelivered)));
  hooks.endpoint(kSecond, "acme " + std::to_string(kind_bit(WebhookKind::kDelivered)));
  hooks.delivered(kOverHttp);
  std::uint64_t event = 0;
  for (const auto& call : hooks.world.take_called()) {
    event = call.event;
    hooks.answer(call,
                 call.webhook == kFirstNumber ? WebhookResult::Kind::kDone : WebhookResult::Kind::kFailed);
  }
  World& world = hooks.world;
  const auto segment = world.journal->current_segment();
  for (unsigned messages = 0; world.journal->current_segment() < segment + 12; ++messages) {
    REQUIRE(messages < 200'000);
    world.accept({.registered = 0});
    for (const auto& sent : world.take_sent()) { world.answer(sent, OutcomeClass::kPermanent, "x"); }
    for (const auto& told : world.take_told()) { world.acknowledge(told); }
  }
  world.turn();
  REQUIRE(world.engine->releasable().before > segment);
  world.restart(World::Crash::kLosesUnsynced);
  const auto again = hooks.acknowledge_all(minutes{1});
  REQUIRE(again.size() == 1);
  CHECK(again[0].webhook == kSecondNumber);
  CHECK(again[0].event == event);
  CHECK(world.engine->messages_live() == 0);
}

TEST_CASE("what an endpoint was owed ends with it", "[D7]") {
  Hooks hooks;
  hooks.begin();
  hooks.endpoint(kFirst, "acme " + std::to_string(kEverything));
  hooks.delivered(kOverHttp);
  REQUIRE(hooks.world.take_called().size() == 1);
  hooks.endpoint(kFirst, std::nullopt);
  hooks.world.restart(World::Crash::kLosesUnsynced);
  CHECK(hooks.acknowledge_all(hours{2}).empty());
  CHECK(hooks.world.engine->messages_live() == 0);
}

TEST_CASE("by itself an account hears of its messages where they came in") {
  Hooks hooks;
  auto& via = hooks.world.settings.accounts[0].receipts.via;
  struct Row {
    ReceiptVia via;
    std::string notes;
    bool session;
    bool webhook;
  };
  const auto row = GENERATE(values<Row>({{ReceiptVia::kAuto, "", true, false},
                                         {ReceiptVia::kAuto, kOverHttp, false, true},
                                         {ReceiptVia::kSmpp, "", true, false},
                                         {ReceiptVia::kSmpp, kOverHttp, true, false},
                                         {ReceiptVia::kWebhook, "", false, true},
                                         {ReceiptVia::kWebhook, kOverHttp, false, true},
                                         {ReceiptVia::kBoth, "", true, true},
                                         {ReceiptVia::kBoth, kOverHttp, true, true}}));
  via = row.via;
  hooks.begin();
  hooks.world.bind();
  hooks.endpoint(kFirst, "acme " + std::to_string(kind_bit(WebhookKind::kDelivered)));
  hooks.endpoint(kSecond, "beta " + std::to_string(kEverything));  // not its business
  hooks.delivered(row.notes);
  const auto told = hooks.world.take_told();
  CHECK(told.size() == (row.session ? 1 : 0));
  for (const auto& one : told) { hooks.world.acknowledge(one); }
  hooks.world.turn();
  const auto calls = hooks.acknowledge_all();
  CHECK(calls.size() == (row.webhook ? 1 : 0));
  CHECK(hooks.world.engine->messages_live() == 0);
}

TEST_CASE("a message from a handset is told to endpoints of an account without sessions, crashes or not",
          "[D5b][D7]") {
  Hooks hooks;
  hooks.begin();
  hooks.endpoint(kFirst, "acme " + std::to_string(kEverything));
  hooks.endpoint(kSecond, "acme " + std::to_string(kEverything));
  hooks.world.inbound(kOpA, "60700", "STOP");
  hooks.world.turn();
  auto calls = hooks.world.take_called();
  REQUIRE(calls.size() == 2);
  REQUIRE(calls[0].inbound != nullptr);
  CHECK(calls[0].inbound->body == "STOP");
  const auto event = calls[0].event;
  CHECK(event != 0);
  hooks.answer(calls[0]);
  hooks.world.restart(World::Crash::kLosesUnsynced);
  const auto again = hooks.acknowledge_all();
  REQUIRE(again.size() == 1);
  CHECK(again[0].webhook == calls[1].webhook);
  CHECK(again[0].event == event);
  hooks.world.restart(World::Crash::kLosesUnsynced);
  CHECK(hooks.acknowledge_all(hours{2}).empty());
}

TEST_CASE("an endpoint that says it has gone is told to its owner, and called no more") {
  Hooks hooks;
  hooks.begin();
  hooks.endpoint(kFirst, "acme " + std::to_string(kind_bit(WebhookKind::kDelivered)));
  hooks.delivered(kOverHttp);
  const auto calls = hooks.world.take_called();
  REQUIRE(calls.size() == 1);
  hooks.answer(calls[0], WebhookResult::Kind::kGone);
  REQUIRE(hooks.world.noticed.size() == 1);
  CHECK(hooks.world.noticed[0].kind == WebhookNoticed::Kind::kDisabled);
  CHECK(hooks.world.noticed[0].webhook == kFirstNumber);
  hooks.world.advance(hours{1});
  CHECK(hooks.world.called.empty());
  CHECK(hooks.world.engine->messages_live() == 1);
}

// SPDX-License-Identifier: Apache-2.0
#include "aldis/notify/outbox.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "unit/notify/fixture.hpp"

using namespace aldis;
using namespace aldis::notify;
using namespace aldis::notify::test;

namespace {

std::unique_ptr<Inbound> inbound(MessageId id, AccountId account, WallTime received_at) {
  auto made = std::make_unique<Inbound>();
  made->id = id;
  made->account = account;
  made->body = "STOP";
  made->received_at = received_at;
  return made;
}

}  // namespace

TEST_CASE("an owed receipt leaves as it was owed, and is done when acknowledged") {
  Desk desk;
  desk.bind(1);
  Message& m = desk.message();
  OwedReceipt receipt;
  receipt.message = m.id;
  receipt.status_seq = 7;
  receipt.status = Status::kSent;
  receipt.intermediate = true;
  receipt.accepted_word = true;
  receipt.err.assign("0x45");
  receipt.done_at = desk.now.wall;
  receipt.parts_delivered = 3;
  desk.outbox.owe(desk.now, m, receipt, desk.now.wall);
  const auto out = desk.pump();
  REQUIRE(out.size() == 1);
  const OwedReceipt& told = out[0].receipt;
  CHECK(told.message == m.id);
  CHECK(told.status_seq == 7);
  CHECK(told.status == Status::kSent);
  CHECK(told.intermediate);
  CHECK(told.accepted_word);
  CHECK(told.err == "0x45");
  CHECK(told.done_at == desk.now.wall);
  CHECK(told.parts_delivered == 3);
  CHECK(out[0].inbound == nullptr);
  const auto settled = desk.answer(out[0]);
  REQUIRE(settled);
  CHECK(settled->kind == Settled::Kind::kAcknowledged);
  CHECK(settled->message == m.id);
  CHECK(settled->status_seq == 7);
  CHECK(desk.outbox.size() == 0);
  CHECK(desk.pump().empty());
}

TEST_CASE("pain_06_offline_outbox: an hour offline, then all in order, within the window, none twice",
          "[D7]") {
  Desk desk;
  for (int i = 0; i < 1'000; ++i) {
    desk.owe_new();
    desk.wait(milliseconds{3600});
  }
  CHECK(desk.pump().empty());
  desk.bind(1, 10);
  std::uint64_t expected = 0;
  for (;;) {
    const auto out = desk.pump();
    if (out.empty()) { break; }
    CHECK(out.size() <= 10);
    for (const Delivery& d : out) {
      CHECK(d.receipt.message == MessageId{++expected});
      desk.answer(d);
    }
  }
  CHECK(expected == 1'000);
  CHECK(desk.outbox.size() == 0);
}

TEST_CASE("items of one message go one after the other, those of others do not wait") {
  Desk desk;
  desk.bind(1);
  Message& m = desk.message();
  desk.owe(m, Status::kSent);
  desk.owe(m, Status::kDelivered);
  desk.owe(m, Status::kExpired);
  Message& other = desk.owe_new();
  auto out = desk.pump();
  REQUIRE(out.size() == 2);
  CHECK(out[0].receipt.status_seq == 1);
  CHECK(out[1].receipt.message == other.id);
  desk.time_out(out[0]);
  CHECK(desk.pump().empty());  // the second waits for the acknowledgement, not for the attempt
  desk.wait(seconds{5});
  out = desk.pump();
  REQUIRE(out.size() == 1);
  CHECK(out[0].receipt.status_seq == 1);
  desk.answer(out[0]);
  out = desk.pump();
  REQUIRE(out.size() == 1);
  CHECK(out[0].receipt.status_seq == 2);
  desk.answer(out[0]);
  out = desk.pump();
  REQUIRE(out.size() == 1);
  CHECK(out[0].receipt.status_seq == 3);
  desk.answer(out[0]);
  desk.owe(m, Status::kDelivered);  // after all were done the next one goes at once
  CHECK(desk.pump().size() == 1);
}

TEST_CASE("spread takes the session with most free window, and turns on ties") {
  Desk desk;
  desk.bind(1, 2);
  desk.bind(2, 4);
  for (int i = 0; i < 6; ++i) { desk.owe_new(); }
  std::vector<std::uint64_t> order;
  for (const Delivery& d : desk.pump()) { order.push_back(d.session.value()); }
  CHECK(order == std::vector<std::uint64_t>{2, 2, 1, 2, 1, 2});

  Desk even;
  for (std::uint64_t s = 1; s <= 4; ++s) { even.bind(s, 5); }
  std::map<std::uint64_t, int> shares;
  for (int i = 0; i < 400; ++i) {
    even.owe_new();
    for (const Delivery& d : even.pump()) {
      ++shares[d.session.value()];
      even.answer(d);
    }
  }
  for (std::uint64_t s = 1; s <= 4; ++s) { CHECK(shares[s] == 100); }
}

TEST_CASE("submitter takes the submitting session while it is up, and does not block the others") {
  Desk desk;
  desk.outbox.set_account(kAcme, {.fanout = Fanout::kSubmitter, .deliver_rate = {}, .retention = hours{72}});
  desk.bind(1, 1);
  desk.bind(2, 10);
  for (int i = 0; i < 3; ++i) { desk.owe(desk.message(), Status::kDelivered, SessionId{1}); }
  desk.owe(desk.message(), Status::kDelivered, SessionId{2});
  desk.owe(desk.message(), Status::kDelivered, SessionId{99});  // gone: any
  auto out = desk.pump();
  REQUIRE(out.size() == 3);
  int on_first = 0;
  for (const Delivery& d : out) { on_first += d.session == SessionId{1} ? 1 : 0; }
  CHECK(on_first == 1);
  desk.outbox.on_session_closed(desk.now, SessionId{1});  // what it was preferred for goes to any
  out = desk.pump();
  CHECK(out.size() == 2);
  for (const Delivery& d : out) { CHECK(d.session == SessionId{2}); }
  desk.wait(seconds{5});
  CHECK(desk.pump().size() == 1);
}

TEST_CASE("errors that pass are tried again after 5 s doubling to 5 minutes, on any bind") {
  for (const std::uint32_t status : {0x08u, 0x64u, 0x67u, 0xFEu, 0xFFu}) {
    Desk desk;
    desk.bind(1);
    desk.owe_new();
    for (const int pause : {5, 10, 20, 40, 80, 160, 300, 300}) {
      const auto out = desk.pump();
      REQUIRE(out.size() == 1);
      CHECK(desk.answer(out[0], status)->kind == Settled::Kind::kRetry);
      CHECK(desk.outbox.next_deadline() <= desk.now.mono + seconds{pause} + milliseconds{10});
      desk.wait(seconds{pause} - milliseconds{11});
      CHECK(desk.pump().empty());
      desk.wait(milliseconds{21});
    }
    CHECK(desk.outbox.size() == 1);
  }
}

TEST_CASE("throttled and queue full also pause the account for a second, and nobody else") {
  for (const std::uint32_t status : {kThrottled, kQueueFull}) {
    Desk desk;
    desk.bind(1);
    desk.bind(2, 10, kOther);
    desk.owe_new();
    auto out = desk.pump();
    desk.answer(out[0], status);
    desk.owe_new();
    desk.owe_new(kOther);
    out = desk.pump();
    REQUIRE(out.size() == 1);
    CHECK(out[0].account == kOther);
    CHECK(desk.outbox.next_deadline() <= desk.now.mono + seconds{1} + milliseconds{10});
    desk.wait(milliseconds{989});
    CHECK(desk.pump().empty());
    desk.wait(milliseconds{21});
    CHECK(desk.pump().size() == 1);
  }
  Desk unpaused;
  unpaused.bind(1);
  unpaused.owe_new();
  unpaused.answer(unpaused.pump()[0], kSystemError);
  unpaused.owe_new();
  CHECK(unpaused.pump().size() == 1);
}

TEST_CASE("any other error is tried three times, 30 s apart, then it is a dead letter") {
  Desk desk;
  desk.bind(1);
  Message& m = desk.owe_new();
  for (int i = 0; i < 2; ++i) {
    const auto out = desk.pump();
    REQUIRE(out.size() == 1);
    CHECK(desk.answer(out[0], kOddError)->kind == Settled::Kind::kRetry);
    desk.wait(milliseconds{29'989});
    CHECK(desk.pump().empty());
    desk.wait(milliseconds{21});
  }
  const auto settled = desk.answer(desk.pump()[0], kOddError);
  CHECK(settled->kind == Settled::Kind::kDeadLetter);
  CHECK(settled->message == m.id);
  CHECK(desk.outbox.dead_letters() == 1);
  CHECK(desk.outbox.size() == 0);
}

TEST_CASE("past the retention an item is a dead letter: waiting, in retry, or behind another") {
  Desk desk;
  desk.outbox.set_account(kAcme, {.fanout = Fanout::kSpread, .deliver_rate = {}, .retention = hours{1}});
  Message& m = desk.owe_new();
  desk.owe(m, Status::kExpired);
  desk.wait(hours{1} - seconds{2});
  CHECK(desk.dead.empty());
  CHECK(desk.outbox.next_deadline() <= desk.now.mono + seconds{4});
  desk.wait(seconds{4});
  desk.wait(seconds{1});
  REQUIRE(desk.dead.size() == 2);
  CHECK(desk.dead[0].status_seq == 1);
  CHECK(desk.dead[1].status_seq == 2);

  desk.owe_new();
  desk.bind(1);
  desk.wait(hours{1} - seconds{3});
  desk.time_out(desk.pump()[0]);
  desk.wait(seconds{6});
  CHECK(desk.dead.size() == 3);
  CHECK(desk.outbox.size() == 0);
}

TEST_CASE(
    "what an earlier process owed is kept for an hour, and no longer than its retention, whatever the "
    "clock") {
  for (const auto jump : {microseconds{hours{24 * 365}}, microseconds{hours{-24 * 365}}}) {
    Desk desk;
    desk.outbox.set_account(kAcme, {.fanout = Fanout::kSpread, .deliver_rate = {}, .retention = hours{72}});
    Message& m = desk.message();
    OwedReceipt receipt;
    receipt.message = m.id;
    desk.outbox.owe(desk.now, m, receipt, desk.now.wall - jump);
    const bool ahead = jump > microseconds{};
    desk.wait((ahead ? hours{1} : hours{72}) - seconds{2});
    CHECK(desk.dead.empty());
    desk.wait(seconds{5});
    desk.wait(seconds{1});
    CHECK(desk.dead.size() == 1);
  }
}

TEST_CASE("what an earlier process owed keeps its age") {
  Desk desk;
  Message& m = desk.message();
  OwedReceipt receipt;
  receipt.message = m.id;
  desk.outbox.owe(desk.now, m, receipt, desk.now.wall - hours{71});
  desk.wait(minutes{59});
  CHECK(desk.dead.empty());
  desk.wait(minutes{1} + seconds{2});
  CHECK(desk.dead.size() == 1);
}

TEST_CASE("a lost session gives back what it had not answered, and late answers settle nothing") {
  Desk desk;
  desk.bind(1);
  desk.owe_new();
  const auto lost = desk.pump();
  desk.outbox.on_session_closed(desk.now, SessionId{1});
  CHECK_FALSE(desk.answer(lost[0]));
  desk.bind(2);
  CHECK(desk.pump().empty());
  desk.wait(seconds{5} + milliseconds{10});
  const auto again = desk.pump();
  REQUIRE(again.size() == 1);
  CHECK(again[0].session == SessionId{2});
  CHECK(again[0].receipt.status_seq == lost[0].receipt.status_seq);
  CHECK_FALSE(
      desk.outbox.on_result(desk.now, {SessionId{2}, lost[0].token, DeliverResult::Kind::kAnswered, 0}));
  CHECK(desk.answer(again[0]));
  CHECK_FALSE(desk.answer(again[0]));  // the same answer twice
  desk.owe_new();                      // the place is used again: the old token still means nothing
  const auto next = desk.pump();
  CHECK_FALSE(desk.answer(again[0]));
  CHECK(desk.answer(next[0]));
  CHECK(desk.outbox.stray_results() == 4);
}

TEST_CASE("an answer on another session settles nothing") {
  Desk desk;
  desk.bind(1);
  desk.bind(2);
  desk.owe_new();
  auto d = desk.pump()[0];
  const SessionId right = d.session;
  d.session = right == SessionId{1} ? SessionId{2} : SessionId{1};
  CHECK_FALSE(desk.answer(d));
  d.session = right;
  CHECK(desk.answer(d));
}

TEST_CASE("inbound messages are owed like receipts and handed back when they leave") {
  Desk desk;
  desk.outbox.owe(desk.now, inbound(MessageId{50}, kAcme, desk.now.wall));
  desk.bind(1);
  auto out = desk.pump();
  REQUIRE(out.size() == 1);
  REQUIRE(out[0].inbound != nullptr);
  CHECK(out[0].inbound->body == "STOP");
  desk.time_out(out[0]);
  desk.wait(seconds{6});
  out = desk.pump();
  auto settled = desk.answer(out[0]);
  CHECK(settled->is_inbound);
  REQUIRE(settled->inbound);
  CHECK(settled->inbound->id == MessageId{50});
}

TEST_CASE("an inbound message that nobody owns is kept, not delivered, and no backlog") {
  Desk desk;
  desk.outbox.owe(desk.now, inbound(MessageId{50}, kNoAccount, desk.now.wall));
  desk.bind(1);
  CHECK(desk.pump().empty());
  CHECK(desk.outbox.size(kNoAccount) == 1);
  desk.wait(hours{73});
  REQUIRE(desk.dead.size() == 1);
  CHECK(desk.dead[0].inbound);
  CHECK(desk.outbox.dead_letters() == 0);
}

TEST_CASE("deliver_rate holds over a minute") {
  Desk desk;
  desk.outbox.set_account(kAcme, {.fanout = Fanout::kSpread, .deliver_rate = 20.0, .retention = hours{72}});
  desk.bind(1, 100);
  for (int i = 0; i < 3'000; ++i) { desk.owe_new(); }
  int delivered = 0;
  for (int tick = 0; tick < 6'000; ++tick) {
    for (const Delivery& d : desk.pump()) {
      ++delivered;
      desk.answer(d);
    }
    desk.wait(milliseconds{10});
  }
  CHECK(delivered >= 1'190);
  CHECK(delivered <= 1'204);
  desk.outbox.set_account(kAcme, {});
  CHECK(desk.pump().size() == 100);
}

TEST_CASE("accounts take turns, and those without a session are not looked at") {
  Desk desk;
  for (std::uint32_t a = 0; a < 1'000; ++a) {
    for (int i = 0; i < 5; ++i) { desk.owe_new(AccountId{a}); }
  }
  CHECK_FALSE(desk.outbox.has_work());
  desk.bind(1, 10, AccountId{7});
  desk.bind(2, 10, AccountId{8});
  const auto out = desk.pump();
  REQUIRE(out.size() == 10);
  for (std::size_t i = 0; i < out.size(); ++i) { CHECK(out[i].account == AccountId{i % 2 == 0 ? 7u : 8u}); }
}

TEST_CASE("a transmitter is owed nothing") {
  Desk desk;
  desk.owe_new();
  desk.outbox.on_session_bound(desk.now, {SessionId{1}, kAcme, false, 10});
  CHECK(desk.pump().empty());
  desk.outbox.on_session_closed(desk.now, SessionId{1});
}

// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/apply.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "aldis/receipts/error_codes.hpp"
#include "unit/receipts/fixture.hpp"

using namespace aldis;
using namespace aldis::receipts;
using namespace aldis::receipts::test;

namespace {

constexpr std::array kFinals{Status::kDelivered, Status::kUndeliverable, Status::kRejected,
                             Status::kExpired,   Status::kDeleted,       Status::kUnknown};

Report says(Status state, std::string_view err = "001") { return {state, false, err}; }

Applied apply(Message& m, std::uint16_t part, Status state, WallTime now = kStart) {
  return apply_receipt(m, part, says(state), now, {});
}

// The table of CONTRACT 1, written the other way round: the best state that every part is at least as good
// as.
Status by_the_book(const std::vector<Status>& parts) {
  for (const Status s :
       {Status::kRejected, Status::kUndeliverable, Status::kExpired, Status::kDeleted, Status::kUnknown}) {
    if (std::find(parts.begin(), parts.end(), s) != parts.end()) { return s; }
  }
  return Status::kDelivered;
}

}  // namespace

TEST_CASE("the whole truth table of three parts", "[H36]") {
  Messages messages;
  for (const Status a : kFinals) {
    for (const Status b : kFinals) {
      for (const Status c : kFinals) {
        Message& m = messages.add("33639980001", 3);
        CHECK_FALSE(aggregate(m));
        const std::vector<Status> parts{a, b, c};
        for (std::uint16_t i = 0; i < 3; ++i) {
          m.parts[i].status = parts[i];
          m.parts[i].err.assign(std::to_string(i));
          if (i < 2) { CHECK_FALSE(aggregate(m)); }
        }
        const auto outcome = aggregate(m);
        REQUIRE(outcome);
        CHECK(outcome->status == by_the_book(parts));
        CHECK(outcome->parts_delivered == std::count(parts.begin(), parts.end(), Status::kDelivered));
        const auto first = std::find(parts.begin(), parts.end(), outcome->status) - parts.begin();
        CHECK(outcome->err == (outcome->status == Status::kDelivered ? "000" : std::to_string(first)));
      }
    }
  }
}

TEST_CASE("a message follows its only part, with the part's err and a rising status_seq") {
  Messages messages;
  for (const Status state : kFinals) {
    if (state == Status::kUnknown) { continue; }  // not final from an operator
    Message& m = messages.add("33639980001");
    const Applied applied = apply(m, 0, state, kStart + seconds{3});
    CHECK(applied.changed);
    CHECK(applied.final);
    CHECK(applied.part_changed);
    CHECK(m.status == state);
    CHECK(m.err == (state == Status::kDelivered ? "000" : "001"));
    CHECK(m.status_seq == 1);
    CHECK(m.done_at == kStart + seconds{3});
  }
}

TEST_CASE("repeated and shuffled receipts make one step per state", "[H4]") {
  Messages messages;
  std::mt19937 random{5};
  for (int round = 0; round < 500; ++round) {
    Message& m = messages.add("33639980001");
    std::vector<Report> receipts;
    for (const Report& one :
         {Report{Status::kSent, false, ""}, Report{Status::kSent, true, ""}, says(Status::kDelivered)}) {
      for (auto times = 1 + random() % 5; times > 0; --times) { receipts.push_back(one); }
    }
    std::shuffle(receipts.begin(), receipts.end(), random);
    int finals = 0;
    int intermediates = 0;
    std::uint16_t seq = 0;
    for (const Report& one : receipts) {
      const Applied applied = apply_receipt(m, 0, one, kStart, {});
      if (applied.changed || applied.intermediate_to_report) {
        CHECK(m.status_seq == seq + 1);
        seq = m.status_seq;
      } else {
        CHECK(applied.duplicate);
      }
      finals += applied.final ? 1 : 0;
      intermediates += applied.intermediate_to_report ? 1 : 0;
    }
    CHECK(m.status == Status::kDelivered);
    CHECK(finals == 1);
    CHECK(intermediates <= 2);
  }
}

TEST_CASE("the network's first final stands, whatever follows", "[H5]") {
  Messages messages;
  std::mt19937 random{9};
  Message& m = messages.add("33639980001", 2);
  for (int round = 0; round < 100'000; ++round) {
    m.status = Status::kSent;
    m.late = false;
    for (Part& part : m.parts) { part.status = Status::kSent; }
    std::array<std::optional<Status>, 2> first;
    for (int i = 0; i < 8; ++i) {
      const auto part = static_cast<std::uint16_t>(random() % 2);
      const Status state = kFinals[random() % 5];  // all but UNKNOWN
      const Applied applied = apply(m, part, state);
      if (!first[part]) {
        first[part] = state;
        CHECK(applied.part_changed);
      } else {
        const bool as_expected = state == *first[part] ? applied.duplicate : applied.contradicting;
        if (!as_expected || applied.part_changed || applied.changed) { FAIL("a final was not left alone"); }
      }
      if (first[part] != m.parts[part].status) { FAIL("a final reverted"); }
    }
  }
}

TEST_CASE("our own expiry and any UNKNOWN give way to the network once, inside the window", "[H6][D6]") {
  Messages messages;
  for (const Status ours : {Status::kExpired, Status::kUnknown}) {
    for (const Status network : {Status::kDelivered, Status::kUndeliverable, Status::kRejected}) {
      Message& m = messages.add("33639980001");
      finish_part(m, 0, ours, ours == Status::kExpired ? err::kExpired : err::kNoOutcome, kStart);
      REQUIRE(m.status == ours);
      const Applied applied = apply(m, 0, network, kStart + hours{24 * 7});
      CHECK(applied.late);
      CHECK(applied.final);
      CHECK(m.late);
      CHECK(m.status == network);
      CHECK(m.status_seq == 2);
      const Status other = network == Status::kDelivered ? Status::kRejected : Status::kDelivered;
      CHECK(apply(m, 0, other, kStart + hours{1}).contradicting);
      CHECK(m.status == network);
    }
  }
}

TEST_CASE("after the late window a receipt changes nothing and is an orphan", "[H6]") {
  Messages messages;
  Message& m = messages.add("33639980001");
  finish_part(m, 0, Status::kExpired, err::kExpired, kStart);
  const Applied applied = apply_receipt(m, 0, says(Status::kDelivered), kStart, {.late_window_over = true});
  CHECK(applied.too_late);
  CHECK_FALSE(applied.part_changed);
  CHECK(m.status == Status::kExpired);
}

TEST_CASE("the network's EXPIRED, a refusal and a deletion do not give way") {
  Messages messages;
  Message& expired = messages.add("33639980001");
  apply(expired, 0, Status::kExpired);
  CHECK(apply(expired, 0, Status::kDelivered).contradicting);
  Message& refused = messages.add("33639980001");
  finish_part(refused, 0, Status::kRejected, "045", kStart);
  CHECK(apply(refused, 0, Status::kDelivered).contradicting);
  Message& deleted = messages.add("33639980001");
  finish_part(deleted, 0, Status::kDeleted, err::kCanceled, kStart);
  CHECK(apply(deleted, 0, Status::kDelivered).contradicting);
  CHECK(deleted.status == Status::kDeleted);
}

TEST_CASE("a late upgrade of parts upgrades the message once, from what they add up to") {
  Messages messages;
  Message& m = messages.add("33639980001", 3);
  apply(m, 0, Status::kDelivered);
  const Applied ended = finish_unanswered(m, UnknownReason::kNoReceipt, kStart);
  CHECK(ended.final);
  CHECK(m.status == Status::kUnknown);
  CHECK(m.unknown_reason == UnknownReason::kNoReceipt);
  CHECK(m.err == "909");
  const Applied still = apply(m, 1, Status::kDelivered);
  CHECK(still.part_changed);
  CHECK_FALSE(still.changed);  // part 3 is unknown yet
  const Applied whole = apply(m, 2, Status::kDelivered);
  CHECK(whole.late);
  CHECK(m.status == Status::kDelivered);
  CHECK(m.unknown_reason == UnknownReason::kNone);
  CHECK(m.err == "000");

  Message& twice = messages.add("33639980001", 2);
  finish_unanswered(twice, UnknownReason::kNoReceipt, kStart);
  CHECK(apply(twice, 0, Status::kUndeliverable).late);
  CHECK(twice.status == Status::kUndeliverable);
  const Applied second =
      apply(twice, 1, Status::kRejected);  // would make it REJECTED: the one upgrade is used
  CHECK(second.part_changed);
  CHECK_FALSE(second.changed);
  CHECK(twice.status == Status::kUndeliverable);
}

TEST_CASE("UNKNOWN and words nobody knows end nothing [pain_03]") {
  Messages messages;
  Message& m = messages.add("33639980001");
  CHECK_FALSE(apply(m, 0, Status::kUnknown).part_changed);
  const Applied word = apply_receipt(m, 0, {std::nullopt, false, "310"}, kStart, {});
  CHECK_FALSE(word.part_changed);
  CHECK_FALSE(word.intermediate_to_report);
  CHECK(m.status == Status::kSent);
  CHECK(m.status_seq == 0);
}

TEST_CASE("ENROUTE proves that the operator has an uncertain part, also one that waits for its resend") {
  Messages messages;
  for (const Status before : {Status::kUncertain, Status::kQueued}) {
    Message& m = messages.add("33639980001");
    m.status = before;
    m.parts[0].status = before;
    m.parts[0].uncertain = true;
    const Applied applied = apply(m, 0, Status::kSent);
    CHECK(applied.part_changed);
    CHECK(applied.changed);
    CHECK_FALSE(applied.final);
    CHECK(m.status == Status::kSent);
    CHECK(m.parts[0].status == Status::kSent);
  }
}

TEST_CASE("one refused part: the unsent are not sent, the sent are awaited, a resend is called off",
          "[H36]") {
  Messages messages;
  Message& m = messages.add("33639980001", 5);
  m.parts[0].status = Status::kSent;
  m.parts[1].status = Status::kSending;
  m.parts[2].status = Status::kQueued;
  m.parts[3].status = Status::kQueued;
  m.parts[3].uncertain = true;
  m.parts[4].status = Status::kUncertain;
  const Applied applied = one_part_refused(m, 1, "045", kStart);
  CHECK(applied.part_changed);
  CHECK_FALSE(applied.changed);
  CHECK(m.parts[0].status == Status::kSent);
  CHECK(m.parts[1].status == Status::kRejected);
  CHECK(m.parts[2].status == Status::kRejected);
  CHECK(m.parts[2].err == "045");
  CHECK(m.parts[3].status == Status::kUncertain);
  CHECK(m.parts[4].status == Status::kUncertain);
  CHECK(sibling_refused(m));
  apply(m, 0, Status::kDelivered);
  apply(m, 3, Status::kDelivered);
  CHECK(m.status == Status::kSent);
  const Applied last = apply(m, 4, Status::kUndeliverable);
  CHECK(last.final);
  CHECK(m.status == Status::kRejected);
  CHECK(parts_delivered(m) == 2);
}

TEST_CASE("at the deadline uncertain parts say 908, silent ones the reason, unsent ones have expired") {
  Messages messages;
  Message& m = messages.add("33639980001", 3);
  m.parts[0].status = Status::kUncertain;
  m.parts[2].status = Status::kQueued;
  finish_unanswered(m, UnknownReason::kNoOperatorId, kStart);
  CHECK(m.parts[0].err == "908");
  CHECK(m.parts[1].err == "909");
  CHECK(m.parts[2].status == Status::kExpired);
  CHECK(m.status == Status::kExpired);
  Message& doubted = messages.add("33639980001");
  doubted.parts[0].status = Status::kUncertain;
  finish_unanswered(doubted, UnknownReason::kNoReceipt, kStart);
  CHECK(doubted.unknown_reason == UnknownReason::kUncertain);
}

TEST_CASE("the customer reads our code, or the operator's by its table, cut to three") {
  OperatorSettings op;
  op.receipt_errors["0x45"] = "105";
  op.receipt_errors["0021"] = "21b0";
  const auto ours = [&](std::string_view code) {
    return std::string{err::for_customer(code, &op, ReceiptErr::kOurs).view()};
  };
  CHECK(ours("") == "000");
  CHECK(ours("901") == "901");
  CHECK(ours("0x45") == "105");
  CHECK(ours("0021") == "21b");
  CHECK(ours("0000") == "000");
  CHECK(err::for_customer("0x45", &op, ReceiptErr::kOperator) == "0x45");
  CHECK(err::for_customer("902", nullptr, ReceiptErr::kOurs) == "902");
  CHECK(err::is_ours("910"));
  CHECK_FALSE(err::is_ours("911"));
  CHECK_FALSE(err::is_ours("9010"));
}

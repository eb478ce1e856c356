// SPDX-License-Identifier: Apache-2.0
#include "history/life.hpp"

#include <catch2/catch.hpp>

#include "history/wire.hpp"

namespace aldis::history {
namespace {

constexpr WallTime at(int second) { return WallTime{seconds{1'790'000'000 + second}}; }

struct Life {
  explicit Life(std::size_t parts) {
    message.id = MessageId{7};
    message.public_id = MessageId{5};
    message.account = AccountId{3};
    message.source.digits.assign("ACME");
    message.destination.digits.assign("447700900123");
    message.accepted_at = at(0);
    message.parts.resize(parts);
    life::image(row, {.message = &message}, false);
  }
  void lease(std::uint16_t part, int second) {
    const spool::LeasedPart leased{.part = {row.id, part}, .attempt = ++attempt};
    life::leased(row, {.op = OperatorId{1}, .link = LinkId{2}}, leased, at(second));
  }
  spool::ResultRecord result(std::uint16_t part, Status status, int second) const {
    spool::ResultRecord record;
    record.part = {row.id, part};
    record.op = OperatorId{1};
    record.link = LinkId{2};
    record.part_status = record.message_status = status;
    record.attempt = attempt;
    record.at = at(second);
    return record;
  }
  Message message;
  MessageRow row;
  std::uint16_t attempt = 0;
};

TEST_CASE("a message's life becomes a row and a timeline") {
  Life life(1);
  life.lease(0, 1);
  auto sent = life.result(0, Status::kSent, 2);
  sent.operator_message_id = "7F2A01";
  life::result(life.row, sent);
  CHECK(life.row.status == Status::kSent);
  CHECK(life.row.sent_at == at(2));
  CHECK(life.row.done_at == WallTime{});
  CHECK(life.row.parts[0].operator_id == "7F2A01");
  spool::ReceiptRecord receipt;
  receipt.part = {life.row.id, 0};
  receipt.op = OperatorId{1};
  receipt.status_seq = 4;
  receipt.done_at = at(3);
  receipt.err = "000";
  receipt.owed = spool::OwedItem{.status_seq = 4, .done_at = at(3), .owed_since = at(5)};
  life::receipt(life.row, receipt, at(4));
  life::owed_done(life.row, {.id = life.row.id, .status_seq = 4}, at(6));
  CHECK(life.row.status == Status::kDelivered);
  CHECK(life.row.status_seq == 4);
  CHECK(life.row.done_at == at(3));
  CHECK(life.row.updated_at == at(6));
  CHECK(life.row.public_id == MessageId{5});
  const std::vector<std::pair<StepKind, WallTime>> expected{
      {StepKind::kAccepted, at(0)}, {StepKind::kLeased, at(1)}, {StepKind::kResponded, at(2)},
      {StepKind::kReceipt, at(5)},  {StepKind::kOwed, at(5)},   {StepKind::kNotified, at(6)}};
  REQUIRE(life.row.steps.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(life.row.steps[i].kind == expected[i].first);
    CHECK(life.row.steps[i].at == expected[i].second);
  }
  CHECK(life.row.steps[1].link == LinkId{2});
  CHECK(life.row.steps[1].attempt == 1);
  CHECK(life.row.steps[3].err == "000");
}

TEST_CASE("one part refused takes the parts along that nobody has, and not those in doubt") {
  Life life(3);
  life.row.parts[2].uncertain = true;
  life.lease(0, 1);
  auto refused = life.result(0, Status::kRejected, 2);
  refused.outcome = OutcomeClass::kPermanent;
  refused.command_status = 0x0B;
  refused.err = "00B";
  life::result(life.row, refused);
  CHECK(life.row.status == Status::kRejected);
  CHECK(life.row.sent_at == WallTime{});
  CHECK(life.row.err == "00B");
  CHECK(life.row.parts[1].status == Status::kRejected);
  CHECK(life.row.parts[2].status == Status::kUncertain);
  CHECK(life.row.steps.back().command_status == 0x0B);
}

TEST_CASE("our own verdict leaves the parts that have one") {
  Life life(2);
  life.row.parts[0].status = Status::kDelivered;
  life::ended(life.row, {.message = life.row.id, .status = Status::kExpired, .err = "X01", .done_at = at(9)},
              at(8));
  CHECK(life.row.parts[0].status == Status::kDelivered);
  CHECK(life.row.parts[1].status == Status::kExpired);
  CHECK(life.row.steps.back().at == at(9));
}

TEST_CASE("records that name a part which is not there change nothing") {
  Life life(1);
  const MessageRow before = life.row;
  life::result(life.row, life.result(9, Status::kSent, 2));
  spool::ReceiptRecord receipt;
  receipt.part = {life.row.id, 1};
  life::receipt(life.row, receipt, at(3));
  life.lease(4, 1);
  CHECK((life.row == before));
}

TEST_CASE("an image that comes again adds no step, and a timeline has an end") {
  Life life(1);
  life::image(life.row, {.message = &life.message}, true);
  CHECK(life.row.steps.size() == 1);
  for (std::size_t i = 0; i < kStepsMax + 9; ++i) { life.lease(0, 1); }
  CHECK(life.row.steps.size() == kStepsMax);
  CHECK(life.row.steps_dropped == 10);
}

TEST_CASE("a row's octets read back, and no beginning of them does") {
  Life life(2);
  life.lease(1, 1);
  life.row.late = true;
  life.row.due_at = at(-5);
  life.row.steps_dropped = 300;
  life.row.notes = R"({"door":"native"})";
  std::string octets;
  encode_rest(life.row, octets);
  MessageRow read;
  read.id = life.row.id;
  read.account = life.row.account;
  read.status = life.row.status;
  read.op = life.row.op;
  read.source.digits = life.row.source.digits;
  read.destination.digits = life.row.destination.digits;
  read.accepted_at = life.row.accepted_at;
  REQUIRE(decode_rest(octets, read));
  CHECK((read == life.row));
  for (std::size_t size = 0; size < octets.size(); ++size) {
    CHECK_FALSE(decode_rest(Octets{octets}.substr(0, size), read));
  }
  CHECK_FALSE(decode_rest(octets + '\0', read));
  std::string later = octets;
  later[0] = static_cast<char>(kWireVersion + 1);
  CHECK_FALSE(decode_rest(later, read));
}

TEST_CASE("what the first version wrote, which had no notes, still reads") {
  Life life(1);
  std::string octets;
  encode_rest(life.row, octets);
  octets.pop_back();  // the length of no notes
  octets[0] = 1;
  MessageRow read = life.row;
  read.notes = "something else";
  REQUIRE(decode_rest(octets, read));
  CHECK((read == life.row));
}

}  // namespace
}  // namespace aldis::history

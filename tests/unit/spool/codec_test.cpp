// SPDX-License-Identifier: Apache-2.0
// The codec against itself, and against the classes that protoc makes from proto/journal.proto: the .proto is
// the contract, and nobody may change one without the other.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>
#include <catch2/catch.hpp>

#include "aldis/spool/recover.hpp"
#include "journal.pb.h"
#include "random_records.hpp"
#include "record_text.hpp"
#include "spool/codec.hpp"

namespace aldis::spool {
namespace {

namespace pb = ::aldis::journal::v1;

template <class Record>
struct Contract;
#define ALDIS_CONTRACT(RECORD, MESSAGE, TYPE)             \
  template <>                                             \
  struct Contract<RECORD> {                               \
    using Proto = pb::MESSAGE;                            \
    static constexpr RecordType kType = RecordType::TYPE; \
  }
ALDIS_CONTRACT(AcceptRecord, Accept, kAccept);
ALDIS_CONTRACT(LeaseRecord, Lease, kLease);
ALDIS_CONTRACT(ResultRecord, Result, kResult);
ALDIS_CONTRACT(ReceiptRecord, Receipt, kReceipt);
ALDIS_CONTRACT(OrphanRecord, Orphan, kOrphan);
ALDIS_CONTRACT(OrphanDoneRecord, OrphanDone, kOrphanDone);
ALDIS_CONTRACT(InboundRecord, Inbound, kInbound);
ALDIS_CONTRACT(OwedDoneRecord, OwedDone, kOwedDone);
ALDIS_CONTRACT(FinalRecord, Final, kFinal);
ALDIS_CONTRACT(ChangeRecord, Change, kChange);
ALDIS_CONTRACT(SettingsRecord, Settings, kSettings);
ALDIS_CONTRACT(CheckpointRecord, Checkpoint, kCheckpoint);
#undef ALDIS_CONTRACT

template <class Record>
std::string encoded(const Record& record) {
  std::string payload(payload_bound(record), '\x55');
  const char* end = encode(payload.data(), record);
  const auto size = static_cast<std::size_t>(end - payload.data());
  REQUIRE(size <= payload.size());
  payload.resize(size);
  return payload;
}

std::string decoded(RecordType type, const std::string& payload) {
  Heard heard;
  Decoder decoder;
  decoder.visit(type, payload, {}, heard);
  return heard.texts.at(0);
}

void check_no_unknown_fields(const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  CHECK(reflection->GetUnknownFields(message).empty());
  std::vector<const google::protobuf::FieldDescriptor*> set;
  reflection->ListFields(message, &set);
  for (const auto* field : set) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) { continue; }
    if (!field->is_repeated()) {
      check_no_unknown_fields(reflection->GetMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      check_no_unknown_fields(reflection->GetRepeatedMessage(message, field, i));
    }
  }
}

// Fields of the contract that a record with everything set does not carry.
void check_all_fields(const google::protobuf::Message& message, const std::string& excused) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const auto* field = message.GetDescriptor()->field(i);
    if (excused.find(" " + field->name() + " ") != std::string::npos) { continue; }
    INFO(field->full_name());
    if (!field->is_repeated()) {
      CHECK(reflection->HasField(message, field));
      if (field->message_type() != nullptr) {
        check_all_fields(reflection->GetMessage(message, field), excused);
      }
    } else {
      REQUIRE(reflection->FieldSize(message, field) > 0);
      if (field->message_type() == nullptr) { continue; }
      check_all_fields(reflection->GetRepeatedMessage(message, field, 0), excused);
    }
  }
}

}  // namespace

TEST_CASE("every record is decoded as it was encoded") {
  RandomRecords records(1);
  for (int i = 0; i < 3000; ++i) {
    records.each([](const auto& record) {
      using Record = std::decay_t<decltype(record)>;
      const std::string want = text_of(record);
      REQUIRE(decoded(Contract<Record>::kType, encoded(record)) == want);
    });
  }
}

TEST_CASE("what we encode is what the contract says, and what others encode by it is understood") {
  RandomRecords records(2);
  for (int i = 0; i < 300; ++i) {
    records.each([](const auto& record) {
      using Record = std::decay_t<decltype(record)>;
      typename Contract<Record>::Proto proto;
      REQUIRE(proto.ParseFromString(encoded(record)));
      check_no_unknown_fields(proto);
      const std::string again = proto.SerializeAsString();
      REQUIRE(decoded(Contract<Record>::kType, again) == text_of(record));
    });
  }
}

TEST_CASE("a record with everything set uses every field of the contract") {
  RandomRecords records(3, true);
  for (int i = 0; i < 20; ++i) {
    records.each([](const auto& record) {
      using Record = std::decay_t<decltype(record)>;
      typename Contract<Record>::Proto proto;
      REQUIRE(proto.ParseFromString(encoded(record)));
      check_no_unknown_fields(proto);
      check_all_fields(proto, " attempt no_parts ");  // those stand for the parts that are given here
    });
  }
}

TEST_CASE("the fields mean what their names say") {
  Message m;
  m.id = MessageId{0x0102030405060708};
  m.public_id = m.id;
  m.account = AccountId{7};
  m.op = OperatorId{0};
  m.link = LinkId{4};
  m.status = Status::kSending;
  m.source.ton = 5;
  m.source.digits.assign("ACME");
  m.content.body = "hello";
  m.accepted_at = WallTime{microseconds{1'700'000'000'123'456}};
  Part& part = m.parts.emplace_back();
  part.status = Status::kSending;
  part.attempt = 1;
  part.body_octets = 5;
  pb::Accept accept;
  REQUIRE(accept.ParseFromString(encoded(AcceptRecord{&m, {}, m.accepted_at + hours{1}, {}})));
  CHECK(accept.id() == 0x0102030405060708);
  CHECK(accept.public_id() == 0);
  CHECK(accept.account() == 7);
  CHECK(accept.op() == 1);
  CHECK(accept.link() == 5);
  CHECK(accept.status() == pb::SENDING);
  CHECK(accept.source().ton() == 5);
  CHECK(accept.source().digits() == "ACME");
  CHECK_FALSE(accept.has_destination());
  CHECK(accept.body() == "hello");
  CHECK(accept.accepted_at() == 1'700'000'000'123'456);
  CHECK(accept.expires_at() == 1'700'003'600'123'456);
  CHECK(accept.attempt() == 1);
  CHECK(accept.parts_size() == 0);

  ReceiptRecord r;
  r.part = {m.id, 2};
  r.op = OperatorId{3};
  r.state = Status::kUndeliverable;
  r.err = "27";
  r.owed = OwedItem{.status_seq = 9, .status = Status::kUndeliverable};
  pb::Receipt receipt;
  REQUIRE(receipt.ParseFromString(encoded(r)));
  CHECK(receipt.message() == m.id.value());
  CHECK(receipt.part() == 2);
  CHECK(receipt.op() == 4);
  CHECK(receipt.state() == pb::UNDELIVERABLE);
  CHECK(receipt.err() == "27");
  CHECK(receipt.owed().status_seq() == 9);

  pb::Result result;
  ResultRecord res;
  res.outcome = OutcomeClass::kUnanswered;
  res.part_status = Status::kUncertain;
  REQUIRE(result.ParseFromString(encoded(res)));
  CHECK(result.outcome() == pb::UNANSWERED);
  CHECK(result.part_status() == pb::UNCERTAIN);
  CHECK(result.message_status() == pb::STATUS_DEFAULT);
}

TEST_CASE("an empty checkpoint has no payload") { CHECK(encoded(CheckpointRecord{}).empty()); }

TEST_CASE("a usual ACCEPT stays small") {
  Message m;
  m.id = make_message_id(1, 2, 3);
  m.public_id = m.id;
  m.account = AccountId{12};
  m.source = {5, 0, FixedString<20>{"ACME"}};
  m.destination = {1, 1, FixedString<20>{"447700900123"}};
  m.registered_delivery = 1;
  m.content.body = std::string(60, 'x');
  m.accepted_at = WallTime{microseconds{1'700'000'000'000'000}};
  Part& part = m.parts.emplace_back();
  part.body_octets = 60;
  CHECK(encoded(AcceptRecord{&m, {}, m.accepted_at + hours{48}, {}}).size() < 130);
}

TEST_CASE("payloads of a later version are refused, not guessed at") {
  Heard heard;
  Decoder decoder;
  pb::Change change;
  change.set_status(static_cast<pb::Status>(12));
  CHECK_THROWS_AS(decoder.visit(RecordType::kChange, change.SerializeAsString(), {}, heard), DecodeError);
  pb::Accept accept;
  accept.set_esm_class(256);
  CHECK_THROWS_AS(decoder.visit(RecordType::kAccept, accept.SerializeAsString(), {}, heard), DecodeError);
  CHECK_THROWS_AS(decoder.visit(RecordType::kAccept, "\x0a", {}, heard), DecodeError);
  CHECK_THROWS_AS(decoder.visit(static_cast<RecordType>(99), "", {}, heard), DecodeError);
  CHECK(heard.texts.empty());
}

TEST_CASE("a field that a later version added is skipped") {
  pb::OwedDone done;
  done.set_id(77);
  done.GetReflection()->MutableUnknownFields(&done)->AddVarint(900, 5);
  OwedDoneRecord want;
  want.id = MessageId{77};
  CHECK(decoded(RecordType::kOwedDone, done.SerializeAsString()) == text_of(want));
}

}  // namespace aldis::spool

// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/codec.hpp"

#include <catch2/catch.hpp>
#include <type_traits>

#include "aldis/smpp/pdu_rows.hpp"
#include "unit/smpp/hex.hpp"

using namespace aldis;
using namespace aldis::smpp;
using namespace aldis::smpp::test;

namespace {

// Fills every field with something that only this field has.
struct Filler {
  unsigned next = 0;
  std::string destinations;
  std::string unsuccess;
  std::string ids;
  std::string tlvs;

  Filler() {
    append(destinations, Destination{1, 2, 3, "447700900001", {}});
    append(destinations, Destination{2, 0, 0, {}, "friends"});
    append(unsuccess, Unsuccess{1, 1, "447700900002", CommandStatus::kInvalidDestination});
    append(ids, ListedMessage{"A1"});
    append(ids, ListedMessage{"A2"});
    append_tlv_u16(tlvs, TlvTag::kUserMessageReference, 0x1234);
    append_tlv(tlvs, static_cast<TlvTag>(0x1400), "vendor");
  }

  void fill(std::uint8_t& value, std::uint8_t most) {
    value = static_cast<std::uint8_t>(++next % (most + 1u));
  }
  void fill(std::string_view& value, std::uint8_t) {
    static const std::array<std::string, 8> kTexts{"a", "bc", "def", "", "ghij", "k", "lmnop", "qr"};
    value = kTexts[++next % kTexts.size()];
  }
  void fill(Destinations& value, std::uint8_t) { value = {2, destinations}; }
  void fill(UnsuccessList& value, std::uint8_t) { value = {1, unsuccess}; }
  void fill(MessageIds& value, std::uint8_t) { value = {2, ids}; }
};

bool same(std::uint8_t a, std::uint8_t b) { return a == b; }
bool same(std::string_view a, std::string_view b) { return a == b; }
template <class Item>
bool same(const ItemList<Item>& a, const ItemList<Item>& b) {
  return a.size() == b.size() && a.items() == b.items();
}

template <class S>
void check_roundtrip(CommandId id) {
  Filler filler;
  S body;
  std::apply([&](const auto&... row) { (filler.fill(body.*row.member, row.value_max), ...); }, kRows<S>);
  if (!std::is_same_v<S, QueryMsgDetailsResp>) { body.tlvs = Tlvs{filler.tlvs}; }
  std::string wire = "before";
  encode(wire, id, CommandStatus::kOk, 77, body);
  wire.erase(0, 6);
  for (const auto strictness : {Strictness::kSession, Strictness::kLink}) {
    const auto pdu = decode(wire, strictness);
    REQUIRE(pdu.has_value());
    CHECK(pdu->tolerated == 0);
    CHECK(pdu->header.command_id == id);
    CHECK(pdu->header.sequence_number == 77);
    const auto* read = std::get_if<S>(&pdu->body);
    REQUIRE(read != nullptr);
    const auto check = [&](const auto& row) {
      INFO(row.name);
      CHECK(same(body.*row.member, read->*row.member));
    };
    std::apply([&](const auto&... row) { (check(row), ...); }, kRows<S>);
    CHECK(read->tlvs.raw() == body.tlvs.raw());
    std::string again;
    encode(again, *pdu);
    CHECK(again == wire);
  }
}

SubmitSm hello() {
  return {.source_addr_ton = 5,
          .source_addr = "Aldis",
          .dest_addr_ton = 1,
          .dest_addr_npi = 1,
          .destination_addr = "447700900123",
          .registered_delivery = 1,
          .short_message = "Hi!"};
}

}  // namespace

TEST_CASE("every command survives encoding and decoding, field by field") {
  for (const auto id : kCommandIds) {
    INFO(name_of(id));
    CHECK(with_body_type(id, [&]<class S>() { check_roundtrip<S>(id); }));
  }
}

TEST_CASE("the wire vectors of the manual are written octet by octet") {
  std::string bind;
  encode(bind, CommandId::kBindTransceiver, CommandStatus::kOk, 1,
         Bind{.system_id = "acme", .password = "secret", .interface_version = 0x34});
  CHECK(bind == kBindVector);

  std::string tlvs;
  append_tlv_u8(tlvs, TlvTag::kScInterfaceVersion, 0x34);
  std::string resp;
  encode(resp, CommandId::kBindTransceiverResp, CommandStatus::kOk, 1,
         BindResp{.system_id = "aldis", .tlvs = Tlvs{tlvs}});
  CHECK(resp == kBindRespVector);

  std::string submit;
  encode(submit, CommandStatus::kOk, 2, hello());
  CHECK(submit == kSubmitVector);

  std::string nack;
  encode_header(nack, CommandId::kGenericNack, CommandStatus::kInvalidCommandId, 7);
  CHECK(nack == kNackVector);
}

TEST_CASE("the wire vectors of the manual are read") {
  const auto bind = decode(kBindVector, Strictness::kSession);
  REQUIRE(bind.has_value());
  CHECK(std::get<Bind>(bind->body).system_id == "acme");
  CHECK(std::get<Bind>(bind->body).password == "secret");
  CHECK(std::get<Bind>(bind->body).interface_version == 0x34);

  const auto resp = decode(kBindRespVector, Strictness::kLink);
  REQUIRE(resp.has_value());
  CHECK(std::get<BindResp>(resp->body).tlvs.find_u8(TlvTag::kScInterfaceVersion) == 0x34);

  const auto submit = decode(kSubmitVector, Strictness::kSession);
  REQUIRE(submit.has_value());
  const auto& body = std::get<SubmitSm>(submit->body);
  CHECK(body.source_addr == "Aldis");
  CHECK(body.destination_addr == "447700900123");
  CHECK(body.registered_delivery == 1);
  CHECK(body.short_message == "Hi!");
  CHECK(body_of(body) == "Hi!");

  const auto nack = decode(kNackVector, Strictness::kLink);
  REQUIRE(nack.has_value());
  CHECK(nack->header.command_status == CommandStatus::kInvalidCommandId);
}

TEST_CASE("strings are views into the input: decoding copies nothing") {
  const auto submit = decode(kSubmitVector, Strictness::kSession);
  const auto& body = std::get<SubmitSm>(submit->body);
  const auto* first = kSubmitVector.data();
  const auto* last = first + kSubmitVector.size();
  CHECK((body.source_addr.data() > first && body.source_addr.data() < last));
  CHECK((body.short_message.data() > first && body.short_message.data() < last));
}

TEST_CASE("what is written never breaks the layout, whatever the strings are") {
  std::string wire;
  auto submit = hello();
  submit.source_addr = std::string_view{"Al\0is", 5};  // would end the field
  submit.destination_addr = "4477009001234477009001234477009001";
  submit.service_type = "TOOLONG";
  encode(wire, CommandStatus::kOk, 2, submit);
  const auto pdu = decode(wire, Strictness::kSession);
  REQUIRE(pdu.has_value());
  const auto& body = std::get<SubmitSm>(pdu->body);
  CHECK(body.source_addr == "Al");
  CHECK(body.destination_addr == "44770090012344770090");
  CHECK(body.service_type == "TOOLO");
  CHECK(body.short_message == "Hi!");
}

TEST_CASE("the items of submit_multi are walked in order") {
  Filler filler;
  std::vector<std::string> seen;
  for (const auto& item : Destinations{2, filler.destinations}) {
    seen.emplace_back(item.dest_flag == 1 ? item.destination_addr : item.dl_name);
  }
  CHECK(seen == std::vector<std::string>{"447700900001", "friends"});
  for (const auto& item : UnsuccessList{1, filler.unsuccess}) {
    CHECK(item.error_status_code == CommandStatus::kInvalidDestination);
  }
}

TEST_CASE("names and numbers of commands, statuses and TLVs agree both ways") {
  for (const auto id : kCommandIds) { CHECK(command_named(name_of(id)) == id); }
  for (const auto status : kCommandStatuses) { CHECK(status_named(name_of(status)) == status); }
  for (const auto& row : kTlvRows) { CHECK(tlv_named(row.name) == row.tag); }
  CHECK(name_of(CommandStatus::kThrottled) == "ESME_RTHROTTLED");
  CHECK(status_named("ESME_RINVTLVLEN") == CommandStatus::kInvalidTlvLength);
  CHECK(class_of(CommandStatus::kMessageQueueFull) == StatusClass::kThrottle);
  CHECK(class_of(static_cast<CommandStatus>(0x400)) == StatusClass::kUnlisted);
  CHECK(name_of(static_cast<CommandStatus>(0x400)).empty());
  CHECK_FALSE(command_named("submit"));
  CHECK(index_of(static_cast<CommandId>(0x77)) == kCommandCount);
  CHECK_FALSE(has_response(CommandId::kOutbind));
}

TEST_CASE("the version of a session follows interface_version, and bind_transceiver is never 3.3") {
  CHECK(version_of(0x00, BindType::kTransmitter) == Version::kV33);
  CHECK(version_of(0x33, BindType::kReceiver) == Version::kV33);
  CHECK(version_of(0x33, BindType::kTransceiver) == Version::kV34);
  CHECK(version_of(0x34, BindType::kTransmitter) == Version::kV34);
  CHECK(version_of(0x4F, BindType::kTransmitter) == Version::kV34);
  CHECK(version_of(0x50, BindType::kTransmitter) == Version::kV50);
  CHECK(version_of(0xFF, BindType::kTransmitter) == Version::kV50);
}

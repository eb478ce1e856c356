// SPDX-License-Identifier: Apache-2.0
// What a broken PDU costs: strict on sessions, lenient on links, and responses always lenient.
#include <catch2/catch.hpp>
#include <deque>
#include <random>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/pdu_rows.hpp"
#include "unit/smpp/hex.hpp"

using namespace aldis;
using namespace aldis::smpp;
using namespace aldis::smpp::test;

namespace {

// A submit_sm with this behind short_message, and this as its fields.
std::string submit(const SubmitSm& body, std::string_view behind = {}) {
  std::string wire;
  encode(wire, CommandStatus::kOk, 9, body);
  wire.append(behind);
  return be32(static_cast<std::uint32_t>(wire.size())) + wire.substr(4);
}

std::string submit_with(std::string_view behind) {
  return submit({.destination_addr = "4477", .short_message = "x"}, behind);
}

std::optional<DecodeError> strict_error(std::string_view wire) {
  Pdu pdu;
  return decode_into(wire, Strictness::kSession, pdu);
}

// Keeps the octets that the views point into for as long as the tests run.
Pdu lenient(std::string_view wire) {
  static std::deque<std::string> kept;
  auto pdu = decode(kept.emplace_back(wire), Strictness::kLink);
  REQUIRE(pdu.has_value());
  return *pdu;
}

}  // namespace

TEST_CASE("a body that ends inside a mandatory field is refused with 0x02 on both sides, at any octet") {
  std::string whole;
  encode(whole, CommandStatus::kOk, 9, SubmitSm{.source_addr = "Aldis", .destination_addr = "4477"});
  for (std::size_t size = kHeaderOctets; size < whole.size(); ++size) {
    const auto cut = be32(static_cast<std::uint32_t>(size)) + whole.substr(4, size - 4);
    for (const auto strictness : {Strictness::kSession, Strictness::kLink}) {
      Pdu pdu;
      const auto error = decode_into(cut, strictness, pdu);
      REQUIRE(error);
      CHECK(error->status == CommandStatus::kInvalidCommandLength);
      CHECK(error->malformed);
      CHECK(std::holds_alternative<std::monostate>(pdu.body));
    }
  }
}

TEST_CASE("a string without NUL is refused with 0x02") {
  const auto error = strict_error(raw_pdu(0x04, 0, 1, "no NUL at all"));
  REQUIRE(error);
  CHECK(error->status == CommandStatus::kInvalidCommandLength);
  CHECK(error->field == "service_type");
}

TEST_CASE("an sm_length beyond the body is refused with 0x01 on both sides") {
  auto wire = submit({.short_message = "hello"});
  wire[wire.size() - 6] = 6;
  for (const auto strictness : {Strictness::kSession, Strictness::kLink}) {
    Pdu pdu;
    const auto error = decode_into(wire, strictness, pdu);
    REQUIRE(error);
    CHECK(error->status == CommandStatus::kInvalidMessageLength);
    CHECK(error->malformed);
  }
}

TEST_CASE("255 octets of short_message are read") {
  const std::string text(255, 'x');
  CHECK(std::get<SubmitSm>(lenient(submit({.short_message = text})).body).short_message == text);
  CHECK_FALSE(strict_error(submit({.short_message = text})));
}

TEST_CASE("one to three octets behind the TLVs are ignored and counted") {
  for (const std::string_view behind : {std::string_view{"\x01", 1}, std::string_view{"\x01\x02\x03", 3}}) {
    CHECK_FALSE(strict_error(submit_with(behind)));
    const auto pdu = lenient(submit_with(behind));
    CHECK(pdu.has(Tolerated::kTrailingOctets));
    CHECK(std::get<SubmitSm>(pdu.body).tlvs.empty());
  }
}

TEST_CASE("a TLV length beyond the body: 0xC0 on a session, a link keeps what came before") {
  const auto wire = submit_with(from_hex("0204 0002 1234 0427 0005 02"));
  const auto error = strict_error(wire);
  REQUIRE(error);
  CHECK(error->status == CommandStatus::kInvalidTlvStream);
  CHECK(error->malformed);
  const auto pdu = lenient(wire);
  CHECK(pdu.has(Tolerated::kTlvsCut));
  const auto& tlvs = std::get<SubmitSm>(pdu.body).tlvs;
  CHECK(tlvs.find_u16(TlvTag::kUserMessageReference) == 0x1234);
  CHECK(tlvs.raw().size() == 6);
}

TEST_CASE("a known integer of another length is read if the value fits") {
  const auto wide = submit_with(from_hex("0204 0004 00001234"));
  const auto narrow = submit_with(from_hex("0204 0001 12"));
  for (const auto& wire : {wide, narrow}) { CHECK_FALSE(strict_error(wire)); }
  CHECK(std::get<SubmitSm>(lenient(wide).body).tlvs.find_u16(TlvTag::kUserMessageReference) == 0x1234);
  CHECK(std::get<SubmitSm>(lenient(narrow).body).tlvs.find_u16(TlvTag::kUserMessageReference) == 0x12);
}

TEST_CASE("a known integer that cannot be read: 0xC2 on a session, ignored on a link") {
  for (const auto* tlv :
       {"0204 0004 00011234", "0204 0000", "0427 0005 0000000002", "0017 0005 0000000001"}) {
    const auto wire = submit_with(from_hex(tlv));
    const auto error = strict_error(wire);
    REQUIRE(error);
    CHECK(error->status == CommandStatus::kInvalidTlvLength);
    CHECK_FALSE(error->malformed);
    const auto pdu = lenient(wire);
    CHECK(pdu.has(Tolerated::kTlvIgnored));
    const auto& tlvs = std::get<SubmitSm>(pdu.body).tlvs;
    CHECK_FALSE(tlvs.find_u16(TlvTag::kUserMessageReference));
    CHECK_FALSE(tlvs.find_u8(TlvTag::kMessageState));
  }
}

TEST_CASE("a C-octet TLV without its NUL is fine") {
  std::string tlv;
  append_tlv(tlv, TlvTag::kReceiptedMessageId, "77120001");
  CHECK_FALSE(strict_error(submit_with(tlv)));
  CHECK(std::get<SubmitSm>(lenient(submit_with(tlv)).body).tlvs.find_cstring(TlvTag::kReceiptedMessageId) ==
        "77120001");
}

TEST_CASE("of a repeated known TLV the first counts, of an unknown one all are carried") {
  const auto raw =
      from_hex("0204 0002 0001 0204 0002 0002 1400 0001 41 1400 0001 42 0201 0001 01 0201 0001 02");
  const Tlvs tlvs{raw};
  CHECK(tlvs.find_u16(TlvTag::kUserMessageReference) == 1);
  std::string carried;
  CHECK(append_carried(carried, tlvs) == 0);
  CHECK(carried == from_hex("1400 0001 41 1400 0001 42 0201 0001 01"));
}

TEST_CASE("more than 32 carried TLVs: 0xC1 on a session, a link drops the last") {
  std::string many;
  for (int i = 0; i < 32; ++i) { append_tlv_u8(many, static_cast<TlvTag>(0x1400 + i), 1); }
  append_tlv_u16(many, TlvTag::kUserMessageReference, 1);  // ours: does not count
  CHECK_FALSE(strict_error(submit_with(many)));
  append_tlv_u8(many, static_cast<TlvTag>(0x1500), 1);
  const auto error = strict_error(submit_with(many));
  REQUIRE(error);
  CHECK(error->status == CommandStatus::kTlvNotAllowed);
  const auto pdu = lenient(submit_with(many));
  CHECK(pdu.has(Tolerated::kCarriedTooMany));
  std::string carried;
  CHECK(append_carried(carried, std::get<SubmitSm>(pdu.body).tlvs) == 1);
  CHECK(carried.size() == 32 * 5);
}

TEST_CASE("more than 2,048 carried octets: 0xC1 on a session, a link drops the last") {
  std::string big;
  append_tlv(big, static_cast<TlvTag>(0x1400), std::string(2044, 'x'));
  CHECK_FALSE(strict_error(submit_with(big)));
  append_tlv(big, static_cast<TlvTag>(0x1401), "");
  const auto error = strict_error(submit_with(big));
  REQUIRE(error);
  CHECK(error->status == CommandStatus::kTlvNotAllowed);
  std::string carried;
  CHECK(append_carried(carried, std::get<SubmitSm>(lenient(submit_with(big)).body).tlvs) == 1);
  CHECK(carried.size() == 2048);
}

TEST_CASE("short_message and message_payload both filled: 0x01 on a session, a link has both") {
  std::string payload;
  append_tlv(payload, TlvTag::kMessagePayload, "the long text");
  const auto error = strict_error(submit_with(payload));
  REQUIRE(error);
  CHECK(error->status == CommandStatus::kInvalidMessageLength);
  CHECK_FALSE(error->malformed);
  const auto pdu = lenient(submit_with(payload));
  CHECK(pdu.has(Tolerated::kTwoBodies));
  CHECK(body_of(std::get<SubmitSm>(pdu.body)) == "x");
  CHECK_FALSE(strict_error(submit({}, payload)));
  CHECK(body_of(std::get<SubmitSm>(lenient(submit({}, payload)).body)) == "the long text");
}

TEST_CASE("too long strings and impossible values get their own status on sessions") {
  const std::string long_text(300, '7');
  struct Case {
    SubmitSm body;
    CommandStatus status;
  };
  // The encoder cuts at the limits, so long fields are written by hand.
  const auto by_hand = [&](std::string_view before, std::size_t size) {
    return raw_pdu(0x04, 0, 1, std::string{before} + long_text.substr(0, size) + std::string(64, '\0'));
  };
  CHECK(strict_error(by_hand({}, 6))->status == CommandStatus::kInvalidServiceType);
  CHECK(strict_error(by_hand({"\0\1\1", 3}, 21))->status == CommandStatus::kInvalidSource);
  CHECK(strict_error(by_hand({"\0\1\1\0\1\1", 6}, 21))->status == CommandStatus::kInvalidDestination);
  CHECK(strict_error(by_hand({"\0\1\1\0\1\1\0\0\0\0", 10}, 17))->status == CommandStatus::kInvalidSchedule);
  CHECK(strict_error(by_hand({"\0\1\1\0\1\1\0\0\0\0\0", 11}, 17))->status == CommandStatus::kInvalidValidity);
  CHECK_FALSE(strict_error(by_hand({"\0\1\1\0\1\1", 6}, 20)));
  const std::vector<Case> cases{{{.priority_flag = 5}, CommandStatus::kInvalidPriority},
                                {{.replace_if_present_flag = 2}, CommandStatus::kInvalidReplaceFlag},
                                {{.sm_default_msg_id = 1}, CommandStatus::kInvalidDefaultMessageId}};
  for (const auto& each : cases) {
    const auto error = strict_error(submit(each.body));
    REQUIRE(error);
    CHECK(error->status == each.status);
    CHECK_FALSE(error->malformed);
    CHECK(decode(submit(each.body), Strictness::kLink).has_value());
  }
  CHECK_FALSE(strict_error(submit({.esm_class = 0xFF, .priority_flag = 4, .registered_delivery = 0xFF})));
}

TEST_CASE("bind: 64 octets of password are read, longer fields are 0x0D") {
  const auto bind = [](std::size_t id, std::size_t password, std::size_t type) {
    return raw_pdu(0x09, 0, 1,
                   std::string(id, 'i') + '\0' + std::string(password, 'p') + '\0' + std::string(type, 't') +
                       std::string{"\0\x34\0\0\0", 5});
  };
  CHECK_FALSE(strict_error(bind(15, 64, 12)));
  CHECK(strict_error(bind(16, 8, 0))->status == CommandStatus::kBindFailed);
  CHECK(strict_error(bind(15, 65, 0))->status == CommandStatus::kBindFailed);
  CHECK(strict_error(bind(15, 8, 13))->status == CommandStatus::kBindFailed);
}

TEST_CASE("submit_multi: counts, flags and names are checked, each with its status") {
  const auto multi = [](std::uint8_t count, std::string_view items) {
    return raw_pdu(
        0x21, 0, 1,
        std::string(4, '\0') + static_cast<char>(count) + std::string{items} + std::string(10, '\0'));
  };
  CHECK(strict_error(multi(0, {}))->status == CommandStatus::kInvalidDestinationCount);
  CHECK(strict_error(multi(1, {"\3\1\1x\0", 5}))->status == CommandStatus::kInvalidDestinationFlag);
  CHECK(strict_error(multi(1, std::string{"\2"} + std::string(21, 'l') + '\0'))->status ==
        CommandStatus::kInvalidListName);
  CHECK(strict_error(multi(1, std::string{"\1\1\1"} + std::string(21, '7') + '\0'))->status ==
        CommandStatus::kInvalidDestination);
  CHECK(strict_error(multi(255, {"\1\1\1x\0", 5})).has_value());
  CHECK_FALSE(strict_error(multi(1, {"\1\1\1x\0", 5})));
}

TEST_CASE("any response may be 16 octets, one NUL or full, whatever its status") {
  for (const auto id : kCommandIds) {
    if (!is_response(id)) { continue; }
    for (const std::uint32_t status : {0u, 0x45u, 0x400u}) {
      for (const std::string_view body : {std::string_view{}, std::string_view{"\0", 1}}) {
        INFO(name_of(id) << " status " << status << " octets " << 16 + body.size());
        for (const auto strictness : {Strictness::kSession, Strictness::kLink}) {
          const auto pdu = decode(raw_pdu(static_cast<std::uint32_t>(id), status, 1, body), strictness);
          REQUIRE(pdu.has_value());
          CHECK_FALSE(std::holds_alternative<std::monostate>(pdu->body));
        }
      }
    }
  }
}

TEST_CASE("a response is read as far as it goes, at any cut") {
  std::string items;
  append(items, Unsuccess{1, 1, "447700900001", CommandStatus::kInvalidDestination});
  append(items, Unsuccess{1, 1, "447700900002", CommandStatus::kThrottled});
  std::string whole;
  encode(whole, CommandStatus::kOk, 1, SubmitMultiResp{.message_id = "id", .unsuccess_sme = {2, items}});
  for (std::size_t size = kHeaderOctets; size < whole.size(); ++size) {
    const auto cut = be32(static_cast<std::uint32_t>(size)) + whole.substr(4, size - 4);
    const auto pdu = lenient(cut);
    const auto& body = std::get<SubmitMultiResp>(pdu.body);
    if (size >= kHeaderOctets + 2) { CHECK(body.message_id == "id"); }
    if (size >= kHeaderOctets + 4 + 19) { CHECK(body.unsuccess_sme.size() == 1); }
  }
}

TEST_CASE("an error response may have TLVs with and without a message_id before them") {
  std::string tlv;
  append_tlv_cstring(tlv, TlvTag::kAdditionalStatusInfoText, "no credit");
  for (const auto& body : {tlv, std::string(1, '\0') + tlv}) {
    const auto pdu = lenient(raw_pdu(0x80000004, 0x45, 1, body));
    const auto& resp = std::get<SubmitSmResp>(pdu.body);
    CHECK(resp.message_id.empty());
    CHECK(resp.tlvs.find_cstring(TlvTag::kAdditionalStatusInfoText) == "no credit");
  }
}

TEST_CASE("an operator's message_id is read up to 255 characters and then cut") {
  const std::string id(255, 'i');
  CHECK(std::get<SubmitSmResp>(lenient(raw_pdu(0x80000004, 0, 1, id + '\0')).body).message_id == id);
  const auto pdu = lenient(raw_pdu(0x80000004, 0, 1, id + "more" + '\0'));
  CHECK(std::get<SubmitSmResp>(pdu.body).message_id == id);
  CHECK(pdu.has(Tolerated::kFieldCut));
}

TEST_CASE("a response's string without NUL is cut like any other") {
  const auto bound = lenient(raw_pdu(0x80000009, 0, 4, std::string(40, 's')));
  CHECK(std::get<BindResp>(bound.body).system_id == std::string(15, 's'));
  CHECK(bound.has(Tolerated::kBodyCut));
  CHECK(bound.has(Tolerated::kFieldCut));
  const auto sent = lenient(raw_pdu(0x80000004, 0, 5, std::string(60'000, '7')));
  CHECK(std::get<SubmitSmResp>(sent.body).message_id == std::string(255, '7'));
}

TEST_CASE("a list that ends within an item has only the items before it") {
  std::string whole;
  std::string items;
  append(items, Unsuccess{.destination_addr = "4477", .error_status_code = CommandStatus::kInvalidSource});
  encode(whole, CommandStatus::kOk, 6, SubmitMultiResp{.message_id = "7", .unsuccess_sme = {1, items}});
  const std::string second{
      "\x01\x01"
      "44",
      4};  // its address has no NUL
  const auto read = lenient(raw_pdu(0x80000021, 0, 6, std::string{"7\0\x02", 3} + items + second));
  const auto& list = std::get<SubmitMultiResp>(read.body).unsuccess_sme;
  CHECK(list.size() == 1);
  CHECK(list.items() == items);
  std::string again;
  encode(again, read);
  CHECK(again == whole);
}

TEST_CASE("a session refuses a message_id of 65 characters with 0x0C") {
  std::string body = std::string(65, 'i') + std::string(4, '\0');
  CHECK(strict_error(raw_pdu(0x03, 0, 1, body))->status == CommandStatus::kInvalidMessageId);
  body.erase(0, 1);
  CHECK_FALSE(strict_error(raw_pdu(0x03, 0, 1, body)));
}

TEST_CASE("an unknown command is no decoding error: its body stays unread") {
  const auto pdu = lenient(raw_pdu(0x7777, 0, 1, "whatever"));
  CHECK(std::holds_alternative<std::monostate>(pdu.body));
}

TEST_CASE("random octets and damaged PDUs never do more than fail") {
  std::mt19937 random{20261121};
  std::string tlvs;
  append_tlv(tlvs, TlvTag::kMessagePayload, "text");
  append_tlv_u8(tlvs, TlvTag::kMessageState, 2);
  std::size_t refused = 0;
  for (int round = 0; round < 40'000; ++round) {
    const auto id = kCommandIds[random() % kCommandIds.size()];
    std::string body(random() % 120, '\0');
    for (char& c : body) { c = random() % 3 == 0 ? '\0' : static_cast<char>(random() % 256); }
    if (round % 2 == 0) { body += tlvs; }
    const auto wire =
        raw_pdu(static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(random() % 3), 1, body);
    for (const auto strictness : {Strictness::kSession, Strictness::kLink}) {
      const auto pdu = decode(wire, strictness);
      if (!pdu) {
        ++refused;
        CHECK_FALSE(is_response(id));
        continue;
      }
      std::string again;  // what was read can be written
      if (!pdu->has(Tolerated::kFieldCut)) { encode(again, *pdu); }
    }
  }
  CHECK(refused > 1000);
}

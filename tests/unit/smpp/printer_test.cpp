// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/printer.hpp"

#include <catch2/catch.hpp>

#include "aldis/smpp/codec.hpp"
#include "unit/smpp/hex.hpp"

using namespace aldis;
using namespace aldis::smpp;
using namespace aldis::smpp::test;

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a PDU is described without its text and with its numbers masked") {
  const auto text = describe(*decode(kSubmitVector, Strictness::kSession));
  CHECK(contains(text, "submit_sm sequence=2"));
  CHECK(contains(text, "destination_addr=4477****123"));
  CHECK(contains(text, "short_message=(3 octets)"));
  CHECK_FALSE(contains(text, "Hi!"));
  CHECK_FALSE(contains(text, "447700900123"));
  CHECK(contains(describe(*decode(kNackVector, Strictness::kLink)),
                 "generic_nack status=ESME_RINVCMDID sequence=7"));
}

TEST_CASE("a bind is described without its password") {
  const auto text = describe(*decode(kBindVector, Strictness::kSession));
  CHECK(contains(text, "system_id=acme"));
  CHECK(contains(text, "password=(6 octets)"));
  CHECK_FALSE(contains(text, "secret"));
}

TEST_CASE("hex blanks passwords, bodies and the middle of numbers") {
  CHECK(masked_hex(kBindVector) ==
        "00000021 00000009 00000000 00000001 61636D65 00****** ******00 00340000 00");
  CHECK(masked_hex(kSubmitVector) ==
        "00000035 00000004 00000000 00000002 000500** **646973 00010134 343737** ******** 31323300 "
        "00000000 00010000 0003**** **");
}

TEST_CASE("hex blanks message_payload, and stops at the length asked for") {
  std::string tlvs;
  append_tlv_u16(tlvs, TlvTag::kUserMessageReference, 0x1234);
  append_tlv(tlvs, TlvTag::kMessagePayload, "ABCD");
  std::string wire;
  encode(wire, CommandStatus::kOk, 1, DataSm{.tlvs = Tlvs{tlvs}});
  const auto text = masked_hex(wire);
  CHECK(contains(text, "1234"));  // the TLV before it is shown
  CHECK(text.ends_with("**"));
  CHECK_FALSE(contains(text, "4142"));
  CHECK(masked_hex(wire, 8).size() == 17);
}

TEST_CASE("hex of a malformed PDU blanks whatever it cannot place") {
  CHECK(masked_hex(raw_pdu(0x09, 0, 1, "acme")) == "00000014 00000009 00000000 00000001 ********");
  CHECK(masked_hex(raw_pdu(0x7777, 0, 1, "secret!!")) ==
        "00000018 00007777 00000000 00000001 ******** ********");
  CHECK(masked_hex("GET / HTTP") == "47455420 ******** ****");
}

// SPDX-License-Identifier: Apache-2.0
#include "aldis/message/payload.hpp"

#include "message_fixture.hpp"

using namespace aldis;
using namespace aldis::message;
using namespace std::string_literals;

namespace {

const std::string kPorts = "\x06\x05\x04\x0B\x84\x23\xF0"s;

// A message as taken in, and what an operator would be sent of it.
struct Sender : Intaker {
  OperatorSettings op;
  std::string scratch = "left over";

  void accept(std::string octets, std::uint8_t data_coding = 0, bool udh = false) {
    set_body(std::move(octets));
    request.data_coding = data_coding;
    request.esm_class = udh ? 0x40 : 0;
    accepted();
    message.concat_ref = 0x1234;
  }
  Payload payload(std::uint16_t part = 0) {
    const auto made = part_payload(message, part, op, scratch);
    if (!made) { FAIL("no payload: " << static_cast<int>(made.error())); }
    return *made;
  }
  PayloadError error(std::uint16_t part = 0) {
    const auto made = part_payload(message, part, op, scratch);
    REQUIRE_FALSE(made.has_value());
    return made.error();
  }
};

}  // namespace

TEST_CASE("a single GSM part is a view of the message") {
  Sender out;
  out.accept("Hi!");
  const auto payload = out.payload();
  CHECK(payload.body.data() == out.message.content.body.data());
  CHECK(payload.body == "Hi!");
  CHECK(payload.udh.empty());
  CHECK(payload.data_coding == 0);
  CHECK(payload.sar_total == 0);
  CHECK_FALSE(payload.message_payload);
}

TEST_CASE("a split text carries an 8-bit reference, the same in every part") {
  Sender out;
  out.accept(times(153, "a") + times(10, "b"));
  REQUIRE(out.message.parts.size() == 2);
  const auto first = out.payload(0);
  CHECK(first.udh == "\x05\x00\x03\x34\x02\x01"s);
  CHECK(first.body == times(153, "a"));
  CHECK(first.udh.size() + first.body.size() == 159);
  const auto second = out.payload(1);
  CHECK(second.udh == "\x05\x00\x03\x34\x02\x02"s);
  CHECK(second.body == times(10, "b"));
}

TEST_CASE("the text's own header joins the concatenation") {
  Sender out;
  out.accept(kPorts + times(160, "a"), 0, true);
  REQUIRE(out.message.parts.size() == 2);
  CHECK(out.payload(1).udh == "\x0B\x00\x03\x34\x02\x02\x05\x04\x0B\x84\x23\xF0"s);
  CHECK(out.payload(1).body == times(14, "a"));
  out.accept(kPorts + "a", 0, true);
  CHECK(out.payload().udh == kPorts);
}

TEST_CASE("a 16-bit reference is used where all parts have room for it") {
  Sender out;
  out.op.long_form = LongForm::kUdh16;
  out.accept(times(161, "a"));
  CHECK(out.payload(0).udh == "\x05\x00\x03\x34\x02\x01"s);  // 153 septets leave 6 octets only
  out.accept(as(Alphabet::kGsm7, times(81, "€")));           // 152 septets
  CHECK(out.payload(0).udh == "\x06\x08\x04\x12\x34\x02\x01"s);
  CHECK(out.payload(1).udh == "\x06\x08\x04\x12\x34\x02\x02"s);
}

TEST_CASE("SAR TLVs replace the header, if TLVs may be sent") {
  Sender out;
  out.op.long_form = LongForm::kSar;
  out.accept(times(200, "a"));
  const auto payload = out.payload(1);
  CHECK(payload.udh.empty());
  CHECK(payload.sar_ref == 0x1234);
  CHECK(payload.sar_total == 2);
  CHECK(payload.sar_seqnum == 2);
  out.op.version = VersionSetting::k33;
  CHECK(out.payload(1).udh.size() == 6);
  CHECK(out.payload(1).sar_total == 0);
  out.op.version = VersionSetting::k34;
  out.op.tlvs_out = false;
  CHECK(out.payload(1).udh.size() == 6);
}

TEST_CASE("a long text goes as one message_payload where the operator wants it") {
  Sender out;
  out.op.long_form = LongForm::kPayload;
  out.accept(times(400, "a"));
  REQUIRE(goes_whole(out.message, out.op));
  const auto payload = whole_payload(out.message, out.op, out.scratch);
  REQUIRE(payload.has_value());
  CHECK(payload->message_payload);
  CHECK(payload->body.data() == out.message.content.body.data());
  CHECK(payload->body.size() == 400);
  CHECK(payload->udh.empty());
  CHECK(out.payload(2).udh == "\x05\x00\x03\x34\x03\x03"s);  // whoever does not ask sends parts
  CHECK_FALSE(out.payload(2).message_payload);

  out.op.alphabet_out = Alphabet::kLatin1;
  out.accept(as(Alphabet::kGsm7, times(200, "é")));
  CHECK(whole_payload(out.message, out.op, out.scratch)->body == std::string(200, '\xE9'));
  out.accept(as(Alphabet::kGsm7, times(200, "€")));
  CHECK(whole_payload(out.message, out.op, out.scratch)->body.size() == 400);
  CHECK(whole_payload(out.message, out.op, out.scratch)->data_coding == 8);
}

TEST_CASE("a text of one part, or for an operator without TLVs, does not go as message_payload") {
  Sender out;
  out.op.long_form = LongForm::kPayload;
  out.accept("short");
  CHECK_FALSE(goes_whole(out.message, out.op));
  out.accept(times(400, "a"));
  out.op.tlvs_out = false;
  CHECK_FALSE(goes_whole(out.message, out.op));
}

TEST_CASE("GSM text goes in the operator's Latin-1 where both have the characters") {
  Sender out;
  out.op.alphabet_out = Alphabet::kLatin1;
  out.accept(as(Alphabet::kGsm7, "é[@]"));
  CHECK(out.payload().body == "\xE9[@]");
  CHECK(out.payload().data_coding == 0);
  out.accept(as(Alphabet::kGsm7, times(200, "é")));
  CHECK(out.payload(0).body == std::string(153, '\xE9'));
  CHECK(out.payload(1).udh == "\x05\x00\x03\x34\x02\x02"s);
}

TEST_CASE("otherwise it goes in UCS-2 if it fits, and never with a character replaced") {
  Sender out;
  out.op.alphabet_out = Alphabet::kLatin1;
  out.accept(as(Alphabet::kGsm7, "5 €"));
  CHECK(out.payload().body == as(Alphabet::kUcs2, "5 €"));
  CHECK(out.payload().data_coding == 8);
  out.accept(as(Alphabet::kGsm7, times(69, "a") + "€"));
  CHECK(out.payload().body.size() == 140);
  out.accept(as(Alphabet::kGsm7, times(70, "a") + "€"));
  CHECK(out.error() == PayloadError::kNoPlace);
  out.accept(as(Alphabet::kGsm7, times(200, "a") + "€"));
  CHECK(out.error(0) == PayloadError::kNoPlace);  // the Euro is in part 1, but a text has one alphabet
  CHECK(out.payload(1).data_coding == 8);
}

TEST_CASE("Latin-1 text goes in septets if they have all its characters, else in UCS-2") {
  Sender out;
  out.accept("caf\xE9 [", 3);
  CHECK(out.payload().body == "caf\x05 \x1B\x3C");
  CHECK(out.payload().data_coding == 0);
  out.accept("\xE7", 3);
  CHECK(out.payload().body == "\x00\xE7"s);
  CHECK(out.payload().data_coding == 8);
  out.op.alphabet_out = Alphabet::kLatin1;
  out.accept("caf\xE9", 3);
  CHECK(out.payload().body.data() == out.message.content.body.data());
  CHECK(out.payload().data_coding == 0);
}

TEST_CASE("UTF-8 text of several parts is recoded part by part") {
  Sender out;
  out.account.alphabet = Alphabet::kUtf8;
  out.accept(times(80, "ж"));
  REQUIRE(out.message.parts.size() == 2);
  CHECK(out.payload(0).body == as(Alphabet::kUcs2, times(67, "ж")));
  CHECK(out.payload(0).udh == "\x05\x00\x03\x34\x02\x01"s);
  CHECK(out.payload(1).body == as(Alphabet::kUcs2, times(13, "ж")));
  out.accept(times(81, "€"));
  CHECK(out.payload(0).body == as(Alphabet::kGsm7, times(76, "€")));
}

TEST_CASE("the operator's own values of data_coding are used") {
  Sender out;
  out.op.dcs_gsm7 = 0xF1;
  out.op.dcs_ucs2 = 0x18;
  out.op.dcs_binary = 0xF5;
  out.accept("a");
  CHECK(out.payload().data_coding == 0xF1);
  out.accept("\x04\x36", 8);
  CHECK(out.payload().data_coding == 0x18);
  out.accept("\xFF", 4);
  CHECK(out.payload().data_coding == 0xF5);
  out.accept("\xFF", 2);
  CHECK(out.payload().data_coding == 0xF5);
}

TEST_CASE("what carries a class or is not interpreted goes out as it came") {
  Sender out;
  out.op.alphabet_out = Alphabet::kLatin1;
  for (const unsigned value :
       {0x10u, 0xF0u, 0xC8u, 0xD0u, 0x14u, 0xF5u, 0x18u, 0xE0u, 0x05u, 0x0Du, 0x40u, 0x1Cu}) {
    CAPTURE(value);
    out.accept("\x1B\x65", static_cast<std::uint8_t>(value));
    CHECK(out.payload().data_coding == value);
    CHECK(out.payload().body == "\x1B\x65");
  }
}

TEST_CASE("flash text that came in Latin-1 keeps its class in whatever it is recoded to") {
  Sender out;
  out.accept("caf\xE9", 0xF0);
  CHECK(out.payload().body == "caf\x05");
  CHECK(out.payload().data_coding == 0xF0);
  out.accept("\xE7", 0xF0);
  CHECK(out.payload().body == "\x00\xE7"s);
  CHECK(out.payload().data_coding == 0x18);
  out.accept("\xE7", 0xC9);
  CHECK(out.payload().data_coding == 0xE9);
}

TEST_CASE("the customer's own segment goes untouched where its form is the operator's") {
  Sender out;
  const std::string concat8 = "\x05\x00\x03\x2A\x02\x01"s;
  out.accept(concat8 + times(153, "a"), 0, true);
  CHECK(out.payload().udh.data() == out.message.content.udh.data());
  CHECK(out.payload().udh == concat8);
  out.op.long_form = LongForm::kUdh16;  // no room for the wider reference
  CHECK(out.payload().udh == concat8);
  out.op.long_form = LongForm::kPayload;
  CHECK(out.payload().udh == concat8);
  CHECK_FALSE(out.payload().message_payload);
}

TEST_CASE("the customer's own segment is converted between header and TLVs") {
  Sender out;
  out.accept("\x05\x00\x03\x2A\x02\x01hello"s, 0, true);
  out.op.long_form = LongForm::kUdh16;
  CHECK(out.payload().udh == "\x06\x08\x04\x00\x2A\x02\x01"s);
  out.op.long_form = LongForm::kSar;
  CHECK(out.payload().udh.empty());
  CHECK(out.payload().sar_ref == 0x2A);
  CHECK(out.payload().sar_total == 2);
  CHECK(out.payload().sar_seqnum == 1);
  out.op.tlvs_out = false;
  CHECK(out.payload().udh == "\x05\x00\x03\x2A\x02\x01"s);
  CHECK(out.payload().sar_total == 0);

  out.op = {};
  out.accept("\x06\x08\x04\x01\x2A\x02\x01hello"s, 0, true);
  CHECK(out.payload().udh == "\x05\x00\x03\x2A\x02\x01"s);
  out.op.long_form = LongForm::kUdh16;
  CHECK(out.payload().udh == "\x06\x08\x04\x01\x2A\x02\x01"s);
  CHECK(out.payload().body == "hello");
}

TEST_CASE("a segment with other elements keeps them in every form") {
  Sender out;
  out.accept("\x0B\x05\x04\x0B\x84\x23\xF0\x00\x03\x2A\x02\x01hello"s, 0, true);
  CHECK(out.payload().udh == out.message.content.udh);
  out.op.long_form = LongForm::kSar;
  CHECK(out.payload().udh == kPorts);
  CHECK(out.payload().sar_total == 2);
}

TEST_CASE("a SAR segment gets a header if that fits, and keeps its TLVs if not") {
  Sender out;
  out.request.sar_ref = 0x12A;
  out.request.sar_total = 2;
  out.request.sar_seqnum = 2;
  out.accept(times(153, "a"));
  CHECK(out.payload().udh == "\x05\x00\x03\x2A\x02\x02"s);
  CHECK(out.payload().sar_total == 0);
  out.op.long_form = LongForm::kPayload;
  CHECK(out.payload().sar_total == 2);
  out.op.long_form = LongForm::kUdh16;
  CHECK(out.payload().udh == "\x05\x00\x03\x2A\x02\x02"s);
  out.accept(times(160, "a"));
  CHECK(out.payload().udh.empty());
  CHECK(out.payload().sar_total == 2);
  CHECK(out.payload().sar_ref == 0x12A);
  out.op.tlvs_out = false;
  CHECK(out.error() == PayloadError::kDoesNotFit);
}

TEST_CASE("octets of a UTF-8 link beyond a short_message have no place") {
  Sender out;
  out.op.alphabet_out = Alphabet::kUtf8;
  out.accept(as(Alphabet::kGsm7, "5 €"));
  CHECK(out.payload().body == "5 €");
  out.accept(as(Alphabet::kGsm7, times(140, "Δ")));
  CHECK(out.error() == PayloadError::kNoPlace);
}

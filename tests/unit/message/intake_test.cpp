// SPDX-License-Identifier: Apache-2.0
#include "aldis/message/intake.hpp"

#include "message_fixture.hpp"

using namespace aldis;
using namespace aldis::message;
using namespace std::string_literals;

TEST_CASE("a plain request becomes a queued message of one part") {
  Intaker in;
  in.request.service_type = "CMT";
  in.request.protocol_id = 0x41;
  in.request.registered_delivery = 0x11;
  in.request.user_message_reference = 77;
  const std::string tlvs = "\x14\x00\x00\x01x"s;
  in.request.tlvs = tlvs;
  in.accepted();
  CHECK(in.message.account == AccountId{7});
  CHECK(in.message.destination == address("447700900123", 1, 1));
  CHECK(in.message.source == address("Aldis", 5));
  CHECK(in.message.service_type == "CMT");
  CHECK(in.message.protocol_id == 0x41);
  CHECK(in.message.registered_delivery == 0x11);
  CHECK(in.message.has_user_message_reference);
  CHECK(in.message.user_message_reference == 77);
  CHECK(in.message.tlvs == tlvs);
  CHECK(in.message.content.alphabet == Alphabet::kGsm7);
  CHECK(in.message.content.body == "Hi!");
  CHECK(in.message.status == Status::kQueued);
  CHECK(in.message.accepted_at == kNow.wall);
  CHECK(in.message.expires_at == kNow.mono + hours{48});
  REQUIRE(in.message.parts.size() == 1);
  CHECK(in.message.parts[0].body_octets == 3);
}

// --- addresses
// ------------------------------------------------------------------------------------------------------

TEST_CASE("a destination is 1 to 15 digits after one plus sign") {
  Intaker in;
  in.destination = address("+447700900123");
  in.accepted();
  CHECK(in.message.destination.digits == "447700900123");
  in.destination = address("123456789012345");
  CHECK(in.refusal() == "accepted");
  for (const auto* bad : {"", "+", "++44", "1234567890123456", "44 7700", "44a", "Aldis"}) {
    CAPTURE(bad);
    in.destination = address(bad);
    CHECK(in.refusal() == "bad_destination");
  }
}

TEST_CASE("a source is digits, or a name with type of number 5") {
  Intaker in;
  const auto source = [&in](Address given) {
    in.request.source = given;
    in.accepted();
    return in.message.source;
  };
  CHECK(source(address("+447700900000", 1, 1)) == address("447700900000", 1, 1));
  CHECK(source(address("12345", 3, 8)) == address("12345", 3, 8));
  CHECK(source(address("12345678901234567890")) == address("12345678901234567890"));
  CHECK(source(address("My Shop", 0, 1)) == address("My Shop", 5, 0));
  CHECK(source(address("12345", 5, 1)) == address("12345", 5, 0));
  CHECK(source(address("Eleven char")) == address("Eleven char", 5, 0));
  for (const auto& bad :
       {address("Twelve chars", 5), address("123456789012", 5), address("+"), address("a\tb", 5)}) {
    CAPTURE(bad.digits.view());
    in.request.source = bad;
    CHECK(in.refusal() == "bad_source");
  }
}

TEST_CASE("an empty source is the account's default, or refused") {
  Intaker in;
  in.request.source = {};
  CHECK(in.refusal() == "bad_source");
  in.account.senders.default_sender = "AcmeBank";
  in.accepted();
  CHECK(in.message.source == address("AcmeBank", 5, 0));
  in.account.senders.default_sender = "+447700900000";
  in.accepted();
  CHECK(in.message.source == address("447700900000", 1, 1));
}

TEST_CASE("service_type has at most five characters") {
  Intaker in;
  in.request.service_type = "CMTXY";
  CHECK(in.refusal() == "accepted");
  in.request.service_type = "CMTXYZ";
  CHECK(in.refusal() == "bad_service_type");
}

TEST_CASE("at most 32 TLVs and 2,048 octets of them are carried") {
  Intaker in;
  std::string tlvs = times(32, "\x14\x00\x00\x01x"s);
  in.request.tlvs = tlvs;
  in.accepted();
  CHECK(in.message.tlvs == tlvs);
  tlvs += "\x14\x00\x00\x00"s;
  in.request.tlvs = tlvs;
  CHECK(in.refusal() == "tlv_not_allowed");
  tlvs = "\x14\x00\x08\x00"s + std::string(2048, 'x');
  in.request.tlvs = tlvs;
  CHECK(in.refusal() == "tlv_not_allowed");
}

// --- class
// ----------------------------------------------------------------------------------------------------------

TEST_CASE("priority_flag asks for a class, and the account caps it") {
  AccountSettings account;  // transactional; transactional and bulk allowed
  CHECK(class_of(0, account) == MessageClass::kTransactional);
  CHECK(class_of(1, account) == MessageClass::kBulk);
  CHECK(class_of(2, account) == MessageClass::kTransactional);
  CHECK(class_of(3, account) == MessageClass::kTransactional);
  account.classes.push_back(MessageClass::kOtp);
  CHECK(class_of(3, account) == MessageClass::kOtp);
  CHECK(class_of(4, account) == MessageClass::kOtp);
  account.classes = {MessageClass::kBulk};
  account.message_class = MessageClass::kBulk;
  CHECK(class_of(4, account) == MessageClass::kBulk);
  account.classes = {MessageClass::kOtp};
  account.message_class = MessageClass::kOtp;
  CHECK(class_of(1, account) == MessageClass::kOtp);  // nothing at or below bulk is allowed
}

// --- body
// -----------------------------------------------------------------------------------------------------------

TEST_CASE("data_coding names the alphabet as the table says") {
  struct Row {
    unsigned first;
    unsigned last;
    Alphabet alphabet;
    bool class_bits;
  };
  const Row rows[] = {
      {0x00, 0x00, Alphabet::kLatin1, false},  // the default of this test's account
      {0x01, 0x01, Alphabet::kAscii, false},  {0x02, 0x02, Alphabet::kBinary, false},
      {0x03, 0x03, Alphabet::kLatin1, false}, {0x04, 0x04, Alphabet::kBinary, false},
      {0x05, 0x05, Alphabet::kOpaque, false}, {0x06, 0x08, Alphabet::kUcs2, false},
      {0x09, 0x0F, Alphabet::kOpaque, false}, {0x10, 0x13, Alphabet::kGsm7, true},
      {0x14, 0x17, Alphabet::kBinary, true},  {0x18, 0x1B, Alphabet::kUcs2, true},
      {0x1C, 0x1F, Alphabet::kOpaque, true},  {0x20, 0xBF, Alphabet::kOpaque, false},
      {0xC0, 0xDF, Alphabet::kGsm7, true},    {0xE0, 0xEF, Alphabet::kUcs2, true},
      {0xF0, 0xF3, Alphabet::kGsm7, true},    {0xF4, 0xF7, Alphabet::kBinary, true},
      {0xF8, 0xFB, Alphabet::kGsm7, true},    {0xFC, 0xFF, Alphabet::kBinary, true},
  };
  unsigned next = 0;
  for (const auto& row : rows) {
    REQUIRE(row.first == next);
    for (unsigned value = row.first; value <= row.last; ++value) {
      CAPTURE(value);
      const auto coding = coding_of(static_cast<std::uint8_t>(value), Alphabet::kLatin1);
      CHECK(coding.alphabet == row.alphabet);
      CHECK(coding.class_bits == row.class_bits);
    }
    next = row.last + 1;
  }
  CHECK(next == 0x100);
}

TEST_CASE("octets above 0x7F under GSM 7-bit are read in the account's fallback") {
  Intaker in;
  in.set_body("caf\xE9");
  CHECK(in.accepted().alphabet_fallback);
  CHECK(in.message.content.alphabet == Alphabet::kLatin1);
  CHECK(in.message.content.body == "caf\xE9");
  in.account.alphabet_fallback = AlphabetFallback::kUtf8;
  CHECK(in.refusal() == "bad_encoding");
  in.set_body("café");
  CHECK(in.accepted().alphabet_fallback);
  CHECK(in.message.content.alphabet == Alphabet::kUtf8);
  in.account.alphabet_fallback = AlphabetFallback::kRefuse;
  CHECK(in.refusal() == "bad_encoding");
  in.set_body("cafe");
  CHECK_FALSE(in.accepted().alphabet_fallback);
}

TEST_CASE("what is no text of its alphabet is refused") {
  Intaker in;
  in.request.data_coding = 1;
  in.set_body("caf\xE9");
  CHECK(in.refusal() == "bad_encoding");
  in.request.data_coding = 0;
  in.account.alphabet = Alphabet::kUtf8;
  CHECK(in.refusal() == "bad_encoding");
  in.request.data_coding = 8;
  CHECK(in.refusal() == "accepted");
  in.set_body("abc");
  CHECK(in.refusal() == "body_odd");
}

TEST_CASE("a byte order mark is dropped, and a little-endian one swaps the text") {
  Intaker in;
  in.request.data_coding = 8;
  in.set_body("\xFE\xFF\x04\x36\x00!"s);
  in.accepted();
  CHECK(in.message.content.body == "\x04\x36\x00!"s);
  in.set_body("\xFF\xFE\x36\x04!\x00"s);
  in.accepted();
  CHECK(in.message.content.body == "\x04\x36\x00!"s);
}

TEST_CASE("Cyrillic and Hebrew code pages become UCS-2") {
  Intaker in;
  in.request.data_coding = 6;
  in.set_body("\xB0");
  in.accepted();
  CHECK(in.message.content.alphabet == Alphabet::kUcs2);
  CHECK(in.message.content.body == "\x04\x10");
  in.request.data_coding = 7;
  in.set_body("\xE0");
  in.accepted();
  CHECK(in.message.content.body == "\x05\xD0");
  in.set_body("\xC0");
  CHECK(in.refusal() == "bad_encoding");
}

TEST_CASE("a user data header is taken off the body") {
  Intaker in;
  in.request.esm_class = 0x43;
  in.set_body("\x06\x05\x04\x0B\x84\x23\xF0text"s);
  in.accepted();
  CHECK(in.message.esm_class == 0x03);
  CHECK(in.message.content.udh == "\x06\x05\x04\x0B\x84\x23\xF0"s);
  CHECK(in.message.content.body == "text");
  CHECK_FALSE(in.message.passed_multipart);
  in.set_body("\x00text"s);
  in.accepted();
  CHECK(in.message.content.udh.empty());
  in.set_body("\x09\x00\x03"s);
  CHECK(in.refusal() == "bad_encoding");
  in.set_body("");
  CHECK(in.refusal() == "bad_encoding");
}

// --- parts
// ----------------------------------------------------------------------------------------------------------

TEST_CASE("a text above one part is split at 153 septets, 134 octets, 67 units") {
  Intaker in;
  in.set_body(times(160, "a"));
  in.accepted();
  CHECK(in.message.parts.size() == 1);
  in.set_body(times(161, "a"));
  in.accepted();
  REQUIRE(in.message.parts.size() == 2);
  CHECK(in.message.parts[0].body_octets == 153);
  CHECK(in.message.parts[1].body_offset == 153);
  CHECK(in.message.parts[1].body_octets == 8);

  in.request.data_coding = 8;
  in.set_body(as(Alphabet::kUcs2, times(71, "ж")));
  in.accepted();
  REQUIRE(in.message.parts.size() == 2);
  CHECK(in.message.parts[0].body_octets == 134);

  in.request.data_coding = 4;
  in.set_body(std::string(141, '\x80'));
  in.accepted();
  REQUIRE(in.message.parts.size() == 2);
  CHECK(in.message.parts[0].body_octets == 134);
}

TEST_CASE("a text with a header of its own has the budgets of both") {
  Intaker in;
  in.request.esm_class = 0x40;
  const std::string ports = "\x06\x05\x04\x0B\x84\x23\xF0"s;
  in.set_body(ports + times(152, "a"));
  in.accepted();
  CHECK(in.message.parts.size() == 1);
  in.set_body(ports + times(153, "a"));
  in.accepted();
  REQUIRE(in.message.parts.size() == 2);
  CHECK(in.message.parts[0].body_octets == 146);
  in.request.data_coding = 4;
  in.set_body(ports + times(134, "a"));
  in.accepted();
  CHECK(in.message.parts[0].body_octets == 128);
  in.request.data_coding = 8;
  in.set_body(ports + times(67 * 2, "a"));
  in.accepted();
  CHECK(in.message.parts[0].body_octets == 64 * 2);
}

TEST_CASE("a text in Latin-1 or UTF-8 is counted as it will be sent") {
  Intaker in;
  in.account.alphabet = Alphabet::kLatin1;
  in.set_body(std::string(160, '\xE9'));
  in.accepted();
  CHECK(in.message.parts.size() == 1);
  in.set_body(std::string(70, '\xE7'));  // no septet: UCS-2
  in.accepted();
  CHECK(in.message.parts.size() == 1);
  in.set_body(std::string(71, '\xE7'));
  in.accepted();
  CHECK(in.message.parts.size() == 2);
  in.account.alphabet = Alphabet::kUtf8;
  in.set_body(times(153, "€"));
  in.accepted();
  CHECK(in.message.parts.size() == 3);
  CHECK(in.message.parts[0].body_octets == 76 * 3);
}

TEST_CASE("more parts than the account may send are refused, never cut") {
  Intaker in;
  in.account.parts_max = 3;
  in.set_body(times(459, "a"));
  in.accepted();
  CHECK(in.message.parts.size() == 3);
  in.set_body(times(460, "a"));
  CHECK(in.refusal() == "too_many_parts");
  in.account.parts_max = 255;
  in.set_body(times(153 * 255, "a"));
  in.accepted();
  CHECK(in.message.parts.size() == 255);
  in.account.parts_max = 1000;
  in.set_body(times(153 * 255 + 1, "a"));
  CHECK(in.refusal() == "too_many_parts");
}

TEST_CASE("an empty body is one part") {
  Intaker in;
  in.set_body("");
  in.accepted();
  REQUIRE(in.message.parts.size() == 1);
  CHECK(in.message.parts[0].body_octets == 0);
}

TEST_CASE("an opaque body goes whole or not at all") {
  Intaker in;
  in.request.data_coding = 0x05;
  in.set_body(std::string(160, '\xA4'));
  in.accepted();
  CHECK(in.message.parts.size() == 1);
  in.set_body(std::string(161, '\xA4'));
  CHECK(in.refusal() == "body_too_long");
}

TEST_CASE("the customer's own segments are messages of one part") {
  Intaker in;
  in.request.esm_class = 0x40;
  const std::string concat = "\x05\x00\x03\x2A\x02\x01"s;
  in.set_body(concat + times(153, "a"));
  in.accepted();
  CHECK(in.message.passed_multipart);
  CHECK(in.message.content.udh == concat);
  CHECK(in.message.parts.size() == 1);
  in.set_body(concat + times(154, "a"));
  CHECK(in.refusal() == "body_too_long");

  in.set_body("\x05\x00\x03\x2A\x01\x01text"s);  // one of one
  in.accepted();
  CHECK_FALSE(in.message.passed_multipart);

  in.request.esm_class = 0;
  in.request.sar_ref = 300;
  in.request.sar_total = 3;
  in.request.sar_seqnum = 2;
  in.set_body(times(160, "a"));
  in.accepted();
  CHECK(in.message.passed_multipart);
  CHECK(in.message.sar_ref == 300);
  CHECK(in.message.sar_total == 3);
  CHECK(in.message.sar_seqnum == 2);
  in.set_body(times(161, "a"));
  CHECK(in.refusal() == "body_too_long");
  in.request.sar_seqnum = 4;
  CHECK(in.refusal() == "tlv_value");
  in.request.sar_seqnum = 0;
  CHECK(in.refusal() == "tlv_value");
  in.request.sar_total = 1;
  in.accepted();
  CHECK_FALSE(in.message.passed_multipart);
  CHECK(in.message.sar_total == 0);
  CHECK(in.message.parts.size() == 2);
}

TEST_CASE("a header that leaves no room for text is refused when there is text") {
  Intaker in;
  in.request.esm_class = 0x40;
  const std::string header = "\x8B\x70\x89"s + std::string(137, 'x');  // 140 octets
  in.set_body(header);
  CHECK(in.refusal() == "accepted");
  in.set_body(header + "a");
  CHECK(in.refusal() == "body_too_long");
}

// --- times
// ----------------------------------------------------------------------------------------------------------

TEST_CASE("a schedule makes the message wait, and validity start there") {
  Intaker in;
  in.request.schedule.at = kNow.wall + hours{3};
  in.accepted();
  CHECK(in.message.status == Status::kScheduled);
  CHECK(in.message.due_at == kNow.mono + hours{3});
  CHECK(in.message.expires_at == kNow.mono + hours{51});
  in.request.schedule = {.at = {}, .in = minutes{10}};
  in.accepted();
  CHECK(in.message.due_at == kNow.mono + minutes{10});
}

TEST_CASE("a schedule less than a minute past means now, an older or too distant one is refused") {
  Intaker in;
  in.request.schedule.at = kNow.wall - seconds{60};
  in.accepted();
  CHECK(in.message.status == Status::kQueued);
  CHECK(in.message.due_at == kNow.mono);
  in.request.schedule.at = kNow.wall - seconds{61};
  CHECK(in.refusal() == "bad_schedule");
  in.request.schedule.at = kNow.wall + hours{24 * 365};
  CHECK(in.refusal() == "accepted");
  in.request.schedule.at = kNow.wall + hours{24 * 365} + seconds{1};
  CHECK(in.refusal() == "bad_schedule");
  in.request.schedule.at = WallTime::max();
  CHECK(in.refusal() == "bad_schedule");
  in.request.schedule.at = WallTime::min();
  CHECK(in.refusal() == "bad_schedule");
}

TEST_CASE("validity is a deadline from acceptance, cut at the account's limit") {
  Intaker in;
  in.request.validity.in = minutes{5};
  CHECK_FALSE(in.accepted().validity_cut);
  CHECK(in.message.expires_at == kNow.mono + minutes{5});
  in.request.validity = {.at = kNow.wall + hours{24 * 7}, .in = {}};
  CHECK_FALSE(in.accepted().validity_cut);
  CHECK(in.message.expires_at == kNow.mono + hours{24 * 7});
  in.request.validity.at = kNow.wall + hours{24 * 7} + seconds{1};
  CHECK(in.accepted().validity_cut);
  CHECK(in.message.expires_at == kNow.mono + hours{24 * 7});
  in.request.validity.at = WallTime::max();
  CHECK(in.accepted().validity_cut);
}

TEST_CASE("validity that is given counts from now, whatever the schedule") {
  Intaker in;
  in.request.schedule.in = hours{2};
  in.request.validity.in = hours{3};
  in.accepted();
  CHECK(in.message.expires_at == kNow.mono + hours{3});
  in.request.validity = {.at = kNow.wall + hours{4}, .in = {}};
  in.accepted();
  CHECK(in.message.expires_at == kNow.mono + hours{4});
}

TEST_CASE("validity that is zero, past or before the schedule is refused") {
  Intaker in;
  in.request.validity.in = Duration{};
  CHECK(in.refusal() == "bad_validity");
  in.request.validity = {.at = kNow.wall - seconds{1}, .in = {}};
  CHECK(in.refusal() == "bad_validity");
  in.request.schedule.at = kNow.wall + hours{2};
  in.request.validity.at = kNow.wall + hours{2};
  CHECK(in.refusal() == "bad_validity");
  in.request.validity.at = kNow.wall + hours{2} + seconds{1};
  CHECK(in.refusal() == "accepted");
  in.request.validity = {.at = {}, .in = hours{1}};
  CHECK(in.refusal() == "bad_validity");
}

TEST_CASE("times come before the number of parts in the order of refusals") {
  Intaker in;
  in.set_body(times(5000, "a"));
  in.request.validity.in = Duration{};
  CHECK(in.refusal() == "bad_validity");
}

TEST_CASE(
    "a door that knows the alphabet says so, and neither data_coding nor the account's default counts") {
  Intaker intaker;
  intaker.account.alphabet = Alphabet::kLatin1;
  intaker.request.alphabet = Alphabet::kGsm7;
  intaker.set_body(as(Alphabet::kGsm7, "3 \xE2\x82\xAC"));
  intaker.accepted();
  CHECK(intaker.message.content.alphabet == Alphabet::kGsm7);
  CHECK(intaker.message.content.body == "3 \x1B\x65");
  intaker.set_body("\x80");
  CHECK(intaker.take().error() == Refusal::kBadEncoding);  // no fallback: the door was wrong
  intaker.request.alphabet = Alphabet::kUcs2;
  intaker.request.data_coding = 0x10;  // a message class
  intaker.set_body(as(Alphabet::kUcs2, "\xE2\x80\x99"));
  intaker.accepted();
  CHECK(intaker.message.content.alphabet == Alphabet::kUcs2);
  CHECK(intaker.message.content.data_coding == 0x10);
}

TEST_CASE("a door's class, parts and delivery narrow what the account may, and its notes are kept") {
  Intaker intaker;
  intaker.account.classes = {MessageClass::kTransactional, MessageClass::kBulk};
  intaker.request.priority_flag = 1;
  intaker.request.message_class = MessageClass::kOtp;
  intaker.request.at_most_once = true;
  intaker.request.door_notes = std::string_view{"\0notes", 6};
  intaker.accepted();
  CHECK(intaker.message.message_class == MessageClass::kTransactional);
  CHECK(intaker.message.at_most_once);
  CHECK(intaker.message.door_notes == std::string_view{"\0notes", 6});
  intaker.request.at_most_once = false;
  intaker.account.at_most_once = true;
  intaker.accepted();
  CHECK_FALSE(intaker.message.at_most_once);
  intaker.request.at_most_once.reset();
  intaker.accepted();
  CHECK(intaker.message.at_most_once);

  intaker.account.parts_max = 3;
  intaker.set_body(times(4 * 153, "a"));
  CHECK(intaker.take().error() == Refusal::kTooManyParts);
  intaker.set_body(times(3 * 153, "a"));
  intaker.accepted();
  intaker.request.parts_max = 2;
  CHECK(intaker.take().error() == Refusal::kTooManyParts);
  intaker.request.parts_max = 200;
  intaker.accepted();
}

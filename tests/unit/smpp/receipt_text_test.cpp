// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/receipt_text.hpp"

#include <catch2/catch.hpp>

#include "aldis/smpp/smpp_time.hpp"
#include "aldis/text/transcode.hpp"

using namespace aldis;
using namespace aldis::smpp;
using namespace std::string_literals;

namespace {

using State = MessageState;

const std::string kDates = "submit date:2611211200 done date:2611211201";

struct GoldenRow {
  int number;
  std::string text;  // {D} = kDates
  std::string id;
  std::optional<State> state;
  std::string err;
};

std::string filled(std::string text) {
  const auto at = text.find("{D}");
  return at == std::string::npos ? text : text.replace(at, 3, kDates);
}

ParsedReceipt parse(const ReceiptSource& source, std::span<const StatRule> stat_map = {}) {
  static std::string scratch;  // outlives the views of the last receipt
  return parse_receipt(source, stat_map, scratch);
}

ParsedReceipt parse(std::string_view text) {
  ReceiptSource source;
  source.short_message = text;
  return parse(source);
}

ReceiptSource source_of(std::string_view text) {
  ReceiptSource source;
  source.short_message = text;
  return source;
}

std::string utf16(std::string_view text) {
  std::string out;
  REQUIRE(text::transcode(text, Alphabet::kUtf8, Alphabet::kUcs2, out));
  return out;
}

}  // namespace

TEST_CASE("the form of appendix B is read key by key as it is read in any other form") {
  // A word in front makes it another form, and changes nothing about what the keys say.
  const auto same = [](const std::string& text) {
    std::string scratch;
    const std::string other = "x " + text;
    const ReceiptSource a_source = source_of(text);
    const ReceiptSource b_source = source_of(other);
    const auto a = parse_receipt(a_source, {}, scratch);
    const auto b = parse_receipt(b_source, {}, scratch);
    CAPTURE(text);
    CHECK(a.id_text == b.id_text);
    CHECK(a.state == b.state);
    CHECK(a.stat_word == b.stat_word);
    CHECK(a.err == b.err);
    CHECK(a.sub == b.sub);
    CHECK(a.dlvrd == b.dlvrd);
    CHECK(a.submit_date == b.submit_date);
    CHECK(a.done_date == b.done_date);
    CHECK(a.text == b.text);
    CHECK(a.unparsed == b.unparsed);
  };
  const std::string whole =
      "id:0a-7_Z sub:001 dlvrd:002 " + kDates + " stat:UNDELIV err:0Fa text:id:9 stat:X";
  same(whole);
  for (const char* end : {" text:", " Text:abc", " TEXT:abc", "", " ", " txt:a", " more"}) {
    same(whole.substr(0, whole.find(" text:")) + end);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    same(whole.substr(0, at));
    for (const char c : " \t:=,;|\"'_-Ttx0"s) {
      std::string changed = whole;
      changed[at] = c;
      same(changed);
      changed.insert(at, 1, c);
      same(changed);
    }
  }
}

TEST_CASE("the golden list: texts of receipts as operators send them") {
  const GoldenRow rows[] = {
      {1, "id:0123456789 sub:001 dlvrd:001 {D} stat:DELIVRD err:000 text:Hello Maria", "0123456789",
       State::kDelivered, "000"},
      {2, "id:77120002 {D} stat:DELIVRD err:000 text:", "77120002", State::kDelivered, "000"},
      {3, "id:77120003 sub:001 dlvrd:000 {D} stat:UNDELIV err:069", "77120003", State::kUndeliverable, "069"},
      {4,
       "id:77120004 sub:001 dlvrd:001 submit date:261121120001 done date:261121120144 stat:DELIVRD err:000 "
       "text:x",
       "77120004", State::kDelivered, "000"},
      {5,
       "id:77120005 sub:001 dlvrd:000 submit date:2611211200 done date:0000000000 stat:FAILED err:011 text:",
       "77120005", State::kUndeliverable, "011"},
      {6, "id:77120006 {D} stat:EXPIRED err:0000 text:", "77120006", State::kExpired, "0000"},
      {7, "id:77120007 {D} stat:UNDELIV err:21b text:", "77120007", State::kUndeliverable, "21b"},
      {8, "id:77120008 {D} stat:DELIVRD err:nul text:", "77120008", State::kDelivered, ""},
      {9, "id:77120009 {D} stat:DELIVRD", "77120009", State::kDelivered, ""},
      {10, "id:77120010 sub:001 dlvrd:001 {D} stat:DELIVRD err:000 Text:Bonjour", "77120010",
       State::kDelivered, "000"},
      {11, "id:77120011 {D} stat:REJECTD err:045 text:ok\r\n\0\0"s, "77120011", State::kRejected, "045"},
      {12, "id:77120012 {D} stat:DELIVRD err:000 text:id:9 stat:UNDELIV err:999", "77120012",
       State::kDelivered, "000"},
      {13, "id:6f2c1d1e-52b4-4a0e-9d3a-0c55aa11be07 {D} stat:DELIVRD err:000",
       "6f2c1d1e-52b4-4a0e-9d3a-0c55aa11be07", State::kDelivered, "000"},
      {14, "id:0012345678901234567890 {D} stat:DELIVRD err:000", "0012345678901234567890", State::kDelivered,
       "000"},
      {15, "id:SAR-7-00000042-5AA90C1F-2-1 sub:001 dlvrd:001 {D} stat:DELIVRD err:000",
       "SAR-7-00000042-5AA90C1F-2-1", State::kDelivered, "000"},
      {16, "id:mt1.20261121/000045_b stat:EXPIRED err:254", "mt1.20261121/000045_b", State::kExpired, "254"},
      {17, "id:1262234910 {D} stat:DELIVRD err:000", "1262234910", State::kDelivered, "000"},
      {18, "id:4b3c2d1e {D} stat:DELIVRD err:000", "4b3c2d1e", State::kDelivered, "000"},
      {19, "id:18446744073709551617 {D} stat:DELIVRD err:000", "18446744073709551617", State::kDelivered,
       "000"},
      {20,
       "ID:77120020 SUB:001 DLVRD:001 SUBMIT DATE:2611211200 DONE DATE:2611211201 STAT:DELIVRD ERR:000 "
       "TEXT:HI",
       "77120020", State::kDelivered, "000"},
      {21, "id: 77120021 sub: 001 dlvrd: 001 stat: DELIVRD err: 000", "77120021", State::kDelivered, "000"},
      {22, "id=77120022&stat=UNDELIV&err=027", "77120022", State::kUndeliverable, "027"},
      {23, "id:77120023,sub:001,dlvrd:001,stat:DELIVRD,err:000,text:a,b", "77120023", State::kDelivered,
       "000"},
      {24, "id:77120024;stat:EXPIRED;err:254;", "77120024", State::kExpired, "254"},
      {25, "id:77120025\nstat:DELIVRD\nerr:000\n", "77120025", State::kDelivered, "000"},
      {26, "stat:DELIVRD err:000 id:77120026 {D}", "77120026", State::kDelivered, "000"},
      {27, "id:77120027 stat:DELIVERED err:000", "77120027", State::kDelivered, "000"},
      {28, "id:77120028 status:UNDELIVERABLE error:0x45", "77120028", State::kUndeliverable, "0x45"},
      {29, "id:77120029 stat:delivrd err:000", "77120029", State::kDelivered, "000"},
      {30, "id:77120030 {D} stat:ENROUTE err:000 text:", "77120030", State::kEnroute, "000"},
      {31, "id:77120031 {D} stat:ACCEPTD err:000", "77120031", State::kAccepted, "000"},
      {32, "id:77120032 {D} stat:BUFFRED err:001", "77120032", State::kEnroute, "001"},
      {33, "id:77120033 stat:ACKED", "77120033", State::kEnroute, ""},
      {34, "id:77120034 {D} stat:UNKNOWN err:255", "77120034", State::kUnknown, "255"},
      {35, "id:77120035 {D} stat:DELETED err:-12", "77120035", State::kDeleted, "-12"},
      {36, "id:77120036 {D} stat:SKIPPED err:000", "77120036", State::kUndeliverable, "000"},
      {37, "id:77120037 submit_date:20261121120001 done_date:20261121120144 stat:DELIVRD err:000", "77120037",
       State::kDelivered, "000"},
      {38, "id:77120038 submit date:2026-11-21 12:00:01 done date:2026-11-21 12:01:44 stat:DELIVRD err:000",
       "77120038", State::kDelivered, "000"},
      {39, "id:77120039 sub:ND dlvrd:ND submit date:ND done date:ND stat:REJECTD err:ND text:ND", "77120039",
       State::kRejected, ""},
      {40, "id:\"77120040\" stat:\"DELIVRD\" err:\"000\"", "77120040", State::kDelivered, "000"},
      {41, "id:77120041 mccmnc:20801 {D} stat:DELIVRD err:000 ported:1 text:z", "77120041", State::kDelivered,
       "000"},
      {42, "Message id:77120042 stat:DELIVRD", "77120042", State::kDelivered, ""},
      {43, "id:77120043 {D} stat:DELIV", "77120043", State::kDelivered, ""},
      {44, "id:77120044 {D} stat:NOPAGE err:310", "77120044", std::nullopt, "310"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.number);
    const std::string text = filled(row.text);
    const auto receipt = parse(text);
    CHECK(receipt.id_text == row.id);
    CHECK(receipt.state == row.state);
    CHECK(receipt.err.view() == row.err);
    CHECK_FALSE(receipt.unparsed);
  }
}

TEST_CASE("the golden list, 45: an empty word leaves the state to the TLV") {
  auto source = source_of("id:77120045 stat: err:000");
  source.message_state = 3;
  const auto receipt = parse(source);
  CHECK(receipt.id_text == "77120045");
  CHECK(receipt.state == State::kExpired);
  CHECK(receipt.err.view() == "000");
}

TEST_CASE("the golden list, 46: the text may stand in message_payload") {
  ReceiptSource source;
  source.message_payload = "id:77120046 stat:DELIVRD err:000";
  CHECK(parse(source).id_text == "77120046");
  CHECK(parse(source).state == State::kDelivered);
  source.short_message = "see payload";
  CHECK(parse(source).id_text == "77120046");
  source.short_message = "id:1 stat:EXPIRED";
  CHECK(parse(source).id_text == "1");
}

TEST_CASE("the golden list, 47: TLVs alone make a receipt") {
  ReceiptSource source;
  source.receipted_message_id = "77120047";
  source.message_state = 2;
  const std::string error = "\x03\0\0"s;
  source.network_error_code = error;
  const auto receipt = parse(source);
  CHECK(receipt.id_tlv == "77120047");
  CHECK(receipt.state == State::kDelivered);
  CHECK(receipt.err.view() == "000");
  CHECK_FALSE(receipt.unparsed);
}

TEST_CASE("the golden list, 48: the id of the TLV and the state of the text") {
  auto source = source_of("stat:DELIVRD err:000");
  source.receipted_message_id = "77120048";
  const auto receipt = parse(source);
  CHECK(receipt.id_tlv == "77120048");
  CHECK(receipt.id_text.empty());
  CHECK(receipt.state == State::kDelivered);
  CHECK(receipt.err.view() == "000");
  CHECK_FALSE(receipt.unparsed);
}

TEST_CASE("the golden list, 49: the TLV's state wins over the word, and both are kept") {
  auto source = source_of("id:77120049 stat:DELIVRD err:000");
  source.message_state = 5;
  const auto receipt = parse(source);
  CHECK(receipt.state == State::kUndeliverable);
  CHECK(receipt.stat_word == "DELIVRD");
  CHECK(receipt.state_conflict);
  source.message_state = 2;
  CHECK_FALSE(parse(source).state_conflict);
}

TEST_CASE("the golden list, 50: a network error of three ASCII digits is taken as it is") {
  auto source = source_of("id:77120050 stat:UNDELIV");
  source.network_error_code = "069";
  CHECK(parse(source).err.view() == "069");
  CHECK(parse(source).state == State::kUndeliverable);
}

TEST_CASE("the golden list, 51: UCS-2 receipts read like others") {
  const std::string text = utf16("id:77120051 stat:UNDELIV err:069");
  auto source = source_of(text);
  source.data_coding = 8;
  const auto receipt = parse(source);
  CHECK(receipt.id_text == "77120051");
  CHECK(receipt.state == State::kUndeliverable);
  CHECK(receipt.err.view() == "069");
}

TEST_CASE("the golden list, 52: a header is taken off first") {
  auto source = source_of("");
  const std::string body = "\x05\x00\x03\x2A\x02\x01id:77120052 stat:DELIVRD err:000"s;
  source.short_message = body;
  source.udh = true;
  const auto receipt = parse(source);
  CHECK(receipt.id_text == "77120052");
  CHECK(receipt.state == State::kDelivered);
  CHECK(receipt.err.view() == "000");
}

TEST_CASE("the golden list, 55: what is no receipt is unparsed") {
  CHECK(parse("Your parcel is here").unparsed);
  CHECK(parse("").unparsed);
  CHECK(parse("id:5").unparsed);
  CHECK(parse("stat:DELIVRD").unparsed);
  CHECK(parse("id: stat:DELIVRD").unparsed);
}

TEST_CASE("counts and dates are kept as they came") {
  const std::string text = "id:7 sub:002 dlvrd:001 " + kDates + " stat:DELIVRD err:000 text: two words ";
  const auto receipt = parse(text);
  CHECK(receipt.sub == 2);
  CHECK(receipt.dlvrd == 1);
  CHECK(receipt.submit_date == "2611211200");
  CHECK(receipt.done_date == "2611211201");
  CHECK(receipt.text == " two words");
  CHECK(parse("id:7 stat:X submit date:2026-11-21 12:00:01 done date:2026-11-21 12:01:44").submit_date ==
        "2026-11-21 12:00:01");
  CHECK_FALSE(parse("id:7 sub:1000 dlvrd:-1 stat:DELIVRD").sub);
  CHECK_FALSE(parse("id:7 sub:1000 dlvrd:-1 stat:DELIVRD").dlvrd);
}

TEST_CASE("the first of equal keys wins, also when it is empty") {
  CHECK(parse("id:1 stat:DELIVRD id:2 stat:EXPIRED").id_text == "1");
  CHECK(parse("id:1 stat:DELIVRD id:2 stat:EXPIRED").state == State::kDelivered);
  CHECK(parse("id:1 stat: stat:EXPIRED").stat_word.empty());
  CHECK(parse("id:1 status:DELIVRD stat:EXPIRED").state == State::kDelivered);
}

TEST_CASE("a key stands after a separator and before a mark") {
  CHECK(parse("msgid:1 id:2 stat:DELIVRD").id_text == "2");
  CHECK(parse("x_id:1 id:2 stat:DELIVRD").id_text == "2");
  CHECK(parse("id : 2 stat\t=DELIVRD").id_text == "2");
  CHECK(parse("id : 2 stat\t=DELIVRD").state == State::kDelivered);
  CHECK(parse("id:sub:2 stat:DELIVRD").id_text == "sub:2");
  CHECK(parse("|id:2|stat:DELIVRD|").id_text == "2");
  CHECK(parse("id:2 resubmit date:1 stat:DELIVRD").submit_date.empty());
  CHECK(parse("id:2 submitdate:2611211200 donedate=2611211201 stat:DELIVRD").done_date == "2611211201");
  CHECK(parse("errcode:12 txt:id:3").err.view() == "12");
}

TEST_CASE("an error code that says nothing is absent, a long one is cut") {
  for (const auto* none : {"nul", "NULL", "nd", "None", ""}) {
    CHECK(parse("id:1 stat:DELIVRD err:"s + none).err.empty());
  }
  CHECK(parse("id:1 stat:DELIVRD err:123456789").err.view() == "12345678");
}

TEST_CASE("a network error code goes in decimal, of at least three digits") {
  auto source = source_of("id:1 stat:UNDELIV err:nul");
  const auto err = [&source](const std::string& tlv) {
    source.network_error_code = tlv;
    return std::string{parse(source).err.view()};
  };
  CHECK(err("\x03\x00\x05"s) == "005");
  CHECK(err("\x03\xFF\xFF"s) == "65535");
  CHECK(err("\x03\x00"s).empty());
  CHECK(err("\x03\x00\x00\x05"s).empty());
}

TEST_CASE("an operator's own words come before the common ones") {
  const StatRule rules[] = {
      {"2", State::kDelivered}, {"NACK", State::kUndeliverable}, {"UNKNOWN", State::kUndeliverable}};
  const auto state = [&rules](std::string_view text) { return parse(source_of(text), rules).state; };
  CHECK(state("id:1 stat:2") == State::kDelivered);
  CHECK(state("id:1 stat:nack") == State::kUndeliverable);
  CHECK(state("id:1 stat:UNKNOWN") == State::kUndeliverable);
  CHECK(state("id:1 stat:EXPIRED") == State::kExpired);
  CHECK(state("id:1 stat:3") == std::nullopt);
}

TEST_CASE("a cut word is known by five letters that fit one state only") {
  CHECK(state_of_word("UNDEL") == State::kUndeliverable);
  CHECK(state_of_word("reject") == State::kRejected);
  CHECK(state_of_word("ACCEP") == State::kAccepted);
  CHECK(state_of_word("SCHED") == State::kEnroute);
  CHECK_FALSE(state_of_word("DELI"));
  CHECK_FALSE(state_of_word("UNDE"));
  CHECK_FALSE(state_of_word(""));
  CHECK_FALSE(state_of_word("DELIVRDX"));
}

TEST_CASE("the states of the TLV are those of the specification") {
  CHECK(state_of_tlv(0) == State::kEnroute);
  CHECK(state_of_tlv(1) == State::kEnroute);
  CHECK(state_of_tlv(2) == State::kDelivered);
  CHECK(state_of_tlv(6) == State::kAccepted);
  CHECK(state_of_tlv(8) == State::kRejected);
  CHECK(state_of_tlv(9) == State::kUndeliverable);
  CHECK_FALSE(state_of_tlv(10));
  auto source = source_of("id:1 stat:DELIVRD");
  source.message_state = 77;
  CHECK(parse(source).state == State::kDelivered);
}

TEST_CASE("the parser is total: any cut and any garbling of a receipt gives an answer") {
  const std::string receipt = filled("id:\"1\" sub:001 dlvrd:001 {D} stat:DELIVRD err:000 text:Hello");
  std::uint32_t random = 1;
  for (std::size_t size = 0; size <= receipt.size(); ++size) {
    std::string text = receipt.substr(0, size);
    for (int round = 0; round < 50; ++round) {
      for (const bool udh : {false, true}) {
        for (const std::uint8_t coding : {std::uint8_t{0}, std::uint8_t{8}}) {
          auto source = source_of(text);
          source.udh = udh;
          source.data_coding = coding;
          const auto parsed = parse(source);
          REQUIRE(parsed.id_text.size() <= 3 * text.size());
        }
      }
      random = random * 1664525 + 1013904223;
      if (!text.empty()) { text[random % text.size()] = static_cast<char>(random >> 24); }
    }
  }
}

TEST_CASE("receipts we send have the form of the appendix") {
  ReceiptFields fields;
  fields.id = "9f0c4a5be1d24c7f8a11d0327c55e901";
  fields.sub = 1;
  fields.dlvrd = 1;
  fields.submit_date = *parse_receipt_date("261121120001");
  fields.done_date = *parse_receipt_date("261121120144");
  fields.body = "Your code is 4417 and some more";
  const auto text_as = [&fields](ReceiptForm form) {
    std::string out;
    append_receipt(out, fields, form);
    return out;
  };
  const std::string start =
      "id:9f0c4a5be1d24c7f8a11d0327c55e901 sub:001 dlvrd:001 submit date:2611211200 "
      "done date:2611211201 stat:DELIVRD err:000";
  CHECK(text_as({}) == start + " text:Your code is 4417 an");
  CHECK(text_as({.text = ReceiptTextForm::kEmpty}) == start + " text:");
  CHECK(text_as({.text = ReceiptTextForm::kOmit}) == start);
  CHECK(text_as({.fields_short = true, .seconds = true}) ==
        "id:9f0c4a5be1d24c7f8a11d0327c55e901 submit date:261121120001 done date:261121120144 stat:DELIVRD "
        "err:000");
  fields.state = State::kUndeliverable;
  fields.err = "069";
  fields.dlvrd = 0;
  CHECK(parse(text_as({})).state == State::kUndeliverable);
  CHECK(parse(text_as({})).err.view() == "069");
  CHECK(parse(text_as({})).dlvrd == 0);
}

TEST_CASE("the text of our receipts is ASCII, twenty characters whatever octets they took") {
  const auto text_of = [](std::string_view body, Alphabet alphabet) {
    ReceiptFields fields;
    fields.body = body;
    fields.alphabet = alphabet;
    std::string out;
    append_receipt(out, fields, {});
    return out.substr(out.find("text:") + 5);
  };
  CHECK(text_of("a\x1B\x65\x00z"s, Alphabet::kGsm7) == "a?@z");
  CHECK(text_of("caf\xE9\n", Alphabet::kLatin1) == "caf??");
  CHECK(text_of(utf16("ж😀1234567890123456789"), Alphabet::kUcs2) == "??123456789012345678");
  CHECK(text_of("\x01\x02", Alphabet::kBinary).empty());
  CHECK(text_of("ab\xFF", Alphabet::kUtf8) == "ab");
}

TEST_CASE("every word we emit is read as the state it stands for") {
  for (const auto state : {State::kEnroute, State::kDelivered, State::kExpired, State::kDeleted,
                           State::kUndeliverable, State::kAccepted, State::kUnknown, State::kRejected}) {
    CHECK(state_of_word(stat_word(state)) == state);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/gsm7.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "aldis/text/transcode.hpp"

using namespace aldis;
using namespace aldis::text;

namespace {

std::string to_utf8(Octets septets) {
  std::string out;
  REQUIRE(transcode(septets, Alphabet::kGsm7, Alphabet::kUtf8, out));
  return out;
}

std::string to_gsm7(Octets utf8) {
  std::string out;
  REQUIRE(transcode(utf8, Alphabet::kUtf8, Alphabet::kGsm7, out));
  return out;
}

std::string packed(Octets septets, std::size_t header_octets = 0) {
  std::string out;
  pack_septets(septets, header_octets, out);
  return out;
}

std::string unpacked(Octets octets, std::size_t header_octets, std::size_t count) {
  std::string out;
  unpack_septets(octets, header_octets, count, out);
  return out;
}

}  // namespace

TEST_CASE("the rows of the default alphabet read as the standard prints them") {
  std::string row(16, '\0');
  const auto read_row = [&row](unsigned high) {
    for (unsigned low = 0; low < 16; ++low) { row[low] = static_cast<char>(high * 16 + low); }
    return to_utf8(row);
  };
  CHECK(read_row(0) == "@£$¥èéùìòÇ\nØø\rÅå");
  CHECK(to_utf8("\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1A") == "Δ_ΦΓΛΩΠΨΣΘΞ");
  CHECK(to_utf8("\x1C\x1D\x1E\x1F") == "ÆæßÉ");
  CHECK(read_row(2) == " !\"#¤%&'()*+,-./");
  CHECK(read_row(3) == "0123456789:;<=>?");
  CHECK(read_row(4) == "¡ABCDEFGHIJKLMNO");
  CHECK(read_row(5) == "PQRSTUVWXYZÄÖÑÜ§");
  CHECK(read_row(6) == "¿abcdefghijklmno");
  CHECK(read_row(7) == "pqrstuvwxyzäöñüà");
}

TEST_CASE("the extension table stands behind an escape, in both directions") {
  const std::string septets{
      "\x1B\x0A\x1B\x14\x1B\x28\x1B\x29\x1B\x2F\x1B\x3C\x1B\x3D\x1B\x3E\x1B\x40\x1B\x65"};
  CHECK(to_utf8(septets) == "\f^{}\\[~]|€");
  CHECK(to_gsm7("\f^{}\\[~]|€") == septets);
}

TEST_CASE("every character of the alphabet comes back as the septets it was") {
  std::set<char32_t> seen;
  for (unsigned septet = 0; septet < 0x80; ++septet) {
    if (septet == 0x1B) { continue; }
    const char32_t character = gsm7_main(static_cast<std::uint8_t>(septet));
    CHECK(gsm7_of(character) == septet);
    CHECK(seen.insert(character).second);
  }
}

TEST_CASE("an unknown escape is the main table's septet, a double one a space, a last one nothing") {
  CHECK(to_utf8("\x1B\x61") == "a");
  CHECK(to_utf8("x\x1B\x1By") == "x y");
  CHECK(to_utf8("x\x1B") == "x");
}

TEST_CASE("the capital C with cedilla is not folded into the small one") {
  CHECK(to_gsm7("Ç") == "\x09");
  CHECK(gsm7_of(U'ç') == kGsmNone);
}

TEST_CASE("what has no septet is refused, and the output is as before") {
  std::string out = "before";
  CHECK_FALSE(transcode("ok č", Alphabet::kUtf8, Alphabet::kGsm7, out));
  CHECK_FALSE(transcode("a\x81", Alphabet::kGsm7, Alphabet::kUtf8, out));
  CHECK_FALSE(transcode("a\x1B\x81", Alphabet::kGsm7, Alphabet::kUtf8, out));
  CHECK(out == "before");
}

TEST_CASE("an octet above 0x7F is found wherever it stands") {
  for (std::size_t size = 0; size < 20; ++size) {
    std::string octets(size, 'a');
    CHECK(is_7bit(octets));
    for (std::size_t at = 0; at < size; ++at) {
      std::string one = octets;
      one[at] = '\x80';
      CHECK_FALSE(is_7bit(one));
    }
  }
}

TEST_CASE("hello packs into five octets") {
  CHECK(packed("hello") == "\xE8\x32\x9B\xFD\x06");
  CHECK(packed("").empty());
}

TEST_CASE("eight septets pack into seven octets without a spare bit") {
  CHECK(packed("abcdefgh") == "\x61\xF1\x98\x5C\x36\x9F\xD1");
}

TEST_CASE("after a header the first septet starts on a septet boundary") {
  // 6 octets of header are 48 bits: one fill bit makes them 49
  CHECK(packed("hello", 6) == "\xD0\x65\x36\xFB\x0D");
  CHECK(unpacked("\xD0\x65\x36\xFB\x0D", 6, 5) == "hello");
  CHECK(packed("hello", 7) == packed("hello"));  // 56 bits are eight septets
}

TEST_CASE("what was packed comes back, for every length and every header") {
  std::string text;
  for (std::size_t count = 0; count <= 160; ++count) {
    for (std::size_t header = 0; header <= 14; ++header) {
      const std::string octets = packed(text, header);
      REQUIRE(unpacked(octets, header, count) == text);
    }
    text.push_back(static_cast<char>('!' + count % 90));
  }
  CHECK(packed(std::string(160, 'a')).size() == 140);
  CHECK(packed(std::string(153, 'a'), 6).size() == 134);
}

TEST_CASE("unpacking stops where the octets end") {
  CHECK(unpacked("\xE8\x32\x9B\xFD\x06", 0, 99).size() == 5);
  CHECK(unpacked("", 0, 3).empty());
}

TEST_CASE("seven spare zero bits are not an at sign") {
  CHECK(packed_septets(packed("1234567"), 0) == 7);
  CHECK(packed_septets(packed("12345678"), 0) == 8);
  CHECK(packed_septets(packed("123456"), 0) == 6);
  CHECK(packed_septets("", 0) == 0);
  CHECK(packed_septets(packed("hello", 6), 6) == 5);
}

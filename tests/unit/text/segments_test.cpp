// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/segments.hpp"

#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

#include "aldis/text/transcode.hpp"

using namespace aldis;
using namespace aldis::text;

namespace {

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) { out += text; }
  return out;
}

std::string gsm7(std::string_view utf8) {
  std::string out;
  REQUIRE(transcode(utf8, Alphabet::kUtf8, Alphabet::kGsm7, out));
  return out;
}

std::string ucs2(std::string_view utf8) {
  std::string out;
  REQUIRE(transcode(utf8, Alphabet::kUtf8, Alphabet::kUcs2, out));
  return out;
}

// Octets of each part of a text that is cut by us with an 8-bit reference.
std::vector<std::uint32_t> parts(Octets body, Alphabet alphabet) {
  const Measure measured = measure(body, alphabet);
  if (measured.count <= units_max(measured.unit, 0)) { return {static_cast<std::uint32_t>(body.size())}; }
  std::vector<std::uint32_t> out;
  while (!body.empty()) {
    out.push_back(part_octets(body, alphabet, measured.unit, units_max(measured.unit, 6)));
    REQUIRE(out.back() > 0);
    body.remove_prefix(out.back());
  }
  return out;
}

}  // namespace

TEST_CASE("a header leaves as many units as the table says") {
  struct Row {
    std::size_t header;
    std::uint32_t septets;
    std::uint32_t octets;
    std::uint32_t ucs2;
  };
  const Row rows[] = {{0, 160, 140, 70},  {6, 153, 134, 67}, {7, 152, 133, 66}, {12, 146, 128, 64},
                      {13, 145, 127, 63}, {4, 155, 136, 68}, {9, 149, 131, 65}, {10, 148, 130, 65},
                      {140, 0, 0, 0},     {255, 0, 0, 0}};
  for (const auto& row : rows) {
    CAPTURE(row.header);
    CHECK(units_max(Unit::kSeptet, row.header) == row.septets);
    CHECK(units_max(Unit::kOctet, row.header) == row.octets);
    CHECK(units_max(Unit::kUcs2, row.header) == row.ucs2);
  }
}

TEST_CASE("the vectors of parts hold for GSM 7-bit") {
  const auto count = [](std::string_view text) { return parts(gsm7(text), Alphabet::kGsm7).size(); };
  CHECK(count(times(160, "a")) == 1);
  CHECK(count(times(161, "a")) == 2);
  CHECK(count(times(306, "a")) == 2);
  CHECK(count(times(307, "a")) == 3);
  CHECK(count(times(80, "€")) == 1);
  CHECK(count(times(81, "€")) == 2);
  CHECK(count(times(152, "€")) == 2);
  CHECK(count(times(153, "€")) == 3);
  CHECK(count(times(152, "a") + "€" + times(152, "a")) == 3);
}

TEST_CASE("the vectors of parts hold for UCS-2") {
  const auto count = [](std::string_view text) { return parts(ucs2(text), Alphabet::kUcs2).size(); };
  CHECK(count(times(70, "ж")) == 1);
  CHECK(count(times(71, "ж")) == 2);
  CHECK(count(times(134, "ж")) == 2);
  CHECK(count(times(135, "ж")) == 3);
  CHECK(count(times(35, "😀")) == 1);
  CHECK(count(times(36, "😀")) == 2);
  CHECK(count(times(66, "😀")) == 2);
  CHECK(count(times(67, "😀")) == 3);
  CHECK(parts(ucs2(times(36, "😀")), Alphabet::kUcs2) == std::vector<std::uint32_t>{33 * 4, 3 * 4});
}

TEST_CASE("an escape sequence is never torn, even among escapes") {
  CHECK(parts(gsm7(times(152, "a") + "€" + times(20, "b")), Alphabet::kGsm7)[0] == 152);
  CHECK(parts(gsm7("a" + times(90, "€")), Alphabet::kGsm7)[0] == 153);
  CHECK(parts(gsm7(times(90, "€")), Alphabet::kGsm7)[0] == 152);
  const std::string escapes(200, '\x1B');  // pairs, each a space
  CHECK(parts(escapes, Alphabet::kGsm7)[0] == 152);
  CHECK(parts("a" + escapes, Alphabet::kGsm7)[0] == 153);
}

TEST_CASE("Latin-1 and UTF-8 are counted in GSM 7-bit while every character has a septet") {
  CHECK(measure("caf\xE9 [x]", Alphabet::kLatin1).count == 10);
  CHECK(measure("caf\xE9", Alphabet::kLatin1).unit == Unit::kSeptet);
  CHECK(measure("\xE7", Alphabet::kLatin1).unit == Unit::kUcs2);
  CHECK(measure("€uro", Alphabet::kUtf8).count == 5);
  CHECK(measure("€uro ж😀", Alphabet::kUtf8).unit == Unit::kUcs2);
  CHECK(measure("€uro ж😀", Alphabet::kUtf8).count == 8);
  CHECK(measure("abc", Alphabet::kBinary).unit == Unit::kOctet);
}

TEST_CASE("the same text takes the same parts whichever alphabet it came in") {
  for (const std::string& text :
       {times(161, "a"), times(81, "€"), times(152, "a") + "€" + times(152, "a"), times(100, "é[")}) {
    std::vector<std::size_t> characters[2];
    const std::string as_gsm7 = gsm7(text);
    for (const auto& [body, alphabet] :
         {std::pair{Octets{text}, Alphabet::kUtf8}, {as_gsm7, Alphabet::kGsm7}}) {
      std::size_t at = 0;
      for (const auto octets : parts(body, alphabet)) {
        std::string out;
        REQUIRE(transcode(body.substr(at, octets), alphabet, Alphabet::kUcs2, out));
        characters[alphabet == Alphabet::kUtf8 ? 0 : 1].push_back(out.size());
        at += octets;
      }
    }
    CHECK(characters[0] == characters[1]);
  }
}

TEST_CASE("data is cut at 134 octets") {
  CHECK(parts(std::string(140, '\xFF'), Alphabet::kBinary).size() == 1);
  CHECK(parts(std::string(141, '\xFF'), Alphabet::kBinary) == std::vector<std::uint32_t>{134, 7});
  CHECK(parts(std::string(269, '\xFF'), Alphabet::kBinary).size() == 3);
}

TEST_CASE("a grapheme stays together while the part stays four fifths full") {
  // e with two marks would be torn after 67 units: the cut moves before its base
  const std::string text = times(65, "ж") + "e\u0301\u0302" + times(20, "ж");
  CHECK(parts(ucs2(text), Alphabet::kUcs2)[0] == 65 * 2);
  CHECK(parts(text, Alphabet::kUtf8)[0] == 65 * 2);  // two octets each in UTF-8 as well

  const std::string family = times(62, "ж") + "👨\u200D👩\u200D👧" + times(20, "ж");
  CHECK(parts(ucs2(family), Alphabet::kUcs2)[0] == 62 * 2);

  const std::string heart = times(66, "ж") + "❤\uFE0F" + times(20, "ж");
  CHECK(parts(ucs2(heart), Alphabet::kUcs2)[0] == 66 * 2);
}

TEST_CASE("a grapheme that would empty a fifth of the part is torn") {
  const std::string zalgo = times(40, "ж") + "e" + times(60, "\u0301");
  CHECK(parts(ucs2(zalgo), Alphabet::kUcs2)[0] == 67 * 2);
  CHECK(parts(ucs2(times(100, "\u0301")), Alphabet::kUcs2)[0] == 67 * 2);
}

TEST_CASE("unpaired surrogates are cut like any unit") {
  CHECK(parts(times(100, "\xDE\x01"), Alphabet::kUcs2)[0] == 134);
  CHECK(parts(times(100, "\xD8\x3D"), Alphabet::kUcs2)[0] == 134);
}

TEST_CASE("a budget below the first character gives nothing, and no text is nothing") {
  CHECK(part_octets("\x1B\x65", Alphabet::kGsm7, Unit::kSeptet, 1) == 0);
  CHECK(part_octets(ucs2("😀"), Alphabet::kUcs2, Unit::kUcs2, 1) == 0);
  CHECK(part_octets("€", Alphabet::kUtf8, Unit::kSeptet, 1) == 0);
  CHECK(part_octets("a", Alphabet::kBinary, Unit::kOctet, 0) == 0);
  CHECK(part_octets("a", Alphabet::kGsm7, Unit::kSeptet, 0) == 0);
  CHECK(part_octets("", Alphabet::kUtf8, Unit::kSeptet, 153) == 0);
}

TEST_CASE("parts join to the body and none is above its budget") {
  // every start offset of a mixed text, so that each kind of character meets each cut
  const std::string mixed = times(60, "aé€😀e\u0301[");
  for (std::size_t skip = 0; skip < 60; ++skip) {
    for (const auto alphabet : {Alphabet::kUcs2, Alphabet::kUtf8}) {
      const std::string whole = std::string(skip, 'x') + mixed;
      const std::string body = alphabet == Alphabet::kUcs2 ? ucs2(whole) : whole;
      std::size_t at = 0;
      for (const auto octets : parts(body, alphabet)) {
        REQUIRE(measure(Octets{body}.substr(at, octets), alphabet).count <= 153);
        std::string out;
        REQUIRE(transcode(Octets{body}.substr(at, octets), alphabet, Alphabet::kUcs2, out));
        REQUIRE(out.size() <= 134);
        at += octets;
      }
      REQUIRE(at == body.size());
    }
  }
}

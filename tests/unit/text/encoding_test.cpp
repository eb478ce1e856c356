// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/encoding.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "aldis/text/transcode.hpp"

using namespace aldis;
using namespace aldis::text;

namespace {

std::string times(int n, std::string_view text) {
  std::string out;
  for (int i = 0; i < n; ++i) { out += text; }
  return out;
}

Encoded encoded(std::string_view utf8, Encoding encoding = Encoding::kAuto) {
  auto out = encode(utf8, encoding);
  REQUIRE(out.has_value());
  return *out;
}

}  // namespace

TEST_CASE("a text goes out in GSM 7-bit as long as every character has a place there") {
  CHECK(encoded("Hello").alphabet == Alphabet::kGsm7);
  CHECK(encoded("").alphabet == Alphabet::kGsm7);
  const Encoded extended = encoded("5 \xE2\x82\xAC [a]");
  CHECK(extended.alphabet == Alphabet::kGsm7);
  CHECK(extended.octets ==
        "5 \x1B\x65 \x1B\x3C"
        "a\x1B\x3E");
  const Encoded ucs2 = encoded("It\xE2\x80\x99s");  // a typographic apostrophe
  CHECK(ucs2.alphabet == Alphabet::kUcs2);
  CHECK(ucs2.octets == std::string("\0I\0t\x20\x19\0s", 8));
  CHECK(encoded("\xF0\x9F\x98\x80").octets == std::string("\xD8\x3D\xDE\0", 4));
}

TEST_CASE("an alphabet that was asked for is used or refused, and nothing is replaced") {
  CHECK(encoded("Hello", Encoding::kUcs2).octets.size() == 10);
  CHECK(encoded("caf\xC3\xA9", Encoding::kLatin1).octets == "caf\xE9");
  const auto refused = encode("price: 3 \xE2\x82\xAC, it\xE2\x80\x99s", Encoding::kGsm7);
  REQUIRE(refused.has_error());
  CHECK(refused.error().why == NoEncoding::Why::kNoPlace);
  CHECK(refused.error().offset == 14);  // characters, not octets
  CHECK(refused.error().character == 0x2019);
  CHECK(encode("\xE2\x82\xAC", Encoding::kLatin1).has_error());
}

TEST_CASE("what is not UTF-8 is refused in every encoding, with its place") {
  for (const char* bad :
       {"ab\xFF", "ab\xC0\x80", "ab\xED\xA0\x80", "ab\xE2\x82", "ab\x80", "ab\xF4\x90\x80\x80"}) {
    for (const auto encoding : {Encoding::kAuto, Encoding::kGsm7, Encoding::kUcs2, Encoding::kLatin1}) {
      const auto refused = encode(bad, encoding);
      REQUIRE(refused.has_error());
      CHECK(refused.error().why == NoEncoding::Why::kMalformed);
      CHECK(refused.error().offset == 2);
    }
  }
}

TEST_CASE("the limits of one part and of several are those of 3GPP 23.038 and 23.040") {
  struct Row {
    std::string text;
    std::size_t parts;
    std::uint32_t used, per_part, left;
  };
  const std::string euro = "\xE2\x82\xAC";
  const std::string apostrophe = "\xE2\x80\x99";
  for (const Row& row : {Row{"", 1, 0, 160, 160}, Row{times(160, "a"), 1, 160, 160, 0},
                         Row{times(161, "a"), 2, 161, 153, 145}, Row{times(306, "a"), 2, 306, 153, 0},
                         Row{times(307, "a"), 3, 307, 153, 152}, Row{times(80, euro), 1, 160, 160, 0},
                         // an escape sequence is not torn: 152 and 10
                         Row{times(81, euro), 2, 162, 153, 143}, Row{times(70, apostrophe), 1, 70, 70, 0},
                         Row{times(71, apostrophe), 2, 71, 67, 63},
                         Row{times(36, "\xF0\x9F\x98\x80"), 2, 72, 67, 61}}) {  // nor is a pair: 66 and 6
    const auto split = segments_of(encoded(row.text), 6);
    INFO(row.used << " units");
    CHECK(split.segments.size() == row.parts);
    CHECK(split.used == row.used);
    CHECK(split.per_part == row.per_part);
    CHECK(split.left == row.left);
  }
  CHECK(segments_of(encoded(times(161, "a")), 7).per_part == 152);
}

TEST_CASE("segments follow one another, fit, and make the text again") {
  std::mt19937 random(7);
  const std::vector<std::string> pieces{"a",
                                        "\xE2\x82\xAC",
                                        "[",
                                        "\xC3\xA9",
                                        "e\xCC\x81",
                                        "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80",
                                        "\xE2\x80\x99",
                                        "z"};
  for (int round = 0; round < 300; ++round) {
    std::string utf8;
    const auto kinds = 1 + random() % pieces.size();
    for (auto n = random() % 500; n > 0; --n) { utf8 += pieces[random() % kinds]; }
    const Encoded text = encoded(utf8);
    const auto split = segments_of(text, 6);
    std::size_t at = 0;
    std::uint32_t used = 0;
    std::string again;
    for (const Segment& segment : split.segments) {
      REQUIRE(segment.begin == at);
      REQUIRE(segment.units <= split.per_part);
      REQUIRE(
          transcode(Octets{text.octets}.substr(at, segment.octets), text.alphabet, Alphabet::kUtf8, again));
      at += segment.octets;
      used += segment.units;
    }
    REQUIRE(at == text.octets.size());
    REQUIRE(used == split.used);
    REQUIRE(again == utf8);
  }
}

TEST_CASE("costly characters are those without a place in GSM 7-bit, by their place in the text") {
  const auto costly = costly_characters("It\xE2\x80\x99s 5 \xE2\x82\xAC \xF0\x9F\x98\x80", 10);
  REQUIRE(costly.size() == 2);
  CHECK(costly[0].offset == 2);
  CHECK(costly[0].character == 0x2019);
  CHECK(costly[1].offset == 9);
  CHECK(costly[1].character == 0x1F600);
  CHECK(costly_characters(times(30, "\xE2\x80\x99"), 10).size() == 10);
}

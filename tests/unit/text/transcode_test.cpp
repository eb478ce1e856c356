// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/transcode.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::text;
using namespace std::string_literals;

namespace {

// The transcoded text, or "refused".
std::string as(Octets from, Alphabet from_alphabet, Alphabet to) {
  std::string out;
  return transcode(from, from_alphabet, to, out) ? out : "refused";
}

}  // namespace

TEST_CASE("GSM text stands in Latin-1 where both have the character") {
  CHECK(as("\x04\x05\x1B\x3C", Alphabet::kGsm7, Alphabet::kLatin1) == "\xE8\xE9[");
  CHECK(as("\x1B\x65", Alphabet::kGsm7, Alphabet::kLatin1) == "refused");  // Euro
  CHECK(as("\x10", Alphabet::kGsm7, Alphabet::kLatin1) == "refused");      // Delta
}

TEST_CASE("Latin-1 text stands in GSM 7-bit where both have the character") {
  CHECK(as("\xE0[\xC7@", Alphabet::kLatin1, Alphabet::kGsm7) == "\x7F\x1B\x3C\x09\0"s);
  CHECK(as("\xE7", Alphabet::kLatin1, Alphabet::kGsm7) == "refused");
}

TEST_CASE("text above the basic plane becomes a surrogate pair and comes back") {
  const std::string pair = "\xD8\x3D\xDE\x00"s;
  CHECK(as("😀", Alphabet::kUtf8, Alphabet::kUcs2) == pair);
  CHECK(as(pair, Alphabet::kUcs2, Alphabet::kUtf8) == "😀");
  CHECK(as("ж€a", Alphabet::kUtf8, Alphabet::kUcs2) == "\x04\x36\x20\xAC\0a"s);
}

TEST_CASE("a surrogate without its other half is not text") {
  CHECK(as("\xD8\x3D", Alphabet::kUcs2, Alphabet::kUtf8) == "refused");
  CHECK(as("\xD8\x3D\0a"s, Alphabet::kUcs2, Alphabet::kUtf8) == "refused");
  CHECK(as("\xDE\x00"s, Alphabet::kUcs2, Alphabet::kUtf8) == "refused");
  CHECK(as("\0a\0"s, Alphabet::kUcs2, Alphabet::kUtf8) == "refused");
}

TEST_CASE("UTF-8 is read strictly") {
  CHECK(is_text("plain", Alphabet::kUtf8));
  CHECK(is_text("\xC2\x80\xEF\xBF\xBF\xF4\x8F\xBF\xBF", Alphabet::kUtf8));
  for (const auto* bad : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xC3", "\xC3(", "\xFF"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_text(bad, Alphabet::kUtf8));
    CHECK(as(bad, Alphabet::kUtf8, Alphabet::kUcs2) == "refused");
  }
}

TEST_CASE("ASCII has 128 characters") {
  CHECK(as("abc", Alphabet::kAscii, Alphabet::kLatin1) == "abc");
  CHECK(as("a\xE9", Alphabet::kAscii, Alphabet::kLatin1) == "refused");
  CHECK(as("\xE9", Alphabet::kLatin1, Alphabet::kAscii) == "refused");
  CHECK_FALSE(is_text("\x80", Alphabet::kAscii));
}

TEST_CASE("data is not text in any direction") {
  CHECK(as("a", Alphabet::kBinary, Alphabet::kLatin1) == "refused");
  CHECK(as("a", Alphabet::kLatin1, Alphabet::kOpaque) == "refused");
  CHECK_FALSE(is_text("a", Alphabet::kOpaque));
}

TEST_CASE("every Latin-1 character survives UTF-8 and UCS-2") {
  std::string all;
  for (unsigned i = 0; i < 256; ++i) { all.push_back(static_cast<char>(i)); }
  const std::string utf8 = as(all, Alphabet::kLatin1, Alphabet::kUtf8);
  const std::string ucs2 = as(utf8, Alphabet::kUtf8, Alphabet::kUcs2);
  CHECK(as(ucs2, Alphabet::kUcs2, Alphabet::kLatin1) == all);
}

TEST_CASE("transcoding appends") {
  std::string out = "x";
  REQUIRE(transcode("y", Alphabet::kGsm7, Alphabet::kLatin1, out));
  CHECK(out == "xy");
}

TEST_CASE("characters come one at a time until the text ends or breaks") {
  Octets rest = "a\x1B\x65";
  CHECK(take_character(rest, Alphabet::kGsm7) == U'a');
  CHECK(take_character(rest, Alphabet::kGsm7) == U'€');
  CHECK_FALSE(take_character(rest, Alphabet::kGsm7));
  CHECK(rest.empty());
  rest = "\xFF";
  CHECK_FALSE(take_character(rest, Alphabet::kUtf8));
  CHECK_FALSE(rest.empty());
}

TEST_CASE("Cyrillic and Hebrew code pages become UCS-2") {
  std::string out;
  REQUIRE(cyrillic_to_ucs2("A\xB0\xF0\xFD\xFF", out));
  CHECK(out == "\0A\x04\x10\x21\x16\0\xA7\x04\x5F"s);
  out.clear();
  REQUIRE(hebrew_to_ucs2("\xE0\xFA\xAA", out));
  CHECK(out == "\x05\xD0\x05\xEA\0\xD7"s);
  CHECK_FALSE(hebrew_to_ucs2("\xE0\xC0", out));
  CHECK(out.size() == 6);
}

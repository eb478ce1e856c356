// SPDX-License-Identifier: Apache-2.0
#include "ingress/charset.hpp"

#include <array>

#include "aldis/base/octets.hpp"
#include "aldis/text/transcode.hpp"

namespace aldis::ingress {

namespace {

std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '-' || c == '_') { continue; }
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
  }
  return out;
}

// Windows-1252 from 0x80 to 0x9F; 0 = it has nothing there.
constexpr std::array<char32_t, 32> kWindows1252{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

char32_t windows1252(std::uint8_t octet) {
  return octet >= 0x80 && octet < 0xA0 ? kWindows1252[octet - 0x80u] : octet;
}

// Where ISO 8859-15 differs from ISO 8859-1.
char32_t latin9(std::uint8_t octet) {
  switch (octet) {
    case 0xA4: return 0x20AC;
    case 0xA6: return 0x0160;
    case 0xA8: return 0x0161;
    case 0xB4: return 0x017D;
    case 0xB8: return 0x017E;
    case 0xBC: return 0x0152;
    case 0xBD: return 0x0153;
    case 0xBE: return 0x0178;
    default: return octet;
  }
}

std::optional<std::string> by_octet(std::string_view octets, char32_t (*character)(std::uint8_t)) {
  std::string out;
  for (const char c : octets) {
    const char32_t one = character(u8(c));
    if (one == 0 && c != 0) { return std::nullopt; }
    text::append_utf8(one, out);
  }
  return out;
}

std::optional<Alphabet> alphabet_of(std::string_view name) {
  if (name == "UTF8") { return Alphabet::kUtf8; }
  if (name == "UTF16BE" || name == "UTF16" || name == "UCS2" || name == "UCS2BE") { return Alphabet::kUcs2; }
  if (name == "ISO88591" || name == "LATIN1") { return Alphabet::kLatin1; }
  if (name == "USASCII" || name == "ASCII") { return Alphabet::kAscii; }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> utf8_of(std::string_view octets, std::string_view charset) {
  const std::string name = folded(charset);
  if (name == "WINDOWS1252" || name == "CP1252") { return by_octet(octets, windows1252); }
  if (name == "ISO885915" || name == "LATIN9") { return by_octet(octets, latin9); }
  const auto alphabet = alphabet_of(name);
  std::string out;
  if (!alphabet || !text::transcode(octets, *alphabet, Alphabet::kUtf8, out)) { return std::nullopt; }
  return out;
}

}  // namespace aldis::ingress

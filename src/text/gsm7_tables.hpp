// SPDX-License-Identifier: Apache-2.0
// 3GPP TS 23.038 section 6.2.1 and 6.2.1.1 as tables; the reverse direction is computed from them at compile
// time.
#pragma once

#include <array>
#include <cstdint>

#include "aldis/text/gsm7.hpp"

namespace aldis::text {

inline constexpr std::uint16_t kEscaped = 0x1B00;

// 0x1B, the escape itself, reads as a space where it stands alone.
inline constexpr std::array<char16_t, 128> kGsmMain{
    u'@',      u'\u00A3', u'$',      u'\u00A5', u'\u00E8', u'\u00E9', u'\u00F9', u'\u00EC',   // 00
    u'\u00F2', u'\u00C7', u'\n',     u'\u00D8', u'\u00F8', u'\r',     u'\u00C5', u'\u00E5',   // 08
    u'\u0394', u'_',      u'\u03A6', u'\u0393', u'\u039B', u'\u03A9', u'\u03A0', u'\u03A8',   // 10
    u'\u03A3', u'\u0398', u'\u039E', u' ',      u'\u00C6', u'\u00E6', u'\u00DF', u'\u00C9',   // 18
    u' ',      u'!',      u'"',      u'#',      u'\u00A4', u'%',      u'&',      u'\'',       // 20
    u'(',      u')',      u'*',      u'+',      u',',      u'-',      u'.',      u'/',        // 28
    u'0',      u'1',      u'2',      u'3',      u'4',      u'5',      u'6',      u'7',        // 30
    u'8',      u'9',      u':',      u';',      u'<',      u'=',      u'>',      u'?',        // 38
    u'\u00A1', u'A',      u'B',      u'C',      u'D',      u'E',      u'F',      u'G',        // 40
    u'H',      u'I',      u'J',      u'K',      u'L',      u'M',      u'N',      u'O',        // 48
    u'P',      u'Q',      u'R',      u'S',      u'T',      u'U',      u'V',      u'W',        // 50
    u'X',      u'Y',      u'Z',      u'\u00C4', u'\u00D6', u'\u00D1', u'\u00DC', u'\u00A7',   // 58
    u'\u00BF', u'a',      u'b',      u'c',      u'd',      u'e',      u'f',      u'g',        // 60
    u'h',      u'i',      u'j',      u'k',      u'l',      u'm',      u'n',      u'o',        // 68
    u'p',      u'q',      u'r',      u's',      u't',      u'u',      u'v',      u'w',        // 70
    u'x',      u'y',      u'z',      u'\u00E4', u'\u00F6', u'\u00F1', u'\u00FC', u'\u00E0'};  // 78

struct GsmExtension {
  std::uint8_t code;
  char16_t character;
};
inline constexpr auto kGsmExtensions = std::to_array<GsmExtension>({{0x0A, u'\f'},
                                                                    {0x14, u'^'},
                                                                    {0x28, u'{'},
                                                                    {0x29, u'}'},
                                                                    {0x2F, u'\\'},
                                                                    {0x3C, u'['},
                                                                    {0x3D, u'~'},
                                                                    {0x3E, u']'},
                                                                    {0x40, u'|'},
                                                                    {0x65, u'\u20AC'}});

// What a septet means after an escape: unknown codes as in the main table, a second escape as a space.
inline constexpr auto kGsmAfterEscape = [] {
  std::array<char16_t, 128> table = kGsmMain;
  for (const auto& extension : kGsmExtensions) { table[extension.code] = extension.character; }
  return table;
}();

// Latin-1 characters by value; what lies above stands in gsm7_lookup().
inline constexpr auto kGsmOfLatin1 = [] {
  std::array<std::uint16_t, 256> table{};
  table.fill(kGsmNone);
  for (std::size_t i = 0; i < kGsmMain.size(); ++i) {
    if (i != 0x1B && kGsmMain[i] < 256) { table[kGsmMain[i]] = static_cast<std::uint16_t>(i); }
  }
  for (const auto& extension : kGsmExtensions) {
    if (extension.character < 256) {
      table[extension.character] = static_cast<std::uint16_t>(kEscaped | extension.code);
    }
  }
  return table;
}();

constexpr std::uint16_t gsm7_lookup(char32_t character) {
  if (character < 256) { return kGsmOfLatin1[character]; }
  switch (character) {
    case 0x0394: return 0x10;             // Delta
    case 0x03A6: return 0x12;             // Phi
    case 0x0393: return 0x13;             // Gamma
    case 0x039B: return 0x14;             // Lambda
    case 0x03A9: return 0x15;             // Omega
    case 0x03A0: return 0x16;             // Pi
    case 0x03A8: return 0x17;             // Psi
    case 0x03A3: return 0x18;             // Sigma
    case 0x0398: return 0x19;             // Theta
    case 0x039E: return 0x1A;             // Xi
    case 0x20AC: return kEscaped | 0x65;  // Euro
    default: return kGsmNone;
  }
}

}  // namespace aldis::text

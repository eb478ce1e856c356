// SPDX-License-Identifier: Apache-2.0
// Readers and writers of single characters, inline: transcoding, counting and splitting are loops over them.
#pragma once

#include <cstdint>

#include "aldis/base/octets.hpp"
#include "aldis/text/alphabet.hpp"
#include "aldis/text/gsm7.hpp"
#include "text/gsm7_tables.hpp"

namespace aldis::text {

// A character and the octets it took. `octets` 0 = malformed; kNothing = octets that stand for no character.
struct Taken {
  char32_t character = 0;
  std::uint32_t octets = 0;
};
inline constexpr char32_t kNothing = 0xFFFFFFFF;

constexpr bool is_high_surrogate(char32_t unit) { return (unit & 0xFFFFFC00u) == 0xD800; }
constexpr bool is_low_surrogate(char32_t unit) { return (unit & 0xFFFFFC00u) == 0xDC00; }

// Each reader has take(rest) for a `rest` that is not empty.
struct Gsm7Reader {
  static Taken take(Octets rest) {
    const std::uint8_t first = u8(rest[0]);
    if (first >= 0x80) { return {}; }
    if (first != u8(kGsmEscape)) { return {kGsmMain[first], 1}; }
    if (rest.size() < 2) { return {kNothing, 1}; }
    const std::uint8_t second = u8(rest[1]);
    if (second >= 0x80) { return {}; }
    return {kGsmAfterEscape[second], 2};
  }
};

struct Latin1Reader {
  static Taken take(Octets rest) { return {u8(rest[0]), 1}; }
};

struct AsciiReader {
  static Taken take(Octets rest) {
    const std::uint8_t first = u8(rest[0]);
    return first < 0x80 ? Taken{first, 1} : Taken{};
  }
};

struct Utf8Reader {
  static Taken take(Octets rest) {
    const std::uint8_t first = u8(rest[0]);
    if (first < 0x80) { return {first, 1}; }
    std::uint32_t length = 0;
    if (first >= 0xC2 && first < 0xE0) {
      length = 2;
    } else if (first >= 0xE0 && first < 0xF0) {
      length = 3;
    } else if (first >= 0xF0 && first < 0xF5) {
      length = 4;
    }
    if (length == 0 || rest.size() < length) { return {}; }
    char32_t character = first & (0x7Fu >> length);
    for (std::uint32_t i = 1; i < length; ++i) {
      const std::uint8_t next = u8(rest[i]);
      if ((next & 0xC0u) != 0x80) { return {}; }
      character = (character << 6) | (next & 0x3Fu);
    }
    const bool longer_than_needed =
        (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
    const bool surrogate = character >= 0xD800 && character < 0xE000;
    if (longer_than_needed || surrogate || character > 0x10FFFF) { return {}; }
    return {character, length};
  }
};

inline char32_t ucs2_unit(Octets octets, std::size_t at) {
  return static_cast<char32_t>((u8(octets[at]) << 8) | u8(octets[at + 1]));
}

struct Ucs2Reader {
  static Taken take(Octets rest) {
    if (rest.size() < 2) { return {}; }
    const char32_t first = ucs2_unit(rest, 0);
    if (!is_high_surrogate(first)) { return is_low_surrogate(first) ? Taken{} : Taken{first, 2}; }
    if (rest.size() < 4) { return {}; }
    const char32_t second = ucs2_unit(rest, 2);
    if (!is_low_surrogate(second)) { return {}; }
    return {0x10000 + ((first & 0x3FFu) << 10) + (second & 0x3FFu), 4};
  }
};

// Each writer has put(character, at): the place after what it wrote, or null if the character has none. At
// most kOctetsMax octets a character.
struct Gsm7Writer {
  static constexpr std::size_t kOctetsMax = 2;
  static char* put(char32_t character, char* at) {
    const std::uint16_t septets = gsm7_lookup(character);
    if (septets == kGsmNone) { return nullptr; }
    if (septets >= 0x80) { *at++ = kGsmEscape; }
    *at++ = static_cast<char>(septets & 0x7Fu);
    return at;
  }
};

template <char32_t End>
struct SingleOctetWriter {
  static constexpr std::size_t kOctetsMax = 1;
  static char* put(char32_t character, char* at) {
    if (character >= End) { return nullptr; }
    *at++ = static_cast<char>(character);
    return at;
  }
};
using Latin1Writer = SingleOctetWriter<0x100>;
using AsciiWriter = SingleOctetWriter<0x80>;

struct Utf8Writer {
  static constexpr std::size_t kOctetsMax = 4;
  static char* put(char32_t character, char* at) {
    const auto tail = [&at](char32_t bits) { *at++ = static_cast<char>(0x80u | (bits & 0x3Fu)); };
    if (character < 0x80) {
      *at++ = static_cast<char>(character);
    } else if (character < 0x800) {
      *at++ = static_cast<char>(0xC0u | (character >> 6));
      tail(character);
    } else if (character < 0x10000) {
      *at++ = static_cast<char>(0xE0u | (character >> 12));
      tail(character >> 6);
      tail(character);
    } else {
      *at++ = static_cast<char>(0xF0u | (character >> 18));
      tail(character >> 12);
      tail(character >> 6);
      tail(character);
    }
    return at;
  }
};

struct Ucs2Writer {
  static constexpr std::size_t kOctetsMax = 4;
  static char* put(char32_t character, char* at) {
    const auto unit = [&at](char32_t value) {
      *at++ = static_cast<char>(value >> 8);
      *at++ = static_cast<char>(value & 0xFFu);
    };
    if (character < 0x10000) {
      unit(character);
    } else {
      unit(0xD800 + ((character - 0x10000) >> 10));
      unit(0xDC00 + ((character - 0x10000) & 0x3FFu));
    }
    return at;
  }
};

}  // namespace aldis::text

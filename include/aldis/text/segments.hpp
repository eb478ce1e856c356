// SPDX-License-Identifier: Apache-2.0
// How many parts a text takes, and where it is cut. Counting is splitting: a part may stay short because an
// escape sequence, a surrogate pair or a grapheme is not torn, so division gives wrong answers. Nothing is
// copied.
#pragma once

#include <cstddef>
#include <cstdint>

#include "aldis/base/octets.hpp"
#include "aldis/text/alphabet.hpp"

namespace aldis::text {

// What the air interface counts: septets of GSM 7-bit, octets of data, 16-bit units of UCS-2.
enum class Unit : std::uint8_t { kSeptet, kOctet, kUcs2 };

// Units that fit in one part after a user data header of so many octets (its length octet included): 160,
// 140, 70.
constexpr std::uint32_t units_max(Unit unit, std::size_t header_octets) {
  if (header_octets >= 140) { return 0; }
  const auto octets = static_cast<std::uint32_t>(140 - header_octets);
  switch (unit) {
    case Unit::kSeptet: return octets * 8 / 7;
    case Unit::kOctet: return octets;
    case Unit::kUcs2: return octets / 2;
  }
  __builtin_unreachable();
}

struct Measure {
  Unit unit = Unit::kSeptet;
  std::uint32_t count = 0;
};

// The unit in which `body` is counted, and how many there are. Latin-1, ASCII and UTF-8 texts are counted in
// GSM 7-bit if every character has a place there, otherwise in UCS-2. `body` must be is_text() of its
// alphabet, or not text at all.
Measure measure(Octets body, Alphabet alphabet);

// Octets of `rest` that go in the next part of at most `budget` units: all of them if they fit; otherwise the
// longest that tears no escape sequence, no surrogate pair and, down to 80 % of the budget, no grapheme
// (combining marks, joiners and variation selectors stay with their base). 0 only if `rest` is empty or its
// first character exceeds the budget.
std::uint32_t part_octets(Octets rest, Alphabet alphabet, Unit unit, std::uint32_t budget);

}  // namespace aldis::text

// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/segments.hpp"

#include <algorithm>

#include "aldis/base/mutant.hpp"
#include "text/characters.hpp"
#include "text/graphemes.hpp"

namespace aldis::text {

namespace {

std::uint32_t size32(Octets octets) { return static_cast<std::uint32_t>(octets.size()); }

std::uint32_t cost_of(char32_t character, Unit unit) {
  switch (unit) {
    case Unit::kSeptet: return gsm7_lookup(character) < 0x80 ? 1 : 2;
    case Unit::kOctet: return 1;
    case Unit::kUcs2: return character < 0x10000 ? 1 : 2;
  }
  __builtin_unreachable();
}

template <class Reader>
Measure measure_characters(Octets body) {
  std::uint32_t septets = 0;
  std::uint32_t units = 0;
  bool gsm = true;
  while (!body.empty()) {
    const Taken taken = Reader::take(body);
    if (taken.octets == 0) { break; }
    body.remove_prefix(taken.octets);
    const std::uint16_t septet = gsm7_lookup(taken.character);
    gsm = gsm && septet != kGsmNone;
    septets += septet < 0x80 ? 1 : 2;
    units += taken.character < 0x10000 ? 1 : 2;
  }
  return gsm ? Measure{Unit::kSeptet, septets} : Measure{Unit::kUcs2, units};
}

// The same for alphabets of one octet a character: most customers who do not send GSM 7-bit send these.
Measure measure_latin1(Octets body) {
  std::uint32_t septets = 0;
  std::uint32_t highest = 0;  // kGsmNone if any character has no septet
  for (const char c : body) {
    const std::uint32_t septet = kGsmOfLatin1[u8(c)];
    septets += septet < 0x80 ? 1 : 2;
    highest = std::max(highest, septet);
  }
  return highest == kGsmNone ? Measure{Unit::kUcs2, size32(body)} : Measure{Unit::kSeptet, septets};
}

// A run of escapes before the cut: read in pairs from its start, an odd one out belongs to what follows the
// cut.
std::uint32_t cut_gsm7(Octets rest, std::uint32_t budget) {
  std::uint32_t run = 0;
  while (run < budget && rest[budget - 1 - run] == kGsmEscape) { ++run; }
  return ALDIS_MUTANT(32) ? budget : budget - run % 2;
}

// The character that ends at `at`; well-formed text only.
Taken character_before(Octets text, std::uint32_t at, Alphabet alphabet) {
  std::uint32_t start = at;
  if (alphabet == Alphabet::kUcs2) {
    start -= 2;
    if (start >= 2 && is_low_surrogate(ucs2_unit(text, start)) &&
        is_high_surrogate(ucs2_unit(text, start - 2))) {
      start -= 2;
    }
    const Taken taken = Ucs2Reader::take(text.substr(start, at - start));
    return taken.octets != 0
               ? taken
               : Taken{ucs2_unit(text, start), at - start};  // an unpaired surrogate stands alone
  }
  do { --start; } while (start > 0 && (u8(text[start]) & 0xC0u) == 0x80);
  const Taken taken = Utf8Reader::take(text.substr(start, at - start));
  return taken.octets != 0 ? taken : Taken{kNothing, at - start};
}

char32_t character_at(Octets text, std::uint32_t at, Alphabet alphabet) {
  const Octets rest = text.substr(at);
  return (alphabet == Alphabet::kUcs2 ? Ucs2Reader::take(rest) : Utf8Reader::take(rest)).character;
}

// Moves a cut back to the start of the grapheme that it would tear, unless too much of the part would stay
// empty.
std::uint32_t before_grapheme(Octets rest, std::uint32_t cut, std::uint32_t used, Alphabet alphabet,
                              Unit unit, std::uint32_t budget) {
  std::uint32_t at = cut;
  char32_t next = character_at(rest, at, alphabet);
  while (at > 0) {
    const Taken before = character_before(rest, at, alphabet);
    if (!extends_grapheme(next) && before.character != kZeroWidthJoiner) { return at; }
    used -= std::min(used, cost_of(before.character, unit));
    if (used * 5 < budget * 4) { return cut; }
    at -= before.octets;
    next = before.character;
  }
  return cut;
}

std::uint32_t cut_ucs2(Octets rest, std::uint32_t budget) {
  std::uint32_t cut = budget * 2;
  if (cut >= 2 && is_low_surrogate(ucs2_unit(rest, cut)) && is_high_surrogate(ucs2_unit(rest, cut - 2))) {
    cut -= 2;
  }
  return before_grapheme(rest, cut, cut / 2, Alphabet::kUcs2, Unit::kUcs2, budget);
}

// For alphabets whose octets are not what is counted.
template <class Reader>
std::uint32_t cut_by_walk(Octets rest, Alphabet alphabet, Unit unit, std::uint32_t budget) {
  std::uint32_t cut = 0;
  std::uint32_t used = 0;
  while (cut < rest.size()) {
    const Taken taken = Reader::take(rest.substr(cut));
    if (taken.octets == 0) { return size32(rest); }  // not text: the caller did not check
    const std::uint32_t cost = cost_of(taken.character, unit);
    if (used + cost > budget) {
      return alphabet == Alphabet::kUtf8 ? before_grapheme(rest, cut, used, alphabet, unit, budget) : cut;
    }
    used += cost;
    cut += taken.octets;
  }
  return cut;
}

}  // namespace

Measure measure(Octets body, Alphabet alphabet) {
  switch (alphabet) {
    case Alphabet::kGsm7: return {Unit::kSeptet, size32(body)};
    case Alphabet::kUcs2: return {Unit::kUcs2, size32(body) / 2};
    case Alphabet::kLatin1:
    case Alphabet::kAscii: return measure_latin1(body);
    case Alphabet::kUtf8: return measure_characters<Utf8Reader>(body);
    case Alphabet::kBinary:
    case Alphabet::kOpaque: return {Unit::kOctet, size32(body)};
  }
  __builtin_unreachable();
}

std::uint32_t part_octets(Octets rest, Alphabet alphabet, Unit unit, std::uint32_t budget) {
  switch (alphabet) {
    case Alphabet::kGsm7: return rest.size() <= budget ? size32(rest) : cut_gsm7(rest, budget);
    case Alphabet::kUcs2: return rest.size() / 2 <= budget ? size32(rest) : cut_ucs2(rest, budget);
    case Alphabet::kLatin1:
    case Alphabet::kAscii: return cut_by_walk<Latin1Reader>(rest, alphabet, unit, budget);
    case Alphabet::kUtf8: return cut_by_walk<Utf8Reader>(rest, alphabet, unit, budget);
    case Alphabet::kBinary:
    case Alphabet::kOpaque: return std::min(size32(rest), budget);
  }
  __builtin_unreachable();
}

}  // namespace aldis::text

// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/encoding.hpp"

#include <utility>

#include "aldis/text/transcode.hpp"
#include "text/characters.hpp"

namespace aldis::text {

namespace {

bool has_place(char32_t character, Alphabet alphabet) {
  switch (alphabet) {
    case Alphabet::kGsm7: return gsm7_lookup(character) != kGsmNone;
    case Alphabet::kLatin1: return character < 0x100;
    default: return true;
  }
}

// The first character that `alphabet` cannot have, or where the text stops being one.
NoEncoding find_fault(std::string_view utf8, Alphabet alphabet) {
  NoEncoding fault;
  for (; !utf8.empty(); ++fault.offset) {
    const Taken taken = Utf8Reader::take(utf8);
    if (taken.octets == 0) { return fault; }
    if (!has_place(taken.character, alphabet)) {
      fault.why = NoEncoding::Why::kNoPlace;
      fault.character = taken.character;
      return fault;
    }
    utf8.remove_prefix(taken.octets);
  }
  return fault;
}

std::uint32_t units_of(Octets octets, Alphabet alphabet, Unit unit) {
  return unit == Unit::kUcs2 && alphabet != Alphabet::kUcs2 ? static_cast<std::uint32_t>(octets.size())
                                                            : measure(octets, alphabet).count;
}

}  // namespace

Result<Encoded, NoEncoding> encode(std::string_view utf8, Encoding encoding) {
  using Answer = Result<Encoded, NoEncoding>;
  Encoded out;
  switch (encoding) {
    case Encoding::kAuto:
    case Encoding::kGsm7: out.alphabet = Alphabet::kGsm7; break;
    case Encoding::kUcs2: out.alphabet = Alphabet::kUcs2; break;
    case Encoding::kLatin1: out.alphabet = Alphabet::kLatin1; break;
  }
  if (transcode(utf8, Alphabet::kUtf8, out.alphabet, out.octets)) { return out; }
  if (encoding == Encoding::kAuto) {
    out.alphabet = Alphabet::kUcs2;
    if (transcode(utf8, Alphabet::kUtf8, out.alphabet, out.octets)) { return out; }
  }
  return Answer{boost::system::in_place_error, find_fault(utf8, out.alphabet)};
}

Segmentation segments_of(const Encoded& text, std::size_t header_octets) {
  const Measure whole = measure(text.octets, text.alphabet);
  Segmentation out;
  out.unit = whole.unit;
  out.used = whole.count;
  out.per_part = units_max(whole.unit, whole.count <= units_max(whole.unit, 0) ? 0 : header_octets);
  Octets rest = text.octets;
  do {
    const std::uint32_t octets = part_octets(rest, text.alphabet, whole.unit, out.per_part);
    out.segments.push_back({text.octets.size() - rest.size(), octets,
                            units_of(rest.substr(0, octets), text.alphabet, whole.unit)});
    rest.remove_prefix(octets);
    if (octets == 0) { break; }  // an empty text, or a header that leaves no room for a character
  } while (!rest.empty());
  out.left = out.per_part - out.segments.back().units;
  return out;
}

std::vector<Costly> costly_characters(std::string_view utf8, std::size_t max) {
  std::vector<Costly> out;
  for (std::size_t offset = 0; !utf8.empty() && out.size() < max; ++offset) {
    const Taken taken = Utf8Reader::take(utf8);
    if (taken.octets == 0) { break; }
    if (gsm7_lookup(taken.character) == kGsmNone) { out.push_back({offset, taken.character}); }
    utf8.remove_prefix(taken.octets);
  }
  return out;
}

}  // namespace aldis::text

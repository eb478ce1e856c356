// SPDX-License-Identifier: Apache-2.0
// What a text in UTF-8 goes out as: the alphabet, the octets in it, the parts that they take and the
// characters that make it dear. For doors whose customers give text, not octets (HTTP); SMPP customers choose
// themselves. GSM 7-bit is the default alphabet with its extension table (3GPP 23.038 section 6.2.1);
// national language tables and look-alikes (transliteration) are not offered yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/text/segments.hpp"

namespace aldis::text {

enum class Encoding : std::uint8_t {
  // GSM 7-bit if every character has a place there, else UCS-2: nothing is lost, and nothing is cheaper
  kAuto,
  kGsm7,
  kUcs2,
  kLatin1,
};

struct Encoded {
  Alphabet alphabet = Alphabet::kGsm7;  // kGsm7, kUcs2 or kLatin1
  std::string octets;
};

struct NoEncoding {
  enum class Why : std::uint8_t {
    kMalformed,  // not UTF-8: overlong, cut off, a surrogate
    kNoPlace,    // the alphabet asked for does not have this character
  };
  Why why = Why::kMalformed;
  std::size_t offset = 0;  // in characters from the start of the text
  char32_t character = 0;  // kNoPlace: which one
};

// Never replaces a character.
Result<Encoded, NoEncoding> encode(std::string_view utf8, Encoding encoding);

// One part of a text. `octets` of it start at `begin`, in the alphabet of the whole.
struct Segment {
  std::size_t begin = 0;
  std::size_t octets = 0;
  std::uint32_t units = 0;
};

struct Segmentation {
  Unit unit = Unit::kSeptet;
  std::uint32_t used = 0;         // by the whole text
  std::uint32_t per_part = 0;     // room in each part: less when there are several, each has a header
  std::uint32_t left = 0;         // in the last part
  std::vector<Segment> segments;  // one at least: an empty text is a message
};

// As the engine will cut it. `header_octets`: of the concatenation header that each of several parts has (6
// for an 8-bit reference, 7 for a 16-bit one; 3GPP 23.040 section 9.2.3.24.1).
Segmentation segments_of(const Encoded& text, std::size_t header_octets);

// Characters without a place in GSM 7-bit, the first `max` of them: what makes a text of 160 characters one
// of 70.
struct Costly {
  std::size_t offset = 0;  // in characters
  char32_t character = 0;
};
std::vector<Costly> costly_characters(std::string_view utf8, std::size_t max);

}  // namespace aldis::text

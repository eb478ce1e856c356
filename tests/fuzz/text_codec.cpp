// SPDX-License-Identifier: Apache-2.0
// Alphabets, parts and user data headers: what is decoded is encoded back, parts hold all of a text and
// nothing twice, and none is larger than a short message.
#include "aldis/text/excerpt.hpp"
#include "aldis/text/gsm7.hpp"
#include "aldis/text/segments.hpp"
#include "aldis/text/transcode.hpp"
#include "aldis/text/udh.hpp"
#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

using namespace text;

constexpr bool is_lettered(Alphabet alphabet) {
  return alphabet != Alphabet::kBinary && alphabet != Alphabet::kOpaque;
}

void check_characters(Octets octets, Alphabet alphabet) {
  Octets rest = octets;
  std::size_t characters_count = 0;
  while (const auto character = take_character(rest, alphabet)) {
    ++characters_count;
    ALDIS_CHECK(*character <= 0x10FFFF && (*character < 0xD800 || *character > 0xDFFF));
  }
  ALDIS_CHECK(characters_count <= octets.size());
  const bool whole = is_text(octets, alphabet);
  if (whole) { ALDIS_CHECK(is_lettered(alphabet) && rest.empty()); }
  std::string excerpt;
  append_excerpt(octets, alphabet, 20, excerpt);
  ALDIS_CHECK(excerpt.size() <= 20);
  for (const char c : excerpt) { ALDIS_CHECK(u8(c) >= 0x20 && u8(c) < 0x7F); }
}

void check_transcoded(Octets octets, Alphabet from, Alphabet to) {
  std::string once = "before";
  const bool done = transcode(octets, from, to, once);
  ALDIS_CHECK(once.starts_with("before"));
  once.erase(0, 6);
  if (!done) {
    ALDIS_CHECK(once.empty());
    return;
  }
  ALDIS_CHECK(is_text(octets, from) && is_text(once, to));
  // There and back need not be the same octets (GSM has characters that can be written in two ways), but it
  // is the same text, so it stays the same from here on.
  std::string back;
  ALDIS_CHECK(transcode(once, to, from, back));
  std::string again;
  ALDIS_CHECK(transcode(back, from, to, again));
  ALDIS_CHECK(again == once);
  std::string as_unicode;
  std::string back_as_unicode;
  ALDIS_CHECK(transcode(octets, from, Alphabet::kUtf8, as_unicode));
  ALDIS_CHECK(transcode(once, to, Alphabet::kUtf8, back_as_unicode));
  ALDIS_CHECK(as_unicode == back_as_unicode);
}

void check_parts(Octets octets, Alphabet alphabet, std::size_t header_octets) {
  if (is_lettered(alphabet) && !is_text(octets, alphabet)) { return; }
  const Measure whole = measure(octets, alphabet);
  const auto budget = units_max(whole.unit, header_octets);
  Octets rest = octets;
  std::uint32_t units_count = 0;
  while (!rest.empty()) {
    const auto size = part_octets(rest, alphabet, whole.unit, budget);
    if (size == 0) {
      ALDIS_CHECK(budget < 2);  // no room for an escaped or a paired character
      return;
    }
    ALDIS_CHECK(size <= rest.size());
    const Octets part = rest.substr(0, size);
    rest.remove_prefix(size);
    if (is_lettered(alphabet)) { ALDIS_CHECK(is_text(part, alphabet)); }
    const Measure measured = measure(part, alphabet);
    // A part alone may be fit for GSM 7-bit where the whole text is not: then it counts no more than this.
    if (measured.unit == whole.unit) {
      ALDIS_CHECK(measured.count <= budget);
      units_count += measured.count;
    } else {
      units_count = whole.count;
    }
    if (rest.empty() && measured.unit == whole.unit && size == octets.size()) {
      ALDIS_CHECK(measured.count == whole.count);
    }
  }
  ALDIS_CHECK(units_count <= whole.count + octets.size());
}

void check_packed(Octets octets, std::size_t header_octets) {
  std::string septets{octets};
  for (char& c : septets) { c = static_cast<char>(u8(c) & 0x7F); }
  std::string packed;
  pack_septets(octets, header_octets, packed);
  ALDIS_CHECK(packed.size() <= (septets.size() * 7 + 7 + 7) / 8);
  std::string back;
  unpack_septets(packed, header_octets, septets.size(), back);
  ALDIS_CHECK(back == septets);
  const auto guessed = packed_septets(packed, header_octets);
  ALDIS_CHECK(guessed + 1 >= septets.size() && guessed <= septets.size() + 1);
  back.clear();
  unpack_septets(octets, header_octets, packed_septets(octets, header_octets), back);
  ALDIS_CHECK(is_7bit(back) && back.size() == packed_septets(octets, header_octets));
}

void check_header(Octets octets, const Concat& concat) {
  const auto size = udh_octets(octets);
  ALDIS_CHECK(!size || (*size >= 1 && *size <= octets.size()));
  const Octets udh = size ? octets.substr(0, *size) : Octets{};
  UdhReader reader{udh};
  while (const auto element = reader.next()) { ALDIS_CHECK(is_inside(element->whole, udh)); }
  static_cast<void>(ports_of(udh));
  if (const auto found = concat_of(udh)) { ALDIS_CHECK(found->seqnum >= 1 && found->seqnum <= found->total); }

  std::string header;
  const auto expected = udh_octets_with(concat, udh);
  if (expected > 140) { return; }
  ALDIS_CHECK(append_udh(concat, udh, header) == expected && header.size() == expected);
  ALDIS_CHECK(udh_octets(header) == expected);
  const auto back = concat_of(header);
  ALDIS_CHECK(back && back->total == concat.total && back->seqnum == concat.seqnum);
  ALDIS_CHECK(back->ref == (concat.ref16 ? concat.ref : concat.ref & 0xFF) && back->ref16 == concat.ref16);
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  const auto from = static_cast<Alphabet>(draw.below(7));
  const auto to = static_cast<Alphabet>(draw.below(7));
  const std::size_t header_octets = draw.below(141);
  Concat concat{.ref = draw.u16(), .total = draw.u8(), .seqnum = 0, .ref16 = draw.coin()};
  concat.total = std::max<std::uint8_t>(concat.total, 1);
  concat.seqnum = static_cast<std::uint8_t>(1 + draw.below(concat.total));
  const Exact memory{draw.rest()};
  const Octets octets = memory.view();
  check_characters(octets, from);
  check_transcoded(octets, from, to);
  check_parts(octets, from, header_octets);
  check_packed(octets, header_octets);
  check_header(octets, concat);
}

}  // namespace aldis::fuzz

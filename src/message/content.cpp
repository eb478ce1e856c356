// SPDX-License-Identifier: Apache-2.0
#include "message/content.hpp"

#include <algorithm>

#include "aldis/message/intake.hpp"
#include "aldis/text/gsm7.hpp"
#include "aldis/text/segments.hpp"
#include "aldis/text/transcode.hpp"
#include "aldis/text/udh.hpp"

namespace aldis::message {

namespace {

constexpr std::uint8_t kCyrillicCoding = 0x06;
constexpr std::uint8_t kHebrewCoding = 0x07;
constexpr std::uint32_t kPartsMax = 255;  // what a concatenation header can count

Result<bool, Refusal> read_fallback(Octets body, AlphabetFallback fallback, Content& content) {
  switch (fallback) {
    case AlphabetFallback::kLatin1: content.alphabet = Alphabet::kLatin1; break;
    case AlphabetFallback::kUtf8:
      if (!text::is_text(body, Alphabet::kUtf8)) { return Refusal::kBadEncoding; }
      content.alphabet = Alphabet::kUtf8;
      break;
    case AlphabetFallback::kRefuse: return Refusal::kBadEncoding;
  }
  content.body.assign(body);
  return true;
}

// A byte order mark says nothing in a message: big-endian is the rule. A little-endian one means swapped
// octets.
Result<bool, Refusal> read_ucs2(Octets body, Content& content) {
  if (body.size() % 2 != 0) { return Refusal::kBodyOdd; }
  const bool swapped = body.size() >= 2 && u8(body[0]) == 0xFF && u8(body[1]) == 0xFE;
  const bool marked = body.size() >= 2 && u8(body[0]) == 0xFE && u8(body[1]) == 0xFF;
  content.body.assign(swapped || marked ? body.substr(2) : body);
  if (swapped) {
    for (std::size_t i = 0; i < content.body.size(); i += 2) {
      std::swap(content.body[i], content.body[i + 1]);
    }
  }
  return false;
}

Result<bool, Refusal> read_code_page(Octets body, Content& content) {
  content.body.clear();
  const bool read = content.data_coding == kCyrillicCoding ? text::cyrillic_to_ucs2(body, content.body)
                                                           : text::hebrew_to_ucs2(body, content.body);
  if (!read) { return Refusal::kBadEncoding; }
  return false;
}

Part part_at(std::size_t offset, std::uint32_t octets) {
  Part part;
  part.body_offset = static_cast<std::uint32_t>(offset);
  part.body_octets = octets;
  return part;
}

}  // namespace

Coding coding_of(std::uint8_t data_coding, Alphabet default_alphabet) {
  const unsigned group = data_coding >> 4;
  if (group == 0x1) {
    constexpr Alphabet kByBits[] = {Alphabet::kGsm7, Alphabet::kBinary, Alphabet::kUcs2, Alphabet::kOpaque};
    return {kByBits[(data_coding >> 2) & 3u], true};
  }
  if (group == 0xC || group == 0xD) { return {Alphabet::kGsm7, true}; }
  if (group == 0xE) { return {Alphabet::kUcs2, true}; }
  if (group == 0xF) { return {(data_coding & 4u) != 0 ? Alphabet::kBinary : Alphabet::kGsm7, true}; }
  switch (data_coding) {
    case 0x00: return {default_alphabet, false};
    case 0x01: return {Alphabet::kAscii, false};
    case 0x03: return {Alphabet::kLatin1, false};
    case 0x02:
    case 0x04: return {Alphabet::kBinary, false};
    case kCyrillicCoding:
    case kHebrewCoding:
    case 0x08: return {Alphabet::kUcs2, false};
    default: return {Alphabet::kOpaque, false};
  }
}

Result<bool, Refusal> read_body(Octets body, std::optional<Alphabet> known, const AccountSettings& account,
                                Content& content) {
  content.alphabet = known ? *known : coding_of(content.data_coding, account.alphabet).alphabet;
  switch (content.alphabet) {
    case Alphabet::kGsm7:
      if (known && !text::is_7bit(body)) { return Refusal::kBadEncoding; }
      if (!text::is_7bit(body)) { return read_fallback(body, account.alphabet_fallback, content); }
      break;
    case Alphabet::kAscii:
    case Alphabet::kUtf8:
      if (!text::is_text(body, content.alphabet)) { return Refusal::kBadEncoding; }
      break;
    case Alphabet::kUcs2: {
      const bool code_page =
          !known && (content.data_coding == kCyrillicCoding || content.data_coding == kHebrewCoding);
      return code_page ? read_code_page(body, content) : read_ucs2(body, content);
    }
    case Alphabet::kLatin1:
    case Alphabet::kBinary:
    case Alphabet::kOpaque: break;
  }
  content.body.assign(body);
  return false;
}

std::optional<Refusal> plan_parts(const Content& content, bool passed_multipart, std::uint32_t parts_max,
                                  decltype(Message::parts)& parts) {
  parts.clear();
  const text::Measure measured = text::measure(content.body, content.alphabet);
  // Of an opaque body nobody knows how it is packed: as many octets as there could be septets are let
  // through, uncut.
  const bool opaque = content.alphabet == Alphabet::kOpaque;
  const auto single_unit = opaque ? text::Unit::kSeptet : measured.unit;
  if (measured.count <= text::units_max(single_unit, content.udh.size())) {
    parts.push_back(part_at(0, static_cast<std::uint32_t>(content.body.size())));
    return std::nullopt;
  }
  if (opaque || passed_multipart || text::concat_of(content.udh)) { return Refusal::kBodyTooLong; }

  const std::size_t header = text::udh_octets_with(text::Concat{}, content.udh);
  const std::uint32_t budget = text::units_max(measured.unit, header);
  const std::uint32_t count_max = std::min(parts_max, kPartsMax);
  if (budget != 0) { parts.reserve(std::min(measured.count / budget + 1, count_max)); }
  std::size_t offset = 0;
  while (offset < content.body.size()) {
    if (parts.size() == count_max) { return Refusal::kTooManyParts; }
    const auto octets =
        text::part_octets(Octets{content.body}.substr(offset), content.alphabet, measured.unit, budget);
    if (octets == 0) { return Refusal::kBodyTooLong; }
    parts.push_back(part_at(offset, octets));
    offset += octets;
  }
  return std::nullopt;
}

}  // namespace aldis::message

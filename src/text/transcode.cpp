// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/transcode.hpp"

#include "text/characters.hpp"

namespace aldis::text {

namespace {

template <class Reader>
bool reads_to_end(Octets octets) {
  while (!octets.empty()) {
    const Taken taken = Reader::take(octets);
    if (taken.octets == 0) { return false; }
    octets.remove_prefix(taken.octets);
  }
  return true;
}

template <class Reader, class Writer>
bool append(Octets from, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + from.size() * Writer::kOctetsMax);  // no character takes less than one octet
  char* at = out.data() + before;
  const char* next = from.data();
  const char* const last = next + from.size();
  while (next != last) {
    const Taken taken = Reader::take({next, static_cast<std::size_t>(last - next)});
    char* const written =
        taken.octets == 0 || taken.character == kNothing ? at : Writer::put(taken.character, at);
    if (taken.octets == 0 || written == nullptr) {
      out.resize(before);
      return false;
    }
    next += taken.octets;
    at = written;
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
  return true;
}

template <class Reader>
bool append_as(Octets from, Alphabet to, std::string& out) {
  switch (to) {
    case Alphabet::kGsm7: return append<Reader, Gsm7Writer>(from, out);
    case Alphabet::kLatin1: return append<Reader, Latin1Writer>(from, out);
    case Alphabet::kAscii: return append<Reader, AsciiWriter>(from, out);
    case Alphabet::kUtf8: return append<Reader, Utf8Writer>(from, out);
    case Alphabet::kUcs2: return append<Reader, Ucs2Writer>(from, out);
    case Alphabet::kBinary:
    case Alphabet::kOpaque: return false;
  }
  __builtin_unreachable();
}

// ISO 8859-5: Cyrillic stands at 0x0360 above its octet, but for four places.
struct CyrillicReader {
  static Taken take(Octets rest) {
    const std::uint8_t octet = u8(rest[0]);
    if (octet <= 0xA0 || octet == 0xAD) { return {octet, 1}; }
    if (octet == 0xF0) { return {0x2116, 1}; }
    if (octet == 0xFD) { return {0x00A7, 1}; }
    return {0x0360u + octet, 1};
  }
};

// ISO 8859-8: Latin-1's signs, Hebrew from 0xE0, and holes.
struct HebrewReader {
  static Taken take(Octets rest) {
    const std::uint8_t octet = u8(rest[0]);
    if (octet == 0xAA) { return {0x00D7, 1}; }
    if (octet == 0xBA) { return {0x00F7, 1}; }
    if (octet <= 0xA0 || (octet >= 0xA2 && octet <= 0xBE)) { return {octet, 1}; }
    if (octet == 0xDF) { return {0x2017, 1}; }
    if (octet >= 0xE0 && octet <= 0xFA) { return {0x05D0u + (octet - 0xE0u), 1}; }
    if (octet == 0xFD || octet == 0xFE) { return {0x200Eu + (octet - 0xFDu), 1}; }
    return {};
  }
};

Taken take(Octets rest, Alphabet alphabet) {
  switch (alphabet) {
    case Alphabet::kGsm7: return Gsm7Reader::take(rest);
    case Alphabet::kLatin1: return Latin1Reader::take(rest);
    case Alphabet::kAscii: return AsciiReader::take(rest);
    case Alphabet::kUtf8: return Utf8Reader::take(rest);
    case Alphabet::kUcs2: return Ucs2Reader::take(rest);
    case Alphabet::kBinary:
    case Alphabet::kOpaque: return {};
  }
  __builtin_unreachable();
}

}  // namespace

std::optional<char32_t> take_character(Octets& rest, Alphabet alphabet) {
  while (!rest.empty()) {
    const Taken taken = take(rest, alphabet);
    if (taken.octets == 0) { return std::nullopt; }
    rest.remove_prefix(taken.octets);
    if (taken.character != kNothing) { return taken.character; }
  }
  return std::nullopt;
}

bool is_text(Octets octets, Alphabet alphabet) {
  switch (alphabet) {
    case Alphabet::kGsm7:
    case Alphabet::kAscii: return is_7bit(octets);
    case Alphabet::kLatin1: return true;
    case Alphabet::kUtf8: return is_7bit(octets) || reads_to_end<Utf8Reader>(octets);
    case Alphabet::kUcs2: return reads_to_end<Ucs2Reader>(octets);
    case Alphabet::kBinary:
    case Alphabet::kOpaque: return false;
  }
  __builtin_unreachable();
}

void append_utf8(char32_t character, std::string& out) {
  std::array<char, Utf8Writer::kOctetsMax> octets{};
  out.append(octets.data(), Utf8Writer::put(character, octets.data()));
}

bool transcode(Octets from, Alphabet from_alphabet, Alphabet to, std::string& out) {
  switch (from_alphabet) {
    case Alphabet::kGsm7: return append_as<Gsm7Reader>(from, to, out);
    case Alphabet::kLatin1: return append_as<Latin1Reader>(from, to, out);
    case Alphabet::kAscii: return append_as<AsciiReader>(from, to, out);
    case Alphabet::kUtf8: return append_as<Utf8Reader>(from, to, out);
    case Alphabet::kUcs2: return append_as<Ucs2Reader>(from, to, out);
    case Alphabet::kBinary:
    case Alphabet::kOpaque: return false;
  }
  __builtin_unreachable();
}

bool cyrillic_to_ucs2(Octets iso8859_5, std::string& out) {
  return append<CyrillicReader, Ucs2Writer>(iso8859_5, out);
}

bool hebrew_to_ucs2(Octets iso8859_8, std::string& out) {
  return append<HebrewReader, Ucs2Writer>(iso8859_8, out);
}

}  // namespace aldis::text

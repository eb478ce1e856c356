// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/excerpt.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

#include "text/characters.hpp"

namespace aldis::text {

namespace {

constexpr std::size_t kCharactersMax = 160;

// Octets that are the same visible character in each alphabet of single octets.
constexpr auto kSame = [] {
  std::array<bool, 256> same{};
  for (unsigned i = 0x20; i <= 0x7E; ++i) { same[i] = kGsmMain[i] == i; }
  return same;
}();

// Nearly all texts begin with plain letters: what comes first of them is copied as it is.
std::size_t plain_octets(Octets body, std::size_t max) {
  std::size_t count = 0;
  max = std::min(max, body.size());
  while (count < max && kSame[u8(body.data()[count])]) { ++count; }
  return count;
}

template <class Reader>
void append(Octets body, std::size_t characters_max, std::string& out) {
  if constexpr (!std::is_same_v<Reader, Ucs2Reader>) {
    const std::size_t plain = plain_octets(body, characters_max);
    out.append(body.data(), plain);
    body.remove_prefix(plain);
    characters_max -= plain;
  }
  std::array<char, kCharactersMax> excerpt;  // NOLINT: written before it is read
  std::size_t count = 0;
  while (count < characters_max && !body.empty()) {
    const Taken taken = Reader::take(body);
    if (taken.octets == 0) { break; }
    body.remove_prefix(taken.octets);
    if (taken.character == kNothing) { continue; }
    const bool shown = taken.character >= 0x20 && taken.character <= 0x7E;
    excerpt[count++] = shown ? static_cast<char>(taken.character) : '?';
  }
  out.append(excerpt.data(), count);
}

}  // namespace

void append_excerpt(Octets body, Alphabet alphabet, std::size_t characters_max, std::string& out) {
  const std::size_t count = std::min(characters_max, kCharactersMax);
  switch (alphabet) {
    case Alphabet::kGsm7: return append<Gsm7Reader>(body, count, out);
    case Alphabet::kLatin1: return append<Latin1Reader>(body, count, out);
    case Alphabet::kAscii: return append<AsciiReader>(body, count, out);
    case Alphabet::kUtf8: return append<Utf8Reader>(body, count, out);
    case Alphabet::kUcs2: return append<Ucs2Reader>(body, count, out);
    case Alphabet::kBinary:
    case Alphabet::kOpaque: return;
  }
  __builtin_unreachable();
}

}  // namespace aldis::text

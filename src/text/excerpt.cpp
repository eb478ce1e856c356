// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/excerpt.hpp"

#include <algorithm>
#include <array>

#include "text/characters.hpp"

namespace aldis::text {

namespace {

constexpr std::size_t kCharactersMax = 160;

template <class Reader>
void append(Octets body, std::size_t characters_max, std::string& out) {
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

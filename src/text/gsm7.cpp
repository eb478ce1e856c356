// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/gsm7.hpp"

#include <array>
#include <cstring>

#include "text/gsm7_tables.hpp"

namespace aldis::text {

std::uint16_t gsm7_of(char32_t character) { return gsm7_lookup(character); }

char32_t gsm7_main(std::uint8_t septet) { return kGsmMain[septet & 0x7Fu]; }

char32_t gsm7_extension(std::uint8_t septet) { return kGsmAfterEscape[septet & 0x7Fu]; }

bool is_7bit(Octets octets) {
  const char* at = octets.data();
  std::size_t left = octets.size();
  std::uint64_t seen = 0;
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, 8);
    seen |= eight;
  }
  for (; left > 0; ++at, --left) { seen |= u8(*at); }
  return (seen & 0x8080808080808080u) == 0;
}

namespace {
unsigned fill_bits(std::size_t header_octets) {
  return static_cast<unsigned>((7 - header_octets * 8 % 7) % 7);
}
}  // namespace

void pack_septets(Octets septets, std::size_t header_octets, std::string& out) {
  unsigned bits = fill_bits(header_octets);  // waiting in `pending`
  unsigned pending = 0;
  for (const char septet : septets) {
    pending |= (u8(septet) & 0x7Fu) << bits;
    bits += 7;
    if (bits >= 8) {
      out.push_back(static_cast<char>(pending & 0xFFu));
      pending >>= 8;
      bits -= 8;
    }
  }
  if (bits > 0 && !septets.empty()) { out.push_back(static_cast<char>(pending & 0xFFu)); }
}

void unpack_septets(Octets packed, std::size_t header_octets, std::size_t count, std::string& out) {
  const std::size_t first = fill_bits(header_octets);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t bit = first + i * 7;
    if (bit + 7 > packed.size() * 8) { return; }
    unsigned two = u8(packed[bit / 8]);
    if (bit / 8 + 1 < packed.size()) { two |= static_cast<unsigned>(u8(packed[bit / 8 + 1])) << 8; }
    out.push_back(static_cast<char>((two >> (bit % 8)) & 0x7Fu));
  }
}

std::size_t packed_septets(Octets packed, std::size_t header_octets) {
  const std::size_t bits = packed.size() * 8;
  const std::size_t fill = fill_bits(header_octets);
  if (bits < fill + 7) { return 0; }
  const std::size_t count = (bits - fill) / 7;
  const bool ends_even = (bits - fill) % 7 == 0;
  const bool last_is_zero = (u8(packed.back()) >> 1) == 0;
  return ends_even && last_is_zero ? count - 1 : count;
}

}  // namespace aldis::text

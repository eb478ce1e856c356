// SPDX-License-Identifier: Apache-2.0
// The GSM 7-bit default alphabet with its extension table (3GPP TS 23.038 section 6.2.1), one septet per
// octet, and its packed form. National shift tables are not here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "aldis/base/octets.hpp"

namespace aldis::text {

inline constexpr char kGsmEscape = 0x1B;

// Unicode to septets. kGsmNone: no place. Below 0x80: that septet. Else escape and the low seven bits: 0x1B00
// | code.
std::uint16_t gsm7_of(char32_t character);
inline constexpr std::uint16_t kGsmNone = 0xFFFF;  // 0 is a character: @

// Septets to Unicode: the main table, and what follows an escape (an unknown code is read from the main
// table; escape twice is a space).
char32_t gsm7_main(std::uint8_t septet);
char32_t gsm7_extension(std::uint8_t septet);

// No octet above 0x7F.
bool is_7bit(Octets octets);

// Appends `septets` packed, after a header of `header_octets` (its length octet included): fill bits move the
// first septet to a septet boundary (3GPP TS 23.040 section 9.2.3.24). Octets are taken modulo 0x80.
void pack_septets(Octets septets, std::size_t header_octets, std::string& out);

// Appends `count` septets of `packed`, which followed such a header; fewer if `packed` holds fewer.
void unpack_septets(Octets packed, std::size_t header_octets, std::size_t count, std::string& out);

// The number of septets in packed octets whose count nobody gave: as many as fit, without a last '@' that can
// only be seven bits of filling.
std::size_t packed_septets(Octets packed, std::size_t header_octets);

}  // namespace aldis::text

// SPDX-License-Identifier: Apache-2.0
// Wire octets as tests write them: "00000010 80000000 ...". White space is ignored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aldis::smpp::test {

inline std::string from_hex(std::string_view text) {
  std::string octets;
  int nibbles = 0;
  unsigned value = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n') { continue; }
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value << 4 | static_cast<unsigned>(digit);
    if (++nibbles % 2 == 0) { octets.push_back(static_cast<char>(value & 0xFF)); }
  }
  return octets;
}

inline std::string be32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16 & 0xFF),
          static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
}

// A PDU with any body and a right command_length.
inline std::string raw_pdu(std::uint32_t id, std::uint32_t status, std::uint32_t sequence,
                           std::string_view body = {}) {
  return be32(static_cast<std::uint32_t>(16 + body.size())) + be32(id) + be32(status) + be32(sequence) +
         std::string{body};
}

// The wire vectors of the manual.
inline const std::string kBindVector =
    from_hex("00000021 00000009 00000000 00000001 61636D65 00736563 72657400 00340000 00");
inline const std::string kBindRespVector =
    from_hex("0000001B 80000009 00000000 00000001 616C6469 73000210 000134");
inline const std::string kSubmitVector = from_hex(
    "00000035 00000004 00000000 00000002 00050041 6C646973 00010134 34373730 30393030 31323300 00000000 "
    "00010000 00034869 21");
inline const std::string kNackVector = from_hex("00000010 80000000 00000003 00000007");

}  // namespace aldis::smpp::test

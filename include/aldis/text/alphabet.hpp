// SPDX-License-Identifier: Apache-2.0
// The alphabets in which a message's octets can stand. Named here, below core, because text knows what they
// mean.
#pragma once

#include <cstdint>
#include <string_view>

namespace aldis {

enum class Alphabet : std::uint8_t {
  kGsm7,    // GSM 03.38 default alphabet with extension table, one septet per octet
  kLatin1,  // ISO 8859-1
  kAscii,
  kUtf8,
  kUcs2,    // UTF-16BE
  kBinary,  // 8-bit data
  kOpaque,  // a data_coding we do not interpret: octets and value pass unchanged
};
std::string_view name_of(Alphabet alphabet);  // "gsm7": metrics, logs, configuration

}  // namespace aldis

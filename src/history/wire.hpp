// SPDX-License-Identifier: Apache-2.0
// What stands in the `rest` column of a message: all that no query looks for, as numbers of 7 bits an octet.
// Its first octet is kWireVersion; a later version must read earlier ones, for partitions live for years.
#pragma once

#include <string>

#include "aldis/base/octets.hpp"
#include "aldis/core/history.hpp"

namespace aldis::history {

inline constexpr std::uint8_t kWireVersion = 2;  // 1 has no notes

// Replaces `into`.
void encode_rest(const MessageRow& row, std::string& into);
// The fields that encode_rest() wrote; the others, which are columns, must be there already. False: these
// octets are not of ours.
bool decode_rest(Octets octets, MessageRow& row);

}  // namespace aldis::history

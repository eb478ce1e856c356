// SPDX-License-Identifier: Apache-2.0
// The beginning of a text for people to recognise it by, as receipts and lists show it. Not for sending.
#pragma once

#include <cstddef>
#include <string>

#include "aldis/base/octets.hpp"
#include "aldis/text/alphabet.hpp"

namespace aldis::text {

// Appends the first `characters_max` (at most 160) characters; those outside ASCII 0x20-0x7E become '?'. Ends
// early where the text is malformed; data gives nothing.
void append_excerpt(Octets body, Alphabet alphabet, std::size_t characters_max, std::string& out);

}  // namespace aldis::text

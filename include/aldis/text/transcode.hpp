// SPDX-License-Identifier: Apache-2.0
// Characters of an alphabet, one at a time or as whole texts. A character without a place in the target is a
// failure that the caller must handle; nothing is ever replaced by '?'. Binary and opaque octets are not
// text: every function here says no to them.
#pragma once

#include <optional>
#include <string>

#include "aldis/base/octets.hpp"
#include "aldis/text/alphabet.hpp"

namespace aldis::text {

// Takes the first character off `rest`. None = end of text, or malformed (then `rest` is not empty). A GSM
// escape at the very end stands for nothing and is dropped. UCS-2 is read as UTF-16BE; unpaired surrogates
// are malformed.
std::optional<char32_t> take_character(Octets& rest, Alphabet alphabet);

void append_utf8(char32_t character, std::string& out);  // a code point, and no surrogate

// Well-formed text of that alphabet. Shortest forms only in UTF-8, no surrogates; even and paired in UCS-2.
bool is_text(Octets octets, Alphabet alphabet);

// Appends `from` in the alphabet `to`. False, and `out` as before, if `from` is malformed or a character has
// no place.
[[nodiscard]] bool transcode(Octets from, Alphabet from_alphabet, Alphabet to, std::string& out);

// Appends ISO 8859-5 or 8859-8 as UTF-16BE; false, and `out` as before, for octets that these leave
// undefined.
[[nodiscard]] bool cyrillic_to_ucs2(Octets iso8859_5, std::string& out);
[[nodiscard]] bool hebrew_to_ucs2(Octets iso8859_8, std::string& out);

}  // namespace aldis::text

// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/alphabet.hpp"

namespace aldis {

std::string_view name_of(Alphabet alphabet) {
  switch (alphabet) {
    case Alphabet::kGsm7: return "gsm7";
    case Alphabet::kLatin1: return "latin1";
    case Alphabet::kAscii: return "ascii";
    case Alphabet::kUtf8: return "utf8";
    case Alphabet::kUcs2: return "ucs2";
    case Alphabet::kBinary: return "binary";
    case Alphabet::kOpaque: return "opaque";
  }
  __builtin_unreachable();
}

}  // namespace aldis

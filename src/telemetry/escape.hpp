// SPDX-License-Identifier: Apache-2.0
// Values of peers made harmless: what could end a line, reorder it or drive a terminal is written as \u{…}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aldis::telemetry {

enum class Quoting : std::uint8_t {
  kBare,    // the value stands alone
  kQuoted,  // between quotes: " and \ are escaped with \ .
  kJson,    // inside a JSON string: the same, and the \ of \u{…} is doubled
};

// Appends `value` without its surrounding quotes. Control characters (C0, DEL, C1), line and paragraph
// separators and bidi marks become \u{hex}. An octet that is no UTF-8 becomes \u{hex} of its own value. The
// result is always valid UTF-8.
void append_escaped(std::string& out, std::string_view value, Quoting quoting);

}  // namespace aldis::telemetry

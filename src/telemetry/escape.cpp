// SPDX-License-Identifier: Apache-2.0
#include "telemetry/escape.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

#include "aldis/base/mutant.hpp"
#include "aldis/base/octets.hpp"

namespace aldis::telemetry {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t octets = 0;  // 0 = not UTF-8
};

// Shortest forms only, no surrogates, nothing above U+10FFFF (RFC 3629).
CodePoint decode(std::string_view text) {
  const std::uint32_t first = u8(text.front());
  if (first < 0x80) { return {first, 1}; }
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) { return {}; }
  std::uint32_t value = first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((u8(text[i]) & 0xC0u) != 0x80u) { return {}; }
    value = (value << 6) | (u8(text[i]) & 0x3Fu);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) { return {}; }
  return {value, size};
}

bool harmful(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F)                              // C0, DEL, C1
         || c == 0x2028 || c == 0x2029                                     // line and paragraph separator
         || c == 0x061C || c == 0x200E || c == 0x200F                      // bidi marks
         || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);  // embeddings, overrides, isolates
}

}  // namespace

void append_escaped(std::string& out, std::string_view value, Quoting quoting) {
  while (!value.empty()) {
    const CodePoint point = decode(value);
    if (point.octets == 0 || (harmful(point.value) && !ALDIS_MUTANT(83))) {
      if (quoting == Quoting::kJson) { out += '\\'; }
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}",
                     point.octets == 0 ? std::uint32_t{u8(value.front())} : point.value);
    } else {
      if (quoting != Quoting::kBare && (value.front() == '"' || value.front() == '\\')) { out += '\\'; }
      out += value.substr(0, point.octets);
    }
    value.remove_prefix(point.octets == 0 ? 1 : point.octets);
  }
}

}  // namespace aldis::telemetry

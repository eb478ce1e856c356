// SPDX-License-Identifier: Apache-2.0
#include "aldis/telemetry/mask.hpp"

#include <algorithm>

#include "aldis/base/mutant.hpp"

namespace aldis::telemetry {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What people put between the digits of a number. Anything else makes it a name.
bool is_number_sign(char c) {
  return is_digit(c) || std::string_view{"+-.()/* #"}.find(c) != std::string_view::npos;
}

constexpr std::size_t kDigitsLong = 10;

}  // namespace

void append_masked(std::string& out, std::string_view number) {
  const auto digits = static_cast<std::size_t>(std::count_if(number.begin(), number.end(), is_digit));
  const bool is_name = digits < kDigitsLong && !std::all_of(number.begin(), number.end(), is_number_sign);
  if (is_name || ALDIS_MUTANT(82)) {
    out += number;
    return;
  }
  if (number.empty()) { return; }
  const std::size_t head = digits < kDigitsLong ? 0 : 4;
  const std::size_t tail = digits < kDigitsLong ? std::min<std::size_t>(digits, 2) : 3;
  if (head > 0 && number.front() == '+') { out += '+'; }
  std::size_t seen = 0;
  bool starred = false;
  for (const char c : number) {
    if (!is_digit(c)) { continue; }
    if (seen >= head && !starred) {
      out += "****";
      starred = true;
    }
    if (seen < head || seen >= digits - tail) { out += c; }
    ++seen;
  }
  if (!starred) { out += "****"; }
}

std::string masked(std::string_view number) {
  std::string out;
  append_masked(out, number);
  return out;
}

}  // namespace aldis::telemetry

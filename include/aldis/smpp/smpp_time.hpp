// SPDX-License-Identifier: Apache-2.0
// SMPP's times: YYMMDDhhmmsstnnp (SMPP 3.4 section 7.1.1) and the dates of receipts. All wall times are UTC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/fixed_string.hpp"
#include "aldis/base/time.hpp"

namespace aldis::smpp {

// Nothing (an empty field), a point in time, or a duration from now.
struct GivenTime {
  std::optional<WallTime> at;
  std::optional<Duration> in;
};

// schedule_delivery_time, validity_period, final_date. Also read: 10 or 12 digits, as UTC. Years and months
// of a relative time are calendar steps from `now`. None = malformed: impossible date, nn above 48, unknown
// p, other length.
std::optional<GivenTime> parse_time(std::string_view text, WallTime now);

// "000002000000000R": whole minutes, rounded down, at least one and at most `cap` (below 100 days).
FixedString<16> relative_time(Duration left, Duration cap);

// "261121120000000+": UTC.
FixedString<16> absolute_time(WallTime at);

// Dates of receipts, by the number of digits: 10 YYMMDDhhmm; 12 YYMMDDhhmmss or else YYYYMMDDhhmm; 14
// YYYYMMDDhhmmss; 15 an SMPP time, of which the first 12 count. Punctuation is skipped; anything else is
// none. No zone is applied.
std::optional<WallTime> parse_receipt_date(std::string_view text);

// YYMMDDhhmm, or YYMMDDhhmmss with `seconds`. put_receipt_date() needs room for kReceiptDateOctets either way
// and gives the place after what counts.
inline constexpr std::size_t kReceiptDateOctets = 12;
char* put_receipt_date(char* to, WallTime at, bool seconds);
void append_receipt_date(std::string& out, WallTime at, bool seconds);

}  // namespace aldis::smpp

// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/smpp_time.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>

namespace aldis::smpp {

namespace {

namespace chr = std::chrono;

constexpr std::size_t kFullSize = 16;
constexpr unsigned kQuartersMax = 48;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

// Digits at `at`, which the caller has checked.
unsigned number(std::string_view digits, std::size_t at, std::size_t count = 2) {
  unsigned value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = value * 10 + static_cast<unsigned>(digits[at + i] - '0');
  }
  return value;
}

std::optional<WallTime> date_of(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                                unsigned second) {
  const chr::year_month_day date{chr::year{static_cast<int>(year)}, chr::month{month}, chr::day{day}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) { return std::nullopt; }
  return WallTime{chr::sys_days{date}} + hours{hour} + minutes{minute} + seconds{second};
}

// YYMMDDhhmm[ss], 20YY.
std::optional<WallTime> short_date(std::string_view d, bool with_seconds) {
  return date_of(2000 + number(d, 0), number(d, 2), number(d, 4), number(d, 6), number(d, 8),
                 with_seconds ? number(d, 10) : 0);
}

// YYYYMMDDhhmm[ss]
std::optional<WallTime> long_date(std::string_view d, bool with_seconds) {
  return date_of(number(d, 0, 4), number(d, 4), number(d, 6), number(d, 8), number(d, 10),
                 with_seconds ? number(d, 12) : 0);
}

// Years and months are steps on the calendar (31 January + 1 month = the last of February), the rest is
// exact.
Duration relative_of(std::string_view digits, WallTime now) {
  const auto today = chr::floor<chr::days>(now);
  auto date = chr::year_month_day{today} + chr::years{number(digits, 0)} + chr::months{number(digits, 2)};
  if (!date.ok()) { date = date.year() / date.month() / chr::last; }
  const auto calendar = chr::sys_days{date} - chr::sys_days{today};
  return calendar + chr::days{number(digits, 4)} + hours{number(digits, 6)} + minutes{number(digits, 8)} +
         seconds{number(digits, 10)};
}

std::optional<GivenTime> parse_full(std::string_view text, WallTime now) {
  if (!all_digits(text.substr(0, kFullSize - 1))) { return std::nullopt; }
  const char sign = text[kFullSize - 1];
  if (sign == 'R') { return GivenTime{.at = std::nullopt, .in = relative_of(text, now)}; }
  const unsigned quarters = number(text, 13);
  if ((sign != '+' && sign != '-') || quarters > kQuartersMax) { return std::nullopt; }
  auto at = short_date(text, true);
  if (!at) { return std::nullopt; }
  const auto ahead = minutes{quarters * 15};  // of UTC
  *at += milliseconds{100 * number(text, 12, 1)};
  *at += sign == '+' ? -ahead : ahead;
  return GivenTime{.at = at, .in = std::nullopt};
}

constexpr auto kPairs = [] {  // "00" .. "99"
  std::array<char, 200> pairs{};
  for (unsigned i = 0; i < 200; ++i) {
    pairs[i] = static_cast<char>('0' + (i % 2 == 0 ? i / 20 : i / 2 % 10));
  }
  return pairs;
}();

// Below 100.
void put_number(char* at, unsigned value) { std::memcpy(at, &kPairs[2 * std::size_t{value}], 2); }

// YYMMDDhhmmss
void put_date(char* to, WallTime at) {
  const auto day = chr::floor<chr::days>(at);
  const chr::year_month_day date{day};
  const auto second = static_cast<unsigned>(chr::duration_cast<chr::seconds>(at - day).count());
  put_number(to, static_cast<unsigned>((static_cast<int>(date.year()) % 100 + 100) % 100));
  put_number(to + 2, static_cast<unsigned>(date.month()));
  put_number(to + 4, static_cast<unsigned>(date.day()));
  put_number(to + 6, second / 3600);
  put_number(to + 8, second / 60 % 60);
  put_number(to + 10, second % 60);
}

}  // namespace

std::optional<GivenTime> parse_time(std::string_view text, WallTime now) {
  if (text.empty()) { return GivenTime{}; }
  if (text.size() == kFullSize) { return parse_full(text, now); }
  if ((text.size() != 10 && text.size() != 12) || !all_digits(text)) { return std::nullopt; }
  const auto at = short_date(text, text.size() == 12);
  if (!at) { return std::nullopt; }
  return GivenTime{.at = at, .in = std::nullopt};
}

FixedString<16> relative_time(Duration left, Duration cap) {
  const auto whole = chr::floor<chr::minutes>(std::min(left, cap)).count();
  const auto total = static_cast<unsigned>(std::clamp<std::int64_t>(whole, 1, 100 * 24 * 60 - 1));
  std::array<char, kFullSize> text{};
  text.fill('0');
  put_number(&text[4], total / (24 * 60));
  put_number(&text[6], total / 60 % 24);
  put_number(&text[8], total % 60);
  text.back() = 'R';
  return FixedString<16>{{text.data(), text.size()}};
}

FixedString<16> absolute_time(WallTime at) {
  std::array<char, kFullSize> text{};
  text.fill('0');
  put_date(text.data(), at);
  text.back() = '+';
  return FixedString<16>{{text.data(), text.size()}};
}

std::optional<WallTime> parse_receipt_date(std::string_view text) {
  std::array<char, 15> digits{};
  std::size_t count = 0;
  for (const char c : text) {
    if (!is_digit(c)) { continue; }
    if (count == digits.size()) { return std::nullopt; }
    digits[count++] = c;
  }
  const std::string_view d{digits.data(), count};
  switch (count) {
    case 10: return short_date(d, false);
    case 12:
      if (const auto at = short_date(d, true)) { return at; }
      return long_date(d, false);
    case 14: return long_date(d, true);
    case 15: return short_date(d, true);
    default: return std::nullopt;
  }
}

char* put_receipt_date(char* to, WallTime at, bool seconds) {
  put_date(to, at);
  return to + (seconds ? 12 : 10);
}

void append_receipt_date(std::string& out, WallTime at, bool seconds) {
  std::array<char, kReceiptDateOctets> text{};
  const char* const end = put_receipt_date(text.data(), at, seconds);
  out.append(text.data(), static_cast<std::size_t>(end - text.data()));
}

}  // namespace aldis::smpp

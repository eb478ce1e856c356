// SPDX-License-Identifier: Apache-2.0
#include "ingress/rfc3339.hpp"

#include <chrono>
#include <cstdio>

namespace aldis::ingress {

namespace {

// Exactly that many digits.
std::optional<unsigned> take_digits(std::string_view& rest, std::size_t count) {
  if (rest.size() < count) { return std::nullopt; }
  unsigned value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (rest[i] < '0' || rest[i] > '9') { return std::nullopt; }
    value = value * 10 + static_cast<unsigned>(rest[i] - '0');
  }
  rest.remove_prefix(count);
  return value;
}

bool take(std::string_view& rest, std::string_view one_of) {
  if (rest.empty() || one_of.find(rest.front()) == std::string_view::npos) { return false; }
  rest.remove_prefix(1);
  return true;
}

std::optional<microseconds> take_fraction(std::string_view& rest) {
  if (!take(rest, ".")) { return microseconds{0}; }
  std::size_t digits = 0;
  microseconds::rep value = 0;
  for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
    if (digits < 6) { value = value * 10 + (rest[digits] - '0'); }
  }
  if (digits == 0 || digits > 9) { return std::nullopt; }
  for (std::size_t i = digits; i < 6; ++i) { value *= 10; }
  rest.remove_prefix(digits);
  return microseconds{value};
}

std::optional<minutes> take_offset(std::string_view& rest) {
  if (take(rest, "Zz")) { return minutes{0}; }
  const bool west = !rest.empty() && rest.front() == '-';
  if (!take(rest, "+-")) { return std::nullopt; }
  const auto hour = take_digits(rest, 2);
  if (!hour || *hour > 23 || !take(rest, ":")) { return std::nullopt; }
  const auto minute = take_digits(rest, 2);
  if (!minute || *minute > 59) { return std::nullopt; }
  const minutes offset = hours{*hour} + minutes{*minute};
  return west ? -offset : offset;
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) { return std::nullopt; }
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) { return std::nullopt; }
  const auto day = take_digits(text, 2);
  if (!day || !take(text, "Tt ")) { return std::nullopt; }
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ":")) { return std::nullopt; }
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take(text, ":")) { return std::nullopt; }
  const auto second = take_digits(text, 2);
  if (!second || *second > 60) { return std::nullopt; }
  const auto fraction = take_fraction(text);
  if (!fraction) { return std::nullopt; }
  const auto offset = take_offset(text);
  if (!offset || !text.empty() || *year < 1970) { return std::nullopt; }
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) { return std::nullopt; }
  const WallTime at =
      std::chrono::sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second} + *fraction - *offset;
  if (at < WallTime{}) { return std::nullopt; }
  return at;
}

std::string format_rfc3339(WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const auto ms = std::chrono::floor<milliseconds>(at - day).count();
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<unsigned>(ms / 3'600'000), static_cast<unsigned>(ms / 60'000 % 60),
                static_cast<unsigned>(ms / 1000 % 60), static_cast<unsigned>(ms % 1000));
  return text;
}

}  // namespace aldis::ingress

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "aldis/admission/admission.hpp"
#include "aldis/base/octets.hpp"

namespace aldis::admission {

namespace {

constexpr std::size_t kDestinationDigitsMax = 15;
constexpr std::size_t kSourceDigitsMax = 20;
constexpr std::size_t kAlphanumericMax = 11;
constexpr std::uint8_t kTonAlphanumeric = 5;

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_plus(std::string_view text) {
  const bool number = text.size() > 1 && text.front() == '+' && is_digits(text.substr(1));
  return number ? text.substr(1) : text;
}

}  // namespace

std::optional<Refusal> normalise_destination(Address& destination) {
  const std::string_view digits = without_plus(destination.digits.view());
  if (digits.empty() || digits.size() > kDestinationDigitsMax || !is_digits(digits)) {
    return Refusal::kBadDestination;
  }
  if (digits.size() != destination.digits.size()) { destination.digits = FixedString<20>{digits}; }
  return std::nullopt;
}

std::optional<Refusal> normalise_source(Address& source) {
  if (source.digits.empty()) { return std::nullopt; }
  const std::string_view text = without_plus(source.digits.view());
  const bool alphanumeric = source.ton == kTonAlphanumeric || !is_digits(text);
  const bool printable = std::ranges::all_of(text, [](char c) { return u8(c) >= 0x20 && u8(c) != 0x7F; });
  if (!printable || text.size() > (alphanumeric ? kAlphanumericMax : kSourceDigitsMax)) {
    return Refusal::kBadSource;
  }
  if (text.size() != source.digits.size()) { source.digits = FixedString<20>{text}; }
  if (alphanumeric) {
    source.ton = kTonAlphanumeric;
    source.npi = 0;
  }
  return std::nullopt;
}

}  // namespace aldis::admission

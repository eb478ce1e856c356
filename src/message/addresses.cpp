// SPDX-License-Identifier: Apache-2.0
#include "message/addresses.hpp"

#include <algorithm>

#include "aldis/base/octets.hpp"

namespace aldis::message {

namespace {

constexpr std::uint8_t kTonInternational = 1;
constexpr std::uint8_t kTonAlphanumeric = 5;
constexpr std::uint8_t kNpiIsdn = 1;
constexpr std::size_t kDestinationDigitsMax = 15;
constexpr std::size_t kSourceDigitsMax = 20;
constexpr std::size_t kNameCharactersMax = 11;

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (c < '0' || c > '9') { return false; }
  }
  return true;
}

// Octets above 0x7F are let through: which characters an operator's names may have is its link's affair.
bool all_visible(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return u8(c) < 0x20 || u8(c) == 0x7F; });
}

std::string_view without_plus(std::string_view text) {
  if (!text.empty() && text.front() == '+') { text.remove_prefix(1); }
  return text;
}

}  // namespace

bool read_destination(const Address& given, Address& out) {
  const std::string_view digits = without_plus(given.digits.view());
  if (digits.empty() || digits.size() > kDestinationDigitsMax || !all_digits(digits)) { return false; }
  out.ton = given.ton;
  out.npi = given.npi;
  out.digits.assign(digits);
  return true;
}

bool read_source(const Address& given, std::string_view default_sender, Address& out) {
  const bool by_default = given.digits.empty();
  const std::string_view text = without_plus(by_default ? default_sender : given.digits.view());
  if (text.empty()) { return false; }
  const bool numeric = all_digits(text);
  if (numeric && (by_default || given.ton != kTonAlphanumeric)) {
    if (text.size() > kSourceDigitsMax) { return false; }
    out.ton = by_default ? kTonInternational : given.ton;
    out.npi = by_default ? kNpiIsdn : given.npi;
  } else {
    if (text.size() > kNameCharactersMax || !all_visible(text)) { return false; }
    out.ton = kTonAlphanumeric;
    out.npi = 0;
  }
  out.digits.assign(text);
  return true;
}

}  // namespace aldis::message

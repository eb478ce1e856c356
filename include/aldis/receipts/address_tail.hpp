// SPDX-License-Identifier: Apache-2.0
// Operators give a number back in other forms than they got it (with +, with 00, national): its tail is what
// stays.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "aldis/core/address.hpp"

namespace aldis::receipts {

// The last 8 digits, or all if fewer. Empty for an address that is not a number.
struct AddressTail {
  std::uint32_t digits = 0;  // as a number below 10^8
  std::uint8_t length = 0;   // leading zeros count
  [[nodiscard]] constexpr bool usable() const { return length > 0; }
  friend bool operator==(const AddressTail&, const AddressTail&) = default;
};

constexpr AddressTail tail_of(const Address& address) {
  constexpr std::size_t kDigits = 8;
  const std::string_view text = address.digits.view();
  const char* first = text.data();
  const char* const last = first + text.size();
  while (first < last && *first == '+') { ++first; }
  for (const char* at = first; at < last; ++at) {
    if (*at < '0' || *at > '9') { return {}; }
  }
  const auto length = std::min(static_cast<std::size_t>(last - first), kDigits);
  std::uint32_t digits = 0;
  for (const char* at = last - length; at < last; ++at) {
    digits = digits * 10 + static_cast<std::uint32_t>(*at - '0');
  }
  return {digits, static_cast<std::uint8_t>(length)};
}

// Is it about this destination? An operator may or may not swap the addresses of a receipt: either will do.
struct AddressCheck {
  bool usable = false;  // the receipt names a number at all
  bool same = false;
};
constexpr AddressCheck check_address(const Address& receipt_source, const Address& receipt_destination,
                                     const Address& message_destination) {
  const AddressTail wanted = tail_of(message_destination);
  // Most operators give the very digits back that they got: 300 instructions a receipt less.
  const bool equal = receipt_source.digits == message_destination.digits;
  if (equal && wanted.usable()) { return {true, true}; }
  const AddressTail source = tail_of(receipt_source);
  const AddressTail destination = tail_of(receipt_destination);
  return {source.usable() || destination.usable(),
          wanted.usable() && (source == wanted || destination == wanted)};
}

// Numbers by their tails, alphanumeric senders by their letters in any case.
constexpr bool same_sender(const Address& a, const Address& b) {
  const AddressTail tail = tail_of(a);
  if (tail.usable()) { return tail == tail_of(b); }
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const std::string_view x = a.digits.view();
  const std::string_view y = b.digits.view();
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [lower](char left, char right) { return lower(left) == lower(right); });
}

}  // namespace aldis::receipts

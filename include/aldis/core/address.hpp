// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "aldis/base/fixed_string.hpp"

namespace aldis {

// A source or destination address with SMPP's type of number and numbering plan (SMPP 3.4 section 5.2.5 and
// 5.2.6). Digits without '+', or up to 11 characters for an alphanumeric source (ton 5).
struct Address {
  std::uint8_t ton = 0;
  std::uint8_t npi = 0;
  FixedString<20> digits;

  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace aldis

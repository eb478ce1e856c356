// SPDX-License-Identifier: Apache-2.0
// Octets: a view of raw octets. Owned octets are std::string (short ones stay inline); char is only the
// storage unit, and u8() is how one octet becomes a number, so that no sign ever creeps in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aldis {

using Octets = std::string_view;

constexpr std::uint8_t u8(char c) { return static_cast<std::uint8_t>(c); }

}  // namespace aldis

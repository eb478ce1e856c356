// SPDX-License-Identifier: Apache-2.0
// Reader: the one bounds-checked way to the octets of a PDU. Never reads beyond its view; a failed read moves
// nothing. Integers are big-endian (SMPP 3.4 section 3.1). Views it returns point into the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "aldis/base/octets.hpp"

namespace aldis::smpp {

class Reader {
 public:
  constexpr explicit Reader(Octets input) : input_(input) {}

  [[nodiscard]] constexpr std::size_t position() const { return position_; }
  [[nodiscard]] constexpr std::size_t remaining() const { return input_.size() - position_; }
  [[nodiscard]] constexpr bool empty() const { return remaining() == 0; }
  [[nodiscard]] constexpr Octets rest() const { return {input_.data() + position_, remaining()}; }

  constexpr bool read(std::uint8_t& value) {
    if (remaining() < 1) { return false; }
    value = u8(input_.data()[position_]);
    position_ += 1;
    return true;
  }
  constexpr bool read(std::uint16_t& value) {
    if (remaining() < 2) { return false; }
    const char* const at = input_.data() + position_;
    value = static_cast<std::uint16_t>((u8(at[0]) << 8) | u8(at[1]));
    position_ += 2;
    return true;
  }
  constexpr bool read(std::uint32_t& value) {
    if (remaining() < 4) { return false; }
    const char* const at = input_.data() + position_;  // so written that it becomes one load
    value = (std::uint32_t{u8(at[0])} << 24) | (std::uint32_t{u8(at[1])} << 16) |
            (std::uint32_t{u8(at[2])} << 8) | u8(at[3]);
    position_ += 4;
    return true;
  }
  constexpr bool read_octets(std::size_t size, Octets& value) {
    if (remaining() < size) { return false; }
    value = {input_.data() + position_, size};
    position_ += size;
    return true;
  }
  // Up to and over the next NUL, which is not part of the value. False if there is none.
  constexpr bool read_cstring(std::string_view& value) {
    const char* const at = input_.data() + position_;
    std::size_t size = 0;
    if (!empty() && *at != '\0') { size = Octets{at, remaining()}.find('\0'); }  // three of five are empty
    if (empty() || size == Octets::npos) { return false; }
    value = {at, size};
    position_ += size + 1;
    return true;
  }

 private:
  Octets input_;
  std::size_t position_ = 0;
};

}  // namespace aldis::smpp

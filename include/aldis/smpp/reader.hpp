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
  [[nodiscard]] constexpr Octets rest() const { return input_.substr(position_); }

  constexpr bool read(std::uint8_t& value) {
    if (remaining() < 1) { return false; }
    value = octet(0);
    position_ += 1;
    return true;
  }
  constexpr bool read(std::uint16_t& value) {
    if (remaining() < 2) { return false; }
    value = static_cast<std::uint16_t>((octet(0) << 8) | octet(1));
    position_ += 2;
    return true;
  }
  constexpr bool read(std::uint32_t& value) {
    if (remaining() < 4) { return false; }
    value = (std::uint32_t{octet(0)} << 24) | (std::uint32_t{octet(1)} << 16) |
            (std::uint32_t{octet(2)} << 8) | octet(3);
    position_ += 4;
    return true;
  }
  constexpr bool read_octets(std::size_t size, Octets& value) {
    if (remaining() < size) { return false; }
    value = input_.substr(position_, size);
    position_ += size;
    return true;
  }
  // Up to and over the next NUL, which is not part of the value. False if there is none.
  constexpr bool read_cstring(std::string_view& value) {
    const auto end = input_.find('\0', position_);
    if (end == Octets::npos) { return false; }
    value = input_.substr(position_, end - position_);
    position_ = end + 1;
    return true;
  }

 private:
  [[nodiscard]] constexpr std::uint8_t octet(std::size_t ahead) const {
    return u8(input_[position_ + ahead]);
  }

  Octets input_;
  std::size_t position_ = 0;
};

}  // namespace aldis::smpp

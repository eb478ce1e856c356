// SPDX-License-Identifier: Apache-2.0
// Optional parameters: tag u16, length u16, value (SMPP 3.4 section 3.2.4). Read in place, written by
// appending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/octets.hpp"
#include "aldis/smpp/generated/tlvs.hpp"

namespace aldis::smpp {

struct Tlv {
  TlvTag tag{};  // any 16-bit value, named or not
  Octets value;
};

// A view of a run of TLVs as they stand on the wire, byte for byte and in order. Copying it copies a pointer.
// Iteration is total: it stops before a TLV whose length goes beyond the end, and ignores 1 to 3 octets at
// the end.
class Tlvs {
 public:
  constexpr Tlvs() = default;
  constexpr explicit Tlvs(Octets raw) : raw_(raw) {}

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Tlv;
    using difference_type = std::ptrdiff_t;
    using pointer = const Tlv*;
    using reference = const Tlv&;

    constexpr Iterator() = default;
    constexpr explicit Iterator(Octets rest) : rest_(rest) { step(); }
    constexpr const Tlv& operator*() const { return tlv_; }
    constexpr const Tlv* operator->() const { return &tlv_; }
    constexpr Iterator& operator++() {
      step();
      return *this;
    }
    constexpr void operator++(int) { step(); }
    friend constexpr bool operator==(const Iterator& a, std::default_sentinel_t) { return a.done_; }
    // The octets from the first TLV that could not be read on: empty after a clean run.
    [[nodiscard]] constexpr Octets unread() const { return rest_; }

   private:
    constexpr void step();
    Octets rest_;
    Tlv tlv_;
    bool done_ = true;
  };

  [[nodiscard]] constexpr Iterator begin() const { return Iterator{raw_}; }
  [[nodiscard]] static constexpr std::default_sentinel_t end() { return {}; }
  [[nodiscard]] constexpr bool empty() const { return raw_.empty(); }
  [[nodiscard]] constexpr Octets raw() const { return raw_; }

  // The first one with this tag: a repeated known tag counts once.
  [[nodiscard]] std::optional<Octets> find(TlvTag tag) const;
  // Integers of 1 to 4 octets are read whatever the specification's length, if the value fits.
  [[nodiscard]] std::optional<std::uint8_t> find_u8(TlvTag tag) const;
  [[nodiscard]] std::optional<std::uint16_t> find_u16(TlvTag tag) const;
  [[nodiscard]] std::optional<std::uint32_t> find_u32(TlvTag tag) const;
  // Without its NUL, which may be missing.
  [[nodiscard]] std::optional<std::string_view> find_cstring(TlvTag tag) const;

 private:
  Octets raw_;
};

// 1 to 4 octets, big-endian; nothing for other lengths.
std::optional<std::uint32_t> integer_of(Octets value);

void append_tlv(std::string& out, TlvTag tag, Octets value);  // at most 65,535 octets, the rest is our bug
void append_tlv_u8(std::string& out, TlvTag tag, std::uint8_t value);
void append_tlv_u16(std::string& out, TlvTag tag, std::uint16_t value);
void append_tlv_u32(std::string& out, TlvTag tag, std::uint32_t value);
void append_tlv_cstring(std::string& out, TlvTag tag, std::string_view value);  // with NUL

// What a message may carry unread.
inline constexpr std::size_t kCarriedTlvsMax = 32;
inline constexpr std::size_t kCarriedOctetsMax = 2048;  // with their 4-octet heads

// Appends the TLVs that the gateway does not use itself (TlvRow::used), byte for byte, in order: of known
// tags the first, of unknown ones all. Beyond the limits the last ones are left out; returns how many were.
std::size_t append_carried(std::string& out, Tlvs tlvs);

constexpr void Tlvs::Iterator::step() {
  constexpr std::size_t kHead = 4;
  done_ = true;
  if (rest_.size() < kHead) { return; }
  const auto number = [this](std::size_t at) {
    return static_cast<std::uint16_t>((u8(rest_[at]) << 8) | u8(rest_[at + 1]));
  };
  const std::size_t size = number(2);
  if (rest_.size() - kHead < size) { return; }
  tlv_ = {static_cast<TlvTag>(number(0)), rest_.substr(kHead, size)};
  rest_.remove_prefix(kHead + size);
  done_ = false;
}

}  // namespace aldis::smpp

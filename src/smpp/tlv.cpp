// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/tlv.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include "aldis/base/check.hpp"

namespace aldis::smpp {

namespace {

void append_u16(std::string& out, std::uint16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value & 0xFF));
}

void append_head(std::string& out, TlvTag tag, std::size_t octets) {
  ALDIS_CHECK(octets <= std::numeric_limits<std::uint16_t>::max());
  const auto number = static_cast<std::uint16_t>(tag);
  const std::array<char, 4> head{static_cast<char>(number >> 8), static_cast<char>(number & 0xFF),
                                 static_cast<char>(octets >> 8), static_cast<char>(octets & 0xFF)};
  out.append(head.data(), head.size());
}

template <class Integer>
std::optional<Integer> narrowed(std::optional<Octets> value) {
  if (!value) { return std::nullopt; }
  const auto integer = integer_of(*value);
  if (!integer || *integer > std::numeric_limits<Integer>::max()) { return std::nullopt; }
  return static_cast<Integer>(*integer);
}

}  // namespace

std::optional<std::uint32_t> integer_of(Octets value) {
  if (value.empty() || value.size() > 4) { return std::nullopt; }
  std::uint32_t integer = 0;
  for (const char c : value) { integer = (integer << 8) | u8(c); }
  return integer;
}

std::optional<Octets> Tlvs::find(TlvTag tag) const {
  for (const auto& tlv : *this) {
    if (tlv.tag == tag) { return tlv.value; }
  }
  return std::nullopt;
}

std::optional<std::uint8_t> Tlvs::find_u8(TlvTag tag) const { return narrowed<std::uint8_t>(find(tag)); }
std::optional<std::uint16_t> Tlvs::find_u16(TlvTag tag) const { return narrowed<std::uint16_t>(find(tag)); }
std::optional<std::uint32_t> Tlvs::find_u32(TlvTag tag) const { return narrowed<std::uint32_t>(find(tag)); }

std::optional<std::string_view> Tlvs::find_cstring(TlvTag tag) const {
  const auto value = find(tag);
  if (!value) { return std::nullopt; }
  return value->substr(0, value->find('\0'));
}

void append_tlv(std::string& out, TlvTag tag, Octets value) {
  append_head(out, tag, value.size());
  out.append(value);
}

void append_tlv_u8(std::string& out, TlvTag tag, std::uint8_t value) {
  append_head(out, tag, 1);
  out.push_back(static_cast<char>(value));
}

void append_tlv_u16(std::string& out, TlvTag tag, std::uint16_t value) {
  append_head(out, tag, 2);
  append_u16(out, value);
}

void append_tlv_u32(std::string& out, TlvTag tag, std::uint32_t value) {
  append_head(out, tag, 4);
  append_u16(out, static_cast<std::uint16_t>(value >> 16));
  append_u16(out, static_cast<std::uint16_t>(value & 0xFFFF));
}

void append_tlv_cstring(std::string& out, TlvTag tag, std::string_view value) {
  append_head(out, tag, value.size() + 1);
  out.append(value);
  out.push_back('\0');
}

std::size_t append_carried(std::string& out, Tlvs tlvs) {
  std::array<TlvTag, kCarriedTlvsMax> taken{};
  std::size_t count = 0;
  std::size_t octets = 0;
  std::size_t left_out = 0;
  for (const auto& tlv : tlvs) {
    const TlvRow* row = row_of(tlv.tag);
    if (row != nullptr && row->used) { continue; }
    const auto taken_end = taken.begin() + static_cast<std::ptrdiff_t>(count);
    if (row != nullptr && std::find(taken.begin(), taken_end, tlv.tag) != taken_end) { continue; }
    const auto size = tlv.value.size() + 4;
    if (count == kCarriedTlvsMax || octets + size > kCarriedOctetsMax) {
      ++left_out;
      continue;
    }
    taken[count++] = tlv.tag;
    octets += size;
    append_tlv(out, tlv.tag, tlv.value);
  }
  return left_out;
}

}  // namespace aldis::smpp

// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/printer.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <type_traits>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/pdu_rows.hpp"
#include "aldis/smpp/reader.hpp"

namespace aldis::smpp {

namespace {

constexpr std::size_t kNumberHead = 4;
constexpr std::size_t kNumberTail = 3;

// Which characters of a number of this size stay hidden: all of a short one but its end.
struct Hidden {
  std::size_t from = 0;
  std::size_t to = 0;
};
Hidden hidden_in_number(std::size_t size) {
  if (size <= kNumberTail) { return {0, size}; }
  return {size > kNumberHead + kNumberTail ? kNumberHead : 0, size - kNumberTail};
}

std::string hex(std::uint32_t value, int digits) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    text.push_back(kDigits[value >> shift & 0xF]);
  }
  return text;
}

template <class S, class Visit>
constexpr void for_each_row(Visit&& visit) {
  std::apply([&](const auto&... row) { (visit(row), ...); }, kRows<S>);
}

// --- describe ----------------------------------------------------------------------------------------------

std::string printable(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (u8(c) <= 0x20 || u8(c) >= 0x7F) { c = '?'; }
  }
  return out;
}

std::string masked_number(std::string_view number) {
  const auto hidden = hidden_in_number(number.size());
  return printable(number.substr(0, hidden.from)) + (number.empty() ? "" : "****") +
         printable(number.substr(hidden.to));
}

std::string octets_of(std::size_t size) { return "(" + std::to_string(size) + " octets)"; }

std::string shown(std::uint8_t value, Shown) { return std::to_string(value); }
std::string shown(std::string_view value, Shown how) {
  switch (how) {
    case Shown::kPlain: return printable(value);
    case Shown::kNumber: return masked_number(value);
    case Shown::kSecret: return octets_of(value.size());
  }
  __builtin_unreachable();
}
template <class Item>
std::string shown(const ItemList<Item>& list, Shown) {
  return "(" + std::to_string(list.size()) + " items)";
}

bool tlv_is_secret(TlvTag tag) {
  return tag == TlvTag::kMessagePayload || tag == TlvTag::kCallbackNum || tag == TlvTag::kCallbackNumAtag ||
         tag == TlvTag::kSourceSubaddress || tag == TlvTag::kDestSubaddress;
}

std::string shown(const Tlv& tlv) {
  const TlvRow* row = row_of(tlv.tag);
  std::string text =
      row != nullptr ? std::string{row->name} : "0x" + hex(static_cast<std::uint16_t>(tlv.tag), 4);
  text.push_back('=');
  if (row == nullptr || tlv_is_secret(tlv.tag) || row->kind == TlvKind::kOctets) {
    return text + octets_of(tlv.value.size());
  }
  if (row->kind == TlvKind::kCString) { return text + printable(tlv.value.substr(0, tlv.value.find('\0'))); }
  const auto integer = integer_of(tlv.value);
  return text + (integer ? std::to_string(*integer) : octets_of(tlv.value.size()));
}

// --- masked_hex --------------------------------------------------------------------------------------------

using Mask = std::string;  // one character per octet: '.' shown, '*' hidden

void hide(Mask& mask, std::size_t from, std::size_t to) {
  std::fill(mask.begin() + static_cast<std::ptrdiff_t>(from), mask.begin() + static_cast<std::ptrdiff_t>(to),
            '*');
}

void hide_text(Mask& mask, std::size_t from, std::string_view value, Shown how) {
  if (how == Shown::kSecret) { hide(mask, from, from + value.size()); }
  if (how == Shown::kNumber) {
    const auto hidden = hidden_in_number(value.size());
    hide(mask, from + hidden.from, from + hidden.to);
  }
}

// One row: false if the octets end within it. `base` is the reader's start in the mask.
template <class RowType>
bool mask_row(Mask& mask, Reader& in, std::size_t base, const RowType& row) {
  const auto from = base + in.position();
  std::uint8_t size = 0;
  std::string_view value;
  switch (row.wire) {
    case Wire::kU8: return in.read(size);
    case Wire::kCString:
      if (!in.read_cstring(value)) { return false; }
      hide_text(mask, from, value, row.shown);
      return true;
    case Wire::kOctetsU8Length:
      if (!in.read(size) || !in.read_octets(size, value)) { return false; }
      hide_text(mask, from + 1, value, row.shown);
      return true;
    case Wire::kItems:  // numbers inside: nothing from the count on is shown
    case Wire::kRest: return false;
  }
  __builtin_unreachable();
}

void mask_tlvs(Mask& mask, Octets rest, std::size_t base) {
  auto at = Tlvs{rest}.begin();
  std::size_t from = base;
  for (; at != Tlvs::end(); ++at) {
    const auto to = from + 4 + at->value.size();
    if (tlv_is_secret(at->tag)) { hide(mask, from + 4, to); }
    from = to;
  }
  hide(mask, from, mask.size());
}

void mask_body(Mask& mask, Octets octets, CommandId id) {
  Reader in{octets.substr(kHeaderOctets)};
  bool whole = true;
  const bool known = with_body_type(id, [&]<class S>() {
    for_each_row<S>([&](const auto& row) { whole = whole && mask_row(mask, in, kHeaderOctets, row); });
  });
  const auto read = kHeaderOctets + in.position();
  if (known && whole) {
    mask_tlvs(mask, in.rest(), read);
  } else {
    hide(mask, read, mask.size());
  }
}

}  // namespace

std::string describe(const Pdu& pdu) {
  const auto& header = pdu.header;
  const auto name = name_of(header.command_id);
  std::string text =
      name.empty() ? "0x" + hex(static_cast<std::uint32_t>(header.command_id), 8) : std::string{name};
  if (is_response(header.command_id)) {
    const auto status = name_of(header.command_status);
    text += " status=";
    text += status.empty() ? "0x" + hex(static_cast<std::uint32_t>(header.command_status), 8)
                           : std::string{status};
  }
  text += " sequence=" + std::to_string(header.sequence_number);
  std::visit(
      [&]<class S>(const S& body) {
        if constexpr (!std::is_same_v<S, std::monostate>) {
          for_each_row<S>([&](const auto& row) {
            text += " ";
            text += row.name;
            text += "=" + shown(body.*row.member, row.shown);
          });
          for (const auto& tlv : body.tlvs) { text += " " + shown(tlv); }
        }
      },
      pdu.body);
  return text;
}

std::string masked_hex(Octets octets, std::size_t octets_max) {
  Mask mask(octets.size(), '.');
  const auto header = decode_header(octets);
  if (!header) {
    hide(mask, std::min<std::size_t>(4, mask.size()), mask.size());
  } else if (header->command_length < octets.size()) {
    hide(mask, kHeaderOctets, mask.size());
  } else {
    mask_body(mask, octets, header->command_id);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(octets.size(), octets_max); ++i) {
    if (i > 0 && i % 4 == 0) { text.push_back(' '); }
    text += mask[i] == '*' ? "**" : hex(u8(octets[i]), 2);
  }
  return text;
}

}  // namespace aldis::smpp

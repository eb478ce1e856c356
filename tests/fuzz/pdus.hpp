// SPDX-License-Identifier: Apache-2.0
// PDUs compared and looked through, field by field, for every body there is.
#pragma once

#include <tuple>
#include <type_traits>
#include <variant>

#include "aldis/smpp/framer.hpp"
#include "aldis/smpp/pdu_rows.hpp"
#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {

// visit(row, value) for every field of a body, in the order of the wire; not its TLVs.
template <class S, class Visit>
void for_each_field(const S& body, Visit&& visit) {
  std::apply([&](const auto&... row) { (visit(row, body.*row.member), ...); }, smpp::kRows<S>);
}

inline bool same_value(std::uint8_t a, std::uint8_t b) { return a == b; }
inline bool same_value(Octets a, Octets b) { return a == b; }
template <class Item>
bool same_value(const smpp::ItemList<Item>& a, const smpp::ItemList<Item>& b) {
  return a.size() == b.size() && a.items() == b.items();
}

template <class S>
bool same_fields(const S& a, const S& b) {
  bool same = a.tlvs.raw() == b.tlvs.raw();
  std::apply([&](const auto&... row) { same = (same && ... && same_value(a.*row.member, b.*row.member)); },
             smpp::kRows<S>);
  return same;
}

inline bool same_body(const smpp::Body& a, const smpp::Body& b) {
  if (a.index() != b.index()) { return false; }
  return std::visit(
      [&b]<class S>(const S& body) {
        if constexpr (std::is_same_v<S, std::monostate>) {
          return true;
        } else {
          return same_fields(body, std::get<S>(b));
        }
      },
      a);
}

// Reads a whole PDU into memory of exactly its size, with a right command_length whatever it said.
inline Exact framed(Octets octets) {
  std::string whole{octets.substr(0, smpp::kSkippableOctetsMax)};
  whole.resize(std::max(whole.size(), smpp::kHeaderOctets));
  for (std::size_t i = 0; i < 4; ++i) { whole[i] = static_cast<char>(whole.size() >> (8 * (3 - i)) & 0xFF); }
  return Exact{whole};
}

}  // namespace aldis::fuzz

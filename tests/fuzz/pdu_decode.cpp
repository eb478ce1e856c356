// SPDX-License-Identifier: Apache-2.0
// The decoder on one PDU: allocates nothing, points only into its input, and what a session accepts a link
// reads the same way. The printer shows no octet that a terminal would obey.
#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/printer.hpp"
#include "fuzz/pdus.hpp"

namespace aldis::fuzz {
namespace {

using namespace smpp;

void check_value(Octets whole, const auto& row, Octets value) {
  ALDIS_CHECK(is_inside(value, whole));
  if (row.wire == Wire::kCString) {
    ALDIS_CHECK(value.find('\0') == Octets::npos);
    ALDIS_CHECK(value.size() <= std::max<std::size_t>(row.octets_max - 1u, row.kept_max));
  }
}
void check_value(Octets, const auto& row, std::uint8_t) { ALDIS_CHECK(row.wire == Wire::kU8); }
template <class Item>
void check_value(Octets whole, const auto&, const ItemList<Item>& list) {
  ALDIS_CHECK(is_inside(list.items(), whole));
  unsigned items_count = 0;
  for ([[maybe_unused]] const auto& item : list) { ++items_count; }
  ALDIS_CHECK(items_count == list.size());
}

void check_body(const Pdu& pdu) {
  std::visit(
      [&pdu]<class S>(const S& body) {
        if constexpr (!std::is_same_v<S, std::monostate>) {
          for_each_field(body,
                         [&pdu](const auto& row, const auto& value) { check_value(pdu.octets, row, value); });
          ALDIS_CHECK(is_inside(body.tlvs.raw(), pdu.octets));
          auto at = body.tlvs.begin();
          while (at != Tlvs::end()) { ++at; }
          ALDIS_CHECK(at.unread().empty());
        }
      },
      pdu.body);
}

void check_printed(std::string_view text) {
  for (const char c : text) { ALDIS_CHECK(u8(c) >= 0x20 && u8(c) < 0x7F); }
}

std::optional<DecodeError> decoded(Octets whole, Strictness strictness, Pdu& into) {
  const auto before = allocations();
  const auto error = decode_into(whole, strictness, into);
  ALDIS_CHECK(allocations() == before);
  ALDIS_CHECK(into.octets == whole && into.header.command_length == whole.size());
  if (error) {
    ALDIS_CHECK(std::holds_alternative<std::monostate>(into.body));
    ALDIS_CHECK(error->status != CommandStatus::kOk && !error->field.empty());
    ALDIS_CHECK((static_cast<std::uint32_t>(into.header.command_id) & 0x80000000u) == 0);
  }
  check_body(into);
  return error;
}

}  // namespace

void run(Octets input) {
  const Exact whole = framed(input);
  Pdu strict;
  Pdu lenient;
  const auto refused = decoded(whole.view(), Strictness::kSession, strict);
  const auto refused_leniently = decoded(whole.view(), Strictness::kLink, lenient);
  if (!refused) {
    ALDIS_CHECK(!refused_leniently && same_body(strict.body, lenient.body));
    ALDIS_CHECK(strict.tolerated == lenient.tolerated);
  }
  check_printed(describe(lenient));
  check_printed(masked_hex(whole.view()));
  if (input.size() < 300) { check_printed(masked_hex(whole.view(), 1000)); }
}

}  // namespace aldis::fuzz

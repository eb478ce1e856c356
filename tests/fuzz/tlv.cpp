// SPDX-License-Identifier: Apache-2.0
// TLVs: reading is total, what was read and what was not are the whole, finding agrees with looking at each,
// and what is carried keeps its limits.
#include "aldis/smpp/tlv.hpp"

#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

using namespace smpp;

std::size_t count_of(Tlvs tlvs) {
  std::size_t count = 0;
  for ([[maybe_unused]] const Tlv& tlv : tlvs) { ++count; }
  return count;
}

void check_found(Tlvs tlvs, TlvTag tag) {
  std::optional<Octets> first;
  for (const Tlv& tlv : tlvs) {
    if (tlv.tag == tag && !first) { first = tlv.value; }
  }
  const auto found = tlvs.find(tag);
  ALDIS_CHECK(found == first);
  const auto integer = first ? integer_of(*first) : std::nullopt;
  ALDIS_CHECK(tlvs.find_u32(tag) == integer);
  ALDIS_CHECK(tlvs.find_u16(tag).has_value() == (integer && *integer <= 0xFFFF));
  ALDIS_CHECK(tlvs.find_u8(tag).has_value() == (integer && *integer <= 0xFF));
  ALDIS_CHECK(!integer || !tlvs.find_u8(tag) || *tlvs.find_u8(tag) == *integer);
  const auto text = tlvs.find_cstring(tag);
  ALDIS_CHECK(text.has_value() == first.has_value());
  ALDIS_CHECK(!text || (text->find('\0') == Octets::npos && first->starts_with(*text)));
}

void check_carried(Tlvs tlvs) {
  std::string once;
  const auto left_out = append_carried(once, tlvs);
  const auto carried = count_of(Tlvs{once});
  ALDIS_CHECK(once.size() <= kCarriedOctetsMax && carried <= kCarriedTlvsMax);
  ALDIS_CHECK(carried + left_out <= count_of(tlvs));
  std::string twice;
  ALDIS_CHECK(append_carried(twice, Tlvs{once}) == 0 && once == twice);
}

}  // namespace

void run(Octets input) {
  const Exact memory{input};
  const auto before = allocations();
  std::size_t octets_read = 0;
  auto at = Tlvs{memory.view()}.begin();
  for (; at != Tlvs::end(); ++at) {
    ALDIS_CHECK(is_inside(at->value, memory.view()));
    octets_read += 4 + at->value.size();
  }
  ALDIS_CHECK(allocations() == before);
  ALDIS_CHECK(octets_read + at.unread().size() == input.size());
  ALDIS_CHECK(at.unread() == input.substr(octets_read));

  const Tlvs tlvs{memory.view()};
  std::string again;
  unsigned tags_count = 0;
  for (const Tlv& tlv : tlvs) {
    append_tlv(again, tlv.tag, tlv.value);
    if (++tags_count <= 3) { check_found(tlvs, tlv.tag); }
  }
  ALDIS_CHECK(again == input.substr(0, octets_read));
  check_found(tlvs, TlvTag::kMessagePayload);
  check_carried(tlvs);
}

}  // namespace aldis::fuzz

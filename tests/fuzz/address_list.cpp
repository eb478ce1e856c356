// SPDX-License-Identifier: Apache-2.0
// Who may connect: addresses as inet_pton reads them, v4-mapped v6 the same as v4, networks compared bit by
// bit.
#include "aldis/base/address_list.hpp"

#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

IpAddress drawn(Draw& draw) {
  IpAddress address;
  for (auto& octet : address.octets) { octet = draw.u8(); }
  if (draw.coin()) {  // v4, as it is kept
    std::fill_n(address.octets.begin(), 10, std::uint8_t{0});
    address.octets[10] = address.octets[11] = 0xFF;
  }
  return address;
}

std::string written(const IpAddress& address) {
  const auto number = [&](std::size_t at) { return std::to_string(address.octets[at]); };
  if (address.is_v4()) { return number(12) + '.' + number(13) + '.' + number(14) + '.' + number(15); }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i > 0 && i % 2 == 0) { text += ':'; }
    text += kHex[address.octets[i] >> 4];
    text += kHex[address.octets[i] & 15];
  }
  return text;
}

bool same_bits(const IpAddress& a, const IpAddress& b, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80u >> (i % 8);
    if (((a.octets[i / 8] ^ b.octets[i / 8]) & mask) != 0) { return false; }
  }
  return true;
}

void check_network(const IpAddress& base, const IpAddress& other, unsigned bits) {
  const bool v4 = base.is_v4();
  bits %= v4 ? 33 : 129;
  const auto list = AddressList::parse({written(base) + '/' + std::to_string(bits)});
  if (!list) { return; }  // bits behind the mask may be refused, but then always
  ALDIS_CHECK(list->allows(base));
  ALDIS_CHECK(list->allows(other) == same_bits(base, other, v4 ? 96 + bits : bits));
}

void check_text(std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address) { return; }
  ALDIS_CHECK(text.size() < 64);
  ALDIS_CHECK(IpAddress::parse(written(*address)) == *address);
  const auto alone = AddressList::parse({std::string{text}});
  ALDIS_CHECK(alone && alone->allows(*address));
  if (address->is_v4()) { ALDIS_CHECK(IpAddress::parse("::ffff:" + written(*address)) == *address); }
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  const IpAddress base = drawn(draw);
  IpAddress other = drawn(draw);
  if (draw.coin()) {  // near it
    other = base;
    other.octets[draw.below(16)] ^= static_cast<std::uint8_t>(1u << draw.below(8));
  }
  check_network(base, other, draw.u8());
  ALDIS_CHECK(IpAddress::parse(written(base)) == base);
  const Exact memory{draw.rest()};
  check_text(memory.view());
  if (const auto list = AddressList::parse({std::string{memory.view()}})) {
    static_cast<void>(list->allows(base));
  }
}

}  // namespace aldis::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/address_list.hpp"

#include <catch2/catch.hpp>

using namespace aldis;

TEST_CASE("a v4-mapped address is the IPv4 address, and nothing else gets past a network", "[S5]") {
  const auto list = AddressList::parse({"203.0.113.0/24", "10.1.2.3", "2001:db8::/33"});
  REQUIRE(list);
  const auto allows = [&](const char* text) {
    const auto address = IpAddress::parse(text);
    REQUIRE(address);
    return list->allows(*address);
  };
  CHECK(allows("203.0.113.0"));
  CHECK(allows("203.0.113.255"));
  CHECK(allows("::ffff:203.0.113.7"));
  CHECK(allows("10.1.2.3"));
  CHECK(allows("2001:db8:7fff::1"));
  CHECK_FALSE(allows("2001:db8:8000::1"));
  CHECK_FALSE(allows("203.0.112.255"));
  CHECK_FALSE(allows("10.1.2.4"));
  CHECK_FALSE(allows("::1"));
  CHECK_FALSE(allows("::203.0.113.7"));
}

TEST_CASE("odd spellings of addresses are not addresses", "[S5]") {
  for (const char* text :
       {"", "0x7f.1", "127.1", "2130706433", "017700000001", "1.2.3.4.", "1.2.3.4 ", "fe80::1%lo"}) {
    CHECK_FALSE(IpAddress::parse(text));
  }
  CHECK_FALSE(IpAddress::parse({"10.0.0.1\0/8", 11}));
  CHECK_FALSE(AddressList::parse({"10.0.0.0/33"}));
  CHECK_FALSE(AddressList::parse({"10.0.0.0/"}));
  CHECK_FALSE(AddressList::parse({"10.0.0.0/8x"}));
  CHECK_FALSE(AddressList::parse({"::/129"}));
}

TEST_CASE("an empty list allows nobody, and the whole world must be written out") {
  CHECK_FALSE(AddressList::parse({})->allows(*IpAddress::parse("127.0.0.1")));
  const auto world = AddressList::parse({"0.0.0.0/0", "::/0"});
  CHECK(world->allows(*IpAddress::parse("198.51.100.1")));
  CHECK(world->allows(*IpAddress::parse("2001:db8::1")));
}

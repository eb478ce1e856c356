// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/udh.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::text;
using namespace std::string_literals;

namespace {
const std::string kPorts = "\x06\x05\x04\x0B\x84\x23\xF0"s;
}

TEST_CASE("a header is as long as its first octet says, if the body is") {
  CHECK(udh_octets("\x05\x00\x03\x2A\x02\x01hello"s) == 6);
  CHECK(udh_octets("\x00"s) == 1);
  CHECK_FALSE(udh_octets(""));
  CHECK_FALSE(udh_octets("\x05\x00\x03\x2A\x02"s));
  CHECK_FALSE(udh_octets("\xFFxyz"s));
}

TEST_CASE("both forms of concatenation are read") {
  const auto eight = concat_of("\x05\x00\x03\x2A\x02\x01"s);
  REQUIRE(eight);
  CHECK((eight->ref == 0x2A && eight->total == 2 && eight->seqnum == 1 && !eight->ref16));
  const auto sixteen = concat_of("\x06\x08\x04\x12\x34\x03\x03"s);
  REQUIRE(sixteen);
  CHECK((sixteen->ref == 0x1234 && sixteen->total == 3 && sixteen->seqnum == 3 && sixteen->ref16));
}

TEST_CASE("a concatenation that makes no sense is ignored") {
  CHECK_FALSE(concat_of("\x05\x00\x03\x2A\x02\x00"s));  // part 0
  CHECK_FALSE(concat_of("\x05\x00\x03\x2A\x02\x03"s));  // part 3 of 2
  CHECK_FALSE(concat_of("\x05\x00\x03\x2A\x00\x00"s));
  CHECK_FALSE(concat_of("\x04\x00\x02\x2A\x02"s));  // two octets instead of three
  CHECK_FALSE(concat_of(""));
  CHECK_FALSE(concat_of("\x03\x00\x03\x01"s));  // the element runs over the end
}

TEST_CASE("of two concatenation elements the last one counts") {
  const auto concat = concat_of("\x0B\x00\x03\x2A\x02\x01\x08\x04\x00\x07\x02\x02"s);
  REQUIRE(concat);
  CHECK(concat->ref16);
  CHECK(concat->seqnum == 2);
}

TEST_CASE("ports are read and written") {
  const auto ports = ports_of(kPorts);
  REQUIRE(ports);
  CHECK(ports->destination == 2948);
  CHECK(ports->source == 9200);
  std::string out;
  CHECK(append_udh(*ports, out) == 7);
  CHECK(out == kPorts);
}

TEST_CASE("concatenation joins the customer's own elements and replaces an older one") {
  std::string out = "x";
  const Concat eight{0x012A, 2, 1, false};
  CHECK(append_udh(eight, kPorts, out) == 12);
  CHECK(out == "x\x0B\x00\x03\x2A\x02\x01\x05\x04\x0B\x84\x23\xF0"s);
  CHECK(udh_octets_with(eight, kPorts) == 12);

  const Concat sixteen{0x012A, 2, 1, true};
  std::string wide;
  CHECK(append_udh(sixteen, out.substr(1), wide) == 13);
  CHECK(wide == "\x0C\x08\x04\x01\x2A\x02\x01\x05\x04\x0B\x84\x23\xF0"s);
  CHECK(udh_octets_with(sixteen, out.substr(1)) == 13);
}

TEST_CASE("without concatenation the other elements stay, and nothing stays of nothing") {
  std::string out;
  CHECK(append_udh(std::nullopt, "\x0B\x00\x03\x2A\x02\x01\x05\x04\x0B\x84\x23\xF0"s, out) == 7);
  CHECK(out == kPorts);
  out.clear();
  CHECK(append_udh(std::nullopt, "\x05\x00\x03\x2A\x02\x01"s, out) == 0);
  CHECK(out.empty());
  CHECK(udh_octets_with(std::nullopt, "\x05\x00\x03\x2A\x02\x01"s) == 0);
}

TEST_CASE("elements end where one runs over the header") {
  const std::string udh = "\x06\x24\x01\x01\x70\x09\x01"s;
  UdhReader reader{udh};
  const auto first = reader.next();
  REQUIRE(first);
  CHECK(first->id == 0x24);
  CHECK(first->value == "\x01");
  CHECK_FALSE(reader.next());
}

// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/octet_text.hpp"

#include <catch2/catch.hpp>

using namespace aldis;

TEST_CASE("base64 is that of RFC 4648, both ways") {
  const std::vector<std::pair<std::string, std::string>> table{{"", ""},
                                                               {"f", "Zg=="},
                                                               {"fo", "Zm8="},
                                                               {"foo", "Zm9v"},
                                                               {"foob", "Zm9vYg=="},
                                                               {"fooba", "Zm9vYmE="},
                                                               {"foobar", "Zm9vYmFy"},
                                                               {"\xFF\xFE\xFD", "//79"},
                                                               {std::string(2, '\0'), "AAA="}};
  for (const auto& [octets, text] : table) {
    CHECK(base64_of(octets) == text);
    CHECK(octets_of_base64(text) == octets);
  }
}

TEST_CASE("what is not base64, or not the way to write it, is refused") {
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zg===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "_w==", "=Zg="}) {
    INFO(bad);
    CHECK_FALSE(octets_of_base64(bad));
  }
}

TEST_CASE("octets in hexadecimal digits") {
  CHECK(hex_of("") == "");
  CHECK(hex_of({"\x00\x7F\x80\xFF", 4}) == "007f80ff");
}

TEST_CASE("hexadecimal comes back as the octets it was made of, and nothing else is read as such") {
  std::string all;
  for (int octet = 0; octet < 256; ++octet) { all.push_back(static_cast<char>(octet)); }
  CHECK(octets_of_hex(hex_of(all)) == all);
  CHECK(octets_of_hex("0AfF") == std::string{"\x0a\xff"});
  CHECK(octets_of_hex("") == "");
  for (const std::string_view wrong : {"0", "0g", "g0", " 0", "0x", "00 ", "\xff\xff"}) {
    CHECK_FALSE(octets_of_hex(wrong));
  }
}

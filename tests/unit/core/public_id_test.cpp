// SPDX-License-Identifier: Apache-2.0
#include "aldis/core/public_id.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace aldis;

namespace {

const SipKey kKey = SipKey::from("0123456789abcdef");
const PublicIds kIds{kKey};

std::string text(MessageId id, MessageIdFormat format) {
  return std::string{kIds.format({id, 0}, format).view()};
}

std::string upper(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  return s;
}

const std::vector<MessageId> kSamples{
    make_message_id(0, 0, 1),          make_message_id(0, 1, 1),
    make_message_id(1023, 116'860, 1), make_message_id(1023, 0, (1ull << 36) - 1),
    make_message_id(7, 42, 123456789), make_message_id(456, 99, 77)};

}  // namespace

TEST_CASE("SipHash-2-4 gives the vectors of its authors") {
  std::string key;
  for (int i = 0; i < 16; ++i) { key.push_back(static_cast<char>(i)); }
  std::string message;
  for (int i = 0; i < 15; ++i) { message.push_back(static_cast<char>(i)); }
  CHECK(siphash24(SipKey::from(key), message) == 0xA129CA6149BE45E5u);
  CHECK(siphash24(SipKey::from(key), "") == 0x726FDB47DD0E0E31u);
  CHECK(siphash24(SipKey::from(key), message.substr(0, 8)) == 0x93F5F5799A932462u);
}

TEST_CASE("every form reads back to the id it was made of, in either case") {
  for (const MessageId id : kSamples) {
    for (const auto format : {MessageIdFormat::kHex, MessageIdFormat::kUuid, MessageIdFormat::kDec}) {
      const std::string made = text(id, format);
      const auto same = kIds.parse(made);
      REQUIRE(same);
      CHECK(same->id == id);
      CHECK(same->short_id == 0);
      REQUIRE(kIds.parse(upper(made)));
      CHECK(kIds.parse(upper(made))->id == id);
    }
  }
}

TEST_CASE("the forms have the shapes that the manual shows") {
  const MessageId id = kSamples[4];
  const std::string hex = text(id, MessageIdFormat::kHex);
  const std::string uuid = text(id, MessageIdFormat::kUuid);
  const std::string dec = text(id, MessageIdFormat::kDec);
  CHECK(hex.size() == 32);
  CHECK(hex.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(uuid == hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
                    hex.substr(16, 4) + "-" + hex.substr(20));
  CHECK(dec.size() == 19);
  CHECK(dec >= "1000000000000000000");
  CHECK(dec <= "9223372036854775807");
}

TEST_CASE("decimal ids stay in the range of a signed 64-bit store and never meet") {
  std::set<std::string> seen;
  for (std::uint64_t sequence = 1; sequence <= 20'000; ++sequence) {
    const MessageId id = make_message_id(static_cast<std::uint32_t>(sequence % 1024), 5, sequence);
    const std::string made = text(id, MessageIdFormat::kDec);
    REQUIRE(made.size() == 19);
    REQUIRE(made >= "1000000000000000000");
    REQUIRE(made <= "9223372036854775807");
    REQUIRE(kIds.parse(made)->id == id);
    REQUIRE(seen.insert(made).second);
  }
}

TEST_CASE("short ids are eight digits, distinct, and read back") {
  std::set<std::string> seen;
  for (std::uint32_t counter = 1; counter <= 20'000; ++counter) {
    const std::string made{kIds.format({kSamples[0], counter}, MessageIdFormat::kHex8).view()};
    REQUIRE(made.size() == 8);
    REQUIRE(seen.insert(made).second);
    const auto parsed = kIds.parse(made);
    REQUIRE(parsed);
    REQUIRE(parsed->short_id == counter);
    REQUIRE(parsed->id == MessageId{});
  }
}

TEST_CASE("a daemon with more starts than dec can hold gives the hexadecimal form") {
  const MessageId beyond = make_message_id(3, 116'861, 9);
  CHECK_FALSE(PublicIds::fits_dec(beyond));
  CHECK(text(beyond, MessageIdFormat::kDec) == text(beyond, MessageIdFormat::kHex));
}

TEST_CASE("guessed, foreign and malformed ids are nothing") {
  const std::string good = text(kSamples[4], MessageIdFormat::kHex);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '0' ? '1' : '0';
    CHECK_FALSE(kIds.parse(bad));
  }
  CHECK_FALSE(PublicIds{SipKey::from("another key here")}.parse(good));
  for (const char* bad :
       {"", "1", "zz", "0000000g", "0123456789abcdef0123456789abcdeg", "9223372036854775808",
        "0999999999999999999", "-123456789012345678", "12345678901234567 8",
        "01234567-89ab-cdef-0123-456789abcdeg", "0123456789abcdef0123456789abcdef0123"}) {
    CHECK_FALSE(kIds.parse(bad));
  }
}

TEST_CASE("ids that follow each other do not show it") {
  const std::string a = text(make_message_id(0, 1, 1), MessageIdFormat::kHex);
  const std::string b = text(make_message_id(0, 1, 2), MessageIdFormat::kHex);
  int same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) { same += a[i] == b[i] ? 1 : 0; }
  CHECK(same < 12);
}

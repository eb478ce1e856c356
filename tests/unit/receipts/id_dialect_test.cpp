// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/id_dialect.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <random>
#include <string>

#include "unit/receipts/fixture.hpp"

using namespace aldis;
using namespace aldis::receipts;
using namespace aldis::receipts::test;

namespace {

std::string key(IdDialect dialect, std::string_view id) {
  const auto made = receipt_key(dialect, id);
  return made ? std::string{made->view()} : "-";
}
std::string n(std::string_view id) {
  const auto made = normalised(id);
  return made ? std::string{made->view()} : "-";
}

// The pairs of ids that operators are known to give: response, receipt, dialect.
struct Pair {
  std::string response;
  std::string receipt;
  IdDialect dialect;
};

std::vector<Pair> pairs_200() {
  std::vector<Pair> pairs{
      {"0123456789", "123456789", IdDialect::kSame},
      {"12345678901234567890", "0012345678901234567890", IdDialect::kSame},
      {"6F2C1D1E-52B4-4A0E-9D3A-0C55AA11BE07", "6f2c1d1e-52b4-4a0e-9d3a-0c55aa11be07", IdDialect::kSame},
      {"mt1.20261121/000045_b", "MT1.20261121/000045_B", IdDialect::kSame},
      {"4B3C2D1E", "1262234910", IdDialect::kReceiptDec},
      {"1262234910", "4b3c2d1e", IdDialect::kReceiptHex},
      {"10000000000000001", "18446744073709551617", IdDialect::kReceiptDec},
      {"9F31C2", "10432962", IdDialect::kReceiptDec},
  };
  std::mt19937_64 random{7};
  while (pairs.size() < 200) {
    const std::uint64_t value = random() >> (random() % 56);
    char hex[32];
    char dec[32];
    std::snprintf(hex, sizeof hex, random() % 2 ? "%lX" : "%016lx", value);
    std::snprintf(dec, sizeof dec, random() % 2 ? "%lu" : "%020lu", value);
    switch (random() % 3) {
      case 0: pairs.push_back({hex, dec, IdDialect::kReceiptDec}); break;
      case 1: pairs.push_back({dec, hex, IdDialect::kReceiptHex}); break;
      default: pairs.push_back({std::string("00") + dec, dec, IdDialect::kSame}); break;
    }
  }
  return pairs;
}

}  // namespace

TEST_CASE("ids are compared without case, blanks and leading zeros of numbers") {
  CHECK(n(" 00AbC\r\n") == "abc");
  CHECK(n("000") == "0");
  CHECK(n("0x1F") == "0x1f");
  CHECK(n("mt007") == "mt007");
  CHECK(n("00G1") == "00g1");
  CHECK(n(std::string("12\0", 3)) == "12");
  CHECK(n("") == "-");
  CHECK(n(" \t") == "-");
  CHECK(n(std::string(128, 'z')).size() == 128);
  CHECK(n(std::string(129, 'z')) == "-");
  CHECK(n(std::string(500, '0').append("7")) == "7");
}

TEST_CASE("numbers of any length change their base exactly") {
  CHECK(key(IdDialect::kReceiptDec, "18446744073709551617") == "10000000000000001");
  CHECK(key(IdDialect::kReceiptHex, "10000000000000001") == "18446744073709551617");
  CHECK(key(IdDialect::kReceiptDec, "0") == "0");
  CHECK(key(IdDialect::kReceiptHex, "FF") == "255");
  const std::string top(64, 'f');  // 2^256 - 1
  CHECK(key(IdDialect::kReceiptHex, top) ==
        "115792089237316195423570985008687907853269984665640564039457584007913129639935");
  CHECK(key(IdDialect::kReceiptDec, key(IdDialect::kReceiptHex, top)) == top);
  CHECK(key(IdDialect::kReceiptDec, "12ab") == "-");
  CHECK(key(IdDialect::kReceiptHex, "12g") == "-");
  CHECK(key(IdDialect::kReceiptDec, "") == "-");
  CHECK(key(IdDialect::kReceiptHex, std::string(400, 'f')) == "-");
  CHECK(key(IdDialect::kReceiptDec, std::string(400, '9')) == "-");
}

TEST_CASE("200 pairs of ids match under their dialect and under auto, and cross nobody", "[H7]") {
  const auto pairs = pairs_200();
  REQUIRE(pairs.size() == 200);
  for (const bool automatic : {false, true}) {
    Bench bench;
    std::vector<MessageId> owners;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      owners.push_back(bench.sent(pairs[i].response, "33639" + std::to_string(8'000'000 + i)).id);
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      bench.rules = IdRules{};
      bench.settings.id_dialect = automatic ? IdDialect::kAuto : pairs[i].dialect;
      const auto found = bench.correlate(receipt(pairs[i].receipt, "33639" + std::to_string(8'000'000 + i)));
      INFO(pairs[i].response << " " << pairs[i].receipt);
      REQUIRE(found.has_value());
      CHECK(found->part.message == owners[i]);
    }
  }
}

TEST_CASE("a dialect is learned from twenty telling matches of which nineteen in twenty agree") {
  IdRules rules;
  for (int i = 0; i < 19; ++i) { CHECK_FALSE(rules.observe(kA, IdDialect::kReceiptDec)); }
  CHECK(rules.learned(kA) == IdDialect::kAuto);
  CHECK(rules.observe(kA, IdDialect::kReceiptDec) == IdDialect::kReceiptDec);
  CHECK(rules.learned(kA) == IdDialect::kReceiptDec);
  CHECK_FALSE(rules.observe(kA, IdDialect::kReceiptDec));  // told once
  CHECK(rules.learned(kB) == IdDialect::kAuto);
  CHECK(rules.to_try(kA, IdDialect::kAuto).order[0] == IdDialect::kReceiptDec);
  CHECK(rules.to_try(kA, IdDialect::kAuto).first_decides);
  CHECK_FALSE(rules.to_try(kB, IdDialect::kAuto).first_decides);
}

TEST_CASE("a mixture teaches nothing, and a new habit replaces the old one only when it fills the sample") {
  IdRules mixed;
  for (int i = 0; i < 200; ++i) {
    CHECK_FALSE(mixed.observe(kA, i % 10 == 0 ? IdDialect::kSame : IdDialect::kReceiptHex));
  }
  IdRules changed;
  changed.restore(kA, IdDialect::kSame);
  for (int i = 0; i < 50; ++i) { changed.observe(kA, IdDialect::kSame); }
  int needed = 0;
  while (!changed.observe(kA, IdDialect::kReceiptDec)) { ++needed; }
  CHECK(needed + 1 == 48);  // 95 % of 50
  CHECK(changed.learned(kA) == IdDialect::kReceiptDec);
}

TEST_CASE("ids that read the same in every dialect teach nothing") {
  CHECK_FALSE(tells_dialects_apart("7"));
  CHECK_FALSE(tells_dialects_apart("0007"));
  CHECK_FALSE(tells_dialects_apart("6f2c1d1e-52b4"));
  CHECK(tells_dialects_apart("10"));
  CHECK(tells_dialects_apart("a"));
  Bench bench;
  for (int i = 0; i < 60; ++i) {
    const std::string id = "msg-" + std::to_string(i);
    bench.sent(id, "33639980001");
    const auto found = bench.correlate(receipt(id, "33639980001"));
    REQUIRE(found.has_value());
    CHECK_FALSE(found->learned);
  }
  CHECK(bench.rules.learned(kA) == IdDialect::kAuto);
}

TEST_CASE("the match that teaches a dialect says so, once") {
  Bench bench;
  int told = 0;
  for (int i = 0; i < 40; ++i) {
    char hex[16];
    std::snprintf(hex, sizeof hex, "%x", 5'000'000 + i);
    bench.sent(hex, "33639980001");
    const auto found = bench.correlate(receipt(std::to_string(5'000'000 + i), "33639980001"));
    REQUIRE(found.has_value());
    CHECK(found->how == How::kDialect);
    if (found->learned) {
      ++told;
      CHECK(*found->learned == IdDialect::kReceiptDec);
      CHECK(i == 19);
    }
  }
  CHECK(told == 1);
}

TEST_CASE("a fixed dialect that another would beat raises the alarm at twenty") {
  Bench bench;
  bench.settings.id_dialect = IdDialect::kSame;
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(bench.rules.better_dialect(kA));
    char hex[16];
    std::snprintf(hex, sizeof hex, "%x", 7'000'000 + i);
    bench.sent(hex, "33639980001");
    CHECK(bench.correlate(receipt(std::to_string(7'000'000 + i), "33639980001")).error() ==
          Unmatched::kUnknown);
  }
  CHECK(bench.rules.better_dialect(kA) == IdDialect::kReceiptDec);
}

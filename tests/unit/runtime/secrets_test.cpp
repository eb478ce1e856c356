// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/secrets.hpp"

#include <algorithm>
#include <optional>

#include "unit/runtime/loop_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;
using Verdict = ports::Passwords::Verdict;

namespace {

std::string hex(const Digest& digest) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char octet : digest) {
    text += kDigits[octet >> 4u];
    text += kDigits[octet & 15u];
  }
  return text;
}

// A cheap hash of "secret", so that tests need not wait: Argon2id takes the cost from the phc.
const std::string kCheap = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$";

Verdict verdict(TestLoop& t, PasswordPool& pool, std::string_view phc, std::string_view password) {
  std::optional<Verdict> got;
  pool.verify(phc, password, [&](Verdict v) { got = v; });
  REQUIRE_FALSE(got);  // later, never inside the call
  REQUIRE(t.run_until([&] { return got.has_value(); }));
  return *got;
}

}  // namespace

TEST_CASE("digests are those of the standards") {
  // FIPS 180-2 B.1, RFC 4231 test case 2
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("comparison in constant time still compares") {
  CHECK(equal_constant_time("secret", "secret"));
  CHECK_FALSE(equal_constant_time("secret", "secreT"));
  CHECK_FALSE(equal_constant_time("secret", "secre"));
  CHECK(equal_constant_time("", ""));
}

TEST_CASE("keyed hashes agree under one key and differ under another") {
  const KeyedHash one;
  const KeyedHash other;
  CHECK(one("acme:secret") == one("acme:secret"));
  CHECK(one("acme:secret") != one("acme:Secret"));
  CHECK(one("acme:secret") != other("acme:secret"));
}

TEST_CASE("random octets do not repeat, and a seeded generator does") {
  CHECK(random_octets(32).size() == 32);
  CHECK(random_octets(32) != random_octets(32));
  SeededRandom a{7};
  SeededRandom b{7};
  SeededRandom c{8};
  CHECK(a.next() == b.next());
  CHECK(b.next() != c.next());
  CHECK(SeededRandom{}.next() != SeededRandom{}.next());
}

TEST_CASE("a hashed password carries the cost we promise and is recognised again") {
  TestLoop t;
  PasswordPool pool{t.loop};
  const std::string phc = hash_password("secret");
  CHECK(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  CHECK(phc != hash_password("secret"));
  CHECK(verdict(t, pool, phc, "secret") == Verdict::kRight);
  CHECK(verdict(t, pool, phc, "Secret") == Verdict::kWrong);
  CHECK(verdict(t, pool, phc, "") == Verdict::kWrong);
}

TEST_CASE("an unknown user and an unreadable hash are simply wrong, at the price of a check") {
  TestLoop t;
  PasswordPool pool{t.loop, 1};
  const Instant start = read_clocks().mono;
  const std::string phc = hash_password("x");
  const Duration price = read_clocks().mono - start;
  for (const char* bad :
       {"", "secret", "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA", kCheap.c_str()}) {
    const Instant before = read_clocks().mono;
    CHECK(verdict(t, pool, bad, "secret") == Verdict::kWrong);
    CHECK(read_clocks().mono - before > price / 5);  // loosely: machines are busy
  }
}

TEST_CASE("past the bound of waiting checks the answer is busy, at once, and the others are answered") {
  TestLoop t;
  PasswordPool pool{t.loop, 1, 3};
  int right_or_wrong = 0;
  int busy = 0;
  int busy_inside = 0;
  for (int i = 0; i < 12; ++i) {
    bool inside = true;
    pool.verify({}, "guess", [&, first = true](Verdict v) mutable {
      (v == Verdict::kBusy ? busy : right_or_wrong) += 1;
      if (v == Verdict::kBusy && inside) { ++busy_inside; }
      first = false;
    });
    inside = false;
  }
  CHECK(busy >= 12 - 3 - 2);  // three waiting, one in work, perhaps one finished meanwhile
  CHECK(busy == busy_inside);
  REQUIRE(t.run_until([&] { return right_or_wrong + busy == 12; }));
  CHECK(right_or_wrong >= 3);
}

TEST_CASE("answers that did not come before the pool goes do not come after it") {
  TestLoop t;
  int answers = 0;
  {
    PasswordPool pool{t.loop, 1};
    for (int i = 0; i < 5; ++i) {
      pool.verify({}, "guess", [&](Verdict) { ++answers; });
    }
  }
  bool turned = false;
  t.loop.post([&] { turned = true; });
  REQUIRE(t.run_until([&] { return turned; }));
  CHECK(answers == 0);
}

// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/secrets.hpp"

#include <ctime>
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

// Argon2id takes the cost from the hash: these of "secret" cost nothing, so that tests need not wait.
const std::string kCheap = "$argon2id$v=19$m=8,t=1,p=1$YWxkaXMtdGVzdC1zYWx0IQ$sZKNWC2siKwkFCLUrkrpkw";
const std::string kCutOff = "$argon2id$v=19$m=8,t=1,p=1$YWxkaXMtdGVzdC1zYWx0IQ$";

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
  const std::clock_t start = std::clock();  // of the processor: the machine may be busy
  CHECK(verdict(t, pool, hash_password("x"), "secret") == Verdict::kWrong);
  const std::clock_t price = (std::clock() - start) / 2;  // one to hash, one to check
  for (const char* bad :
       {"", "secret", "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA", kCutOff.c_str()}) {
    const std::clock_t before = std::clock();
    CHECK(verdict(t, pool, bad, "secret") == Verdict::kWrong);
    CHECK(std::clock() - before > price / 3);
  }
}

TEST_CASE("past the bound of waiting checks the answer is busy, at once, and the others are answered") {
  TestLoop t;
  PasswordPool pool{t.loop, 1, 3};
  int decided = 0;
  int busy = 0;
  int busy_later = 0;
  for (int i = 0; i < 12; ++i) {
    bool inside = true;
    // The first check is dear and holds the only thread; the others wait behind it.
    pool.verify(i == 0 ? std::string{} : kCheap, "secret", [&](Verdict v) {
      if (v != Verdict::kBusy) {
        ++decided;
      } else {
        ++busy;
        if (!inside) { ++busy_later; }
      }
    });
    inside = false;
  }
  CHECK(busy >= 8);  // three wait, one is in work
  CHECK(busy <= 9);
  CHECK(busy_later == 0);
  REQUIRE(t.run_until([&] { return decided + busy == 12; }));
}

TEST_CASE("the cost of a check is that of its hash") {
  TestLoop t;
  PasswordPool pool{t.loop, 2};
  CHECK(verdict(t, pool, kCheap, "secret") == Verdict::kRight);
  CHECK(verdict(t, pool, kCheap, "guess") == Verdict::kWrong);
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

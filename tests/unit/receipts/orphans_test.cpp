// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/orphans.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "unit/receipts/fixture.hpp"

using namespace aldis;
using namespace aldis::receipts;
using namespace aldis::receipts::test;

TEST_CASE("pain_07_receipt_first: 10,000 of 10,000 inverted pairs end in their state, none is left", "[H2]") {
  Bench bench;
  std::mt19937 random{11};
  constexpr int kCount = 10'000;
  std::vector<Message*> messages;
  for (int i = 0; i < kCount; ++i) {
    Message& m = bench.messages.add("33639" + std::to_string(8'000'000 + i % 500));
    m.status = Status::kSending;
    m.parts[0].status = Status::kSending;
    messages.push_back(&m);
    char hex[16];
    std::snprintf(hex, sizeof hex, "%x", 9'000'000 + i);  // receipts in hexadecimal, responses in decimal
    CHECK_FALSE(bench.take(receipt(hex, m.destination.digits.view(), Status::kUndeliverable)));
  }
  std::vector<int> order(kCount);
  for (int i = 0; i < kCount; ++i) { order[static_cast<std::size_t>(i)] = i; }
  std::shuffle(order.begin(), order.end(), random);
  for (const int i : order) {
    Message& m = *messages[static_cast<std::size_t>(i)];
    REQUIRE(bench.result(m, 0, std::to_string(9'000'000 + i)) == 1);
    REQUIRE(m.status == Status::kUndeliverable);
  }
  CHECK(bench.orphans.size() == 0);
  CHECK(bench.rules.learned(kA) == IdDialect::kReceiptHex);
}

TEST_CASE("several receipts of one part come out in the order in which they came") {
  Bench bench;
  Message& m = bench.messages.add("33639980001");
  m.parts[0].status = Status::kSending;
  bench.park(receipt("5", "33639980001", Status::kSent));
  bench.park(receipt("5", "33639980001", Status::kDelivered));
  bench.park(receipt("5", "33639980001", Status::kDelivered));
  CHECK(bench.result(m, 0, "5") == 3);
  CHECK(m.status == Status::kDelivered);
  CHECK(m.status_seq == 2);  // ENROUTE told, DELIVERED
}

TEST_CASE("an orphan is not given to another operator, another number or a dialect that is not set") {
  Bench bench;
  bench.park(receipt("1000", "33639980001"));
  Message& elsewhere = bench.messages.add("33639980001", 1, kB);
  CHECK(bench.orphans.match(kB, "1000", elsewhere, bench.settings) == nullptr);
  Message& other = bench.messages.add("33639980002");
  CHECK(bench.orphans.match(kA, "1000", other, bench.settings) == nullptr);
  Message& m = bench.messages.add("33639980001");
  bench.settings.id_dialect = IdDialect::kReceiptDec;
  CHECK(bench.orphans.match(kA, "1000", m, bench.settings) == nullptr);
  CHECK(bench.orphans.match(kA, "3E8", m, bench.settings) != nullptr);
  bench.settings.id_dialect = IdDialect::kSame;
  CHECK(bench.orphans.match(kA, "3E8", m, bench.settings) == nullptr);
  CHECK(bench.orphans.match(kA, "01000", m, bench.settings) != nullptr);
  bench.settings.match_address = false;
  CHECK(bench.orphans.match(kA, "1000", other, bench.settings) != nullptr);
}

TEST_CASE("two orphans that mean one part in two dialects are left alone until the dialect is known") {
  Bench bench;
  Message& m = bench.messages.add("33639980001");
  bench.park(receipt("3e8", "33639980001"));
  CHECK(bench.orphans.match(kA, "1000", m, bench.settings)->id_text == "3e8");
  bench.park(receipt("4096", "33639980001"));  // 1000 in hexadecimal
  CHECK(bench.orphans.match(kA, "1000", m, bench.settings) == nullptr);
  bench.rules.restore(kA, IdDialect::kReceiptHex);
  CHECK(bench.orphans.match(kA, "1000", m, bench.settings)->id_text == "3e8");
}

TEST_CASE("a part that became uncertain finds the receipt that came before", "[D4]") {
  Bench bench;
  Message& m = bench.messages.add("33639980001");
  m.has_user_message_reference = true;
  m.user_message_reference = 9;
  bench.park(receipt("5", "33639980001", Status::kSent));
  m.parts[0].sent_since = kStart - minutes{4};
  Orphan& first = *bench.orphans.match_uncertain(kA, m, m.parts[0]);
  CHECK(first.id_text == "5");
  bench.park(receipt("5", "33639980001", Status::kDelivered));  // of the same part
  m.parts[0].sent_since = kStart;
  CHECK(bench.orphans.match_uncertain(kA, m, m.parts[0]) == &first);
  for (const auto sent : {kStart - minutes{7}, kStart + seconds{2}}) {  // long before, and after the receipt
    m.parts[0].sent_since = sent;
    CHECK(bench.orphans.match_uncertain(kA, m, m.parts[0]) == nullptr);
  }
  m.parts[0].sent_since = kStart;
  bench.park(receipt("6", "33639980001", Status::kDelivered));  // of another: no guess
  CHECK(bench.orphans.match_uncertain(kA, m, m.parts[0]) == nullptr);
  auto r = receipt("7", "33639980001");
  r.user_message_reference = 9;
  bench.park(r);
  CHECK(bench.orphans.match_uncertain(kA, m, m.parts[0])->id_text == "7");
}

TEST_CASE("a full table drops its oldest and counts it; time frees the rest") {
  IdRules rules;
  OrphanReceipts orphans{kKey, rules, {.bound = 3, .retention = hours{1}}};
  for (int i = 0; i < 5; ++i) {
    const std::string id = std::to_string(100 + i);
    auto r = receipt(id, "33639980001");
    r.received_at = kStart + seconds{i};
    const MessageId own{static_cast<std::uint64_t>(i) + 1};
    orphans.park(Instant{seconds{i}}, std::make_unique<Orphan>(own, r, Unmatched::kUnknown));
  }
  CHECK(orphans.size() == 3);
  CHECK(orphans.dropped() == 2);
  CHECK(orphans.expire({Instant{seconds{1} + hours{1}}, kStart}) == 0);
  CHECK(orphans.expire({Instant{seconds{3} + hours{1}}, kStart}) == 2);
  CHECK(orphans.size(kA) == 1);
  int listed = 0;
  orphans.for_each(kA, [&](Orphan& orphan) {
    ++listed;
    CHECK(orphan.id_text == "104");
    orphans.remove(orphan);
  });
  CHECK(listed == 1);
  CHECK(orphans.size() == 0);
}

TEST_CASE("an unparsed receipt is kept and listed with its octets, and matches nothing") {
  Bench bench;
  auto r = receipt("77", "33639980001");
  r.state.reset();
  r.body = "Your parcel is here";
  bench.park(r, Unmatched::kUnparsed);
  Message& m = bench.messages.add("33639980001");
  m.parts[0].sent_since = kStart;
  CHECK(bench.orphans.match(kA, "77", m, bench.settings) == nullptr);
  CHECK(bench.orphans.match_uncertain(kA, m, m.parts[0]) == nullptr);
  bench.orphans.for_each(kA, [](Orphan& orphan) { CHECK(orphan.body == "Your parcel is here"); });
}

TEST_CASE("a receipt that names no id but a state can be found by its numbers") {
  Bench bench;
  Orphan& nameless = bench.park(receipt("", "33639980001"), Unmatched::kUnparsed);
  Message& m = bench.messages.add("33639980001");
  m.parts[0].sent_since = kStart;
  CHECK(bench.orphans.match_uncertain(kA, m, m.parts[0]) == &nameless);
}

// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/correlator.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "unit/receipts/fixture.hpp"

using namespace aldis;
using namespace aldis::receipts;
using namespace aldis::receipts::test;

TEST_CASE("pain_05_ids_scoped: 2 x 10,000 equal ids of two operators never cross", "[S6]") {
  Bench bench;
  std::vector<MessageId> of_a;
  std::vector<MessageId> of_b;
  for (int i = 0; i < 10'000; ++i) {  // the same number too: only the operator tells them apart
    of_a.push_back(bench.sent(std::to_string(100'000 + i), "33639980001", kA).id);
    of_b.push_back(bench.sent(std::to_string(100'000 + i), "33639980001", kB).id);
  }
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const std::string id = std::to_string(100'000 + i);
    const auto a = bench.correlate(receipt(id, "33639980001", Status::kDelivered, kA));
    const auto b = bench.correlate(receipt(id, "33639980001", Status::kDelivered, kB));
    REQUIRE(a.has_value());
    REQUIRE(b.has_value());
    REQUIRE(a->part.message == of_a[i]);
    REQUIRE(b->part.message == of_b[i]);
  }
  CHECK(bench.correlate(receipt("100000", "33639980001", Status::kDelivered, OperatorId{2})).error() ==
        Unmatched::kUnknown);
}

TEST_CASE("the receipt must name the destination, by the last eight digits of either address") {
  Bench bench;
  const MessageId id = bench.sent("77", "447700900123").id;
  auto r = receipt("77", "+447700900123");
  CHECK(bench.correlate(r)->part.message == id);
  r.source = number("07700900123");
  CHECK(bench.correlate(r)->part.message == id);
  std::swap(r.source, r.destination);  // not swapped by the operator
  CHECK(bench.correlate(r)->part.message == id);
  r.source = number("447700900999");
  r.destination = number("447700900124");
  CHECK(bench.correlate(r).error() == Unmatched::kAddress);
  bench.settings.match_address = false;
  CHECK(bench.correlate(r)->part.message == id);
}

TEST_CASE("without a usable address a single id suffices, and two do not") {
  Bench bench;
  const MessageId id = bench.sent("77", "447700900123").id;
  auto r = receipt("77", "");
  r.source = Address{5, 0, FixedString<20>{"INFO24"}};  // digits in a name are no number
  r.destination = Address{};
  CHECK(bench.correlate(r)->part.message == id);
  bench.sent("77", "447700900124");
  CHECK(bench.correlate(r).error() == Unmatched::kAmbiguous);
}

TEST_CASE("a reused id goes to the newest open message with that number", "[H7]") {
  Bench bench;
  Message& first = bench.sent("42", "33639980001");
  Message& other = bench.sent("42", "33639980002");
  Message& second = bench.sent("42", "33639980001");
  CHECK(bench.correlate(receipt("42", "33639980001"))->part.message == second.id);
  CHECK(bench.correlate(receipt("42", "33639980002"))->part.message == other.id);
  second.parts[0].status = Status::kDelivered;
  CHECK(bench.correlate(receipt("42", "33639980001"))->part.message == first.id);
  first.parts[0].status = Status::kDelivered;  // a repeated receipt still finds one of them
  CHECK(bench.correlate(receipt("42", "33639980001"))->part.message == second.id);
  bench.correlator.forget(kA, "42", {second.id, 0});
  CHECK(bench.correlate(receipt("42", "33639980001"))->part.message == first.id);
  bench.correlator.forget(kA, "42", {first.id, 0});
  bench.correlator.forget(kA, "42", {other.id, 0});
  CHECK(bench.correlate(receipt("42", "33639980001")).error() == Unmatched::kUnknown);
  CHECK(bench.correlator.remembered() == 0);
}

TEST_CASE("parts of one message with one id are each found while they are open") {
  Bench bench;
  Message& m = bench.messages.add("33639980001", 2);
  bench.answered(m, 0, "9");
  bench.answered(m, 1, "9");
  const auto one = bench.correlate(receipt("9", "33639980001"));
  m.parts[one->part.part].status = Status::kDelivered;
  const auto two = bench.correlate(receipt("9", "33639980001"));
  CHECK(one->part.part != two->part.part);
}

TEST_CASE("two dialects that hit two messages are ambiguous until the operator's is known") {
  Bench bench;
  Message& same = bench.sent("1000", "33639980001");
  Message& hex = bench.sent("3e8", "33639980001");  // 1000 in hexadecimal
  CHECK(bench.correlate(receipt("1000", "33639980001")).error() == Unmatched::kAmbiguous);
  bench.rules.restore(kA, IdDialect::kReceiptDec);
  CHECK(bench.correlate(receipt("1000", "33639980001"))->part.message == hex.id);
  bench.rules.restore(kA, IdDialect::kSame);
  CHECK(bench.correlate(receipt("1000", "33639980001"))->part.message == same.id);
  CHECK(bench.correlate(receipt("1000", "33639980001"))->how == How::kExact);
}

TEST_CASE("the TLV's id is tried before the text's, and the text's when it finds nothing") {
  Bench bench;
  const MessageId a = bench.sent("501", "33639980001").id;
  const MessageId b = bench.sent("502", "33639980001").id;
  auto r = receipt("502", "33639980001");
  r.id_tlv = "501";
  CHECK(bench.correlate(r)->part.message == a);
  r.id_tlv = "599";
  CHECK(bench.correlate(r)->part.message == b);
}

TEST_CASE("a receipt without id or state is unparsed, an unknown id is unknown") {
  Bench bench;
  bench.sent("501", "33639980001");
  CHECK(bench.correlate(receipt("", "33639980001")).error() == Unmatched::kUnparsed);
  auto r = receipt("501", "33639980001");
  r.unparsed = true;
  CHECK(bench.correlate(r).error() == Unmatched::kUnparsed);
  CHECK(bench.correlate(receipt("777", "33639980001")).error() == Unmatched::kUnknown);
}

TEST_CASE("an unflagged receipt needs an open message with its id and its number") {
  Bench bench;
  Message& m = bench.sent("501", "33639980001");
  auto r = receipt("501", "33639980001");
  r.unflagged = true;
  CHECK(bench.correlate(r)->part.message == m.id);
  r.source = Address{};
  r.destination = Address{};
  CHECK(bench.correlate(r).has_error());
  r.source = number("33639980001");
  m.parts[0].status = Status::kDelivered;
  CHECK(bench.correlate(r).has_error());
}

TEST_CASE("a part that was sent twice is found by either id") {
  Bench bench;
  Message& m = bench.sent("501", "33639980001");
  m.parts[0].attempt = 2;
  bench.answered(m, 0, "502");  // the message now holds the second id only
  CHECK(bench.correlate(receipt("501", "33639980001"))->part.message == m.id);
  CHECK(bench.correlate(receipt("502", "33639980001"))->part.message == m.id);
}

TEST_CASE("a message that left memory is not found") {
  Bench bench;
  bench.messages.gone = bench.sent("501", "33639980001").id;
  CHECK(bench.correlate(receipt("501", "33639980001")).error() == Unmatched::kUnknown);
}

TEST_CASE("an operator with one id for everything keeps a bounded chain") {
  Bench bench;
  for (int i = 0; i < 5'000; ++i) { bench.sent("1", "33639" + std::to_string(8'000'000 + i)); }
  CHECK(bench.correlator.remembered() <= Correlator::kChainMax + 1);
  CHECK(bench.correlator.remembered() + bench.correlator.chain_dropped() == 5'000);
  CHECK(bench.correlate(receipt("1", "336398009999")).error() == Unmatched::kAddress);
  CHECK(bench.correlate(receipt("1", "336398004998"))->part.message == MessageId{4'999});
}

TEST_CASE("an uncertain part is found by its reference, else by numbers and time, and only if it is alone",
          "[D4]") {
  Bench bench;
  Message& a = bench.messages.add("33639980001");
  a.has_user_message_reference = true;
  a.user_message_reference = 700;
  a.parts[0].status = Status::kUncertain;
  Message& b = bench.messages.add("33639980001");
  b.parts[0].status = Status::kUncertain;
  a.parts[0].sent_since = kStart;
  bench.correlator.watch(kA, a, 0);

  auto r = receipt("888", "33639980001");
  CHECK(bench.correlate(r)->how == How::kFallback);
  CHECK(bench.correlate(r)->part.message == a.id);
  b.parts[0].sent_since = kStart + seconds{10};
  bench.correlator.watch(kA, b, 0);
  CHECK(bench.correlate(r)->part.message == a.id);  // b was not sent yet
  r.received_at = kStart + seconds{10};
  CHECK(bench.correlate(r).error() == Unmatched::kUnknown);
  r.user_message_reference = 700;
  CHECK(bench.correlate(r)->part.message == a.id);
  bench.correlator.unwatch({a.id, 0});
  r.user_message_reference.reset();
  CHECK(bench.correlate(r)->part.message == b.id);

  r.received_at = kStart + seconds{10} + minutes{6} + microseconds{1};
  CHECK(bench.correlate(r).has_error());
  r.received_at = kStart + seconds{10};
  r.destination = number("447700900998");  // another sender
  CHECK(bench.correlate(r).has_error());
  r.destination = number("447700900999");
  r.op = kB;
  CHECK(bench.correlate(r).has_error());
  r.op = kA;
  b.parts[0].status = Status::kDelivered;
  CHECK(bench.correlate(r).has_error());
  bench.correlator.unwatch({b.id, 0});
  bench.correlator.unwatch({b.id, 0});
  CHECK(bench.correlator.watched() == 0);
}

TEST_CASE("an id that belongs to another number is not helped by addresses") {
  Bench bench;
  bench.sent("501", "33639980002");
  Message& doubted = bench.messages.add("33639980001");
  doubted.parts[0].status = Status::kUncertain;
  bench.correlator.watch(kA, doubted, 0);
  CHECK(bench.correlate(receipt("501", "33639980001")).error() == Unmatched::kAddress);
}

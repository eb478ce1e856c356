// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <vector>

#include "unit/dispatch/fixture.hpp"

using namespace aldis;
using namespace aldis::dispatch;

namespace {

struct Story {
  Messages messages;
  Dispatch dispatch;
  explicit Story(double per_second = 100'000, std::uint32_t burst = 10'000) {
    dispatch.configure_operator(kStart, kOp, operator_settings(per_second, burst));
  }
  Message& queue(std::uint32_t account = 1, MessageClass c = MessageClass::kTransactional,
                 std::size_t parts = 1) {
    Message& message = messages.make(account, c, parts);
    dispatch.enqueue(kStart, message, kOp);
    return message;
  }
  Message* take(Instant now = kStart) {
    const Grant grant = dispatch.next(now, kOp);
    if (grant) { lease(grant); }
    return grant.message;
  }
};

}  // namespace

TEST_CASE("one-time passwords go before transactional before bulk, each in the order of arrival") {
  Story s;
  Message& bulk = s.queue(1, MessageClass::kBulk);
  Message& first = s.queue(1, MessageClass::kTransactional);
  Message& second = s.queue(1, MessageClass::kTransactional);
  Message& otp = s.queue(2, MessageClass::kOtp);
  CHECK(s.dispatch.queued(kOp) == 4);
  CHECK(s.dispatch.queued(kOp, MessageClass::kTransactional) == 2);
  CHECK(s.take() == &otp);
  CHECK(s.take() == &first);
  CHECK(s.take() == &second);
  CHECK(s.take() == &bulk);
  CHECK(s.take() == nullptr);
  CHECK(s.dispatch.queued(kOp) == 0);
  CHECK(s.dispatch.tokens_at(kOp) == kNever);
}

TEST_CASE("throttled messages come back in their order, whatever the order of their answers") {
  Story s;
  std::vector<Message*> sent;
  for (int i = 0; i < 8; ++i) { s.queue(); }
  for (int i = 0; i < 5; ++i) { sent.push_back(s.take()); }
  for (const int i : {3, 0, 4, 2, 1}) {
    sent[static_cast<std::size_t>(i)]->parts[0].status = Status::kQueued;
    s.dispatch.requeue_front(kStart, *sent[static_cast<std::size_t>(i)]);
  }
  for (auto& message : s.messages.all()) { CHECK(s.take() == &message); }
}

TEST_CASE("a message that is queued already is not queued twice, and one that is not is not removed") {
  Story s;
  Message& message = s.queue();
  s.dispatch.requeue_front(kStart, message);
  CHECK(s.dispatch.queued(kOp) == 1);
  s.dispatch.remove(message);
  CHECK_FALSE(Dispatch::is_queued(message));
  s.dispatch.remove(message);
  CHECK(s.dispatch.queued(kOp) == 0);
  CHECK(s.take() == nullptr);
}

TEST_CASE(
    "any mixture of queueing, granting, returning and removing keeps the order of every lane and every "
    "count") {
  std::mt19937_64 random{11};
  Story s;
  std::map<std::uint32_t, std::set<std::uint64_t>> model;  // account -> lane_seq of what is queued
  std::vector<Message*> sent;
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int step = 0; step < 60'000; ++step) {
    switch (random() % 6) {
      case 0:
      case 1: {
        Message& m = s.queue(static_cast<std::uint32_t>(random() % 5), MessageClass::kBulk);
        model[m.account.value()].insert(m.lane_seq);
        break;
      }
      case 2:
      case 3: {
        Message* m = s.take(kStart + seconds{step});
        if (m == nullptr) { break; }
        auto& lane = model[m->account.value()];
        REQUIRE(m->lane_seq == *lane.begin());
        lane.erase(lane.begin());
        sent.push_back(m);
        break;
      }
      case 4:
        if (!sent.empty()) {
          const std::size_t i = pick(sent.size());
          sent[i]->parts[0].status = Status::kQueued;
          s.dispatch.requeue_front(kStart, *sent[i]);
          model[sent[i]->account.value()].insert(sent[i]->lane_seq);
          sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(i));
        }
        break;
      default: {
        if (s.messages.all().empty()) { break; }
        Message& m = s.messages.all()[pick(s.messages.all().size())];
        if (Dispatch::is_queued(m)) { model[m.account.value()].erase(m.lane_seq); }
        s.dispatch.remove(m);
      }
    }
    std::size_t queued = 0;
    for (const auto& [account, lane] : model) { queued += lane.size(); }
    REQUIRE(s.dispatch.queued(kOp) == queued);
  }
}

TEST_CASE("accounts that all wait share by weight within one quantum and one message, counted in parts") {
  std::mt19937_64 random{5};
  for (int round = 0; round < 20; ++round) {
    Story s{100'000, 100'000};
    std::map<std::uint32_t, std::uint32_t> weights;
    const auto accounts = static_cast<std::uint32_t>(2 + random() % 6);
    for (std::uint32_t a = 0; a < accounts; ++a) {
      weights[a] = static_cast<std::uint32_t>(1 + random() % 9);
      s.dispatch.configure_account(AccountId{a},
                                   weights[a] * 50);  // the common factor must not lengthen turns
      for (int i = 0; i < 3000; ++i) { s.queue(a, MessageClass::kBulk, 1 + random() % 4); }
    }
    std::map<std::uint32_t, double> served;
    for (int i = 0; i < 1500; ++i) {
      const Grant grant = s.dispatch.next(kStart, kOp);
      REQUIRE(grant.whole);
      served[grant.message->account.value()] += grant.parts;
    }
    for (const auto& [a, weight_a] : weights) {
      for (const auto& [b, weight_b] : weights) {
        const double apart = served[a] / weight_a - served[b] / weight_b;
        CHECK(apart <= 1 + 4.0 / weight_a + 4.0 / weight_b);
      }
    }
  }
}

TEST_CASE("an account that comes late waits one turn of the others, not for their backlog") {
  Story s;
  for (int i = 0; i < 10'000; ++i) { s.queue(1, MessageClass::kBulk); }
  for (int i = 0; i < 100; ++i) { s.take(); }
  Message& late = s.queue(2, MessageClass::kBulk);
  int turns = 0;
  while (s.take() != &late) { REQUIRE(++turns <= 1); }
}

TEST_CASE("a message larger than the bucket goes in pieces that stay together") {
  Story s{10, 3};
  Message& large = s.queue(1, MessageClass::kBulk, 7);
  Grant grant = s.dispatch.next(kStart, kOp);
  REQUIRE(grant.message == &large);
  lease(grant);
  Message& other = s.queue(2, MessageClass::kBulk);
  CHECK(grant.parts == 3);
  CHECK_FALSE(grant.whole);
  CHECK(Dispatch::is_queued(large));
  CHECK_FALSE(s.dispatch.next(kStart, kOp));
  CHECK(s.dispatch.tokens_at(kOp) == kStart + milliseconds{300});
  grant = s.dispatch.next(kStart + milliseconds{300}, kOp);
  lease(grant);
  CHECK(grant.message == &large);
  CHECK(grant.parts == 3);
  grant = s.dispatch.next(kStart + milliseconds{400}, kOp);
  lease(grant);
  CHECK(grant.message == &large);
  CHECK(grant.parts == 1);
  CHECK(grant.whole);
  CHECK_FALSE(Dispatch::is_queued(large));
  CHECK(s.take(kStart + milliseconds{500}) == &other);
}

TEST_CASE("a link with little room gets a piece, and the rest stays at the head") {
  Story s;
  Message& message = s.queue(1, MessageClass::kBulk, 5);
  CHECK_FALSE(s.dispatch.next(kStart, kOp, 0));
  Grant grant = s.dispatch.next(kStart, kOp, 2);
  REQUIRE(grant.message == &message);
  lease(grant);
  s.queue(2, MessageClass::kBulk);
  CHECK(grant.parts == 2);
  CHECK_FALSE(grant.whole);
  grant = s.dispatch.next(kStart, kOp, 10);
  CHECK(grant.message == &message);
  CHECK(grant.parts == 3);
  CHECK(grant.whole);
}

TEST_CASE("one refused piece of a message goes back while the others are under way") {
  Story s;
  Message& message = s.queue(1, MessageClass::kBulk, 3);
  CHECK(s.take() == &message);
  message.parts[1].status = Status::kQueued;
  s.dispatch.requeue_front(kStart, message);
  const Grant grant = s.dispatch.next(kStart, kOp);
  CHECK(grant.message == &message);
  CHECK(grant.parts == 1);
  CHECK(grant.whole);
}

TEST_CASE("next and tokens_at agree: at that instant the message goes, and not before") {
  std::mt19937_64 random{3};
  Story s{7, 4};
  Instant now = kStart;
  for (int i = 0; i < 500; ++i) {
    s.queue(static_cast<std::uint32_t>(random() % 3), MessageClass::kBulk, 1 + random() % 6);
  }
  int turns = 0;
  while (s.dispatch.queued(kOp) > 0) {
    REQUIRE(++turns < 10'000);
    const Instant at = s.dispatch.tokens_at(kOp);
    REQUIRE(at != kNever);
    if (at > now + milliseconds{1}) { REQUIRE_FALSE(s.dispatch.next(at - milliseconds{1}, kOp)); }
    now = std::max(now, at);
    REQUIRE(s.take(now) != nullptr);
  }
}

TEST_CASE("a sweep returns each message once, in slices, while messages come and go") {
  Story s;
  std::set<Message*> staying;
  for (int i = 0; i < 300; ++i) {
    staying.insert(&s.queue(static_cast<std::uint32_t>(i % 7), MessageClass(i % 3)));
  }
  const OperatorId other{4};
  s.dispatch.configure_operator(kStart, other, operator_settings(10));
  s.dispatch.sweep_begin(kOp);
  std::set<Message*> seen;
  for (int i = 0; Message* message = s.dispatch.sweep_next(kOp); ++i) {
    if (staying.contains(message)) { REQUIRE(seen.insert(message).second); }
    if (i % 3 == 0) {  // rerouted
      s.dispatch.remove(*message);
      s.dispatch.enqueue(kStart, *message, other);
    }
    if (i % 5 == 0) {  // granted meanwhile: perhaps before the sweep came to it
      Message* gone = s.take();
      if (gone != nullptr) { staying.erase(gone); }
    }
    if (i % 4 == 0) { s.queue(static_cast<std::uint32_t>(i % 7), MessageClass::kBulk); }
    REQUIRE(i < 2000);
  }
  for (Message* message : staying) { CHECK(seen.contains(message)); }
  CHECK(s.dispatch.queued(other) >= 100);
}

TEST_CASE("the age of the oldest and the room of a queue are told") {
  Story s;
  auto settings = operator_settings(10);
  settings.queue_max = 2;
  s.dispatch.configure_operator(kStart, kOp, settings);
  CHECK(s.dispatch.oldest(kStart, kOp, MessageClass::kBulk) == Duration{});
  s.queue(1, MessageClass::kBulk);
  CHECK(s.dispatch.has_room(kOp));
  Message& second = s.messages.make(2, MessageClass::kBulk);
  s.dispatch.enqueue(kStart + seconds{5}, second, kOp);
  CHECK_FALSE(s.dispatch.has_room(kOp));
  CHECK(s.dispatch.oldest(kStart + seconds{9}, kOp, MessageClass::kBulk) == seconds{9});
  CHECK(s.dispatch.oldest(kStart + seconds{9}, kOp, MessageClass::kOtp) == Duration{});
}

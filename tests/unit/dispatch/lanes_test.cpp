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

// Lanes keep the first message and know the others by id; counts how often one is asked for.
struct ByIds final : Fetch {
  explicit ByIds(Story& s) : story(s) { story.dispatch.keep_in_lanes(1, *this); }
  Message* message(MessageId id) override {
    ++asked;
    return &story.messages.all()[id.value() - 1];
  }
  Story& story;
  std::size_t asked = 0;
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
  int i = 0;
  const auto visit = [&](Message& visited) {
    Message* message = &visited;
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
    REQUIRE(++i < 2000);
  };
  while (s.dispatch.sweep_slice(kOp, 7, visit)) {}
  for (Message* message : staying) { CHECK(seen.contains(message)); }
  CHECK(s.dispatch.queued(other) >= 100);
}

TEST_CASE("canceled messages that a lane knows by id are passed over in slices, and others go meanwhile") {
  Story s;
  ByIds by_ids{s};
  constexpr int kCanceled = 100'000;
  Message& first = s.queue(1, MessageClass::kBulk);
  for (int i = 0; i < kCanceled; ++i) { s.queue(1, MessageClass::kBulk); }
  Message& last = s.queue(1, MessageClass::kBulk);
  Message& other = s.queue(2, MessageClass::kBulk);
  for (Message& message : s.messages.all()) {
    if (&message != &first && &message != &last && &message != &other) { s.dispatch.remove(message); }
  }
  REQUIRE(s.dispatch.queued(kOp) == 3);
  CHECK(s.take() == &first);
  CHECK(s.take() == &other);
  std::size_t calls = 0;
  Message* taken = nullptr;
  for (; taken == nullptr && calls < kCanceled; ++calls) {
    REQUIRE(s.dispatch.tokens_at(kOp) <= kStart);  // there is more, at once
    const std::size_t before = by_ids.asked;
    taken = s.take();
    REQUIRE(by_ids.asked - before <= 64);
  }
  CHECK(taken == &last);
  CHECK(calls > 100);
  CHECK(s.dispatch.tokens_at(kOp) == kNever);
  Message& next = s.queue(1, MessageClass::kBulk);
  CHECK(s.take() == &next);
}

TEST_CASE("a lane whose messages by id are all canceled forgets their ids at once") {
  Story s;
  ByIds by_ids{s};
  for (int i = 0; i < 1000; ++i) { s.queue(); }
  for (Message& message : s.messages.all()) {
    if (message.lane_by_id) { s.dispatch.remove(message); }
  }
  CHECK(s.take() == &s.messages.all().front());
  CHECK(s.dispatch.tokens_at(kOp) == kNever);
  CHECK(by_ids.asked == 0);
}

TEST_CASE("dead ids behind the last message of a lane keep nothing that comes later out of its ring") {
  Story s;
  ByIds by_ids{s};
  s.queue();
  Message& second = s.queue();
  Message& canceled = s.queue();
  s.dispatch.remove(canceled);
  REQUIRE(s.take() != nullptr);
  REQUIRE(s.take() == &second);
  Message& late = s.queue();
  CHECK(s.take() == &late);
  Message& removed = s.queue();
  s.dispatch.remove(removed);
  CHECK(s.dispatch.queued(kOp) == 0);
  CHECK(s.take() == nullptr);
}

TEST_CASE("what comes back to the head of a lane goes before the ids that it passes over") {
  Story s;
  ByIds by_ids{s};
  Message& first = s.queue();
  for (int i = 0; i < 1000; ++i) { s.queue(); }
  Message& last = s.queue();
  for (Message& message : s.messages.all()) {
    if (message.lane_by_id && &message != &last) { s.dispatch.remove(message); }
  }
  REQUIRE(s.take() == &first);
  first.parts[0].status = Status::kQueued;
  s.dispatch.requeue_front(kStart, first);
  s.dispatch.sweep_begin(kOp);
  std::set<Message*> seen;
  while (s.dispatch.sweep_slice(kOp, 5, [&](Message& message) { CHECK(seen.insert(&message).second); })) {}
  CHECK(seen == std::set<Message*>{&first, &last});
  CHECK(s.take() == &first);
  Message* taken = nullptr;
  for (int i = 0; i < 100 && taken == nullptr; ++i) { taken = s.take(); }
  CHECK(taken == &last);
}

TEST_CASE("a sweep finds what stands behind ids that are passed over") {
  Story s;
  ByIds by_ids{s};
  s.queue();
  for (int i = 0; i < 1000; ++i) { s.queue(); }
  Message& last = s.queue();
  for (Message& message : s.messages.all()) {
    if (message.lane_by_id && &message != &last) { s.dispatch.remove(message); }
  }
  REQUIRE(s.take() != nullptr);  // the lane has nothing but ids now
  s.dispatch.sweep_begin(kOp);
  const OperatorId other{4};
  s.dispatch.configure_operator(kStart, other, operator_settings(10));
  std::size_t slices = 1;
  while (s.dispatch.sweep_slice(kOp, 10, [&](Message& message) {
    CHECK(&message == &last);
    s.dispatch.remove(message);
    s.dispatch.enqueue(kStart, message, other);
  })) {
    ++slices;
  }
  CHECK(slices > 50);
  CHECK(s.dispatch.queued(kOp) == 0);
  CHECK(s.dispatch.queued(other) == 1);
  CHECK(s.dispatch.tokens_at(kOp) == kNever);
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

// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <deque>
#include <vector>

#include "aldis/dispatch/retry.hpp"
#include "dispatch/rate.hpp"
#include "unit/dispatch/fixture.hpp"

using namespace aldis;
using namespace aldis::dispatch;

namespace {

Rate rate_of(double per_second, std::uint32_t burst = 1) {
  Rate rate;
  rate.configure(kStart, {.per_second = per_second, .burst = burst, .per_second_min = 1});
  return rate;
}

// `per_second` OKs in the second that ends at `end`.
void ok_for_a_second(Rate& rate, Instant end, int per_second) {
  for (int i = 1; i <= per_second; ++i) {
    rate.take(1);
    rate.on_answer(end - seconds{1} + milliseconds{1000} * i / per_second, OutcomeClass::kOk, 1);
  }
}

}  // namespace

TEST_CASE("no sliding second holds more parts than rate and burst, whatever sizes come whenever") {
  std::mt19937_64 random{17};
  for (const auto& [per_second, burst] : {std::pair{50.0, 5u}, {3.0, 1u}, {200.0, 40u}, {0.5, 2u}}) {
    Messages messages;
    Dispatch dispatch;
    dispatch.configure_operator(kStart, kOp, operator_settings(per_second, burst));
    std::deque<Instant> sent;  // a part each, within the last second
    Instant now = kStart;
    while (now < kStart + minutes{2}) {
      if (random() % 3 == 0) {
        dispatch.enqueue(
            now,
            messages.make(static_cast<std::uint32_t>(random() % 3), MessageClass::kBulk, 1 + random() % 12),
            kOp);
      }
      while (const Grant grant = dispatch.next(now, kOp)) {
        lease(grant);
        sent.insert(sent.end(), grant.parts, now);
        dispatch.on_answer(now, kOp, OutcomeClass::kOk, grant.parts);
      }
      while (!sent.empty() && sent.front() <= now - seconds{1}) { sent.pop_front(); }
      REQUIRE(static_cast<double>(sent.size()) <= per_second + burst + 1e-3);
      now += milliseconds{random() % 40};
    }
  }
}

TEST_CASE("over minutes the whole rate is used, and not more") {
  Messages messages;
  Dispatch dispatch;
  dispatch.configure_operator(kStart, kOp, operator_settings(50, 5));
  std::uint32_t parts = 0;
  Instant now = kStart;
  for (int i = 0; i < 4000; ++i) { dispatch.enqueue(now, messages.make(1, MessageClass::kBulk, 2), kOp); }
  while (now < kStart + seconds{60}) {
    while (const Grant grant = dispatch.next(now, kOp)) {
      lease(grant);
      parts += grant.parts;
      dispatch.on_answer(now, kOp, OutcomeClass::kOk, grant.parts);
    }
    now = std::max(now + milliseconds{10}, dispatch.tokens_at(kOp));
  }
  CHECK(parts >= 2990);
  CHECK(parts <= 3005);
}

TEST_CASE(
    "the first second with throttle answers sets the rate to 0.95 of the knee, the next ones cut harder") {
  Rate rate = rate_of(100);
  Instant now = kStart + seconds{10};
  ok_for_a_second(rate, now, 60);
  rate.take(1);
  rate.on_answer(now, OutcomeClass::kThrottle, 1);
  CHECK(rate.per_second() == Approx(57).epsilon(0.02));
  SECTION("more answers of the same second change nothing") {
    rate.take(1);
    rate.on_answer(now + milliseconds{400}, OutcomeClass::kThrottle, 1);
    CHECK(rate.per_second() == Approx(57.3).epsilon(0.02));
  }
  SECTION("a second in a row takes 0.7, later ones a half, down to the floor") {
    double before = rate.per_second();
    for (const double factor : {0.7, 0.5, 0.5, 0.5}) {
      now += milliseconds{1200};
      rate.take(1);
      rate.on_answer(now, OutcomeClass::kThrottle, 1);
      CHECK(rate.per_second() == Approx(std::max(before * factor, 1.0)).epsilon(0.1));
      before = rate.per_second();
    }
    for (int i = 0; i < 20; ++i) {
      now += milliseconds{1010};
      rate.take(1);
      rate.on_answer(now, OutcomeClass::kThrottle, 1);
    }
    CHECK(rate.per_second() <= 2);
    CHECK(rate.per_second() >= 1);
  }
  SECTION(
      "it recovers 1 % of the knee a second, stays there for a while, then takes 0.5 % of the configured "
      "rate a second") {
    rate.advance(now + seconds{3});
    CHECK(rate.per_second() == Approx(58.8).epsilon(0.02));
    rate.advance(now + seconds{5});
    CHECK(rate.per_second() == Approx(60).epsilon(0.02));
    rate.advance(now + seconds{10});
    CHECK(rate.per_second() == Approx(60).epsilon(0.02));
    rate.advance(now + seconds{30});
    CHECK(rate.per_second() == Approx(70).epsilon(0.02));
    rate.advance(now + minutes{10});
    CHECK(rate.per_second() == Approx(100));
  }
}

TEST_CASE(
    "throttle answers to parts that left before the rate fell say nothing new, however long the round trip") {
  Rate rate = rate_of(100, 10);
  Instant now = kStart + seconds{10};
  ok_for_a_second(rate, now, 60);
  for (int i = 0; i < 30; ++i) { rate.take(1); }
  rate.on_answer(now, OutcomeClass::kThrottle, 1);
  const double slowed = rate.per_second();
  for (int i = 1; i < 30; ++i) { rate.on_answer(now + milliseconds{100} * i, OutcomeClass::kThrottle, 1); }
  CHECK(rate.per_second() >= slowed);
  rate.take(1);
  rate.on_answer(now + milliseconds{3100}, OutcomeClass::kThrottle, 1);
  CHECK(rate.per_second() == Approx(slowed * 0.7).epsilon(0.06));
}

TEST_CASE("congestion_state holds the rate from 80, slows it from 90, and stops for a second at 100") {
  Rate rate = rate_of(100, 10);
  Instant now = kStart + seconds{10};
  ok_for_a_second(rate, now, 60);
  rate.on_congestion(now, 79);
  CHECK(rate.per_second() == 100);
  rate.on_congestion(now, 90);
  CHECK(rate.per_second() == Approx(57).epsilon(0.02));
  const double slowed = rate.per_second();
  SECTION("80 to 89: no recovery") {
    for (int i = 1; i <= 20; ++i) { rate.on_congestion(now + milliseconds{500} * i, 85); }
    CHECK(rate.per_second() == Approx(slowed));
    rate.advance(now + seconds{14});
    CHECK(rate.per_second() > slowed);
  }
  SECTION("100: half, and a pause") {
    now += seconds{5};
    const double before = (rate.advance(now), rate.per_second());
    rate.on_congestion(now, 100);
    CHECK(rate.per_second() <= before * 0.5 + 1);
    CHECK_FALSE(rate.ready(1));
    CHECK(rate.ready_at(1) >= now + seconds{1});
    rate.advance(now + seconds{1});
    CHECK(rate.ready(1));
  }
}

TEST_CASE("parts that were not sent give their tokens back") {
  Rate rate = rate_of(1, 2);
  rate.take(2);
  CHECK_FALSE(rate.ready(1));
  rate.on_answer(kStart, OutcomeClass::kNotSent, 1);
  CHECK(rate.ready(1));
  CHECK_FALSE(rate.ready(2));
}

TEST_CASE("a reload changes the rate at once and keeps what the operator taught us") {
  Rate rate = rate_of(100, 10);
  rate.configure(kStart, {.per_second = 40, .burst = 4, .per_second_min = 1});
  CHECK(rate.per_second() == 40);
  CHECK(rate.ready(4));
  CHECK_FALSE(rate.ready(5));
  const Instant now = kStart + seconds{10};
  ok_for_a_second(rate, now, 20);
  rate.take(1);
  rate.on_answer(now, OutcomeClass::kThrottle, 1);
  rate.configure(now, {.per_second = 200, .burst = 4, .per_second_min = 1});
  CHECK(rate.per_second() == Approx(19).epsilon(0.06));
}

// --- H27: an operator with a cap that it does not tell ---------------------

namespace {

// Ways in which operators count. Each allows 50 parts a second.
struct HiddenCap {
  enum class Kind { kSecondsOfTheClock, kSlidingSecond, kBucket } kind;
  double burst = 1;  // of the bucket
  double tokens = 1;
  Instant at = kStart;
  std::deque<Instant> taken{};

  bool take(Instant now) {
    if (kind == Kind::kBucket) {
      tokens = std::min(burst, tokens + 50 * static_cast<double>((now - at).count()) * 1e-9);
      at = now;
      if (tokens < 1) { return false; }
      tokens -= 1;
      return true;
    }
    const Instant since = kind == Kind::kSlidingSecond
                              ? now - seconds{1}
                              : Instant{std::chrono::floor<seconds>(now.time_since_epoch())} - Duration{1};
    while (!taken.empty() && taken.front() <= since) { taken.pop_front(); }
    if (taken.size() >= 50) { return false; }
    taken.push_back(now);
    return true;
  }
};

struct Result {
  double used = 0;       // of the cap
  double throttled = 0;  // of the answers
};

Result ten_minutes(HiddenCap cap, Duration round_trip, double per_second) {
  Messages messages;
  Dispatch dispatch;
  dispatch.configure_operator(kStart, kOp, operator_settings(per_second));
  struct Answer {
    Instant at;
    Message* message;
    bool ok;
  };
  std::deque<Answer> under_way;
  std::mt19937_64 random{1};
  Instant silent_until = kStart;
  std::uint64_t answered_ok = 0;
  std::uint64_t throttled = 0;
  Result result;
  Instant next_offer = kStart;
  for (Instant now = kStart; now < kStart + minutes{10}; now += milliseconds{1}) {
    while (next_offer <= now) {
      dispatch.enqueue(now, messages.make(), kOp);
      next_offer += milliseconds{10};
    }
    while (!under_way.empty() && under_way.front().at <= now) {
      const Answer answer = under_way.front();
      under_way.pop_front();
      dispatch.on_answer(now, kOp, answer.ok ? OutcomeClass::kOk : OutcomeClass::kThrottle);
      if (answer.ok) {
        ++answered_ok;
        continue;
      }
      ++throttled;
      silent_until = now + throttle_silence(static_cast<double>(random() % 1000) / 1000);
      answer.message->parts[0].status = Status::kQueued;
      dispatch.requeue_front(now, *answer.message);
    }
    while (now >= silent_until && under_way.size() < 50) {
      const Grant grant = dispatch.next(now, kOp);
      if (!grant) { break; }
      lease(grant);
      under_way.push_back({now + round_trip, grant.message, cap.take(now + round_trip / 2)});
    }
  }
  result.used = static_cast<double>(answered_ok) / (50.0 * 600);
  result.throttled = static_cast<double>(throttled) / static_cast<double>(throttled + answered_ok);
  return result;
}

}  // namespace

TEST_CASE(
    "H27: under a hidden cap of 50/s and an offer of 100/s, 95 % of the cap is used and 2 % of answers are "
    "throttles") {
  using Kind = HiddenCap::Kind;
  const std::vector<HiddenCap> caps{{Kind::kSecondsOfTheClock},
                                    {Kind::kSlidingSecond},
                                    {Kind::kBucket, 5, 5},
                                    {Kind::kBucket, 10, 10},
                                    {Kind::kBucket, 50, 50}};
  for (const auto& cap : caps) {
    for (const Duration round_trip :
         {Duration{milliseconds{20}}, Duration{milliseconds{100}}, Duration{milliseconds{500}}}) {
      for (const double per_second : {60.0, 100.0, 200.0}) {
        const Result result = ten_minutes(cap, round_trip, per_second);
        CAPTURE(static_cast<int>(cap.kind), cap.burst, round_trip.count(), per_second, result.used,
                result.throttled);
        CHECK(result.used >= 0.95);
        CHECK(result.throttled <= 0.02);
      }
    }
  }
}

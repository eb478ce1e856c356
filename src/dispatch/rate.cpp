// SPDX-License-Identifier: Apache-2.0
#include "dispatch/rate.hpp"

#include <algorithm>
#include <cmath>

#include "aldis/base/mutant.hpp"

namespace aldis::dispatch {

namespace {

constexpr double kKneeShare = 0.95;
constexpr double kSecondFactor = 0.7;
constexpr double kLaterFactor = 0.5;
constexpr double kKneeRecovery = 0.01;    // of the knee, a second
constexpr double kAboveRecovery = 0.005;  // of per_second, a second
constexpr Duration kPlateau =
    seconds{10};  // after an event no probing above the knee: without it H27 loses 2 % to silences
constexpr Duration kSettleMax = seconds{60};  // answers that never come must not blind us for longer
constexpr Duration kCongestionPause = seconds{1};
constexpr Duration kCongestionHold = seconds{1};
constexpr std::uint8_t kCongestionHolds = 80;
constexpr std::uint8_t kCongestionSlows = 90;
constexpr std::uint8_t kCongestionStops = 100;
constexpr Duration kKneeSpanMin = milliseconds{100};
constexpr double kTurnSeconds = 0.01;  // timers are that late at most
constexpr double kTokenSlack = 1e-6;   // sums of doubles: a token that is due at t must be there at t

double in_seconds(Duration d) { return static_cast<double>(d.count()) * 1e-9; }

}  // namespace

void OkWindow::advance(Instant now) {
  const std::int64_t slot = now.time_since_epoch().count() / kSlotNanoseconds;
  if (slot - slot_ >= kSlots) {
    parts_.fill(0);
    slot_ = slot;
  }
  while (slot_ < slot) { parts_[static_cast<std::size_t>(++slot_ % kSlots)] = 0; }
}

void OkWindow::add(Instant now, std::uint32_t parts) {
  advance(now);
  if (now - last_ >= seconds{1}) { began_ = now; }
  last_ = now;
  parts_[static_cast<std::size_t>(slot_ % kSlots)] += parts;
}

double OkWindow::per_second(Instant now) {
  advance(now);
  const std::int64_t into = now.time_since_epoch().count() % kSlotNanoseconds;
  double sum = 0;
  for (const auto parts : parts_) { sum += parts; }
  sum -=
      static_cast<double>(into) / kSlotNanoseconds * parts_[static_cast<std::size_t>((slot_ + 1) % kSlots)];
  return sum / in_seconds(std::clamp<Duration>(now - began_, kKneeSpanMin, seconds{1}));
}

void Rate::configure(Instant now, const ThrottleSettings& throttle) {
  const bool first = rate_max_ == 0;
  if (!first) { advance(now); }
  const bool adapted = !first && rate_ < rate_max_;
  rate_max_ = std::max(throttle.per_second, 0.01);
  rate_min_ = std::clamp(throttle.per_second_min, 0.01, rate_max_);
  burst_ = throttle.burst != 0 ? throttle.burst : std::max(1.0, rate_max_ / 10);
  rate_ = adapted ? std::clamp(rate_, rate_min_, rate_max_) : rate_max_;
  knee_ = std::min(knee_, rate_max_);
  at_ = first ? now : at_;
  tokens_ = first ? capacity() : std::min(tokens_, capacity());
}

// A slowed operator gets no bursts, only what falls due between two turns of the engine: near its limit a
// burst would be throttled again, up to a second later where the operator counts in sliding seconds.
double Rate::capacity() const {
  return rate_ < rate_max_ ? std::min(1.0 + rate_ * kTurnSeconds, burst_) : burst_;
}

std::uint32_t Rate::chunk() const { return static_cast<std::uint32_t>(capacity() + kTokenSlack); }

void Rate::advance(Instant now) {
  if (now <= at_) { return; }
  const double elapsed = in_seconds(now - at_);
  tokens_ += elapsed * rate_;  // the rate before it recovers: never more than promised
  recover(std::clamp(held_until_, at_, now), now);
  tokens_ = std::min(tokens_, capacity());
  at_ = now;
}

void Rate::recover(Instant from, Instant to) {
  double elapsed = in_seconds(to - from);
  if (rate_ >= rate_max_ || elapsed <= 0) { return; }
  if (rate_ < knee_) {
    const double speed = kKneeRecovery * knee_;
    const double needed = (knee_ - rate_) / speed;
    if (elapsed <= needed) {
      rate_ += elapsed * speed;
      return;
    }
    rate_ = knee_;
    elapsed -= needed;
  }
  elapsed = std::min(elapsed, in_seconds(to - second_at_ - kPlateau));
  if (elapsed <= 0) { return; }
  rate_ = std::min(rate_max_, rate_ + elapsed * kAboveRecovery * rate_max_);
}

bool Rate::ready(std::uint32_t parts) const { return at_ >= paused_until_ && tokens_ + kTokenSlack >= parts; }

Instant Rate::ready_at(std::uint32_t parts) const {
  const double missing = parts - tokens_;
  if (missing <= kTokenSlack) { return std::max(at_, paused_until_); }
  return std::max(at_ + Duration{static_cast<Duration::rep>(std::ceil(missing / rate_ * 1e9))},
                  paused_until_);
}

void Rate::take(std::uint32_t parts) {
  tokens_ -= parts;
  under_way_ += parts;
}

void Rate::refund(std::uint32_t parts) {
  tokens_ = std::min(tokens_ + parts, capacity());
  under_way_ -= std::min<std::uint64_t>(under_way_, parts);
}

void Rate::on_answer(Instant now, OutcomeClass outcome_class, std::uint32_t parts) {
  advance(now);
  const bool from_before = under_way_before_ > 0;
  under_way_before_ -= std::min<std::uint64_t>(under_way_before_, parts);
  if (from_before && under_way_before_ == 0) { settled_at_ = now; }
  if (outcome_class == OutcomeClass::kNotSent && !ALDIS_MUTANT(27)) {
    refund(parts);
    return;
  }
  under_way_ -= std::min<std::uint64_t>(under_way_, parts);
  if (outcome_class == OutcomeClass::kOk) { ok_.add(now, parts); }
  if (outcome_class == OutcomeClass::kThrottle && (!from_before || now - second_at_ >= kSettleMax)) {
    slow_down(now, Cause::kThrottled);
  }
}

void Rate::on_congestion(Instant now, std::uint8_t congestion_state) {
  advance(now);
  if (congestion_state >= kCongestionHolds) { held_until_ = now + kCongestionHold; }
  if (congestion_state >= kCongestionStops) { paused_until_ = now + kCongestionPause; }
  const bool settled = under_way_before_ == 0 || now - second_at_ >= kSettleMax;
  if (congestion_state >= kCongestionSlows && settled) {
    slow_down(now, congestion_state >= kCongestionStops ? Cause::kCongested : Cause::kThrottled);
  }
}

void Rate::slow_down(Instant now, Cause cause) {
  if (second_at_ != kNever) {
    const Instant second_end = second_at_ + seconds{1};
    if (now < second_end) { return; }  // this second has had its effect
    streak_ = now - std::max(second_end, settled_at_) < seconds{1} ? streak_ + 1 : 1;
  } else {
    streak_ = 1;
  }
  second_at_ = now;
  under_way_before_ = under_way_;
  if (streak_ == 1) { knee_ = std::min(ok_.per_second(now), rate_max_); }
  double rate = streak_ == 1 ? std::min(rate_, kKneeShare * knee_)
                             : rate_ * (streak_ == 2 ? kSecondFactor : kLaterFactor);
  if (cause == Cause::kCongested) { rate = std::min(rate, rate_ * kLaterFactor); }
  rate_ = std::max(rate, rate_min_);
  tokens_ = std::min(tokens_, capacity());
}

}  // namespace aldis::dispatch

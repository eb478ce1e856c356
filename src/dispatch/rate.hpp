// SPDX-License-Identifier: Apache-2.0
// The rate of one operator: a token bucket in parts, whose speed follows what the operator says.
#pragma once

#include <array>
#include <cstdint>

#include "aldis/base/time.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::dispatch {

// Parts answered OK in the last second, to about 1/64 of it. Where traffic began less than a second ago, what
// a whole second of it would give: a throttle right after a start must not be taken for a nearly closed door.
class OkWindow {
 public:
  void add(Instant now, std::uint32_t parts);
  double per_second(Instant now);

 private:
  static constexpr std::int64_t kSlotsPerSecond = 64;
  static constexpr std::int64_t kSlots = kSlotsPerSecond + 1;  // the second's oldest slot is counted in part
  static constexpr std::int64_t kSlotNanoseconds = 1'000'000'000 / kSlotsPerSecond;

  void advance(Instant now);

  std::int64_t slot_ = 0;
  Instant began_{};  // first OK after a second without
  Instant last_{};
  std::array<std::uint32_t, static_cast<std::size_t>(kSlots)> parts_{};
};

// Owned by an operator of Dispatch. Never above per_second, and never more than per_second + burst in any
// sliding second. A throttle event (at most one a second, and none for parts that were under way when the
// rate last fell) sets the rate to 0.95 of the knee, the parts answered OK in the second before; in a second
// in a row it takes 0.7 of it, in later ones half. Then the rate recovers by 1 % of the knee a second up to
// the knee, and by 0.5 % of per_second a second from there, not before 10 s have passed since the event.
// While it is below per_second there are no bursts. Time must not go back.
class Rate {
 public:
  void configure(Instant now, const ThrottleSettings& throttle);

  void advance(Instant now);  // before the questions below
  [[nodiscard]] bool ready(std::uint32_t parts) const;
  [[nodiscard]] Instant ready_at(std::uint32_t parts) const;  // may lie in the past
  [[nodiscard]] std::uint32_t chunk() const;                  // parts that a full bucket holds, at least 1
  void take(std::uint32_t parts);
  void refund(std::uint32_t parts);

  void on_answer(Instant now, OutcomeClass outcome_class, std::uint32_t parts);
  void on_congestion(Instant now, std::uint8_t congestion_state);

  [[nodiscard]] double per_second() const { return rate_; }
  [[nodiscard]] double per_second_configured() const { return rate_max_; }

 private:
  enum class Cause : std::uint8_t { kThrottled, kCongested };

  void slow_down(Instant now, Cause cause);
  void recover(Instant from, Instant to);
  [[nodiscard]] double capacity() const;

  double rate_ = 0;
  double rate_max_ = 0;
  double rate_min_ = 0;
  double burst_ = 1;
  double tokens_ = 0;
  double knee_ = 0;
  Instant at_{};  // tokens_ and rate_ are of this instant
  Instant paused_until_{};
  Instant held_until_{};  // no recovery before

  Instant second_at_ = kNever;          // begin of the last second with events; kNever: none yet
  Instant settled_at_{};                // when the parts under way at that time had been answered
  std::uint32_t streak_ = 0;            // seconds with events in a row
  std::uint64_t under_way_ = 0;         // taken and not answered
  std::uint64_t under_way_before_ = 0;  // of those, taken before the rate last fell
  OkWindow ok_;
};

}  // namespace aldis::dispatch

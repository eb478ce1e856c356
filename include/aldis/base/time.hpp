// SPDX-License-Identifier: Apache-2.0
// Time is an argument (STYLE rule 1): these types name instants, and none of them can ask what time it is.
//
// Instant   monotonic; timers, rates, windows and expiry count on it. Meaningless across restarts.
// WallTime  UTC, microseconds; timestamps of records, receipts and logs, and deadlines in records.
// Now       both clocks read at the same moment; the only form in which time enters the engine.
#pragma once

#include <chrono>
#include <cstdint>

namespace aldis {

using Duration = std::chrono::nanoseconds;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct MonotonicClock {  // deliberately without now(): runtime reads the clock, everybody else is told
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

using Instant = MonotonicClock::time_point;
using WallTime = std::chrono::sys_time<microseconds>;

inline constexpr Instant kNever = Instant::max();

struct Now {
  Instant mono;
  WallTime wall;

  // A wall-clock deadline as an instant, and back, by the offset of the two clocks at this moment.
  [[nodiscard]] Instant instant_of(WallTime t) const { return mono + (t - wall); }
  [[nodiscard]] WallTime wall_of(Instant t) const {
    return wall + std::chrono::duration_cast<microseconds>(t - mono);
  }
};

}  // namespace aldis

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "aldis/base/time.hpp"

namespace aldis::daemon {

// How long events wait for their turn, and records for the disk. Fed by the wiring at the end of each turn;
// read a few times a second. Memory: one time per batch on its way.
class SelfMeter {
 public:
  static constexpr Duration kEvery = milliseconds{250};

  // `longest`: what an event that came during the turn has waited at most.
  void turn(Duration longest);
  // Of the turns since the last question, or since the one before, whichever is less: one stall is no
  // overload.
  Duration take_turn_p99();

  void appended(Instant now);  // the journal holds something that no batch took yet
  void batch_taken();
  void batch_durable();
  [[nodiscard]] Duration undurable(Instant now) const;

  [[nodiscard]] bool due(Instant now) const { return now >= next_; }
  void measured(Instant now) { next_ = now + kEvery; }
  [[nodiscard]] Instant next() const { return next_; }

 private:
  static constexpr std::size_t kBuckets = 24;  // powers of two of 1 µs: the last is 8 s and more
  std::array<std::uint64_t, kBuckets> turns_{};
  std::uint64_t count_ = 0;
  Duration p99_before_{};
  Instant pending_since_ = kNever;
  std::deque<Instant> in_work_;
  Instant next_{};
};

}  // namespace aldis::daemon

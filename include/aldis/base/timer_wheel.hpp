// SPDX-License-Identifier: Apache-2.0
// A hierarchical timer wheel: arm and cancel in constant time, for millions of timers of which most never
// fire. Owns nothing: what is timed derives from TimerHook and leaves the wheel when destroyed. Resolution 10
// ms, rounded up, so a timer never fires early. One wheel per owner of time, on its thread. Not for timers
// below 10 ms.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>

#include "aldis/base/time.hpp"

namespace aldis {

class TimerHook
    : public boost::intrusive::list_base_hook<boost::intrusive::tag<struct TimerHookTag>,
                                              boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  // `kind` says to the owner of the wheel what this hook is part of; the wheel does not look at it.
  explicit TimerHook(std::uint8_t kind = 0) : timer_kind(kind) {}
  const std::uint8_t timer_kind;
  // Being armed belongs to the place, not to the value: copies are not armed, and assignment changes nothing.
  TimerHook(const TimerHook& other) : list_base_hook(), timer_kind(other.timer_kind) {}
  TimerHook& operator=(const TimerHook&) { return *this; }

  [[nodiscard]] bool armed() const { return is_linked(); }
  [[nodiscard]] Instant at() const { return at_; }
  void cancel() { unlink(); }  // also when not armed

 private:
  friend class TimerWheel;
  Instant at_ = kNever;
};

class TimerWheel {
 public:
  static constexpr Duration kTick = milliseconds{10};

  explicit TimerWheel(Instant start);

  // Moves the hook if it was armed. A deadline in the past fires at the next advance().
  void arm(TimerHook& hook, Instant at);

  // Calls fire(TimerHook&) for every hook due at `now`; each is disarmed first, and fire may arm or cancel
  // any hook.
  template <class Fire>
  void advance(Instant now, Fire&& fire) {
    while (TimerHook* hook = pop_due(now)) { fire(*hook); }
  }

  // When advance() must be called next; never later than the earliest deadline rounded up. kNever when
  // nothing is armed.
  [[nodiscard]] Instant next_deadline() const;

 private:
  using Slot = boost::intrusive::list<
      TimerHook,
      boost::intrusive::base_hook<boost::intrusive::list_base_hook<
          boost::intrusive::tag<TimerHookTag>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>>>,
      boost::intrusive::constant_time_size<false>>;
  static constexpr unsigned kBits = 6;    // 64 slots a level
  static constexpr unsigned kLevels = 6;  // 10 ms * 64^6 = 21 years; later ones wait in the last slot

  void place(TimerHook& hook);
  TimerHook* pop_due(Instant now);
  void cascade(unsigned level);
  Slot& taken(unsigned level, std::size_t slot);  // to be emptied
  [[nodiscard]] std::uint64_t tick_of(Instant at) const;

  Instant start_;
  std::uint64_t tick_ = 0;  // slots up to here have fired
  Slot due_;
  std::array<std::array<Slot, 1u << kBits>, kLevels> slots_;
  // A bit for every slot of a level that may have hooks: those that leave the wheel by themselves clear none.
  std::array<std::uint64_t, kLevels> occupied_{};
};

}  // namespace aldis

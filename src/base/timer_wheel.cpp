// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "aldis/base/mutant.hpp"

namespace aldis {

namespace {
constexpr std::uint64_t kNoTick = ~std::uint64_t{0};
}

TimerWheel::TimerWheel(Instant start) : start_(start) {}

// The first tick at or after `at`: firing is never early.
std::uint64_t TimerWheel::tick_of(Instant at) const {
  if (at <= start_) { return 0; }
  const auto since = at - start_;
  return static_cast<std::uint64_t>((since.count() + kTick.count() - 1) / kTick.count());
}

void TimerWheel::arm(TimerHook& hook, Instant at) {
  hook.unlink();
  hook.at_ = at;
  if (at != kNever) { place(hook); }
}

// A hook's level is the highest digit (base 64) in which its tick differs from ours, so each hook moves down
// at most once per level.
void TimerWheel::place(TimerHook& hook) {
  std::uint64_t due = tick_of(hook.at_);
  if (due <= tick_) {
    due_.push_back(hook);
    return;
  }
  constexpr std::uint64_t kHorizon = (std::uint64_t{1} << (kBits * kLevels)) - 1;
  due = std::min(due, tick_ + kHorizon / 2);
  const std::uint64_t differs = due ^ tick_;
  unsigned level = 0;
  while (level + 1 < kLevels && (differs >> (kBits * (level + 1))) != 0) { ++level; }
  const auto slot = static_cast<std::size_t>((due >> (kBits * level)) & ((1u << kBits) - 1));
  slots_[level][slot].push_back(hook);
  occupied_[level] |= std::uint64_t{1} << slot;
}

TimerWheel::Slot& TimerWheel::taken(unsigned level, std::size_t slot) {
  occupied_[level] &= ~(std::uint64_t{1} << slot);
  return slots_[level][slot];
}

// Tick reached a multiple of 64^level: what waited in that slot of the level is spread over the finer ones.
void TimerWheel::cascade(unsigned level) {
  const auto slot = static_cast<std::size_t>((tick_ >> (kBits * level)) & ((1u << kBits) - 1));
  Slot waiting;
  waiting.splice(waiting.end(), taken(level, slot));
  while (!waiting.empty()) {
    TimerHook& hook = waiting.front();
    waiting.pop_front();
    place(hook);
  }
}

TimerHook* TimerWheel::pop_due(Instant now) {
  // Ticks that have fully passed: a hook at tick t is due once now >= start + t * kTick.
  const auto target =
      (now <= start_ ? 0 : static_cast<std::uint64_t>((now - start_) / kTick)) + (ALDIS_MUTANT(31) ? 1 : 0);
  for (;;) {
    if (!due_.empty()) {
      TimerHook& hook = due_.front();
      due_.pop_front();
      return &hook;
    }
    if (tick_ >= target) { return nullptr; }
    // Nothing armed on a level means whole strides of it may be skipped.
    const Instant next = next_deadline();
    const std::uint64_t next_tick = next == kNever ? kNoTick : tick_of(next);
    tick_ = std::min(target, std::max(tick_ + 1, next_tick == kNoTick ? target : next_tick));
    for (unsigned level = kLevels - 1; level > 0; --level) {
      const std::uint64_t stride = std::uint64_t{1} << (kBits * level);
      if (tick_ % stride == 0) { cascade(level); }
    }
    due_.splice(due_.end(), taken(0, static_cast<std::size_t>(tick_ & ((1u << kBits) - 1))));
  }
}

// The first occupied slot of the lowest occupied level; for higher levels that is when the slot must be
// spread.
Instant TimerWheel::next_deadline() const {
  if (!due_.empty()) { return start_ + kTick * static_cast<Duration::rep>(tick_); }
  constexpr std::uint64_t kMask = (1u << kBits) - 1;
  for (unsigned level = 0; level < kLevels; ++level) {
    const std::uint64_t here = (tick_ >> (kBits * level)) & kMask;
    const std::uint64_t round = (tick_ >> (kBits * level)) - here;  // its slot 0
    const auto first_of = [&](std::uint64_t slots) -> std::optional<std::uint64_t> {
      for (; slots != 0; slots &= slots - 1) {
        const auto slot = static_cast<std::size_t>(std::countr_zero(slots));
        if (!slots_[level][slot].empty()) { return slot; }
      }
      return std::nullopt;
    };
    const std::uint64_t below = (std::uint64_t{1} << here) - 1;
    const std::uint64_t above = ~(below << 1 | 1);
    auto slot = first_of(occupied_[level] & above);
    if (slot) { *slot += round; }
    // of the others, the level above says what comes in their next round
    if (!slot && level + 1 == kLevels) {
      slot = first_of(occupied_[level] & below);
      if (slot) { *slot += round + kMask + 1; }
    }
    if (slot) { return start_ + kTick * static_cast<Duration::rep>(*slot << (kBits * level)); }
  }
  return kNever;
}

}  // namespace aldis

// SPDX-License-Identifier: Apache-2.0
#include "egress/window_control.hpp"

#include <algorithm>

namespace aldis::egress {

namespace {
constexpr Duration kPeriod = seconds{1};
constexpr std::uint32_t kSlowSeconds = 5;
constexpr std::uint32_t kSecondsInMinute = 60;
// Below this a latency is noise of the machines, not a sign of the operator's load.
constexpr Duration kLatencyFloor = milliseconds{5};

// What is usual; the floor before anything above zero was measured, so that nothing multiplies
// Duration::max().
Duration usual(Duration base) {
  return base == Duration::max() ? kLatencyFloor : std::max(base, kLatencyFloor);
}
}  // namespace

void WindowControl::on_ok(Instant now, Duration latency, bool window_was_full) {
  if (now >= period_end_) { close_period(now); }
  latency_sum_ += latency;
  ++latency_count_;
  const Duration base = usual(latency_base_);
  if (!window_was_full || (latency_base_ != Duration::max() && latency_now_ > base + base / 2)) { return; }
  if (++oks_ >= size_) {
    oks_ = 0;
    size_ = std::min(size_ + 1, settings_.max);
  }
}

// Means of seconds stand in for medians: a second of a link has hundreds of answers, and a mean needs no
// memory.
void WindowControl::close_period(Instant now) {
  if (latency_count_ > 0) {
    latency_now_ = latency_sum_ / latency_count_;
    auto& lowest = minute_lowest_[minute_ % minute_lowest_.size()];
    lowest = seconds_in_minute_ == 0 ? latency_now_ : std::min(lowest, latency_now_);
    if (++seconds_in_minute_ >= kSecondsInMinute) {
      seconds_in_minute_ = 0;
      ++minute_;
    }
    latency_base_ = Duration::max();
    for (std::size_t i = 0; i <= std::min<std::size_t>(minute_, minute_lowest_.size() - 1); ++i) {
      if (minute_lowest_[i] > Duration::zero()) {
        latency_base_ = std::min(latency_base_, minute_lowest_[i]);
      }
    }
    const Duration base = usual(latency_base_);
    slow_seconds_ = latency_now_ > 4 * base ? slow_seconds_ + 1 : 0;
    if (slow_seconds_ >= kSlowSeconds) {
      slow_seconds_ = 0;
      size_ = std::max(size_ / 2, settings_.min);
    }
  }
  latency_sum_ = {};
  latency_count_ = 0;
  period_end_ = now + kPeriod;
}

void WindowControl::on_queue_full() {
  oks_ = 0;
  size_ = std::max(size_ / 2, settings_.min);
}

void WindowControl::on_timeout() {
  oks_ = 0;
  size_ = settings_.min;
}

}  // namespace aldis::egress

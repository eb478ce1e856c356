// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "aldis/base/time.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::egress {

// How many submits one link may have unanswered: one more for each full window of OKs while the window was
// what limited and the operator was not slower than usual; half of it when the operator's queue is full or it
// becomes slow; the minimum when it does not answer at all (SMPP 5.3). Owned by a link.
class WindowControl {
 public:
  explicit WindowControl(const WindowSettings& settings) : settings_(settings), size_(settings.start) {}

  [[nodiscard]] std::uint32_t size() const { return size_; }
  void on_ok(Instant now, Duration latency, bool window_was_full);
  void on_queue_full();  // ESME_RMSGQFUL
  void on_timeout();
  void on_bound() { size_ = settings_.start; }

 private:
  void close_period(Instant now);

  WindowSettings settings_;
  std::uint32_t size_;
  std::uint32_t oks_ = 0;   // since the last change, while the window was full
  Duration latency_sum_{};  // of this period
  std::uint32_t latency_count_ = 0;
  Instant period_end_{};
  Duration latency_now_{};                   // mean of the last whole second
  Duration latency_base_ = Duration::max();  // lowest of them in the last ten minutes
  std::array<Duration, 10> minute_lowest_{};
  std::uint32_t minute_ = 0;
  std::uint32_t seconds_in_minute_ = 0;
  std::uint32_t slow_seconds_ = 0;
};

}  // namespace aldis::egress

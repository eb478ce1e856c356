// SPDX-License-Identifier: Apache-2.0
#include "daemon/self_meter.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "aldis/base/check.hpp"

namespace aldis::daemon {

void SelfMeter::turn(Duration longest) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, longest / microseconds{1}));
  ++turns_[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(us)), kBuckets - 1)];
  ++count_;
}

Duration SelfMeter::take_turn_p99() {
  std::uint64_t above = 0;
  std::size_t bucket = kBuckets;
  while (bucket > 0 && above * 100 <= count_ && above < count_) { above += turns_[--bucket]; }
  turns_ = {};
  count_ = 0;
  // The middle of the bucket, so that 1 ms is not told as 2.
  const Duration p99 = above == 0 ? Duration{} : Duration{microseconds{(std::int64_t{3} << bucket) / 4}};
  return std::min(p99, std::exchange(p99_before_, p99));
}

void SelfMeter::appended(Instant now) { pending_since_ = std::min(pending_since_, now); }

void SelfMeter::batch_taken() {
  in_work_.push_back(pending_since_);
  pending_since_ = kNever;
}

void SelfMeter::batch_durable() {
  ALDIS_CHECK(!in_work_.empty());
  in_work_.pop_front();
}

Duration SelfMeter::undurable(Instant now) const {
  const Instant oldest = in_work_.empty() ? pending_since_ : in_work_.front();
  return oldest == kNever ? Duration{} : std::max(Duration{}, now - oldest);
}

}  // namespace aldis::daemon

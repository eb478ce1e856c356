// SPDX-License-Identifier: Apache-2.0
// What becomes of a part that an operator did not accept: one pure function, so that the whole policy is one
// table of tests.
#pragma once

#include <cstdint>

#include "aldis/base/time.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/core/status.hpp"

namespace aldis::dispatch {

enum class RetryStep : std::uint8_t {
  kHeadNow,        // back to the head of its lane; this attempt does not count
  kLater,          // again after `after`
  kNextCandidate,  // this operator is out; the route's next candidate now
  kGiveUp,         // final: `final_status`
  kUncertain,      // may be at the operator: uncertain_hold and in_doubt decide, not this policy
};

struct RetryDecision {
  RetryStep step = RetryStep::kGiveUp;
  Duration after{};
  bool may_move = false;  // kLater: the next candidate may make that attempt
  Status final_status = Status::kUndeliverable;

  friend bool operator==(const RetryDecision&, const RetryDecision&) = default;
};

// `attempts`: submits of the part that failed so far and count, this one included (1 = the first failed).
// `candidate_left`: the route has a candidate that has not failed it, and its failover covers errors.
// `jitter`: 0..1, uniform; 0.5 = none. Not for kOk.
RetryDecision retry_after(OutcomeClass outcome_class, std::uint32_t attempts,
                          const OperatorSettings& settings, bool candidate_left, double jitter);

// How long the link that was throttled stays silent: 250 ms +- 20 %.
Duration throttle_silence(double jitter);

}  // namespace aldis::dispatch

// SPDX-License-Identifier: Apache-2.0
#include "aldis/dispatch/retry.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace aldis;
using namespace aldis::dispatch;

namespace {
constexpr double kNoJitter = 0.5;
RetryDecision decide(OutcomeClass c, std::uint32_t attempts, const OperatorSettings& s = {},
                     bool left = false) {
  return retry_after(c, attempts, s, left, kNoJitter);
}
}  // namespace

TEST_CASE("a temporary error is tried again after 5 s, 15 s, 1 min, 5 min, then every 15 min") {
  const std::vector<Duration> steps{seconds{5},  seconds{15}, minutes{1},  minutes{5}, minutes{15},
                                    minutes{15}, minutes{15}, minutes{15}, minutes{15}};
  for (std::uint32_t attempts = 1; attempts <= steps.size(); ++attempts) {
    const auto decision = decide(OutcomeClass::kTemporary, attempts);
    CHECK(decision.step == RetryStep::kLater);
    CHECK(decision.after == steps[attempts - 1]);
    CHECK_FALSE(decision.may_move);
  }
  const auto last = decide(OutcomeClass::kTemporary, 10);
  CHECK(last.step == RetryStep::kGiveUp);
  CHECK(last.final_status == Status::kUndeliverable);
}

TEST_CASE("the third attempt may be another candidate's, if there is one") {
  CHECK_FALSE(decide(OutcomeClass::kTemporary, 1, {}, true).may_move);
  CHECK(decide(OutcomeClass::kTemporary, 2, {}, true).may_move);
  CHECK_FALSE(decide(OutcomeClass::kTemporary, 2, {}, false).may_move);
}

TEST_CASE("jitter spreads retries and silence by 20 % to both sides, and never further") {
  OperatorSettings settings;
  CHECK(retry_after(OutcomeClass::kTemporary, 5, settings, false, 0).after == minutes{12});
  CHECK(retry_after(OutcomeClass::kTemporary, 5, settings, false, 1).after == minutes{18});
  CHECK(retry_after(OutcomeClass::kTemporary, 5, settings, false, 7).after == minutes{18});
  CHECK(throttle_silence(0) == milliseconds{200});
  CHECK(throttle_silence(1) == milliseconds{300});
}

TEST_CASE("an unclear error gets 3 attempts 30 s apart and is permanent then") {
  CHECK(decide(OutcomeClass::kMixed, 1).after == seconds{30});
  CHECK(decide(OutcomeClass::kMixed, 2).after == seconds{30});
  CHECK(decide(OutcomeClass::kMixed, 3).step == RetryStep::kGiveUp);
  CHECK(decide(OutcomeClass::kMixed, 3).final_status == Status::kRejected);
}

TEST_CASE("a permanent error is final, unless the operator's settings ask the next candidate") {
  OperatorSettings settings;
  CHECK(decide(OutcomeClass::kPermanent, 1, settings, true).step == RetryStep::kGiveUp);
  settings.failover_permanent = true;
  CHECK(decide(OutcomeClass::kPermanent, 1, settings, true).step == RetryStep::kNextCandidate);
  CHECK(decide(OutcomeClass::kPermanent, 1, settings, false).step == RetryStep::kGiveUp);
  CHECK(decide(OutcomeClass::kMixed, 3, settings, true).step == RetryStep::kNextCandidate);
}

TEST_CASE("throttled, not sent and bind trouble go back to the head, however often") {
  for (const auto c : {OutcomeClass::kThrottle, OutcomeClass::kNotSent, OutcomeClass::kBindTrouble}) {
    CHECK(decide(c, 1000).step == RetryStep::kHeadNow);
  }
}

TEST_CASE("what may be at the operator is not this policy's to decide") {
  CHECK(decide(OutcomeClass::kUnanswered, 1).step == RetryStep::kUncertain);
  CHECK(decide(OutcomeClass::kLost, 1).step == RetryStep::kUncertain);
}

TEST_CASE("a status that makes no sense for a submit counts as unlisted") {
  OperatorSettings settings;
  CHECK(decide(OutcomeClass::kOperationOnly, 1, settings).after == seconds{30});
  settings.unlisted = OutcomeClass::kPermanent;
  CHECK(decide(OutcomeClass::kOperationOnly, 1, settings).step == RetryStep::kGiveUp);
  settings.unlisted = OutcomeClass::kOperationOnly;
  CHECK(decide(OutcomeClass::kOperationOnly, 1, settings).step == RetryStep::kLater);
}

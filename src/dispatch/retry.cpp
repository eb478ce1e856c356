// SPDX-License-Identifier: Apache-2.0
#include "aldis/dispatch/retry.hpp"

#include <algorithm>
#include <array>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"

namespace aldis::dispatch {

namespace {

constexpr auto kTemporarySteps = std::to_array<Duration>(
    {seconds{5}, seconds{15}, minutes{1}, minutes{5}, minutes{15}});  // the last one repeats
constexpr std::uint32_t kMixedAttempts = 3;
constexpr Duration kMixedStep = seconds{30};
constexpr std::uint32_t kAttemptsBeforeMove = 2;  // the third may be another candidate's
constexpr double kSpread = 0.2;

Duration spread(Duration step, double jitter) {
  const double factor = 1.0 + kSpread * (2.0 * std::clamp(jitter, 0.0, 1.0) - 1.0);
  return Duration{static_cast<Duration::rep>(static_cast<double>(step.count()) * factor)};
}

RetryDecision permanent(const OperatorSettings& settings, bool candidate_left) {
  if (settings.failover_permanent && candidate_left) { return {.step = RetryStep::kNextCandidate}; }
  return {.step = RetryStep::kGiveUp, .final_status = Status::kRejected};
}

RetryDecision temporary(std::uint32_t attempts, const OperatorSettings& settings, bool candidate_left,
                        double jitter) {
  if (attempts >= settings.attempts_max) {
    return {.step = RetryStep::kGiveUp, .final_status = Status::kUndeliverable};
  }
  const std::size_t row = std::clamp<std::size_t>(attempts, 1, kTemporarySteps.size()) - 1;
  return {.step = RetryStep::kLater,
          .after = spread(kTemporarySteps[row], jitter),
          .may_move = candidate_left && attempts >= kAttemptsBeforeMove};
}

RetryDecision mixed(std::uint32_t attempts, const OperatorSettings& settings, bool candidate_left) {
  if (attempts >= kMixedAttempts) { return permanent(settings, candidate_left); }
  return {.step = RetryStep::kLater, .after = kMixedStep};
}

}  // namespace

RetryDecision retry_after(OutcomeClass outcome_class, std::uint32_t attempts,
                          const OperatorSettings& settings, bool candidate_left, double jitter) {
  switch (outcome_class) {
    case OutcomeClass::kThrottle:
    case OutcomeClass::kBindTrouble:
    case OutcomeClass::kNotSent: return {.step = RetryStep::kHeadNow};
    case OutcomeClass::kTemporary: return temporary(attempts, settings, candidate_left, jitter);
    case OutcomeClass::kMixed: return mixed(attempts, settings, candidate_left);
    case OutcomeClass::kPermanent: return permanent(settings, candidate_left);
    case OutcomeClass::kOperationOnly:
      // A status of queries or cancels in answer to a submit means nothing we know: as unlisted.
      return settings.unlisted == OutcomeClass::kOperationOnly
                 ? mixed(attempts, settings, candidate_left)
                 : retry_after(settings.unlisted, attempts, settings, candidate_left, jitter);
    case OutcomeClass::kUnanswered:
    case OutcomeClass::kLost: return {.step = ALDIS_MUTANT(46) ? RetryStep::kHeadNow : RetryStep::kUncertain};
    case OutcomeClass::kOk: break;
  }
  ALDIS_CHECK(outcome_class != OutcomeClass::kOk);
  __builtin_unreachable();
}

Duration throttle_silence(double jitter) { return spread(milliseconds{250}, jitter); }

}  // namespace aldis::dispatch

// SPDX-License-Identifier: Apache-2.0
#include "message/times.hpp"

#include <algorithm>

#include "aldis/base/mutant.hpp"

namespace aldis::message {

namespace {

constexpr Duration kPastTolerated = seconds{60};
constexpr auto kFar =
    std::chrono::duration_cast<microseconds>(hours{24 * 365 * 100});  // fits in nanoseconds with room

// From now to what was given; dates centuries away are as good as a hundred years.
Duration distance(const TimeGiven& given, const Now& now) {
  if (given.at) { return std::clamp(*given.at, now.wall - kFar, now.wall + kFar) - now.wall; }
  return std::clamp<Duration>(given.in.value_or(Duration{}), -kFar, kFar);
}

}  // namespace

Result<Instant, Refusal> start_of(const TimeGiven& schedule, const AccountSettings& account, const Now& now) {
  if (schedule.empty()) { return now.mono; }
  const Duration ahead = distance(schedule, now);
  if (ahead < -kPastTolerated || ahead > account.schedule_max) { return Refusal::kBadSchedule; }
  return now.mono + std::max(ahead, Duration{});
}

Result<Deadline, Refusal> deadline_of(const TimeGiven& validity, Instant start,
                                      const AccountSettings& account, const Now& now) {
  if (validity.empty()) { return Deadline{start + account.validity, false}; }
  const Duration left = distance(validity, now);
  const Instant at = (ALDIS_MUTANT(38) ? start : now.mono) + left;
  if (left <= Duration{} || at <= start) { return Refusal::kBadValidity; }
  const Instant latest = start + account.validity_max;
  return Deadline{std::min(at, latest), at > latest};
}

}  // namespace aldis::message

// SPDX-License-Identifier: Apache-2.0
// Schedule and validity of a request as instants (SMPP 8). A date becomes a deadline on the monotonic clock
// here, once (CONTRACT D13).
#pragma once

#include "aldis/base/result.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::message {

// When the message may go first: now, or the schedule. A schedule at most a minute past means now.
Result<Instant, Refusal> start_of(const TimeGiven& schedule, const AccountSettings& account, const Now& now);

struct Deadline {
  Instant at = kNever;
  bool cut = false;  // was above account.validity_max
};

// A given validity counts from now, whatever the schedule, as SMPP has it; the account's own counts from
// `start`.
Result<Deadline, Refusal> deadline_of(const TimeGiven& validity, Instant start,
                                      const AccountSettings& account, const Now& now);

}  // namespace aldis::message

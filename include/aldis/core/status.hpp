// SPDX-License-Identifier: Apache-2.0
// The life of a message as a table (STYLE rule 11). Every change of status goes through may_step().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace aldis {

enum class Status : std::uint8_t {
  kScheduled,  // queued, not due yet
  kQueued,     // in a lane, or waiting for a retry
  kSending,    // leased to a link: may be on the wire
  kUncertain,  // was leased, and we cannot know whether the operator has it (CONTRACT D4)
  kSent,       // the operator said OK; waiting for its receipt
  kDelivered,  // final from here on
  kUndeliverable,
  kRejected,
  kExpired,
  kDeleted,
  kUnknown,
};

enum class UnknownReason : std::uint8_t {
  kNone,
  kUncertain,
  kNoReceipt,
  kNoOperatorId,
  kReceiptsOff,
  kQuarantined
};

struct Step {
  Status from;
  Status to;
};

// clang-format off: a table is read in columns
inline constexpr auto kSteps = std::to_array<Step>({
    {Status::kScheduled, Status::kQueued},
    {Status::kScheduled, Status::kDeleted},
    {Status::kScheduled, Status::kExpired},
    {Status::kScheduled, Status::kRejected},
    {Status::kQueued, Status::kSending},
    {Status::kQueued, Status::kExpired},
    {Status::kQueued, Status::kDeleted},
    {Status::kQueued, Status::kRejected},
    {Status::kQueued, Status::kUndeliverable},
    {Status::kQueued, Status::kScheduled},
    {Status::kSending, Status::kSent},
    {Status::kSending, Status::kQueued},
    {Status::kSending, Status::kRejected},
    {Status::kSending, Status::kUndeliverable},
    {Status::kSending, Status::kUncertain},
    {Status::kSending, Status::kUnknown},
    {Status::kSending, Status::kDelivered},
    {Status::kSending, Status::kExpired},
    {Status::kSending, Status::kDeleted},
    {Status::kUncertain, Status::kQueued},
    {Status::kUncertain, Status::kSent},
    {Status::kUncertain, Status::kUnknown},
    {Status::kUncertain, Status::kDelivered},
    {Status::kUncertain, Status::kUndeliverable},
    {Status::kUncertain, Status::kRejected},
    {Status::kUncertain, Status::kExpired},
    {Status::kUncertain, Status::kDeleted},
    {Status::kSent, Status::kDelivered},
    {Status::kSent, Status::kUndeliverable},
    {Status::kSent, Status::kRejected},
    {Status::kSent, Status::kExpired},
    {Status::kSent, Status::kDeleted},
    {Status::kSent, Status::kUnknown},
    {Status::kSent, Status::kQueued},
    // A receipt of an earlier, uncertain attempt came while the message waited for its resend.
    {Status::kQueued, Status::kDelivered},
    {Status::kQueued, Status::kSent},
    {Status::kQueued, Status::kUncertain},  // ... and other parts of it are still uncertain
    // Quarantined, or the last of several parts ended without an outcome while another was queued.
    {Status::kQueued, Status::kUnknown},
    {Status::kScheduled, Status::kUnknown},
    // D6: the network's verdict may replace our own EXPIRED, or any UNKNOWN, once.
    {Status::kExpired, Status::kDelivered},
    {Status::kExpired, Status::kUndeliverable},
    {Status::kExpired, Status::kRejected},
    {Status::kUnknown, Status::kDelivered},
    {Status::kUnknown, Status::kUndeliverable},
    {Status::kUnknown, Status::kRejected},
    {Status::kUnknown, Status::kExpired},
    {Status::kUnknown, Status::kDeleted},
});
// clang-format on

constexpr bool may_step(Status from, Status to) {
  for (const auto& step : kSteps) {
    if (step.from == from && step.to == to) { return true; }
  }
  return false;
}
static_assert(!may_step(Status::kDelivered, Status::kUndeliverable));
static_assert(may_step(Status::kSending, Status::kSent));

constexpr bool is_final(Status s) { return s >= Status::kDelivered; }

std::string_view name_of(Status status);  // "queued", "delivered": metrics, logs, JSON

}  // namespace aldis

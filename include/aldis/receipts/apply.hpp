// SPDX-License-Identifier: Apache-2.0
// What a receipt does to a message, and what the parts of a message make of it (SMPP 6.6; CONTRACT D2, D6, H4
// to H6, H36). Pure functions: they change the message they are given and nothing else. The engine calls them
// and writes what they changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "aldis/base/time.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/message.hpp"

namespace aldis::receipts {

struct ReceiptRules {
  bool late_window_over = false;  // of this message; the caller's timer knows, whatever the wall clock says
};

// What an operator's receipt says, its words already translated by egress (stat_map, accepted_is, SMPP 6.3).
struct Report {
  std::optional<Status>
      state;  // kSent = ENROUTE or ACCEPTED; kUnknown is not final here; none = unrecognised word
  bool accepted_word = false;
  std::string_view err;
};
inline Report report_of(const OperatorReceipt& r) { return {r.state, r.accepted_word, r.err}; }

struct Applied {
  bool part_changed = false;  // the part has a new status or err
  bool changed = false;       // the message has a new status; status_seq rose
  bool final = false;         // ... which is final: the customer is owed a receipt, if asked for
  bool intermediate_to_report =
      false;          // ENROUTE or ACCEPTED for the first time; status_seq rose: owed, if asked for
  bool late = false;  // the one late upgrade of D6
  // Nothing changed, because:
  bool duplicate = false;      // the same again, or not final after final
  bool contradicting = false;  // another final than the network's first
  bool too_late = false;       // after late_window: the receipt becomes an orphan `late`
};

// One receipt for part `part`. The first final state of the network wins; our own EXPIRED (err 901) and any
// UNKNOWN may be replaced once. A not-final receipt proves that the operator has an uncertain part: the part
// becomes kSent, and the caller takes it out of its lane if it waited there for a resend.
Applied apply_receipt(Message& message, std::uint16_t part, const Report& report, WallTime now,
                      const ReceiptRules& rules);

// The final state that the parts add up to; none while one is open. All DELIVERED, else the first present of
// REJECTED, UNDELIVERABLE, EXPIRED, DELETED, UNKNOWN, with the err of the lowest-numbered part in that state.
struct Final {
  Status status = Status::kUnknown;
  FixedString<8> err;
  std::uint16_t parts_delivered = 0;
};
std::optional<Final> aggregate(const Message& message);

std::uint16_t parts_delivered(const Message& message);

// A part came to an end without a receipt (refusal, expiry, deletion, no outcome). The message follows if all
// have. `err`: our code, or the operator's; for UNKNOWN the caller has set unknown_reason (908 and 910 imply
// it). Harmless for a part that is final already.
Applied finish_part(Message& message, std::uint16_t part, Status final_status, std::string_view err,
                    WallTime now);

// One part was refused for good: its siblings that no operator has are not sent and end REJECTED with the
// same err; a resend of an uncertain one is called off (it goes back to kUncertain and is awaited). Sent ones
// are awaited.
Applied one_part_refused(Message& message, std::uint16_t part, std::string_view err, WallTime now);

// True when a sibling was refused: a part that comes back unsent must not be queued again, but finished.
bool sibling_refused(const Message& message);

// Validity and grace are over: open parts count as UNKNOWN, uncertain ones with err 908, others 909 and
// `reason`.
Applied finish_unanswered(Message& message, UnknownReason reason, WallTime now);

}  // namespace aldis::receipts

// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/apply.hpp"

#include <algorithm>
#include <array>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/receipts/error_codes.hpp"

namespace aldis::receipts {
namespace {

// Which state of several decides (CONTRACT 1).
constexpr std::array kPrecedence{Status::kRejected, Status::kUndeliverable, Status::kExpired,
                                 Status::kDeleted, Status::kUnknown};

constexpr std::uint8_t kEnrouteBit = 1;
constexpr std::uint8_t kAcceptedBit = 2;

// Any final state can be reached from wherever a message stands, so that settle() cannot meet a missing step.
constexpr bool every_end_is_reachable() {
  for (const Status from : {Status::kQueued, Status::kSending, Status::kUncertain, Status::kSent}) {
    for (const Status to : kPrecedence) {
      if (!may_step(from, to)) { return false; }
    }
    if (!may_step(from, Status::kDelivered)) { return false; }
  }
  return may_step(Status::kScheduled, Status::kQueued);
}
static_assert(every_end_is_reachable());

void step(Message& message, Status to, WallTime now) {
  ALDIS_CHECK(may_step(message.status, to));
  message.status = to;
  ++message.status_seq;
  if (is_final(to)) { message.done_at = now; }
}

bool never_sent(const Part& part) {
  return (part.status == Status::kQueued || part.status == Status::kScheduled) && !part.uncertain;
}

// Our own word, which the network may correct: never what a network said.
bool is_our_verdict(const Part& part) {
  return part.status == Status::kUnknown || (part.status == Status::kExpired && part.err == err::kExpired);
}

void finish(Part& part, Status status, std::string_view err) {
  part.status = status;
  part.err.assign(err);
}

void imply_unknown_reason(Message& message) {
  if (message.status != Status::kUnknown) {
    message.unknown_reason = UnknownReason::kNone;
  } else if (message.err == err::kUncertain) {
    message.unknown_reason = UnknownReason::kUncertain;
  } else if (message.err == err::kQuarantined) {
    message.unknown_reason = UnknownReason::kQuarantined;
  }
}

// After a part changed: the message follows its parts, the first time to a final state, later only as D6
// allows.
void settle(Message& message, WallTime now, Applied& applied) {
  const auto outcome = aggregate(message);
  if (!outcome) { return; }
  if (is_final(message.status)) {
    const bool ours = message.status == Status::kExpired || message.status == Status::kUnknown;
    if (!ours || message.late || !may_step(message.status, outcome->status)) { return; }
    message.late = true;
    applied.late = true;
  } else if (message.status == Status::kScheduled) {
    step(message, Status::kQueued, now);
  }
  step(message, outcome->status, now);
  message.err = outcome->err;
  imply_unknown_reason(message);
  applied.changed = true;
  applied.final = true;
}

// ENROUTE or ACCEPTED: the operator has it, wherever we thought it was.
void note_custody(Message& message, Part& part, WallTime now, Applied& applied) {
  const bool doubted =
      part.status == Status::kUncertain || (part.status == Status::kQueued && part.uncertain);
  if (!doubted) { return; }
  part.status = Status::kSent;
  applied.part_changed = true;
  const bool all_there = std::all_of(message.parts.begin(), message.parts.end(), [](const Part& p) {
    return p.status == Status::kSent || is_final(p.status);
  });
  if (all_there && may_step(message.status, Status::kSent)) {
    step(message, Status::kSent, now);
    applied.changed = true;
  }
}

Applied apply_not_final(Message& message, Part& part, const Report& report, WallTime now) {
  Applied applied;
  if (is_final(part.status)) {
    applied.duplicate = true;
    return applied;
  }
  if (report.state != Status::kSent) {
    return applied;
  }  // UNKNOWN or an unknown word: kept in history, says nothing
  note_custody(message, part, now, applied);
  const std::uint8_t bit = report.accepted_word ? kAcceptedBit : kEnrouteBit;
  if ((message.intermediates & bit) == 0) {
    message.intermediates = static_cast<std::uint8_t>(message.intermediates | bit);
    ++message.status_seq;
    applied.intermediate_to_report = true;
  } else {
    applied.duplicate = !applied.part_changed;
  }
  return applied;
}

}  // namespace

Applied apply_receipt(Message& message, std::uint16_t part_number, const Report& report, WallTime now,
                      const ReceiptRules& rules) {
  ALDIS_CHECK(part_number < message.parts.size());
  Part& part = message.parts[part_number];
  const bool network_final = report.state && is_final(*report.state) && *report.state != Status::kUnknown;
  if (!network_final) { return apply_not_final(message, part, report, now); }

  Applied applied;
  const Status state = *report.state;
  if (is_final(part.status)) {
    const bool open_to_correction =
        is_our_verdict(part) && may_step(part.status, state) && !(message.late && message.parts.size() == 1);
    if (part.status == state) {
      applied.duplicate = true;
    } else if (!open_to_correction && !ALDIS_MUTANT(25)) {
      applied.contradicting = true;
    } else if (is_final(message.status) && rules.late_window_over && !ALDIS_MUTANT(48)) {
      applied.too_late = true;
    }
    if (applied.duplicate || applied.contradicting || applied.too_late) { return applied; }
  }
  finish(part, state, report.err);
  applied.part_changed = true;
  settle(message, now, applied);
  return applied;
}

std::optional<Final> aggregate(const Message& message) {
  if (message.parts.empty()) { return std::nullopt; }
  bool all_delivered = true;
  for (const Part& part : message.parts) {
    if (!is_final(part.status)) { return std::nullopt; }
    all_delivered = all_delivered && part.status == Status::kDelivered;
  }
  if (!all_delivered) {
    for (const Status state : kPrecedence) {
      for (const Part& part : message.parts) {
        if (part.status == state) { return Final{state, part.err, parts_delivered(message)}; }
      }
    }
  }
  return Final{Status::kDelivered, FixedString<8>{err::kNone}, parts_delivered(message)};
}

std::uint16_t parts_delivered(const Message& message) {
  std::uint16_t count = 0;
  for (const Part& part : message.parts) {
    if (part.status == Status::kDelivered) { ++count; }
  }
  return count;
}

Applied finish_part(Message& message, std::uint16_t part_number, Status final_status, std::string_view err,
                    WallTime now) {
  ALDIS_CHECK(part_number < message.parts.size() && is_final(final_status));
  Applied applied;
  Part& part = message.parts[part_number];
  if (is_final(part.status)) { return applied; }
  finish(part, final_status, err);
  applied.part_changed = true;
  settle(message, now, applied);
  return applied;
}

Applied one_part_refused(Message& message, std::uint16_t part_number, std::string_view err, WallTime now) {
  ALDIS_CHECK(part_number < message.parts.size());
  Applied applied;
  if (!is_final(message.parts[part_number].status)) {
    finish(message.parts[part_number], Status::kRejected, err);
    applied.part_changed = true;
  }
  for (Part& sibling : message.parts) {
    if (never_sent(sibling)) {
      finish(sibling, Status::kRejected, err);
      applied.part_changed = true;
    } else if (sibling.status ==
               Status::kQueued) {  // its resend would complete what can not be complete any more
      sibling.status = Status::kUncertain;
      applied.part_changed = true;
    }
  }
  settle(message, now, applied);
  return applied;
}

bool sibling_refused(const Message& message) {
  return std::any_of(message.parts.begin(), message.parts.end(),
                     [](const Part& part) { return part.status == Status::kRejected; });
}

Applied finish_unanswered(Message& message, UnknownReason reason, WallTime now) {
  Applied applied;
  if (!is_final(message.status)) { message.unknown_reason = reason; }
  for (Part& part : message.parts) {
    if (is_final(part.status)) { continue; }
    applied.part_changed = true;
    if (never_sent(part)) {
      finish(part, Status::kExpired, err::kExpired);
    } else if (part.status == Status::kSent) {
      finish(part, Status::kUnknown, err::of(reason));
    } else {
      finish(part, Status::kUnknown, err::kUncertain);
    }
  }
  settle(message, now, applied);
  return applied;
}

}  // namespace aldis::receipts

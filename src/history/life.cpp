// SPDX-License-Identifier: Apache-2.0
#include "history/life.hpp"

#include <algorithm>

namespace aldis::history {

namespace life {
namespace {

void add(MessageRow& row, const Step& step) {
  row.updated_at = std::max(row.updated_at, step.at);
  if (row.steps.size() >= kStepsMax) {
    ++row.steps_dropped;
    return;
  }
  row.steps.push_back(step);
}

void owe(MessageRow& row, const std::optional<spool::OwedItem>& owed) {
  if (!owed) { return; }
  Step step{.kind = StepKind::kOwed, .at = owed->owed_since, .status = owed->status};
  step.err = owed->err;
  add(row, step);
}

void end_if_final(MessageRow& row, WallTime at, std::string_view err) {
  if (!is_final(row.status)) { return; }
  row.done_at = at;
  row.err.assign(err);
}

PartRow* part_of(MessageRow& row, std::uint16_t part) {
  return part < row.parts.size() ? &row.parts[part] : nullptr;
}

void first_steps(MessageRow& row, const Message& message) {
  add(row, {.kind = StepKind::kAccepted, .at = message.accepted_at, .status = message.status});
  for (std::uint16_t i = 0; i < message.parts.size(); ++i) {
    if (message.parts[i].status != Status::kSending) { continue; }  // a lease that is fused with the image
    add(row, {.kind = StepKind::kLeased,
              .at = message.accepted_at,
              .status = Status::kSending,
              .part = i,
              .attempt = message.parts[i].attempt,
              .op = message.op,
              .link = message.link});
  }
}

}  // namespace

void image(MessageRow& row, const spool::AcceptRecord& record, bool known) {
  const Message& m = *record.message;
  row.id = m.id;
  row.public_id = m.public_id;
  row.short_id = m.short_id;
  row.account = m.account;
  row.message_class = m.message_class;
  row.status = m.status;
  row.unknown_reason = m.unknown_reason;
  row.status_seq = m.status_seq;
  row.late = m.late;
  row.source = m.source;
  row.destination = m.destination;
  row.alphabet = m.content.alphabet;
  row.data_coding = m.content.data_coding;
  row.registered_delivery = m.registered_delivery;
  row.op = m.op;
  row.err = m.err;
  row.notes = m.door_notes;
  row.accepted_at = m.accepted_at;
  row.due_at = record.due_at;
  row.expires_at = record.expires_at == spool::kNoDeadline ? WallTime{} : record.expires_at;
  row.done_at = m.done_at;
  row.parts.resize(m.parts.size());
  for (std::size_t i = 0; i < m.parts.size(); ++i) {
    PartRow& part = row.parts[i];
    part.status = m.parts[i].status;
    part.uncertain = m.parts[i].uncertain;
    part.attempt = m.parts[i].attempt;
    if (part.attempt > 0 && part.op == kNoOperator) { part.op = m.op; }
    part.operator_id = m.parts[i].operator_id;
    part.err = m.parts[i].err;
  }
  if (!known) { first_steps(row, m); }
}

void leased(MessageRow& row, const spool::LeaseRecord& record, const spool::LeasedPart& leased,
            WallTime clock) {
  PartRow* part = part_of(row, leased.part.part);
  if (part == nullptr) { return; }
  part->status = Status::kSending;
  part->attempt = leased.attempt;
  part->op = record.op;
  row.status = Status::kSending;
  row.op = record.op;
  add(row, {.kind = StepKind::kLeased,
            .at = std::max(clock, row.accepted_at),
            .status = Status::kSending,
            .part = leased.part.part,
            .attempt = leased.attempt,
            .op = record.op,
            .link = record.link});
}

void result(MessageRow& row, const spool::ResultRecord& record) {
  PartRow* part = part_of(row, record.part.part);
  if (part == nullptr) { return; }
  part->status = record.part_status;
  part->attempt = record.attempt;
  part->uncertain = record.uncertain;
  part->op = record.op;
  if (!record.operator_message_id.empty()) { part->operator_id = record.operator_message_id; }
  if (!record.err.empty()) { part->err.assign(record.err); }
  if (part->status == Status::kRejected || part->status == Status::kUndeliverable) {
    for (PartRow& sibling : row.parts) {  // one part refused: the others are not sent
      if (sibling.status != Status::kQueued && sibling.status != Status::kScheduled) { continue; }
      sibling.status = sibling.uncertain ? Status::kUncertain : Status::kRejected;
      if (!sibling.uncertain) { sibling.err.assign(record.err); }
    }
  }
  row.status = record.message_status;
  row.unknown_reason = record.unknown_reason;
  row.status_seq = record.status_seq;
  row.due_at = record.due_at;
  if (record.outcome == OutcomeClass::kOk && row.sent_at == WallTime{}) { row.sent_at = record.at; }
  end_if_final(row, record.at, record.err);
  add(row, {.kind = StepKind::kResponded,
            .at = record.at,
            .status = record.message_status,
            .part = record.part.part,
            .attempt = record.attempt,
            .op = record.op,
            .link = record.link,
            .outcome = record.outcome,
            .command_status = record.command_status,
            .err = FixedString<8>{record.err}});
  owe(row, record.owed);
}

void receipt(MessageRow& row, const spool::ReceiptRecord& record, WallTime clock) {
  PartRow* part = part_of(row, record.part.part);
  if (part == nullptr) { return; }
  part->status = record.state;
  if (!record.err.empty()) { part->err.assign(record.err); }
  if (!record.operator_message_id.empty()) { part->operator_id = record.operator_message_id; }
  row.status = record.message_status;
  row.unknown_reason = record.unknown_reason;
  row.status_seq = record.status_seq;
  row.late = record.late;
  end_if_final(row, record.done_at, record.err);
  add(row, {.kind = StepKind::kReceipt,
            .at = record.owed ? record.owed->owed_since : std::max(clock, row.accepted_at),
            .status = record.message_status,
            .part = record.part.part,
            .op = record.op,
            .err = FixedString<8>{record.err}});
  owe(row, record.owed);
}

// What an operator has or had, and got no outcome, is UNKNOWN whatever the parts add up to.
void ended(MessageRow& row, const spool::FinalRecord& record, WallTime clock) {
  const bool added_up = record.status == Status::kRejected || record.status == Status::kUndeliverable;
  for (PartRow& part : row.parts) {
    if (is_final(part.status)) { continue; }
    const bool unknown = added_up && part.status != Status::kQueued && part.status != Status::kScheduled;
    part.status = unknown ? Status::kUnknown : record.status;
    if (!unknown) { part.err.assign(record.err); }
  }
  row.status = record.status;
  row.unknown_reason = record.unknown_reason;
  row.status_seq = record.status_seq;
  row.err.assign(record.err);
  row.done_at = record.done_at;
  add(row, {.kind = StepKind::kStatus,
            .at = std::max({clock, row.accepted_at, record.done_at}),
            .status = record.status,
            .err = FixedString<8>{record.err}});
  owe(row, record.owed);
}

void changed(MessageRow& row, const spool::ChangeRecord& record, WallTime clock) {
  row.status = record.status;
  row.status_seq = record.status_seq;
  row.op = record.op;
  row.due_at = record.due_at;
  for (PartRow& part : row.parts) {
    if (part.status != Status::kUncertain && part.status != Status::kSending) { continue; }
    part.status = record.status;
    part.uncertain = true;
  }
  add(row, {.kind = StepKind::kStatus,
            .at = std::max(clock, row.accepted_at),
            .status = record.status,
            .op = record.op});
}

void owed_done(MessageRow& row, const spool::OwedDoneRecord& record, WallTime clock) {
  if (record.kind != spool::OwedDoneRecord::Kind::kAcknowledged) { return; }
  add(row, {.kind = StepKind::kNotified, .at = std::max(clock, row.accepted_at), .status = row.status});
}

}  // namespace life
}  // namespace aldis::history

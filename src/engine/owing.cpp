// SPDX-License-Identifier: Apache-2.0
// What accounts are owed goes to their sessions, until they acknowledge it (CONTRACT D7).
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "engine/state.hpp"

namespace aldis::engine::owing {

namespace {

void settle(State& s, const notify::Settled& settled) {
  if (settled.kind == notify::Settled::Kind::kRetry) { return; }
  spool::OwedDoneRecord record;
  record.id = settled.message;
  record.inbound = settled.is_inbound;
  record.status_seq = settled.status_seq;
  record.kind = settled.kind == notify::Settled::Kind::kAcknowledged
                    ? spool::OwedDoneRecord::Kind::kAcknowledged
                    : spool::OwedDoneRecord::Kind::kDeadLetter;
  s.journal.append(record);
  ALDIS_FAILPOINT(pass_once_durable("owed.synced", s.journal.position().value()));
  if (settled.is_inbound) { return; }
  if (Message* message = s.present(settled.message)) {
    s.owed_done(*message, settled.status_seq);
    if (message->owed_open == 0 && is_final(message->status)) { s.finished.push_back(message->id); }
  }
}

}  // namespace

void on(State& s, const Now& now, const DeliverResult& result) {
  if (const auto settled = s.outbox.on_result(now, result)) { settle(s, *settled); }
}

void deliver(State& s, const Now& now) {
  s.outbox.advance(now);
  while (const auto expired = s.outbox.next_expired()) { settle(s, *expired); }
  if (!s.outbox.has_work()) { return; }
  s.outbox.pump(now, [&](const notify::Delivery& delivery) {
    if (delivery.inbound != nullptr) {
      s.gate.hold(DeliverInbound{delivery.session, delivery.token, delivery.inbound});
      return;
    }
    const auto& receipt = delivery.receipt;
    if (ALDIS_MUTANT(26)) {
      s.journal.append(spool::OwedDoneRecord{.id = receipt.message, .status_seq = receipt.status_seq});
    }
    DeliverReceipt effect;
    effect.session = delivery.session;
    effect.token = delivery.token;
    effect.message_id = receipt.message;
    effect.status = receipt.status;
    effect.intermediate = receipt.intermediate;
    effect.accepted_word = receipt.accepted_word;
    effect.err = receipt.err;
    effect.done_at = receipt.done_at;
    effect.parts_delivered = receipt.parts_delivered;
    s.gate.hold(effect);
  });
}

}  // namespace aldis::engine::owing

// SPDX-License-Identifier: Apache-2.0
// What accounts are owed goes to their sessions, until they acknowledge it (CONTRACT D7).
#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/message/intake.hpp"
#include "engine/state.hpp"

namespace aldis::engine::owing {

namespace {

void write_done(State& s, MessageId id, bool inbound, std::uint16_t status_seq, WebhookNumber webhook,
                bool acknowledged) {
  spool::OwedDoneRecord record;
  record.id = id;
  record.inbound = inbound;
  record.status_seq = status_seq;
  record.webhook = webhook;
  record.kind =
      acknowledged ? spool::OwedDoneRecord::Kind::kAcknowledged : spool::OwedDoneRecord::Kind::kDeadLetter;
  s.journal.append(record);
  ALDIS_FAILPOINT(pass_once_durable("owed.synced", s.journal.position().value()));
}

void receipt_done(State& s, MessageId id, std::uint16_t status_seq, WebhookNumber webhook) {
  Message* message = s.present(id);
  if (message == nullptr) { return; }
  s.owed_done(*message, status_seq, webhook);
  if (message->owed_open == 0 && is_final(message->status)) { s.finished.push_back(id); }
}

void inbound_done(State& s, MessageId id, WebhookNumber webhook) {
  const auto found = s.telling.inbound.find(id);
  if (found == s.telling.inbound.end()) { return; }
  auto& owed = found->second->webhooks;
  owed.erase(std::remove(owed.begin(), owed.end(), webhook), owed.end());
  if (owed.empty()) { s.telling.inbound.erase(found); }
}

void settle(State& s, const notify::Settled& settled) {
  if (settled.kind == notify::Settled::Kind::kRetry) { return; }
  write_done(s, settled.message, settled.is_inbound, settled.status_seq, kNoWebhook,
             settled.kind == notify::Settled::Kind::kAcknowledged);
  if (!settled.is_inbound) { receipt_done(s, settled.message, settled.status_seq, kNoWebhook); }
}

void settle(State& s, const notify::WebhookSettled& settled) {
  if (settled.kind == notify::WebhookSettled::Kind::kRetry) { return; }
  const WebhookNumber webhook = s.telling.number_of(settled.endpoint);
  const auto& event = settled.event;
  const MessageId id = event.inbound ? event.inbound->id : event.receipt.message;
  write_done(s, id, event.inbound != nullptr, event.receipt.status_seq, webhook,
             settled.kind == notify::WebhookSettled::Kind::kAcknowledged);
  if (event.inbound) {
    inbound_done(s, id, webhook);
  } else {
    receipt_done(s, id, event.receipt.status_seq, webhook);
  }
}

// The message is copied as it is now: the call is put into words on another thread.
void call_webhook(State& s, const Now& now, const notify::WebhookCall& call) {
  const auto& event = *call.event;
  CallWebhook effect;
  effect.token = WebhookToken{call.token.value()};
  effect.webhook = s.telling.number_of(call.endpoint);
  effect.account = call.account;
  effect.attempt = call.attempt;
  effect.event = event.event.value();
  effect.at = event.at;
  effect.inbound = event.inbound;
  if (event.inbound) {
    const OperatorId op = event.inbound->op;
    const Alphabet theirs = op == kNoOperator ? Alphabet::kGsm7 : s.directory.op(op).alphabet_in;
    effect.alphabet = message::coding_of(event.inbound->data_coding, theirs).alphabet;
  } else {
    const Message* message = s.present(event.receipt.message);
    ALDIS_CHECK(message != nullptr);
    effect.message = std::make_shared<const Message>(*message);
  }
  effect.status_seq = event.receipt.status_seq;
  effect.status = event.receipt.status;
  effect.previous = event.previous;
  effect.intermediate = event.receipt.intermediate;
  effect.accepted_word = event.receipt.accepted_word;
  effect.by_receipt = event.by_receipt;
  effect.command_status = event.command_status;
  effect.err = event.receipt.err;
  effect.done_at = event.receipt.done_at;
  effect.parts_delivered = event.receipt.parts_delivered;
  if (ALDIS_MUTANT(155)) { return s.sink.on(now, Effect{effect}); }
  s.gate.hold(std::move(effect));
}

void tell_webhooks(State& s, const Now& now) {
  notify::Webhooks& webhooks = s.telling.webhooks();
  webhooks.advance(now);
  while (const auto settled = webhooks.next_settled()) { settle(s, *settled); }
  while (const auto call = webhooks.next(now)) { call_webhook(s, now, *call); }
  while (const auto notice = webhooks.next_notice()) {
    const auto kind = static_cast<WebhookNoticed::Kind>(notice->kind);
    s.sink.on(now, Effect{WebhookNoticed{kind, s.telling.number_of(notice->endpoint), notice->account}});
  }
}

}  // namespace

void on(State& s, const Now& now, const DeliverResult& result) {
  if (const auto settled = s.outbox.on_result(now, result)) { settle(s, *settled); }
}

void on(State& s, const Now& now, const WebhookAnswered& answered) {
  if (answered.outcome) {
    ++s.counters.webhook_outcomes[static_cast<std::size_t>(*answered.outcome)];
    s.counters.webhook_took.add(answered.took);
  }
  const notify::CallToken token{answered.token.value()};
  if (const auto settled = s.telling.webhooks().on_result(now, token, answered.result)) {
    settle(s, *settled);
  }
}

void owe_inbound(State& s, const Now& now, std::shared_ptr<Inbound> inbound) {
  s.telling.inbound.emplace(inbound->id, inbound);
  const WebhookNumbers to = inbound->webhooks;
  for (const WebhookNumber webhook : to) {
    if (!s.telling.owe(now, inbound, webhook)) { dead_letter(s, inbound->id, true, 0, webhook); }
  }
}

void dead_letter(State& s, MessageId id, bool inbound, std::uint16_t status_seq, WebhookNumber webhook) {
  write_done(s, id, inbound, status_seq, webhook, false);
  if (inbound) { return inbound_done(s, id, webhook); }
  receipt_done(s, id, status_seq, webhook);
}

void deliver(State& s, const Now& now) {
  if (s.telling.webhooks().size() > 0) { tell_webhooks(s, now); }
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

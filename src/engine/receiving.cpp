// SPDX-License-Identifier: Apache-2.0
// What operators send us: receipts and inbound messages. Each is durable before it is acknowledged (CONTRACT
// D5, D5b).
#include <algorithm>

#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/receipts/error_codes.hpp"
#include "engine/state.hpp"

namespace aldis::engine::receiving {

namespace {

void write_dialect(State& s, OperatorId op, IdDialect learned) {
  const spool::DialectEntry entry{op, receipts::name_of(learned)};
  s.journal.append(spool::SettingsRecord{{}, {&entry, 1}});
  s.log.info("receipt.dialect_learned",
             {{"operator", s.directory.operator_name(op)}, {"dialect", receipts::name_of(learned)}});
}

void park(State& s, const Now& now, const OperatorReceipt& receipt, receipts::Unmatched why) {
  s.tally.unmatched(receipt.op, why);
  if (ALDIS_MUTANT(24)) { return; }
  const MessageId id = s.next_id();
  auto& orphan = s.orphans.park(now.mono, std::make_unique<receipts::Orphan>(id, receipt, why));
  s.rehome(orphan, s.journal.append(spool::OrphanRecord{id, receipt}));
  ALDIS_FAILPOINT(pass_once_durable("orphan.synced", s.journal.position().value()));
  s.log.debug("receipt.parked",
              {{"operator", s.directory.operator_name(receipt.op)}, {"reason", receipts::name_of(why)}});
}

// One verdict for one part, from a receipt that came now or from one that was parked. False: after
// late_window, so the receipt is an orphan.
bool apply(State& s, const Now& now, Message& message, std::uint16_t i, const receipts::Report& report,
           std::string_view learned_operator_id, MessageId orphan) {
  Part& part = message.parts[i];
  const Status before = message.status;
  const bool waited = waits(message);
  const bool had_id = !part.operator_id.empty();
  // While a late verdict may still come, the message's timer stands at the end of late_window.
  const bool over = ALDIS_MUTANT(57) ? now.wall - message.done_at > s.settings.limits.late_window
                                     : !message.TimerHook::armed() || now.mono > message.TimerHook::at();
  const auto applied = receipts::apply_receipt(message, i, report, now.wall, {.late_window_over = over});
  s.step_counted(message, before, message.status);
  if (applied.too_late) { return false; }
  s.tally.applied(message.op, applied);
  if (!applied.part_changed && !applied.changed && !applied.intermediate_to_report) {
    if (orphan != MessageId{}) { s.journal.append(spool::OrphanDoneRecord{orphan}); }
    return true;
  }
  if (!had_id && !learned_operator_id.empty()) {
    s.correlator.unwatch({message.id, i});
    part.operator_id = learned_operator_id;
    s.correlator.remember(message.op, learned_operator_id, {message.id, i});
  }
  // what was to be sent again need not be
  if (!any_part(message, Status::kQueued)) { s.dispatch.remove(message); }
  if (!is_final(message.status)) { s.step(message, status_of_parts(message)); }
  s.queue_changed(message, waited);
  std::optional<spool::OwedItem> owed;
  if (applied.final || applied.intermediate_to_report) {
    owed = s.owed_item(now, message,
                       {.previous = before,
                        .intermediate = !applied.final,
                        .accepted_word = !applied.final && report.accepted_word,
                        .by_receipt = true});
  }
  spool::ReceiptRecord record;
  record.part = {message.id, i};
  record.op = message.op;
  record.state = part.status;
  record.intermediate = applied.intermediate_to_report;
  record.err = applied.final ? message.err.view() : part.err.view();
  record.status_seq = message.status_seq;
  record.late = message.late;
  record.message_status = message.status;
  record.unknown_reason = message.unknown_reason;
  record.done_at = message.done_at;
  if (!had_id) { record.operator_message_id = part.operator_id; }
  record.orphan = orphan;
  record.owed = owed;
  s.journal.append(record);
  ALDIS_FAILPOINT(pass_once_durable("receipt.synced", s.journal.position().value()));
  if (owed) { s.owe(now, message, *owed); }
  if (is_final(message.status)) {
    s.leave_if_done(now, message);
  } else if (message.status != before) {
    sending::settle(s, now, message);
  }
  return true;
}

// A part on its way stands among those in doubt only as their rival: what is said of it waits for its answer.
bool is_rival(State& s, const receipts::Match& match) {
  if (match.how != receipts::How::kFallback) { return false; }
  const Part& part = s.messages.find(match.part.message)->parts[match.part.part];
  return part.status == Status::kSending && !part.uncertain;
}

// Without an id a receipt is believed only if no other part fits as well.
bool names_only(State& s, const Now& now, const receipts::Orphan& orphan, const PartRef& part) {
  const auto match =
      s.correlator.correlate(receipt_of(orphan), s.directory.op(orphan.op), s.lookup, now.wall);
  return match.has_value() && match->part == part;
}

// An account with a login for SMPP is told on its sessions, any other one over HTTP, unless receipts.via says
// otherwise.
WebhookNumbers webhooks_of(const State& s, AccountId account) {
  if (account == kNoAccount) { return {}; }
  const auto& settings = s.directory.account(account);
  const auto via = settings.receipts.via;
  const bool over_smpp = std::any_of(settings.logins.begin(), settings.logins.end(),
                                     [](const auto& login) { return login.kind == LoginKind::kSmpp; });
  const bool wanted = via == ReceiptVia::kAuto ? !over_smpp : via != ReceiptVia::kSmpp;
  return wanted ? s.telling.wanting_inbound(account) : WebhookNumbers{};
}

// The number of the message that a piece of inbound text names: the first word, for keywords.
std::string_view text_of(const OperatorInbound& inbound) {
  std::string_view body = inbound.body;
  if ((inbound.esm_class & 0x40u) != 0 && !body.empty()) {
    const std::size_t header = std::size_t{u8(body.front())} + 1;
    body = header <= body.size() ? body.substr(header) : std::string_view{};
  }
  return body;
}

}  // namespace

OperatorReceipt receipt_of(const receipts::Orphan& orphan) {
  OperatorReceipt receipt;
  receipt.op = orphan.op;
  receipt.intermediate = orphan.intermediate;
  receipt.id_tlv = orphan.id_tlv;
  receipt.id_text = orphan.id_text;
  receipt.state = orphan.state;
  receipt.accepted_word = orphan.accepted_word;
  receipt.stat_word = orphan.stat_word;
  receipt.err = orphan.err.view();
  receipt.unparsed = orphan.reason == receipts::Unmatched::kUnparsed && !orphan.state;
  receipt.source = orphan.source;
  receipt.destination = orphan.destination;
  receipt.user_message_reference = orphan.user_message_reference;
  receipt.received_at = orphan.received_at;
  receipt.body = orphan.body;
  return receipt;
}

void on(State& s, const Now& now, const OperatorReceipt& receipt) {
  // no answer: egress says nack_status in time
  if (s.journal.room() >= (ALDIS_MUTANT(11) ? spool::Room::kNoAccept : spool::Room::kNone)) { return; }
  s.tally.received(receipt.op, receipts::report_of(receipt));
  const auto& op = s.directory.op(receipt.op);
  auto match = receipt.unparsed ? Result<receipts::Match, receipts::Unmatched>{receipts::Unmatched::kUnparsed}
                                : s.correlator.correlate(receipt, op, s.lookup, now.wall);
  if (!match.has_error() && is_rival(s, *match)) { match = receipts::Unmatched::kUnknown; }
  if (match.has_error()) {
    // it was a message from a handset after all
    if (receipt.otherwise != nullptr) { return on(s, now, *receipt.otherwise); }
    park(s, now, receipt, match.error());
  } else {
    if (match->learned) { write_dialect(s, receipt.op, *match->learned); }
    Message* message = s.messages.find(match->part.message);
    const bool fallback = match->how == receipts::How::kFallback;
    const std::string_view id = !receipt.id_tlv.empty() ? receipt.id_tlv : receipt.id_text;
    if (apply(s, now, *message, match->part.part, receipts::report_of(receipt),
              fallback ? id : std::string_view{}, {})) {
      s.tally.matched(receipt.op, match->how);
      if (fallback && !id.empty()) {  // now that its id is known: what was parked under it
        match_orphans(s, now, *message, match->part.part, id);
      }
    } else {
      park(s, now, receipt, receipts::Unmatched::kLate);
    }
  }
  if (ALDIS_MUTANT(2)) { return s.sink.on(now, Effect{AnswerOperator{receipt.request}}); }
  s.gate.hold(AnswerOperator{receipt.request});
}

void on(State& s, const Now& now, const OperatorInbound& inbound) {
  if (s.journal.room() == spool::Room::kNone) { return; }
  ++s.counters_of(inbound.op).inbound;
  auto item = std::make_unique<Inbound>();
  item->id = s.next_id();
  item->op = inbound.op;
  item->account = s.inbound_routes.find({inbound.op, inbound.destination.digits.view(), text_of(inbound)})
                      .value_or(kNoAccount);
  item->source = inbound.source;
  item->destination = inbound.destination;
  item->service_type.assign(inbound.service_type);
  item->esm_class = inbound.esm_class;
  item->protocol_id = inbound.protocol_id;
  item->priority_flag = inbound.priority_flag;
  item->data_coding = inbound.data_coding;
  item->body = inbound.body;
  item->tlvs = inbound.tlvs;
  item->received_at = now.wall;
  s.counters_of(inbound.op).inbound_unroutable += item->account == kNoAccount ? 1u : 0u;
  item->webhooks = webhooks_of(s, item->account);
  if (!item->webhooks.empty()) { item->event = s.next_id().value(); }
  s.rehome(*item, s.journal.append(spool::InboundRecord{item.get()}));
  ALDIS_FAILPOINT(pass_once_durable("inbound.synced", s.journal.position().value()));
  if (item->webhooks.empty()) {
    s.outbox.owe(now, std::move(item));
  } else {
    owing::owe_inbound(s, now, std::move(item));
  }
  if (ALDIS_MUTANT(89)) { return s.sink.on(now, Effect{AnswerOperator{inbound.request}}); }
  s.gate.hold(AnswerOperator{inbound.request});
}

void match_orphans(State& s, const Now& now, Message& message, std::uint16_t i,
                   std::string_view operator_id) {
  const OperatorId op = message.op;
  const MessageId id = message.id;
  Message* still = &message;
  while (still != nullptr && op != kNoOperator && s.orphans.size(op) > 0) {
    const Part& part = still->parts[i];
    const auto own_id = operator_id.empty() ? std::string_view{part.operator_id} : operator_id;
    const bool by_id = !own_id.empty();
    receipts::Orphan* orphan = by_id ? s.orphans.match(op, own_id, *still, s.directory.op(op))
                                     : s.orphans.match_uncertain(op, *still, part);
    if (orphan == nullptr || (!by_id && !names_only(s, now, *orphan, {id, i}))) { return; }
    if (const auto learned = s.orphans.learn_from(*orphan, own_id, s.directory.op(op))) {
      write_dialect(s, op, *learned);
    }
    const std::string_view named = !orphan->id_tlv.empty() ? orphan->id_tlv : orphan->id_text;
    const bool applied = apply(s, now, *still, i, receipts::report_of(*orphan),
                               part.operator_id.empty() ? named : std::string_view{}, orphan->id);
    if (!applied) { s.journal.append(spool::OrphanDoneRecord{orphan->id}); }
    s.tally.matched(op, receipts::How::kParked);
    s.orphans.remove(*orphan);
    still = s.messages.find(id);
  }
}

void expire_orphans(State& s, const Now& now) {
  // Replay drops them by their age too, so their end needs no record of its own.
  s.orphans.expire(now);
}

}  // namespace aldis::engine::receiving

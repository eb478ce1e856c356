// SPDX-License-Identifier: Apache-2.0
// Status, finals, and what is owed for them.
#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/message/receipt_owed.hpp"
#include "aldis/receipts/error_codes.hpp"
#include "engine/state.hpp"

namespace aldis::engine {

std::uint64_t stirred(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

double jitter_of(MessageId id, std::uint32_t salt) {
  return static_cast<double>(stirred(id.value() * 31 + salt) >> 11) * 0x1.0p-53;
}

bool awaits_late_receipt(const Message& message) {
  if (message.late || (message.status != Status::kExpired && message.status != Status::kUnknown)) {
    return false;
  }
  return std::any_of(message.parts.begin(), message.parts.end(),
                     [](const Part& part) { return part.attempt > 0; });
}

bool any_part(const Message& message, Status status) {
  for (const Part& part : message.parts) {  // nearly always one, and std::any_of is made for many
    if (part.status == status) { return true; }
  }
  return false;
}

bool waits(const Message& message) {
  return message.status == Status::kQueued || message.status == Status::kScheduled ||
         dispatch::Dispatch::is_queued(message);
}

bool is_tied(const Message& message) {
  return std::any_of(message.parts.begin(), message.parts.end(), [](const Part& part) {
    return part.uncertain || (part.status != Status::kQueued && part.status != Status::kScheduled);
  });
}

bool is_unsent(const Message& message) {
  return (message.status == Status::kQueued || message.status == Status::kScheduled) && !is_tied(message);
}

Status status_of_parts(const Message& message) {
  const auto bit = [](Status status) { return 1u << static_cast<unsigned>(status); };
  unsigned there = 0;
  for (const Part& part : message.parts) { there |= bit(part.status); }
  for (const Status status : {Status::kSending, Status::kQueued, Status::kUncertain, Status::kSent}) {
    if ((there & bit(status)) != 0) { return status; }
  }
  return message.status;
}

MessageId State::next_id() {
  return make_message_id(settings.node_id, journal.start().generation, next_sequence++);
}

void State::step(Message& message, Status to) {
  if (message.status == to) { return; }
  ALDIS_CHECK(may_step(message.status, to));
  step_counted(message, message.status, to);
  message.status = to;
  ++message.status_seq;
}

void State::step_counted(const Message& message, Status from, Status to) {
  --level_of(message, from);
  ++level_of(message, to);
}

void State::count_sent(const Message& message) {
  ++counters_of(message.op).submits_ok;
  const bool asked = (message.registered_delivery & 0x03u) != 0;  // as egress asks
  if (asked || !directory.op(message.op).receipts_as_asked) { tally.requested(message.op); }
}

std::uint64_t& State::level_of(const Message& message, Status status) {
  if (!is_final(status)) { return counters.pending[static_cast<std::size_t>(status)]; }
  const bool tried =
      message.op != kNoOperator && std::any_of(message.parts.begin(), message.parts.end(),
                                               [](const Part& part) { return part.attempt > 0; });
  Finals& finals = tried ? counters_of(message.op).finals : counters.finals_without_operator;
  return finals.of(message.message_class, status);
}

namespace {

WebhookKind kind_of(Status status, bool intermediate) {
  if (intermediate) { return WebhookKind::kIntermediate; }
  switch (status) {
    case Status::kDelivered: return WebhookKind::kDelivered;
    case Status::kUndeliverable: return WebhookKind::kUndeliverable;
    case Status::kRejected: return WebhookKind::kRejected;
    case Status::kExpired: return WebhookKind::kExpired;
    case Status::kDeleted: return WebhookKind::kDeleted;
    case Status::kUnknown: return WebhookKind::kUnknown;
    default: return WebhookKind::kSent;
  }
}

// By the customer's registered_delivery and settings. A message that came over HTTP is told there, unless
// its account wants receipts on sessions.
bool receipt_owed(const Message& message, const AccountSettings& account, bool intermediate) {
  const auto via = account.receipts.via;
  const bool by_session = via == ReceiptVia::kAuto ? message.door_notes.empty() : via != ReceiptVia::kWebhook;
  if (!by_session) { return false; }
  return intermediate
             ? message::intermediate_receipt_owed(message.registered_delivery, account.receipts.mode)
             : message::final_receipt_owed(message.registered_delivery, message.status, account.receipts.mode,
                                           account.smpp.version == VersionSetting::k50);
}

}  // namespace

std::optional<spool::OwedItem> State::owed_item(const Now& now, const Message& message,
                                                const Occasion& occasion) {
  const auto& account = directory.account(message.account);
  const bool intermediate = occasion.intermediate;
  const bool sessions =
      (intermediate || is_final(message.status)) && receipt_owed(message, account, intermediate);
  const bool webhooks = telling.may_want(message);
  if (!sessions && !webhooks) { return std::nullopt; }
  spool::OwedItem item;
  item.sessions = sessions;
  if (webhooks) { item.webhooks = telling.wanting(message, kind_of(message.status, intermediate)); }
  if (item.receivers() == 0) { return std::nullopt; }
  item.status_seq = message.status_seq;
  item.status = intermediate ? Status::kSent : message.status;
  item.intermediate = intermediate;
  item.accepted_word = occasion.accepted_word;
  const auto* op = message.op == kNoOperator ? nullptr : &directory.op(message.op);
  item.err = receipts::err::for_customer(message.err.view(), op, account.receipts.err);
  item.done_at = is_final(message.status) ? message.done_at : now.wall;
  item.owed_since = now.wall;
  item.parts_delivered = receipts::parts_delivered(message);
  if (item.webhooks.empty()) { return item; }
  item.event = next_id().value();
  item.previous = occasion.previous;
  item.by_receipt = occasion.by_receipt;
  item.command_status = occasion.command_status;
  return item;
}

void State::owe(const Now& now, Message& message, const spool::OwedItem& item) {
  // The usual case, one receipt for a final state that stays, can be told from the message itself; anything
  // else is remembered: what webhooks are owed, not-final ones, finals that a late verdict may replace while
  // they are owed, and, after a restart, those that one has replaced.
  const bool of_now = item.status_seq == message.status_seq || ALDIS_MUTANT(122);
  if (!item.webhooks.empty() || item.intermediate || !of_now || awaits_late_receipt(message) ||
      owed_unusual.contains(message.id)) {
    owed_unusual[message.id].push_back(item);
  }
  message.owed_open = static_cast<std::uint16_t>(message.owed_open + item.receivers());
  if (item.sessions) {
    outbox.owe(now, message,
               {message.id, item.status_seq, item.status, item.intermediate, item.accepted_word, item.err,
                item.done_at, item.parts_delivered},
               item.owed_since);
  }
  for (const WebhookNumber webhook : item.webhooks) {
    if (!telling.owe(now, message, webhook, item)) {
      owing::dead_letter(*this, message.id, false, item.status_seq, webhook);
    }
  }
}

void State::owed_done(Message& message, std::uint16_t status_seq, WebhookNumber webhook) {
  ALDIS_CHECK(message.owed_open > 0);
  --message.owed_open;
  const auto at = owed_unusual.find(message.id);
  if (at == owed_unusual.end()) { return; }
  std::erase_if(at->second, [&](spool::OwedItem& item) {
    if (item.status_seq == status_seq) { item.settle(webhook); }
    return item.receivers() == 0;
  });
  if (at->second.empty()) { owed_unusual.erase(at); }
}

std::vector<spool::OwedItem> State::owed_of(const Message& message) const {
  if (message.owed_open == 0) { return {}; }
  if (const auto at = owed_unusual.find(message.id); at != owed_unusual.end()) { return at->second; }
  const auto& account = directory.account(message.account);
  const auto* op = message.op == kNoOperator ? nullptr : &directory.op(message.op);
  spool::OwedItem item;
  item.status_seq = message.status_seq;
  item.status = message.status;
  item.err = receipts::err::for_customer(message.err.view(), op, account.receipts.err);
  item.done_at = message.done_at;
  item.owed_since = message.done_at;
  item.parts_delivered = receipts::parts_delivered(message);
  return {item};
}

void State::queue_changed(const Message& message, bool waited) {
  const bool waiting = waits(message);
  if (waited && !waiting) { admission.queue_left(message.account); }
  if (!waited && waiting) { admission.queue_joined(message.account); }
}

void State::finish(const Now& now, Message& message, Status status, UnknownReason reason,
                   std::string_view err) {
  const bool waited = waits(message);
  dispatch.remove(message);  // nothing if it is not in a lane
  for (auto& part : message.parts) {
    if (is_final(part.status)) { continue; }
    part.status = status;
    part.err.assign(err);
  }
  message.unknown_reason = reason;
  message.err.assign(err);
  message.done_at = now.wall;
  const Status previous = message.status;
  step(message, status);
  queue_changed(message, waited);
  final_written(now, message, previous, err);
}

void State::finish_unanswered(const Now& now, Message& message, UnknownReason reason) {
  const bool waited = waits(message);
  dispatch.remove(message);
  const Status before = message.status;
  receipts::finish_unanswered(message, reason, now.wall);
  step_counted(message, before, message.status);
  queue_changed(message, waited);
  final_written(now, message, before, message.err.view());
}

void State::final_written(const Now& now, Message& message, Status previous, std::string_view err) {
  const auto owed = owed_item(now, message, {.previous = previous});
  journal.append(spool::FinalRecord{message.id, message.status, message.unknown_reason, err,
                                    message.status_seq, message.done_at, owed});
  if (owed) { owe(now, message, *owed); }
  leave_if_done(now, message);
}

void State::forget_parts(Message& message) {
  for (std::uint16_t i = 0; i < message.parts.size(); ++i) {
    const PartRef ref{message.id, i};
    if (!message.parts[i].operator_id.empty()) {
      correlator.forget(message.op, message.parts[i].operator_id, ref);
    }
    if (message.parts[i].uncertain || message.parts[i].operator_id.empty()) { correlator.unwatch(ref); }
  }
}

void State::leave_if_done(const Now& now, Message& message) {
  if (!is_final(message.status)) { return; }
  if (awaits_late_receipt(message)) {
    wheel.arm(message, now.instant_of(message.done_at) + settings.limits.late_window);
    return;
  }
  message.TimerHook::cancel();
  if (message.owed_open == 0) { return finished.push_back(message.id); }
  came_to_rest(message);
}

void State::free_finished() {
  for (const MessageId id : finished) {
    Message* message = messages.find(id);
    if (message == nullptr || message->owed_open > 0) { continue; }
    // until late_window is over
    if (awaits_late_receipt(*message) && message->TimerHook::armed()) { continue; }
    // Not before: a receipt that comes again, or says another thing, is known as such while its message is
    // here.
    forget_parts(*message);
    if (!multi.empty()) {
      if (const auto at = multi.find(message->public_id); at != multi.end()) {
        std::erase(at->second, id);
        if (at->second.empty()) { multi.erase(at); }
      }
    }
    recent_finals.add(message->account,
                      message->short_id != 0 ? message->short_id : message->public_id.value(),
                      message->source.digits.view(),
                      {message->status, receipts::err::as_octet(message->err.view()), message->done_at});
    left_home(*message);
    messages.remove(*message);
  }
  finished.clear();
}

// Nobody knows whether the operator has it. Its siblings on their way have the same numbers: a receipt
// without an id that we know may be theirs.
void State::note_uncertain(Message& message, std::uint16_t i) {
  message.parts[i].status = Status::kUncertain;
  message.parts[i].uncertain = true;
  ++counters_of(message.op).uncertain;
  for (std::uint16_t j = 0; j < message.parts.size(); ++j) {
    if (j == i || message.parts[j].status == Status::kSending) { correlator.watch(message.op, message, j); }
  }
}

void State::rehome(Homed& homed, Lsn home) {
  left_home(homed);
  static_cast<HomeHook&>(homed).unlink();
  homed.home = home;
  homed.image_octets = journal.last_octets();
  homes.push_back(homed);
}

void State::append_image(const Now& now, Message& message) {
  spool::AcceptRecord record;
  record.message = &message;
  if (message.due_at > now.mono) { record.due_at = now.wall_of(message.due_at); }
  if (message.expires_at != kNever) { record.expires_at = now.wall_of(message.expires_at); }
  const auto owed = owed_of(message);
  if (!ALDIS_MUTANT(10)) { record.owed = owed; }
  const auto request = idempotency.take_fresh(message.id);
  if (request && !ALDIS_MUTANT(3)) {
    record.idempotency_key = request->key;
    record.request_print = request->print;
  }
  rehome(message, journal.append(record));
  if (request) { idempotency.written(request->key, message.home); }
  message.image_print = MessageTable::fingerprint(message);
}

}  // namespace aldis::engine

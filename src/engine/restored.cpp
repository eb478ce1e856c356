// SPDX-License-Identifier: Apache-2.0
// Replay. Records may be seen again and may speak of messages that are gone: then they say nothing
// (spool/records.hpp).
#include "aldis/engine/restored.hpp"

#include <algorithm>

#include "aldis/base/mutant.hpp"
#include "aldis/receipts/error_codes.hpp"
#include "engine/state.hpp"

namespace aldis::engine {

void Restored::on(const spool::Place& place, const spool::AcceptRecord& record) {
  const MessageId id = record.message->id;
  Message* message = messages.find(id);
  if (message == nullptr) {
    const bool known = messages.shelved(id) != nullptr;
    if (known) { messages.forget_shelved(id); }
    message = &messages.make();
    *message = *record.message;
    messages.add(*message);
    if (!known) { count_used(*message); }
  } else {
    *message = *record.message;
  }
  message->home = place.end;
  message->image_octets = static_cast<std::uint32_t>(place.end.value() - place.begin.value());
  for (const auto& item : record.owed) {  // as long as the image is judged
    message->owed_open = static_cast<std::uint16_t>(message->owed_open + item.receivers());
  }
  message->image_print = MessageTable::fingerprint(*message);
  message->owed_open = 0;
  const bool on_a_date = message->status == Status::kScheduled;
  message->due_at = due(record.due_at, on_a_date ? WallTime{} : std::max(latest_, message->accepted_at));
  message->expires_at = record.expires_at == spool::kNoDeadline
                            ? kNever
                            : instant_within(record.expires_at, message->accepted_at);
  if (message->short_id != 0) {
    auto& next = short_ids[message->account];
    next = std::max(next, message->short_id + 1);
  }
  latest_ = std::max(latest_, message->accepted_at);
  if (record.idempotency_key != 0) {
    requests.push_back({record.idempotency_key, record.request_print, id, message->accepted_at,
                        static_cast<std::uint16_t>(message->parts.size())});
  }
  if (record.owed.empty()) {
    owed.erase(message->id);
  } else {
    owed[message->id] = Owed(record.owed.begin(), record.owed.end());
  }
  if (images_ != nullptr && message->status == Status::kQueued && record.owed.empty()) {
    untouched_.push_back(id);
    shelve_some();
  }
  drop_if_done(*message);
}

void Restored::shelve_some() {
  while (untouched_.size() > in_memory_) {
    Message* message = messages.find(untouched_.front());
    if (message != nullptr && !images_->readable(message->home)) { return; }
    untouched_.pop_front();
    if (message == nullptr || message->due_at > now_.mono || owed.contains(message->id)) { continue; }
    if (MessageTable::is_untouched(*message) && MessageTable::may_be_shelved(*message)) {
      message->op = kNoOperator;
      messages.shelve(*message);
    }
  }
}

Message* Restored::present(MessageId id) {
  if (Message* message = messages.find(id)) { return message; }
  const Shelved* shelved = messages.shelved(id);
  if (shelved == nullptr) { return nullptr; }
  return &messages.unshelve(id, *images_->accept(shelved->home, shelved->image_octets()).message, 0);
}

void Restored::visit_all(const std::function<void(const Message&)>& visit_one) {
  for (const MessageId id : messages.ids()) {
    if (const Message* message = messages.find(id)) {
      visit_one(*message);
    } else {
      const Shelved* shelved = messages.shelved(id);
      visit_one(*images_->accept(shelved->home, shelved->image_octets()).message);
    }
  }
}

void Restored::on(const spool::Place&, const spool::LeaseRecord& record) {
  for (const auto& leased : record.parts) {
    Message* message = present(leased.part.message);
    if (message == nullptr || leased.part.part >= message->parts.size()) { continue; }
    Part& part = message->parts[leased.part.part];
    part.status = Status::kSending;
    part.attempt = leased.attempt;
    message->status = Status::kSending;
    message->op = record.op;
    message->link = record.link;
    if (!part.uncertain) { part.sent_since = std::max(latest_, message->accepted_at); }
    if (leased.concat_ref != 0) { message->concat_ref = leased.concat_ref; }
  }
}

// As receipts::one_part_refused() did: siblings that nobody has are not sent, and doubtful ones not sent
// again.
void Restored::follow_refused(Message& message, std::string_view err) {
  for (Part& part : message.parts) {
    if (part.status != Status::kQueued && part.status != Status::kScheduled) { continue; }
    part.status = part.uncertain ? Status::kUncertain : Status::kRejected;
    if (!part.uncertain) { part.err.assign(err); }
  }
}

void Restored::on(const spool::Place&, const spool::ResultRecord& record) {
  Message* message = present(record.part.message);
  if (message == nullptr || record.part.part >= message->parts.size()) { return; }
  Part& part = message->parts[record.part.part];
  part.status = record.part_status;
  part.attempt = record.attempt;
  part.uncertain = record.uncertain;
  if (!record.operator_message_id.empty()) { part.operator_id = record.operator_message_id; }
  if (!record.err.empty()) { part.err.assign(record.err); }
  if (part.status == Status::kRejected || part.status == Status::kUndeliverable) {
    follow_refused(*message, record.err);
  }
  latest_ = std::max(latest_, record.at);
  message->status = record.message_status;
  message->unknown_reason = record.unknown_reason;
  message->status_seq = record.status_seq;
  message->candidates_tried = record.candidates_tried;
  message->due_at = due(record.due_at, record.at);
  if (is_final(record.message_status)) {
    message->done_at = record.at;
    message->err.assign(record.err);
  }
  owe(message->id, record.owed);
  drop_if_done(*message);
}

void Restored::on(const spool::Place&, const spool::ReceiptRecord& record) {
  if (record.orphan != MessageId{}) { orphans.erase(record.orphan); }
  Message* message = present(record.part.message);
  if (message == nullptr || record.part.part >= message->parts.size()) { return; }
  Part& part = message->parts[record.part.part];
  part.status = record.state;
  if (!record.err.empty()) { part.err.assign(record.err); }
  if (!record.operator_message_id.empty()) { part.operator_id = record.operator_message_id; }
  message->status = record.message_status;
  message->unknown_reason = record.unknown_reason;
  message->status_seq = record.status_seq;
  message->late = record.late;
  if (record.intermediate) {
    const bool accepted = record.owed && record.owed->accepted_word;
    message->intermediates = static_cast<std::uint8_t>(message->intermediates | (accepted ? 2u : 1u));
  }
  if (is_final(record.message_status)) {
    message->done_at = record.done_at;
    message->err.assign(record.err);
  }
  owe(message->id, record.owed);
  drop_if_done(*message);
}

void Restored::on(const spool::Place& place, const spool::OrphanRecord& record) {
  auto image = std::make_unique<OrphanImage>();
  image->id = record.id;
  image->home = place.end;
  image->receipt = record.receipt;
  image->id_tlv = record.receipt.id_tlv;
  image->id_text = record.receipt.id_text;
  image->stat_word = record.receipt.stat_word;
  image->err = record.receipt.err;
  image->body = record.receipt.body;
  image->receipt.id_tlv = image->id_tlv;
  image->receipt.id_text = image->id_text;
  image->receipt.stat_word = image->stat_word;
  image->receipt.err = image->err;
  image->receipt.body = image->body;
  latest_ = std::max(latest_, record.receipt.received_at);
  orphans[record.id] = std::move(image);
}

void Restored::on(const spool::Place&, const spool::OrphanDoneRecord& record) { orphans.erase(record.id); }

void Restored::on(const spool::Place& place, const spool::InboundRecord& record) {
  auto& at = inbound[record.inbound->id];
  at = std::make_unique<Inbound>(*record.inbound);
  at->home = place.end;
}

void Restored::on(const spool::Place&, const spool::OwedDoneRecord& record) {
  if (record.inbound) {
    const auto at = inbound.find(record.id);
    if (at == inbound.end()) { return; }
    auto& webhooks = at->second->webhooks;
    webhooks.erase(std::remove(webhooks.begin(), webhooks.end(), record.webhook), webhooks.end());
    if (webhooks.empty()) { inbound.erase(at); }
    return;
  }
  if (const auto at = owed.find(record.id); at != owed.end()) {
    auto& items = at->second;
    items.erase(std::remove_if(items.begin(), items.end(),
                               [&](auto& item) {
                                 if (item.status_seq != record.status_seq || ALDIS_MUTANT(61)) {
                                   return false;
                                 }
                                 item.settle(record.webhook);
                                 return item.receivers() == 0 || ALDIS_MUTANT(156);
                               }),
                items.end());
    if (items.empty()) { owed.erase(at); }
  }
  if (Message* message = messages.find(record.id)) { drop_if_done(*message); }
}

void Restored::on(const spool::Place&, const spool::FinalRecord& record) {
  Message* message = present(record.message);
  if (message == nullptr) { return; }
  // What an operator has or had, and got no outcome, is UNKNOWN whatever the parts add up to.
  const bool added_up = record.status == Status::kRejected || record.status == Status::kUndeliverable;
  for (auto& part : message->parts) {
    if (is_final(part.status)) { continue; }
    const bool unknown = added_up && part.status != Status::kQueued && part.status != Status::kScheduled;
    part.status = unknown ? Status::kUnknown : record.status;
    part.err.assign(unknown ? receipts::err::kNoOutcome : record.err);
  }
  message->status = record.status;
  message->unknown_reason = record.unknown_reason;
  message->status_seq = record.status_seq;
  message->err.assign(record.err);
  message->done_at = record.done_at;
  owe(message->id, record.owed);
  drop_if_done(*message);
}

void Restored::on(const spool::Place&, const spool::ChangeRecord& record) {
  Message* message = present(record.message);
  if (message == nullptr) { return; }
  message->status = record.status;
  message->status_seq = record.status_seq;
  message->candidates_tried = record.candidates_tried;
  message->op = record.op;
  message->due_at = due(record.due_at, latest_);
  for (auto& part : message->parts) {
    // What waits to be sent again after an uncertain attempt stays flagged. Without a RESULT it was uncertain
    // because of a crash, and this is the first record that says so.
    if (part.status != Status::kUncertain && part.status != Status::kSending) { continue; }
    part.status = record.status;
    part.uncertain = !ALDIS_MUTANT(65);
  }
}

void Restored::on(const spool::Place& place, const spool::SettingsRecord& record) {
  for (const auto& entry : record.stored) { stored.replay(entry, place.end); }
  for (const auto& name : record.names) { learn(name); }
  for (const auto& dialect : record.dialects) { dialects[dialect.op] = dialect.dialect; }
}

void Restored::on(const spool::Place&, const spool::CheckpointRecord& record) {
  for (const auto& name : record.names) { learn(name); }
  for (const auto& dialect : record.dialects) { dialects[dialect.op] = dialect.dialect; }
  for (const auto& counter : record.short_ids) {
    auto& next = short_ids[counter.account];
    next = std::max(next, counter.next);
  }
  if (record.generation > 0) {  // no idle marker
    uncounted_ = make_message_id(record.node, record.generation, record.next_sequence);
    accepted_since.clear();
    for (const auto& used : record.volumes) { volumes[used.account] = used; }
  }
  next_sequence = std::max(next_sequence, record.next_sequence);
  latest_ = std::max(latest_, record.wall);
}

// What was accepted before the newest checkpoint stands in its sum, wherever its ACCEPT stands; what
// compaction writes again is known already.
void Restored::count_used(const Message& message) {
  if (message.id < uncounted_) { return; }
  const auto day = std::chrono::floor<std::chrono::days>(message.accepted_at);
  auto& days = accepted_since[message.account];
  if (days.empty() || days.back().day != day) { days.push_back({day, 0}); }
  days.back().parts += message.parts.size();
}

void Restored::learn(const spool::NameEntry& name) {
  const auto same = [&](const KnownName& known) {
    return known.kind == name.kind && known.number == name.number;
  };
  if (std::none_of(names.begin(), names.end(), same)) {
    names.push_back({name.kind, name.number, std::string{name.name}});
  }
}

// A deadline that stood at `end` when the wall clock said `from`. If that clock was set back meanwhile, what
// is left of the time is still no more than all of it (CONTRACT D13).
Instant Restored::instant_within(WallTime end, WallTime from) const {
  return std::min(now_.instant_of(end), now_.mono + std::max(end - from, microseconds{}));
}

// `from`: when it began to wait; none = until a date.
Instant Restored::due(WallTime at, WallTime from) const {
  if (at == WallTime{}) { return Instant{}; }
  return from == WallTime{} ? now_.instant_of(at) : instant_within(at, from);
}

void Restored::owe(MessageId id, const std::optional<spool::OwedItem>& item) {
  if (!item) { return; }
  auto& items = owed[id];
  const auto same = [&](const auto& known) { return known.status_seq == item->status_seq; };
  if (std::none_of(items.begin(), items.end(), same)) { items.push_back(*item); }
}

void Restored::drop_if_done(Message& message) {
  if (!is_final(message.status) || owed.contains(message.id) || awaits_late_receipt(message)) { return; }
  messages.remove(message);
}

}  // namespace aldis::engine

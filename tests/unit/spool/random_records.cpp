// SPDX-License-Identifier: Apache-2.0
#include "random_records.hpp"

namespace aldis::spool {

std::string RandomRecords::octets(std::size_t size_max) {
  std::string text;
  if (!set()) { return text; }
  text.resize(1 + below(size_max));
  for (char& c : text) { c = static_cast<char>(random_()); }
  return text;
}

void RandomRecords::address(Address& field) {
  number(field.ton);
  number(field.npi);
  text(field.digits);
}

Part RandomRecords::part(const Message& m) {
  Part p;
  p.status = m.status;
  enumerator(p.status, Status::kUnknown);
  flag(p.uncertain);
  number(p.attempt);
  number(p.body_offset);
  number(p.body_octets);
  p.operator_id = octets(64);
  text(p.err);
  if (p.attempt > 0) { p.sent_since = m.accepted_at; }  // what none stands for
  if (p.status != Status::kSending) { time(p.sent_since); }
  return p;
}

OwedItem RandomRecords::owed() {
  OwedItem o;
  number(o.status_seq);
  enumerator(o.status, Status::kUnknown);
  flag(o.intermediate);
  flag(o.accepted_word);
  text(o.err);
  time(o.done_at);
  time(o.owed_since);
  number(o.parts_delivered);
  webhooks(o.webhooks);
  if (o.webhooks.empty()) { return o; }
  o.sessions = !set();
  number(o.event);
  enumerator(o.previous, Status::kUnknown);
  flag(o.by_receipt);
  number(o.command_status);
  return o;
}

AcceptRecord RandomRecords::accept(std::size_t body_max) {
  message_ = Message{};
  Message& m = message_;
  id(m.id);
  m.public_id = m.id;
  id(m.public_id);
  number(m.short_id);
  m.account = AccountId{0};
  id(m.account);
  enumerator(m.message_class, MessageClass::kBulk);
  enumerator(m.status, Status::kUnknown);
  enumerator(m.unknown_reason, UnknownReason::kQuarantined);
  number(m.status_seq);
  flag(m.late);
  address(m.source);
  address(m.destination);
  text(m.service_type);
  number(m.esm_class);
  number(m.protocol_id);
  number(m.registered_delivery);
  flag(m.has_user_message_reference);
  if (m.has_user_message_reference) { number(m.user_message_reference); }
  flag(m.passed_multipart);
  number(m.sar_ref);
  number(m.sar_total);
  number(m.sar_seqnum);
  m.tlvs = octets(100);
  flag(m.at_most_once);
  m.door_notes = octets(40);
  enumerator(m.content.alphabet, Alphabet::kOpaque);
  number(m.content.data_coding);
  m.content.udh = octets(20);
  m.content.body = octets(body_max);
  time(m.accepted_at);
  time(m.done_at);
  id(m.op);
  id(m.link);
  number(m.candidates_tried);
  number(m.concat_ref);
  text(m.err);
  number(m.intermediates);
  if (full_) {
    m.parts.push_back(part(m));
    m.parts.push_back(part(m));
  } else if (coin()) {  // as most are: one part with nothing of its own
    Part& p = m.parts.emplace_back();
    p.status = m.status;
    p.body_octets = static_cast<std::uint32_t>(m.content.body.size());
    number(p.attempt);
    if (p.attempt > 0) { p.sent_since = m.accepted_at; }
  } else {
    for (std::uint64_t n = below(4); n > 0; --n) { m.parts.push_back(part(m)); }
  }
  owed_.clear();
  for (std::uint64_t n = full_ ? 2 : below(3); n > 0; --n) { owed_.push_back(owed()); }
  AcceptRecord record;
  record.message = &m;
  time(record.due_at);
  time(record.expires_at);
  record.owed = owed_;
  if (set()) {
    record.idempotency_key = random_() | 1u;
    record.request_print = random_() | 1u;
  }
  return record;
}

LeaseRecord RandomRecords::lease() {
  LeaseRecord r;
  id(r.op);
  id(r.link);
  parts_.clear();
  for (std::uint64_t n = 1 + below(20); n > 0; --n) {
    LeasedPart& p = parts_.emplace_back();
    id(p.part.message);
    number(p.part.part);
    if (set()) { p.attempt = static_cast<std::uint16_t>(2 + below(1000)); }
    number(p.concat_ref);
  }
  r.parts = parts_;
  return r;
}

ResultRecord RandomRecords::result() {
  ResultRecord r;
  id(r.part.message);
  number(r.part.part);
  id(r.op);
  id(r.link);
  enumerator(r.outcome, OutcomeClass::kNotSent);
  number(r.command_status);
  r.operator_message_id = view(64);
  r.err = view(8);
  enumerator(r.part_status, Status::kUnknown);
  enumerator(r.message_status, Status::kUnknown);
  enumerator(r.unknown_reason, UnknownReason::kQuarantined);
  number(r.status_seq);
  number(r.attempt);
  flag(r.uncertain);
  number(r.candidates_tried);
  time(r.due_at);
  time(r.at);
  maybe_owed(r.owed);
  return r;
}

ReceiptRecord RandomRecords::receipt() {
  ReceiptRecord r;
  id(r.part.message);
  number(r.part.part);
  id(r.op);
  enumerator(r.state, Status::kUnknown);
  flag(r.intermediate);
  r.err = view(8);
  number(r.status_seq);
  flag(r.late);
  enumerator(r.message_status, Status::kUnknown);
  enumerator(r.unknown_reason, UnknownReason::kQuarantined);
  time(r.done_at);
  r.operator_message_id = view(64);
  id(r.orphan);
  maybe_owed(r.owed);
  return r;
}

OrphanRecord RandomRecords::orphan() {
  OrphanRecord record;
  id(record.id);
  OperatorReceipt& r = record.receipt;
  r.op = kNoOperator;
  id(r.op);
  flag(r.intermediate);
  r.id_tlv = view(64);
  r.id_text = view(64);
  if (set()) {
    r.state = Status::kScheduled;
    enumerator(*r.state, Status::kUnknown);
  }
  flag(r.accepted_word);
  r.stat_word = view(7);
  r.err = view(3);
  flag(r.unparsed);
  flag(r.unflagged);
  address(r.source);
  address(r.destination);
  if (set()) { r.user_message_reference = static_cast<std::uint16_t>(below(65536)); }
  time(r.received_at);
  r.body = view(160);
  return record;
}

OrphanDoneRecord RandomRecords::orphan_done() {
  OrphanDoneRecord r;
  id(r.id);
  enumerator(r.kind, OrphanDoneRecord::Kind::kExpired);
  return r;
}

InboundRecord RandomRecords::inbound() {
  inbound_ = Inbound{};
  Inbound& r = inbound_;
  id(r.id);
  id(r.account);
  id(r.op);
  address(r.source);
  address(r.destination);
  text(r.service_type);
  number(r.esm_class);
  number(r.protocol_id);
  number(r.priority_flag);
  number(r.data_coding);
  r.body = octets(160);
  r.tlvs = octets(100);
  time(r.received_at);
  number(r.event);
  webhooks(r.webhooks);
  return {&r};
}

OwedDoneRecord RandomRecords::owed_done() {
  OwedDoneRecord r;
  id(r.id);
  flag(r.inbound);
  number(r.status_seq);
  enumerator(r.kind, OwedDoneRecord::Kind::kExpired);
  id(r.webhook);
  return r;
}

FinalRecord RandomRecords::final_record() {
  FinalRecord r;
  id(r.message);
  enumerator(r.status, Status::kUnknown);
  enumerator(r.unknown_reason, UnknownReason::kQuarantined);
  r.err = view(8);
  number(r.status_seq);
  time(r.done_at);
  maybe_owed(r.owed);
  return r;
}

ChangeRecord RandomRecords::change() {
  ChangeRecord r;
  id(r.message);
  enumerator(r.status, Status::kUnknown);
  number(r.status_seq);
  number(r.attempt);
  number(r.candidates_tried);
  id(r.op);
  time(r.due_at);
  return r;
}

void RandomRecords::tables(std::span<const NameEntry>& names, std::span<const DialectEntry>& dialects) {
  names_.clear();
  dialects_.clear();
  for (std::uint64_t n = 1 + below(5); n > 0; --n) {
    NameEntry& e = names_.emplace_back();
    enumerator(e.kind, NameKind::kOperator);
    number(e.number);
    e.name = view(20);
    DialectEntry& d = dialects_.emplace_back();
    id(d.op);
    d.dialect = view(20);
  }
  names = names_;
  dialects = dialects_;
}

SettingsRecord RandomRecords::settings() {
  SettingsRecord r;
  tables(r.names, r.dialects);
  stored_.clear();
  StoredEntry& entry = stored_.emplace_back();
  entry.kind = StoredKind::kApiKey;
  entry.name = view(20);
  entry.gone = true;
  entry.octets = view(200);
  r.stored = stored_;
  return r;
}

CheckpointRecord RandomRecords::checkpoint() {
  CheckpointRecord r;
  tables(r.names, r.dialects);
  short_ids_.clear();
  for (std::uint64_t n = 1 + below(5); n > 0; --n) {
    ShortIdCounter& c = short_ids_.emplace_back();
    c.account = AccountId{0};
    id(c.account);
    number(c.next);
  }
  r.short_ids = short_ids_;
  volumes_.clear();
  for (std::uint64_t n = 1 + below(5); n > 0; --n) {
    VolumeUsed& used = volumes_.emplace_back();
    used.account = AccountId{0};
    id(used.account);
    number(used.day);
    number(used.day_parts);
    number(used.month_parts);
  }
  r.volumes = volumes_;
  number(r.next_sequence);
  number(r.generation);
  number(r.node);
  time(r.wall);
  r.oldest_segment = full_ ? 1 : 0;  // others would be a claim that these tests do not make
  return r;
}

}  // namespace aldis::spool

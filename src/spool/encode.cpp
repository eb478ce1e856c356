// SPDX-License-Identifier: Apache-2.0
// Field numbers and defaults: proto/journal.proto. On the message path: one pass, no allocation, no bound
// checks per octet, because payload_bound() was reserved before.
#include <concepts>

#include "spool/codec.hpp"
#include "spool/wire_writer.hpp"

namespace aldis::spool {
namespace {

// The numbers of the enumerators stand on disk: these fail when somebody sorts them anew.
static_assert(static_cast<int>(Status::kScheduled) == 0 && static_cast<int>(Status::kUnknown) == 10);
static_assert(static_cast<int>(MessageClass::kOtp) == 0 && static_cast<int>(MessageClass::kBulk) == 2);
static_assert(static_cast<int>(UnknownReason::kNone) == 0 &&
              static_cast<int>(UnknownReason::kQuarantined) == 5);
static_assert(static_cast<int>(Alphabet::kGsm7) == 0 && static_cast<int>(Alphabet::kOpaque) == 6);
static_assert(static_cast<int>(OutcomeClass::kOk) == 0 && static_cast<int>(OutcomeClass::kNotSent) == 9);

constexpr std::size_t kFixedBound = 256;  // all scalar fields of any record, with two addresses
constexpr std::size_t kOwedBound = 96;
constexpr std::size_t kWebhookBound = 10;
constexpr std::size_t kPartBound = 64;
constexpr std::size_t kFieldBound = 8;  // tag and length of a field with octets

// put() writes a field unless it has its default value.
using Out = WireWriter;

template <std::unsigned_integral T>
ALDIS_INLINE void put(Out& w, std::uint32_t tag, T value) {
  if (value != 0) { w.number(tag, value); }
}
ALDIS_INLINE void put(Out& w, std::uint32_t tag, MessageId value) {
  if (value.value() != 0) { w.fixed64(tag, value.value()); }
}
ALDIS_INLINE void put(Out& w, std::uint32_t tag, WallTime value, WallTime absent = WallTime{}) {
  if (value != absent) { w.fixed64(tag, static_cast<std::uint64_t>(value.time_since_epoch().count())); }
}
ALDIS_INLINE void put(Out& w, std::uint32_t tag, Octets value) {
  if (!value.empty()) { w.octets(tag, value); }
}
ALDIS_INLINE void put(Out& w, std::uint32_t tag, Status value, Status absent) {
  if (value != absent) { w.number(tag, static_cast<std::uint64_t>(value) + 1); }
}
ALDIS_INLINE void put(Out& w, std::uint32_t tag, UnknownReason value) {
  put(w, tag, static_cast<std::uint32_t>(value));
}
template <class Id>  // "no such" is the highest number: it becomes 0, which is not written
ALDIS_INLINE void put_id(Out& w, std::uint32_t tag, Id id) {
  put(w, tag, static_cast<std::uint32_t>(id.value() + 1u));
}

ALDIS_INLINE void put(Out& w, std::uint32_t tag, const Address& address) {
  if (address == Address{}) { return; }
  char* const sub = w.open(tag);
  put(w, 1, address.ton);
  put(w, 2, address.npi);
  put(w, 3, address.digits.view());
  w.close(sub);
}

// Kept out of the way of those who are told over SMPP; by value, so that a writer's position has no address.
[[gnu::noinline]] Out put_webhooks(Out w, const OwedItem& owed) {
  if (owed.event != 0) { w.fixed64(9, owed.event); }
  put(w, 10, !owed.sessions);
  for (const WebhookNumber webhook : owed.webhooks) { w.fixed64(11, webhook.value()); }
  put(w, 12, owed.previous, Status::kQueued);
  put(w, 13, owed.by_receipt);
  put(w, 14, owed.command_status);
  return w;
}

ALDIS_INLINE void put(Out& w, std::uint32_t tag, const OwedItem& owed) {
  char* const sub = w.open(tag);
  put(w, 1, owed.status_seq);
  put(w, 2, owed.status, Status::kDelivered);
  put(w, 3, owed.intermediate);
  put(w, 4, owed.accepted_word);
  put(w, 5, owed.err.view());
  put(w, 6, owed.done_at);
  put(w, 7, owed.owed_since);
  put(w, 8, owed.parts_delivered);
  if (!owed.sessions || !owed.webhooks.empty()) { w = put_webhooks(w, owed); }
  w.close(sub);
}

bool is_plain(const Message& m) {  // says all in the message's own fields
  if (m.parts.size() != 1) { return false; }
  const Part& part = m.parts.front();
  return part.status == m.status && !part.uncertain && part.body_offset == 0 &&
         part.body_octets == m.content.body.size() && part.operator_id.empty() && part.err.empty() &&
         (part.sent_since == WallTime{} || part.status == Status::kSending);
}

ALDIS_INLINE void put_parts(Out& w, const Message& m) {
  if (is_plain(m)) {
    put(w, 14, m.parts.front().attempt);
    return;
  }
  for (const Part& part : m.parts) {
    char* const sub = w.open(36);
    put(w, 1, part.status, m.status);
    put(w, 2, part.uncertain);
    put(w, 3, part.attempt);
    put(w, 4, part.body_offset);
    w.number(5, part.body_octets);  // always, so that the submessage is never empty
    put(w, 6, part.operator_id);
    put(w, 7, part.err.view());
    put(w, 8, part.sent_since);
    w.close(sub);
  }
  put(w, 37, m.parts.empty());
}

ALDIS_INLINE void put_rare(Out& w, const Message& m) {
  if (m.public_id != m.id) { w.fixed64(17, m.public_id.value()); }
  put(w, 18, m.short_id);
  put(w, 19, m.unknown_reason);
  put(w, 20, m.late);
  put(w, 21, m.service_type.view());
  put(w, 22, m.esm_class);
  put(w, 23, m.protocol_id);
  if (m.has_user_message_reference) { w.number(24, m.user_message_reference); }
  put(w, 25, m.passed_multipart);
  put(w, 26, m.sar_ref);
  put(w, 27, m.sar_total);
  put(w, 28, m.sar_seqnum);
  put(w, 29, m.tlvs);
  put(w, 30, m.content.udh);
  put(w, 31, m.done_at);
  put(w, 40, m.at_most_once);
  put(w, 41, m.door_notes);
}

ALDIS_INLINE void put_names(Out& w, std::span<const NameEntry> names,
                            std::span<const DialectEntry> dialects) {
  for (const NameEntry& entry : names) {
    char* const sub = w.open(1);
    put(w, 1, static_cast<std::uint32_t>(entry.kind));
    w.number(2, entry.number);
    put(w, 3, entry.name);
    w.close(sub);
  }
  for (const DialectEntry& entry : dialects) {
    char* const sub = w.open(2);
    w.number(1, static_cast<std::uint32_t>(entry.op.value() + 1u));
    put(w, 2, entry.dialect);
    w.close(sub);
  }
}

std::size_t tables_bound(std::span<const NameEntry> names, std::span<const DialectEntry> dialects) {
  std::size_t bound = kFixedBound;
  for (const NameEntry& entry : names) { bound += entry.name.size() + 32; }
  for (const DialectEntry& entry : dialects) { bound += entry.dialect.size() + 32; }
  return bound;
}

std::size_t owed_bound(const std::optional<OwedItem>& owed) {
  return owed ? kOwedBound + kWebhookBound * owed->webhooks.size() : 0;
}

}  // namespace

std::size_t payload_bound(const AcceptRecord& record) {
  const Message& m = *record.message;
  std::size_t bound = kFixedBound + m.content.body.size() + m.content.udh.size() + m.tlvs.size() +
                      m.door_notes.size() + 4 * kFieldBound + kOwedBound * record.owed.size() +
                      kPartBound * m.parts.size();
  for (const Part& part : m.parts) { bound += part.operator_id.size(); }
  for (const OwedItem& owed : record.owed) { bound += kWebhookBound * owed.webhooks.size(); }
  return bound;
}

char* encode(char* at, const AcceptRecord& record) {
  const Message& m = *record.message;
  Out w(at);
  put(w, 1, m.id);
  put(w, 2, m.account.value());
  put(w, 3, m.source);
  put(w, 4, m.destination);
  put(w, 5, m.content.body);
  put(w, 6, m.accepted_at);
  put(w, 7, record.expires_at, kNoDeadline);
  put(w, 8, m.registered_delivery);
  put(w, 9, m.content.data_coding);
  put(w, 10, static_cast<std::uint32_t>(m.content.alphabet));
  put(w, 11, m.status, Status::kQueued);
  put_id(w, 12, m.op);
  put_id(w, 13, m.link);
  put(w, 15, m.status_seq);
  if (m.message_class != MessageClass::kTransactional) {
    w.number(16, static_cast<std::uint64_t>(m.message_class) + 1);
  }
  put_rare(w, m);
  put(w, 32, record.due_at);
  put(w, 33, m.candidates_tried);
  put(w, 34, m.concat_ref);
  put(w, 35, m.err.view());
  put_parts(w, m);
  for (const OwedItem& owed : record.owed) { put(w, 38, owed); }
  put(w, 39, m.intermediates);
  if (record.idempotency_key != 0) {
    w.fixed64(42, record.idempotency_key);
    w.fixed64(43, record.request_print);
  }
  return w.end();
}

std::size_t payload_bound(const LeaseRecord& record) { return 32 + 40 * record.parts.size(); }

char* encode(char* at, const LeaseRecord& record) {
  Out w(at);
  put_id(w, 1, record.op);
  put_id(w, 2, record.link);
  for (const LeasedPart& leased : record.parts) {
    char* const sub = w.open(3);
    w.fixed64(1, leased.part.message.value());
    put(w, 2, leased.part.part);
    if (leased.attempt != 1) { w.number(3, leased.attempt); }
    put(w, 4, leased.concat_ref);
    w.close(sub);
  }
  return w.end();
}

std::size_t payload_bound(const ResultRecord& record) {
  return kFixedBound + owed_bound(record.owed) + record.operator_message_id.size() + record.err.size() +
         2 * kFieldBound;
}

char* encode(char* at, const ResultRecord& record) {
  Out w(at);
  put(w, 1, record.part.message);
  put(w, 2, record.part.part);
  put_id(w, 3, record.op);
  put_id(w, 4, record.link);
  put(w, 5, static_cast<std::uint32_t>(record.outcome));
  put(w, 6, record.command_status);
  put(w, 7, record.operator_message_id);
  put(w, 8, record.err);
  put(w, 9, record.part_status, Status::kSent);
  put(w, 10, record.message_status, Status::kSent);
  put(w, 11, record.status_seq);
  put(w, 12, record.attempt);
  put(w, 13, record.uncertain);
  put(w, 14, record.candidates_tried);
  put(w, 15, record.at);
  put(w, 16, record.due_at);
  put(w, 17, record.unknown_reason);
  if (record.owed) { put(w, 18, *record.owed); }
  return w.end();
}

std::size_t payload_bound(const ReceiptRecord& record) {
  return kFixedBound + owed_bound(record.owed) + record.operator_message_id.size() + record.err.size() +
         2 * kFieldBound;
}

char* encode(char* at, const ReceiptRecord& record) {
  Out w(at);
  put(w, 1, record.part.message);
  put(w, 2, record.part.part);
  put_id(w, 3, record.op);
  put(w, 4, record.state, Status::kDelivered);
  put(w, 5, record.intermediate);
  put(w, 6, record.err);
  put(w, 7, record.status_seq);
  put(w, 8, record.late);
  put(w, 9, record.message_status, Status::kDelivered);
  put(w, 10, record.unknown_reason);
  put(w, 11, record.done_at);
  put(w, 12, record.operator_message_id);
  put(w, 13, record.orphan);
  if (record.owed) { put(w, 14, *record.owed); }
  return w.end();
}

std::size_t payload_bound(const OrphanRecord& record) {
  const OperatorReceipt& r = record.receipt;
  return kFixedBound + r.id_tlv.size() + r.id_text.size() + r.stat_word.size() + r.err.size() +
         r.body.size() + 5 * kFieldBound;
}

char* encode(char* at, const OrphanRecord& record) {
  const OperatorReceipt& r = record.receipt;
  Out w(at);
  put(w, 1, record.id);
  put_id(w, 2, r.op);
  put(w, 3, r.intermediate);
  put(w, 4, r.id_tlv);
  put(w, 5, r.id_text);
  if (r.state) { w.number(6, static_cast<std::uint64_t>(*r.state) + 1); }
  put(w, 7, r.accepted_word);
  put(w, 8, r.stat_word);
  put(w, 9, r.err);
  put(w, 10, r.unparsed);
  put(w, 11, r.unflagged);
  put(w, 12, r.source);
  put(w, 13, r.destination);
  if (r.user_message_reference) { w.number(14, *r.user_message_reference); }
  put(w, 15, r.received_at);
  put(w, 16, r.body);
  return w.end();
}

std::size_t payload_bound(const OrphanDoneRecord&) { return 32; }

char* encode(char* at, const OrphanDoneRecord& record) {
  Out w(at);
  put(w, 1, record.id);
  put(w, 2, static_cast<std::uint32_t>(record.kind));
  return w.end();
}

std::size_t payload_bound(const InboundRecord& record) {
  return kFixedBound + record.inbound->body.size() + record.inbound->tlvs.size() + 2 * kFieldBound +
         kWebhookBound * record.inbound->webhooks.size();
}

char* encode(char* at, const InboundRecord& record) {
  const Inbound& inbound = *record.inbound;
  Out w(at);
  put(w, 1, inbound.id);
  put_id(w, 2, inbound.account);
  put_id(w, 3, inbound.op);
  put(w, 4, inbound.source);
  put(w, 5, inbound.destination);
  put(w, 6, inbound.service_type.view());
  put(w, 7, inbound.esm_class);
  put(w, 8, inbound.protocol_id);
  put(w, 9, inbound.priority_flag);
  put(w, 10, inbound.data_coding);
  put(w, 11, inbound.body);
  put(w, 12, inbound.tlvs);
  put(w, 13, inbound.received_at);
  if (inbound.event != 0) { w.fixed64(14, inbound.event); }
  for (const WebhookNumber webhook : inbound.webhooks) { w.fixed64(15, webhook.value()); }
  return w.end();
}

std::size_t payload_bound(const OwedDoneRecord&) { return 32; }

char* encode(char* at, const OwedDoneRecord& record) {
  Out w(at);
  put(w, 1, record.id);
  put(w, 2, record.inbound);
  put(w, 3, record.status_seq);
  put(w, 4, static_cast<std::uint32_t>(record.kind));
  if (record.webhook != kNoWebhook) { w.fixed64(5, record.webhook.value()); }
  return w.end();
}

std::size_t payload_bound(const FinalRecord& record) {
  return kFixedBound + owed_bound(record.owed) + record.err.size();
}

char* encode(char* at, const FinalRecord& record) {
  Out w(at);
  put(w, 1, record.message);
  put(w, 2, record.status, Status::kExpired);
  put(w, 3, record.unknown_reason);
  put(w, 4, record.err);
  put(w, 5, record.status_seq);
  put(w, 6, record.done_at);
  if (record.owed) { put(w, 7, *record.owed); }
  return w.end();
}

std::size_t payload_bound(const ChangeRecord&) { return kFixedBound; }

char* encode(char* at, const ChangeRecord& record) {
  Out w(at);
  put(w, 1, record.message);
  put(w, 2, record.status, Status::kQueued);
  put(w, 3, record.status_seq);
  put(w, 4, record.attempt);
  put(w, 5, record.candidates_tried);
  put_id(w, 6, record.op);
  put(w, 7, record.due_at);
  return w.end();
}

std::size_t payload_bound(const SettingsRecord& record) {
  std::size_t bound = tables_bound(record.names, record.dialects);
  for (const StoredEntry& entry : record.stored) { bound += entry.name.size() + entry.octets.size() + 48; }
  return bound;
}

char* encode(char* at, const SettingsRecord& record) {
  Out w(at);
  put_names(w, record.names, record.dialects);
  for (const StoredEntry& entry : record.stored) {
    char* const sub = w.open(10);
    put(w, 1, static_cast<std::uint32_t>(entry.kind));
    put(w, 2, entry.name);
    put(w, 3, entry.gone ? 1u : 0u);
    put(w, 4, entry.octets);
    w.close(sub);
  }
  return w.end();
}

std::size_t payload_bound(const CheckpointRecord& record) {
  return tables_bound(record.names, record.dialects) + 24 * record.short_ids.size() +
         40 * record.volumes.size();
}

char* encode(char* at, const CheckpointRecord& record) {
  Out w(at);
  put_names(w, record.names, record.dialects);
  for (const ShortIdCounter& counter : record.short_ids) {
    char* const sub = w.open(3);
    put(w, 1, counter.account.value());
    w.number(2, counter.next);
    w.close(sub);
  }
  put(w, 4, record.next_sequence);
  put(w, 5, record.generation);
  put(w, 6, record.node);
  put(w, 7, record.wall);
  put(w, 8, record.oldest_segment);
  for (const VolumeUsed& used : record.volumes) {
    char* const sub = w.open(9);
    put(w, 1, used.account.value());
    put(w, 2, used.day);
    put(w, 3, used.day_parts);
    put(w, 4, used.month_parts);
    w.close(sub);
  }
  return w.end();
}

}  // namespace aldis::spool

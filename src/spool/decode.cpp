// SPDX-License-Identifier: Apache-2.0
// Field numbers and defaults: proto/journal.proto. Unknown fields are skipped: by that file's rules they
// change nothing for us. Numbers out of range are refused: somebody later than us wrote them.
#include <limits>

#include "spool/codec.hpp"
#include "spool/protozero.hpp"

namespace aldis::spool {
namespace {

using Reader = protozero::pbf_reader;

void expect(Reader& r, protozero::pbf_wire_type type) {
  if (!r.has_wire_type(type)) { throw DecodeError("a field has another wire type"); }
}

Octets octets(Reader& r) {
  expect(r, protozero::pbf_wire_type::length_delimited);
  const auto view = r.get_view();
  return {view.data(), view.size()};
}
Reader message(Reader& r) {
  const Octets payload = octets(r);
  return Reader(payload.data(), payload.size());
}
std::uint64_t fixed(Reader& r) {
  expect(r, protozero::pbf_wire_type::fixed64);
  return r.get_fixed64();
}
MessageId message_id(Reader& r) { return MessageId{fixed(r)}; }
WallTime wall_time(Reader& r) {
  expect(r, protozero::pbf_wire_type::fixed64);
  return WallTime{microseconds{r.get_sfixed64()}};
}
std::uint64_t varint(Reader& r) {
  expect(r, protozero::pbf_wire_type::varint);
  return r.get_uint64();
}
bool flag(Reader& r) { return varint(r) != 0; }

template <class T>
T number(Reader& r) {
  const std::uint64_t value = varint(r);
  if (value > std::numeric_limits<T>::max()) { throw DecodeError("a number is out of range"); }
  return static_cast<T>(value);
}

template <class Enum>
Enum enumerator(Reader& r, Enum last, unsigned first_number = 0) {
  const std::uint64_t value = varint(r);
  if (value < first_number || value - first_number > static_cast<std::uint64_t>(last)) {
    throw DecodeError("an enumerator is unknown");
  }
  return static_cast<Enum>(value - first_number);
}
Status status(Reader& r) { return enumerator(r, Status::kUnknown, 1); }
UnknownReason reason(Reader& r) { return enumerator(r, UnknownReason::kQuarantined); }

template <class Id>
Id id_plus_one(Reader& r) {
  return Id{number<std::uint32_t>(r) - 1u};
}

Address address(Reader& r) {
  Address address;
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1: address.ton = number<std::uint8_t>(sub); break;
      case 2: address.npi = number<std::uint8_t>(sub); break;
      case 3: address.digits.assign(octets(sub)); break;
      default: sub.skip();
    }
  }
  return address;
}

void webhook(Reader& r, WebhookNumbers& into) {
  if (into.size() > kEndpointsMax) { throw DecodeError("more receivers than an account may have"); }
  into.push_back(WebhookNumber{fixed(r)});
}

OwedItem owed(Reader& r) {
  OwedItem item;
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1: item.status_seq = number<std::uint16_t>(sub); break;
      case 2: item.status = status(sub); break;
      case 3: item.intermediate = flag(sub); break;
      case 4: item.accepted_word = flag(sub); break;
      case 5: item.err.assign(octets(sub)); break;
      case 6: item.done_at = wall_time(sub); break;
      case 7: item.owed_since = wall_time(sub); break;
      case 8: item.parts_delivered = number<std::uint16_t>(sub); break;
      case 9: item.event = fixed(sub); break;
      case 10: item.sessions = !flag(sub); break;
      case 11: webhook(sub, item.webhooks); break;
      case 12: item.previous = status(sub); break;
      case 13: item.by_receipt = flag(sub); break;
      case 14: item.command_status = number<std::uint32_t>(sub); break;
      default: sub.skip();
    }
  }
  return item;
}

constexpr std::uint64_t kSameAsMessage = ~0ull;

// `status_absent` is told when the part says nothing of its own: the message's status may stand behind it.
Part part(Reader& r, bool& status_absent) {
  Part part;
  status_absent = true;
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1:
        part.status = status(sub);
        status_absent = false;
        break;
      case 2: part.uncertain = flag(sub); break;
      case 3: part.attempt = number<std::uint16_t>(sub); break;
      case 4: part.body_offset = number<std::uint32_t>(sub); break;
      case 5: part.body_octets = number<std::uint32_t>(sub); break;
      case 6: part.operator_id = octets(sub); break;
      case 7: part.err.assign(octets(sub)); break;
      case 8: part.sent_since = wall_time(sub); break;
      default: sub.skip();
    }
  }
  return part;
}

NameEntry name_entry(Reader& r) {
  NameEntry entry;
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1: entry.kind = enumerator(sub, NameKind::kOperator); break;
      case 2: entry.number = number<std::uint32_t>(sub); break;
      case 3: entry.name = octets(sub); break;
      default: sub.skip();
    }
  }
  return entry;
}

DialectEntry dialect_entry(Reader& r) {
  DialectEntry entry;
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1: entry.op = id_plus_one<OperatorId>(sub); break;
      case 2: entry.dialect = octets(sub); break;
      default: sub.skip();
    }
  }
  return entry;
}

StoredEntry stored_entry(Reader& r) {
  StoredEntry entry;
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1: entry.kind = enumerator(sub, StoredKind::kKeyPage); break;
      case 2: entry.name = octets(sub); break;
      case 3: entry.gone = number<std::uint32_t>(sub) != 0; break;
      case 4: entry.octets = octets(sub); break;
      default: sub.skip();
    }
  }
  return entry;
}

ShortIdCounter short_id_counter(Reader& r) {
  ShortIdCounter counter;
  counter.account = AccountId{0};
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1: counter.account = AccountId{number<std::uint32_t>(sub)}; break;
      case 2: counter.next = number<std::uint32_t>(sub); break;
      default: sub.skip();
    }
  }
  return counter;
}

VolumeUsed volume_used(Reader& r) {
  VolumeUsed used;
  used.account = AccountId{0};
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1: used.account = AccountId{number<std::uint32_t>(sub)}; break;
      case 2: used.day = number<std::uint32_t>(sub); break;
      case 3: used.day_parts = varint(sub); break;
      case 4: used.month_parts = varint(sub); break;
      default: sub.skip();
    }
  }
  return used;
}

LeasedPart leased_part(Reader& r) {
  LeasedPart leased;
  for (Reader sub = message(r); sub.next();) {
    switch (sub.tag()) {
      case 1: leased.part.message = message_id(sub); break;
      case 2: leased.part.part = number<std::uint16_t>(sub); break;
      case 3: leased.attempt = number<std::uint16_t>(sub); break;
      case 4: leased.concat_ref = number<std::uint16_t>(sub); break;
      default: sub.skip();
    }
  }
  return leased;
}

OrphanDoneRecord orphan_done(Octets payload) {
  OrphanDoneRecord record;
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: record.id = message_id(r); break;
      case 2: record.kind = enumerator(r, OrphanDoneRecord::Kind::kExpired); break;
      default: r.skip();
    }
  }
  return record;
}

OwedDoneRecord owed_done(Octets payload) {
  OwedDoneRecord record;
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: record.id = message_id(r); break;
      case 2: record.inbound = flag(r); break;
      case 3: record.status_seq = number<std::uint16_t>(r); break;
      case 4: record.kind = enumerator(r, OwedDoneRecord::Kind::kExpired); break;
      case 5: record.webhook = WebhookNumber{fixed(r)}; break;
      default: r.skip();
    }
  }
  return record;
}

FinalRecord final_record(Octets payload) {
  FinalRecord record;
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: record.message = message_id(r); break;
      case 2: record.status = status(r); break;
      case 3: record.unknown_reason = reason(r); break;
      case 4: record.err = octets(r); break;
      case 5: record.status_seq = number<std::uint16_t>(r); break;
      case 6: record.done_at = wall_time(r); break;
      case 7: record.owed = owed(r); break;
      default: r.skip();
    }
  }
  return record;
}

ChangeRecord change(Octets payload) {
  ChangeRecord record;
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: record.message = message_id(r); break;
      case 2: record.status = status(r); break;
      case 3: record.status_seq = number<std::uint16_t>(r); break;
      case 4: record.attempt = number<std::uint16_t>(r); break;
      case 5: record.candidates_tried = number<std::uint8_t>(r); break;
      case 6: record.op = id_plus_one<OperatorId>(r); break;
      case 7: record.due_at = wall_time(r); break;
      default: r.skip();
    }
  }
  return record;
}

ResultRecord result(Octets payload) {
  ResultRecord record;
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: record.part.message = message_id(r); break;
      case 2: record.part.part = number<std::uint16_t>(r); break;
      case 3: record.op = id_plus_one<OperatorId>(r); break;
      case 4: record.link = id_plus_one<LinkId>(r); break;
      case 5: record.outcome = enumerator(r, OutcomeClass::kNotSent); break;
      case 6: record.command_status = number<std::uint32_t>(r); break;
      case 7: record.operator_message_id = octets(r); break;
      case 8: record.err = octets(r); break;
      case 9: record.part_status = status(r); break;
      case 10: record.message_status = status(r); break;
      case 11: record.status_seq = number<std::uint16_t>(r); break;
      case 12: record.attempt = number<std::uint16_t>(r); break;
      case 13: record.uncertain = flag(r); break;
      case 14: record.candidates_tried = number<std::uint8_t>(r); break;
      case 15: record.at = wall_time(r); break;
      case 16: record.due_at = wall_time(r); break;
      case 17: record.unknown_reason = reason(r); break;
      case 18: record.owed = owed(r); break;
      default: r.skip();
    }
  }
  return record;
}

ReceiptRecord receipt(Octets payload) {
  ReceiptRecord record;
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: record.part.message = message_id(r); break;
      case 2: record.part.part = number<std::uint16_t>(r); break;
      case 3: record.op = id_plus_one<OperatorId>(r); break;
      case 4: record.state = status(r); break;
      case 5: record.intermediate = flag(r); break;
      case 6: record.err = octets(r); break;
      case 7: record.status_seq = number<std::uint16_t>(r); break;
      case 8: record.late = flag(r); break;
      case 9: record.message_status = status(r); break;
      case 10: record.unknown_reason = reason(r); break;
      case 11: record.done_at = wall_time(r); break;
      case 12: record.operator_message_id = octets(r); break;
      case 13: record.orphan = message_id(r); break;
      case 14: record.owed = owed(r); break;
      default: r.skip();
    }
  }
  return record;
}

OrphanRecord orphan(Octets payload) {
  OrphanRecord record;
  OperatorReceipt& receipt = record.receipt;
  receipt.op = kNoOperator;
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: record.id = message_id(r); break;
      case 2: receipt.op = id_plus_one<OperatorId>(r); break;
      case 3: receipt.intermediate = flag(r); break;
      case 4: receipt.id_tlv = octets(r); break;
      case 5: receipt.id_text = octets(r); break;
      case 6: receipt.state = status(r); break;
      case 7: receipt.accepted_word = flag(r); break;
      case 8: receipt.stat_word = octets(r); break;
      case 9: receipt.err = octets(r); break;
      case 10: receipt.unparsed = flag(r); break;
      case 11: receipt.unflagged = flag(r); break;
      case 12: receipt.source = address(r); break;
      case 13: receipt.destination = address(r); break;
      case 14: receipt.user_message_reference = number<std::uint16_t>(r); break;
      case 15: receipt.received_at = wall_time(r); break;
      case 16: receipt.body = octets(r); break;
      default: r.skip();
    }
  }
  return record;
}

// The fields of Accept that say something about most messages; false = not one of them.
bool usual_field(Reader& r, Message& m, AcceptRecord& record) {
  switch (r.tag()) {
    case 1: m.id = message_id(r); return true;
    case 2: m.account = AccountId{number<std::uint32_t>(r)}; return true;
    case 3: m.source = address(r); return true;
    case 4: m.destination = address(r); return true;
    case 5: m.content.body = octets(r); return true;
    case 6: m.accepted_at = wall_time(r); return true;
    case 7: record.expires_at = wall_time(r); return true;
    case 8: m.registered_delivery = number<std::uint8_t>(r); return true;
    case 9: m.content.data_coding = number<std::uint8_t>(r); return true;
    case 10: m.content.alphabet = enumerator(r, Alphabet::kOpaque); return true;
    case 11: m.status = status(r); return true;
    case 12: m.op = id_plus_one<OperatorId>(r); return true;
    case 13: m.link = id_plus_one<LinkId>(r); return true;
    case 15: m.status_seq = number<std::uint16_t>(r); return true;
    case 16: m.message_class = enumerator(r, MessageClass::kBulk, 1); return true;
    case 32: record.due_at = wall_time(r); return true;
    case 33: m.candidates_tried = number<std::uint8_t>(r); return true;
    case 34: m.concat_ref = number<std::uint16_t>(r); return true;
    case 35: m.err.assign(octets(r)); return true;
    case 39: m.intermediates = number<std::uint8_t>(r); return true;
    default: return false;
  }
}

bool rare_field(Reader& r, Message& m) {
  switch (r.tag()) {
    case 18: m.short_id = number<std::uint32_t>(r); return true;
    case 19: m.unknown_reason = reason(r); return true;
    case 20: m.late = flag(r); return true;
    case 21: m.service_type.assign(octets(r)); return true;
    case 22: m.esm_class = number<std::uint8_t>(r); return true;
    case 23: m.protocol_id = number<std::uint8_t>(r); return true;
    case 24:
      m.user_message_reference = number<std::uint16_t>(r);
      m.has_user_message_reference = true;
      return true;
    case 25: m.passed_multipart = flag(r); return true;
    case 26: m.sar_ref = number<std::uint16_t>(r); return true;
    case 27: m.sar_total = number<std::uint8_t>(r); return true;
    case 28: m.sar_seqnum = number<std::uint8_t>(r); return true;
    case 29: m.tlvs = octets(r); return true;
    case 30: m.content.udh = octets(r); return true;
    case 31: m.done_at = wall_time(r); return true;
    case 40: m.at_most_once = flag(r); return true;
    case 41: m.door_notes = octets(r); return true;
    default: return false;
  }
}

}  // namespace

void Decoder::accept(Octets payload, AcceptRecord& record) {
  message_ = Message{};
  owed_.clear();
  Message& m = message_;
  m.account = AccountId{0};  // absent means the number 0, not "none"
  bool no_parts = false;
  std::uint16_t attempt = 0;
  std::uint64_t public_id = kSameAsMessage;
  std::vector<std::size_t> same_status;
  for (Reader r(payload.data(), payload.size()); r.next();) {
    if (usual_field(r, m, record)) { continue; }
    if (r.tag() == 17) {
      public_id = message_id(r).value();
      continue;
    }
    if (rare_field(r, m)) { continue; }
    switch (r.tag()) {
      case 14: attempt = number<std::uint16_t>(r); break;
      case 36: {
        bool status_absent = false;
        m.parts.push_back(part(r, status_absent));
        if (status_absent) { same_status.push_back(m.parts.size() - 1); }
        break;
      }
      case 37: no_parts = flag(r); break;
      case 38: owed_.push_back(owed(r)); break;
      case 42: record.idempotency_key = fixed(r); break;
      case 43: record.request_print = fixed(r); break;
      default: r.skip();
    }
  }
  m.public_id = public_id == kSameAsMessage ? m.id : MessageId{public_id};
  for (const std::size_t i : same_status) { m.parts[i].status = m.status; }
  if (m.parts.empty() && !no_parts) {
    Part& only = m.parts.emplace_back();
    only.status = m.status;
    only.attempt = attempt;
    only.body_octets = static_cast<std::uint32_t>(m.content.body.size());
  }
  for (Part& one : m.parts) {
    if (one.attempt > 0 && one.sent_since == WallTime{}) { one.sent_since = m.accepted_at; }
  }
  record.message = &m;
  record.owed = owed_;
}

void Decoder::lease(Octets payload, LeaseRecord& record) {
  parts_.clear();
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: record.op = id_plus_one<OperatorId>(r); break;
      case 2: record.link = id_plus_one<LinkId>(r); break;
      case 3: parts_.push_back(leased_part(r)); break;
      default: r.skip();
    }
  }
  record.parts = parts_;
}

void Decoder::inbound(Octets payload, InboundRecord& record) {
  inbound_ = Inbound{};
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: inbound_.id = message_id(r); break;
      case 2: inbound_.account = id_plus_one<AccountId>(r); break;
      case 3: inbound_.op = id_plus_one<OperatorId>(r); break;
      case 4: inbound_.source = address(r); break;
      case 5: inbound_.destination = address(r); break;
      case 6: inbound_.service_type.assign(octets(r)); break;
      case 7: inbound_.esm_class = number<std::uint8_t>(r); break;
      case 8: inbound_.protocol_id = number<std::uint8_t>(r); break;
      case 9: inbound_.priority_flag = number<std::uint8_t>(r); break;
      case 10: inbound_.data_coding = number<std::uint8_t>(r); break;
      case 11: inbound_.body = octets(r); break;
      case 12: inbound_.tlvs = octets(r); break;
      case 13: inbound_.received_at = wall_time(r); break;
      case 14: inbound_.event = fixed(r); break;
      case 15: webhook(r, inbound_.webhooks); break;
      default: r.skip();
    }
  }
  record.inbound = &inbound_;
}

void Decoder::checkpoint(Octets payload, CheckpointRecord& record) {
  names_.clear();
  dialects_.clear();
  short_ids_.clear();
  volumes_.clear();
  for (Reader r(payload.data(), payload.size()); r.next();) {
    switch (r.tag()) {
      case 1: names_.push_back(name_entry(r)); break;
      case 2: dialects_.push_back(dialect_entry(r)); break;
      case 3: short_ids_.push_back(short_id_counter(r)); break;
      case 4: record.next_sequence = varint(r); break;
      case 5: record.generation = number<std::uint32_t>(r); break;
      case 6: record.node = number<std::uint32_t>(r); break;
      case 7: record.wall = wall_time(r); break;
      case 8: record.oldest_segment = varint(r); break;
      case 9: volumes_.push_back(volume_used(r)); break;
      default: r.skip();
    }
  }
  record.names = names_;
  record.dialects = dialects_;
  record.short_ids = short_ids_;
  record.volumes = volumes_;
}

std::uint64_t Decoder::oldest_segment(Octets checkpoint) {
  try {
    Reader r(checkpoint.data(), checkpoint.size());
    return r.next(8) ? varint(r) : 0;
  } catch (const std::exception&) {
    return 0;  // decoding all of it will say what is wrong
  }
}

void Decoder::visit(RecordType type, Octets payload, const Place& place, ReplayVisitor& visitor) {
  try {
    switch (type) {
      case RecordType::kNone: throw DecodeError("type 0 is none");
      case RecordType::kAccept: {
        AcceptRecord record;
        accept(payload, record);
        return visitor.on(place, record);
      }
      case RecordType::kLease: {
        LeaseRecord record;
        lease(payload, record);
        return visitor.on(place, record);
      }
      case RecordType::kResult: return visitor.on(place, result(payload));
      case RecordType::kReceipt: return visitor.on(place, receipt(payload));
      case RecordType::kOrphan: return visitor.on(place, orphan(payload));
      case RecordType::kOrphanDone: return visitor.on(place, orphan_done(payload));
      case RecordType::kInbound: {
        InboundRecord record;
        inbound(payload, record);
        return visitor.on(place, record);
      }
      case RecordType::kOwedDone: return visitor.on(place, owed_done(payload));
      case RecordType::kFinal: return visitor.on(place, final_record(payload));
      case RecordType::kChange: return visitor.on(place, change(payload));
      case RecordType::kSettings: {
        CheckpointRecord tables;  // SETTINGS has the first two tables of CHECKPOINT, under the same numbers
        checkpoint(payload, tables);
        stored_.clear();
        for (Reader r(payload.data(), payload.size()); r.next();) {
          r.tag() == 10 ? stored_.push_back(stored_entry(r)) : r.skip();
        }
        return visitor.on(place, SettingsRecord{tables.names, tables.dialects, stored_});
      }
      case RecordType::kCheckpoint: {
        CheckpointRecord record;
        checkpoint(payload, record);
        return visitor.on(place, record);
      }
    }
    throw DecodeError("this type of record is unknown");
  } catch (const protozero::exception& e) { throw DecodeError(e.what()); }
}

}  // namespace aldis::spool

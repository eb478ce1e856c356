// SPDX-License-Identifier: Apache-2.0
#include "record_text.hpp"

#include <sstream>

namespace aldis::spool {
namespace {

// Prints everything given, whatever it is, in one line.
class Line {
 public:
  explicit Line(std::string_view name) { out_ << name; }

  template <class T>
  Line& operator<<(const T& value) {
    out_ << ' ';
    put(value);
    return *this;
  }
  [[nodiscard]] std::string text() const { return out_.str(); }

 private:
  template <class T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void put(T value) { out_ << static_cast<long long>(value); }
  void put(std::string_view octets) {
    out_ << octets.size() << ':';
    for (const char c : octets) { out_ << static_cast<int>(u8(c)) << '.'; }
  }
  void put(const std::string& octets) { put(std::string_view{octets}); }
  template <std::size_t N>
  void put(const FixedString<N>& octets) {
    put(octets.view());
  }
  template <class Tag, class T>
  void put(const StrongId<Tag, T>& id) {
    out_ << id.value();
  }
  void put(WallTime time) { out_ << time.time_since_epoch().count(); }
  void put(const Address& address) { *this << address.ton << address.npi << address.digits; }
  void put(const PartRef& part) { *this << part.message << part.part; }
  template <class T>
  void put(const std::optional<T>& value) {
    if (value) { put(*value); }
    out_ << (value ? '!' : '-');
  }
  void put(const WebhookNumbers& webhooks) {
    for (const WebhookNumber webhook : webhooks) { *this << webhook; }
  }
  void put(const OwedItem& o) {
    *this << o.status_seq << o.status << o.intermediate << o.accepted_word << o.err << o.done_at
          << o.owed_since << o.parts_delivered << o.sessions << o.webhooks << o.event << o.previous
          << o.by_receipt << o.command_status;
  }
  void put(const Part& p) {
    *this << p.status << p.uncertain << p.attempt << p.body_offset << p.body_octets << p.operator_id << p.err
          << p.sent_since;
  }
  void put(const LeasedPart& p) { *this << p.part << p.attempt << p.concat_ref; }
  void put(const NameEntry& e) { *this << e.kind << e.number << e.name; }
  void put(const DialectEntry& e) { *this << e.op << e.dialect; }
  void put(const StoredEntry& e) { *this << e.name << e.gone << e.octets; }
  void put(const ShortIdCounter& c) { *this << c.account << c.next; }
  void put(const VolumeUsed& u) { *this << u.account << u.day << u.day_parts << u.month_parts; }
  template <class T>
  void put(std::span<const T> values) {
    out_ << '[';
    for (const T& value : values) { *this << value; }
    out_ << ']';
  }

  std::ostringstream out_;
};

}  // namespace

std::string text_of(const AcceptRecord& r) {
  const Message& m = *r.message;
  Line line("ACCEPT");
  line << m.id << m.public_id << m.short_id << m.account << m.message_class << m.status << m.unknown_reason
       << m.status_seq << m.late << m.source << m.destination << m.service_type << m.esm_class
       << m.protocol_id << m.registered_delivery << m.has_user_message_reference << m.user_message_reference
       << m.passed_multipart << m.sar_ref << m.sar_total << m.sar_seqnum << m.tlvs << m.at_most_once
       << m.door_notes << m.content.alphabet << m.content.data_coding << m.content.udh << m.content.body
       << m.accepted_at << m.done_at << m.op << m.link << m.candidates_tried << m.concat_ref << m.err
       << m.intermediates << r.due_at << r.expires_at << r.idempotency_key << r.request_print << r.owed
       << std::span<const Part>{m.parts.data(), m.parts.size()};
  return line.text();
}

std::string text_of(const LeaseRecord& r) {
  Line line("LEASE");
  line << r.op << r.link << r.parts;
  return line.text();
}

std::string text_of(const ResultRecord& r) {
  Line line("RESULT");
  line << r.part << r.op << r.link << r.outcome << r.command_status << r.operator_message_id << r.err
       << r.part_status << r.message_status << r.unknown_reason << r.status_seq << r.attempt << r.uncertain
       << r.candidates_tried << r.due_at << r.at << r.owed;
  return line.text();
}

std::string text_of(const ReceiptRecord& r) {
  Line line("RECEIPT");
  line << r.part << r.op << r.state << r.intermediate << r.err << r.status_seq << r.late << r.message_status
       << r.unknown_reason << r.done_at << r.operator_message_id << r.orphan << r.owed;
  return line.text();
}

std::string text_of(const OrphanRecord& record) {
  const OperatorReceipt& r = record.receipt;
  Line line("ORPHAN");
  line << record.id << r.op << r.intermediate << r.id_tlv << r.id_text << r.state << r.accepted_word
       << r.stat_word << r.err << r.unparsed << r.unflagged << r.source << r.destination
       << r.user_message_reference << r.received_at << r.body;
  return line.text();
}

std::string text_of(const OrphanDoneRecord& r) {
  Line line("ORPHAN_DONE");
  line << r.id << r.kind;
  return line.text();
}

std::string text_of(const InboundRecord& record) {
  const Inbound& r = *record.inbound;
  Line line("INBOUND");
  line << r.id << r.account << r.op << r.source << r.destination << r.service_type << r.esm_class
       << r.protocol_id << r.priority_flag << r.data_coding << r.body << r.tlvs << r.received_at << r.event
       << r.webhooks;
  return line.text();
}

std::string text_of(const OwedDoneRecord& r) {
  Line line("OWED_DONE");
  line << r.id << r.inbound << r.status_seq << r.kind << r.webhook;
  return line.text();
}

std::string text_of(const FinalRecord& r) {
  Line line("FINAL");
  line << r.message << r.status << r.unknown_reason << r.err << r.status_seq << r.done_at << r.owed;
  return line.text();
}

std::string text_of(const ChangeRecord& r) {
  Line line("CHANGE");
  line << r.message << r.status << r.status_seq << r.attempt << r.candidates_tried << r.op << r.due_at;
  return line.text();
}

std::string text_of(const SettingsRecord& r) {
  Line line("SETTINGS");
  line << r.names << r.dialects << r.stored;
  return line.text();
}

std::string text_of(const CheckpointRecord& r) {
  Line line("CHECKPOINT");
  line << r.names << r.dialects << r.short_ids << r.volumes << r.next_sequence << r.generation << r.node
       << r.wall << r.oldest_segment;
  return line.text();
}

}  // namespace aldis::spool

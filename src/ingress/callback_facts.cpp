// SPDX-License-Identifier: Apache-2.0
#include "ingress/callback_facts.hpp"

#include "aldis/smpp/receipt_text.hpp"
#include "aldis/text/transcode.hpp"
#include "aldis/text/udh.hpp"
#include "ingress/message_json.hpp"
#include "ingress/smpp_status.hpp"

namespace aldis::ingress {

namespace {

std::string hex_id(const PublicIds& ids, MessageId id) {
  return std::string{ids.format({id, 0}, MessageIdFormat::kHex).view()};
}

bool has_failed(Status status) {
  return is_final(status) && status != Status::kDelivered && status != Status::kDeleted;
}

unsigned attempts_of(const Message& message) {
  unsigned attempts = 0;
  for (const Part& part : message.parts) { attempts += part.attempt; }
  return attempts;
}

std::optional<WallTime> sent_at(const Message& message) {
  if (message.parts.empty() || message.parts.front().attempt == 0) { return std::nullopt; }
  const WallTime at = message.parts.front().sent_since;
  return at == WallTime{} ? message.accepted_at : at;
}

}  // namespace

MessageTold::MessageTold(const Now& now, const CallWebhook& call, const Directory& directory,
                         const PublicIds& ids) {
  const Message& message = *call.message;
  notes_ = door_notes_from(message.door_notes).value_or(DoorNotes{.door = "smpp"});
  id_ = hex_id(ids, message.public_id);
  to_ = number_text(message.destination);
  from_ = number_text(message.source);
  if (!message.parts.empty()) { operator_id_ = message.parts.front().operator_id; }
  err_ = call.err.view();
  const auto state = message_state(call.status, call.accepted_word, true);
  stat_ = smpp::stat_word(state);

  MessageEvent& e = event_;
  e.event = call.event;
  e.at = call.at;
  e.status = call.status;
  e.previous = call.previous;
  e.status_seq = call.status_seq;
  e.late = message.late;
  e.intermediate = call.intermediate;
  e.accepted_word = call.accepted_word;
  e.speaker = call.by_receipt                                            ? Speaker::kReceipt
              : call.command_status != 0 || call.status == Status::kSent ? Speaker::kResponse
                                                                         : Speaker::kGateway;
  if (call.status == Status::kUnknown) { e.unknown_reason = message.unknown_reason; }
  if (has_failed(call.status)) { e.error = error_code_of(err_); }
  e.command_status = call.command_status;
  e.stat = stat_;
  e.err = err_;
  if (is_final(call.status)) { e.done_at = call.done_at; }
  e.parts_delivered = call.parts_delivered;

  MessageFacts& m = e.message;
  m.id = id_;
  m.account = directory.account(message.account).name;
  m.door = notes_.door;
  m.to = to_;
  m.from = from_;
  m.to_given = notes_.to_given.empty() ? to_ : notes_.to_given;
  m.from_given = notes_.from_given.empty() ? from_ : notes_.from_given;
  m.encoding = encoding_name(message.content.alphabet);
  m.label = notes_.label;
  m.reference = notes_.reference;
  m.metadata = notes_.metadata;
  if (message.op != kNoOperator) { m.operator_name = directory.operator_name(message.op); }
  m.operator_id = operator_id_;
  m.message_class = message.message_class;
  m.parts_count = static_cast<unsigned>(message.parts.size());
  m.attempts = attempts_of(message);
  m.accepted_at = message.accepted_at;
  m.send_at = notes_.send_at;
  if (message.expires_at != kNever) { m.valid_until = now.wall_of(message.expires_at); }
  m.sent_at = sent_at(message);
  // The operator's own words are not kept: the same facts in the form that nearly all of them use.
  smpp::ReceiptFields receipt;
  receipt.id = operator_id_.empty() ? std::string_view{id_} : std::string_view{operator_id_};
  receipt.sub = static_cast<std::uint16_t>(m.parts_count);
  receipt.dlvrd = call.parts_delivered;
  receipt.submit_date = m.sent_at.value_or(message.accepted_at);
  receipt.done_date = call.done_at;
  receipt.state = state;
  if (!err_.empty()) { receipt.err = err_; }
  receipt.body = message.content.body;
  receipt.alphabet = message.content.alphabet;
  smpp::append_receipt(receipt_text_, receipt, {});
  e.receipt_text = receipt_text_;
}

InboundTold::InboundTold(const CallWebhook& call, const Directory& directory, const PublicIds& ids) {
  const Inbound& inbound = *call.inbound;
  constexpr std::uint8_t kUdhIndicator = 0x40;
  id_ = hex_id(ids, inbound.id);
  from_ = number_text(inbound.source);
  to_ = number_text(inbound.destination);
  octets_ = inbound.body;
  if ((inbound.esm_class & kUdhIndicator) != 0) {
    if (const auto header = text::udh_octets(octets_)) {
      udh_ = octets_.substr(0, *header);
      octets_.erase(0, *header);
    }
  }
  const bool is_text = call.alphabet != Alphabet::kBinary && call.alphabet != Alphabet::kOpaque &&
                       text::transcode(octets_, call.alphabet, Alphabet::kUtf8, text_);
  InboundEvent& e = event_;
  e.event = call.event;
  e.at = call.at;
  e.id = id_;
  if (inbound.account != kNoAccount) { e.account = directory.account(inbound.account).name; }
  e.from = from_;
  e.to = to_;
  e.from_given = from_;
  e.to_given = to_;
  if (is_text) { e.text = text_; }
  e.octets = octets_;
  e.udh = udh_;
  if (inbound.op != kNoOperator) { e.operator_name = directory.operator_name(inbound.op); }
  e.data_coding = inbound.data_coding;
  e.priority = inbound.priority_flag;
  e.is_unicode = call.alphabet == Alphabet::kUcs2;
  e.received_at = inbound.received_at;
}

}  // namespace aldis::ingress

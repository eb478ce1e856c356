// SPDX-License-Identifier: Apache-2.0
// What an operator sends: receipts and messages from handsets. Its answer waits until the store has them
// (SMPP 5.6).
#include <algorithm>

#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/smpp/codec.hpp"
#include "egress/link.hpp"

namespace aldis::egress {

namespace {

constexpr unsigned kEsmTypeMask = 0x3C;
constexpr unsigned kEsmReceipt = 0x04;
constexpr unsigned kEsmIntermediate = 0x20;
constexpr unsigned kEsmUdh = 0x40;

Address address_of(std::uint8_t ton, std::uint8_t npi, std::string_view digits) {
  Address address;
  address.ton = ton;
  address.npi = npi;
  if (!digits.empty() && digits.front() == '+') { digits.remove_prefix(1); }
  address.digits.assign(digits);  // longer ones are cut: nothing is lost to a detail
  return address;
}

struct CoreState {
  Status status = Status::kSent;
  bool accepted_word = false;
};

CoreState core_state(smpp::MessageState state, bool accepted_is_delivered) {
  switch (state) {
    case smpp::MessageState::kScheduled:
    case smpp::MessageState::kEnroute: return {Status::kSent, false};
    case smpp::MessageState::kAccepted:
      return accepted_is_delivered ? CoreState{Status::kDelivered, false} : CoreState{Status::kSent, true};
    case smpp::MessageState::kDelivered: return {Status::kDelivered, false};
    case smpp::MessageState::kExpired: return {Status::kExpired, false};
    case smpp::MessageState::kDeleted: return {Status::kDeleted, false};
    case smpp::MessageState::kSkipped:
    case smpp::MessageState::kUndeliverable: return {Status::kUndeliverable, false};
    case smpp::MessageState::kUnknown: return {Status::kUnknown, false};
    case smpp::MessageState::kRejected: return {Status::kRejected, false};
  }
  __builtin_unreachable();
}

}  // namespace

void LinkConnection::on_request(const Now& now, const smpp::Pdu& pdu) {
  Arrived what;
  what.sequence = pdu.header.sequence_number;
  if (const auto* deliver = std::get_if<smpp::DeliverSm>(&pdu.body)) {
    what.service_type = deliver->service_type;
    what.source = address_of(deliver->source_addr_ton, deliver->source_addr_npi, deliver->source_addr);
    what.destination = address_of(deliver->dest_addr_ton, deliver->dest_addr_npi, deliver->destination_addr);
    what.esm_class = deliver->esm_class;
    what.protocol_id = deliver->protocol_id;
    what.priority_flag = deliver->priority_flag;
    what.data_coding = deliver->data_coding;
    what.short_message = deliver->short_message;
    what.tlvs = deliver->tlvs;
  } else if (const auto* data_sm = std::get_if<smpp::DataSm>(&pdu.body)) {
    what.data_sm = true;
    what.service_type = data_sm->service_type;
    what.source = address_of(data_sm->source_addr_ton, data_sm->source_addr_npi, data_sm->source_addr);
    what.destination = address_of(data_sm->dest_addr_ton, data_sm->dest_addr_npi, data_sm->destination_addr);
    what.esm_class = data_sm->esm_class;
    what.data_coding = data_sm->data_coding;
    what.tlvs = data_sm->tlvs;
  } else {
    session_->respond_error(now, pdu.header.command_id, what.sequence,
                            smpp::CommandStatus::kInvalidCommandId);
    return;
  }
  if (!what.tlvs.empty()) {
    what.message_payload = what.tlvs.find(smpp::TlvTag::kMessagePayload).value_or(Octets{});
  }
  pending_.push_back({what.sequence, pdu.header.command_id, now.mono + settings().nack_after});
  arrived(now, what);
}

void LinkConnection::arrived(const Now& now, const Arrived& what) {
  const unsigned type = what.esm_class & kEsmTypeMask;
  if (type == kEsmReceipt || type == kEsmIntermediate) {
    receipt(now, what, type == kEsmIntermediate, false);
  } else if (type == 0 && settings().unflagged_receipts) {
    receipt(now, what, false, true);
  } else {
    inbound(now, what);
  }
}

void LinkConnection::receipt(const Now& now, const Arrived& what, bool intermediate, bool unflagged) {
  smpp::ReceiptSource source;
  source.short_message = what.short_message;
  source.message_payload = what.message_payload;
  source.udh = (what.esm_class & kEsmUdh) != 0;
  source.data_coding = what.data_coding;
  if (!what.tlvs.empty()) {
    source.receipted_message_id = what.tlvs.find_cstring(smpp::TlvTag::kReceiptedMessageId).value_or("");
    source.message_state = what.tlvs.find_u8(smpp::TlvTag::kMessageState);
    source.network_error_code = what.tlvs.find(smpp::TlvTag::kNetworkErrorCode).value_or(Octets{});
  }
  const auto parsed = smpp::parse_receipt(source, stat_rules_, owner_.text_scratch);
  ALDIS_FAILPOINT(pass("receipt.read"));
  if (unflagged && parsed.unparsed) { return inbound(now, what); }
  OperatorReceipt event;
  event.request = {row_.id, epoch_, what.sequence, what.data_sm};
  event.op = row_.op;
  event.intermediate = intermediate;
  event.id_tlv = parsed.id_tlv;
  event.id_text = parsed.id_text;
  if (parsed.state) {
    const auto state = core_state(*parsed.state, settings().accepted_is_delivered);
    event.state = state.status;
    event.accepted_word = state.accepted_word;
  }
  if (intermediate && event.state && is_final(*event.state)) { event.state = Status::kSent; }
  event.stat_word = parsed.stat_word;
  event.err = parsed.err.view();
  event.unparsed = parsed.unparsed;
  event.unflagged = unflagged;
  std::optional<OperatorInbound> otherwise;
  if (unflagged) { event.otherwise = &otherwise.emplace(inbound_of(what)); }
  event.source = what.source;
  event.destination = what.destination;
  if (!what.tlvs.empty()) {
    event.user_message_reference = what.tlvs.find_u16(smpp::TlvTag::kUserMessageReference);
  }
  event.received_at = now.wall;
  event.body = what.short_message.empty() ? what.message_payload : what.short_message;
  owner_.engine.on(now, event);
}

void LinkConnection::inbound(const Now& now, const Arrived& what) { owner_.engine.on(now, inbound_of(what)); }

// Its views are of `what` and of the scratch for TLVs.
OperatorInbound LinkConnection::inbound_of(const Arrived& what) {
  OperatorInbound event;
  event.request = {row_.id, epoch_, what.sequence, what.data_sm};
  event.op = row_.op;
  event.source = what.source;
  event.destination = what.destination;
  event.service_type = what.service_type;
  event.esm_class = what.esm_class;
  event.protocol_id = what.protocol_id;
  event.priority_flag = what.priority_flag;
  event.data_coding = what.data_coding;
  event.body = what.short_message.empty() ? what.message_payload : what.short_message;
  std::string& tlvs = owner_.tlv_scratch;
  tlvs.clear();
  // What we use ourselves when customers send it means something to the owner of an inbound message, too:
  // without it nobody can put the pieces of a long text together.
  if (!what.tlvs.empty() && !ALDIS_MUTANT(88)) {
    for (const auto tag : {smpp::TlvTag::kUserMessageReference, smpp::TlvTag::kSarMsgRefNum,
                           smpp::TlvTag::kSarTotalSegments, smpp::TlvTag::kSarSegmentSeqnum}) {
      if (const auto value = what.tlvs.find(tag)) { smpp::append_tlv(tlvs, tag, *value); }
    }
  }
  smpp::append_carried(tlvs, what.tlvs);
  event.tlvs = tlvs;
  return event;
}

void LinkConnection::acknowledge(const Now& now, const LinkRequest& request) {
  // of a former bind: the operator will send it again
  if (!session_ || (request.bind_epoch != epoch_ && !ALDIS_MUTANT(68))) { return; }
  // Answers come in the order of arrival, but for those that were refused in the meantime.
  if (!pending_.empty() && pending_.front().sequence == request.sequence) {
    pending_.pop_front();
  } else {
    const auto at = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& pending) {
      return pending.sequence == request.sequence;
    });
    if (at == pending_.end()) { return; }
    pending_.erase(at);
  }
  if (request.data_sm) {
    session_->respond(now, request.sequence, smpp::CommandStatus::kOk, smpp::DataSmResp{});
  } else {
    session_->respond(now, request.sequence, smpp::CommandStatus::kOk, smpp::DeliverSmResp{});
  }
  ALDIS_FAILPOINT(pass_flushed("receipt.acked", wire_));
  wake();
}

// The store could not promise in time: the operator is told to send it again (CONTRACT D5).
void LinkConnection::nack_overdue(const Now& now) {
  while (!pending_.empty() && pending_.front().nack_at <= now.mono) {
    const Pending overdue = pending_.front();
    pending_.pop_front();
    session_->respond_error(now, overdue.command, overdue.sequence,
                            static_cast<smpp::CommandStatus>(ALDIS_MUTANT(69) ? 0 : settings().nack_status));
  }
}

}  // namespace aldis::egress

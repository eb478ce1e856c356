// SPDX-License-Identifier: Apache-2.0
// Receipts and inbound messages as deliver_sm or data_sm for one customer (SMPP 4.6).
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/receipt_text.hpp"
#include "aldis/text/transcode.hpp"
#include "ingress/server_state.hpp"
#include "ingress/smpp_status.hpp"

namespace aldis::ingress {

namespace {

constexpr std::uint8_t kEsmReceipt = 0x04;
constexpr std::size_t kShortMessageMax = 254;

smpp::ReceiptForm form_of(const AccountReceiptSettings& receipts) {
  smpp::ReceiptForm form;
  form.fields_short = receipts.fields == ReceiptFields::kShort;
  form.seconds = receipts.seconds;
  switch (receipts.text) {
    case ReceiptText::kFirst20: form.text = smpp::ReceiptTextForm::kFirst20; break;
    case ReceiptText::kEmpty: form.text = smpp::ReceiptTextForm::kEmpty; break;
    case ReceiptText::kOmit:
    case ReceiptText::kTlvOnly: form.text = smpp::ReceiptTextForm::kOmit; break;
  }
  return form;
}

}  // namespace

bool CustomerSession::deliver(const Now& now, const DeliverReceipt& effect) {
  const auto& receipts = settings().receipts;
  const Message& message = *effect.message;
  const auto id = server_.setup.public_ids.format(effect.id, id_format());
  const auto state =
      message_state(effect.status, effect.accepted_word, session_->version() == smpp::Version::kV50);
  std::string& text = server_.text_scratch;
  text.clear();
  if (receipts.text != ReceiptText::kTlvOnly) {
    smpp::append_receipt(text,
                         {.id = id.view(),
                          .sub = static_cast<std::uint16_t>(message.parts.size()),
                          .dlvrd = effect.parts_delivered,
                          .submit_date = message.accepted_at,
                          .done_date = effect.done_at,
                          .state = state,
                          .err = effect.err.view(),
                          .body = message.content.body,
                          .alphabet = message.content.alphabet},
                         form_of(receipts));
  }
  std::string& tlvs = server_.tlv_scratch;
  tlvs.clear();
  if (session_->may_send_tlvs()) {
    smpp::append_tlv_cstring(tlvs, smpp::TlvTag::kReceiptedMessageId, id.view());
    smpp::append_tlv_u8(tlvs, smpp::TlvTag::kMessageState, static_cast<std::uint8_t>(state));
    if (message.has_user_message_reference) {
      smpp::append_tlv_u16(tlvs, smpp::TlvTag::kUserMessageReference, message.user_message_reference);
    }
  }
  const Address& from = receipts.swap ? message.destination : message.source;
  const Address& to = receipts.swap ? message.source : message.destination;
  const std::uint8_t esm_class = effect.intermediate ? receipts.intermediate_esm : kEsmReceipt;
  bool sent = false;
  if (receipts.pdu == ReceiptPdu::kDataSm && session_->may_send_tlvs()) {
    if (!text.empty()) { smpp::append_tlv(tlvs, smpp::TlvTag::kMessagePayload, text); }
    sent =
        session_->request(now, effect.token.value(),
                          smpp::DataSm{message.service_type.view(), from.ton, from.npi, from.digits.view(),
                                       to.ton, to.npi, to.digits.view(), esm_class, 0, 0, smpp::Tlvs{tlvs}});
  } else {
    smpp::DeliverSm pdu;
    pdu.service_type = message.service_type.view();
    pdu.source_addr_ton = from.ton;
    pdu.source_addr_npi = from.npi;
    pdu.source_addr = from.digits.view();
    pdu.dest_addr_ton = to.ton;
    pdu.dest_addr_npi = to.npi;
    pdu.destination_addr = to.digits.view();
    pdu.esm_class = esm_class;
    pdu.short_message = text;
    pdu.tlvs = smpp::Tlvs{tlvs};
    sent = session_->request(now, effect.token.value(), pdu);
  }
  ALDIS_FAILPOINT(pass_flushed("deliver.done", wire_));
  send(now);
  return sent;
}

bool CustomerSession::deliver(const Now& now, const DeliverInbound& effect) {
  const Inbound& inbound = *effect.inbound;
  std::string& tlvs = server_.tlv_scratch;
  tlvs.clear();
  if (session_->may_send_tlvs()) { tlvs = inbound.tlvs; }
  smpp::DeliverSm pdu;
  pdu.service_type = inbound.service_type.view();
  pdu.source_addr_ton = inbound.source.ton;
  pdu.source_addr_npi = inbound.source.npi;
  pdu.source_addr = inbound.source.digits.view();
  pdu.dest_addr_ton = inbound.destination.ton;
  pdu.dest_addr_npi = inbound.destination.npi;
  pdu.destination_addr = inbound.destination.digits.view();
  pdu.esm_class = inbound.esm_class;
  pdu.protocol_id = inbound.protocol_id;
  pdu.priority_flag = inbound.priority_flag;
  pdu.data_coding = inbound.data_coding;
  Octets body = inbound.body;
  // data_coding 0 means the sender's default alphabet: where the operator's and the customer's differ, the
  // octets do too.
  const Alphabet theirs = server_.setup.directory.op(inbound.op).alphabet_in;
  const bool has_udh = (inbound.esm_class & 0x40u) != 0;
  if (inbound.data_coding == 0 && !has_udh && theirs != settings().alphabet) {
    std::string& text = server_.text_scratch;
    text.clear();
    if (text::transcode(body, theirs, settings().alphabet, text)) {
      body = text;
    } else if (text::transcode(body, theirs, Alphabet::kUcs2, text)) {
      body = text;
      pdu.data_coding = 8;
    }
  }
  if (body.size() <= kShortMessageMax) {
    pdu.short_message = body;
  } else if (session_->may_send_tlvs()) {
    smpp::append_tlv(tlvs, smpp::TlvTag::kMessagePayload, body);
  } else {
    pdu.short_message = body.substr(0, kShortMessageMax);  // SMPP 3.3 has no other place for a text
  }
  pdu.tlvs = smpp::Tlvs{tlvs};
  const bool sent = session_->request(now, effect.token.value(), pdu);
  send(now);
  return sent;
}

void CustomerSession::on_response(const Now& now, const smpp::Response& response) {
  // the item is owed again already; its repeat carries the same id and state
  if (response.late && !ALDIS_MUTANT(76)) { return; }
  ALDIS_FAILPOINT(pass("deliver.answered"));
  server_.engine.on(now, DeliverResult{id_, DeliveryToken{response.token}, DeliverResult::Kind::kAnswered,
                                       static_cast<std::uint32_t>(response.command_status)});
}

void CustomerSession::on_request_timeout(const Now& now, std::uint64_t token, smpp::CommandId) {
  server_.engine.on(now, DeliverResult{id_, DeliveryToken{token}, DeliverResult::Kind::kTimeout, 0});
}

}  // namespace aldis::ingress

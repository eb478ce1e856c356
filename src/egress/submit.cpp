// SPDX-License-Identifier: Apache-2.0
// Leased parts as submit_sm, and what their responses mean (SMPP 5.2, 5.5).
#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/smpp_time.hpp"
#include "egress/link.hpp"

namespace aldis::egress {

namespace {

constexpr std::uint8_t kEsmUdh = 0x40;
constexpr std::uint8_t kEsmPassed = 0xBC;  // message type and reply path, as the customer gave them
constexpr std::size_t kShortMessageMax = 254;

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (c < '0' || c > '9') { return false; }
  }
  return true;
}

TonNpi source_of(const OperatorSettings& op, const Address& source) {
  const auto digits = source.digits.view();
  if (!all_digits(digits)) { return op.src_alpha; }
  return digits.size() <= op.short_digits_max ? op.src_short : op.src_number;
}

std::uint8_t registered_delivery_of(const OperatorSettings& op, std::uint8_t asked) {
  unsigned out = op.receipts_as_asked ? asked & 0x03u : 0x01u;
  if (op.receipts_intermediate) { out |= asked & 0x10u; }
  return static_cast<std::uint8_t>(out | (asked & 0x0Cu));
}

FixedString<16> validity_of(const OperatorSettings& op, Duration left, WallTime now) {
  if (left == Duration::zero()) { return {}; }
  switch (op.validity_style) {
    case ValidityStyle::kRelative: return smpp::relative_time(left, op.validity_cap);
    case ValidityStyle::kAbsolute:
      return smpp::absolute_time(now +
                                 std::chrono::duration_cast<microseconds>(std::min(left, op.validity_cap)));
    case ValidityStyle::kOmit: return {};
  }
  __builtin_unreachable();
}

OutcomeClass class_of(smpp::StatusClass status_class) {
  switch (status_class) {
    case smpp::StatusClass::kOk: return OutcomeClass::kOk;
    case smpp::StatusClass::kThrottle: return OutcomeClass::kThrottle;
    case smpp::StatusClass::kTemporary: return OutcomeClass::kTemporary;
    case smpp::StatusClass::kMixed: return OutcomeClass::kMixed;
    case smpp::StatusClass::kPermanent: return OutcomeClass::kPermanent;
    case smpp::StatusClass::kBind: return OutcomeClass::kBindTrouble;
    // not an answer that a submit should get
    case smpp::StatusClass::kOperation: return OutcomeClass::kPermanent;
    case smpp::StatusClass::kUnlisted: return OutcomeClass::kMixed;
  }
  __builtin_unreachable();
}

}  // namespace

PartRef LinkConnection::part_of(std::uint64_t token) const { return parts_[token]; }

void LinkConnection::send(const Now& now, const SendOnLink& effect) {
  // It went down in this very turn, refuses new work, or takes leave: the operator's unbind, or our own for a
  // link that went silent, closes the window before the engine hears of it.
  if (state_ != State::kBound || session_->window_free() == 0) {
    owner_.engine.on(
        now,
        SubmitResult{row_.id, effect.part, {OutcomeClass::kNotSent, 0, {}, {}}, 0, lease_max(), false, {}});
    return;
  }
  std::uint32_t token = 0;
  if (parts_free_.empty()) {
    token = static_cast<std::uint32_t>(parts_.size());
    parts_.push_back(effect.part);
  } else {
    token = parts_free_.back();
    parts_free_.pop_back();
    parts_[token] = effect.part;
  }
  encode(now, effect, token);
  wake();
}

void LinkConnection::encode(const Now& now, const SendOnLink& effect, std::uint64_t token) {
  const Message& message = *effect.message;
  const auto& op = settings();
  const auto& payload = effect.payload;
  const TonNpi source = source_of(op, message.source);
  const auto validity = validity_of(op, effect.validity_left, now.wall);
  Octets body = payload.body;
  if (!payload.udh.empty()) {
    owner_.text_scratch.assign(payload.udh);
    owner_.text_scratch.append(payload.body);
    body = owner_.text_scratch;
  }
  std::string& tlvs = owner_.tlv_scratch;
  tlvs.clear();
  smpp::SubmitSm pdu;
  if (payload.message_payload || body.size() > kShortMessageMax) {
    smpp::append_tlv(tlvs, smpp::TlvTag::kMessagePayload, body);
  } else {
    pdu.short_message = body;
  }
  if (session_->may_send_tlvs()) {
    if (payload.sar_total > 0) {
      smpp::append_tlv_u16(tlvs, smpp::TlvTag::kSarMsgRefNum, payload.sar_ref);
      smpp::append_tlv_u8(tlvs, smpp::TlvTag::kSarTotalSegments, payload.sar_total);
      smpp::append_tlv_u8(tlvs, smpp::TlvTag::kSarSegmentSeqnum, payload.sar_seqnum);
    }
    if (message.has_user_message_reference) {
      smpp::append_tlv_u16(tlvs, smpp::TlvTag::kUserMessageReference, message.user_message_reference);
    } else if (op.send_umr) {
      smpp::append_tlv_u16(tlvs, smpp::TlvTag::kUserMessageReference,
                           static_cast<std::uint16_t>(message.id.value()));
    }
    if (op.more_messages && effect.more) { smpp::append_tlv_u8(tlvs, smpp::TlvTag::kMoreMessagesToSend, 1); }
    tlvs += message.tlvs;
  }
  pdu.service_type =
      op.service_type.empty() ? message.service_type.view() : std::string_view{op.service_type};
  pdu.source_addr_ton = source.ton;
  pdu.source_addr_npi = source.npi;
  pdu.source_addr = message.source.digits.view();
  pdu.dest_addr_ton = op.dest.ton;
  pdu.dest_addr_npi = op.dest.npi;
  pdu.destination_addr = message.destination.digits.view();
  pdu.esm_class = static_cast<std::uint8_t>(op.esm_mode | (message.esm_class & kEsmPassed) |
                                            (payload.udh.empty() ? 0u : unsigned{kEsmUdh}));
  pdu.protocol_id = message.protocol_id;
  pdu.validity_period = validity.view();
  pdu.registered_delivery = registered_delivery_of(op, message.registered_delivery);
  pdu.data_coding = payload.data_coding;
  pdu.tlvs = smpp::Tlvs{tlvs};
  const bool sent = session_->request(now, token, pdu);
  ALDIS_FAILPOINT(pass_half_flushed("send.partial", wire_));
  ALDIS_FAILPOINT(pass_flushed("send.done", wire_));
  ALDIS_CHECK(sent);  // the engine sends within window_free, and only while we are bound
}

// The profile's own words first, then the table of SMPP's statuses (proto/smpp/statuses.yaml).
Outcome LinkConnection::outcome_of(smpp::CommandStatus status, const smpp::Pdu* pdu) const {
  Outcome outcome;
  outcome.command_status = static_cast<std::uint32_t>(status);
  const auto& op = settings();
  for (const auto& rule : op.errors) {
    if (outcome.command_status >= rule.status_first && outcome.command_status <= rule.status_last) {
      outcome.outcome_class = rule.outcome_class;
      outcome.err = rule.err;
      return outcome;
    }
  }
  const auto status_class = smpp::class_of(status);
  if (status_class != smpp::StatusClass::kUnlisted) {
    outcome.outcome_class = class_of(status_class);
    return outcome;
  }
  ++owner_.unlisted;
  outcome.outcome_class = op.unlisted;
  if (pdu != nullptr) {
    if (const auto* body = std::get_if<smpp::SubmitSmResp>(&pdu->body)) {
      if (const auto reason = body->tlvs.find_u8(smpp::TlvTag::kDeliveryFailureReason)) {
        outcome.outcome_class =
            *reason == 0 || *reason == 3 ? OutcomeClass::kTemporary : OutcomeClass::kPermanent;
      }
    }
  }
  return outcome;
}

void LinkConnection::on_response(const Now& now, const smpp::Response& response) {
  if (response.command_id != smpp::CommandId::kSubmitSm) { return; }
  ALDIS_FAILPOINT(pass("resp.read"));
  timeouts_in_a_row_ = 0;
  SubmitResult result;
  result.link = row_.id;
  result.part = part_of(response.token);
  result.late = response.late && !ALDIS_MUTANT(70);
  parts_free_.push_back(static_cast<std::uint32_t>(response.token));
  const auto* body = response.pdu != nullptr ? std::get_if<smpp::SubmitSmResp>(&response.pdu->body) : nullptr;
  if (body != nullptr && !body->tlvs.empty()) {
    result.congestion_state = body->tlvs.find_u8(smpp::TlvTag::kCongestionState);
  }
  if (response.command_status == smpp::CommandStatus::kOk && !response.nacked) {
    result.outcome.outcome_class = OutcomeClass::kOk;
    if (body != nullptr) { result.outcome.operator_message_id = body->message_id; }
    if (!response.late) {
      const bool full = session_->window_used() + 1 >= window_.size();
      window_.on_ok(now.mono, now.mono - response.sent_at, full);
    }
  } else {
    result.outcome = outcome_of(response.command_status, response.pdu);
    const auto name = smpp::name_of(response.command_status);
    ++submit_errors_[name.empty() ? std::string_view{"other"} : name];
    if (response.command_status == smpp::CommandStatus::kMessageQueueFull) { window_.on_queue_full(); }
  }
  session_->set_window_out(window_.size());
  result.window_free = window_free();
  result.lease_max = lease_max();
  const bool bind_trouble = result.outcome.outcome_class == OutcomeClass::kBindTrouble;
  if (bind_trouble) { result.window_free = 0; }
  owner_.engine.on(now, result);
  if (bind_trouble && state_ == State::kBound) { fail(now, "bind_state"); }
}

}  // namespace aldis::egress

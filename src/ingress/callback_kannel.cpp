// SPDX-License-Identifier: Apache-2.0
// Delivery reports on a dlr-url and messages on a get-url, as Kannel's smsbox calls them.
#include <cstdio>

#include "ingress/callback_styles.hpp"
#include "ingress/form.hpp"
#include "ingress/kannel_escapes.hpp"

namespace aldis::ingress {

namespace {

// What the operator refused with, in Kannel's words (its smpp_error_to_string).
std::string_view nack_text(std::uint32_t status) {
  switch (status) {
    case 0x01: return "Message Length is invalid";
    case 0x08: return "System Error";
    case 0x0A: return "Invalid Source Address";
    case 0x0B: return "Invalid Destination Address";
    case 0x14: return "Message Queue Full";
    case 0x15: return "Invalid Service Type";
    case 0x43: return "Invalid esm_class field data";
    case 0x45: return "Submit failed";
    case 0x58: return "Throttling error";
    case 0x61: return "Invalid Scheduled Delivery Time";
    case 0x62: return "Invalid message validity period";
    case 0x64: return "ESME Receiver Temporary App Error Code";
    case 0x65: return "ESME Receiver Permanent App Error Code";
    case 0x66: return "ESME Receiver Reject Message Error Code";
    case 0xFE: return "Transaction Delivery Failure";
    case 0xFF: return "Unknown Error";
    default: break;
  }
  return status >= 0x400 && status <= 0x4FF ? "Vendor-specific error, please refer to your SMPP provider"
                                            : "Unknown/Reserved";
}

// Bits of dlr-mask.
constexpr int kTypeDelivered = 1;
constexpr int kTypeFailed = 2;
constexpr int kTypeBuffered = 4;
constexpr int kTypeAccepted = 8;
constexpr int kTypeRefused = 16;

// 0: no report.
int type_of(const MessageEvent& event) {
  const bool by_receipt = event.speaker == Speaker::kReceipt;
  if (event.intermediate) { return kTypeBuffered; }
  switch (event.status) {
    case Status::kScheduled:
    case Status::kQueued:
    case Status::kSending:
    case Status::kUncertain: return 0;
    case Status::kSent: return kTypeAccepted;
    case Status::kDelivered: return kTypeDelivered;
    case Status::kUndeliverable:
    case Status::kRejected:
    case Status::kExpired: return by_receipt ? kTypeFailed : kTypeRefused;
    case Status::kDeleted: return by_receipt || event.message.sent_at ? kTypeFailed : kTypeRefused;
    case Status::kUnknown: return by_receipt ? kTypeFailed : 0;
  }
  __builtin_unreachable();
}

bool is_asked(unsigned mask, int type) {
  const auto wanted = static_cast<unsigned>(type == kTypeRefused ? kTypeRefused | kTypeFailed : type);
  return (mask & wanted) != 0;
}

// As Kannel 1.4.5 has it in a report: the error as the three octets of network_error_code, or the receipt's
// err.
std::string meta_of(const KannelStyle& style, const MessageEvent& event) {
  const std::string asked = "?orig_msg?dlr_mask=" + std::to_string(style.dlr_mask) + '&';
  if (event.speaker != Speaker::kReceipt) { return "?smpp_resp?" + asked; }
  std::string error{event.err};
  if (event.network) {
    const auto [type, code] = *event.network;
    error = {static_cast<char>(type), static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  }
  if (error.empty()) { return asked; }
  std::string out = asked + "?smpp?dlr_err=";
  append_kannel_encoded(out, error);
  return out + '&';
}

std::string report_text(const MessageEvent& event, int type) {
  if (type == kTypeAccepted) { return "ACK/"; }
  if (type != kTypeRefused) { return std::string{event.receipt_text}; }
  if (event.speaker != Speaker::kResponse) { return "NACK/"; }
  char status[16];
  std::snprintf(status, sizeof status, "0x%08x", event.command_status);
  return "NACK/" + std::string{status} + '/' + std::string{nack_text(event.command_status)};
}

}  // namespace

MaybeRequest kannel_request(const CallbackContext& context, const KannelStyle& style,
                            const MessageEvent& event) {
  const int type = type_of(event);
  if (type == 0 || !is_asked(style.dlr_mask, type)) { return std::nullopt; }
  const MessageFacts& message = event.message;
  const std::string text = report_text(event, type);
  const std::string id = uuid_of(message.id);
  const std::string meta = meta_of(style, event);
  KannelFields fields;
  fields.type = type;
  fields.text = text;
  fields.raw = text;
  fields.sender = message.to_given;
  fields.receiver = message.from_given;
  fields.smsc = style.kannel_id.empty() ? message.operator_name : style.kannel_id;
  fields.id = id;
  fields.foreign_id = message.operator_id;
  fields.at = event.at;
  fields.login = style.login;
  if (event.speaker == Speaker::kReceipt) { fields.account = style.operator_account; }
  fields.dlr_url = context.target.url;
  fields.meta = meta;
  return get_request(context, kannel_expanded(context.target.url, fields));
}

MaybeRequest kannel_request(const CallbackContext& context, const KannelStyle& style,
                            const InboundEvent& event) {
  const bool is_text = event.text && !event.is_unicode;  // UCS-2 goes out as it is, and %C says so
  const std::string_view text = is_text ? *event.text : event.octets;
  const std::string id = uuid_of(event.id);
  KannelFields fields;
  fields.text = text;
  fields.raw = text;
  fields.sender = event.from_given;
  fields.receiver = event.to_given;
  fields.smsc = style.kannel_id.empty() ? event.operator_name : style.kannel_id;
  fields.id = id;
  fields.at = event.received_at;
  fields.login = style.login;
  fields.coding = event.is_unicode ? 2 : event.text ? 0 : 1;
  fields.udh = event.udh;
  auto request = get_request(context, kannel_expanded(context.target.url, fields));
  request.answer_octets_max = 64 * 1024;  // the reply
  return request;
}

}  // namespace aldis::ingress

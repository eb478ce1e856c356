// SPDX-License-Identifier: Apache-2.0
// Status callbacks and inbound webhooks as Twilio sends them.
#include "ingress/callback_styles.hpp"
#include "ingress/signatures.hpp"

namespace aldis::ingress {

namespace {

struct Told {
  std::string_view status;
  std::optional<unsigned> error;
};

unsigned error_number(const MessageEvent& event) {
  return words_of(event.error.value_or(ErrorCode::kUnknown)).twilio;
}

// None: Twilio has no callback for it.
std::optional<Told> told(const MessageEvent& event) {
  const bool by_receipt = event.speaker == Speaker::kReceipt;
  if (event.intermediate) { return std::nullopt; }
  switch (event.status) {
    case Status::kScheduled:
    case Status::kSending:
    case Status::kUncertain: return std::nullopt;
    case Status::kQueued: return Told{"queued", {}};
    case Status::kSent: return Told{"sent", {}};
    case Status::kDelivered: return Told{"delivered", {}};
    case Status::kUndeliverable:
    case Status::kRejected: return Told{by_receipt ? "undelivered" : "failed", error_number(event)};
    case Status::kExpired:
      return by_receipt ? Told{"undelivered", words_of(ErrorCode::kAbsentSubscriber).twilio}
                        : Told{"failed", words_of(ErrorCode::kExpiredInQueue).twilio};
    case Status::kDeleted: return Told{"canceled", {}};
    case Status::kUnknown:
      if (event.unknown_reason != UnknownReason::kUncertain) { return std::nullopt; }  // it stays sent
      return Told{"failed", words_of(ErrorCode::kUncertain).twilio};
  }
  __builtin_unreachable();
}

MaybeRequest signed_form(const CallbackContext& context, const TwilioStyle& style, const Fields& fields,
                         std::uint64_t event) {
  auto request = form_request(context, fields);
  const auto signature = twilio_signature(context.digests, style.auth_token, context.target.url, fields);
  request.headers.push_back({"X-Twilio-Signature", signature});
  request.headers.push_back({"I-Twilio-Idempotency-Token", event_id(event)});
  return request;
}

}  // namespace

MaybeRequest twilio_request(const CallbackContext& context, const TwilioStyle& style,
                            const MessageEvent& event) {
  const auto words = told(event);
  if (!words) { return std::nullopt; }
  const std::string sid = "SM" + std::string{event.message.id};
  const std::string status{words->status};
  Fields fields{{"MessageSid", sid},
                {"SmsSid", sid},
                {"MessageStatus", status},
                {"SmsStatus", status},
                {"AccountSid", style.account_sid},
                {"From", std::string{event.message.from}},
                {"To", std::string{event.message.to}},
                {"ApiVersion", "2010-04-01"}};
  if (!style.messaging_service_sid.empty()) {
    fields.emplace_back("MessagingServiceSid", style.messaging_service_sid);
  }
  if (words->error) { fields.emplace_back("ErrorCode", std::to_string(*words->error)); }
  if (event.done_at && event.speaker == Speaker::kReceipt) {
    fields.emplace_back("RawDlrDoneDate", written(*event.done_at, "%y%m%d%H%M"));
  }
  return signed_form(context, style, fields, event.event);
}

MaybeRequest twilio_request(const CallbackContext& context, const TwilioStyle& style,
                            const InboundEvent& event) {
  const std::string sid = "SM" + std::string{event.id};
  const Fields fields{{"MessageSid", sid},
                      {"SmsSid", sid},
                      {"SmsMessageSid", sid},
                      {"AccountSid", style.account_sid},
                      {"From", std::string{event.from}},
                      {"To", std::string{event.to}},
                      {"Body", std::string{event.text.value_or("")}},
                      {"NumMedia", "0"},
                      {"NumSegments", std::to_string(event.parts_count)},
                      {"SmsStatus", "received"},
                      {"ApiVersion", "2010-04-01"}};
  auto request = signed_form(context, style, fields, event.event);
  request->answer_octets_max = 64 * 1024;  // TwiML
  return request;
}

}  // namespace aldis::ingress

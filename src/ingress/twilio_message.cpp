// SPDX-License-Identifier: Apache-2.0
#include "ingress/twilio_message.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "aldis/text/transcode.hpp"
#include "ingress/callback_styles.hpp"
#include "ingress/message_json.hpp"

namespace aldis::ingress {

namespace json = boost::json;

TwilioNo twilio_words(Refusal refusal) {
  const auto say = [&](unsigned status, unsigned code) {
    return TwilioNo{status, code, std::string{sentence_of(refusal)}};
  };
  switch (refusal) {
    case Refusal::kBadDestination: return {400, 21211, "Invalid 'To' Phone Number"};
    case Refusal::kDestinationBlocked: return say(400, 21408);
    case Refusal::kOptedOut: return say(400, 21610);
    case Refusal::kBadSource: return {400, 21212, "Invalid 'From' Phone Number"};
    case Refusal::kSourceNotAllowed: return say(400, 21606);
    case Refusal::kNoRoute: return say(400, 21612);
    case Refusal::kTooManyParts:
    case Refusal::kBodyTooLong:
    case Refusal::kBadEncoding:
    case Refusal::kBodyOdd: return say(400, 21617);
    case Refusal::kContentRefused: return say(400, 30007);
    case Refusal::kBadSchedule: return say(400, 35114);
    case Refusal::kBadValidity: return say(400, 90007);
    case Refusal::kNoCredit:
    case Refusal::kAccountSuspended: return say(403, 20005);
    case Refusal::kThrottled:
    case Refusal::kVolumeCap: return {429, 20429, "Too Many Requests"};
    case Refusal::kQueueFull: return say(429, 21611);
    case Refusal::kNoSuchMessage:
    case Refusal::kQueryFailed: return {404, 20404, "The requested resource was not found"};
    case Refusal::kCancelFailed: return {409, 30409, "Message is not in a cancelable state"};
    case Refusal::kUnavailable:
    case Refusal::kStopping:
    case Refusal::kTlvMissing:  // no request of this dialect meets this one and the next ones
    case Refusal::kTlvValue:
    case Refusal::kTlvNotAllowed:
    case Refusal::kDuplicateConflict:
    case Refusal::kBadServiceType:
    case Refusal::kBindState:
    case Refusal::kReplaceFailed: return say(503, 20503);
  }
  __builtin_unreachable();
}

ports::HttpResponse twilio_json(unsigned status, const json::object& body) {
  return {.status = status, .content_type = "application/json", .body = json::serialize(body)};
}

// No problem+json: the SDK makes another exception of a body with a type and a title.
ports::HttpResponse twilio_error(const TwilioNo& no) {
  auto response =
      twilio_json(no.status, {{"code", no.code},
                              {"message", no.message},
                              {"more_info", "https://www.twilio.com/docs/errors/" + std::to_string(no.code)},
                              {"status", no.status}});
  if (no.status == 401) { response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"aldis\""); }
  if (no.status == 429 || no.status == 503) { response.headers.emplace_back("Retry-After", "1"); }
  return response;
}

std::string twilio_date(WallTime at) { return written(at, "%a, %d %b %Y %H:%M:%S +0000"); }

std::string twilio_account_path(std::string_view sid) { return "/2010-04-01/Accounts/" + std::string{sid}; }

json::object twilio_json_of(const TwilioMessage& m) {
  const std::string uri = twilio_account_path(m.account_sid) + "/Messages/" + m.sid;
  const auto text = [](const std::optional<std::string>& value) {
    return value && !value->empty() ? json::value(*value) : json::value(nullptr);
  };
  json::object out{{"account_sid", m.account_sid},
                   {"api_version", "2010-04-01"},
                   {"body", m.body ? json::value(*m.body) : json::value(nullptr)},
                   {"date_created", twilio_date(m.created)},
                   {"date_sent", m.sent ? json::value(twilio_date(*m.sent)) : json::value(nullptr)},
                   {"date_updated", twilio_date(m.updated)},
                   {"direction", "outbound-api"},
                   {"error_code", m.error_code ? json::value(*m.error_code) : json::value(nullptr)},
                   {"error_message", nullptr},
                   {"from", text(m.from)},
                   {"messaging_service_sid", text(m.messaging_service_sid)},
                   {"num_media", "0"},
                   {"num_segments", std::to_string(m.status == "scheduled" ? 0 : m.segments)},
                   {"price", nullptr},
                   {"price_unit", "USD"},
                   {"sid", m.sid},
                   {"status", m.status},
                   {"subresource_uris", json::object{{"media", uri + "/Media.json"}}},
                   {"to", m.to},
                   {"uri", uri + ".json"}};
  return out;
}

namespace {

struct Told {
  std::string_view status;
  std::optional<unsigned> error{};
};

// An operator that gave an id has accepted the message: what is said after that, its receipt says.
Told told(const Message& message) {
  const bool by_receipt = std::any_of(message.parts.begin(), message.parts.end(),
                                      [](const Part& part) { return !part.operator_id.empty(); });
  switch (message.status) {
    case Status::kScheduled: return {"scheduled"};
    case Status::kQueued: return {"queued"};
    case Status::kSending:
    case Status::kUncertain: return {"sending"};
    case Status::kSent: return {"sent"};
    case Status::kDelivered: return {"delivered"};
    case Status::kUndeliverable:
    case Status::kRejected:
      return {by_receipt ? "undelivered" : "failed", words_of(error_code_of(message.err.view())).twilio};
    case Status::kExpired:
      return by_receipt ? Told{"undelivered", words_of(ErrorCode::kAbsentSubscriber).twilio}
                        : Told{"failed", words_of(ErrorCode::kExpiredInQueue).twilio};
    case Status::kDeleted: return {"canceled"};
    case Status::kUnknown:
      if (message.unknown_reason != UnknownReason::kUncertain) { return {"sent"}; }
      return {"failed", words_of(ErrorCode::kUncertain).twilio};
  }
  __builtin_unreachable();
}

std::optional<WallTime> sent_of(const Message& message) {
  const WallTime since = message.parts.empty() ? WallTime{} : message.parts.front().sent_since;
  return since == WallTime{} ? std::nullopt : std::optional{since};
}

}  // namespace

TwilioMessage twilio_message_of(const Message& message, const PublicIds& ids, std::string_view account_sid,
                                bool has_text, std::optional<WallTime> sent_at) {
  const Told words = told(message);
  TwilioMessage out;
  out.account_sid = account_sid;
  out.sid = "SM" + std::string{ids.format({message.public_id, 0}, MessageIdFormat::kHex).view()};
  out.to = number_text(message.destination);
  out.from = number_text(message.source);
  std::string text;
  if (has_text && text::transcode(message.content.body, message.content.alphabet, Alphabet::kUtf8, text)) {
    out.body = std::move(text);
  }
  out.status = words.status;
  out.error_code = words.error;
  out.segments = message.parts.size();
  out.created = message.accepted_at;
  out.sent = sent_at ? sent_at : sent_of(message);
  out.updated = is_final(message.status) ? message.done_at : out.sent.value_or(out.created);
  for (const auto& [name, value] : door_notes_from(message.door_notes).value_or(DoorNotes{}).metadata) {
    if (name == kMessagingServiceSid) { out.messaging_service_sid = value; }
  }
  return out;
}

}  // namespace aldis::ingress

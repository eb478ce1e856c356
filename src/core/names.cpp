// SPDX-License-Identifier: Apache-2.0
// The words that logs, metrics and answers use for the vocabulary's enumerators.
#include "aldis/core/door.hpp"
#include "aldis/core/history.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/core/status.hpp"
#include "aldis/core/webhook.hpp"

namespace aldis {

std::string_view name_of(Status status) {
  switch (status) {
    case Status::kScheduled: return "scheduled";
    case Status::kQueued: return "queued";
    case Status::kSending: return "leased";
    case Status::kUncertain: return "uncertain";
    case Status::kSent: return "awaiting_receipt";
    case Status::kDelivered: return "delivered";
    case Status::kUndeliverable: return "undeliverable";
    case Status::kRejected: return "rejected";
    case Status::kExpired: return "expired";
    case Status::kDeleted: return "deleted";
    case Status::kUnknown: return "unknown";
  }
  __builtin_unreachable();
}

std::string_view name_of(MessageClass message_class) {
  switch (message_class) {
    case MessageClass::kOtp: return "otp";
    case MessageClass::kTransactional: return "transactional";
    case MessageClass::kBulk: return "bulk";
  }
  __builtin_unreachable();
}

std::string_view name_of(OutcomeClass outcome_class) {
  switch (outcome_class) {
    case OutcomeClass::kOk: return "ok";
    case OutcomeClass::kThrottle: return "throttled";
    case OutcomeClass::kTemporary: return "temporary";
    case OutcomeClass::kMixed: return "mixed";
    case OutcomeClass::kPermanent: return "permanent";
    case OutcomeClass::kBindTrouble: return "bind_trouble";
    case OutcomeClass::kOperationOnly: return "operation";
    case OutcomeClass::kUnanswered: return "timeout";
    case OutcomeClass::kLost: return "lost";
    case OutcomeClass::kNotSent: return "not_sent";
  }
  __builtin_unreachable();
}

namespace {
struct RefusalWords {
  std::string_view name;
  std::string_view sentence;
};

RefusalWords words_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kThrottled: return {"throttled", "the account's rate is exceeded; send more slowly"};
    case Refusal::kVolumeCap: return {"volume_cap", "the account's volume for this day or month is used up"};
    case Refusal::kNoCredit: return {"no_credit", "the account has no credit left"};
    case Refusal::kQueueFull: return {"queue_full", "the queue is full; try again later"};
    case Refusal::kUnavailable: return {"unavailable", "messages cannot be stored now; try again later"};
    case Refusal::kStopping: return {"stopping", "the gateway is stopping; bind again later"};
    case Refusal::kNoRoute: return {"no_route", "no operator serves this destination"};
    case Refusal::kBadDestination:
      return {"bad_destination", "the destination is not a telephone number of 1 to 15 digits"};
    case Refusal::kDestinationBlocked:
      return {"destination_blocked", "this account may not send to this destination"};
    case Refusal::kBadSource:
      return {"bad_source", "the source is neither 1 to 20 digits nor 1 to 11 characters"};
    case Refusal::kSourceNotAllowed: return {"source_not_allowed", "this account may not use this source"};
    case Refusal::kOptedOut: return {"opted_out", "the recipient has opted out"};
    case Refusal::kTooManyParts:
      return {"too_many_parts", "the text needs more parts than the account may send"};
    case Refusal::kBodyTooLong:
      return {"body_too_long", "the body does not fit in one part and cannot be split"};
    case Refusal::kBodyOdd: return {"body_odd", "a UCS-2 body must have an even number of octets"};
    case Refusal::kBadEncoding:
      return {"bad_encoding", "the body is not text of the alphabet that data_coding names"};
    case Refusal::kBadSchedule:
      return {"bad_schedule", "schedule_delivery_time is malformed, past or too far ahead"};
    case Refusal::kBadValidity: return {"bad_validity", "validity_period is malformed, zero or past"};
    case Refusal::kTlvNotAllowed: return {"tlv_not_allowed", "more than 32 TLVs or 2,048 octets of them"};
    case Refusal::kTlvMissing: return {"tlv_missing", "a required TLV is missing"};
    case Refusal::kTlvValue: return {"tlv_value", "a TLV has a value that is not allowed"};
    case Refusal::kContentRefused: return {"content_refused", "the content is refused"};
    case Refusal::kAccountSuspended: return {"account_suspended", "the account is suspended"};
    case Refusal::kDuplicateConflict:
      return {"duplicate_conflict", "the same key was used for another message"};
    case Refusal::kBadServiceType: return {"bad_service_type", "service_type is longer than 5 characters"};
    case Refusal::kBindState: return {"bind_state", "this bind does not allow the operation"};
    case Refusal::kNoSuchMessage: return {"no_such_message", "no such message of this account"};
    case Refusal::kCancelFailed: return {"cancel_failed", "the message cannot be canceled any more"};
    case Refusal::kReplaceFailed: return {"replace_failed", "the message cannot be replaced any more"};
    case Refusal::kQueryFailed: return {"query_failed", "the message cannot be looked up now"};
  }
  __builtin_unreachable();
}
}  // namespace

std::string_view name_of(Door door) {
  switch (door) {
    case Door::kSmpp: return "smpp";
    case Door::kNative: return "native";
    case Door::kTwilio: return "twilio";
    case Door::kVonage: return "vonage";
    case Door::kKannel: return "kannel";
    case Door::kJasmin: return "jasmin";
  }
  __builtin_unreachable();
}

std::string_view name_of(WebhookOutcome outcome) {
  switch (outcome) {
    case WebhookOutcome::kOk: return "ok";
    case WebhookOutcome::kHttp3xx: return "http_3xx";
    case WebhookOutcome::kHttp4xx: return "http_4xx";
    case WebhookOutcome::kHttp5xx: return "http_5xx";
    case WebhookOutcome::kTimeout: return "timeout";
    case WebhookOutcome::kNetwork: return "network";
    case WebhookOutcome::kForbiddenAddress: return "forbidden_address";
  }
  __builtin_unreachable();
}

std::string_view name_of(Refusal refusal) { return words_of(refusal).name; }
std::string_view sentence_of(Refusal refusal) { return words_of(refusal).sentence; }

std::string_view history::name_of(history::StepKind kind) {
  using history::StepKind;
  switch (kind) {
    case StepKind::kAccepted: return "accepted";
    case StepKind::kLeased: return "leased";
    case StepKind::kResponded: return "responded";
    case StepKind::kReceipt: return "receipt";
    case StepKind::kStatus: return "status";
    case StepKind::kOwed: return "owed";
    case StepKind::kNotified: return "notified";
  }
  return "?";  // a number read from a file
}

}  // namespace aldis

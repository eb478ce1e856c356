// SPDX-License-Identifier: Apache-2.0
#include "ingress/dialect_words.hpp"

namespace aldis::ingress {

DialectWords kannel_words(Refusal refusal) {
  constexpr DialectWords kDenied{400, "Number(s) has/have been denied by white- and/or black-lists."};
  constexpr DialectWords kNotRoutable{403, "Not routable. Do not try again."};
  constexpr DialectWords kMisformedBody{400, "Charset or body misformed, rejected"};
  constexpr DialectWords kTemporal{503, "Temporal failure, try again later."};
  switch (refusal) {
    case Refusal::kBadDestination:
    case Refusal::kDestinationBlocked:
    case Refusal::kOptedOut: return kDenied;
    case Refusal::kBadSource:
    case Refusal::kSourceNotAllowed:
    case Refusal::kNoRoute:
    case Refusal::kContentRefused:
    case Refusal::kTlvMissing:
    case Refusal::kTlvValue:
    case Refusal::kTlvNotAllowed:
    case Refusal::kNoCredit: return kNotRoutable;
    case Refusal::kTooManyParts:
    case Refusal::kBodyTooLong:
    case Refusal::kBadEncoding:
    case Refusal::kBodyOdd: return kMisformedBody;
    case Refusal::kBadSchedule: return {400, "Deferred field misformed, rejected"};
    case Refusal::kBadValidity: return {400, "Validity field misformed, rejected"};
    case Refusal::kAccountSuspended: return {403, "Authorization failed for sendsms"};
    case Refusal::kThrottled:
    case Refusal::kVolumeCap:
    case Refusal::kQueueFull:
    case Refusal::kUnavailable:
    case Refusal::kStopping: return kTemporal;
    case Refusal::kDuplicateConflict:
    case Refusal::kBadServiceType:
    case Refusal::kBindState:
    case Refusal::kNoSuchMessage:
    case Refusal::kCancelFailed:
    case Refusal::kReplaceFailed:
    case Refusal::kQueryFailed: return kTemporal;  // no request of this dialect meets them
  }
  __builtin_unreachable();
}

}  // namespace aldis::ingress

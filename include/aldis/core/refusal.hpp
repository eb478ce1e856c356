// SPDX-License-Identifier: Apache-2.0
// Why a request was not accepted. A refused message was never stored, charged or sent (CONTRACT D10).
// Each door translates it once, exhaustively: SMPP 4.4 in ingress.
#pragma once

#include <cstdint>
#include <string_view>

namespace aldis {

enum class Refusal : std::uint8_t {
  kThrottled,  // account rate, per second or minute
  kVolumeCap,  // account day or month
  kNoCredit,
  kQueueFull,    // account queue, or pressure
  kUnavailable,  // store cannot promise
  kStopping,
  kNoRoute,
  kBadDestination,
  kDestinationBlocked,
  kBadSource,
  kSourceNotAllowed,
  kOptedOut,
  kTooManyParts,
  kBodyTooLong,
  kBodyOdd,  // UCS-2 with an odd number of octets
  kBadEncoding,
  kBadSchedule,
  kBadValidity,
  kTlvNotAllowed,
  kTlvMissing,
  kTlvValue,
  kContentRefused,
  kAccountSuspended,
  kDuplicateConflict,
  kBadServiceType,
  kBindState,
  kNoSuchMessage,  // query, cancel, replace: unknown or foreign id
  kCancelFailed,   // not cancelable any more
  kReplaceFailed,
  kQueryFailed,
};

std::string_view name_of(Refusal refusal);  // "no_route": metrics and logs
// "no operator serves this destination": additional_status_info_text
std::string_view sentence_of(Refusal refusal);

}  // namespace aldis

// SPDX-License-Identifier: Apache-2.0
#include "ingress/smpp_status.hpp"

namespace aldis::ingress {

using smpp::CommandStatus;

namespace {

CommandStatus before_50(Refusal refusal) {
  switch (refusal) {
    case Refusal::kThrottled: return CommandStatus::kThrottled;
    case Refusal::kVolumeCap: return CommandStatus::kSubmitFailed;
    case Refusal::kNoCredit: return CommandStatus::kSubmitFailed;
    case Refusal::kQueueFull: return CommandStatus::kMessageQueueFull;
    case Refusal::kUnavailable: return CommandStatus::kSystemError;
    case Refusal::kStopping: return CommandStatus::kSystemError;
    case Refusal::kNoRoute: return CommandStatus::kInvalidDestination;
    case Refusal::kBadDestination: return CommandStatus::kInvalidDestination;
    case Refusal::kDestinationBlocked: return CommandStatus::kInvalidDestination;
    case Refusal::kBadSource: return CommandStatus::kInvalidSource;
    case Refusal::kSourceNotAllowed: return CommandStatus::kInvalidSource;
    case Refusal::kOptedOut: return CommandStatus::kInvalidDestination;
    case Refusal::kTooManyParts: return CommandStatus::kInvalidMessageLength;
    case Refusal::kBodyTooLong: return CommandStatus::kInvalidMessageLength;
    case Refusal::kBodyOdd: return CommandStatus::kInvalidMessageLength;
    case Refusal::kBadEncoding: return CommandStatus::kSubmitFailed;
    case Refusal::kBadSchedule: return CommandStatus::kInvalidSchedule;
    case Refusal::kBadValidity: return CommandStatus::kInvalidValidity;
    case Refusal::kTlvNotAllowed: return CommandStatus::kTlvNotAllowed;
    case Refusal::kTlvMissing: return CommandStatus::kMissingTlv;
    case Refusal::kTlvValue: return CommandStatus::kInvalidTlvValue;
    case Refusal::kContentRefused: return CommandStatus::kSubmitFailed;
    case Refusal::kAccountSuspended: return CommandStatus::kSubmitFailed;
    case Refusal::kDuplicateConflict: return CommandStatus::kSubmitFailed;
    case Refusal::kBadServiceType: return CommandStatus::kInvalidServiceType;
    case Refusal::kBindState: return CommandStatus::kInvalidBindStatus;
    case Refusal::kNoSuchMessage: return CommandStatus::kInvalidMessageId;
    case Refusal::kCancelFailed: return CommandStatus::kCancelFailed;
    case Refusal::kReplaceFailed: return CommandStatus::kReplaceFailed;
    case Refusal::kQueryFailed: return CommandStatus::kQueryFailed;
  }
  __builtin_unreachable();
}

}  // namespace

CommandStatus smpp_status(Refusal refusal, smpp::Version version, const AccountSmppSettings& account) {
  if (const auto mapped = account.status_map.find(refusal); mapped != account.status_map.end()) {
    return static_cast<CommandStatus>(mapped->second);
  }
  if (version == smpp::Version::kV50) {
    switch (refusal) {
      case Refusal::kBadEncoding: return static_cast<CommandStatus>(0x104);  // ESME_RINVDCS
      case Refusal::kContentRefused:
      case Refusal::kAccountSuspended:
      case Refusal::kOptedOut: return static_cast<CommandStatus>(0x101);  // ESME_RPROHIBITED
      default: break;
    }
  }
  return before_50(refusal);
}

smpp::MessageState message_state(Status status, bool accepted_word, bool scheduled_50) {
  switch (status) {
    case Status::kScheduled:
      return scheduled_50 ? smpp::MessageState::kScheduled : smpp::MessageState::kEnroute;
    case Status::kQueued:
    case Status::kSending:
    case Status::kUncertain:
    case Status::kSent: return accepted_word ? smpp::MessageState::kAccepted : smpp::MessageState::kEnroute;
    case Status::kDelivered: return smpp::MessageState::kDelivered;
    case Status::kUndeliverable: return smpp::MessageState::kUndeliverable;
    case Status::kRejected: return smpp::MessageState::kRejected;
    case Status::kExpired: return smpp::MessageState::kExpired;
    case Status::kDeleted: return smpp::MessageState::kDeleted;
    case Status::kUnknown: return smpp::MessageState::kUnknown;
  }
  __builtin_unreachable();
}

}  // namespace aldis::ingress

// SPDX-License-Identifier: Apache-2.0
// The words of the API for states and errors, and the numbers that Twilio and Vonage have for the latter.
#include "aldis/ingress/callback_event.hpp"

namespace aldis::ingress {

ErrorWords words_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAbsentSubscriber: return {"absent_subscriber", false, 30003, 2};
    case ErrorCode::kUnknownSubscriber: return {"unknown_subscriber", true, 30005, 3};
    case ErrorCode::kCallBarred: return {"call_barred", true, 30004, 4};
    case ErrorCode::kPortabilityError: return {"portability_error", false, 30008, 5};
    case ErrorCode::kFiltered: return {"filtered", true, 30007, 6};
    case ErrorCode::kHandsetBusy: return {"handset_busy", false, 30003, 7};
    case ErrorCode::kNetworkError: return {"network_error", false, 30008, 8};
    case ErrorCode::kAccountSuspended: return {"account_suspended", true, 30002, 1};
    case ErrorCode::kIllegalMessage: return {"illegal_message", true, 30008, 10};
    case ErrorCode::kUnreachable: return {"unreachable", true, 30006, 12};
    case ErrorCode::kOperatorQueueFull: return {"operator_queue_full", false, 30001, 8};
    case ErrorCode::kExpiredInQueue: return {"expired_in_queue", std::nullopt, 30036, 1};
    case ErrorCode::kNoOperator: return {"no_operator", true, 30008, 11};
    case ErrorCode::kOperatorRefused: return {"operator_refused", true, 30008, 1};
    case ErrorCode::kOptedOut: return {"opted_out", true, 30004, 9};
    case ErrorCode::kContentRefused: return {"content_refused", true, 30007, 6};
    case ErrorCode::kUncertain: return {"uncertain", std::nullopt, 30008, 1};
    case ErrorCode::kNoReceipt: return {"no_receipt", std::nullopt, 30008, 1};
    case ErrorCode::kUnknown: return {"unknown", std::nullopt, 30008, 1};
  }
  __builtin_unreachable();
}

std::string_view status_word(Status status) {
  switch (status) {
    case Status::kSending:
    case Status::kUncertain: return "sending";
    case Status::kSent: return "sent";
    default: return name_of(status);
  }
}

}  // namespace aldis::ingress

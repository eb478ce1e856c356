// SPDX-License-Identifier: Apache-2.0
// What a customer's server is told, before any style has put it into words. Views are good for the call they
// are given to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "aldis/base/time.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/status.hpp"

namespace aldis::ingress {

// Why a message failed, in the API's words; the operator's own codes stay beside it.
enum class ErrorCode : std::uint8_t {
  kAbsentSubscriber,
  kUnknownSubscriber,
  kCallBarred,
  kPortabilityError,
  kFiltered,
  kHandsetBusy,
  kNetworkError,
  kAccountSuspended,
  kIllegalMessage,
  kUnreachable,
  kOperatorQueueFull,
  kExpiredInQueue,
  kNoOperator,
  kOperatorRefused,
  kOptedOut,
  kContentRefused,
  kUncertain,
  kNoReceipt,
  kUnknown,
};

struct ErrorWords {
  std::string_view name;          // "absent_subscriber"
  std::optional<bool> permanent;  // none: neither
  unsigned twilio;
  unsigned vonage;
};
ErrorWords words_of(ErrorCode code);

// The API's word for a status: "sent", "delivered". It has none for what is uncertain: that is still
// "sending".
std::string_view status_word(Status status);

// Whose word the status is: the styles tell it differently.
enum class Speaker : std::uint8_t {
  kGateway,   // ours: accepted, expired in the queue, canceled, refused after acceptance
  kResponse,  // the operator's answer to the submit
  kReceipt,   // the operator's receipt
};

struct MessageFacts {
  std::string_view id{};  // 32 hexadecimal digits
  std::string_view account{};
  std::string_view door{};
  std::string_view to{};    // "+447700900123", or a short code
  std::string_view from{};  // the same, or up to 11 characters
  std::string_view to_given{};
  std::string_view from_given{};
  std::string_view encoding{};  // "gsm7"
  std::string_view label{};
  std::string_view reference{};
  std::span<const std::pair<std::string, std::string>> metadata{};
  std::string_view country{};
  std::string_view mcc_mnc{};
  std::string_view price{};  // "0.035000"; empty = none
  std::string_view currency{};
  std::string_view operator_name{};
  std::string_view operator_id{};  // of the first part
  MessageClass message_class = MessageClass::kTransactional;
  unsigned parts_count = 1;
  unsigned attempts = 0;
  WallTime accepted_at{};
  std::optional<WallTime> send_at{};
  std::optional<WallTime> valid_until{};
  std::optional<WallTime> sent_at{};
};

// A step in the life of a message.
struct MessageEvent {
  std::uint64_t event = 0;  // its number: the same on every attempt
  WallTime at{};
  Status status = Status::kQueued;
  Status previous = Status::kQueued;
  std::uint16_t status_seq = 0;
  bool late = false;
  bool intermediate = false;   // not final: the operator's ENROUTE,
  bool accepted_word = false;  // or its ACCEPTD
  Speaker speaker = Speaker::kGateway;
  UnknownReason unknown_reason = UnknownReason::kNone;
  std::optional<ErrorCode> error{};
  std::uint32_t command_status = 0;  // of the operator's response
  std::string_view stat{};           // of its receipt, as the next ones
  std::string_view err{};
  std::string_view receipt_text{};
  std::optional<std::pair<unsigned, unsigned>> network{};  // network_error_code: type, code
  std::optional<WallTime> done_at{};
  unsigned parts_delivered = 0;
  unsigned part = 1;  // of styles that tell each part: which
  MessageFacts message{};
};

// A message from a handset, joined.
struct InboundEvent {
  std::uint64_t event = 0;
  WallTime at{};
  std::string_view id{};  // 32 hexadecimal digits
  std::string_view account{};
  std::string_view from{};
  std::string_view to{};
  std::string_view from_given{};
  std::string_view to_given{};
  std::optional<std::string_view> text{};  // UTF-8; none = binary
  std::string_view octets{};               // as they came, without header
  std::string_view udh{};
  std::string_view operator_name{};
  std::uint8_t data_coding = 0;
  std::uint8_t priority = 0;
  bool is_unicode = false;
  unsigned parts_count = 1;
  WallTime received_at{};
};

}  // namespace aldis::ingress

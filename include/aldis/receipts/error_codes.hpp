// SPDX-License-Identifier: Apache-2.0
// The err of a receipt to a customer (SMPP 4.6).
#pragma once

#include <cstdint>
#include <string_view>

#include "aldis/base/fixed_string.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/core/status.hpp"

namespace aldis::receipts::err {

inline constexpr std::string_view kNone = "000";
inline constexpr std::string_view kExpired = "901";     // validity ran out with us
inline constexpr std::string_view kNoOperator = "902";  // no operator left
inline constexpr std::string_view kRefused = "903";     // refused by the operator, status unmapped
inline constexpr std::string_view kCanceled = "904";
inline constexpr std::string_view kPurged = "905";    // by staff
inline constexpr std::string_view kOptedOut = "906";  // after acceptance
inline constexpr std::string_view kContent = "907";   // content or DLT, after acceptance
inline constexpr std::string_view kUncertain = "908";
inline constexpr std::string_view kNoOutcome = "909";  // no_receipt, no_operator_id or receipts_off
inline constexpr std::string_view kQuarantined = "910";

bool is_ours(std::string_view err);  // 901 to 910

// Of a message that ends UNKNOWN.
std::string_view of(UnknownReason reason);

// What the customer reads. `operator_settings` is null for a message that no operator had. With
// ReceiptErr::kOurs an operator's code is mapped by its receipt_errors and cut to 3; empty becomes 000.
FixedString<8> for_customer(std::string_view err, const OperatorSettings* operator_settings, ReceiptErr mode);

// error_code of query_sm_resp: the code as a number 0 to 255, else 0.
std::uint8_t as_octet(std::string_view err);

}  // namespace aldis::receipts::err

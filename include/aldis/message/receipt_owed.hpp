// SPDX-License-Identifier: Apache-2.0
// Which receipts a customer is owed: registered_delivery of the request and receipts.mode of the account
// (SMPP 4.6).
#pragma once

#include <cstdint>

#include "aldis/core/settings.hpp"
#include "aldis/core/status.hpp"

namespace aldis::message {

// `smpp50`: the account speaks SMPP 5.0, where registered_delivery 3 means "success only"; before, it means
// 1.
bool final_receipt_owed(std::uint8_t registered_delivery, Status final_status, ReceiptMode mode,
                        bool smpp50 = false);

// ENROUTE and the like: only where bit 0x10 asks, whatever the mode, and never with mode off.
bool intermediate_receipt_owed(std::uint8_t registered_delivery, ReceiptMode mode);

// ACCEPTD once the operator has accepted: only with receipts.on_sent, for messages that are owed receipts at
// all.
bool accepted_receipt_owed(std::uint8_t registered_delivery, const AccountReceiptSettings& receipts);

}  // namespace aldis::message

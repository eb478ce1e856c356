// SPDX-License-Identifier: Apache-2.0
#include "aldis/message/receipt_owed.hpp"

#include "aldis/base/mutant.hpp"

namespace aldis::message {

namespace {
constexpr unsigned kFinalBits = 0x03;
constexpr unsigned kIntermediateBit = 0x10;
}  // namespace

bool final_receipt_owed(std::uint8_t registered_delivery, Status final_status, ReceiptMode mode,
                        bool smpp50) {
  if (mode == ReceiptMode::kOff) { return false; }
  if (mode == ReceiptMode::kAlways) { return true; }
  switch (registered_delivery & kFinalBits) {
    case 0: return false;
    case 2: return final_status != Status::kDelivered || ALDIS_MUTANT(37);
    case 3: return !smpp50 || final_status == Status::kDelivered;
    default: return true;
  }
}

bool intermediate_receipt_owed(std::uint8_t registered_delivery, ReceiptMode mode) {
  return mode != ReceiptMode::kOff && (registered_delivery & kIntermediateBit) != 0;
}

bool accepted_receipt_owed(std::uint8_t registered_delivery, const AccountReceiptSettings& receipts) {
  if (!receipts.on_sent || receipts.mode == ReceiptMode::kOff) { return false; }
  return receipts.mode == ReceiptMode::kAlways ||
         (registered_delivery & (kFinalBits | kIntermediateBit)) != 0;
}

}  // namespace aldis::message

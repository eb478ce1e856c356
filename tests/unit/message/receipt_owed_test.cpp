// SPDX-License-Identifier: Apache-2.0
#include "aldis/message/receipt_owed.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::message;

TEST_CASE("registered_delivery asks for finals as the table says") {
  struct Row {
    std::uint8_t value;
    bool delivered;
    bool failed;
    bool delivered50;
    bool failed50;
  };
  const Row rows[] = {{0, false, false, false, false},    {1, true, true, true, true},
                      {2, false, true, false, true},      {3, true, true, true, false},
                      {0x10, false, false, false, false}, {0x11, true, true, true, true},
                      {0x0C, false, false, false, false}, {0xE2, false, true, false, true}};
  for (const auto& row : rows) {
    CAPTURE(static_cast<int>(row.value));
    CHECK(final_receipt_owed(row.value, Status::kDelivered, ReceiptMode::kAsAsked) == row.delivered);
    CHECK(final_receipt_owed(row.value, Status::kExpired, ReceiptMode::kAsAsked) == row.failed);
    CHECK(final_receipt_owed(row.value, Status::kDelivered, ReceiptMode::kAsAsked, true) == row.delivered50);
    CHECK(final_receipt_owed(row.value, Status::kUnknown, ReceiptMode::kAsAsked, true) == row.failed50);
  }
}

TEST_CASE("the account's mode overrules what was asked") {
  CHECK(final_receipt_owed(0, Status::kDelivered, ReceiptMode::kAlways));
  CHECK_FALSE(final_receipt_owed(1, Status::kDelivered, ReceiptMode::kOff));
  CHECK_FALSE(intermediate_receipt_owed(0x11, ReceiptMode::kOff));
}

TEST_CASE("intermediate receipts come only where they are asked for") {
  CHECK(intermediate_receipt_owed(0x10, ReceiptMode::kAsAsked));
  CHECK_FALSE(intermediate_receipt_owed(0x01, ReceiptMode::kAsAsked));
  CHECK_FALSE(intermediate_receipt_owed(0x01, ReceiptMode::kAlways));
}

TEST_CASE("a receipt of acceptance needs on_sent and some receipt asked for") {
  AccountReceiptSettings receipts;
  CHECK_FALSE(accepted_receipt_owed(1, receipts));
  receipts.on_sent = true;
  CHECK(accepted_receipt_owed(1, receipts));
  CHECK(accepted_receipt_owed(0x10, receipts));
  CHECK_FALSE(accepted_receipt_owed(0, receipts));
  receipts.mode = ReceiptMode::kAlways;
  CHECK(accepted_receipt_owed(0, receipts));
  receipts.mode = ReceiptMode::kOff;
  CHECK_FALSE(accepted_receipt_owed(1, receipts));
}

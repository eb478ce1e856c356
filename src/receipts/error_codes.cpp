// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/error_codes.hpp"

#include <charconv>
#include <string>

namespace aldis::receipts::err {

bool is_ours(std::string_view err) { return err.size() == 3 && err >= kExpired && err <= kQuarantined; }

std::string_view of(UnknownReason reason) {
  switch (reason) {
    case UnknownReason::kNone:
    case UnknownReason::kNoReceipt:
    case UnknownReason::kNoOperatorId:
    case UnknownReason::kReceiptsOff: return kNoOutcome;
    case UnknownReason::kUncertain: return kUncertain;
    case UnknownReason::kQuarantined: return kQuarantined;
  }
  __builtin_unreachable();
}

FixedString<8> for_customer(std::string_view err, const OperatorSettings* operator_settings,
                            ReceiptErr mode) {
  if (err.empty()) { return FixedString<8>{kNone}; }
  if (mode == ReceiptErr::kOperator || is_ours(err)) { return FixedString<8>{err}; }
  if (operator_settings != nullptr && !operator_settings->receipt_errors.empty()) {
    const auto mapped = operator_settings->receipt_errors.find(std::string{err});
    if (mapped != operator_settings->receipt_errors.end()) { err = mapped->second; }
  }
  return FixedString<8>{err.substr(0, 3)};
}

std::uint8_t as_octet(std::string_view err) {
  std::uint8_t code = 0;
  const auto [end, error] = std::from_chars(err.data(), err.data() + err.size(), code);
  return error == std::errc{} && end == err.data() + err.size() ? code : std::uint8_t{0};
}

}  // namespace aldis::receipts::err

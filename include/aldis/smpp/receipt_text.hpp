// SPDX-License-Identifier: Apache-2.0
// The text of delivery receipts (SMPP 3.4 appendix B), read tolerantly and written strictly. The reader is
// total: it returns what it found and never fails. Not here: matching ids, receipt_regex of operator
// profiles, time zones.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "aldis/base/fixed_string.hpp"
#include "aldis/base/octets.hpp"
#include "aldis/base/time.hpp"
#include "aldis/smpp/message_state.hpp"
#include "aldis/text/alphabet.hpp"

namespace aldis::smpp {

// What a deliver_sm or data_sm gave.
struct ReceiptSource {
  Octets short_message;
  Octets message_payload;
  bool udh = false;  // esm_class 0x40: a user data header precedes the text
  std::uint8_t data_coding = 0;
  std::string_view receipted_message_id;      // TLV 0x001E, empty = absent
  std::optional<std::uint8_t> message_state;  // TLV 0x0427
  Octets network_error_code;                  // TLV 0x0423: 3 octets, otherwise ignored
};

// An operator's own word for a state; compared in any case, before the common words.
struct StatRule {
  std::string_view word;
  MessageState state;
};

// Views are of the source, or of `scratch` for UCS-2 texts.
struct ParsedReceipt {
  std::string_view id_tlv;  // tried first
  std::string_view id_text;
  std::optional<MessageState> state;  // none = no state, or stat_word is unrecognised
  std::string_view stat_word;         // as given, also where the TLV decided
  bool state_conflict = false;        // TLV and word disagree: the TLV decided, the caller counts
  FixedString<8> err;                 // empty = absent
  std::optional<std::uint16_t> sub;
  std::optional<std::uint16_t> dlvrd;
  std::string_view submit_date;  // as given; parse_receipt_date() of smpp_time.hpp reads them
  std::string_view done_date;
  std::string_view text;
  bool unparsed = true;  // no id, or neither state nor word
};

// `scratch` is used for UCS-2 texts only.
ParsedReceipt parse_receipt(const ReceiptSource& source, std::span<const StatRule> stat_map,
                            std::string& scratch);

// --- receipts we send ---

enum class ReceiptTextForm : std::uint8_t {
  kFirst20,
  kEmpty,
  kOmit
};  // kEmpty: "text:" and nothing; kOmit: ends after err

struct ReceiptForm {
  ReceiptTextForm text = ReceiptTextForm::kFirst20;
  bool fields_short = false;  // no sub, dlvrd, text
  bool seconds = false;       // dates as YYMMDDhhmmss
};

struct ReceiptFields {
  std::string_view id;
  std::uint16_t sub = 1;
  std::uint16_t dlvrd = 0;
  WallTime submit_date{};  // UTC
  WallTime done_date{};
  MessageState state = MessageState::kDelivered;
  std::string_view err = "000";
  Octets body;  // of the message, for text:
  Alphabet alphabet = Alphabet::kGsm7;
};

// Appends the receipt in ASCII 0x20-0x7E; other characters of the text become '?'. No allocation where `out`
// has room.
void append_receipt(std::string& out, const ReceiptFields& fields, const ReceiptForm& form);

}  // namespace aldis::smpp

// SPDX-License-Identifier: Apache-2.0
// Operators write one id in two ways: hexadecimal in the response and decimal in the receipt, padded, in
// other case. A dialect says how a receipt's id becomes the key under which the response's id is kept (SMPP
// 6.5). Digit strings of any length: no number type is involved, so ids above 64 bits convert exactly.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "aldis/core/ids.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::receipts {

std::string_view name_of(IdDialect dialect);  // "receipt_dec"

// An id in the form in which ids are compared. SMPP's limit is 64 characters; decimal forms of those need 78.
class NormalId {
 public:
  static constexpr std::size_t kOctetsMax = 128;
  NormalId() {}  // NOLINT: the array stays uninitialised on purpose, this is on the message path
  [[nodiscard]] std::string_view view() const { return {octets_.data(), size_}; }
  void push(char c) { octets_[size_++] = c; }
  // At most kOctetsMax octets, each as the table says.
  void assign(std::string_view id, const std::array<char, 256>& table) {
    char* to = octets_.data();
    for (const char c : id) { *to++ = table[static_cast<unsigned char>(c)]; }
    size_ = id.size();
  }
  [[nodiscard]] bool full() const { return size_ == kOctetsMax; }

 private:
  std::array<char, kOctetsMax> octets_;
  std::size_t size_ = 0;
};

// Trimmed and lower-case; an id of only 0-9 and a-f loses its leading zeros (one digit stays). Nothing for an
// empty id or one longer than kOctetsMax.
std::optional<NormalId> normalised(std::string_view id);

// The key of a receipt's id under a dialect (not kAuto). Nothing where the dialect cannot apply: decimal
// asked of letters.
std::optional<NormalId> receipt_key(IdDialect dialect, std::string_view receipt_id);

// True when the dialects give different keys for this id: any number of 0-9 and a-f but a single decimal
// digit.
bool tells_dialects_apart(std::string_view id);

// Which dialects to try for an operator, in order.
struct DialectsToTry {
  std::array<IdDialect, 3> order{IdDialect::kSame, IdDialect::kReceiptDec, IdDialect::kReceiptHex};
  std::uint8_t count = 3;
  bool first_decides = false;  // a hit of the first is taken without looking at the others
};

// What was learned about each operator's ids. Owned by the engine, used by Correlator and OrphanReceipts.
// Grows with the number of operators only. Cannot fail.
class IdRules {
 public:
  [[nodiscard]] DialectsToTry to_try(OperatorId op, IdDialect setting) const;

  // A match whose dialects give different keys: informative. Returns the dialect if this one made it the
  // learned one (at least 20 and 95 % of the last 50): the caller writes it to the journal and logs it.
  std::optional<IdDialect> observe(OperatorId op, IdDialect hit);

  [[nodiscard]] IdDialect learned(OperatorId op) const;  // kAuto = nothing yet
  void restore(OperatorId op, IdDialect learned);        // from the journal

  // A receipt found nothing under the fixed dialect, and would have under another. From 20 on it is an alarm.
  void count_hidden_hit(OperatorId op, IdDialect would_hit);
  [[nodiscard]] std::uint64_t hidden_hits(OperatorId op) const;
  [[nodiscard]] std::optional<IdDialect> better_dialect(
      OperatorId op) const;                // the alarm: set `id_dialect` to this
  void forget_hidden_hits(OperatorId op);  // the setting changed

 private:
  static constexpr std::size_t kSampleMax = 50;
  static constexpr unsigned kLearnedMin = 20;
  static constexpr unsigned kHiddenAlarm = 20;
  struct Learning {
    std::array<IdDialect, kSampleMax> last{};
    std::uint8_t filled = 0;
    std::uint8_t next = 0;
    IdDialect learned = IdDialect::kAuto;
    std::array<std::uint64_t, 4> hidden{};  // by dialect
  };
  [[nodiscard]] const Learning* find(OperatorId op) const;
  Learning& at(OperatorId op);

  std::deque<Learning> operators_;  // index = OperatorId
};

}  // namespace aldis::receipts

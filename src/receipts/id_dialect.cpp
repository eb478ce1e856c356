// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/id_dialect.hpp"

#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/base/octets.hpp"

namespace aldis::receipts {
namespace {

// What each octet is and becomes, as tables: every id passes here three times in its life.
enum Kind : std::uint8_t { kBlank = 1, kDecimal = 2, kHexLetter = 4, kHexDigit = kDecimal | kHexLetter };

constexpr std::array<std::uint8_t, 256> kKinds = [] {
  std::array<std::uint8_t, 256> kinds{};
  for (const char c : {' ', '\t', '\r', '\n', '\0'}) { kinds[u8(c)] = kBlank; }
  for (char c = '0'; c <= '9'; ++c) { kinds[u8(c)] = kDecimal; }
  for (char c = 'a'; c <= 'f'; ++c) { kinds[u8(c)] = kHexLetter; }
  for (char c = 'A'; c <= 'F'; ++c) { kinds[u8(c)] = kHexLetter; }
  return kinds;
}();

constexpr std::array<char, 256> kLower = [] {
  std::array<char, 256> lower{};
  for (unsigned i = 0; i < 256; ++i) {
    lower[i] = static_cast<char>(i >= 'A' && i <= 'Z' ? i - 'A' + 'a' : i);
  }
  return lower;
}();

bool is_blank(char c) { return kKinds[u8(c)] == kBlank; }
bool is_decimal(char c) { return kKinds[u8(c)] == kDecimal; }
// A loop that the compiler sees through: std::all_of with a function calls it for each octet.
bool only(unsigned kinds, std::string_view text) {
  for (const char c : text) {
    if ((kKinds[u8(c)] & kinds) == 0) { return false; }
  }
  return true;
}
std::uint32_t digit_of(char c) {
  return static_cast<std::uint32_t>(is_decimal(c) ? c - '0' : kLower[u8(c)] - 'a' + 10);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) { text.remove_prefix(1); }
  while (!text.empty() && is_blank(text.back())) { text.remove_suffix(1); }
  return text;
}

std::string_view without_leading_zeros(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') { digits.remove_prefix(1); }
  return digits;
}

// A whole number of any length up to NormalId::kOctetsMax hexadecimal digits (512 bits), least significant
// limb first.
class BigNumber {
 public:
  // False: more digits than the limbs hold.
  bool multiply_add(std::uint32_t factor, std::uint32_t addend) {
    std::uint64_t carry = addend;
    for (std::size_t i = 0; i < size_; ++i) {
      carry += std::uint64_t{limbs_[i]} * factor;
      limbs_[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) {
      if (size_ == limbs_.size()) { return false; }
      limbs_[size_++] = static_cast<std::uint32_t>(carry);
    }
    return true;
  }

  // Divides in place, returns the remainder.
  std::uint32_t divide(std::uint32_t divisor) {
    std::uint64_t rest = 0;
    for (std::size_t i = size_; i-- > 0;) {
      rest = (rest << 32) | limbs_[i];
      limbs_[i] = static_cast<std::uint32_t>(rest / divisor);
      rest %= divisor;
    }
    while (size_ > 0 && limbs_[size_ - 1] == 0) { --size_; }
    return static_cast<std::uint32_t>(rest);
  }

  [[nodiscard]] bool zero() const { return size_ == 0; }

 private:
  std::array<std::uint32_t, 16> limbs_{};
  std::size_t size_ = 0;
};

// Rewrites digits of base `from` in base `to`.
std::optional<NormalId> converted(std::string_view digits, std::uint32_t from, std::uint32_t to) {
  BigNumber number;
  for (const char c : digits) {
    if (!number.multiply_add(from, digit_of(c))) { return std::nullopt; }
  }
  std::array<char, 160> reversed;  // 512 bits are 155 decimal digits
  std::size_t size = 0;
  do { reversed[size++] = "0123456789abcdef"[number.divide(to)]; } while (!number.zero());
  if (size > NormalId::kOctetsMax) { return std::nullopt; }
  std::optional<NormalId> made{std::in_place};
  while (size > 0) { made->push(reversed[--size]); }
  return made;
}

}  // namespace

std::string_view name_of(IdDialect dialect) {
  switch (dialect) {
    case IdDialect::kAuto: return "auto";
    case IdDialect::kSame: return "same";
    case IdDialect::kReceiptDec: return "receipt_dec";
    case IdDialect::kReceiptHex: return "receipt_hex";
  }
  __builtin_unreachable();
}

std::optional<NormalId> normalised(std::string_view id) {
  id = trimmed(id);
  if (id.empty()) { return std::nullopt; }
  // Only numbers lose zeros: in "mt007" or "0x1f" they are part of a name.
  if (id.front() == '0' && (only(kHexDigit, id) || ALDIS_MUTANT(23))) { id = without_leading_zeros(id); }
  if (id.size() > NormalId::kOctetsMax) { return std::nullopt; }
  std::optional<NormalId> made{std::in_place};
  made->assign(id, kLower);
  return made;
}

std::optional<NormalId> receipt_key(IdDialect dialect, std::string_view receipt_id) {
  switch (dialect) {
    case IdDialect::kAuto:
    case IdDialect::kSame: return normalised(receipt_id);
    case IdDialect::kReceiptDec:
    case IdDialect::kReceiptHex: break;
  }
  const bool decimal = dialect == IdDialect::kReceiptDec;
  receipt_id = trimmed(receipt_id);
  if (receipt_id.empty() || !only(decimal ? kDecimal : kHexDigit, receipt_id)) { return std::nullopt; }
  receipt_id = without_leading_zeros(receipt_id);
  return decimal ? converted(receipt_id, 10, 16) : converted(receipt_id, 16, 10);
}

bool tells_dialects_apart(std::string_view id) {
  id = trimmed(id);
  if (id.empty() || !only(kHexDigit, id)) { return false; }
  id = without_leading_zeros(id);
  return id.size() > 1 || !is_decimal(id.front());
}

const IdRules::Learning* IdRules::find(OperatorId op) const {
  return op.value() < operators_.size() ? &operators_[op.value()] : nullptr;
}

IdRules::Learning& IdRules::at(OperatorId op) {
  ALDIS_CHECK(op != kNoOperator);
  if (op.value() >= operators_.size()) { operators_.resize(op.value() + 1); }
  return operators_[op.value()];
}

DialectsToTry IdRules::to_try(OperatorId op, IdDialect setting) const {
  DialectsToTry plan;
  if (setting != IdDialect::kAuto) {
    plan.order[0] = setting;
    plan.count = 1;
    plan.first_decides = true;
    return plan;
  }
  const IdDialect first = learned(op);
  if (first == IdDialect::kAuto) { return plan; }
  const auto place = std::find(plan.order.begin(), plan.order.end(), first);
  std::rotate(plan.order.begin(), place, place + 1);
  plan.first_decides = true;
  return plan;
}

std::optional<IdDialect> IdRules::observe(OperatorId op, IdDialect hit) {
  Learning& learning = at(op);
  learning.last[learning.next] = hit;
  learning.next = static_cast<std::uint8_t>((learning.next + 1u) % kSampleMax);
  learning.filled = static_cast<std::uint8_t>(std::min<std::size_t>(learning.filled + 1u, kSampleMax));
  if (learning.learned == hit) { return std::nullopt; }
  const auto hits =
      static_cast<unsigned>(std::count(learning.last.begin(), learning.last.begin() + learning.filled, hit));
  if (hits < kLearnedMin || hits * 100 < learning.filled * 95u) { return std::nullopt; }
  learning.learned = hit;
  return hit;
}

IdDialect IdRules::learned(OperatorId op) const {
  const Learning* learning = find(op);
  return learning == nullptr ? IdDialect::kAuto : learning->learned;
}

void IdRules::restore(OperatorId op, IdDialect learned) { at(op).learned = learned; }

void IdRules::count_hidden_hit(OperatorId op, IdDialect would_hit) {
  ++at(op).hidden[static_cast<std::size_t>(would_hit)];
}

std::uint64_t IdRules::hidden_hits(OperatorId op) const {
  const Learning* learning = find(op);
  if (learning == nullptr) { return 0; }
  std::uint64_t sum = 0;
  for (const auto count : learning->hidden) { sum += count; }
  return sum;
}

std::optional<IdDialect> IdRules::better_dialect(OperatorId op) const {
  const Learning* learning = find(op);
  if (learning == nullptr) { return std::nullopt; }
  const auto most = std::max_element(learning->hidden.begin(), learning->hidden.end());
  if (*most < kHiddenAlarm) { return std::nullopt; }
  return static_cast<IdDialect>(most - learning->hidden.begin());
}

void IdRules::forget_hidden_hits(OperatorId op) { at(op).hidden = {}; }

}  // namespace aldis::receipts

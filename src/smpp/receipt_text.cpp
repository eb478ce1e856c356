// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/receipt_text.hpp"

#include <algorithm>
#include <array>

#include "aldis/smpp/smpp_time.hpp"
#include "aldis/text/transcode.hpp"

namespace aldis::smpp {

namespace {

constexpr std::uint8_t kUcs2Coding = 8;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_separator(char c) { return is_white(c) || c == ',' || c == ';' || c == '&' || c == '|'; }
bool is_padding(char c) { return c == '\0' || is_blank(c) || c == '\r' || c == '\n'; }
bool is_quote(char c) { return c == '"' || c == '\''; }

// Compares with a word in lower case.
bool is_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() &&
         std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_padding(text.front())) { text.remove_prefix(1); }
  while (!text.empty() && is_padding(text.back())) { text.remove_suffix(1); }
  return text;
}

// --- keys -----------------------------------------------------------------------------------------------------------

enum class Key : std::uint8_t { kNone, kId, kSub, kDlvrd, kSubmitDate, kDoneDate, kStat, kErr, kText };
constexpr std::size_t kKeys = 9;

Key key_of(std::string_view word) {
  switch (word.size()) {
    case 2: return is_word(word, "id") ? Key::kId : Key::kNone;
    case 3:
      if (is_word(word, "err")) { return Key::kErr; }
      if (is_word(word, "sub")) { return Key::kSub; }
      return is_word(word, "txt") ? Key::kText : Key::kNone;
    case 4:
      if (is_word(word, "stat")) { return Key::kStat; }
      return is_word(word, "text") ? Key::kText : Key::kNone;
    case 5:
      if (is_word(word, "dlvrd")) { return Key::kDlvrd; }
      if (is_word(word, "state")) { return Key::kStat; }
      return is_word(word, "error") ? Key::kErr : Key::kNone;
    case 6: return is_word(word, "status") ? Key::kStat : Key::kNone;
    case 7: return is_word(word, "errcode") ? Key::kErr : Key::kNone;
    case 8: return is_word(word, "donedate") ? Key::kDoneDate : Key::kNone;
    case 10: return is_word(word, "submitdate") ? Key::kSubmitDate : Key::kNone;
    default: return Key::kNone;
  }
}

struct FoundKey {
  Key key = Key::kNone;
  std::size_t start = 0;  // of its word
};

// The key that ends before the ':' or '=' at `mark`; its word starts at `from` or after a separator.
FoundKey key_before(std::string_view body, std::size_t from, std::size_t mark) {
  std::size_t end = mark;
  while (end > from && is_blank(body[end - 1])) { --end; }
  std::size_t start = end;
  while (start > from && is_letter(body[start - 1])) { --start; }
  const auto stands_alone = [&](std::size_t at) {
    return at == 0 || (at > from && is_separator(body[at - 1]));
  };
  const std::string_view word = body.substr(start, end - start);
  if (is_word(word, "date") && start > from && (body[start - 1] == ' ' || body[start - 1] == '_')) {
    std::size_t first = start - 1;
    while (first > from && is_letter(body[first - 1])) { --first; }
    const std::string_view which = body.substr(first, start - 1 - first);
    if (!stands_alone(first)) { return {}; }
    if (is_word(which, "submit")) { return {Key::kSubmitDate, first}; }
    return is_word(which, "done") ? FoundKey{Key::kDoneDate, first} : FoundKey{};
  }
  return stands_alone(start) ? FoundKey{key_of(word), start} : FoundKey{};
}

using Values = std::array<std::string_view, kKeys>;

// One pass from mark to mark: keys are few, and looking back from a mark is cheaper than trying keys everywhere. The first
// of equal keys wins; text ends the scan. A value that was found is never null, so that an empty one counts as found.
Values scan(std::string_view body) {
  Values values;
  Key open = Key::kNone;
  std::size_t value_start = 0;
  const auto close = [&](std::size_t end) {
    auto& value = values[static_cast<std::size_t>(open)];
    if (open != Key::kNone && value.data() == nullptr) {
      value = body.substr(value_start, end - value_start);
    }
  };
  for (std::size_t at = 0; at < body.size(); ++at) {
    if (body[at] != ':' && body[at] != '=') { continue; }
    const FoundKey found = key_before(body, value_start, at);
    if (found.key == Key::kNone) { continue; }
    close(found.start);
    open = found.key;
    value_start = at + 1;
    if (open == Key::kText) { break; }
  }
  close(body.size());
  return values;
}

// --- values ---------------------------------------------------------------------------------------------------------

std::string_view cut_word(std::string_view value) {
  value = trimmed(value);
  if (!value.empty() && is_quote(value.front())) { value.remove_prefix(1); }
  value = value.substr(
      0, static_cast<std::size_t>(std::find_if(value.begin(), value.end(), is_separator) - value.begin()));
  if (!value.empty() && is_quote(value.back())) { value.remove_suffix(1); }
  return value;
}

std::string_view cut_date(std::string_view value) {
  value = trimmed(value);
  if (!value.empty() && is_quote(value.front())) { value.remove_prefix(1); }
  const auto belongs = [](char c) {
    return is_digit(c) || c == 'T' || c == ':' || c == '.' || c == '/' || c == '+' || c == '-' || c == 'Z' ||
           c == ' ';
  };
  const auto end = std::find_if_not(value.begin(), value.end(), belongs);
  return trimmed(value.substr(0, static_cast<std::size_t>(end - value.begin())));
}

std::optional<std::uint16_t> count_of(std::string_view value) {
  if (value.empty() || value.size() > 3 || !std::all_of(value.begin(), value.end(), is_digit)) {
    return std::nullopt;
  }
  unsigned count = 0;
  for (const char c : value) { count = count * 10 + static_cast<unsigned>(c - '0'); }
  return static_cast<std::uint16_t>(count);
}

bool says_nothing(std::string_view err) {
  return err.empty() || is_word(err, "nul") || is_word(err, "null") || is_word(err, "nd") ||
         is_word(err, "none");
}

// TLV 0x0423: three ASCII digits as they are (some operators write them so), else the code in decimal.
void read_network_error(Octets tlv, FixedString<8>& err) {
  if (tlv.size() != 3) { return; }
  if (std::all_of(tlv.begin(), tlv.end(), is_digit)) {
    err.assign(tlv);
    return;
  }
  unsigned code = static_cast<unsigned>(u8(tlv[1]) << 8) | u8(tlv[2]);
  std::array<char, 5> digits{};
  std::size_t at = digits.size();
  while (code > 0 || at > digits.size() - 3) {
    digits[--at] = static_cast<char>('0' + code % 10);
    code /= 10;
  }
  err.assign({digits.data() + at, digits.size() - at});
}

std::optional<MessageState> state_of(std::string_view word, std::span<const StatRule> stat_map) {
  if (word.empty()) { return std::nullopt; }
  for (const auto& rule : stat_map) {
    const auto same = [](char a, char b) { return lower(a) == lower(b); };
    if (std::equal(word.begin(), word.end(), rule.word.begin(), rule.word.end(), same)) { return rule.state; }
  }
  return state_of_word(word);
}

// --- the body -------------------------------------------------------------------------------------------------------

// UTF-8 where the text is well formed; otherwise what is ASCII in it stays readable, for the keys are.
std::string_view read_ucs2(Octets body, std::string& scratch) {
  scratch.clear();
  const Octets even = body.substr(0, body.size() / 2 * 2);
  if (text::transcode(even, Alphabet::kUcs2, Alphabet::kUtf8, scratch)) { return scratch; }
  for (std::size_t at = 0; at < even.size(); at += 2) {
    const bool ascii = even[at] == 0 && u8(even[at + 1]) < 0x80;
    scratch.push_back(ascii ? even[at + 1] : '?');
  }
  return scratch;
}

std::string_view text_of(Octets body, const ReceiptSource& source, std::string& scratch) {
  if (source.udh && !body.empty() && u8(body[0]) < body.size()) { body.remove_prefix(1u + u8(body[0])); }
  if (source.data_coding == kUcs2Coding) { body = read_ucs2(body, scratch); }
  return trimmed(body);
}

void read_body(std::string_view body, ParsedReceipt& receipt) {
  const Values values = scan(body);
  const auto value = [&values](Key key) { return values[static_cast<std::size_t>(key)]; };
  receipt.id_text = cut_word(value(Key::kId));
  receipt.stat_word = cut_word(value(Key::kStat));
  receipt.sub = count_of(cut_word(value(Key::kSub)));
  receipt.dlvrd = count_of(cut_word(value(Key::kDlvrd)));
  receipt.submit_date = cut_date(value(Key::kSubmitDate));
  receipt.done_date = cut_date(value(Key::kDoneDate));
  receipt.text = value(Key::kText);
  const std::string_view err = cut_word(value(Key::kErr));
  if (says_nothing(err)) {
    receipt.err.clear();
  } else {
    receipt.err.assign(err);
  }
}

void read_state(const ReceiptSource& source, std::span<const StatRule> stat_map, ParsedReceipt& receipt) {
  const auto by_word = state_of(receipt.stat_word, stat_map);
  const auto by_tlv = source.message_state ? state_of_tlv(*source.message_state) : std::nullopt;
  receipt.state = by_tlv ? by_tlv : by_word;
  receipt.state_conflict = by_tlv && by_word && *by_tlv != *by_word;
}

ParsedReceipt parse_one(Octets body, const ReceiptSource& source, std::span<const StatRule> stat_map,
                        std::string& scratch) {
  ParsedReceipt receipt;
  read_body(text_of(body, source, scratch), receipt);
  receipt.id_tlv = trimmed(source.receipted_message_id);
  read_state(source, stat_map, receipt);
  if (receipt.err.empty()) { read_network_error(source.network_error_code, receipt.err); }
  const bool has_id = !receipt.id_tlv.empty() || !receipt.id_text.empty();
  const bool has_state = receipt.state || !receipt.stat_word.empty() || source.message_state;
  receipt.unparsed = !has_id || !has_state;
  return receipt;
}

// --- out ------------------------------------------------------------------------------------------------------------

constexpr std::size_t kTextCharacters = 20;

void append_count(std::string& out, std::uint16_t count) {
  const unsigned shown = std::min<unsigned>(count, 999);
  out.push_back(static_cast<char>('0' + shown / 100));
  out.push_back(static_cast<char>('0' + shown / 10 % 10));
  out.push_back(static_cast<char>('0' + shown % 10));
}

void append_first_characters(std::string& out, Octets body, Alphabet alphabet) {
  if (alphabet == Alphabet::kBinary || alphabet == Alphabet::kOpaque) { return; }
  for (std::size_t i = 0; i < kTextCharacters; ++i) {
    const auto character = text::take_character(body, alphabet);
    if (!character) { return; }
    out.push_back(*character >= 0x20 && *character <= 0x7E ? static_cast<char>(*character) : '?');
  }
}

}  // namespace

ParsedReceipt parse_receipt(const ReceiptSource& source, std::span<const StatRule> stat_map,
                            std::string& scratch) {
  if (source.short_message.empty()) { return parse_one(source.message_payload, source, stat_map, scratch); }
  const ParsedReceipt receipt = parse_one(source.short_message, source, stat_map, scratch);
  if (!receipt.unparsed || source.message_payload.empty()) { return receipt; }
  return parse_one(source.message_payload, source, stat_map, scratch);
}

void append_receipt(std::string& out, const ReceiptFields& fields, const ReceiptForm& form) {
  out.append("id:").append(fields.id);
  if (!form.fields_short) {
    out.append(" sub:");
    append_count(out, fields.sub);
    out.append(" dlvrd:");
    append_count(out, fields.dlvrd);
  }
  out.append(" submit date:");
  append_receipt_date(out, fields.submit_date, form.seconds);
  out.append(" done date:");
  append_receipt_date(out, fields.done_date, form.seconds);
  out.append(" stat:").append(stat_word(fields.state));
  out.append(" err:").append(fields.err.empty() ? std::string_view{"000"} : fields.err);
  if (form.fields_short || form.text == ReceiptTextForm::kOmit) { return; }
  out.append(" text:");
  if (form.text == ReceiptTextForm::kFirst20) { append_first_characters(out, fields.body, fields.alphabet); }
}

}  // namespace aldis::smpp

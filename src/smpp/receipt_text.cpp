// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/receipt_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "aldis/smpp/smpp_time.hpp"
#include "aldis/text/excerpt.hpp"
#include "aldis/text/transcode.hpp"

namespace aldis::smpp {

namespace {

constexpr std::uint8_t kUcs2Coding = 8;

// One look-up per character instead of a chain of comparisons: receipts come as often as messages go.
enum : std::uint16_t {
  kWhite = 1,      // \s of a pattern
  kSeparator = 2,  // white, or , ; & |
  kMark = 4,       // : or =
  kLetter = 8,
  kDigit = 16,
  kPadding = 32,  // trimmed off a body and a value
  kDate = 64,     // belongs to a date
  kBlank = 128,   // space, TAB
  kPlain = 256,   // stands for nothing but itself in any value
};
constexpr auto kClasses = [] {
  std::array<std::uint16_t, 256> classes{};
  const auto add = [&classes](std::string_view characters, unsigned bits) {
    for (const char c : characters) { classes[u8(c)] = static_cast<std::uint16_t>(classes[u8(c)] | bits); }
  };
  add("\t\n\v\f\r ", kWhite | kSeparator);
  add(",;&|", kSeparator);
  add(":=", kMark);
  add("0123456789", kDigit | kDate | kPlain);
  add("T:./+-Z ", kDate);
  add({"\0 \t\r\n", 5}, kPadding);
  add(" \t", kBlank);
  add("-_", kPlain);
  for (char c = 'a'; c <= 'z'; ++c) {
    classes[u8(c)] |= kLetter | kPlain;
    classes[u8(c) - 32u] |= kLetter | kPlain;
  }
  return classes;
}();
constexpr bool is(char c, unsigned bits) { return (kClasses[u8(c)] & bits) != 0; }

bool is_digit(char c) { return is(c, kDigit); }
bool is_quote(char c) { return c == '"' || c == '\''; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Compares with a word in lower case.
bool is_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() &&
         std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  const char* first = text.data();
  const char* last = first + text.size();
  while (first < last && is(*first, kPadding)) { ++first; }
  while (first < last && is(last[-1], kPadding)) { --last; }
  return {first, static_cast<std::size_t>(last - first)};
}

// --- keys ---

enum class Key : std::uint8_t { kNone, kId, kSub, kDlvrd, kSubmitDate, kDoneDate, kStat, kErr, kText };
constexpr std::size_t kKeys = 9;

// The last eight letters of a word, in lower case, as one number.
struct Letters {
  std::uint64_t tail = 0;
  const char* start = nullptr;
};

constexpr std::uint64_t letters(std::string_view word) {
  std::uint64_t tail = 0;
  for (const char c : word) { tail = (tail << 8) | u8(c); }
  return tail;
}

// The run of letters that ends before `end`.
Letters letters_before(const char* from, const char* end) {
  Letters run{0, end};
  for (unsigned shift = 0; run.start > from && is(run.start[-1], kLetter); shift += 8) {
    --run.start;
    if (shift < 64) { run.tail |= std::uint64_t{u8(*run.start) | 0x20u} << shift; }
  }
  return run;
}

Key key_of(std::uint64_t tail) {
  switch (tail) {
    case letters("id"): return Key::kId;
    case letters("sub"): return Key::kSub;
    case letters("dlvrd"): return Key::kDlvrd;
    case letters("donedate"): return Key::kDoneDate;
    case letters("stat"):
    case letters("status"):
    case letters("state"): return Key::kStat;
    case letters("err"):
    case letters("error"):
    case letters("errcode"): return Key::kErr;
    case letters("text"):
    case letters("txt"): return Key::kText;
    default: return Key::kNone;
  }
}

struct FoundKey {
  Key key = Key::kNone;
  const char* start = nullptr;  // of its word
};

// The key that ends before the ':' or '=' at `mark`; its word follows a separator behind `from`, or starts
// the body.
FoundKey key_before(const char* body, const char* from, const char* mark) {
  const char* end = mark;
  while (end > from && is(end[-1], kBlank)) { --end; }
  Letters word = letters_before(from, end);
  auto length = end - word.start;
  Key key = length <= 8 ? key_of(word.tail) : Key::kNone;
  if (length == 10 && word.tail == letters("bmitdate") && is_word({word.start, 2}, "su")) {
    key = Key::kSubmitDate;
  }
  if (length == 4 && word.tail == letters("date") && word.start > from &&
      (word.start[-1] == ' ' || word.start[-1] == '_')) {
    const char* gap = word.start - 1;
    word = letters_before(from, gap);
    length = gap - word.start;
    if (length == 6 && word.tail == letters("submit")) { key = Key::kSubmitDate; }
    if (length == 4 && word.tail == letters("done")) { key = Key::kDoneDate; }
  }
  const bool stands_alone = word.start == body || (word.start > from && is(word.start[-1], kSeparator));
  return stands_alone ? FoundKey{key, word.start} : FoundKey{};
}

// Zero octets of `x` as a high bit each; the lowest one is exact.
constexpr std::uint64_t zero_octets(std::uint64_t x) {
  return (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;
}

// The first ':' or '=' at or after `at`, else `last`; eight octets at a time.
const char* next_mark(const char* at, const char* last) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; last - at >= 8; at += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, at, 8);
      const std::uint64_t found =
          zero_octets(eight ^ 0x3A3A3A3A3A3A3A3Au) | zero_octets(eight ^ 0x3D3D3D3D3D3D3D3Du);
      if (found != 0) { return at + std::countr_zero(found) / 8; }
    }
  }
  while (at < last && !is(*at, kMark)) { ++at; }
  return at;
}

using Values = std::array<std::string_view, kKeys>;

// One pass from mark to mark: keys are few, and looking back from a mark is cheaper than trying keys
// everywhere. The first of equal keys wins; text ends the scan. A value that was found is never null, so that
// an empty one counts as found.
Values scan(std::string_view body) {
  Values values;
  Key open = Key::kNone;
  const char* const first = body.data();
  const char* const last = first + body.size();
  const char* value_start = first;
  const auto close = [&](const char* end) {
    auto& value = values[static_cast<std::size_t>(open)];
    if (open != Key::kNone && value.data() == nullptr) {
      value = {value_start, static_cast<std::size_t>(end - value_start)};
    }
  };
  for (const char* at = next_mark(first, last); at < last; at = next_mark(at + 1, last)) {
    const FoundKey found = key_before(first, value_start, at);
    if (found.key == Key::kNone) { continue; }
    close(found.start);
    open = found.key;
    value_start = at + 1;
    if (open == Key::kText) { break; }
  }
  close(last);
  return values;
}

// --- values ---

// The value from its first to its last character that is not padding, without a quote in front.
std::string_view unquoted(std::string_view value) {
  value = trimmed(value);
  if (!value.empty() && is_quote(value.front())) { value.remove_prefix(1); }
  return value;
}

std::string_view cut_word(std::string_view value) {
  value = unquoted(value);
  const char* end = value.data();
  const char* const last = end + value.size();
  while (end < last && !is(*end, kSeparator)) { ++end; }
  value = {value.data(), static_cast<std::size_t>(end - value.data())};
  if (!value.empty() && is_quote(value.back())) { value.remove_suffix(1); }
  return value;
}

std::string_view cut_date(std::string_view value) {
  value = unquoted(value);
  const char* end = value.data();
  const char* const last = end + value.size();
  while (end < last && is(*end, kDate)) { ++end; }
  return trimmed({value.data(), static_cast<std::size_t>(end - value.data())});
}

std::optional<std::uint16_t> count_of(std::string_view value) {
  if (value.empty() || value.size() > 3) { return std::nullopt; }
  unsigned count = 0;
  for (const char c : value) {
    if (!is_digit(c)) { return std::nullopt; }
    count = count * 10 + static_cast<unsigned>(c - '0');
  }
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

// --- the body ---

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

void read_err(std::string_view err, ParsedReceipt& receipt) {
  if (says_nothing(err)) {
    receipt.err.clear();
  } else {
    receipt.err.assign(err);
  }
}

// Reads a body of known keys with plain values from left to right.
class KeyByKey {
 public:
  explicit KeyByKey(std::string_view body) : at_(body.data()), last_(at_ + body.size()) {}

  template <std::size_t N>
  bool key(const char (&text)[N]) {
    constexpr std::size_t kSize = N - 1;
    if (static_cast<std::size_t>(last_ - at_) < kSize || std::memcmp(at_, text, kSize) != 0) { return false; }
    at_ += kSize;
    return true;
  }
  // At least one character of the class, and all that follow it.
  bool value(std::string_view& value, unsigned characters) {
    const char* const first = at_;
    while (at_ < last_ && is(*at_, characters)) { ++at_; }
    value = {first, static_cast<std::size_t>(at_ - first)};
    return !value.empty();
  }
  [[nodiscard]] std::string_view rest() const { return {at_, static_cast<std::size_t>(last_ - at_)}; }

 private:
  const char* at_;
  const char* last_;
};

// The form of appendix B to the letter, as nearly all operators write it: what scan() would find, for a fifth
// of its 2,400 instructions. False: it is another form, and what stands in `receipt` means nothing.
bool read_appendix_b(std::string_view body, ParsedReceipt& receipt) {
  KeyByKey in{body};
  std::string_view sub;
  std::string_view dlvrd;
  std::string_view err;
  const bool read = in.key("id:") && in.value(receipt.id_text, kPlain) &&                //
                    in.key(" sub:") && in.value(sub, kPlain) &&                          //
                    in.key(" dlvrd:") && in.value(dlvrd, kPlain) &&                      //
                    in.key(" submit date:") && in.value(receipt.submit_date, kDigit) &&  //
                    in.key(" done date:") && in.value(receipt.done_date, kDigit) &&      //
                    in.key(" stat:") && in.value(receipt.stat_word, kPlain) &&           //
                    in.key(" err:") && in.value(err, kPlain) &&
                    (in.key(" text:") || in.key(" Text:") || in.rest().empty());
  if (!read) { return false; }
  receipt.sub = count_of(sub);
  receipt.dlvrd = count_of(dlvrd);
  receipt.text = in.rest();
  read_err(err, receipt);
  return true;
}

void read_body(std::string_view body, ParsedReceipt& receipt) {
  if (read_appendix_b(body, receipt)) { return; }
  const Values values = scan(body);
  const auto value = [&values](Key key) { return values[static_cast<std::size_t>(key)]; };
  receipt.id_text = cut_word(value(Key::kId));
  receipt.stat_word = cut_word(value(Key::kStat));
  receipt.sub = count_of(cut_word(value(Key::kSub)));
  receipt.dlvrd = count_of(cut_word(value(Key::kDlvrd)));
  receipt.submit_date = cut_date(value(Key::kSubmitDate));
  receipt.done_date = cut_date(value(Key::kDoneDate));
  receipt.text = value(Key::kText);
  read_err(cut_word(value(Key::kErr)), receipt);
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

// --- out ---

constexpr std::size_t kTextCharacters = 20;
constexpr std::size_t kFixedOctets = 128;  // keys, counts, dates and the longest state take 93

char* put(char* at, std::string_view text) { return at + text.copy(at, text.size()); }

char* put_count(char* at, std::uint16_t count) {
  const unsigned shown = std::min<unsigned>(count, 999);
  at[0] = static_cast<char>('0' + shown / 100);
  at[1] = static_cast<char>('0' + shown / 10 % 10);
  at[2] = static_cast<char>('0' + shown % 10);
  return at + 3;
}

}  // namespace

ParsedReceipt parse_receipt(const ReceiptSource& source, std::span<const StatRule> stat_map,
                            std::string& scratch) {
  const bool short_first = !source.short_message.empty();
  ParsedReceipt receipt =
      parse_one(short_first ? source.short_message : source.message_payload, source, stat_map, scratch);
  if (short_first && receipt.unparsed && !source.message_payload.empty()) {
    receipt = parse_one(source.message_payload, source, stat_map, scratch);
  }
  return receipt;
}

void append_receipt(std::string& out, const ReceiptFields& fields, const ReceiptForm& form) {
  const std::size_t start = out.size();
  out.resize(start + kFixedOctets + fields.id.size() + fields.err.size());
  char* at = put(put(out.data() + start, "id:"), fields.id);
  if (!form.fields_short) {
    at = put_count(put(at, " sub:"), fields.sub);
    at = put_count(put(at, " dlvrd:"), fields.dlvrd);
  }
  at = put_receipt_date(put(at, " submit date:"), fields.submit_date, form.seconds);
  at = put_receipt_date(put(at, " done date:"), fields.done_date, form.seconds);
  at = put(put(at, " stat:"), stat_word(fields.state));
  at = put(put(at, " err:"), fields.err.empty() ? std::string_view{"000"} : fields.err);
  const bool has_text = !form.fields_short && form.text != ReceiptTextForm::kOmit;
  if (has_text) { at = put(at, " text:"); }
  out.resize(static_cast<std::size_t>(at - out.data()));
  if (has_text && form.text == ReceiptTextForm::kFirst20) {
    text::append_excerpt(fields.body, fields.alphabet, kTextCharacters, out);
  }
}

}  // namespace aldis::smpp

// SPDX-License-Identifier: Apache-2.0
#include "config/scalar.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <charconv>
#include <cmath>

#include "aldis/base/nearest.hpp"

namespace aldis::config {

namespace {

struct Unit {
  std::string_view word;
  std::uint64_t factor;
};
constexpr auto kTimeUnits = std::to_array<Unit>({{"us", 1'000},
                                                 {"ms", 1'000'000},
                                                 {"s", 1'000'000'000},
                                                 {"m", 60'000'000'000},
                                                 {"h", 3'600'000'000'000},
                                                 {"d", 86'400'000'000'000}});
constexpr auto kSizeUnits = std::to_array<Unit>(
    {{"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}});
constexpr std::uint64_t kHuge = std::numeric_limits<std::int64_t>::max();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits without sign, separators or leading zero (which some readers take for octal); too many of them are
// kHuge.
std::optional<std::uint64_t> whole_of(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) { return std::nullopt; }
  for (const char c : text) {
    if (!is_digit(c)) { return std::nullopt; }
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc::result_out_of_range || value > kHuge ? kHuge : value;
}

std::optional<std::uint64_t> hex_of(std::string_view text) {
  if (!text.starts_with("0x")) { return whole_of(text); }
  text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || end != text.data() + text.size()) { return std::nullopt; }
  return error == std::errc::result_out_of_range || value > kHuge ? kHuge : value;
}

bool is_negative_number(std::string_view text) {
  return text.starts_with('-') && whole_of(text.substr(1)).has_value();
}

Fault below(std::string_view written, const Type& type) {
  return {Code::kBelow, fmt::format("{} is below {}", written, print_bound(type, type.min)), {}};
}
Fault above(std::string_view written, const Type& type) {
  return {Code::kAbove, fmt::format("{} is above {}", written, print_bound(type, type.max)), {}};
}

std::string_view visible(const Node& node) {
  return node.substituted ? std::string_view("${...}") : node.text;
}

template <class T>
Result<Value, Fault> within(const Type& type, const Node& node, T value) {
  if (type.zero_is_off && value == T{}) { return Value(value); }
  if (const T* min = std::get_if<T>(&type.min); min != nullptr && value < *min) {
    return below(visible(node), type);
  }
  if (const T* max = std::get_if<T>(&type.max); max != nullptr && value > *max) {
    return above(visible(node), type);
  }
  return Value(value);
}

// A quoted number is text: the schema says integer, and editors check it against the schema.
bool may_be_number(const Node& node) { return !node.quoted || node.is_loose(); }

Result<Value, Fault> parse_whole(const Type& type, const Node& node) {
  const auto value = type.kind == Kind::kHex ? hex_of(node.text) : whole_of(node.text);
  if (may_be_number(node)) {
    if (value) { return within(type, node, *value); }
    if (is_negative_number(node.text)) { return below(visible(node), type); }
  }
  return wrong_type(type, node);
}

Result<Value, Fault> parse_number(const Type& type, const Node& node) {
  static const RE2 kForm("-?(0|[1-9][0-9]*)(\\.[0-9]+)?");
  if (!may_be_number(node) || !RE2::FullMatch(node.text, kForm)) { return wrong_type(type, node); }
  double value = 0;
  const auto [end, error] = std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
  if (error != std::errc()) { return wrong_type(type, node); }  // hundreds of digits
  return within(type, node, value);
}

template <std::size_t N>
Result<Value, Fault> parse_with_unit(const Type& type, const Node& node, const std::array<Unit, N>& units) {
  const std::string_view text = node.text;
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) { ++digits; }
  const auto amount = whole_of(text.substr(0, digits));
  const std::string_view word = text.substr(digits);
  if (!amount) { return wrong_type(type, node); }
  if (word.empty()) {
    return Fault{Code::kUnit,
                 fmt::format("needs a unit, for example {} (got {})",
                             type.kind == Kind::kSize ? "64MiB" : "30s", shown(node)),
                 {}};
  }
  for (const auto& unit : units) {
    if (unit.word != word) { continue; }
    const std::uint64_t value = *amount > kHuge / unit.factor ? kHuge : *amount * unit.factor;
    if (type.kind == Kind::kSize) { return within(type, node, value); }
    return within(type, node, Duration(static_cast<std::int64_t>(value)));
  }
  return wrong_type(type, node);
}

Result<Value, Fault> parse_status_range(const Type& type, const Node& node) {
  const std::string_view text = node.text;
  const std::size_t dash = text.find('-');
  const auto first = hex_of(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : hex_of(text.substr(dash + 1));
  if (!first || !last || *first > 0xFFFFFFFF || *last > 0xFFFFFFFF || *first > *last) {
    return wrong_type(type, node);
  }
  return Value(*first << 32 | *last);
}

Result<Value, Fault> parse_flag(const Type& type, const Node& node) {
  if (may_be_number(node)) {
    if (node.text == "true") { return Value(true); }
    if (node.text == "false") { return Value(false); }
  }
  return wrong_type(type, node);
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) { count += (c & 0xC0) != 0x80 ? 1 : 0; }
  return count;
}

Result<Value, Fault> parse_text(const Type& type, std::string_view text, bool is_bare) {
  if (is_bare && needs_quotes(text)) {
    return Fault{Code::kNeedsQuotes, fmt::format("write \"{}\" in quotes: it is text", text), {}};
  }
  const std::size_t length = characters(text);
  if (length < type.form.length_min) {
    return Fault{Code::kBelow,
                 length == 0 ? "must not be empty"
                             : fmt::format("{} characters are below {}", length, type.form.length_min),
                 {}};
  }
  if (length > type.form.length_max) {
    return Fault{Code::kAbove, fmt::format("{} characters are above {}", length, type.form.length_max), {}};
  }
  if (type.form.check != nullptr && !text.empty()) {
    if (auto fault = type.form.check(text)) { return *fault; }
  }
  return Value(std::string(text));
}

Result<Value, Fault> parse_choice(const Type& type, std::string_view text, bool is_bare, bool is_visible) {
  if (is_bare && needs_quotes(text)) {
    return Fault{Code::kNeedsQuotes, fmt::format("write \"{}\" in quotes: it is text", text), {}};
  }
  std::string all;
  for (std::size_t i = 0; i < type.words.size(); ++i) {
    if (type.words[i] == text) { return Value(static_cast<std::uint64_t>(i)); }
    if (!all.empty()) { all += ", "; }
    all += type.words[i];
  }
  const std::string_view written = !is_visible ? "${...}" : text.empty() ? "\"\"" : text;
  return Fault{Code::kChoice, fmt::format("{} is not one of {}", written, all), nearest(text, type.words)};
}

std::string print_with_unit(std::uint64_t value, const auto& units) {
  const Unit* best = &units.front();
  for (const auto& unit : units) {
    if (value % unit.factor == 0 && value >= unit.factor) { best = &unit; }
  }
  return fmt::format("{}{}", value / best->factor, best->word);
}

std::string print_duration(Duration value) {
  if (value == Duration{}) { return "0s"; }
  // As people write them: 60s, 5m, 72h, 7d.
  const auto count = static_cast<std::uint64_t>(value.count());
  constexpr std::uint64_t kSecond = 1'000'000'000;
  constexpr std::uint64_t kHour = 3600 * kSecond;
  if (count % kSecond == 0 && count < 300 * kSecond) { return fmt::format("{}s", count / kSecond); }
  if (count % kHour == 0 && count <= 72 * kHour) { return fmt::format("{}h", count / kHour); }
  return print_with_unit(count, kTimeUnits);
}

}  // namespace

bool needs_quotes(std::string_view text) {
  static const RE2 kTaken(
      "~|[nN]ull|NULL|[yYnN]|[yY]es|YES|[nN]o|NO|[tT]rue|TRUE|[fF]alse|FALSE|[oO]n|ON|[oO]ff|OFF"
      "|=|<<"
      "|[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?0o[0-7_]+"                                   // whole numbers
      "|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\\.[0-9_]*)?"                                       // base 60
      "|[-+]?[0-9][0-9_]*(\\.[0-9_]*)?([eE][-+]?[0-9]+)?|[-+]?\\.[0-9_]+([eE][-+]?[0-9]+)?"  // numbers
      "|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)"
      "|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \\t].*)?");  // dates
  return text.empty() || RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kTaken);
}

Result<Value, Fault> parse_scalar(const Type& type, const Node& node) {
  if (!node.is_scalar()) { return wrong_type(type, node); }
  const bool is_bare = !node.quoted && !node.is_loose();
  switch (type.kind) {
    case Kind::kFlag: return parse_flag(type, node);
    case Kind::kWhole:
    case Kind::kHex: return parse_whole(type, node);
    case Kind::kNumber: return parse_number(type, node);
    case Kind::kDuration: return parse_with_unit(type, node, kTimeUnits);
    case Kind::kSize: return parse_with_unit(type, node, kSizeUnits);
    case Kind::kStatusRange: return parse_status_range(type, node);
    case Kind::kText: return parse_text(type, node.text, is_bare);
    case Kind::kChoice: return parse_choice(type, node.text, is_bare, !node.substituted);
    case Kind::kSecret:
    case Kind::kMap:
    case Kind::kList:
    case Kind::kDictionary: break;
  }
  return wrong_type(type, node);
}

Result<Value, Fault> parse_key(const Type& type, const Entry& entry) {
  if (type.kind == Kind::kChoice) { return parse_choice(type, entry.key, !entry.key_quoted, true); }
  return parse_text(type, entry.key, !entry.key_quoted);
}

std::string need_of(const Type& type) {
  switch (type.kind) {
    case Kind::kFlag: return "true or false";
    case Kind::kWhole: return "a whole number";
    case Kind::kNumber: return "a number";
    case Kind::kDuration: return "a duration, for example 30s";
    case Kind::kSize: return "a size, for example 64MiB";
    case Kind::kHex: return "a whole number or hex, for example 0x20";
    case Kind::kStatusRange: return "a status or a range, for example 0x0400-0x04FF";
    case Kind::kText: return std::string(type.form.label == "text" ? "a text" : type.form.label);
    case Kind::kChoice: return "a word";
    case Kind::kSecret: return "a secret: {file: PATH}, {env: NAME}, {cred: NAME} or text";
    case Kind::kMap: return "a map";
    case Kind::kList: return "a list";
    case Kind::kDictionary: return "a map";
  }
  __builtin_unreachable();
}

std::string shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull: return "nothing";
    case Node::Kind::kList: return "a list";
    case Node::Kind::kMap: return "a map";
    case Node::Kind::kScalar: break;
  }
  if (node.substituted) { return "${...}"; }
  const bool is_bare = !node.quoted && needs_quotes(node.text);
  return is_bare ? node.text : '"' + node.text + '"';
}

Fault wrong_type(const Type& type, const Node& node) {
  const bool is_hidden = type.kind == Kind::kSecret && node.is_scalar();
  return {Code::kType, fmt::format("needs {} (got {})", need_of(type), is_hidden ? "text" : shown(node)), {}};
}

std::string print_text(std::string_view text) {
  static const RE2 kPlain("[A-Za-z0-9_/][A-Za-z0-9_./@-]*");
  if (RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kPlain) && !needs_quotes(text)) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') { quoted += '\\'; }
    quoted += c;
  }
  return quoted + '"';
}

std::string print_bound(const Type& type, const Value& value) {
  if (type.kind == Kind::kHex) { return fmt::format("0x{:02X}", std::get<std::uint64_t>(value)); }
  if (type.kind == Kind::kSize) { return print_with_unit(std::get<std::uint64_t>(value), kSizeUnits); }
  if (const auto* whole = std::get_if<std::uint64_t>(&value)) { return fmt::format("{}", *whole); }
  if (const auto* real = std::get_if<double>(&value)) { return fmt::format("{:.10g}", *real); }
  if (const auto* time = std::get_if<Duration>(&value)) { return print_duration(*time); }
  return {};
}

std::string print_scalar(const Type& type, const Value& value) {
  if (type.kind == Kind::kChoice) { return print_text(type.words[std::get<std::uint64_t>(value)]); }
  if (type.kind == Kind::kStatusRange) {
    const std::uint64_t range = std::get<std::uint64_t>(value);
    return fmt::format("0x{:04X}-0x{:04X}", range >> 32, range & 0xFFFFFFFF);
  }
  if (const auto* flag = std::get_if<bool>(&value)) { return *flag ? "true" : "false"; }
  if (const auto* text = std::get_if<std::string>(&value)) { return print_text(*text); }
  return print_bound(type, value);
}

}  // namespace aldis::config

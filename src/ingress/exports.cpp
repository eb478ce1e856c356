// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/exports.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "aldis/ingress/history_calls.hpp"
#include "ingress/message_json.hpp"

namespace aldis::ingress {

namespace json = boost::json;

namespace {

struct Column {
  std::string_view name;
  bool is_text = false;     // of others than us: may look like a formula
  bool is_address = false;  // of a number the digits are written
};
constexpr std::array kColumns{Column{"id"},
                              Column{"account"},
                              Column{"door"},
                              Column{"status"},
                              Column{"final"},
                              Column{"uncertain"},
                              Column{"to", true, true},
                              Column{"from", true, true},
                              Column{"class"},
                              Column{"label", true},
                              Column{"reference", true},
                              Column{"encoding"},
                              Column{"parts_count"},
                              Column{"attempts"},
                              Column{"error"},
                              Column{"accepted_at"},
                              Column{"valid_until"},
                              Column{"done_at"}};

const Column* column_named(std::string_view name) {
  const auto at =
      std::find_if(kColumns.begin(), kColumns.end(), [&](const Column& c) { return c.name == name; });
  return at == kColumns.end() ? nullptr : &*at;
}

template <class Visit>
void each_column(const ExportWish& wish, Visit&& visit) {
  if (wish.columns.empty()) {
    for (const Column& column : kColumns) { visit(column); }
    return;
  }
  for (const auto& name : wish.columns) { visit(*column_named(name)); }
}

bool looks_like_formula(std::string_view text) {
  if (text.empty()) { return false; }
  if (std::string_view{"=+-@\t\r\n\0", 8}.find(text.front()) != std::string_view::npos) { return true; }
  constexpr std::array<std::string_view, 4> kWide{"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
                                                  "\xEF\xBC\xA0"};
  return std::any_of(kWide.begin(), kWide.end(),
                     [&](std::string_view wide) { return text.starts_with(wide); });
}

void append_cell(std::string& out, std::string text, bool is_text) {
  if (is_text && looks_like_formula(text)) { text.insert(text.begin(), '\''); }
  if (text.find_first_of(",\"\r\n'") == std::string::npos) {
    out += text;
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') { out.push_back('"'); }
    out.push_back(c);
  }
  out.push_back('"');
}

std::string cell_of(const json::value* value) {
  if (value == nullptr || value->is_null()) { return {}; }
  if (const auto* text = value->if_string()) { return std::string{*text}; }
  if (const auto* object = value->if_object()) {  // an error: its code says it
    const json::value* code = object->if_contains("code");
    return code == nullptr ? std::string{} : cell_of(code);
  }
  return json::serialize(*value);
}

// A number is its digits: what begins with a plus is a formula.
std::string number_cell(std::string text) {
  const bool number =
      text.size() > 1 && text.front() == '+' && text.find_first_not_of("0123456789", 1) == std::string::npos;
  return number ? text.substr(1) : text;
}

}  // namespace

std::vector<std::string_view> export_columns() {
  std::vector<std::string_view> names;
  for (const Column& column : kColumns) { names.push_back(column.name); }
  return names;
}

std::string export_head(const ExportWish& wish) {
  std::string out;
  if (wish.format == ExportFormat::kJsonLines) { return out; }
  each_column(wish, [&](const Column& column) { out.append(out.empty() ? "" : ",").append(column.name); });
  return out + "\r\n";
}

void append_export_row(const Now& now, const ExportWish& wish, const history::MessageRow& row,
                       const Directory& directory, const PublicIds& ids, std::string& out) {
  json::object message = message_json(now, message_of(now, row), directory.account_name(row.account), ids,
                                      {.content = wish.content, .content_kept = false});
  if (wish.format == ExportFormat::kJsonLines) {
    if (!wish.columns.empty()) {
      json::object chosen;
      for (const auto& name : wish.columns) {
        const json::value* value = message.if_contains(name);
        chosen[name] = value == nullptr ? json::value(nullptr) : *value;
      }
      message = std::move(chosen);
    }
    out += json::serialize(message);
    out.push_back('\n');
    return;
  }
  bool first = true;
  each_column(wish, [&](const Column& column) {
    if (!std::exchange(first, false)) { out.push_back(','); }
    std::string cell = cell_of(message.if_contains(column.name));
    append_cell(out, column.is_address ? number_cell(std::move(cell)) : cell, column.is_text);
  });
  out += "\r\n";
}

}  // namespace aldis::ingress

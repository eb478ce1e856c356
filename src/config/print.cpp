// SPDX-License-Identifier: Apache-2.0
#include "config/print.hpp"

#include <fmt/format.h>

#include "aldis/config/load.hpp"
#include "config/aldisd_rows.hpp"
#include "config/scalar.hpp"

namespace aldis::config {

std::string default_of(const Row& row, const void* owner) {
  const Type& type = row.type;
  if (type.is_list_of_maps() || (type.is_list() && !row.access.get)) { return "[]"; }
  if (type.is_map() || type.is_dictionary()) { return "{}"; }
  const std::vector<Value> values = row.access.get(owner);
  if (type.is_list()) {
    std::vector<std::string> items;
    for (const auto& value : values) { items.push_back(print_scalar(*type.item, value)); }
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  if (values.empty() || std::holds_alternative<std::monostate>(values.front())) { return {}; }
  return print_scalar(type, values.front());
}

std::string bounds_of(const Type& type, std::string_view unit, std::size_t words_max) {
  std::string text;
  if (type.kind == Kind::kChoice) {
    std::vector<std::string> words;
    for (const auto word : type.words) {
      words.push_back(words.size() < words_max ? print_text(word) : "...");
    }
    if (words.size() > words_max) { words.resize(words_max + 1); }
    return fmt::format("{}", fmt::join(words, " | "));
  }
  if (type.is_list() && !type.item->is_map()) { return bounds_of(*type.item, unit, words_max); }
  if (!std::holds_alternative<std::monostate>(type.min)) {
    text = fmt::format("{}..{}", print_bound(type, type.min), print_bound(type, type.max));
    if (type.zero_is_off) { text = fmt::format("{} or {}", type.kind == Kind::kDuration ? "0s" : "0", text); }
  } else if (type.kind == Kind::kText && type.refers.empty()) {
    text = type.form.label;
    if (type.form.label == "text" && type.form.length_max < 4096) {
      text = fmt::format("{}..{} characters", type.form.length_min, type.form.length_max);
    }
  } else if (type.kind == Kind::kText) {
    text = fmt::format("name of an {}", type.refers);
  } else if (type.kind == Kind::kStatusRange) {
    text = "a status or a range";
  } else if (type.kind == Kind::kSecret) {
    text = "secret: {file: PATH}, {env: NAME}, {cred: NAME} or text";
  }
  if (!unit.empty()) { text += fmt::format("{}{}", text.empty() ? "" : " ", unit); }
  return text;
}

std::string print_schema(Form form) {
  switch (form) {
    case Form::kJson: return print_json(aldisd());
    case Form::kYaml: return print_yaml(aldisd());
    case Form::kMarkdown: return print_markdown(aldisd());
  }
  __builtin_unreachable();
}

}  // namespace aldis::config

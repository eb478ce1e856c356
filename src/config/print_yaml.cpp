// SPDX-License-Identifier: Apache-2.0
// The file with every key. What is left out by default, and an example item of lists that are empty by
// default, stand as comments.
#include <fmt/format.h>

#include "config/print.hpp"

namespace aldis::config {

namespace {

constexpr std::size_t kWordsShown = 8;  // of a choice; the manual's page has them all

class YamlFile {
 public:
  std::string take() { return std::move(text_); }

  void rows(const Rows& rows, const void* owner, const std::string& indent) {
    for (const auto& row : rows.rows) { one(row, owner, indent); }
  }

  void head(std::string_view line) { text_ += fmt::format("# {}\n", line); }

  void root(const Rows& rows) {
    for (const auto& row : rows.rows) {
      text_ += '\n';
      one(row, nullptr, "");
    }
  }

 private:
  void one(const Row& row, const void* owner, const std::string& indent) {
    const bool is_remark = !row.left_out.empty();  // left out by default: the key itself is a comment
    const std::string lead = is_remark ? indent + "# " : indent;
    text_ += fmt::format("{}# {}{}\n", indent, row.sentence,
                         is_remark ? fmt::format(" Left out: {}.", row.left_out) : "");
    // Below the root there is no object; a group's own defaults are those of its owner.
    const auto fresh = row.access.fresh ? row.access.fresh() : nullptr;
    if (row.type.is_map() && !row.checked_only) { return map(row, fresh.get(), lead); }
    if (row.type.is_list_of_maps()) { return list(row, fresh.get(), lead, indent); }
    std::string value = row.example.empty() ? std::string() : std::string(row.example);
    if (value.empty() && row.access.get && owner != nullptr) { value = default_of(row, owner); }
    if (value.empty()) { value = default_without(row); }
    line(lead, row, value);
  }

  static std::string default_without(const Row& row) {
    return row.type.is_map() || row.type.is_dictionary() ? "{}" : row.type.is_list() ? "[]" : "\"\"";
  }

  void line(const std::string& lead, const Row& row, const std::string& value) {
    const std::string bounds = bounds_of(row.type, row.unit, kWordsShown);
    text_ += fmt::format("{}{}: {}  # {}{}{}{}\n", lead, row.name, value, row.required ? "required, " : "",
                         name_of(row.reload), bounds.empty() ? "" : "; ", bounds);
  }

  void map(const Row& row, const void* object, const std::string& lead) {
    text_ += fmt::format("{}{}:\n", lead, row.name);
    rows(*row.type.rows, object, lead + "  ");
  }

  // One item with all its keys.
  void list(const Row& row, const void* object, const std::string& lead, const std::string& indent) {
    std::string item_lead = lead;
    if (row.shown) {
      text_ += fmt::format("{}{}:\n", lead, row.name);
    } else {
      line(lead, row, "[]");
      item_lead = indent + "# ";
    }
    YamlFile item;
    item.rows(*row.type.item->rows, object, "");
    // The first line that is a key takes the dash.
    std::string_view rest = item.text_;
    bool is_first = true;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const std::string_view one_line = rest.substr(0, end);
      const bool takes_dash = is_first && !one_line.starts_with('#');
      text_ += fmt::format("{}  {}{}\n", item_lead, takes_dash ? "- " : is_first ? "" : "  ", one_line);
      is_first = is_first && !takes_dash;
      rest.remove_prefix(end + 1);
    }
  }

  std::string text_;
};

}  // namespace

std::string print_yaml(const Program& program) {
  YamlFile file;
  file.head(fmt::format(
      "{}: every key, with its default. Names, addresses, secrets and items of lists are examples.",
      program.file_name));
  file.head(
      "Generated from the rows in src/config (aldisd --print-schema=yaml). Each key: what it does; when a "
      "change");
  file.head("counts (live, reconnect = links bind again, restart); bounds and unit.");
  file.root(*program.rows);
  return file.take();
}

}  // namespace aldis::config

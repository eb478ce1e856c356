// SPDX-License-Identifier: Apache-2.0
// A tree, read by rows into structs. Every fault is told with its place and reading goes on; a value that was
// refused leaves the member's default. References are checked at the end, when all names are known.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/outside.hpp"
#include "config/report.hpp"
#include "config/schema.hpp"

namespace aldis::config {

class Reader {
 public:
  Reader(const Sources& sources, const Outside& outside, Report& report)
      : sources_(sources), outside_(outside), report_(report) {}

  void read(const Rows& rows, const Node& root, void* object);
  // A file of defaults (a profile): values are checked, nothing is required, the result is thrown away.
  void check_only(const Rows& rows, const Node& root, void* scratch);
  void check_references();

 private:
  friend class Scope;

  void map(const Rows& rows, const Node& node, void* object, const Path& path);
  void unknown_keys(const Rows& rows, const Node& node, const Path& path);
  void value(const Row& row, const Node& node, void* owner, const Path& path);
  void scalar(const Row& row, const Node& node, void* owner, const Path& path);
  void secret(const Row& row, const Node& node, void* owner, const Path& path);
  void secret_from(const Row& row, const Node& node, void* owner, const Path& path);
  void nested(const Row& row, const Node& node, void* owner, const Path& path);
  void list(const Row& row, const Node& node, void* owner, const Path& path);
  void list_item(const Row& row, const Node& node, void* owner, std::size_t index, const Path& path);
  void once(std::map<std::string, Mark>& known, const std::string& text, Mark mark, const Path& path);
  void name_once(const Row& row, const Node& item, std::map<std::string, Mark>& names, const Path& path);
  void dictionary(const Row& row, const Node& node, void* owner, const Path& path);

  struct Reference {
    std::string_view noun;
    std::string name;
    Mark mark;
    std::string path;
  };

  const Sources& sources_;
  const Outside& outside_;
  Report& report_;
  bool is_partial_ = false;
  std::map<std::string_view, std::vector<std::string>> defined_;  // noun -> names, in order
  std::vector<Reference> references_;
  std::map<std::string_view, std::map<std::string, Mark>> unique_;
};

// Tells the report where literal secrets stand in a file, before merging and overrides take some of them out
// of the tree: lines that hold one are never shown, nor lines of keys nobody knows.
void hide_secrets(const Rows& rows, const Node& node, Report& report);

// The map that was just read, as its Rows::finish sees it: what was given, and faults at the right place.
class Scope {
 public:
  Scope(Reader& reader, const Node& node, const Path& path) : reader_(reader), node_(node), path_(path) {}

  [[nodiscard]] bool has(std::initializer_list<std::string_view> keys) const {
    return at(keys).depth == keys.size();
  }
  [[nodiscard]] std::size_t items_count(std::initializer_list<std::string_view> list) const;
  [[nodiscard]] std::string value_text(
      std::initializer_list<std::string_view> keys) const;  // as it was written
  // At the value of the key, or, where it is not given, at the deepest map that should hold it.
  void fault(std::initializer_list<std::string_view> keys, Code code, std::string detail);
  // A fault if another map said the same text of the same `noun` (of static storage) here.
  void once(std::string_view noun, std::string_view key);
  // At an item of a list, or below it.
  void item_fault(std::string_view list, std::size_t index, std::initializer_list<std::string_view> keys,
                  Code code, std::string detail);

 private:
  struct Found {
    const Node* node;
    std::size_t depth;
  };
  [[nodiscard]] Found at(std::initializer_list<std::string_view> keys) const;

  Reader& reader_;
  const Node& node_;
  const Path& path_;
};

}  // namespace aldis::config

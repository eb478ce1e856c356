// SPDX-License-Identifier: Apache-2.0
// A configuration file as a tree: what document.cpp makes of YAML, what merging, layers and overrides change,
// and what the reader turns into structs. Every node knows where it came from, so that a finding has a place
// after all merging.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aldis::config {

struct Mark {
  std::uint32_t source = 0;  // index into Sources
  std::uint32_t line = 0;    // 1-based; 0 = the source as a whole
  std::uint32_t octet = 0;   // 0-based within the line; Sources counts the characters
};

struct Entry;

struct Node {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;
  bool substituted = false;  // holds the value of a ${...}: never shown, and not bound to YAML's own types
  bool given_flat = false;   // from the environment or the command line: text, whatever it looks like
  Mark mark;
  std::string text;            // kScalar
  std::vector<Node> items;     // kList
  std::vector<Entry> entries;  // kMap, in the order of the file

  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
  [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] bool is_loose() const { return substituted || given_flat; }
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
};

struct Entry {
  std::string key;
  bool key_quoted = false;
  Mark mark;  // of the key
  Node value;
};

inline Node* Node::find(std::string_view key) {
  for (auto& entry : entries) {
    if (entry.key == key) { return &entry.value; }
  }
  return nullptr;
}

inline const Node* Node::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) { return &entry.value; }
  }
  return nullptr;
}

inline bool is_comment_key(std::string_view key) { return key.starts_with("x-"); }

// Where in the tree we are, as a chain on the stack: text is made of it only when there is something to tell.
class Path {
 public:
  Path() = default;
  Path(const Path& parent, std::string_view key) : parent_(&parent), key_(key) {}
  Path(const Path&& gone, std::string_view key) = delete;  // the parent must outlive its children
  [[nodiscard]] static Path item(const Path& parent, const Node& node, std::size_t index, bool named);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string text_with(std::string_view key) const { return Path(*this, key).text(); }

 private:
  const Path* parent_ = nullptr;
  std::string_view key_;  // name of a named item, too
  std::size_t index_ = 0;
  bool is_item_ = false;
  bool is_named_ = false;
};

}  // namespace aldis::config

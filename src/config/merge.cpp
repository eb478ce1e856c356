// SPDX-License-Identifier: Apache-2.0
#include "config/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "aldis/base/nearest.hpp"

namespace aldis::config {

namespace {
bool holds_maps(const Node& list) {
  return std::any_of(list.items.begin(), list.items.end(), [](const Node& item) { return item.is_map(); });
}
}  // namespace

void merge_file(Node& base, Node&& later) {
  for (auto& entry : later.entries) {
    Node* known = base.find(entry.key);
    if (known == nullptr) {
      base.entries.push_back(std::move(entry));
    } else if (known->is_map() && entry.value.is_map()) {
      merge_file(*known, std::move(entry.value));
    } else if (known->is_list() && entry.value.is_list() && (holds_maps(*known) || holds_maps(entry.value))) {
      std::move(entry.value.items.begin(), entry.value.items.end(), std::back_inserter(known->items));
    } else {
      *known = std::move(entry.value);
    }
  }
}

Node layered(const Rows& rows, const Node& defaults, const Node& item) {
  Node merged = item;
  for (const auto& entry : defaults.entries) {
    Node* given = merged.find(entry.key);
    if (given == nullptr) {
      merged.entries.push_back(entry);
      continue;
    }
    const Row* row = rows.find(entry.key);
    if (row == nullptr || row->replaced_whole || !given->is_map() || !entry.value.is_map()) { continue; }
    if (row->type.is_map()) { *given = layered(*row->type.rows, entry.value, *given); }
    if (row->type.is_dictionary()) { *given = layered(Rows{}, entry.value, *given); }
  }
  return merged;
}

// --- overrides ---------------------------------------------------------------------------------------------

namespace {

struct Segment {
  std::string text;
  bool is_item = false;  // [name]
};

// "operators[op-a].throttle.burst"; none = not a path.
std::optional<std::vector<Segment>> segments_of(std::string_view path) {
  std::vector<Segment> segments;
  while (!path.empty()) {
    if (path[0] == '[') {
      const std::size_t end = path.find(']');
      if (end == std::string_view::npos || end == 1 || segments.empty()) { return std::nullopt; }
      segments.push_back({std::string(path.substr(1, end - 1)), true});
      path.remove_prefix(end + 1);
      if (!path.empty() && path[0] != '.' && path[0] != '[') { return std::nullopt; }
    } else {
      const std::size_t end = path.find_first_of(".[");
      if (end == 0) { return std::nullopt; }
      segments.push_back({std::string(path.substr(0, end)), false});
      path.remove_prefix(std::min(end, path.size()));
    }
    if (!path.empty() && path[0] == '.') {
      path.remove_prefix(1);
      if (path.empty()) { return std::nullopt; }
    }
  }
  return segments.empty() ? std::nullopt : std::optional(std::move(segments));
}

std::string environment_name(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') { c = static_cast<char>(c - 'a' + 'A'); }
    if (c == '-' || c == '.') { c = '_'; }
  }
  return upper;
}

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
  }
  return text;
}

// One override on its way down the tree.
class Override {
 public:
  Override(Report& report, std::uint32_t source, bool is_environment)
      : report_(report), mark_{source, 0, 0}, is_environment_(is_environment) {}

  void apply(const Rows& rows, Node& root, const std::vector<Segment>& segments, std::string_view value) {
    value_ = value;
    step(rows, root, segments, 0, {});
  }

 private:
  void refuse(std::string path, Fault fault) { report_.add(mark_, std::move(path), std::move(fault)); }

  static std::string joined(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }

  void step(const Rows& rows, Node& map, const std::vector<Segment>& segments, std::size_t i,
            const std::string& path) {
    const Segment& segment = segments[i];
    const Row* row = nullptr;
    std::vector<std::string_view> names;
    for (const auto& each : rows.rows) {
      names.push_back(each.name);
      if (is_environment_ ? environment_name(each.name) == segment.text : each.name == segment.text) {
        row = &each;
      }
    }
    if (row == nullptr || segment.is_item) {
      const std::string key = is_environment_ ? lower(segment.text) : segment.text;
      return refuse(joined(path, key), {Code::kUnknownKey, "unknown key", nearest(key, names)});
    }
    const std::string here = joined(path, row->name);
    const bool is_last = i + 1 == segments.size();
    if (row->type.is_scalar() && is_last) { return set(child(map, row->name), here); }
    if (row->type.kind == Kind::kSecret && i + 2 == segments.size()) {
      return set_secret(map, *row, segments[i + 1], here);
    }
    if (row->type.is_dictionary() && !is_environment_ && !is_last && row->type.item->is_scalar()) {
      Node& dictionary = child_map(map, row->name);
      return set(child(dictionary, segments[i + 1].text), joined(here, segments[i + 1].text));
    }
    if (row->type.is_map() && !is_last) {
      return step(*row->type.rows, child_map(map, row->name), segments, i + 1, here);
    }
    if (row->type.is_named_list() && i + 2 < segments.size()) {
      Node none;
      Node* list = map.find(row->name);
      return step_item(*row, list == nullptr ? none : *list, segments, i + 1, here);
    }
    refuse(here, {Code::kType,
                  is_last || row->type.is_list() ? "only single values can be set here" : "has no keys",
                  {}});
  }

  void step_item(const Row& row, Node& list, const std::vector<Segment>& segments, std::size_t i,
                 const std::string& path) {
    Node* found = nullptr;
    std::vector<std::string> names;
    for (auto& item : list.items) {
      const Node* name = item.find("name");
      if (name == nullptr || !name->is_scalar()) { continue; }
      names.push_back(name->text);
      const bool fits =
          is_environment_ ? environment_name(name->text) == segments[i].text : name->text == segments[i].text;
      if (fits && found != nullptr) {
        return refuse(path, {Code::kReference,
                             fmt::format("{} is ambiguous: {} and {}", segments[i].text,
                                         found->find("name")->text, name->text),
                             {}});
      }
      if (fits) { found = &item; }
    }
    if (found == nullptr) { return no_item(row, names, segments[i].text, path); }
    step(*row.type.item->rows, *found, segments, i + 1,
         fmt::format("{}[{}]", path, found->find("name")->text));
  }

  void no_item(const Row& row, const std::vector<std::string>& names, const std::string& written,
               const std::string& path) {
    // Compared as they are written here, OP_X with OP_A, and told as they stand in the files.
    std::vector<std::string> forms;
    for (const auto& name : names) { forms.push_back(is_environment_ ? environment_name(name) : name); }
    const std::vector<std::string_view> views(forms.begin(), forms.end());
    std::string near = nearest(written, views);
    const auto at = std::find(forms.begin(), forms.end(), near);
    if (at != forms.end()) { near = names[static_cast<std::size_t>(at - forms.begin())]; }
    const std::string shown_name = is_environment_ ? lower(written) : written;
    refuse(path,
           {Code::kReference, fmt::format("no {} named {}", row.type.defines, shown_name), std::move(near)});
  }

  void set_secret(Node& map, const Row& row, const Segment& segment, const std::string& path) {
    const std::string place = is_environment_ ? lower(segment.text) : segment.text;
    if (place != "file" && place != "env" && place != "cred") {
      return refuse(joined(path, place), {Code::kUnknownKey, "unknown key; known here: file, env, cred", {}});
    }
    Node& secret = child(map, row.name);
    secret = Node{};
    secret.kind = Node::Kind::kMap;
    secret.mark = mark_;
    set(child(secret, place), joined(path, place));
  }

  void set(Node& node, const std::string& path) {
    if (value_.find('\0') != std::string_view::npos) {
      return refuse(path, {Code::kType, "holds a NUL", {}});
    }
    node = Node{};
    node.kind = Node::Kind::kScalar;
    node.given_flat = true;
    node.mark = mark_;
    node.text = value_;
  }

  Node& child(Node& map, std::string_view key) {
    if (Node* known = map.find(key)) { return *known; }
    Entry entry;
    entry.key = key;
    entry.mark = mark_;
    entry.value.mark = mark_;
    map.entries.push_back(std::move(entry));
    return map.entries.back().value;
  }

  Node& child_map(Node& map, std::string_view key) {
    Node& node = child(map, key);
    if (node.kind == Node::Kind::kNull) { node.kind = Node::Kind::kMap; }
    return node;
  }

  Report& report_;
  Mark mark_;
  bool is_environment_;
  std::string_view value_;
};

}  // namespace

void apply_argument(const Rows& rows, Node& root, std::string_view argument, Sources& sources,
                    Report& report) {
  const std::uint32_t source = sources.add_override(Sources::Kind::kCommandLine, "--set");
  const std::size_t equals = argument.find('=');
  const std::string_view path = argument.substr(0, equals);
  const auto segments = segments_of(path);
  if (equals == std::string_view::npos || !segments) {
    return report.add({source, 0, 0}, std::string(path), {Code::kSyntax, "needs PATH=VALUE", {}});
  }
  Override(report, source, false).apply(rows, root, *segments, argument.substr(equals + 1));
}

void apply_variable(const Rows& rows, Node& root, std::string_view prefix, const std::string& name,
                    const std::string& value, Sources& sources, Report& report) {
  const std::uint32_t source = sources.add_override(Sources::Kind::kEnvironment, "env:" + name);
  std::vector<Segment> segments;
  std::string_view rest = std::string_view(name).substr(prefix.size());
  while (true) {
    const std::size_t end = rest.find("__");
    segments.push_back({std::string(rest.substr(0, end)), false});
    if (end == std::string_view::npos) { break; }
    rest.remove_prefix(end + 2);
  }
  Override(report, source, true).apply(rows, root, segments, value);
}

}  // namespace aldis::config

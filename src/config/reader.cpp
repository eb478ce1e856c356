// SPDX-License-Identifier: Apache-2.0
#include "config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aldis/base/nearest.hpp"
#include "config/scalar.hpp"

namespace aldis::config {

namespace {
constexpr std::size_t kKnownKeysShown = 8;
constexpr auto kSecretPlaces = std::to_array<std::string_view>({"file", "env", "cred"});

bool is_secret_place(std::string_view key) {
  return std::find(kSecretPlaces.begin(), kSecretPlaces.end(), key) != kSecretPlaces.end();
}

void hide_all(const Node& node, Report& report) {
  if (node.is_scalar()) { report.hide(node); }
  for (const auto& item : node.items) { hide_all(item, report); }
  for (const auto& entry : node.entries) { hide_all(entry.value, report); }
}

// `{file: PATH}` may be shown, the text itself and what was meant to be one of these may not.
void hide_secret(const Node& node, Report& report) {
  if (!node.is_map()) { return hide_all(node, report); }
  for (const auto& entry : node.entries) {
    if (!is_secret_place(entry.key)) { hide_all(entry.value, report); }
  }
}

Fault unknown_key(const Rows& rows, std::string_view key) {
  std::vector<std::string_view> names;
  for (const auto& row : rows.rows) { names.push_back(row.name); }
  std::string near = nearest(key, names);
  if (!near.empty()) { return {Code::kUnknownKey, "unknown key", std::move(near)}; }
  if (names.size() > kKnownKeysShown) { names.resize(kKnownKeysShown); }
  return {Code::kUnknownKey, fmt::format("unknown key; known here: {}", fmt::join(names, ", ")), {}};
}
}  // namespace

void Reader::read(const Rows& rows, const Node& root, void* object) { map(rows, root, object, Path()); }

void hide_secrets(const Rows& rows, const Node& node, Report& report) {
  for (const auto& entry : node.entries) {
    if (is_comment_key(entry.key)) { continue; }
    const Row* row = rows.find(entry.key);
    if (row == nullptr) {
      hide_all(entry.value, report);  // `pasword: ...`
    } else if (row->type.kind == Kind::kSecret) {
      hide_secret(entry.value, report);
    } else if (row->type.is_map()) {
      hide_secrets(*row->type.rows, entry.value, report);
    } else if (row->type.is_list_of_maps()) {
      for (const auto& item : entry.value.items) { hide_secrets(*row->type.item->rows, item, report); }
    }
  }
}

void Reader::check_only(const Rows& rows, const Node& root, void* scratch) {
  is_partial_ = true;
  map(rows, root, scratch, Path());
  is_partial_ = false;
}

void Reader::map(const Rows& rows, const Node& node, void* object, const Path& path) {
  unknown_keys(rows, node, path);
  bool has_own_fault = false;
  for (const auto& row : rows.rows) {
    const Node* given = node.find(row.name);
    if (given != nullptr) {
      const std::size_t errors_before = report_.errors_count();
      value(row, *given, object, Path(path, row.name));
      const bool has_faults_below = row.type.is_map() || row.type.is_list_of_maps();
      has_own_fault = has_own_fault || (!has_faults_below && report_.errors_count() > errors_before);
    } else if (row.required && !is_partial_) {
      report_.add(node.mark, path.text_with(row.name), {Code::kMissing, "required", {}});
    }
  }
  if (rows.finish && !is_partial_ && !has_own_fault) {
    Scope scope(*this, node, path);
    rows.finish(object, scope);
  }
}

void Reader::unknown_keys(const Rows& rows, const Node& node, const Path& path) {
  for (const auto& entry : node.entries) {
    if (is_comment_key(entry.key) || rows.find(entry.key) != nullptr) { continue; }
    if (report_.is_full()) { return; }
    report_.add(entry.mark, path.text_with(entry.key), unknown_key(rows, entry.key));
  }
}

void Reader::value(const Row& row, const Node& node, void* owner, const Path& path) {
  switch (row.type.kind) {
    case Kind::kMap: return nested(row, node, owner, path);
    case Kind::kList: return list(row, node, owner, path);
    case Kind::kDictionary: return dictionary(row, node, owner, path);
    case Kind::kSecret: return secret(row, node, owner, path);
    case Kind::kFlag:
    case Kind::kWhole:
    case Kind::kNumber:
    case Kind::kDuration:
    case Kind::kSize:
    case Kind::kHex:
    case Kind::kStatusRange:
    case Kind::kText:
    case Kind::kChoice: return scalar(row, node, owner, path);
  }
}

void Reader::scalar(const Row& row, const Node& node, void* owner, const Path& path) {
  auto parsed = parse_scalar(row.type, node);
  if (!parsed) { return report_.add(node.mark, path.text(), parsed.error()); }
  if (!row.type.refers.empty()) {
    references_.push_back({row.type.refers, node.text, node.mark, path.text()});
  }
  if (!row.type.unique.empty()) { once(unique_[row.type.unique], node.text, node.mark, path); }
  row.access.set(owner, 0, *parsed);
}

// --- secrets -----------------------------------------------------------------------------------------------

void Reader::secret(const Row& row, const Node& node, void* owner, const Path& path) {
  if (node.is_map()) { return secret_from(row, node, owner, path); }
  if (!node.is_scalar()) { return report_.add(node.mark, path.text(), wrong_type(row.type, node)); }
  if (!node.quoted && !node.is_loose() && needs_quotes(node.text)) {
    return report_.add(node.mark, path.text(), {Code::kNeedsQuotes, "write it in quotes: it is text", {}});
  }
  row.access.set(owner, 0, node.text);
}

void Reader::secret_from(const Row& row, const Node& node, void* owner, const Path& path) {
  std::vector<const Entry*> given;
  for (const auto& entry : node.entries) {
    if (is_comment_key(entry.key)) { continue; }
    if (!is_secret_place(entry.key)) {
      return report_.add(
          entry.mark, path.text_with(entry.key),
          {Code::kUnknownKey, "unknown key; known here: file, env, cred", nearest(entry.key, kSecretPlaces)});
    }
    given.push_back(&entry);
  }
  if (given.empty()) { return row.access.set(owner, 0, std::string()); }
  const Entry& from = *given.front();
  if (given.size() > 1) {
    return report_.add(given[1]->mark, path.text(),
                       {Code::kConflict, "one of file, env and cred, not several", {}});
  }
  Type name = Type{};
  name.form.length_min = 1;
  auto parsed = parse_scalar(name, from.value);
  if (!parsed) { return report_.add(from.value.mark, path.text_with(from.key), parsed.error()); }
  const std::string where = std::get<std::string>(*parsed);
  const std::string directory = sources_.directory(from.value.mark.source);
  auto text = from.key == "file"   ? outside_.file(where, directory)
              : from.key == "cred" ? outside_.credential(where)
                                   : outside_.variable(where);
  if (!text) {
    std::string why =
        from.key == "env" ? fmt::format("cannot read env {}: not set", where) : text.error().why;
    return report_.add(from.value.mark, path.text(), {Code::kSecret, std::move(why), {}});
  }
  if (const auto why = unfit_for_secret(*text); !why.empty()) {
    return report_.add(from.value.mark, path.text(),
                       {Code::kSecret, fmt::format("cannot use {} {}: {}", from.key, where, why), {}});
  }
  if (from.key == "file" && is_readable_by_others(Outside::absolute(where, directory))) {
    report_.warn(from.value.mark, path.text(),
                 {Code::kSecretOpen, fmt::format("{} is readable by others; chmod o-r", where), {}});
  }
  row.access.set(owner, 0, *text);
}

// --- maps, lists, dictionaries -----------------------------------------------------------------------------

void Reader::nested(const Row& row, const Node& node, void* owner, const Path& path) {
  if (!node.is_map()) { return report_.add(node.mark, path.text(), wrong_type(row.type, node)); }
  if (!row.checked_only) { return map(*row.type.rows, node, row.access.open(owner), path); }
  const auto scratch = row.access.fresh();
  const bool was_partial = std::exchange(is_partial_, true);
  map(*row.type.rows, node, scratch.get(), path);
  is_partial_ = was_partial;
}

void Reader::list(const Row& row, const Node& node, void* owner, const Path& path) {
  if (!node.is_list()) { return report_.add(node.mark, path.text(), wrong_type(row.type, node)); }
  const std::size_t count = node.items.size();
  if (count < row.type.items_min || count > row.type.items_max) {
    const bool is_below = count < row.type.items_min;
    const std::size_t bound = is_below ? row.type.items_min : row.type.items_max;
    return report_.add(node.mark, path.text(),
                       {is_below ? Code::kBelow : Code::kAbove,
                        fmt::format("{} items are {} {}", count, is_below ? "below" : "above", bound),
                        {}});
  }
  row.access.clear(owner);
  std::map<std::string, Mark> names;
  for (std::size_t i = 0; i < count; ++i) {
    const Node& item = node.items[i];
    const Path item_path = Path::item(path, item, i, row.type.is_named_list());
    if (row.type.is_named_list()) { name_once(row, item, names, item_path); }
    list_item(row, item, owner, i, item_path);
  }
}

void Reader::list_item(const Row& row, const Node& node, void* owner, std::size_t index, const Path& path) {
  const Type& item = *row.type.item;
  if (!item.is_map()) {
    auto parsed = parse_scalar(item, node);
    if (!parsed) { return report_.add(node.mark, path.text(), parsed.error()); }
    if (!item.refers.empty()) { references_.push_back({item.refers, node.text, node.mark, path.text()}); }
    return row.access.set(owner, index, *parsed);
  }
  if (!node.is_map()) { return report_.add(node.mark, path.text(), wrong_type(item, node)); }
  map(*item.rows, node, row.access.open(owner), path);
}

void Reader::name_once(const Row& row, const Node& item, std::map<std::string, Mark>& names,
                       const Path& path) {
  const Node* name = item.find("name");
  if (name == nullptr || !name->is_scalar()) { return; }
  if (!is_partial_) { defined_[row.type.defines].push_back(name->text); }
  once(names, name->text, item.mark, path);
}

void Reader::once(std::map<std::string, Mark>& known, const std::string& text, Mark mark, const Path& path) {
  const auto [first, fresh] = known.emplace(text, mark);
  if (fresh) { return; }
  const Mark at = first->second;
  report_.add(
      mark, path.text(),
      {Code::kDuplicate,
       fmt::format("given twice; first at {}:{}:{}", sources_.name(at.source), at.line, sources_.column(at)),
       {}});
}

void Reader::dictionary(const Row& row, const Node& node, void* owner, const Path& path) {
  if (!node.is_map()) { return report_.add(node.mark, path.text(), wrong_type(row.type, node)); }
  for (const auto& entry : node.entries) {
    if (is_comment_key(entry.key)) { continue; }
    const Path entry_path(path, entry.key);
    auto key = parse_key(*row.type.key, entry);
    if (!key) {
      report_.add(entry.mark, entry_path.text(), key.error());
      continue;
    }
    if (row.type.item->is_map()) {
      if (!entry.value.is_map()) {
        report_.add(entry.value.mark, entry_path.text(), wrong_type(*row.type.item, entry.value));
        continue;
      }
      map(*row.type.item->rows, entry.value, row.access.open_key(owner, *key), entry_path);
      continue;
    }
    auto parsed = parse_scalar(*row.type.item, entry.value);
    if (!parsed) {
      report_.add(entry.value.mark, entry_path.text(), parsed.error());
      continue;
    }
    row.access.set(row.access.open_key(owner, *key), 0, *parsed);
  }
}

void Reader::check_references() {
  for (const auto& reference : references_) {
    const auto& names = defined_[reference.noun];
    if (std::find(names.begin(), names.end(), reference.name) != names.end()) { continue; }
    const std::vector<std::string_view> views(names.begin(), names.end());
    report_.add(reference.mark, reference.path,
                {Code::kReference, fmt::format("no {} named {}", reference.noun, reference.name),
                 nearest(reference.name, views)});
  }
}

// --- Scope -------------------------------------------------------------------------------------------------

Scope::Found Scope::at(std::initializer_list<std::string_view> keys) const {
  Found found{&node_, 0};
  for (const auto key : keys) {
    const Node* next = found.node->find(key);
    if (next == nullptr) { break; }
    found = {next, found.depth + 1};
  }
  return found;
}

std::size_t Scope::items_count(std::initializer_list<std::string_view> list) const {
  const Found found = at(list);
  return found.depth == list.size() ? found.node->items.size() : 0;
}

std::string Scope::value_text(std::initializer_list<std::string_view> keys) const {
  const Found found = at(keys);
  return found.depth == keys.size() && !found.node->substituted ? found.node->text : "${...}";
}

void Scope::fault(std::initializer_list<std::string_view> keys, Code code, std::string detail) {
  std::string path = path_.text();
  for (const auto key : keys) {
    if (!path.empty()) { path += '.'; }
    path += key;
  }
  reader_.report_.add(at(keys).node->mark, std::move(path), {code, std::move(detail), {}});
}

void Scope::once(std::string_view noun, std::string_view key) {
  if (const Node* node = node_.find(key)) {
    reader_.once(reader_.unique_[noun], node->text, node->mark, Path(path_, key));
  }
}

void Scope::item_fault(std::string_view list, std::size_t index, std::initializer_list<std::string_view> keys,
                       Code code, std::string detail) {
  const Path list_path(path_, list);
  const Node& item = node_.find(list)->items[index];
  const Path item_path = Path::item(list_path, item, index, false);
  Scope(reader_, item, item_path).fault(keys, code, std::move(detail));
}

}  // namespace aldis::config

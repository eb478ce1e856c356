// SPDX-License-Identifier: Apache-2.0
#include "config/loader.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "aldis/base/nearest.hpp"
#include "config/document.hpp"
#include "config/merge.hpp"
#include "config/scalar.hpp"

namespace aldis::config {

namespace fs = std::filesystem;

namespace {
constexpr std::string_view kBuiltInProfile =
    "generic";  // what the defaults are; a file of that name may change it

bool is_file_name(std::string_view name) {
  return !name.empty() && name[0] != '.' && name.find('/') == std::string_view::npos;
}
}  // namespace

Loader::Loader(const Program& program, const LoadOptions& options)
    : program_(program),
      options_(options),
      outside_(options.environment, program.credential_prefix),
      profile_dirs_(options.profile_dirs) {
  if (profile_dirs_.empty()) {
    profile_dirs_ = {(fs::path(options.path).parent_path() / "operators").string(),
                     "/usr/share/aldis/operators"};
  }
}

Loader::Result Loader::load(void* settings) {
  auto root = file(*program_.rows, options_.path);
  if (!root) { return finished(); }
  includes(*root);
  if (is_broken_) { return finished(); }
  overrides(*root);
  layers(*root);
  if (is_broken_) { return finished(); }
  reader_.read(*program_.rows, *root, settings);
  reader_.check_references();
  return finished();
}

Loader::Result Loader::finished() {
  Result result;
  result.problems = report_.take();
  result.files_count = sources_.files_count();
  result.ok = std::all_of(result.problems.begin(), result.problems.end(),
                          [&](const Problem& problem) { return problem.is_warning && !options_.strict; });
  return result;
}

std::optional<Node> Loader::file(const Rows& rows, const std::string& path) {
  auto text = read_file(path, kFileOctetsMax);
  if (!text) {
    const std::uint32_t source = sources_.add_file(path, {});
    report_.add({source, 0, 0}, {}, {Code::kFile, fmt::format("cannot read: {}", text.error().why), {}});
    is_broken_ = true;
    return std::nullopt;
  }
  const std::uint32_t source = sources_.add_file(path, std::move(*text));
  auto root = parse_document(sources_, source, report_);
  if (root && !root->is_map()) {
    report_.add(root->mark, {}, {Code::kType, fmt::format("needs a map of keys (got {})", shown(*root)), {}});
    root.reset();
  }
  if (!root) {
    is_broken_ = true;
    return std::nullopt;
  }
  hide_secrets(rows, *root, report_);
  substitute(*root, outside_, sources_, report_);
  return root;
}

// --- includes ----------------------------------------------------------------------------------------------

void Loader::includes(Node& root) {
  const Node* patterns = root.find("include");
  if (patterns == nullptr || !patterns->is_list()) { return; }  // the reader says so
  const std::string directory = sources_.directory(0);
  std::set<std::string> seen{fs::path(options_.path).lexically_normal().string()};
  const std::vector<Node> list = patterns->items;  // a copy: merging changes the root
  for (const auto& pattern : list) {
    if (!pattern.is_scalar() || pattern.text.empty()) { continue; }
    const std::string full = Outside::absolute(pattern.text, directory);
    glob_t found{};
    const int status = ::glob(full.c_str(), GLOB_NOSORT, nullptr, &found);
    std::vector<std::string> paths;
    for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i) { paths.emplace_back(found.gl_pathv[i]); }
    ::globfree(&found);
    std::sort(paths.begin(), paths.end());  // by octets, whatever the locale
    if (paths.empty() && pattern.text.find_first_of("*?[") == std::string::npos) { paths.push_back(full); }
    for (const auto& path : paths) {
      if (!seen.insert(path).second) { continue; }
      if (sources_.files_count() >= kFilesMax) {
        report_.add(pattern.mark, "include",
                    {Code::kAbove, fmt::format("more than {} files", kFilesMax), {}});
        return;
      }
      include(root, path);
    }
  }
}

void Loader::include(Node& root, const std::string& path) {
  auto node = file(*program_.rows, path);
  if (!node) { return; }
  std::erase_if(node->entries, [&](const Entry& entry) {
    const Row* row = program_.rows->find(entry.key);
    if (row == nullptr || !row->only_main_file) { return false; }
    report_.add(entry.mark, entry.key, {Code::kUnknownKey, "only in the main file", {}});
    return true;
  });
  merge_file(root, std::move(*node));
}

// --- environment and command line --------------------------------------------------------------------------

void Loader::overrides(Node& root) {
  if (!program_.environment_prefix.empty()) {
    for (const auto& [name, value] : options_.environment) {
      if (!name.starts_with(program_.environment_prefix)) { continue; }
      apply_variable(*program_.rows, root, program_.environment_prefix, name, value, sources_, report_);
    }
  }
  for (const auto& argument : options_.overrides) {
    apply_argument(*program_.rows, root, argument, sources_, report_);
  }
}

// --- defaults and profiles ---------------------------------------------------------------------------------

void Loader::layers(Node& root) {
  for (const auto& each : program_.layers) { layer(root, each); }
}

void Loader::layer(Node& root, const Layer& layer) {
  Node* list = root.find(layer.list);
  if (list == nullptr) { return; }
  const Row& list_row = *program_.rows->find(layer.list);
  const Rows& rows = *list_row.type.item->rows;
  const Row* defaults_row = program_.rows->find(layer.defaults);
  const Node* defaults = root.find(layer.defaults);
  if (defaults != nullptr && !defaults->is_map()) { defaults = nullptr; }
  // What only one item may say does not go down to all of them, even where it was wrongly given.
  Node allowed;
  if (defaults != nullptr) {
    allowed = *defaults;
    std::erase_if(allowed.entries,
                  [&](const Entry& e) { return defaults_row->type.rows->find(e.key) == nullptr; });
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Node& item = list->items[i];
    if (!item.is_map()) { continue; }
    if (defaults != nullptr) { item = layered(rows, allowed, item); }
    if (!layer.has_profiles) { continue; }
    const Node* name = item.find("profile");
    if (name == nullptr || !name->is_scalar()) { continue; }  // the reader says so
    const Path root_path;
    const Path list_path(root_path, layer.list);
    const Path item_path = Path::item(list_path, item, i, true);
    const Node* profile = this->profile(list_row, name->text, name->mark, item_path.text_with("profile"));
    if (profile != nullptr) { item = layered(rows, *profile, item); }
  }
}

const Node* Loader::profile(const Row& list_row, const std::string& name, Mark mark,
                            const std::string& path) {
  const auto known = profiles_.find(name);
  if (known != profiles_.end()) {
    if (!known->second && name != kBuiltInProfile) { profile_missing(name, mark, path); }
    return known->second.get();
  }
  auto& place = profiles_[name];
  for (const auto& directory : profile_dirs_) {
    const std::string candidate = (fs::path(directory) / (name + ".yaml")).string();
    std::error_code error;
    if (!is_file_name(name) || !fs::exists(candidate, error)) { continue; }
    auto node = file(*list_row.type.item->rows, candidate);
    if (!node) { return nullptr; }
    const auto rows = profile_part(*list_row.type.item->rows);
    const Node* own_name = node->find("profile");
    if (own_name != nullptr && own_name->is_scalar() && own_name->text != name) {
      report_.add(own_name->mark, "profile",
                  {Code::kConflict, fmt::format("{} in a file named {}.yaml", own_name->text, name), {}});
    }
    reader_.check_only(*rows, *node, list_row.access.fresh().get());
    std::erase_if(node->entries, [&](const Entry& entry) { return rows->find(entry.key) == nullptr; });
    place = std::make_unique<Node>(std::move(*node));
    return place.get();
  }
  if (name != kBuiltInProfile) { profile_missing(name, mark, path); }
  return nullptr;
}

void Loader::profile_missing(const std::string& name, Mark mark, const std::string& path) {
  std::vector<std::string> names{std::string(kBuiltInProfile)};
  for (const auto& directory : profile_dirs_) {
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
      if (it->path().extension() == ".yaml") { names.push_back(it->path().stem().string()); }
    }
  }
  std::sort(names.begin() + 1, names.end());
  const std::vector<std::string_view> views(names.begin(), names.end());
  report_.add(mark, path, {Code::kReference, fmt::format("no profile named {}", name), nearest(name, views)});
}

}  // namespace aldis::config

// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/generation.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "aldis/base/mutant.hpp"

namespace aldis::spool {
namespace {

constexpr std::string_view kName = "generation";
constexpr std::string_view kNewName = "generation.new";

Result<void, ports::FileError> find(ports::Files& files, std::string_view name, bool& found) {
  auto names = files.list();
  if (names.has_error()) { return names.error(); }
  found = std::find(names->begin(), names->end(), name) != names->end();
  return {};
}

}  // namespace

Result<std::optional<std::uint32_t>, ports::FileError> read_generation(ports::Files& mirror) {
  std::optional<std::uint32_t> generation;
  bool found = false;
  if (auto done = find(mirror, kName, found); done.has_error()) { return done.error(); }
  if (!found) { return generation; }
  auto file = mirror.open(kName);
  if (file.has_error()) { return file.error(); }
  std::string text;
  if (auto got = (*file)->read_at(0, 16, text); got.has_error()) { return got.error(); }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end != text.data() + text.size() && *end == '\n') { generation = value; }
  return generation;
}

Result<void, ports::FileError> write_generation(ports::Files& mirror, std::uint32_t generation) {
  bool found = false;
  if (auto done = find(mirror, kNewName, found); done.has_error()) { return done.error(); }
  if (found) {
    if (auto done = mirror.remove(kNewName); done.has_error()) { return done; }
  }
  auto file = mirror.create(kNewName);
  if (file.has_error()) { return file.error(); }
  if (auto done = (*file)->write_at(0, std::to_string(generation) + "\n"); done.has_error()) { return done; }
  if (!ALDIS_MUTANT(56)) {
    if (auto done = (*file)->sync(); done.has_error()) { return done; }
  }
  if (auto done = mirror.rename(kNewName, kName); done.has_error()) { return done; }
  return mirror.sync_directory();
}

}  // namespace aldis::spool

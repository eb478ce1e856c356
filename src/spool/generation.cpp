// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/generation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "aldis/base/mutant.hpp"

namespace aldis::spool {
namespace {

std::string name_of(std::uint64_t journal_id) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), journal_id, 16).ptr;
  return "generation-" + std::string{digits.data(), end};
}

Result<void, ports::FileError> find(ports::Files& files, std::string_view name, bool& found) {
  auto names = files.list();
  if (names.has_error()) { return names.error(); }
  found = std::find(names->begin(), names->end(), name) != names->end();
  return {};
}

}  // namespace

Result<std::optional<std::uint32_t>, ports::FileError> read_generation(ports::Files& mirror,
                                                                       std::uint64_t journal_id) {
  const std::string name = name_of(journal_id);
  std::optional<std::uint32_t> generation;
  bool found = false;
  if (auto done = find(mirror, name, found); done.has_error()) { return done.error(); }
  if (!found) { return generation; }
  auto file = mirror.open(name);
  if (file.has_error()) { return file.error(); }
  std::string text;
  if (auto got = (*file)->read_at(0, 16, text); got.has_error()) { return got.error(); }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end != text.data() + text.size() && *end == '\n') { generation = value; }
  return generation;
}

Result<void, ports::FileError> write_generation(ports::Files& mirror, std::uint64_t journal_id,
                                                std::uint32_t generation) {
  const std::string name = name_of(journal_id);
  const std::string aside = name + ".new";
  bool found = false;
  if (auto done = find(mirror, aside, found); done.has_error()) { return done.error(); }
  if (found) {
    if (auto done = mirror.remove(aside); done.has_error()) { return done; }
  }
  auto file = mirror.create(aside);
  if (file.has_error()) { return file.error(); }
  if (auto done = (*file)->write_at(0, std::to_string(generation) + "\n"); done.has_error()) { return done; }
  if (!ALDIS_MUTANT(56)) {
    if (auto done = (*file)->sync(); done.has_error()) { return done; }
  }
  if (auto done = mirror.rename(aside, name); done.has_error()) { return done; }
  return mirror.sync_directory();
}

}  // namespace aldis::spool

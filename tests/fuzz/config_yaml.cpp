// SPDX-License-Identifier: Apache-2.0
// aldisd.yaml: any text is settings or problems with places, never an exception; what is loaded is within its
// bounds.
#include <set>

#include "aldis/config/load.hpp"
#include "fuzz/memory_file.hpp"

namespace aldis::fuzz {
namespace {

using namespace config;

void check_problems(const Loaded& loaded, Octets text) {
  const auto lines_count = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  bool is_refused = false;
  for (const Problem& problem : loaded.problems) {
    is_refused = is_refused || !problem.is_warning;
    ALDIS_CHECK(!problem.file.empty() && !problem.detail.empty());
    ALDIS_CHECK(problem.line >= 0 && problem.line <= lines_count + 1 && problem.column >= 0);
    ALDIS_CHECK(render(problem).size() < 16 * text.size() + 4096);
  }
  ALDIS_CHECK(loaded.ok == !is_refused);
  ALDIS_CHECK(!render(loaded.problems, loaded.files_count).empty());
}

template <class Items>
void check_names(const Items& items) {
  std::set<std::string> names;
  for (const auto& item : items) { ALDIS_CHECK(!item.name.empty() && names.insert(item.name).second); }
}

void check_settings(const Settings& settings) {
  check_names(settings.accounts);
  check_names(settings.operators);
}

// What reaches for other files is left to the unit tests.
bool stays_here(Octets text) {
  return text.find("include") == Octets::npos && text.find("file") == Octets::npos;
}

}  // namespace

void run(Octets input) {
  static const MemoryFile kFile;
  if (!stays_here(input)) { return; }
  kFile.hold(input);
  LoadOptions options;
  options.path = kFile.path();
  options.profile_dirs = {"/nonexistent"};
  options.environment = {{"NAME", "value"}, {"PORT", "2775"}};
  const Loaded loaded = load_aldisd(options);
  check_problems(loaded, input);
  if (loaded.ok) { check_settings(loaded.settings); }
}

}  // namespace aldis::fuzz

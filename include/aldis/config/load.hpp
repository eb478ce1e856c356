// SPDX-License-Identifier: Apache-2.0
// From YAML files to aldis::Settings. Called at start, by --check and by a reload, on the caller's thread;
// reads the files, profiles and secrets it names and nothing else, keeps no state, starts no thread. Never
// throws for what stands in a file: every finding is a Problem, all of them at once, in order of place. Not
// for the console's file: its rows are its own, the machinery (src/config/schema.hpp) is the same.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "aldis/config/problem.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::config {

struct LoadOptions {
  std::string path;                    // the main file
  std::vector<std::string> overrides;  // of --set: "operators[op-a].throttle.burst=5", in order
  std::map<std::string, std::string>
      environment;  // for ALDIS__..., ${NAME}, {env: NAME} and CREDENTIALS_DIRECTORY
  std::vector<std::string>
      profile_dirs;     // empty = operators/ beside the main file, then /usr/share/aldis/operators
  bool strict = false;  // warnings are errors
};

struct Loaded {
  Settings settings;              // defaults where problems forbade reading; use it only when ok
  std::vector<Problem> problems;  // in order of place: files as loaded, then environment, then --set
  std::size_t files_count = 0;
  bool ok = false;  // no errors, and with `strict` no warnings
};

// Precedence: built-in < profile < operator_defaults, account_defaults < files < environment < overrides.
Loaded load_aldisd(const LoadOptions& options);

enum class Form : std::uint8_t {
  kJson,
  kYaml,
  kMarkdown
};  // JSON Schema 2020-12, conf/aldisd.yaml, docs/configuration.md

// The rows of aldisd, printed: what --print-schema says and what the tree's generated files hold.
std::string print_schema(Form form);

}  // namespace aldis::config

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace aldis::daemon {

// Exit codes (docs/operations): what systemd and scripts can tell apart.
inline constexpr int kExitStopped = 0;
inline constexpr int kExitBug = 1;
inline constexpr int kExitConfig = 2;      // configuration, usage, or an address that cannot be listened on
inline constexpr int kExitJournal = 65;    // damaged, or written by a later version
inline constexpr int kExitDirectory = 73;  // locked, or not writable
inline constexpr int kExitStore = 74;      // a write or sync failed

struct Options {
  std::string config = "/etc/aldis/aldisd.yaml";
  bool check = false;
  bool strict = false;
  std::vector<std::string> set;
  std::string print_schema;  // json, yaml, markdown; empty = no
  std::string ports_file;
  bool restored = false;
  bool restore_confirmed = false;
};

// Parses the command line; prints help, version or an error itself and returns the exit code then.
struct Parsed {
  Options options;
  std::optional<int> exit;
};
Parsed parse_options(int argc, char** argv);

}  // namespace aldis::daemon

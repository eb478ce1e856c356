// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "aldis/core/settings.hpp"
#include "daemon/options.hpp"

namespace aldis::daemon {

// The gateway as a process: opens the data directory, replays the journal, starts engine, edges and store,
// serves until it is told to stop. Made once, in main(); everything in it lives as long as run().
class Daemon {
 public:
  Daemon(const Settings& settings, const Options& options);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  int run();  // the exit code; errors were said on stderr and in the log

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::daemon

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "api.hpp"

namespace aldis::ctl {

// Adds the verbs that ask the daemon. Whichever is chosen sets `exit`.
void add_verbs(CLI::App& app, Where& where, int& exit);

}  // namespace aldis::ctl

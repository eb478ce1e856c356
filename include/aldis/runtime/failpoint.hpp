// SPDX-License-Identifier: Apache-2.0
// How a process of a crash campaign comes to its end (aldis/base/failpoint.hpp).
#pragma once

#include <string>

#include "aldis/base/result.hpp"

namespace aldis::runtime {

// Arms what `asked` says, "name:count" with a count from 1 on; called once, before any thread is started. The
// process then kills itself with SIGKILL, so that nothing is flushed, closed or answered. The error says what
// is wrong with `asked`, or that this build has no failpoints.
Result<void, std::string> arm_failpoint(const std::string& asked);

}  // namespace aldis::runtime

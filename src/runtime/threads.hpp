// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <thread>

#include "aldis/runtime/task.hpp"

namespace aldis::runtime {

// A named thread that takes no signals: those belong to the loops, and a sync that a signal interrupts is an
// error.
std::thread start_thread(const std::string& name, Task<void()> body);

}  // namespace aldis::runtime

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <thread>

#include "aldis/runtime/task.hpp"

namespace aldis::runtime {

// A named thread that takes no signals: those belong to the loops, and a sync that a signal interrupts is an
// error.
std::thread start_thread(const std::string& name, Task<void()> body);

// Of this thread, 0 to 19 (nice(7), which Linux keeps for each thread): what it can do without is left to the
// others.
void give_way(int niceness);

}  // namespace aldis::runtime

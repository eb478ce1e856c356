// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace aldis::runtime {

// Octets of this process in memory, from /proc/self/statm; 0 where that cannot be read.
std::uint64_t memory_resident();

// `wanted`, or for 0 three quarters of what the cgroup (version 2) or the machine has.
std::uint64_t memory_limit(std::uint64_t wanted);

}  // namespace aldis::runtime

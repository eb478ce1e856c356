// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace aldis::runtime {

namespace {

// Of the cgroup that the process is in and of all above it, the least memory.max; 0 = none says a number.
std::uint64_t cgroup_limit() {
  std::ifstream self{"/proc/self/cgroup"};
  std::string path;
  for (std::string line; std::getline(self, line);) {
    if (line.starts_with("0::")) { path = line.substr(3); }
  }
  std::uint64_t least = 0;
  while (!path.empty()) {
    std::ifstream file{"/sys/fs/cgroup" + path + "/memory.max"};
    std::uint64_t octets = 0;
    if (file >> octets) { least = least == 0 ? octets : std::min(least, octets); }
    path.erase(path.find_last_of('/'));
  }
  return least;
}

}  // namespace

std::uint64_t memory_resident() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  file >> pages >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t memory_limit(std::uint64_t wanted) {
  if (wanted != 0) { return wanted; }
  const auto machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto cgroup = cgroup_limit();
  return (cgroup == 0 ? machine : std::min(cgroup, machine)) / 4 * 3;
}

}  // namespace aldis::runtime

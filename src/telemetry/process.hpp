// SPDX-License-Identifier: Apache-2.0
// What /proc says about this process, parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::telemetry {

struct ProcessStat {
  std::uint64_t cpu_ticks = 0;  // user and system
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::uint64_t resident_pages = 0;
};

// The one line of /proc/PID/stat. The program's name stands in it and may hold spaces and parentheses.
std::optional<ProcessStat> parse_process_stat(std::string_view line);

// Seconds since 1970 at which the machine started, out of /proc/stat.
std::optional<std::uint64_t> parse_boot_time(std::string_view stat);

}  // namespace aldis::telemetry

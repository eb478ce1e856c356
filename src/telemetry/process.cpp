// SPDX-License-Identifier: Apache-2.0
#include "telemetry/process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

#include "aldis/telemetry/prometheus.hpp"

namespace aldis::telemetry {
namespace {

std::optional<std::uint64_t> number_of(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{}) { return std::nullopt; }
  return value;
}

std::string read_whole(const char* path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

double open_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) { return 0; }
  int count = 0;
  while (const dirent* entry = ::readdir(folder)) { count += entry->d_name[0] != '.' ? 1 : 0; }
  ::closedir(folder);
  return count - 1;  // the folder's own
}

double descriptors_max() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view line) {
  const auto name_end = line.rfind(')');
  if (name_end == std::string_view::npos) { return std::nullopt; }
  line.remove_prefix(name_end + 1);
  ProcessStat stat;
  for (int field = 3; field <= 24; ++field) {  // numbers as in proc(5); 3 is the state
    const auto start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) { return std::nullopt; }
    line.remove_prefix(start);
    const auto word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    const auto value = number_of(word);
    if (field == 14 || field == 15 || field == 20 || field == 22 || field == 24) {
      if (!value) { return std::nullopt; }
    }
    switch (field) {
      case 14:
      case 15: stat.cpu_ticks += *value; break;
      case 20: stat.threads = *value; break;
      case 22: stat.start_ticks = *value; break;
      case 24: stat.resident_pages = *value; break;
      default: break;
    }
  }
  return stat;
}

std::optional<std::uint64_t> parse_boot_time(std::string_view stat) {
  constexpr std::string_view kKey = "\nbtime ";
  const auto at = stat.find(kKey);
  if (at == std::string_view::npos) { return std::nullopt; }
  return number_of(stat.substr(at + kKey.size()));
}

void report_process(ports::MetricReport& to) {
  to.gauge("process_open_fds", {}, open_descriptors());
  to.gauge("process_max_fds", {}, descriptors_max());
  const auto stat = parse_process_stat(read_whole("/proc/self/stat"));
  if (!stat) { return; }
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  to.counter("process_cpu_seconds_total", {}, static_cast<double>(stat->cpu_ticks) / ticks);
  to.gauge("process_resident_memory_bytes", {},
           static_cast<double>(stat->resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  to.gauge("process_threads", {}, static_cast<double>(stat->threads));
  const auto boot = parse_boot_time(read_whole("/proc/stat"));
  if (boot) {
    to.gauge("process_start_time_seconds", {},
             static_cast<double>(*boot) + static_cast<double>(stat->start_ticks) / ticks);
  }
}

}  // namespace aldis::telemetry

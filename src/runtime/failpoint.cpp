// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/failpoint.hpp"

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <memory>

#include "aldis/base/failpoint.hpp"

namespace aldis::runtime {

#ifdef ALDIS_NO_FAILPOINTS

Result<void, std::string> arm_failpoint(const std::string&) {
  return std::string{"ALDIS_FAILPOINT is set, but this build has no failpoints"};
}

#else

namespace {

[[noreturn]] void kill_this_process() {
  ::kill(::getpid(), SIGKILL);
  for (;;) { ::pause(); }  // the signal may take a moment to reach this thread
}

}  // namespace

Result<void, std::string> arm_failpoint(const std::string& asked) {
  const std::size_t colon = asked.find(':');
  std::uint64_t passes = 0;
  if (colon != std::string::npos && colon > 0) {
    const char* const end = asked.data() + asked.size();
    const auto read = std::from_chars(asked.data() + colon + 1, end, passes);
    if (read.ec != std::errc{} || read.ptr != end) { passes = 0; }
  }
  if (passes == 0) {
    return "ALDIS_FAILPOINT is \"" + asked + "\"; it needs NAME:COUNT, for example store.sync.done:3";
  }
  static const auto kArmed = std::make_unique<Failpoint>(asked.substr(0, colon), passes, &kill_this_process);
  armed_failpoint = kArmed.get();
  return {};
}

#endif

}  // namespace aldis::runtime

// SPDX-License-Identifier: Apache-2.0
// Preloaded into a program, makes its disk slower: each fdatasync takes ALDIS_SLOWSYNC_US microseconds
// longer. When the program ends, ALDIS_SLOWSYNC_LOG has how many there were and how many seconds they took in
// all, what was added included. In the process itself, because a tracer stops it twice for each call, unseen
// by its own measurement.
#include <dlfcn.h>
#include <poll.h>
#include <unistd.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

using Clock = std::chrono::steady_clock;

std::atomic<long> calls{0};
std::atomic<long> nanoseconds{0};

struct AtEnd {
  ~AtEnd() {
    const char* const path = std::getenv("ALDIS_SLOWSYNC_LOG");
    std::FILE* const file = path == nullptr ? nullptr : std::fopen(path, "w");
    if (file == nullptr) { return; }
    std::fprintf(file, "%ld %.6f\n", calls.load(), static_cast<double>(nanoseconds.load()) * 1e-9);
    std::fclose(file);
  }
} at_end;

}  // namespace

extern "C" int fdatasync(int fd) {
  using Function = int (*)(int);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "fdatasync"));
  static const char* const added = std::getenv("ALDIS_SLOWSYNC_US");
  const auto began = Clock::now();
  const int result = real(fd);
  if (added != nullptr) {
    const long microseconds = std::atol(added);
    const timespec longer{microseconds / 1'000'000, microseconds % 1'000'000 * 1000};
    ::ppoll(nullptr, 0, &longer, nullptr);  // as the device would: nobody waits for a condition here
  }
  calls += 1;
  nanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count();
  return result;
}

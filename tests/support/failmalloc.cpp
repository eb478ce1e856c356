// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: the ALDIS_FAIL_MALLOC-th allocation of the process fails, once, and the file that
// ALDIS_FAIL_MALLOC_LOG names is created then; with number 0 none fails, and the file gets their count at the
// end. Not for trees with sanitizers, which have an allocator of their own.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

extern "C" {
// NOLINT(bugprone-reserved-identifier,cert-dcl37-c)
void* __libc_malloc(std::size_t size);
// NOLINT(bugprone-reserved-identifier,cert-dcl37-c)
void* __libc_calloc(std::size_t count, std::size_t size);
// NOLINT(bugprone-reserved-identifier,cert-dcl37-c)
void* __libc_realloc(void* old, std::size_t size);
// NOLINT(bugprone-reserved-identifier,cert-dcl37-c)
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

std::atomic<bool> counting{false};
std::atomic<bool> begun{false};
std::atomic<unsigned long> allocations{0};
unsigned long failing = 0;
const char* log_path = nullptr;
const char* after_path = nullptr;

void write_log(unsigned long number) {
  const int fd = ::open(log_path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) { return; }
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%lu\n", number);
  if (::write(fd, text, static_cast<std::size_t>(length)) < 0) { std::abort(); }
  ::close(fd);
}

bool fails() {
  if (!counting.load(std::memory_order_relaxed)) { return false; }
  if (!begun.load(std::memory_order_relaxed)) {
    if (::access(after_path, F_OK) != 0) { return false; }
    begun = true;
  }
  if (allocations.fetch_add(1, std::memory_order_relaxed) + 1 != failing) { return false; }
  write_log(failing);
  errno = ENOMEM;
  return true;
}

__attribute__((constructor)) void begin() {
  const char* number = std::getenv("ALDIS_FAIL_MALLOC");
  log_path = std::getenv("ALDIS_FAIL_MALLOC_LOG");
  if (number == nullptr || log_path == nullptr) { return; }
  failing = std::strtoul(number, nullptr, 10);
  after_path = std::getenv("ALDIS_FAIL_MALLOC_AFTER");
  begun = after_path == nullptr;
  counting = true;
}

__attribute__((destructor)) void end() {
  if (counting.load() && failing == 0) { write_log(allocations.load()); }
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) { return fails() ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) { return fails() ? nullptr : __libc_calloc(count, size); }
void* realloc(void* old, std::size_t size) { return fails() ? nullptr : __libc_realloc(old, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return fails() ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** into, std::size_t alignment, std::size_t size) {
  if (fails()) { return ENOMEM; }
  *into = __libc_memalign(alignment, size);
  return *into == nullptr ? ENOMEM : 0;
}
}

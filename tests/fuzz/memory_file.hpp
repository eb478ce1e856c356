// SPDX-License-Identifier: Apache-2.0
// A file that lives in memory only, for code that wants a path.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {

class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) { ALDIS_CHECK(descriptor_ >= 0); }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void hold(Octets octets) const {
    ALDIS_CHECK(::ftruncate(descriptor_, 0) == 0);
    ALDIS_CHECK(::pwrite(descriptor_, octets.data(), octets.size(), 0) ==
                static_cast<ssize_t>(octets.size()));
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace aldis::fuzz

// SPDX-License-Identifier: Apache-2.0
// Single file operations, so that everything the journal does to a disk can be simulated, failed and cut
// (TESTING 4). POSIX in runtime, a simulated disk in tests. Blocking; called on the store thread, and at
// start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/octets.hpp"
#include "aldis/base/result.hpp"

namespace aldis::ports {

// What failed, as errno has it, and a sentence that names the file: "cannot write 000004.seg: No space left
// on device".
struct FileError {
  int code = 0;
  std::string sentence;
};

class File {
 public:
  virtual ~File() = default;
  // all of it, or an error
  virtual Result<void, FileError> write_at(std::uint64_t offset, Octets octets) = 0;
  // `into` becomes what was read; short at the end
  virtual Result<std::size_t, FileError> read_at(std::uint64_t offset, std::size_t size,
                                                 std::string& into) = 0;
  // A hint, and no promise: these octets may start on their way to the device now, so that the sync that
  // comes later finds little to do. Waits for nothing; what goes wrong is told by that sync.
  virtual void start_writing(std::uint64_t offset, std::uint64_t size) {
    static_cast<void>(offset);
    static_cast<void>(size);
  }
  virtual Result<void, FileError> sync() = 0;  // fdatasync; an error is final for this file (CONTRACT D12)
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

struct Space {
  std::uint64_t octets_free = 0;
  std::uint64_t octets_total = 0;
};

// One directory; names are plain file names inside it.
class Files {
 public:
  virtual ~Files() = default;
  virtual Result<std::unique_ptr<File>, FileError> create(std::string_view name) = 0;  // must not exist
  // for reading and writing
  virtual Result<std::unique_ptr<File>, FileError> open(std::string_view name) = 0;
  // For reading what is on the device rather than in the kernel's cache, where the file system can
  // (O_DIRECT): after a failed sync the cache may show octets that were never stored. Any offset and size may
  // be read.
  virtual Result<std::unique_ptr<File>, FileError> open_direct(std::string_view name) { return open(name); }
  virtual Result<void, FileError> rename(std::string_view from, std::string_view to) = 0;
  virtual Result<void, FileError> remove(std::string_view name) = 0;
  virtual Result<void, FileError> sync_directory() = 0;
  virtual Result<std::vector<std::string>, FileError> list() = 0;
  virtual Result<Space, FileError> space() = 0;
};

}  // namespace aldis::ports

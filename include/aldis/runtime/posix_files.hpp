// SPDX-License-Identifier: Apache-2.0
// One directory of the file system behind ports::Files, and the lock that keeps a second process out of it.
#pragma once

#include <memory>
#include <string>

#include "aldis/ports/files.hpp"

namespace aldis::runtime {

// Owns a descriptor of the directory; every name is resolved against it, so a directory that is renamed stays
// ours. Blocking; one thread at a time (the store thread, or main at start). Fails with the errno and a
// sentence that names the path; never retries. Files are opened close-on-exec, mode 0640. Not for reading
// configuration: see read_file().
class PosixFiles final : public ports::Files {
 public:
  // Creates the directory (mode 0750) when only its last component is missing, and proves that we may write
  // in it.
  static Result<std::unique_ptr<PosixFiles>, ports::FileError> open_directory(const std::string& directory);
  // For looking at a directory that may belong to somebody else: nothing is created, and every change is
  // refused (EROFS).
  static Result<std::unique_ptr<PosixFiles>, ports::FileError> open_read_only(const std::string& directory);
  ~PosixFiles() override;
  PosixFiles(const PosixFiles&) = delete;
  PosixFiles& operator=(const PosixFiles&) = delete;

  Result<std::unique_ptr<ports::File>, ports::FileError> create(std::string_view name) override;
  Result<std::unique_ptr<ports::File>, ports::FileError> open(std::string_view name) override;
  Result<std::unique_ptr<ports::File>, ports::FileError> open_direct(
      std::string_view name) override;  // cannot write
  Result<void, ports::FileError> rename(std::string_view from, std::string_view to) override;
  Result<void, ports::FileError> remove(std::string_view name) override;
  Result<void, ports::FileError> sync_directory() override;
  Result<std::vector<std::string>, ports::FileError> list() override;  // sorted, without directories
  Result<ports::Space, ports::FileError> space() override;

 private:
  PosixFiles(int fd, std::string directory, bool read_only);
  Result<std::unique_ptr<ports::File>, ports::FileError> open_file(std::string_view name, int flags,
                                                                   const char* verb);

  int fd_;
  std::string directory_;
  bool read_only_;
};

// Holds flock() on DIRECTORY/lock for its lifetime; the file says our pid, for the sentence that the other
// one prints. The kernel lets go when the process dies, whatever way it dies.
class DirectoryLock {
 public:
  static Result<DirectoryLock, ports::FileError> take(const std::string& directory);
  // Who holds it now ("process 4711"), or nothing when nobody does. Creates and changes nothing, so a
  // directory that cannot be written in can be asked too.
  static Result<std::string, ports::FileError> holder(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

// A whole small file (configuration, secret), at most `size_max` octets.
Result<std::string, ports::FileError> read_file(const std::string& path, std::size_t size_max);

}  // namespace aldis::runtime

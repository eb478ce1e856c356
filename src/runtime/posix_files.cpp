// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/posix_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "aldis/base/mutant.hpp"

namespace aldis::runtime {

using ports::FileError;

namespace {

FileError failed(const char* verb, const std::string& path, int code) {
  return FileError{code, std::string{"cannot "} + verb + ' ' + path + ": " + std::strerror(code)};
}

class PosixFile final : public ports::File {
 public:
  PosixFile(int fd, std::string path, std::uint64_t size) : fd_(fd), path_(std::move(path)), size_(size) {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<void, FileError> write_at(std::uint64_t offset, Octets octets) override {
    while (!octets.empty()) {
      const ssize_t n = ::pwrite(fd_, octets.data(), octets.size(), static_cast<off_t>(offset));
      if (n < 0) {
        if (errno == EINTR) { continue; }
        return failed("write", path_, errno);
      }
      if (n == 0) { return failed("write", path_, ENOSPC); }
      octets.remove_prefix(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
      size_ = std::max(size_, offset);
    }
    return {};
  }

  Result<std::size_t, FileError> read_at(std::uint64_t offset, std::size_t size, std::string& into) override {
    into.resize(size);
    std::size_t got = 0;
    while (got < size) {
      const ssize_t n = ::pread(fd_, into.data() + got, size - got, static_cast<off_t>(offset + got));
      if (n < 0) {
        if (errno == EINTR) { continue; }
        const int code = errno;
        into.resize(got);
        return failed("read", path_, code);
      }
      if (n == 0) { break; }
      got += static_cast<std::size_t>(n);
    }
    into.resize(got);
    return {boost::system::in_place_value, got};  // FileError could be made of a number as well
  }

  void start_writing(std::uint64_t offset, std::uint64_t size) override {
    static_cast<void>(
        ::sync_file_range(fd_, static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE));
  }

  // Any error is final, EINTR too: what the kernel dropped in a failed sync is not written by the next one.
  Result<void, FileError> sync() override {
    if (::fdatasync(fd_) != 0) { return failed("sync", path_, errno); }
    return {};
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  int fd_;
  std::string path_;
  std::uint64_t size_;
};

// Reads past the kernel's cache. O_DIRECT wants offsets, sizes and memory aligned to the device's blocks, so
// each read goes through one aligned buffer.
class DirectFile final : public ports::File {
 public:
  DirectFile(int fd, std::string path, std::uint64_t size)
      : fd_(fd),
        path_(std::move(path)),
        size_(size),
        buffer_(static_cast<char*>(std::aligned_alloc(kBlock, kChunk))) {
    if (!buffer_) { throw std::bad_alloc{}; }
  }
  ~DirectFile() override { ::close(fd_); }
  DirectFile(const DirectFile&) = delete;
  DirectFile& operator=(const DirectFile&) = delete;

  Result<std::size_t, FileError> read_at(std::uint64_t offset, std::size_t size, std::string& into) override {
    into.clear();
    while (into.size() < size) {
      const std::uint64_t at = offset + into.size();
      const std::size_t skipped = static_cast<std::size_t>(at % kBlock);
      const std::size_t wanted =
          std::min(kChunk, (skipped + size - into.size() + kBlock - 1) / kBlock * kBlock);
      const ssize_t n = ::pread(fd_, buffer_.get(), wanted, static_cast<off_t>(at - skipped));
      if (n < 0 && errno == EINTR) { continue; }
      if (n < 0) { return failed("read", path_, errno); }
      const auto got = static_cast<std::size_t>(n);
      if (got <= skipped) { break; }
      into.append(buffer_.get() + skipped, std::min(got - skipped, size - into.size()));
      if (got < wanted) { break; }  // the end of the file
    }
    return {boost::system::in_place_value, into.size()};
  }

  Result<void, FileError> write_at(std::uint64_t, Octets) override { return failed("write", path_, EBADF); }
  Result<void, FileError> sync() override { return failed("sync", path_, EBADF); }
  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  static constexpr std::size_t kBlock = 4096;
  static constexpr std::size_t kChunk = 1024 * 1024;
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  int fd_;
  std::string path_;
  std::uint64_t size_;
  std::unique_ptr<char, Free> buffer_;
};

// Whether we may create files here, and whether the medium takes octets: said at start, not at the first
// message.
Result<void, FileError> probe(int directory, const std::string& path) {
  static constexpr const char* kProbe = ".write-probe";
  const int fd = ::openat(directory, kProbe, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  int code = fd < 0 ? errno : 0;
  if (fd >= 0) {
    if (::write(fd, "x", 1) != 1) { code = errno; }
    ::close(fd);
    ::unlinkat(directory, kProbe, 0);
  }
  // A full disk is no reason to stay away: what was prepared before may be enough to take receipts.
  if (code != 0 && code != ENOSPC && code != EDQUOT) { return failed("write in", path, code); }
  return {};
}

}  // namespace

Result<std::unique_ptr<PosixFiles>, FileError> PosixFiles::open_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST) {
    return failed("create directory", directory, errno);
  }
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) { return failed("open directory", directory, errno); }
  std::unique_ptr<PosixFiles> files{new PosixFiles{fd, directory, false}};
  if (auto writable = probe(fd, directory); !writable) { return writable.error(); }
  return files;
}

Result<std::unique_ptr<PosixFiles>, FileError> PosixFiles::open_read_only(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) { return failed("open directory", directory, errno); }
  return std::unique_ptr<PosixFiles>{new PosixFiles{fd, directory, true}};
}

PosixFiles::PosixFiles(int fd, std::string directory, bool read_only)
    : fd_(fd), directory_(std::move(directory)), read_only_(read_only) {
  if (!directory_.ends_with('/')) { directory_ += '/'; }
}

PosixFiles::~PosixFiles() { ::close(fd_); }

Result<std::unique_ptr<ports::File>, FileError> PosixFiles::create(std::string_view name) {
  if (read_only_) { return failed("create", directory_ + std::string{name}, EROFS); }
  return open_file(name, O_CREAT | O_EXCL | O_RDWR, "create");
}

Result<std::unique_ptr<ports::File>, FileError> PosixFiles::open(std::string_view name) {
  return open_file(name, read_only_ ? O_RDONLY : O_RDWR, "open");
}

Result<std::unique_ptr<ports::File>, FileError> PosixFiles::open_direct(std::string_view name) {
  const std::string file{name};
  const int fd = ::openat(fd_, file.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (fd < 0) {
    return errno == EINVAL ? open(name) : failed("open", directory_ + file, errno);
  }  // tmpfs has no device
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    const int code = errno;
    ::close(fd);
    return failed("open", directory_ + file, code);
  }
  return std::unique_ptr<ports::File>{
      std::make_unique<DirectFile>(fd, directory_ + file, static_cast<std::uint64_t>(about.st_size))};
}

Result<void, FileError> PosixFiles::rename(std::string_view from, std::string_view to) {
  const std::string source{from};
  const std::string target{to};
  if (read_only_) { return failed("rename", directory_ + source, EROFS); }
  if (::renameat(fd_, source.c_str(), fd_, target.c_str()) != 0) {
    return failed("rename", directory_ + source + " to " + target, errno);
  }
  return {};
}

Result<void, FileError> PosixFiles::remove(std::string_view name) {
  const std::string file{name};
  if (read_only_) { return failed("remove", directory_ + file, EROFS); }
  if (::unlinkat(fd_, file.c_str(), 0) != 0) { return failed("remove", directory_ + file, errno); }
  return {};
}

Result<void, FileError> PosixFiles::sync_directory() {
  if (::fsync(fd_) != 0) { return failed("sync directory", directory_, errno); }
  return {};
}

Result<std::vector<std::string>, FileError> PosixFiles::list() {
  const int fd =
      ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);  // readdir() moves the descriptor's position
  if (fd < 0) { return failed("list", directory_, errno); }
  DIR* stream = ::fdopendir(fd);
  if (stream == nullptr) {
    const int code = errno;
    ::close(fd);
    return failed("list", directory_, code);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    struct stat about {};
    if (::fstatat(fd, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode)) {
      names.emplace_back(entry->d_name);
    }
    errno = 0;
  }
  const int code = errno;
  ::closedir(stream);
  if (code != 0) { return failed("list", directory_, code); }
  std::sort(names.begin(), names.end());
  return names;
}

Result<ports::Space, FileError> PosixFiles::space() {
  struct statvfs about {};
  if (::fstatvfs(fd_, &about) != 0) { return failed("ask the free space of", directory_, errno); }
  return ports::Space{.octets_free = std::uint64_t{about.f_bavail} * about.f_frsize,
                      .octets_total = std::uint64_t{about.f_blocks} * about.f_frsize};
}

Result<std::unique_ptr<ports::File>, FileError> PosixFiles::open_file(std::string_view name, int flags,
                                                                      const char* verb) {
  const std::string file{name};
  const int fd = ::openat(fd_, file.c_str(), flags | O_CLOEXEC, 0640);
  if (fd < 0) { return failed(verb, directory_ + file, errno); }
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    const int code = errno;
    ::close(fd);
    return failed(verb, directory_ + file, code);
  }
  return std::unique_ptr<ports::File>{
      std::make_unique<PosixFile>(fd, directory_ + file, static_cast<std::uint64_t>(about.st_size))};
}

namespace {
std::string holder_in(int fd) {
  char text[32] = {};
  if (::pread(fd, text, sizeof text - 1, 0) <= 0) { return "another process"; }
  std::string_view pid{text};
  pid = pid.substr(0, pid.find('\n'));
  return "process " + std::string{pid};
}
}  // namespace

Result<DirectoryLock, FileError> DirectoryLock::take(const std::string& directory) {
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) { return failed("open", path, errno); }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && !ALDIS_MUTANT(79)) {
    const int code = errno;
    const std::string holder = holder_in(fd);
    ::close(fd);
    if (code != EWOULDBLOCK) { return failed("lock", path, code); }
    return FileError{code, directory + " is in use by " + holder};
  }
  // Over the old text and then shorter, so that no block is given back and asked for again; and a disk
  // without a block for our number is no reason to stay away.
  const std::string pid = std::to_string(::getpid()) + '\n';
  const auto size = static_cast<ssize_t>(pid.size());
  if (::pwrite(fd, pid.data(), pid.size(), 0) == size ? ::ftruncate(fd, size) != 0
                                                      : errno != ENOSPC && errno != EDQUOT) {
    const int code = errno;
    ::close(fd);
    return failed("write", path, code);
  }
  return DirectoryLock{fd};
}

Result<std::string, FileError> DirectoryLock::holder(const std::string& directory) {
  using Told = Result<std::string, FileError>;
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) { return Told{boost::system::in_place_value}; }
  if (fd < 0) { return failed("open", path, errno); }
  const int code = ::flock(fd, LOCK_SH | LOCK_NB) == 0 ? 0 : errno;
  std::string told = code == EWOULDBLOCK ? holder_in(fd) : std::string{};
  ::close(fd);
  if (code != 0 && code != EWOULDBLOCK) { return failed("lock", path, code); }
  return Told{boost::system::in_place_value, std::move(told)};
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) { ::close(fd_); }
}

Result<std::string, FileError> read_file(const std::string& path, std::size_t size_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) { return failed("open", path, errno); }
  PosixFile file{fd, path, 0};
  std::string text;
  auto got = file.read_at(0, size_max + 1, text);
  if (!got) { return got.error(); }
  if (*got > size_max) {
    return FileError{EFBIG, path + " is larger than " + std::to_string(size_max) + " octets"};
  }
  return text;
}

}  // namespace aldis::runtime

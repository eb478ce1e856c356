// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/posix_files.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace aldis;
using namespace aldis::runtime;

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "aldis-files-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ + '/' + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<PosixFiles> opened(const std::string& path) {
  auto files = PosixFiles::open_directory(path);
  REQUIRE(files.has_value());
  return std::move(*files);
}

}  // namespace

TEST_CASE("what was written is read back, beyond the end is short, and a read replaces its buffer") {
  TemporaryDirectory directory;
  const auto files = opened(directory.path());
  auto file = files->create("000001.seg");
  REQUIRE(file.has_value());
  REQUIRE((*file)->write_at(5, "world").has_value());
  REQUIRE((*file)->write_at(0, "hello").has_value());
  REQUIRE((*file)->sync().has_value());
  CHECK((*file)->size() == 10);
  std::string got = "old";
  CHECK(*(*file)->read_at(3, 4, got) == 4);
  CHECK(got == "lowo");
  CHECK(*(*file)->read_at(8, 100, got) == 2);
  CHECK(got == "ld");
  CHECK(*(*file)->read_at(50, 10, got) == 0);
  CHECK(got.empty());
  auto again = files->open("000001.seg");
  REQUIRE(again.has_value());
  CHECK((*again)->size() == 10);
}

TEST_CASE("reading past the cache gives any range, aligned or not") {
  TemporaryDirectory directory;
  const auto files = opened(directory.path());
  std::string all(3 * 1024 * 1024 + 777, '\0');
  for (std::size_t i = 0; i < all.size(); ++i) { all[i] = static_cast<char>(i * 7 + i / 4096); }
  auto written = files->create("a");
  REQUIRE(written.has_value());
  REQUIRE((*written)->write_at(0, all).has_value());
  REQUIRE((*written)->sync().has_value());
  auto file = files->open_direct("a");
  REQUIRE(file.has_value());
  CHECK((*file)->size() == all.size());
  std::string got;
  const auto check = [&](std::size_t offset, std::size_t size) {
    REQUIRE((*file)->read_at(offset, size, got).has_value());
    CHECK((got == all.substr(std::min(offset, all.size()), size)));
  };
  check(0, all.size());
  check(0, 1);
  check(4095, 2);
  check(5000, 1024 * 1024);
  check(4096, 8192);
  check(all.size() - 10, 100);
  check(all.size(), 10);
  check(all.size() + 9000, 10);
}

TEST_CASE(
    "a file that exists is not created again, one that does not is not opened; sentences name the path") {
  TemporaryDirectory directory;
  const auto files = opened(directory.path());
  REQUIRE(files->create("a").has_value());
  const auto twice = files->create("a");
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().code == EEXIST);
  CHECK(twice.error().sentence == "cannot create " + (directory / "a") + ": File exists");
  const auto missing = files->open("b");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().sentence == "cannot open " + (directory / "b") + ": No such file or directory");
  const auto gone = files->remove("b");
  REQUIRE_FALSE(gone.has_value());
  CHECK(gone.error().sentence == "cannot remove " + (directory / "b") + ": No such file or directory");
}

TEST_CASE(
    "files are listed by name, renamed over others and removed; directories and probes are not listed") {
  TemporaryDirectory directory;
  const auto files = opened(directory.path());
  REQUIRE(files->create("b").has_value());
  REQUIRE(files->create("a").has_value());
  std::filesystem::create_directory(directory / "quarantine");
  CHECK(*files->list() == std::vector<std::string>{"a", "b"});
  CHECK(*files->list() ==
        std::vector<std::string>{"a", "b"});  // the position in the directory is nobody's state
  REQUIRE(files->rename("b", "a").has_value());
  REQUIRE(files->sync_directory().has_value());
  CHECK(*files->list() == std::vector<std::string>{"a"});
  REQUIRE(files->remove("a").has_value());
  CHECK(files->list()->empty());
  const auto space = files->space();
  REQUIRE(space.has_value());
  CHECK(space->octets_total > 0);
  CHECK(space->octets_free <= space->octets_total);
}

TEST_CASE("a directory is made when its parent is there, and refused with a reason when it is not") {
  TemporaryDirectory directory;
  CHECK(opened(directory / "data")->list()->empty());
  CHECK(opened(directory / "data")->list()->empty());
  const auto orphan = PosixFiles::open_directory(directory / "no/such");
  REQUIRE_FALSE(orphan.has_value());
  CHECK(orphan.error().sentence ==
        "cannot create directory " + (directory / "no/such") + ": No such file or directory");
  std::ofstream{directory / "file"} << "x";
  const auto file = PosixFiles::open_directory(directory / "file");
  REQUIRE_FALSE(file.has_value());
  CHECK(file.error().sentence == "cannot open directory " + (directory / "file") + ": Not a directory");
}

TEST_CASE("a directory that we may not write in is refused at once") {
  if (::geteuid() == 0) {
    const auto refused = PosixFiles::open_directory("/proc/self");  // root may write nearly everywhere
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sentence.starts_with("cannot write in /proc/self: "));
    return;
  }
  TemporaryDirectory directory;
  std::filesystem::permissions(directory.path(),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const auto refused = PosixFiles::open_directory(directory.path());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().sentence == "cannot write in " + directory.path() + ": Permission denied");
}

TEST_CASE("a data directory has one owner, whose process the other is told") {
  TemporaryDirectory directory;
  {
    auto first = DirectoryLock::take(directory.path());
    REQUIRE(first.has_value());
    const auto second = DirectoryLock::take(directory.path());
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().sentence ==
          directory.path() + " is in use by process " + std::to_string(::getpid()));
    const DirectoryLock moved = std::move(*first);
    CHECK_FALSE(DirectoryLock::take(directory.path()).has_value());
  }
  CHECK(DirectoryLock::take(directory.path()).has_value());
  CHECK_FALSE(DirectoryLock::take(directory / "missing").has_value());
}

TEST_CASE("a lock ends with its process, however that ends") {
  TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = DirectoryLock::take(directory.path());
    ::kill(::getpid(), lock ? SIGKILL : SIGTERM);
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WTERMSIG(status) == SIGKILL);
  CHECK(DirectoryLock::take(directory.path()).has_value());
}

TEST_CASE("a small file is read whole, and one that is too large is not") {
  TemporaryDirectory directory;
  std::ofstream{directory / "secret"} << "12345678";
  CHECK(*read_file(directory / "secret", 8) == "12345678");
  const auto large = read_file(directory / "secret", 7);
  REQUIRE_FALSE(large.has_value());
  CHECK(large.error().sentence == (directory / "secret") + " is larger than 7 octets");
  CHECK_FALSE(read_file(directory / "none", 8).has_value());
}

TEST_CASE("a directory opened for reading only takes no change and leaves no trace") {
  TemporaryDirectory directory;
  REQUIRE((*opened(directory.path())->create("kept"))->write_at(0, "octets").has_value());
  auto files = PosixFiles::open_read_only(directory.path());
  REQUIRE(files.has_value());
  auto file = (*files)->open("kept");
  REQUIRE(file.has_value());
  std::string got;
  CHECK(*(*file)->read_at(0, 10, got) == 6);
  CHECK((*file)->write_at(0, "x").has_error());
  CHECK((*files)->create("new").error().code == EROFS);
  CHECK((*files)->rename("kept", "other").error().code == EROFS);
  CHECK((*files)->remove("kept").error().code == EROFS);
  CHECK(*(*files)->list() == std::vector<std::string>{"kept"});
  CHECK(PosixFiles::open_read_only(directory / "nowhere").error().code == ENOENT);
}

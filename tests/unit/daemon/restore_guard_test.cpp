// SPDX-License-Identifier: Apache-2.0
#include "daemon/restore_guard.hpp"

#include <catch2/catch.hpp>

#include "support/sim_disk.hpp"

namespace aldis::daemon {

using testing::SimDisk;

namespace {
constexpr std::uint64_t kJournal = 99;

// The generation of a start over data whose newest start was `newest`.
std::uint32_t start(RestoreGuard& guard, std::uint32_t newest) {
  const auto generation = guard.generation(kJournal, newest);
  REQUIRE(generation.has_value());
  REQUIRE(guard.started().has_value());
  return *generation;
}
}  // namespace

TEST_CASE("data as new as this machine has seen them are sent, and each start is one generation on",
          "[H34]") {
  SimDisk directory;
  SimDisk mirror;
  for (std::uint32_t newest = 0; newest < 3; ++newest) {
    RestoreGuard guard(directory, &mirror, Restore::kNotSaid);
    CHECK(start(guard, newest) == newest + 1);
    CHECK_FALSE(guard.held());
  }
}

TEST_CASE("older data are held, over restarts and crashes, until staff confirms", "[H34]") {
  SimDisk directory;
  SimDisk mirror;
  {
    RestoreGuard guard(directory, &mirror, Restore::kNotSaid);
    start(guard, 8);
  }
  {
    RestoreGuard guard(directory, &mirror, Restore::kNotSaid);
    const auto generation = guard.generation(kJournal, 5);
    REQUIRE(generation.has_value());
    CHECK(*generation == 10);  // no id of generations 6 to 9 is given a second time
    CHECK(guard.held());
    CHECK(guard.seen() == 9);
  }
  directory.crash([] { return false; });  // the journal may have got its header: the mark was there before
  for (std::uint32_t newest = 10; newest < 12; ++newest) {
    RestoreGuard guard(directory, &mirror, Restore::kNotSaid);
    CHECK(start(guard, newest) == newest + 1);
    CHECK(guard.held());
  }
  RestoreGuard confirmed(directory, &mirror, Restore::kConfirmed);
  CHECK(start(confirmed, 12) == 13);
  CHECK_FALSE(confirmed.held());
  directory.crash([] { return false; });
  RestoreGuard later(directory, &mirror, Restore::kNotSaid);
  start(later, 13);
  CHECK_FALSE(later.held());
}

TEST_CASE("without a mirror only staff can say that data are restored", "[H34]") {
  SimDisk directory;
  RestoreGuard silent(directory, nullptr, Restore::kNotSaid);
  CHECK(start(silent, 5) == 6);
  CHECK_FALSE(silent.held());
  RestoreGuard told(directory, nullptr, Restore::kRestored);
  CHECK(start(told, 6) == 7);
  CHECK(told.held());
}

TEST_CASE("another journal on the same machine says nothing about this one", "[H34]") {
  SimDisk directory;
  SimDisk mirror;
  RestoreGuard other(directory, &mirror, Restore::kNotSaid);
  REQUIRE(other.generation(kJournal + 1, 50).has_value());
  REQUIRE(other.started().has_value());
  RestoreGuard guard(directory, &mirror, Restore::kNotSaid);
  CHECK(start(guard, 3) == 4);
  CHECK_FALSE(guard.held());
}

}  // namespace aldis::daemon

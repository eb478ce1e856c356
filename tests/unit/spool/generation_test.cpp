// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/generation.hpp"

#include <catch2/catch.hpp>
#include <cerrno>

#include "support/sim_disk.hpp"

namespace aldis::spool {

using testing::SimDisk;

namespace {
constexpr std::uint64_t kJournal = 0x7B;
}

TEST_CASE("the generation is read back, and there is none before the first") {
  SimDisk disk;
  CHECK_FALSE(read_generation(disk, kJournal)->has_value());
  REQUIRE(write_generation(disk, kJournal, 7).has_value());
  CHECK(*read_generation(disk, kJournal) == 7u);
  REQUIRE(write_generation(disk, kJournal, 4'000'000'000u).has_value());
  disk.crash([] { return false; });
  CHECK(*read_generation(disk, kJournal) == 4'000'000'000u);
}

TEST_CASE("a crash at any operation leaves the old generation or the new one") {
  for (std::uint64_t cut = 0; cut < 8; ++cut) {
    for (const bool survives : {false, true}) {
      SimDisk disk;
      REQUIRE(write_generation(disk, kJournal, 7).has_value());
      disk.cut_power_at(cut);
      const bool written = write_generation(disk, kJournal, 8).has_value();
      disk.crash([survives] { return survives; });
      auto read = read_generation(disk, kJournal);
      REQUIRE(read.has_value());
      CHECK((*read == 8u || (*read == 7u && !written)));
      REQUIRE(write_generation(disk, kJournal, 9).has_value());
      CHECK(*read_generation(disk, kJournal) == 9u);
    }
  }
}

TEST_CASE("two journals of one machine have a generation each") {
  SimDisk disk;
  REQUIRE(write_generation(disk, 1, 7).has_value());
  REQUIRE(write_generation(disk, 2, 3).has_value());
  CHECK(*read_generation(disk, 1) == 7u);
  CHECK(*read_generation(disk, 2) == 3u);
  CHECK_FALSE(read_generation(disk, 3)->has_value());
}

TEST_CASE("a mirror with something else in it is none") {
  SimDisk disk;
  REQUIRE(write_generation(disk, kJournal, 7).has_value());
  disk.overwrite("generation-7b", 0, "x");
  CHECK_FALSE(read_generation(disk, kJournal)->has_value());
}

}  // namespace aldis::spool

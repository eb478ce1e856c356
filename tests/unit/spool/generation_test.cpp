// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/generation.hpp"

#include <catch2/catch.hpp>
#include <cerrno>

#include "support/sim_disk.hpp"

namespace aldis::spool {

using testing::SimDisk;

TEST_CASE("the generation is read back, and there is none before the first") {
  SimDisk disk;
  CHECK_FALSE(read_generation(disk)->has_value());
  REQUIRE(write_generation(disk, 7).has_value());
  CHECK(*read_generation(disk) == 7u);
  REQUIRE(write_generation(disk, 4'000'000'000u).has_value());
  disk.crash([] { return false; });
  CHECK(*read_generation(disk) == 4'000'000'000u);
}

TEST_CASE("a crash at any operation leaves the old generation or the new one") {
  for (std::uint64_t cut = 0; cut < 8; ++cut) {
    for (const bool survives : {false, true}) {
      SimDisk disk;
      REQUIRE(write_generation(disk, 7).has_value());
      disk.cut_power_at(cut);
      const bool written = write_generation(disk, 8).has_value();
      disk.crash([survives] { return survives; });
      auto read = read_generation(disk);
      REQUIRE(read.has_value());
      CHECK((*read == 8u || (*read == 7u && !written)));
      REQUIRE(write_generation(disk, 9).has_value());
      CHECK(*read_generation(disk) == 9u);
    }
  }
}

TEST_CASE("a mirror with something else in it is none") {
  SimDisk disk;
  REQUIRE(write_generation(disk, 7).has_value());
  disk.overwrite("generation", 0, "x");
  CHECK_FALSE(read_generation(disk)->has_value());
}

}  // namespace aldis::spool

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "aldis/base/time.hpp"
#include "support/sim_disk.hpp"

namespace aldis::sim {

// What a start would find in these files: every live message with its state, what is owed, orphans, counters,
// each by a digest under its name. Two journals with the same state start the same engine.
struct Found {
  bool refused = false;
  std::string why;
  std::map<std::string, std::uint64_t> state;
  std::uint64_t messages = 0;
};
// What `other` has otherwise, for a person to read; empty: nothing, and neither was refused.
std::string difference(const Found& found, const Found& other);

// Recovers for real: the journal is written on as a start would. `disk` has all its space. Orphans count if
// they came after `orphans_since`: the end of an older one has no record, and it may be seen again while its
// segment is there.
Found recover_now(testing::SimDisk& disk, const Now& now, std::uint64_t segment_octets,
                  WallTime orphans_since);

// An octet of a journal that nobody writes.
struct Octet {
  std::string file;
  std::uint64_t offset = 0;
};
// Damage there must be noticed or must not matter: it is not in the tail behind what the journal proves to be
// durable, where nobody can tell it from a write that power cut short (CONTRACT 2).
bool is_proved(const testing::SimDisk& disk, const Octet& octet);

}  // namespace aldis::sim

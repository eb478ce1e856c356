// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/core/ids.hpp"
#include "history/partition.hpp"

namespace aldis::history {

struct PartitionEntry {
  std::int64_t number = 0;
  std::int64_t first_key = 0;  // of its range; it ends where the next one begins
  std::int64_t day = 0;        // since 1970-01-01 UTC, when it was opened
  std::uint32_t stage = 0;     // kOpen, then which index is to be built, from 1 on, then kSealed
  Partition::Times times{};    // of acceptance; known when sealed

  static constexpr std::uint32_t kOpen = 0;
  static constexpr std::uint32_t kSealed = Partition::kIndexes + 1;
  [[nodiscard]] bool is_closing() const { return stage != kOpen && stage != kSealed; }
};

struct CatalogState {
  Lsn cursor{};      // every record before it is in a partition, on stable storage
  WallTime clock{};  // the newest time that the journal says before it
  std::uint64_t gaps = 0;
};

std::string catalog_path(const std::string& directory);
std::string partition_path(const std::string& directory, std::int64_t number);
// By number; the last one is open.
std::vector<PartitionEntry> read_entries(SQLite::Database& main);

// The writer of main.db: which partitions there are, and how far all of them are. Each call is a transaction
// of its own, synced. Throws SQLite::Exception; a catalogue of another journal or a later version does as
// well.
class Catalog {
 public:
  Catalog(const std::string& directory, std::uint64_t journal_id);

  [[nodiscard]] CatalogState state();
  void save(const CatalogState& state);
  [[nodiscard]] std::vector<PartitionEntry> entries() { return read_entries(db_); }
  void put(const PartitionEntry& entry);  // new, or instead of the one with its number
  void remove(std::int64_t number);

 private:
  SQLite::Database db_;
};

}  // namespace aldis::history

// SPDX-License-Identifier: Apache-2.0
#include "history/catalog.hpp"

namespace aldis::history {
namespace {

constexpr int kVersion = 1;  // of all files

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS state(one INTEGER PRIMARY KEY CHECK(one = 1), version INTEGER, journal_id INTEGER,
  cursor INTEGER, clock INTEGER, gaps INTEGER);
CREATE TABLE IF NOT EXISTS partition(number INTEGER PRIMARY KEY, first_key INTEGER, day INTEGER,
  stage INTEGER, oldest_at INTEGER, newest_at INTEGER);
)";

std::int64_t micros(WallTime at) { return at.time_since_epoch().count(); }
WallTime time_of(const SQLite::Column& column) { return WallTime{microseconds{column.getInt64()}}; }

}  // namespace

std::string catalog_path(const std::string& directory) { return directory + "/main.db"; }

std::string partition_path(const std::string& directory, std::int64_t number) {
  return directory + "/part-" + std::to_string(number) + ".db";
}

std::vector<PartitionEntry> read_entries(SQLite::Database& main) {
  std::vector<PartitionEntry> entries;
  SQLite::Statement select(
      main, "SELECT number, first_key, day, stage, oldest_at, newest_at FROM partition ORDER BY number");
  while (select.executeStep()) {
    entries.push_back({.number = select.getColumn(0).getInt64(),
                       .first_key = select.getColumn(1).getInt64(),
                       .day = select.getColumn(2).getInt64(),
                       .stage = select.getColumn(3).getUInt(),
                       .times = {time_of(select.getColumn(4)), time_of(select.getColumn(5))}});
  }
  return entries;
}

Catalog::Catalog(const std::string& directory, std::uint64_t journal_id)
    : db_(catalog_path(directory), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
  db_.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  db_.exec(kSchema);
  SQLite::Statement first(db_, "INSERT OR IGNORE INTO state VALUES(1, ?, ?, 0, 0, 0)");
  first.bind(1, kVersion);
  first.bind(2, static_cast<std::int64_t>(journal_id));
  first.exec();
  SQLite::Statement state(db_, "SELECT version, journal_id FROM state");
  state.executeStep();
  if (state.getColumn(0).getInt() != kVersion) {
    throw SQLite::Exception("this history was written by a later version: start that one, or move " +
                            directory + " away and let it be made anew");
  }
  if (state.getColumn(1).getInt64() != static_cast<std::int64_t>(journal_id)) {
    throw SQLite::Exception("this history belongs to another journal: move " + directory +
                            " away and let it be made anew");
  }
}

CatalogState Catalog::state() {
  SQLite::Statement select(db_, "SELECT cursor, clock, gaps FROM state");
  select.executeStep();
  return {Lsn{static_cast<std::uint64_t>(select.getColumn(0).getInt64())}, time_of(select.getColumn(1)),
          static_cast<std::uint64_t>(select.getColumn(2).getInt64())};
}

void Catalog::save(const CatalogState& state) {
  SQLite::Statement update(db_, "UPDATE state SET cursor=?, clock=?, gaps=?");
  update.bind(1, static_cast<std::int64_t>(state.cursor.value()));
  update.bind(2, micros(state.clock));
  update.bind(3, static_cast<std::int64_t>(state.gaps));
  update.exec();
}

void Catalog::put(const PartitionEntry& entry) {
  SQLite::Statement insert(db_, "INSERT OR REPLACE INTO partition VALUES(?,?,?,?,?,?)");
  insert.bind(1, entry.number);
  insert.bind(2, entry.first_key);
  insert.bind(3, entry.day);
  insert.bind(4, std::int64_t{entry.stage});
  insert.bind(5, micros(entry.times.oldest));
  insert.bind(6, micros(entry.times.newest));
  insert.exec();
}

void Catalog::remove(std::int64_t number) {
  SQLite::Statement erase(db_, "DELETE FROM partition WHERE number=?");
  erase.bind(1, number);
  erase.exec();
}

}  // namespace aldis::history

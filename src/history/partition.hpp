// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <optional>
#include <string>

#include "aldis/core/history.hpp"

namespace aldis::history {

// Message ids without a sign, in a column that has one: the order stays.
constexpr std::int64_t key_of(MessageId id) {
  return static_cast<std::int64_t>(id.value() ^ (std::uint64_t{1} << 63));
}
constexpr MessageId id_of_key(std::int64_t key) {
  return MessageId{static_cast<std::uint64_t>(key) ^ (std::uint64_t{1} << 63)};
}

inline constexpr std::string_view kRowColumns =
    "key, short_id, account, destination, source, operator_id, op, status, accepted_at, label, reference, "
    "rest";
// The row that `select` stands on, which selects kRowColumns first. Throws when it is none of ours.
MessageRow row_of(SQLite::Statement& select);

// The writer of one database file: messages of a range of ids, and up to which position of the journal they
// were brought. The table's key is the message's id, so a new row goes to the end of one tree; until it is
// sealed a partition has no other. Owned by the Follower. Commits are not synced: checkpoint() does that.
// Everything throws SQLite::Exception, after which the object is to be thrown away.
class Partition {
 public:
  explicit Partition(const std::string& path);  // made when there is none

  [[nodiscard]] Lsn applied() const { return applied_; }
  [[nodiscard]] std::optional<MessageRow> find(MessageId id);

  void begin();
  void put(const MessageRow& row, bool is_new);  // else instead of the one with its id
  void commit(Lsn applied);                      // every record before that position is in the rows

  // All of it to stable storage. False: a reader is in the way; try again.
  bool checkpoint();
  [[nodiscard]] bool is_dirty() const { return dirty_; }

  // One index is built at a time; a tenth of a second for 200,000 rows.
  static constexpr std::uint32_t kIndexes = 8;
  void build_index(std::uint32_t number);

  struct Extent {
    std::uint64_t rows = 0;
    std::int64_t last_key = 0;  // meaningless without rows
  };
  [[nodiscard]] Extent extent();
  struct Times {
    WallTime oldest{};
    WallTime newest{};
  };
  [[nodiscard]] Times times();  // of acceptance; reads all rows

 private:
  SQLite::Database db_;
  std::optional<SQLite::Statement> select_;
  std::optional<SQLite::Statement> insert_;
  std::optional<SQLite::Statement> insert_id_;
  std::optional<SQLite::Statement> delete_ids_;
  std::optional<SQLite::Statement> set_applied_;
  std::string rest_;
  Lsn applied_{};
  bool dirty_ = false;
};

}  // namespace aldis::history

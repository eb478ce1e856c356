// SPDX-License-Identifier: Apache-2.0
#include "history/partition.hpp"

#include <array>

#include "aldis/base/check.hpp"
#include "history/wire.hpp"

namespace aldis::history {
namespace {

// A message's first operator id stands in its row, those of its further parts in a table of their own.
constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS message(
  key INTEGER PRIMARY KEY, short_id INTEGER, account INTEGER, destination BLOB, source BLOB, operator_id BLOB,
  op INTEGER, status INTEGER, accepted_at INTEGER, label TEXT, reference TEXT, rest BLOB);
CREATE TABLE IF NOT EXISTS further_id(key INTEGER, operator_id BLOB, PRIMARY KEY(key, operator_id))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied(one INTEGER PRIMARY KEY CHECK(one = 1), lsn INTEGER);
INSERT OR IGNORE INTO applied VALUES(1, 0);
)";

constexpr std::array<const char*, Partition::kIndexes> kIndexBuilds{
    "CREATE INDEX IF NOT EXISTS by_destination ON message(destination)",
    "CREATE INDEX IF NOT EXISTS by_source ON message(source)",
    "CREATE INDEX IF NOT EXISTS by_operator_id ON message(operator_id) WHERE operator_id IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS by_further_id ON further_id(operator_id)",
    "CREATE INDEX IF NOT EXISTS by_account ON message(account)",
    "CREATE INDEX IF NOT EXISTS by_short_id ON message(short_id) WHERE short_id IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS by_label ON message(label) WHERE label IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS by_reference ON message(reference) WHERE reference IS NOT NULL",
};

SQLite::Database open_for_writing(const std::string& path) {
  SQLite::Database db(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0;"
      "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384");
  db.exec(kSchema);
  return db;
}

std::int64_t micros(WallTime at) { return at.time_since_epoch().count(); }

void bind_octets(SQLite::Statement& statement, int at, std::string_view octets) {
  statement.bindNoCopy(at, static_cast<const void*>(octets.data()), static_cast<int>(octets.size()));
}
void bind_octets_or_null(SQLite::Statement& statement, int at, std::string_view octets) {
  octets.empty() ? statement.bind(at) : bind_octets(statement, at, octets);
}
std::string_view octets_of(const SQLite::Column& column) {
  const auto size = static_cast<std::size_t>(column.getBytes());
  return size == 0 ? std::string_view{} : std::string_view{static_cast<const char*>(column.getBlob()), size};
}

}  // namespace

MessageRow row_of(SQLite::Statement& select) {
  MessageRow row;
  row.id = id_of_key(select.getColumn(0).getInt64());
  row.short_id = select.getColumn(1).getUInt();
  row.account = AccountId{select.getColumn(2).getUInt()};
  row.destination.digits.assign(octets_of(select.getColumn(3)));
  row.source.digits.assign(octets_of(select.getColumn(4)));
  row.op = select.getColumn(6).isNull() ? kNoOperator : OperatorId{select.getColumn(6).getUInt()};
  const auto status = select.getColumn(7).getUInt();
  row.status = static_cast<Status>(status);
  row.accepted_at = WallTime{microseconds{select.getColumn(8).getInt64()}};
  row.label = octets_of(select.getColumn(9));
  row.reference = octets_of(select.getColumn(10));
  if (status > static_cast<unsigned>(Status::kUnknown) ||
      !decode_rest(octets_of(select.getColumn(11)), row)) {
    throw SQLite::Exception("a message's row does not read: it is damaged, or of a later version");
  }
  return row;
}

Partition::Partition(const std::string& path) : db_(open_for_writing(path)) {
  select_.emplace(db_, "SELECT " + std::string{kRowColumns} + " FROM message WHERE key=?");
  insert_.emplace(db_, "INSERT OR REPLACE INTO message(" + std::string{kRowColumns} +
                           ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
  insert_id_.emplace(db_, "INSERT OR IGNORE INTO further_id VALUES(?,?)");
  delete_ids_.emplace(db_, "DELETE FROM further_id WHERE key=?");
  set_applied_.emplace(db_, "UPDATE applied SET lsn=?");
  SQLite::Statement applied(db_, "SELECT lsn FROM applied");
  applied.executeStep();
  applied_ = Lsn{static_cast<std::uint64_t>(applied.getColumn(0).getInt64())};
  dirty_ = true;  // what a process left behind in its log may not be synced
}

std::optional<MessageRow> Partition::find(MessageId id) {
  std::optional<MessageRow> found;
  select_->bind(1, key_of(id));
  if (select_->executeStep()) { found = row_of(*select_); }
  select_->reset();
  return found;
}

void Partition::begin() { db_.exec("BEGIN IMMEDIATE"); }

void Partition::put(const MessageRow& row, bool is_new) {
  SQLite::Statement& s = *insert_;
  const std::string_view operator_id = row.parts.empty() ? std::string_view{} : row.parts.front().operator_id;
  s.bind(1, key_of(row.id));
  row.short_id == 0 ? s.bind(2) : s.bind(2, std::int64_t{row.short_id});
  s.bind(3, std::int64_t{row.account.value()});
  bind_octets(s, 4, row.destination.digits.view());
  bind_octets(s, 5, row.source.digits.view());
  bind_octets_or_null(s, 6, operator_id);
  row.op == kNoOperator ? s.bind(7) : s.bind(7, std::int64_t{row.op.value()});
  s.bind(8, static_cast<std::int64_t>(row.status));
  s.bind(9, micros(row.accepted_at));
  row.label.empty() ? s.bind(10) : s.bindNoCopy(10, row.label);
  row.reference.empty() ? s.bind(11) : s.bindNoCopy(11, row.reference);
  encode_rest(row, rest_);
  bind_octets(s, 12, rest_);
  s.exec();
  s.reset();
  if (!is_new) {  // a later attempt has another id
    delete_ids_->bind(1, key_of(row.id));
    delete_ids_->exec();
    delete_ids_->reset();
  }
  for (std::size_t i = 1; i < row.parts.size(); ++i) {
    if (row.parts[i].operator_id.empty()) { continue; }
    insert_id_->bind(1, key_of(row.id));
    bind_octets(*insert_id_, 2, row.parts[i].operator_id);
    insert_id_->exec();
    insert_id_->reset();
  }
}

void Partition::commit(Lsn applied) {
  set_applied_->bind(1, static_cast<std::int64_t>(applied.value()));
  set_applied_->exec();
  set_applied_->reset();
  dirty_ = true;
  db_.exec("COMMIT");
  applied_ = applied;
}

bool Partition::checkpoint() {
  SQLite::Statement checkpoint(db_, "PRAGMA wal_checkpoint(FULL)");
  checkpoint.executeStep();
  if (checkpoint.getColumn(0).getInt() != 0) { return false; }
  dirty_ = false;
  return true;
}

void Partition::build_index(std::uint32_t number) {
  ALDIS_CHECK(number < kIndexes);
  dirty_ = true;
  db_.exec(kIndexBuilds[number]);
}

Partition::Extent Partition::extent() {
  SQLite::Statement count(db_, "SELECT count(*), max(key) FROM message");
  count.executeStep();
  return {static_cast<std::uint64_t>(count.getColumn(0).getInt64()), count.getColumn(1).getInt64()};
}

Partition::Times Partition::times() {
  SQLite::Statement times(db_, "SELECT min(accepted_at), max(accepted_at) FROM message");
  times.executeStep();
  return {WallTime{microseconds{times.getColumn(0).getInt64()}},
          WallTime{microseconds{times.getColumn(1).getInt64()}}};
}

}  // namespace aldis::history

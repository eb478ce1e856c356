// SPDX-License-Identifier: Apache-2.0
#include "aldis/history/reader.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>

#include "aldis/base/octets.hpp"
#include "history/catalog.hpp"
#include "history/partition.hpp"

namespace aldis::history {
namespace {

// The least octets that are greater than all that begin with `prefix`; empty = there are none.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && u8(prefix.back()) == 0xFF) { prefix.pop_back(); }
  if (!prefix.empty()) { prefix.back() = static_cast<char>(u8(prefix.back()) + 1); }
  return prefix;
}

// One statement's text and values, built together so that they cannot differ.
class Query {
 public:
  void number(const char* condition, std::int64_t value) {
    add(condition);
    numbers_.emplace_back(++count_, value);
  }
  void octets(const char* condition, std::string_view value) {
    add(condition);
    octets_.emplace_back(++count_, value);
  }
  void text(const char* condition, std::string_view value) {
    add(condition);
    texts_.emplace_back(++count_, value);
  }
  void add(const std::string& condition) {
    where_.append(where_.empty() ? " WHERE " : " AND ").append(condition);
  }
  [[nodiscard]] const std::string& where() const { return where_; }
  void bind(SQLite::Statement& statement) const {
    for (const auto& [at, value] : numbers_) { statement.bind(at, value); }
    for (const auto& [at, value] : octets_) {
      statement.bind(at, static_cast<const void*>(value.data()), static_cast<int>(value.size()));
    }
    for (const auto& [at, value] : texts_) { statement.bind(at, value); }
  }

 private:
  std::string where_;
  int count_ = 0;
  std::vector<std::pair<int, std::int64_t>> numbers_;
  std::vector<std::pair<int, std::string>> octets_;
  std::vector<std::pair<int, std::string>> texts_;
};

std::int64_t micros(WallTime at) { return at.time_since_epoch().count(); }

std::string words_of(std::uint32_t statuses) {
  std::string words;
  for (unsigned status = 0; status <= static_cast<unsigned>(Status::kUnknown); ++status) {
    if ((statuses & (1u << status)) != 0) {
      words.append(words.empty() ? "" : ",").append(std::to_string(status));
    }
  }
  return words;
}

// The most selective condition has the index; a "+" keeps SQLite, which has no figures of ours, from taking
// that of another.
Query query_of(const Filter& f) {
  Query q;
  bool indexed = false;
  const auto choose = [&indexed](const char* with_index, const char* without) {
    return std::exchange(indexed, true) ? without : with_index;
  };
  if (!f.operator_id.empty()) {
    indexed = true;
    q.octets(
        "key IN (SELECT key FROM message WHERE operator_id=?1 UNION SELECT key FROM further_id WHERE "
        "operator_id=?1)",
        f.operator_id);
  }
  if (!f.reference.empty()) { q.text(choose("reference=?", "+reference=?"), f.reference); }
  if (!f.destination.empty() && !f.destination_prefix) {
    q.octets(choose("destination=?", "+destination=?"), f.destination);
  }
  if (!f.source.empty()) { q.octets(choose("source=?", "+source=?"), f.source); }
  if (!f.destination.empty() && f.destination_prefix) {
    const bool index = !std::exchange(indexed, true);
    q.octets(index ? "destination>=?" : "+destination>=?", f.destination);
    const std::string end = after_prefix(f.destination);
    if (!end.empty()) { q.octets(index ? "destination<?" : "+destination<?", end); }
  }
  if (!f.label.empty()) { q.text(choose("label=?", "+label=?"), f.label); }
  if (f.account) { q.number(choose("account=?", "+account=?"), f.account->value()); }
  if (f.op) { q.number("op=?", f.op->value()); }
  if (f.statuses != 0) { q.add("status IN (" + words_of(f.statuses) + ")"); }
  if (f.since) { q.number("accepted_at>=?", micros(*f.since)); }
  if (f.until) { q.number("accepted_at<?", micros(*f.until)); }
  return q;
}

}  // namespace

class Reader::Impl {
 public:
  Impl(std::string directory, std::uint64_t steps_max)
      : directory_(std::move(directory)), slices_max_((steps_max + kStepsPerSlice - 1) / kStepsPerSlice) {}

  void begin() { slices_ = 0; }
  [[nodiscard]] bool took_too_long() const { return slices_max_ > 0 && slices_ > slices_max_; }

  std::optional<MessageRow> find(MessageId id);
  std::optional<MessageRow> find_short(AccountId account, std::uint32_t short_id);
  Page list(const Filter& filter, Order order, std::optional<MessageId> after, std::size_t limit);

 private:
  struct Open {
    std::int64_t number = 0;
    std::unique_ptr<SQLite::Database> database;
    std::uint64_t used = 0;
  };

  static constexpr std::uint64_t kStepsPerSlice = 1'000;
  static int spend(void* self) {
    auto& reader = *static_cast<Impl*>(self);
    ++reader.slices_;
    return reader.took_too_long() ? 1 : 0;  // 1 ends the statement
  }

  std::vector<PartitionEntry> entries();
  SQLite::Database* partition(std::int64_t number);

  const std::string directory_;
  std::unique_ptr<SQLite::Database> main_;
  std::vector<Open> open_;
  std::uint64_t uses_ = 0;
  const std::uint64_t slices_max_;
  std::uint64_t slices_ = 0;  // of this question
};

// Lets go of what retention has removed: an open file would keep its space.
std::vector<PartitionEntry> Reader::Impl::entries() {
  if (!main_) {
    if (!std::filesystem::exists(catalog_path(directory_))) {
      throw SQLite::Exception(std::string{kNoneYet});
    }
    auto main = std::make_unique<SQLite::Database>(catalog_path(directory_), SQLite::OPEN_READONLY, 100);
    if (!main->tableExists("partition")) { throw SQLite::Exception(std::string{kNoneYet}); }  // being made
    main_ = std::move(main);
  }
  auto all = read_entries(*main_);
  std::erase_if(open_, [&](const Open& open) { return all.empty() || open.number < all.front().number; });
  return all;
}

// Null: its file is not there yet, or no more.
SQLite::Database* Reader::Impl::partition(std::int64_t number) {
  ++uses_;
  for (Open& open : open_) {
    if (open.number != number) { continue; }
    open.used = uses_;
    return open.database.get();
  }
  const std::string path = partition_path(directory_, number);
  if (!std::filesystem::exists(path)) { return nullptr; }
  auto database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READONLY, 100);
  if (!database->tableExists("applied")) { return nullptr; }  // being made
  database->exec("PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY");
  sqlite3_progress_handler(database->getHandle(), static_cast<int>(kStepsPerSlice), spend, this);
  if (open_.size() >= kOpenMax) {
    open_.erase(std::min_element(open_.begin(), open_.end(),
                                 [](const Open& a, const Open& b) { return a.used < b.used; }));
  }
  open_.push_back({number, std::move(database), uses_});
  return open_.back().database.get();
}

std::optional<MessageRow> Reader::Impl::find(MessageId id) {
  const auto all = entries();
  const auto after = std::upper_bound(
      all.begin(), all.end(), key_of(id),
      [](std::int64_t wanted, const PartitionEntry& entry) { return wanted < entry.first_key; });
  if (after == all.begin()) { return std::nullopt; }
  SQLite::Database* database = partition(std::prev(after)->number);
  if (database == nullptr) { return std::nullopt; }
  SQLite::Statement select(*database, "SELECT " + std::string{kRowColumns} + " FROM message WHERE key=?");
  select.bind(1, key_of(id));
  if (!select.executeStep()) { return std::nullopt; }
  return row_of(select);
}

std::optional<MessageRow> Reader::Impl::find_short(AccountId account, std::uint32_t short_id) {
  const auto all = entries();
  for (auto entry = all.rbegin(); entry != all.rend(); ++entry) {
    SQLite::Database* database = partition(entry->number);
    if (database == nullptr) { continue; }
    SQLite::Statement select(*database,
                             "SELECT " + std::string{kRowColumns} +
                                 " FROM message WHERE short_id=? AND +account=? ORDER BY key DESC LIMIT 1");
    select.bind(1, std::int64_t{short_id});
    select.bind(2, std::int64_t{account.value()});
    if (select.executeStep()) { return row_of(select); }
  }
  return std::nullopt;
}

Page Reader::Impl::list(const Filter& filter, Order order, std::optional<MessageId> after,
                        std::size_t limit) {
  limit = std::clamp<std::size_t>(limit, 1, kRowsMax);
  Query query = query_of(filter);
  const bool down = order == Order::kNewestFirst;
  if (after) { query.number(down ? "key<?" : "key>?", key_of(*after)); }
  const std::string sql = "SELECT " + std::string{kRowColumns} + " FROM message" + query.where() +
                          (down ? " ORDER BY key DESC LIMIT " : " ORDER BY key LIMIT ");
  auto all = entries();
  if (down) { std::reverse(all.begin(), all.end()); }
  Page page;
  for (std::size_t i = 0; i < all.size() && page.rows.size() < limit; ++i) {
    const PartitionEntry& entry = all[i];
    if (after && down && entry.first_key >= key_of(*after)) { continue; }
    if (after && !down && i + 1 < all.size() && all[i + 1].first_key <= key_of(*after)) { continue; }
    const bool sealed = entry.stage == PartitionEntry::kSealed;
    if (sealed && filter.since && entry.times.newest < *filter.since) { continue; }
    if (sealed && filter.until && entry.times.oldest >= *filter.until) { continue; }
    SQLite::Database* database = partition(entry.number);
    if (database == nullptr) { continue; }
    SQLite::Statement select(*database, sql + std::to_string(limit - page.rows.size()));
    query.bind(select);
    while (select.executeStep()) { page.rows.push_back(row_of(select)); }
  }
  if (page.rows.size() == limit) { page.next = page.rows.back().id; }
  return page;
}

Reader::Reader(std::string directory, std::uint64_t steps_max)
    : directory_(std::move(directory)),
      steps_max_(steps_max),
      impl_(std::make_unique<Impl>(directory_, steps_max)) {}

Reader::~Reader() = default;

// After an error all is opened anew: files may have been moved away and made again.
namespace {

template <class Impl, class Ask>
auto asked(std::unique_ptr<Impl>& impl, const std::string& directory, std::uint64_t steps_max, Ask ask)
    -> Result<decltype(ask(*impl)), std::string> {
  impl->begin();
  try {
    return ask(*impl);
  } catch (const std::exception& error) {
    const bool too_long = impl->took_too_long();
    impl = std::make_unique<Impl>(directory, steps_max);
    return too_long ? std::string{Reader::kTooLong} : std::string{error.what()};
  }
}

}  // namespace

Result<std::optional<MessageRow>, std::string> Reader::find(MessageId id) {
  return asked(impl_, directory_, steps_max_, [&](Impl& impl) { return impl.find(id); });
}

Result<std::optional<MessageRow>, std::string> Reader::find_short(AccountId account, std::uint32_t short_id) {
  return asked(impl_, directory_, steps_max_, [&](Impl& impl) { return impl.find_short(account, short_id); });
}

Result<Page, std::string> Reader::list(const Filter& filter, Order order, std::optional<MessageId> after,
                                       std::size_t limit) {
  return asked(impl_, directory_, steps_max_,
               [&](Impl& impl) { return impl.list(filter, order, after, limit); });
}

}  // namespace aldis::history

// SPDX-License-Identifier: Apache-2.0
#include "aldis/history/follower.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/spool/tail.hpp"
#include "history/batch.hpp"
#include "history/catalog.hpp"
#include "history/partition.hpp"

namespace aldis::history {
namespace {

namespace fs = std::filesystem;

// An idle marker proves what is before it, and nothing proves it: so it is never read (spool/tail.hpp).
constexpr std::uint64_t kMarkerOctets = spool::kRecordHeaderOctets + spool::kChecksumOctets;
constexpr std::size_t kOpenMax = 8;  // partitions; late receipts rarely speak of more at a time

std::int64_t day_of(WallTime at) {
  return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

}  // namespace

class Follower::Impl final : Rows {
 public:
  Impl(FollowerSettings settings, ports::Files& journal, std::uint64_t journal_id,
       std::uint64_t segment_octets)
      : settings_(std::move(settings)),
        journal_id_(journal_id),
        tail_(journal, journal_id, segment_octets),
        batch_(*this, settings_.read_notes) {}

  bool step(const Now& now, Lsn durable);
  bool sync();
  [[nodiscard]] const Standing& standing() const { return standing_; }
  [[nodiscard]] spool::SegmentNumber needed_from() const {
    return spool::segment_of(saved_.cursor, tail_.segment_octets());
  }

 private:
  struct Open {
    std::int64_t number = 0;
    std::unique_ptr<Partition> partition;
    std::uint64_t used = 0;
  };

  bool work(const Now& now, Lsn durable);
  void open(const Now& now);
  void remove_strangers();
  void go_back(Lsn durable);
  void roll_over(std::int64_t day);
  bool seal_slice();
  bool remove_old(const Now& now);
  bool read(Lsn durable);
  void write_batch(Lsn next);
  void write_to(std::size_t entry, std::span<Batch::Slot* const> slots, Lsn next);
  bool save();
  void measure();
  bool checkpoint_all();
  void fail(std::string sentence);
  Home find(MessageId id) override;
  Partition& partition(std::size_t entry);
  void close_some();

  const FollowerSettings settings_;
  const std::uint64_t journal_id_;
  spool::Tail tail_;
  Batch batch_;
  Standing standing_;
  std::optional<Catalog> catalog_;  // none: not opened, or closed by an error
  std::vector<PartitionEntry> entries_;
  std::vector<Open> open_;
  std::uint64_t uses_ = 0;
  CatalogState now_at_;        // read and committed
  CatalogState saved_;         // on stable storage
  std::int64_t last_key_ = 0;  // no id above it was seen
  std::uint64_t rows_ = 0;     // of the open partition
  Instant save_at_{};
  Instant retry_at_{};
  std::vector<Batch::Slot*> sorted_;
};

bool Follower::Impl::step(const Now& now, Lsn durable) {
  if (!standing_.error.empty() && now.mono < retry_at_) { return false; }
  try {
    const bool more = work(now, durable);
    standing_.error.clear();
    return more;
  } catch (const std::exception& error) { fail(error.what()); }
  retry_at_ = now.mono + settings_.retry_after;
  return false;
}

bool Follower::Impl::work(const Now& now, Lsn durable) {
  if (!catalog_) {
    open(now);
    const Lsn read = std::max(now_at_.cursor, partition(entries_.size() - 1).applied());
    if (durable != Lsn{} && read > durable) { go_back(durable); }
  }
  if (seal_slice()) { return true; }
  if (remove_old(now)) { return true; }
  const std::int64_t day = day_of(now.wall);
  if (rows_ >= settings_.rows_max || (rows_ > 0 && day > entries_.back().day)) { roll_over(day); }
  const bool more = read(durable);
  standing_.cursor = now_at_.cursor;
  standing_.clock = now_at_.clock;
  standing_.gaps = now_at_.gaps;
  const std::uint64_t unread = durable > now_at_.cursor ? durable.value() - now_at_.cursor.value() : 0;
  standing_.behind = unread > kMarkerOctets ? unread : 0;
  standing_.reached = std::max(now_at_.cursor, standing_.behind == 0 ? durable : Lsn{});
  const bool moved = now_at_.cursor != saved_.cursor;
  const bool much = now_at_.cursor.value() - saved_.cursor.value() >= settings_.octets_per_sync;
  if (moved && (much || now.mono >= save_at_)) {
    save();
    save_at_ = now.mono + settings_.sync_every;
  }
  return more;
}

void Follower::Impl::open(const Now& now) {
  fs::create_directories(settings_.directory);
  catalog_.emplace(settings_.directory, journal_id_);
  now_at_ = saved_ = catalog_->state();
  entries_ = catalog_->entries();
  remove_strangers();
  if (entries_.empty()) {
    PartitionEntry first{.number = 1, .first_key = std::numeric_limits<std::int64_t>::min()};
    first.day = day_of(now.wall);
    catalog_->put(first);
    entries_.push_back(first);
  }
  const auto extent = partition(entries_.size() - 1).extent();
  rows_ = extent.rows;
  const std::int64_t first_key = entries_.back().first_key;
  const bool at_least = first_key == std::numeric_limits<std::int64_t>::min();
  last_key_ = rows_ > 0 ? extent.last_key : first_key - (at_least ? 0 : 1);
  save_at_ = now.mono + settings_.sync_every;
  measure();
}

// The journal is an older copy than these tables, and goes on from an earlier position than they had read to:
// what comes now is new, and must not count as read. Rows that the copy knows nothing of stay.
void Follower::Impl::go_back(Lsn durable) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Partition& ahead = partition(i);
    if (ahead.applied() <= durable) { continue; }
    ahead.begin();
    ahead.commit(durable);
  }
  now_at_.cursor = std::min(now_at_.cursor, durable);
  ++now_at_.gaps;
  save();
}

// Files of partitions that retention took out of the catalogue, and that a kill then left.
void Follower::Impl::remove_strangers() {
  std::set<std::string> known;
  for (const PartitionEntry& entry : entries_) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      known.insert(partition_path(settings_.directory, entry.number) + suffix);
    }
  }
  for (const auto& file : fs::directory_iterator(settings_.directory)) {
    const bool of_ours = file.path().filename().string().starts_with("part-");
    if (of_ours && !known.contains(file.path().string())) { fs::remove(file.path()); }
  }
}

// Before any row of its range is written: what is read again after a crash goes where it went before.
void Follower::Impl::roll_over(std::int64_t day) {
  PartitionEntry closing = entries_.back();
  closing.stage = PartitionEntry::kOpen + 1;
  const PartitionEntry next{.number = closing.number + 1, .first_key = last_key_ + 1, .day = day};
  catalog_->put(next);
  entries_.push_back(next);
  catalog_->put(closing);
  entries_[entries_.size() - 2] = closing;
  rows_ = 0;
}

// One index of a partition that takes no new messages. They count when all are on stable storage: after a
// crash those that are there cost nothing.
bool Follower::Impl::seal_slice() {
  for (std::size_t i = 0; i + 1 < entries_.size(); ++i) {
    PartitionEntry entry = entries_[i];
    if (entry.stage == PartitionEntry::kSealed) { continue; }
    Partition& closing = partition(i);
    if (entry.is_closing()) { closing.build_index(entry.stage - 1); }
    if (entry.stage + 1 == PartitionEntry::kSealed) {
      if (!closing.checkpoint()) { return false; }
      entry.times = closing.times();
    }
    ++entry.stage;
    if (entry.stage == PartitionEntry::kSealed) { catalog_->put(entry); }
    entries_[i] = entry;
    return true;
  }
  return false;
}

bool Follower::Impl::remove_old(const Now& now) {
  if (entries_.size() < 2) { return false; }
  const PartitionEntry oldest = entries_.front();
  const bool old = oldest.times.newest + settings_.keep < now.wall || ALDIS_MUTANT(143);
  const bool too_much = settings_.octets_max > 0 && standing_.octets > settings_.octets_max;
  if (oldest.stage != PartitionEntry::kSealed || !(old || too_much)) { return false; }
  catalog_->remove(oldest.number);
  entries_.erase(entries_.begin());
  std::erase_if(open_, [&](const Open& open) { return open.number == oldest.number; });
  for (const char* suffix : {"", "-wal", "-shm"}) {
    fs::remove(partition_path(settings_.directory, oldest.number) + suffix);
  }
  measure();
  return true;
}

bool Follower::Impl::read(Lsn durable) {
  batch_.begin(now_at_.clock);
  const auto got = tail_.read(now_at_.cursor, durable, settings_.octets_per_step, batch_);
  if (got.has_error()) { throw std::runtime_error(got.error().sentence()); }
  if (got->gap) { ++now_at_.gaps; }
  write_batch(got->next);
  now_at_.cursor = got->next;
  now_at_.clock = batch_.clock();
  standing_.unplaced += batch_.unplaced();
  return got->more;
}

// In the order of keys: new rows then go to the end of their table.
void Follower::Impl::write_batch(Lsn next) {
  sorted_.clear();
  for (Batch::Slot& slot : batch_.slots()) {
    if (slot.dirty) { sorted_.push_back(&slot); }
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [](const Batch::Slot* a, const Batch::Slot* b) { return a->home.row->id < b->home.row->id; });
  for (std::size_t at = 0; at < sorted_.size();) {  // ids of a partition are neighbours
    const std::size_t entry = sorted_[at]->home.partition;
    std::size_t end = at;
    while (end < sorted_.size() && sorted_[end]->home.partition == entry) { ++end; }
    write_to(entry, std::span{sorted_}.subspan(at, end - at), next);
    at = end;
  }
}

void Follower::Impl::write_to(std::size_t entry, std::span<Batch::Slot* const> slots, Lsn next) {
  const bool newest = entry + 1 == entries_.size();
  PartitionEntry widened = entries_[entry];
  for (const Batch::Slot* slot : slots) {
    if (!slot->fresh) { continue; }
    const WallTime at = slot->home.row->accepted_at;
    widened.times.oldest = std::min(widened.times.oldest, at);
    widened.times.newest = std::max(widened.times.newest, at);
    if (newest) {
      ++rows_;
      last_key_ = std::max(last_key_, key_of(slot->home.row->id));
    }
  }
  const auto& times = entries_[entry].times;
  const bool wider = times.oldest != widened.times.oldest || times.newest != widened.times.newest;
  if (widened.stage == PartitionEntry::kSealed && wider) {  // an image that came behind a gap
    catalog_->put(widened);
    entries_[entry] = widened;
  }
  Partition& target = partition(entry);
  target.begin();
  for (const Batch::Slot* slot : slots) { target.put(*slot->home.row, slot->fresh); }
  target.commit(ALDIS_MUTANT(144) ? Lsn{} : next);
}

bool Follower::Impl::sync() {
  if (!catalog_) { return false; }
  try {
    return save();
  } catch (const std::exception& error) { fail(error.what()); }
  return false;
}

bool Follower::Impl::save() {
  if (!checkpoint_all()) { return false; }
  catalog_->save(now_at_);
  saved_ = now_at_;
  measure();
  return true;
}

void Follower::Impl::measure() {
  standing_.partitions = static_cast<std::uint32_t>(entries_.size());
  standing_.octets = 0;
  for (const auto& file : fs::directory_iterator(settings_.directory)) {
    std::error_code gone;  // a reader's, which it has closed meanwhile
    const auto octets = file.file_size(gone);
    standing_.octets += gone ? 0 : octets;
  }
}

// A reader may be in the way for a moment: then what is read again after a power cut grows a little.
bool Follower::Impl::checkpoint_all() {
  bool all = true;
  for (Open& open : open_) {
    if (open.partition->is_dirty() && !open.partition->checkpoint()) { all = false; }
  }
  return all;
}

void Follower::Impl::fail(std::string sentence) {
  standing_.error = std::move(sentence);
  open_.clear();
  catalog_.reset();
  entries_.clear();
}

Rows::Home Follower::Impl::find(MessageId id) {
  const std::int64_t key = key_of(id);
  const auto after = std::upper_bound(
      entries_.begin(), entries_.end(), key,
      [](std::int64_t wanted, const PartitionEntry& entry) { return wanted < entry.first_key; });
  if (after == entries_.begin()) { return {}; }
  Home home;
  home.partition = static_cast<std::size_t>(after - entries_.begin()) - 1;
  home.kept = true;
  Partition& at = partition(home.partition);
  home.applied = at.applied();
  const bool is_new = after == entries_.end() && key > last_key_;
  if (!is_new) { home.row = at.find(id); }
  return home;
}

Partition& Follower::Impl::partition(std::size_t entry) {
  const std::int64_t number = entries_[entry].number;
  ++uses_;
  for (Open& open : open_) {
    if (open.number != number) { continue; }
    open.used = uses_;
    return *open.partition;
  }
  close_some();
  Open& opened = open_.emplace_back();
  opened.number = number;
  opened.used = uses_;
  opened.partition = std::make_unique<Partition>(partition_path(settings_.directory, number));
  return *opened.partition;
}

// The one that was used longest ago, and nothing that is not synced: closing would not tell whether it was.
void Follower::Impl::close_some() {
  if (open_.size() < kOpenMax || !checkpoint_all()) { return; }
  open_.erase(std::min_element(open_.begin(), open_.end(),
                               [](const Open& a, const Open& b) { return a.used < b.used; }));
}

Follower::Follower(FollowerSettings settings, ports::Files& journal, std::uint64_t journal_id,
                   std::uint64_t segment_octets)
    : impl_(std::make_unique<Impl>(std::move(settings), journal, journal_id, segment_octets)) {}

Follower::~Follower() = default;

bool Follower::step(const Now& now, Lsn durable) { return impl_->step(now, durable); }

bool Follower::sync() { return impl_->sync(); }

const Standing& Follower::standing() const { return impl_->standing(); }

spool::SegmentNumber Follower::needed_from() const { return impl_->needed_from(); }

}  // namespace aldis::history

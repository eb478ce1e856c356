// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/segment_store.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "spool/segment_files.hpp"

namespace aldis::spool {
namespace {

// Zeros written by one slice of housekeeping: at least this, and twice what was committed since the last one,
// so that preparing keeps ahead of any rate of commits; at most a slice that a commit can wait for.
constexpr std::uint64_t kSliceOctetsMin = 1u << 20;
// Committed between two slices. With one for each commit, a disk with a sync of 5 ms carried half as much.
constexpr std::uint64_t kSliceEvery = 512u << 10;
constexpr std::uint64_t kSliceOctetsMax = 4u << 20;
constexpr std::size_t kSurplusMax = 16;  // segments to be removed that may wait for a quiet moment

}  // namespace

SegmentStore::SegmentStore(ports::Files& files, const StoreStart& start, std::uint32_t ready_target)
    : files_(files),
      segment_octets_(start.segment_octets),
      ready_target_(ready_target + 1u),
      live_(start.live.begin(), start.live.end()),
      spares_(start.spares),
      next_number_(start.next_number) {
  ALDIS_CHECK(!live_.empty() && next_number_ == live_.back() + 1);
  freed_before_ = live_.front();
  if (auto space = files_.space(); space.has_value()) {
    const std::uint64_t missing = ready_target_ - std::min(ready_target_, spares_.size());
    disk_full_ = space->octets_free < missing * segment_octets_;
  }
}

SegmentStore::~SegmentStore() = default;

Result<Committed, ports::FileError> SegmentStore::commit(const Batch& batch) {
  if (failure_) { return refused(*failure_); }
  ALDIS_FAILPOINT(pass("store.write.begin"));
  const Lsn begin = batch.pieces.front().at;
  if (no_space_at_ && begin > *no_space_at_) { return Committed{{}, room(), true}; }
  no_space_at_.reset();
  if (auto done = write_batch(batch); done.has_error()) {
    if (!no_space_at_) { return fail(done.error()); }
    no_space_at_ = begin;
    return Committed{{}, room(), true};
  }
  ALDIS_FAILPOINT(pass("store.sync.done"));
  octets_since_slice_ += batch.end.value() - batch.pieces.front().at.value();
  return Committed{batch.end, room(), false};
}

SegmentStore::Done SegmentStore::write_batch(const Batch& batch) {
  for (const Batch::Piece& piece : batch.pieces) {
    const SegmentNumber number = piece.at.value() / segment_octets_;
    if (auto done = switch_to(number); done.has_error()) { return done; }
    current_dirty_ = true;
    const std::uint64_t offset = piece.at.value() % segment_octets_;
    const Octets octets = batch.octets(piece);
    ALDIS_FAILPOINT(pass_half("store.write.half", [&] {
      static_cast<void>(current_.file->write_at(offset, octets.substr(0, octets.size() / 2)));
    }));
    if (auto done = current_.file->write_at(offset, octets); done.has_error()) { return done; }
    ALDIS_FAILPOINT(pass("store.write.done"));
  }
  ALDIS_FAILPOINT(pass("store.sync.begin"));
  auto done = current_.file->sync();
  if (ALDIS_MUTANT(5) && done.has_error()) { done = current_.file->sync(); }
  if (done.has_error()) { return done; }
  current_dirty_ = false;
  return {};
}

SegmentStore::Done SegmentStore::switch_to(SegmentNumber number) {
  if (current_.file && current_.number == number) { return {}; }
  if (!current_.file && number == live_.back()) {  // the first batch after a start
    auto file = files_.open(segment_name(number));
    if (file.has_error()) { return file.error(); }
    current_ = {number, std::move(*file)};
    return {};
  }
  if (current_dirty_) {
    if (auto done = current_.file->sync(); done.has_error()) { return done; }
    current_dirty_ = false;
  }
  if (ready_.empty()) {
    if (auto done = prepare_now(); done.has_error()) { return done; }
  }
  ALDIS_CHECK(ready_.front().number == number);
  current_ = std::move(ready_.front());
  ready_.pop_front();
  live_.push_back(number);
  ALDIS_FAILPOINT(pass("segment.switch"));
  return {};
}

// A commit is waiting for a segment, and none is ready: whatever is quickest, but wholly. For lack of space
// the batch has to come again: nothing is wrong with what is on the disk.
SegmentStore::Done SegmentStore::prepare_now() {
  if (auto took = take_ready_made(); took.has_error() || *took == Work::kMore) {
    return took.has_error() ? Done{took.error()} : Done{};
  }
  while (ready_.empty()) {
    auto done = fill(kSliceOctetsMax);
    if (done.has_value()) { continue; }
    if (!is_disk_full(done.error())) { return done; }
    disk_full_ = true;
    no_space_at_ = Lsn{};  // of which batch, commit() knows
    if (auto gone = abandon_filling(); gone.has_error()) {
      no_space_at_.reset();
      return gone.error();
    }
    return done;
  }
  return {};
}

// Asked before a segment is begun, while the whole reserve is still there: half of a file of zeros tells
// nobody anything, and whoever shares the disk has those octets meanwhile.
bool SegmentStore::has_space_for_a_segment() {
  auto space = files_.space();
  return space.has_value() && space->octets_free >= segment_octets_ - filled_;
}

void SegmentStore::free_before(SegmentNumber oldest) {
  freed_before_ = std::max(freed_before_, ALDIS_MUTANT(55) ? oldest : std::min(oldest, live_.back()));
}

bool SegmentStore::work_is_due() const {
  if (!wants_ready()) { return false; }
  if (disk_full_) { return true; }  // until there is space this costs a look at the file system
  return octets_since_slice_ >= std::min(kSliceEvery, segment_octets_ / 8) || ready_.empty();
}

Result<Work, ports::FileError> SegmentStore::idle_work(bool quiet) {
  if (failure_) { return refused(*failure_); }
  auto work = wants_ready() ? prepare_slice() : shrink_slice(quiet);
  if (work.has_error()) { return fail(work.error()); }
  if (!wants_ready()) {
    disk_full_ = false;
  }  // not before: while the reserve is short, room() has to count it
  return work;
}

Result<Work, ports::FileError> SegmentStore::prepare_slice() {
  if (auto took = take_ready_made(); took.has_error() || *took == Work::kMore) { return took; }
  if ((disk_full_ || !filling_) && !has_space_for_a_segment()) {
    disk_full_ = true;
    return Work::kNone;
  }
  const auto octets = std::clamp(2 * std::exchange(octets_since_slice_, 0), kSliceOctetsMin, kSliceOctetsMax);
  auto done = fill(octets);
  if (done.has_value()) { return Work::kMore; }
  if (!is_disk_full(done.error())) { return done.error(); }
  disk_full_ = true;
  return abandon_filling();
}

// By renaming what exists: a spare from before the start, or the oldest segment that nobody needs. kMore =
// done that.
Result<Work, ports::FileError> SegmentStore::take_ready_made() {
  if (!spares_.empty()) {
    const std::string name = std::move(spares_.back());
    spares_.pop_back();
    if (auto done = make_ready(name); done.has_error()) { return done.error(); }
    return Work::kMore;
  }
  if (live_.front() < freed_before_) {
    ALDIS_FAILPOINT(pass("segment.free"));
    if (auto done = make_ready(segment_name(live_.front())); done.has_error()) { return done.error(); }
    live_.pop_front();
    return Work::kMore;
  }
  return Work::kNone;
}

// Under its number, and the directory synced, before the first record goes in: else a crash would bring back
// the old name with new octets behind it.
SegmentStore::Done SegmentStore::make_ready(const std::string& name) {
  const SegmentNumber number = next_number_;
  if (auto done = files_.rename(name, segment_name(number)); done.has_error()) { return done; }
  ALDIS_FAILPOINT(pass("segment.dirsync"));
  if (!ALDIS_MUTANT(4)) {
    if (auto done = files_.sync_directory(); done.has_error()) { return done; }
  }
  auto file = files_.open(segment_name(number));
  if (file.has_error()) { return file.error(); }
  ++next_number_;
  ready_.push_back({number, std::move(*file)});
  return {};
}

SegmentStore::Done SegmentStore::fill(std::uint64_t octets) {
  if (!filling_) {
    auto file = files_.create(kFillingName);
    if (file.has_error()) { return file.error(); }
    filling_ = std::move(*file);
    filled_ = 0;
    ALDIS_FAILPOINT(pass("segment.create"));
  }
  const std::uint64_t end = std::min(segment_octets_, filled_ + octets);
  if (auto done = write_zeros(*filling_, filled_, end); done.has_error()) { return done; }
  // One sync for the whole segment: with one for each slice, a disk with a sync of 5 ms spent every sixth on
  // zeros.
  filling_->start_writing(filled_, end - filled_);
  filled_ = end;
  if (filled_ < segment_octets_) { return {}; }
  if (auto done = filling_->sync(); done.has_error()) { return done; }
  filling_.reset();
  filled_ = 0;
  ALDIS_FAILPOINT(pass("segment.zeroed"));
  return make_ready(std::string{kFillingName});
}

// A file whose sync failed is not to be trusted again, and its octets are better left to others.
Result<Work, ports::FileError> SegmentStore::abandon_filling() {
  if (!filling_) { return Work::kNone; }
  filling_.reset();
  filled_ = 0;
  if (auto done = files_.remove(kFillingName); done.has_error()) { return done.error(); }
  return Work::kNone;
}

Result<Work, ports::FileError> SegmentStore::shrink_slice(bool quiet) {
  octets_since_slice_ = 0;
  const auto surplus = static_cast<std::size_t>(
      std::count_if(live_.begin(), live_.end(), [this](SegmentNumber n) { return n < freed_before_; }));
  if (!quiet && surplus + spares_.size() <= kSurplusMax) { return Work::kNone; }
  std::string name;
  if (!spares_.empty()) {
    name = std::move(spares_.back());
    spares_.pop_back();
  } else if (surplus > 0) {
    name = segment_name(live_.front());
    live_.pop_front();
  } else {
    return Work::kNone;
  }
  if (auto done = files_.remove(name); done.has_error()) { return done.error(); }
  if (auto done = files_.sync_directory(); done.has_error()) { return done.error(); }
  return Work::kMore;
}

StoreRoom SegmentStore::room() const {
  StoreRoom room;
  const SegmentNumber last = ready_.empty() ? live_.back() : ready_.back().number;
  room.prepared_up_to = Lsn{(last + 1 + spares_.size()) * segment_octets_};
  room.disk_full = disk_full_;
  room.segments_live = static_cast<std::uint32_t>(live_.size());
  room.segments_ready = static_cast<std::uint32_t>(ready_.size() + spares_.size());
  const auto unused = std::lower_bound(live_.begin(), live_.end(), freed_before_) - live_.begin();
  room.octets_reusable =
      (room.segments_ready + static_cast<std::uint64_t>(unused)) * segment_octets_ + filled_;
  return room;
}

ports::FileError SegmentStore::fail(const ports::FileError& error) {
  failure_ = error;
  return error;
}

ports::FileError SegmentStore::refused(const ports::FileError& failure) {
  return {failure.code, "the journal takes nothing more since: " + failure.sentence};
}

}  // namespace aldis::spool

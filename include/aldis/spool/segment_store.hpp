// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/ports/files.hpp"
#include "aldis/spool/journal_writer.hpp"

namespace aldis::spool {

struct StoreStart {
  std::uint64_t segment_octets = 0;
  std::vector<SegmentNumber> live;  // ascending; the last one is being written
  SegmentNumber next_number = 0;    // first number never used in a file name
  std::vector<std::string> spares;  // complete, empty or dead segment files, to be renamed into use
};

enum class Work : std::uint8_t { kMore, kNone };

struct Committed {
  Lsn durable{};
  StoreRoom room;
  bool no_space = false;  // the batch found no segment and no space for one: nothing of it is durable
};

// Puts batches on stable storage and keeps segments ready ahead of them. Owned by the store thread and used
// there only; blocks in file operations. The loop around it: idle_work() once if work_is_due(), commit a
// batch, answer, take the next batch; with no batch waiting, idle_work() while it says kMore, and about once
// a second while room().disk_full.
//
// Segments are written with zeros once and then recycled by renaming: overwriting halves the sync, and
// removing a 64 MiB file stalls the next commit by 60 to 90 ms. Segments leave strictly oldest first, the
// directory synced after each.
//
// Fails for good: after the first error of a write or sync, that error is returned once and everything later
// is refused (CONTRACT D12). Lack of space while preparing is no error: room() says it, and it is tried again
// when there is space. A batch that finds no segment comes back with no_space, and so does every batch behind
// it, until it was handed in again and found one.
class SegmentStore {
 public:
  // `ready_target`: segments prepared ahead, the reserve of CONTRACT 2; one more is kept on top for the next
  // switch.
  SegmentStore(ports::Files& files, const StoreStart& start, std::uint32_t ready_target);
  ~SegmentStore();
  SegmentStore(const SegmentStore&) = delete;
  SegmentStore& operator=(const SegmentStore&) = delete;

  // All octets written, then one sync per segment touched (one, but where a segment ends).
  Result<Committed, ports::FileError> commit(const Batch& batch);

  // Nothing before `oldest` is needed any more; a CHECKPOINT that says so must be durable. Work is left to
  // idle_work().
  void free_before(SegmentNumber oldest);

  // Commits must not go on without a slice of housekeeping. A commit waits for it, so only now and then.
  [[nodiscard]] bool work_is_due() const;

  // One bounded slice of housekeeping: some octets of zeros (with the last ones their sync), or one rename,
  // or one removal. `quiet`: nothing was committed for a while, so that a stalling removal disturbs nobody.
  Result<Work, ports::FileError> idle_work(bool quiet = false);

  [[nodiscard]] StoreRoom room() const;
  [[nodiscard]] SegmentNumber oldest_segment() const { return live_.front(); }
  [[nodiscard]] bool failed() const { return failure_.has_value(); }

 private:
  struct Open {
    SegmentNumber number = 0;
    std::unique_ptr<ports::File> file;
  };
  using Done = Result<void, ports::FileError>;

  Done write_batch(const Batch& batch);
  Done switch_to(SegmentNumber number);
  Done prepare_now();
  [[nodiscard]] bool has_space_for_a_segment();
  Done make_ready(const std::string& name);
  Done fill(std::uint64_t octets);
  Result<Work, ports::FileError> prepare_slice();
  Result<Work, ports::FileError> take_ready_made();
  Result<Work, ports::FileError> abandon_filling();
  Result<Work, ports::FileError> shrink_slice(bool quiet);
  ports::FileError fail(const ports::FileError& error);
  static ports::FileError refused(const ports::FileError& failure);
  [[nodiscard]] bool wants_ready() const { return ready_.size() < ready_target_; }

  ports::Files& files_;
  const std::uint64_t segment_octets_;
  const std::size_t ready_target_;
  std::deque<SegmentNumber> live_;
  std::deque<Open> ready_;
  std::vector<std::string> spares_;
  Open current_;
  bool current_dirty_ = false;
  SegmentNumber next_number_;
  SegmentNumber freed_before_ = 0;
  std::unique_ptr<ports::File> filling_;
  std::uint64_t filled_ = 0;
  std::uint64_t octets_since_slice_ = 0;
  bool disk_full_ = false;
  std::optional<Lsn> no_space_at_;  // begin of the batch that is to come again
  std::optional<ports::FileError> failure_;
};

}  // namespace aldis::spool

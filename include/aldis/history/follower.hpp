// SPDX-License-Identifier: Apache-2.0
// The journal made into tables that can be asked, at its own pace.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/history.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/ports/files.hpp"
#include "aldis/spool/format.hpp"

namespace aldis::history {

struct FollowerSettings {
  std::string directory;  // of our own database files, and of nothing else; made when missing
  // from acceptance; whole partitions go once their newest message is older
  Duration keep = hours{24 * 90};
  // of all files, about: past it the oldest sealed partitions go as well; 0 = no bound
  std::uint64_t octets_max = 0;
  std::uint64_t rows_max = 200'000;        // of a partition, about; a day's end closes one as well
  std::size_t octets_per_step = 4u << 20;  // of journal
  // What is read again after power was lost: no more than this, and no older.
  std::uint64_t octets_per_sync = 64u << 20;
  Duration sync_every = seconds{5};
  Duration retry_after = seconds{1};  // an error
  // Puts what the notes of a door say into the row: label, reference. Empty = nobody can read them.
  std::function<void(MessageRow&)> read_notes{};
};

struct Standing {
  Lsn cursor{};              // all before it can be asked for
  Lsn reached{};             // of what was durable, all that means anything: markers stay unread
  WallTime clock{};          // the newest time that the journal said there: now - clock is the lag, if behind
  std::uint64_t behind = 0;  // octets of journal, durable and not read; 0 = nothing but a marker
  // times that segments were freed before they were read, or the journal was an older copy, ever
  std::uint64_t gaps = 0;
  std::uint64_t unplaced = 0;  // records that speak of a message that is not here, since the start
  std::uint64_t octets = 0;    // of all files, as of the last sync
  std::uint32_t partitions = 0;
  std::string error;  // of the last step; empty = none
};

// Reads the journal by spool::Tail and keeps a row of each message in the partition of its id, a database
// file each; `main.db` has the catalogue and the cursor. A row is written once for each step that touches its
// message, so a life that fits in one step costs one row.
//
// Exactly once: a partition keeps, in the transaction of its rows, up to which position it was brought. The
// cursor in main.db is written after all partitions were synced; what is read again from there is skipped
// where it is in already. So neither a kill nor a power cut at any point counts anything twice or not at all.
//
// Owned by the daemon and driven on a thread of its own by step(), which never throws and never waits for
// anything but the disk. An error (disk full, damaged database) is told in Standing, closes everything, and
// is tried again after `retry_after`; the journal goes on without us, at worst with a gap, which is counted.
// Bounds: rows of one step in memory, kOpenMax databases open. Not for asking: see reader.hpp.
class Follower {
 public:
  // `journal`: the journal's directory, for this thread alone. Nothing is opened before the first step.
  Follower(FollowerSettings settings, ports::Files& journal, std::uint64_t journal_id,
           std::uint64_t segment_octets);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // One bounded piece of work: a stretch of journal, the index of a closed partition, a sync, or the end of
  // an old partition. True: there is more to do at once. `durable`: what the store answered last.
  bool step(const Now& now, Lsn durable);

  // All that was read to stable storage, for a stop in order. False: see Standing::error.
  bool sync();

  [[nodiscard]] const Standing& standing() const;
  // Segments before it may be freed as far as history is concerned; 0 = not known yet: keep all.
  [[nodiscard]] spool::SegmentNumber needed_from() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// What the journal may free, when the engine needs nothing before `engine` and history nothing before
// `history`. History is waited for, but holds back at most `behind_max` segments before `current`, and none
// on a disk that is short of space: then it gets a gap, and the gateway goes on.
constexpr spool::SegmentNumber free_before(spool::SegmentNumber engine, spool::SegmentNumber history,
                                           spool::SegmentNumber current, spool::SegmentNumber behind_max,
                                           bool disk_short) {
  if (disk_short) { return engine; }
  const spool::SegmentNumber bound = current > behind_max ? current - behind_max : 0;
  const spool::SegmentNumber wanted = history > bound ? history : bound;
  return wanted < engine ? wanted : engine;
}

}  // namespace aldis::history

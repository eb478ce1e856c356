// SPDX-License-Identifier: Apache-2.0
// Follows a journal that is being written, for those who make something else of it (history).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/ports/files.hpp"
#include "aldis/spool/recover.hpp"

namespace aldis::spool {

class Checksum;
class Decoder;
struct SegmentHeader;

// Reads records in order from the segment files, and only those that no crash can move: durable, and said to
// be durable by a record that is durable itself. Recovery copies what is not proved to a new position, so a
// reader that went further would see it twice. The newest records are proved by the idle marker, 50 ms after
// them.
//
// Owned by whoever follows, on its thread, with a Files of its own on the journal's directory. Keeps no
// position: the caller does, with what it made of the records, so that a restart goes on exactly there. Keeps
// one open file and two windows in memory (octets_max, a whole record at least). Segments that were freed and
// used again are told as a gap. Not for starting the gateway: recover() proves the whole journal.
class Tail {
 public:
  Tail(ports::Files& files, std::uint64_t journal_id, std::uint64_t segment_octets);
  ~Tail();
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;

  struct Read {
    Lsn next{};                 // where the next read begins
    std::uint64_t records = 0;  // visited
    bool gap = false;           // what stood between `from` and `next` is gone; nothing was visited
    bool more = false;          // there is more to read at once
  };
  // Visits what stands from `from` on, at most about `octets_max` and within one segment. `from` is what the
  // last read gave, or 0 for the oldest record there is; `durable` what the store answered last. After an
  // error nothing is known of the records that were visited: forget them and read again from there, or give
  // up.
  Result<Read, Damage> read(Lsn from, Lsn durable, std::size_t octets_max, ReplayVisitor& visitor);

  [[nodiscard]] std::uint64_t segment_octets() const { return segment_octets_; }

 private:
  struct Stretch {  // of records in one segment
    SegmentNumber number = 0;
    Lsn begin{};
    Lsn end{};
    SegmentNumber next = 0;  // the segment that goes on after `end`; 0 = this is the newest
  };
  using Done = Result<void, Damage>;

  Result<Read, Damage> visit(const Stretch& stretch, Lsn durable, std::size_t octets_max,
                             ReplayVisitor& visitor);
  Done follow_chain(SegmentNumber newest);
  [[nodiscard]] Stretch stretch_at(Lsn from, Lsn durable) const;
  [[nodiscard]] Lsn first_record(SegmentNumber number) const;
  Result<std::vector<SegmentHeader>, Damage> headers_down_from(SegmentNumber newest);
  Result<bool, Damage> read_header(SegmentNumber number, SegmentHeader& header);
  Done prove(Lsn wanted, Lsn durable, std::size_t octets_max);
  Done prove_slice(const Stretch& stretch, std::size_t octets_max);
  Result<bool, Damage> load(const Stretch& stretch, std::size_t octets_max, std::string& into);
  [[nodiscard]] bool has_record(Octets window, Lsn at) const;

  ports::Files& files_;
  const std::uint64_t journal_id_;
  const std::uint64_t segment_octets_;
  std::unique_ptr<Checksum> checksum_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<SegmentHeader> chain_;  // of the journal, oldest first, as far as it was there
  Lsn proven_{};
  Lsn ahead_{};  // up to here was looked for proofs
  SegmentNumber open_number_ = 0;
  std::unique_ptr<ports::File> open_;
  std::string window_;
  std::string ahead_window_;
};

}  // namespace aldis::spool

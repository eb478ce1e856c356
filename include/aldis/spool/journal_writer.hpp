// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aldis/base/octets.hpp"
#include "aldis/spool/format.hpp"
#include "aldis/spool/records.hpp"

namespace aldis::spool {

class Checksum;

// Consecutive octets of the journal, on their way from the engine thread to the store thread and back for
// reuse.
struct Batch {
  struct Piece {  // one per segment touched
    Lsn at{};
    std::size_t offset = 0;  // in `storage`
    std::size_t size = 0;
    std::size_t padding =
        0;  // zeros behind it up to a page, so that the kernel need not read the page it overwrites
  };
  std::string storage;  // larger than what is used: resizing costs
  std::vector<Piece> pieces;
  Lsn end{};  // durable up to here once committed
  std::uint64_t records = 0;

  [[nodiscard]] Octets octets(const Piece& piece) const {
    return Octets{storage}.substr(piece.offset, piece.size + piece.padding);
  }
};

// What the store last said about disk space; see SegmentStore::room().
struct StoreRoom {
  Lsn prepared_up_to{};    // segments up to here are on disk: writing there cannot fail for lack of space
  bool disk_full = false;  // preparing more failed for lack of space
  std::uint32_t segments_live = 0;
  std::uint32_t segments_ready = 0;
  std::uint64_t octets_reusable = 0;  // of our own files: prepared, or freed and not used again yet
};

// How much may still be written (CONTRACT 2, Reserve). Everything a value allows, the values before it allow
// too.
enum class Room : std::uint8_t {
  kAll,
  kNoAccept,  // into the reserve: no new messages
  kNoLease,   // below half of the reserve: what is under way may end
  kNone,      // receipts and inbound messages get no answer; one segment is left, for the next start
};

struct WriterStart {
  std::uint64_t journal_id = 0;
  std::uint32_t generation = 0;
  std::uint64_t segment_octets = 0;
  Lsn position{};  // where the next record goes
  Lsn durable{};
};

// Encodes records at their positions into the batch that the store will write next. Owned by the engine, on
// the engine thread; no file is touched here. append() costs an encoding and a checksum (below 150 ns for a
// usual ACCEPT) and cannot fail: payloads above kPayloadOctetsMax are our bug, and the promise gate waits for
// durable() anyway. Limit: what is appended and not taken grows in memory; the engine stops reading when
// pending_octets() is beyond its bound. Not for reading back; see recover.hpp.
class JournalWriter {
 public:
  JournalWriter(const WriterStart& start, std::uint32_t reserve_segments);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  // Each returns the position just after the record: durable when durable() has reached it.
  Lsn append(const AcceptRecord& record);
  Lsn append(const LeaseRecord& record);
  Lsn append(const ResultRecord& record);
  Lsn append(const ReceiptRecord& record);
  Lsn append(const OrphanRecord& record);
  Lsn append(const OrphanDoneRecord& record);
  Lsn append(const InboundRecord& record);
  Lsn append(const OwedDoneRecord& record);
  Lsn append(const FinalRecord& record);
  Lsn append(const ChangeRecord& record);
  Lsn append(const SettingsRecord& record);
  Lsn append(const CheckpointRecord& record);
  Lsn append_copy(RecordType type, Octets payload);  // recovery's: an encoded record, at a new position

  // True once after a segment was begun: the engine then appends a complete CHECKPOINT.
  [[nodiscard]] bool take_segment_began();

  [[nodiscard]] bool has_pending() const { return !batch_.pieces.empty(); }
  [[nodiscard]] std::size_t pending_octets() const { return used_; }
  [[nodiscard]] Batch take_batch();  // only when has_pending()
  void give_back(Batch&& batch);     // a committed batch: its memory is used again

  void on_durable(Lsn up_to);  // the store's answer; later records carry it
  void on_room(const StoreRoom& room) { room_ = room; }
  [[nodiscard]] Lsn durable() const { return durable_; }
  [[nodiscard]] Lsn position() const { return position_; }  // of the next record
  // Of the record that was appended last, with its frame.
  [[nodiscard]] std::uint32_t last_octets() const { return last_octets_; }
  [[nodiscard]] Room room() const;

  // The last record durable is not proved durable by any other: an idle marker is wanted (append an empty
  // CHECKPOINT after 50 ms without a record; CONTRACT 2). False right after an idle marker, so an idle
  // journal stays idle.
  [[nodiscard]] bool wants_idle_marker() const {
    return !idle_marked_ && !has_pending() && durable_ == position_;
  }
  Lsn append_idle_marker() { return append(CheckpointRecord{}); }

  [[nodiscard]] SegmentNumber segment_of(Lsn after) const {
    return spool::segment_of(after, start_.segment_octets);
  }
  [[nodiscard]] bool disk_full() const { return room_.disk_full; }  // the reserve may be whole still
  [[nodiscard]] SegmentNumber current_segment() const { return segment_; }
  [[nodiscard]] const WriterStart& start() const { return start_; }

 private:
  char* reserve(std::size_t octets);  // room for that many octets behind used_; where they go
  template <class Record>
  Lsn append_record(RecordType type, const Record& record);
  Lsn close_record(RecordType type, std::size_t payload_octets);
  void begin_segment(std::size_t octets);
  [[nodiscard]] std::uint64_t left_in_segment() const;

  WriterStart start_;
  std::uint32_t reserve_segments_;
  std::unique_ptr<Checksum> checksum_;
  Lsn position_;
  Lsn durable_;
  SegmentNumber segment_;
  StoreRoom room_;
  std::uint32_t last_octets_ = 0;
  bool segment_began_ = false;
  bool idle_marked_ = false;
  Batch batch_;
  std::size_t used_ = 0;  // of batch_.storage
  std::vector<Batch> spare_;
};

}  // namespace aldis::spool

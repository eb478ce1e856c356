// SPDX-License-Identifier: Apache-2.0
// From files to a journal that can be written on: reads, proves, repairs the tail, replays. At start, before
// any thread of the gateway runs. And verify(), which only reads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/ports/files.hpp"
#include "aldis/spool/images.hpp"
#include "aldis/spool/journal_writer.hpp"
#include "aldis/spool/records.hpp"
#include "aldis/spool/segment_store.hpp"

namespace aldis::spool {

// Why the journal cannot be used, for a human: where, what, and what to do.
struct Damage {
  enum class Kind : std::uint8_t {
    kCorrupt,      // damaged where it had been durable
    kMissing,      // a segment is gone
    kNewerFormat,  // written by a later version
    kForeign,      // segments of another journal, or of another segment size
    kFiles,        // the file system refused
  };
  Kind kind = Kind::kCorrupt;
  std::string file;
  std::uint64_t offset = 0;
  Lsn lsn{};
  RecordType type = RecordType::kNone;  // as far as it can be read
  std::string what;
  std::string advice;

  [[nodiscard]] std::string sentence() const;  // all of it in one line
};

// Where a record stands. `end` is what append() returned: the home of an image.
struct Place {
  Lsn begin{};
  Lsn end{};
};

// Receives every record in order. Everything in a record is good for the call only.
class ReplayVisitor {
 public:
  virtual void on(const Place& place, const AcceptRecord& record) = 0;
  virtual void on(const Place& place, const LeaseRecord& record) = 0;
  virtual void on(const Place& place, const ResultRecord& record) = 0;
  virtual void on(const Place& place, const ReceiptRecord& record) = 0;
  virtual void on(const Place& place, const OrphanRecord& record) = 0;
  virtual void on(const Place& place, const OrphanDoneRecord& record) = 0;
  virtual void on(const Place& place, const InboundRecord& record) = 0;
  virtual void on(const Place& place, const OwedDoneRecord& record) = 0;
  virtual void on(const Place& place, const FinalRecord& record) = 0;
  virtual void on(const Place& place, const ChangeRecord& record) = 0;
  virtual void on(const Place& place, const SettingsRecord& record) = 0;
  virtual void on(const Place& place, const CheckpointRecord& record) = 0;

 protected:
  ~ReplayVisitor() = default;
};

struct RecoverOptions {
  std::uint64_t segment_octets = 64u << 20;  // of a new journal; an existing one keeps its own
  std::uint64_t new_journal_id = 0;          // random, for a new journal
  // The generation of this start, asked before anything is written: above `newest`, that of the last start in
  // these files. Empty = the next one. An error refuses the start.
  std::function<Result<std::uint32_t, ports::FileError>(std::uint64_t journal_id, std::uint32_t newest)>
      generation{};
  Images* images = nullptr;  // opened before the first visit, so that the visitor may read what it has seen
};

struct Recovered {
  WriterStart writer;                   // for the JournalWriter; generation already raised
  StoreStart store;                     // for the SegmentStore
  bool created = false;                 // there was no journal
  std::uint64_t records = 0;            // replayed
  std::uint64_t records_rewritten = 0;  // unproven tail, copied into the fresh segment
  std::uint64_t octets_torn = 0;        // dropped behind the last good record of the tail: never promised
};

// Visits nothing before all is proved. Each start begins a fresh segment, whose header says where the journal
// before it ends: what was cut off never comes back. Crashing anywhere in here and starting again gives the
// same records.
Result<Recovered, Damage> recover(ports::Files& files, const RecoverOptions& options, ReplayVisitor& visitor);

struct VerifyReport {
  struct Segment {
    SegmentNumber number = 0;
    std::uint32_t generation = 0;
    std::uint64_t records = 0;
    std::uint64_t octets = 0;
    Lsn first{};
    Lsn end{};
  };
  std::uint64_t journal_id = 0;
  std::uint64_t segment_octets = 0;
  std::vector<Segment> segments;  // in use, in order
  std::uint32_t segments_prepared = 0;
  std::array<std::uint64_t, kRecordTypes> records{};  // by type
  Lsn first{};
  Lsn end{};
  Lsn durable{};  // proved
  std::uint64_t records_unproven = 0;
  std::uint64_t octets_torn = 0;
  std::optional<Damage> damage;  // the first one; without figures when the segments could not be followed
};

VerifyReport verify(ports::Files& files);

}  // namespace aldis::spool

// SPDX-License-Identifier: Apache-2.0
// What the files of a journal prove, before a single record is believed. Reads only; shared by recover() and
// verify().
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aldis/ports/files.hpp"
#include "aldis/spool/recover.hpp"
#include "spool/frame.hpp"

namespace aldis::spool {

struct ScannedSegment {
  SegmentHeader header;
  Lsn first_hole{};       // all records from the header to here are valid
  std::string hole_says;  // what stands there instead
  RecordType hole_type = RecordType::kNone;
  Lsn valid_end{};  // after the last valid record, holes or not
  Lsn end{};        // of what counts; set when the chain is walked
};

struct Scan {
  std::uint64_t journal_id = 0;
  std::uint64_t segment_octets = 0;
  std::uint32_t generation = 0;       // highest seen
  SegmentNumber number_max = 0;       // highest in any file name
  std::vector<ScannedSegment> chain;  // the journal, in order, from the oldest segment needed
  std::vector<SegmentNumber> kept;    // older segments, not needed and not freed yet
  std::vector<std::string> blank;     // prepared files, never begun under their name
  std::vector<std::string> dead;      // begun, and cut off by a recovery
  Lsn end{};                          // of the last record that counts
  Lsn proven{};                       // known durable: a boundary of records at or before `end`
  std::uint64_t octets_torn = 0;

  [[nodiscard]] bool empty() const { return chain.empty(); }  // there is no journal
};

Result<Scan, Damage> scan(ports::Files& files);

// Every record of the chain, in order, as it stands in the file.
using RecordSink = std::function<void(const ScannedSegment&, Lsn begin, const RecordView&)>;
Result<void, Damage> for_each_record(ports::Files& files, const Scan& scan, const RecordSink& sink);

Damage files_damage(std::string_view file, const ports::FileError& error);
Damage damage_at(Damage::Kind kind, const SegmentHeader& segment, Lsn lsn, RecordType type, std::string what);

}  // namespace aldis::spool

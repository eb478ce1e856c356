// SPDX-License-Identifier: Apache-2.0
// What stands in a journal file, octet by octet. All numbers little-endian.
//
// The journal is one endless sequence of octets, cut into segments of equal size; an Lsn is a position in it:
// segment number * segment size + offset. A segment is a file "NNNNNNNNNNNN.seg" with a header of 64 octets:
//   magic 8 | format u32 | segment_octets u32 | journal_id u64 | generation u64 | number u64 |
//   previous_end u64 | durable_lsn u64 | XXH3-64 of the 56 octets before it u64
// followed by records on 8-octet boundaries, none of which straddles two segments:
//   len u32 (payload, <= 1 MiB) | type u8 (never 0) | version u8 | zero u16 | lsn u64 (its own position) |
//   durable_lsn u64 | payload (proto/journal.proto) | XXH3-64, seeded with journal_id, of all before it u64 |
//   zeros
// `durable_lsn`: every octet below it was known to be on stable storage when the record was built. So a hole
// at position P is a torn tail exactly when nothing valid claims durable_lsn > P; otherwise it is damage
// (CONTRACT D12).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aldis/core/ids.hpp"

namespace aldis::spool {

inline constexpr std::uint32_t kFormat = 1;        // of the segment header and the record frame
inline constexpr std::uint8_t kRecordVersion = 1;  // of the payloads
inline constexpr std::size_t kSegmentHeaderOctets = 64;
inline constexpr std::size_t kRecordHeaderOctets = 24;
inline constexpr std::size_t kChecksumOctets = 8;
inline constexpr std::size_t kAlignment = 8;
inline constexpr std::size_t kPayloadOctetsMax = 1u << 20;
inline constexpr std::uint64_t kSegmentOctetsMin = 64u << 10;  // tests; configuration begins at 1 MiB
inline constexpr std::uint64_t kSegmentOctetsMax = 64u << 20;

using SegmentNumber = std::uint64_t;  // counted from 1; never used twice in a journal's life

// These numbers stand on disk.
enum class RecordType : std::uint8_t {
  kNone = 0,
  kAccept = 1,
  kLease = 2,
  kResult = 3,
  kReceipt = 4,
  kOrphan = 5,
  kOrphanDone = 6,
  kInbound = 7,
  kOwedDone = 8,
  kFinal = 9,
  kChange = 10,
  kSettings = 11,
  kCheckpoint = 12,
};
inline constexpr std::size_t kRecordTypes = 13;
std::string_view name_of(RecordType type);  // "ACCEPT"; "?" for numbers that are none

// The segment that holds what ends at `after`. A record that fills its segment ends at the start of the next
// one, so positions after a record are the ones to give; the start of a record works as well.
constexpr SegmentNumber segment_of(Lsn after, std::uint64_t segment_octets) {
  return after.value() == 0 ? 0 : (after.value() - 1) / segment_octets;
}

std::string segment_name(SegmentNumber number);            // "000000000001.seg"
SegmentNumber segment_number(std::string_view file_name);  // 0 = not a segment's name

}  // namespace aldis::spool

// SPDX-License-Identifier: Apache-2.0
// The frames of segments and records as octets (layout: aldis/spool/format.hpp).
#pragma once

#include <bit>
#include <cstring>
#include <optional>

#include "aldis/base/octets.hpp"
#include "aldis/spool/format.hpp"
#include "spool/checksum.hpp"

namespace aldis::spool {

static_assert(std::endian::native == std::endian::little, "frames are copied, not built octet by octet");

inline constexpr std::size_t kPageOctets = 4096;

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
void store(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

constexpr std::size_t align_up(std::size_t octets, std::size_t to) { return (octets + to - 1) / to * to; }
// Of a whole record with a payload of that size.
constexpr std::size_t record_octets(std::size_t payload) {
  return align_up(kRecordHeaderOctets + payload + kChecksumOctets, kAlignment);
}

struct SegmentHeader {
  std::uint32_t format = kFormat;
  std::uint32_t segment_octets = 0;
  std::uint64_t journal_id = 0;
  std::uint64_t generation = 0;
  SegmentNumber number = 0;
  Lsn previous_end{};  // where the records before this segment end; 0 = there were none
  Lsn durable{};

  [[nodiscard]] std::uint64_t begin() const { return number * segment_octets; }
  [[nodiscard]] SegmentNumber previous() const { return segment_of(previous_end, segment_octets); }
};

void write_segment_header(char* at, const SegmentHeader& header);
// None: these octets are no header (zeros, or damaged). `format` may be above ours: then only magic and
// format are sure.
std::optional<SegmentHeader> read_segment_header(Octets octets);

struct RecordView {
  RecordType type = RecordType::kNone;
  std::uint8_t version = 0;
  Lsn durable{};
  Octets payload;
  std::size_t octets = 0;  // of the whole record
};

// Writes header, checksum and zeros around a payload that stands at at + kRecordHeaderOctets; returns
// record_octets().
std::size_t close_frame(char* at, RecordType type, std::size_t payload, Lsn lsn, Lsn durable,
                        const Checksum& checksum);
// The record at `at` of a segment's octets, whose position is `lsn`; none = there is no valid record there.
std::optional<RecordView> read_frame(Octets segment, std::size_t at, Lsn lsn, const Checksum& checksum);

}  // namespace aldis::spool

// SPDX-License-Identifier: Apache-2.0
#include "spool/frame.hpp"

#include <charconv>

#include "aldis/base/mutant.hpp"

namespace aldis::spool {
namespace {

constexpr std::uint64_t kMagic = 0x4C4E524A49444C41;  // "ALDIJRNL" in the file
constexpr std::string_view kSuffix = ".seg";
constexpr std::size_t kNameDigits = 12;

std::uint64_t header_checksum(Octets header) {  // unseeded: the journal's id is inside
  return Checksum(0)(header.substr(0, kSegmentHeaderOctets - kChecksumOctets));
}

}  // namespace

std::string_view name_of(RecordType type) {
  switch (type) {
    case RecordType::kNone: return "?";
    case RecordType::kAccept: return "ACCEPT";
    case RecordType::kLease: return "LEASE";
    case RecordType::kResult: return "RESULT";
    case RecordType::kReceipt: return "RECEIPT";
    case RecordType::kOrphan: return "ORPHAN";
    case RecordType::kOrphanDone: return "ORPHAN_DONE";
    case RecordType::kInbound: return "INBOUND";
    case RecordType::kOwedDone: return "OWED_DONE";
    case RecordType::kFinal: return "FINAL";
    case RecordType::kChange: return "CHANGE";
    case RecordType::kSettings: return "SETTINGS";
    case RecordType::kCheckpoint: return "CHECKPOINT";
  }
  return "?";  // a number read from a file
}

std::string segment_name(SegmentNumber number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kNameDigits) { digits.insert(0, kNameDigits - digits.size(), '0'); }
  return digits.append(kSuffix);
}

SegmentNumber segment_number(std::string_view file_name) {
  if (!file_name.ends_with(kSuffix) || file_name.size() < kNameDigits + kSuffix.size()) { return 0; }
  const std::string_view digits = file_name.substr(0, file_name.size() - kSuffix.size());
  SegmentNumber number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

void write_segment_header(char* at, const SegmentHeader& header) {
  store(at, kMagic);
  store(at + 8, header.format);
  store(at + 12, header.segment_octets);
  store(at + 16, header.journal_id);
  store(at + 24, header.generation);
  store(at + 32, header.number);
  store(at + 40, header.previous_end.value());
  store(at + 48, header.durable.value());
  store(at + 56, header_checksum({at, kSegmentHeaderOctets}));
}

std::optional<SegmentHeader> read_segment_header(Octets octets) {
  if (octets.size() < kSegmentHeaderOctets) { return std::nullopt; }
  const char* at = octets.data();
  if (load<std::uint64_t>(at) != kMagic || load<std::uint64_t>(at + 56) != header_checksum(octets)) {
    return std::nullopt;
  }
  SegmentHeader header;
  header.format = load<std::uint32_t>(at + 8);
  header.segment_octets = load<std::uint32_t>(at + 12);
  header.journal_id = load<std::uint64_t>(at + 16);
  header.generation = load<std::uint64_t>(at + 24);
  header.number = load<std::uint64_t>(at + 32);
  header.previous_end = Lsn{load<std::uint64_t>(at + 40)};
  header.durable = Lsn{load<std::uint64_t>(at + 48)};
  return header;
}

std::size_t close_frame(char* at, RecordType type, std::size_t payload, Lsn lsn, Lsn durable,
                        const Checksum& checksum) {
  store(at, static_cast<std::uint32_t>(payload));
  store(at + 4, static_cast<std::uint32_t>(static_cast<std::uint32_t>(type) | (kRecordVersion << 8u)));
  store(at + 8, lsn.value());
  store(at + 16, durable.value());
  const std::size_t checked = kRecordHeaderOctets + payload;
  const std::size_t octets = align_up(checked + kChecksumOctets, kAlignment);
  static_assert(kAlignment <= kChecksumOctets);
  store(at + octets - kAlignment, std::uint64_t{0});  // the padding; the checksum may overlap it
  store(at + checked, checksum({at, checked}));
  return octets;
}

std::optional<RecordView> read_frame(Octets segment, std::size_t at, Lsn lsn, const Checksum& checksum) {
  if (at + kRecordHeaderOctets + kChecksumOctets > segment.size()) { return std::nullopt; }
  const char* frame = segment.data() + at;
  if (load<std::uint64_t>(frame + 8) != lsn.value()) { return std::nullopt; }
  const std::size_t payload = load<std::uint32_t>(frame);
  if (payload > kPayloadOctetsMax || record_octets(payload) > segment.size() - at) { return std::nullopt; }
  const std::size_t checked = kRecordHeaderOctets + payload;
  if (load<std::uint64_t>(frame + checked) != checksum({frame, checked}) && !ALDIS_MUTANT(6)) {
    return std::nullopt;
  }
  RecordView view;
  view.type = static_cast<RecordType>(u8(frame[4]));
  view.version = u8(frame[5]);
  view.durable = Lsn{load<std::uint64_t>(frame + 16)};
  view.payload = {frame + kRecordHeaderOctets, payload};
  view.octets = record_octets(payload);
  return view;
}

}  // namespace aldis::spool

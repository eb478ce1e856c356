// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/journal_writer.hpp"

#include <algorithm>
#include <utility>

#include "aldis/base/check.hpp"
#include "spool/codec.hpp"
#include "spool/frame.hpp"

namespace aldis::spool {
namespace {

constexpr std::size_t kBatchOctetsFirst = 256u
                                          << 10;  // grows by doubling; a batch at full load is about 100 KiB
constexpr std::size_t kSpareBatches = 3;          // one being filled, one on its way, one coming back
constexpr std::size_t kTableSlice = 256;  // entries of one record: fits the small segments of tests, too

template <class T>
std::span<const T> slice(std::span<const T> table, std::size_t from) {
  from = std::min(from, table.size());
  return table.subspan(from, std::min(kTableSlice, table.size() - from));
}

}  // namespace

JournalWriter::JournalWriter(const WriterStart& start, std::uint32_t reserve_segments)
    : start_(start),
      reserve_segments_(reserve_segments),
      checksum_(std::make_unique<Checksum>(start.journal_id)),
      position_(start.position),
      durable_(start.durable),
      segment_(spool::segment_of(start.position, start.segment_octets)) {
  ALDIS_CHECK(start.position.value() % kAlignment == 0);
  ALDIS_CHECK(start.position.value() > 0);
  room_.prepared_up_to = Lsn{(segment_ + 1) * start.segment_octets};
  spare_.reserve(kSpareBatches);
}

JournalWriter::~JournalWriter() = default;

Lsn JournalWriter::append(const AcceptRecord& record) { return append_record(RecordType::kAccept, record); }
Lsn JournalWriter::append(const LeaseRecord& record) { return append_record(RecordType::kLease, record); }
Lsn JournalWriter::append(const ResultRecord& record) { return append_record(RecordType::kResult, record); }
Lsn JournalWriter::append(const ReceiptRecord& record) { return append_record(RecordType::kReceipt, record); }
Lsn JournalWriter::append(const OrphanRecord& record) { return append_record(RecordType::kOrphan, record); }
Lsn JournalWriter::append(const OrphanDoneRecord& record) {
  return append_record(RecordType::kOrphanDone, record);
}
Lsn JournalWriter::append(const InboundRecord& record) { return append_record(RecordType::kInbound, record); }
Lsn JournalWriter::append(const OwedDoneRecord& record) {
  return append_record(RecordType::kOwedDone, record);
}
Lsn JournalWriter::append(const FinalRecord& record) { return append_record(RecordType::kFinal, record); }
Lsn JournalWriter::append(const ChangeRecord& record) { return append_record(RecordType::kChange, record); }

Lsn JournalWriter::append(const SettingsRecord& record) {
  Lsn end{};
  ALDIS_CHECK(record.stored.size() <= 1);  // each is as long as it likes, and its image is one record
  for (std::size_t i = 0; i == 0 || i < std::max(record.names.size(), record.dialects.size());
       i += kTableSlice) {
    end = append_record(
        RecordType::kSettings,
        SettingsRecord{slice(record.names, i), slice(record.dialects, i), slice(record.stored, i)});
  }
  return end;
}

Lsn JournalWriter::append(const CheckpointRecord& record) {
  const std::size_t rows =
      std::max({record.names.size(), record.dialects.size(), record.short_ids.size(), record.volumes.size()});
  Lsn end{};
  for (std::size_t i = 0; i == 0 || i < rows; i += kTableSlice) {
    CheckpointRecord part = record;
    part.names = slice(record.names, i);
    part.dialects = slice(record.dialects, i);
    part.short_ids = slice(record.short_ids, i);
    part.volumes = slice(record.volumes, i);
    end = append_record(RecordType::kCheckpoint, part);
  }
  return end;
}

Lsn JournalWriter::append_copy(RecordType type, Octets payload) {
  char* const at = reserve(kSegmentHeaderOctets + record_octets(payload.size())) + kRecordHeaderOctets;
  std::memcpy(at, payload.data(), payload.size());
  return close_record(type, payload.size());
}

template <class Record>
Lsn JournalWriter::append_record(RecordType type, const Record& record) {
  const std::size_t bound = payload_bound(record);
  char* const payload = reserve(kSegmentHeaderOctets + record_octets(bound)) + kRecordHeaderOctets;
  const auto octets = static_cast<std::size_t>(encode(payload, record) - payload);
  ALDIS_CHECK(octets <= bound);
  return close_record(type, octets);
}

char* JournalWriter::reserve(std::size_t octets) {
  const std::size_t wanted = used_ + octets + kPageOctets;  // the last page is padded by take_batch()
  if (wanted > batch_.storage.size()) {
    batch_.storage.resize(std::max({wanted, 2 * batch_.storage.size(), kBatchOctetsFirst}));
  }
  return batch_.storage.data() + used_;
}

Lsn JournalWriter::close_record(RecordType type, std::size_t payload_octets) {
  ALDIS_CHECK(payload_octets <= kPayloadOctetsMax);
  const std::size_t octets = record_octets(payload_octets);
  if (octets > left_in_segment()) {
    begin_segment(octets);
  } else if (batch_.pieces.empty()) {
    batch_.pieces.push_back({.at = position_});
  }
  close_frame(batch_.storage.data() + used_, type, payload_octets, position_, durable_, *checksum_);
  used_ += octets;
  last_octets_ = static_cast<std::uint32_t>(octets);
  position_ = Lsn{position_.value() + octets};
  batch_.pieces.back().size += octets;
  ++batch_.records;
  idle_marked_ = type == RecordType::kCheckpoint && payload_octets == 0;
  return position_;
}

// The record that did not fit any more stands encoded at used_: it moves behind the new segment's header.
void JournalWriter::begin_segment(std::size_t octets) {
  ALDIS_CHECK(octets <= start_.segment_octets - kSegmentHeaderOctets);
  char* const at = batch_.storage.data() + used_;
  std::memmove(at + kSegmentHeaderOctets, at, octets);
  ++segment_;
  SegmentHeader header;
  header.segment_octets = static_cast<std::uint32_t>(start_.segment_octets);
  header.journal_id = start_.journal_id;
  header.generation = start_.generation;
  header.number = segment_;
  header.previous_end = position_;
  header.durable = durable_;
  write_segment_header(at, header);
  batch_.pieces.push_back({.at = Lsn{header.begin()}, .offset = used_, .size = kSegmentHeaderOctets});
  used_ += kSegmentHeaderOctets;
  position_ = Lsn{header.begin() + kSegmentHeaderOctets};
  segment_began_ = true;
}

std::uint64_t JournalWriter::left_in_segment() const {
  return (segment_ + 1) * start_.segment_octets - position_.value();
}

bool JournalWriter::take_segment_began() { return std::exchange(segment_began_, false); }

Batch JournalWriter::take_batch() {
  ALDIS_CHECK(has_pending());
  Batch taken = std::move(batch_);
  taken.end = position_;
  Batch::Piece& last = taken.pieces.back();
  last.padding = align_up(position_.value(), kPageOctets) - position_.value();
  std::memset(taken.storage.data() + used_, 0, last.padding);
  used_ = 0;
  batch_ = Batch{};
  if (!spare_.empty()) {
    batch_ = std::move(spare_.back());
    spare_.pop_back();
  }
  return taken;
}

void JournalWriter::give_back(Batch&& batch) {
  if (spare_.size() == kSpareBatches) { return; }
  batch.pieces.clear();
  batch.records = 0;
  spare_.push_back(std::move(batch));
}

void JournalWriter::on_durable(Lsn up_to) {
  ALDIS_CHECK(up_to >= durable_ && up_to <= position_);
  durable_ = up_to;
}

Room JournalWriter::room() const {
  if (!room_.disk_full) { return Room::kAll; }
  const std::uint64_t left =
      room_.prepared_up_to > position_ ? room_.prepared_up_to.value() - position_.value() : 0;
  const std::uint64_t segment = start_.segment_octets;
  const std::uint64_t reserve = std::max<std::uint64_t>(reserve_segments_, 2) * segment;
  if (left > reserve) { return Room::kAll; }
  // A start needs a segment before it can free any. A quarter more is for the results of what is on the wire.
  if (left <= segment + segment / 4) { return Room::kNone; }
  return left > std::max(reserve / 2, segment + segment / 2) ? Room::kNoAccept : Room::kNoLease;
}

}  // namespace aldis::spool

// SPDX-License-Identifier: Apache-2.0
#include "journal_fixture.hpp"
#include "spool/frame.hpp"

namespace aldis::spool {
namespace {

constexpr WriterStart kStart{.journal_id = kJournalId,
                             .generation = 3,
                             .segment_octets = kSmallSegment,
                             .position = Lsn{5 * kSmallSegment + kSegmentHeaderOctets},
                             .durable = Lsn{5 * kSmallSegment + kSegmentHeaderOctets}};

OwedDoneRecord small_record() { return {MessageId{9}, false, 1, {}}; }

}  // namespace

TEST_CASE("append returns the position just after the record, on 8-octet boundaries") {
  JournalWriter writer(kStart, 1);
  CHECK_FALSE(writer.has_pending());
  const Lsn first = writer.append(small_record());
  CHECK(first == writer.position());
  CHECK(first.value() % kAlignment == 0);
  const Lsn second = writer.append(small_record());
  CHECK(second > first);
  const Batch batch = writer.take_batch();
  CHECK(batch.end == second);
  CHECK(batch.records == 2);
  REQUIRE(batch.pieces.size() == 1);
  CHECK(batch.pieces[0].at == kStart.position);
  CHECK(batch.pieces[0].size == second.value() - kStart.position.value());
  CHECK_FALSE(writer.has_pending());
}

TEST_CASE("a batch is padded with zeros to the page, so that no page must be read to be written") {
  JournalWriter writer(kStart, 1);
  for (int i = 0; i < 100; ++i) { writer.append(small_record()); }
  Batch batch = writer.take_batch();
  const Batch::Piece& piece = batch.pieces.back();
  CHECK((piece.at.value() + piece.size + piece.padding) % kPageOctets == 0);
  CHECK(batch.octets(piece).substr(piece.size).find_first_not_of('\0') == Octets::npos);
  writer.give_back(std::move(batch));
  writer.append(small_record());  // into used memory: the padding must be zeros again
  writer.give_back(writer.take_batch());
  for (int i = 0; i < 3; ++i) { writer.append(small_record()); }
  batch = writer.take_batch();
  CHECK(batch.octets(batch.pieces[0]).substr(batch.pieces[0].size).find_first_not_of('\0') == Octets::npos);
}

TEST_CASE("no record straddles two segments, and the new one says where the old one ended") {
  RandomRecords records(1);
  JournalWriter writer(kStart, 1);
  Lsn before = kStart.position;
  for (int i = 0; i < 3000; ++i) {
    records.any([&](const auto& record) {
      const Lsn after = writer.append(record);
      REQUIRE(writer.segment_of(after) == writer.current_segment());
      if (writer.take_segment_began()) {
        CHECK(writer.segment_of(before) + 1 == writer.current_segment());
        const Batch batch = writer.take_batch();
        const auto header = read_segment_header(batch.octets(batch.pieces.back()));
        REQUIRE(header);
        CHECK(header->number == writer.current_segment());
        CHECK(header->previous_end == before);
        CHECK(header->generation == 3);
        CHECK(header->journal_id == kJournalId);
      }
      before = after;
    });
  }
  CHECK(writer.current_segment() > 10);
}

TEST_CASE("a record that fits exactly ends its segment; the next one begins another") {
  JournalWriter writer(kStart, 1);
  Message m;
  m.content.body = std::string(1000, 'x');
  for (;;) {
    const std::uint64_t left = 6 * kSmallSegment - writer.position().value();
    if (left < 3000) { break; }
    writer.append(AcceptRecord{&m, {}, kNoDeadline, {}});
  }
  // Grow the body until one record takes all that is left.
  const std::uint64_t left = 6 * kSmallSegment - writer.position().value();
  m.content.body.clear();
  JournalWriter probe(kStart, 1);
  while (true) {
    const Lsn begin = probe.position();
    const std::uint64_t size = probe.append(AcceptRecord{&m, {}, kNoDeadline, {}}).value() - begin.value();
    if (size == left) { break; }
    m.content.body.push_back('y');
  }
  const Lsn after = writer.append(AcceptRecord{&m, {}, kNoDeadline, {}});
  CHECK(after.value() == 6 * kSmallSegment);
  CHECK(writer.segment_of(after) == 5);
  CHECK(writer.current_segment() == 5);
  CHECK_FALSE(writer.take_segment_began());
  writer.append(small_record());
  CHECK(writer.take_segment_began());
  CHECK(writer.current_segment() == 6);
}

TEST_CASE("records carry what was durable when they were built") {
  JournalWriter writer(kStart, 1);
  const Lsn first = writer.append(small_record());
  writer.give_back(writer.take_batch());
  writer.on_durable(first);
  writer.append(small_record());
  const Batch batch = writer.take_batch();
  const auto view = read_frame(batch.octets(batch.pieces[0]), 0, first, Checksum(kJournalId));
  REQUIRE(view);
  CHECK(view->durable == first);
}

TEST_CASE("an idle journal is marked once, and again only after something happened") {
  JournalWriter writer(kStart, 1);
  writer.append(small_record());
  CHECK_FALSE(writer.wants_idle_marker());  // not durable yet
  writer.give_back(writer.take_batch());
  CHECK_FALSE(writer.wants_idle_marker());
  writer.on_durable(writer.position());
  CHECK(writer.wants_idle_marker());
  writer.append_idle_marker();
  writer.give_back(writer.take_batch());
  writer.on_durable(writer.position());
  CHECK_FALSE(writer.wants_idle_marker());
  writer.append(small_record());
  writer.give_back(writer.take_batch());
  writer.on_durable(writer.position());
  CHECK(writer.wants_idle_marker());
}

TEST_CASE("batches that come back are used again") {
  JournalWriter writer(kStart, 1);
  writer.append(small_record());
  Batch batch = writer.take_batch();
  const char* memory = batch.storage.data();
  writer.give_back(std::move(batch));
  writer.append(small_record());  // the one begun before it came back
  writer.give_back(writer.take_batch());
  writer.append(small_record());
  bool found = false;
  for (int i = 0; i < 3; ++i) {
    batch = writer.take_batch();
    found = found || batch.storage.data() == memory;
    writer.append(small_record());
  }
  CHECK(found);
}

TEST_CASE("large tables are cut into records that any segment takes") {
  JournalWriter writer(kStart, 1);
  std::vector<NameEntry> names;
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    texts.push_back("account-with-a-long-name-" + std::to_string(i));
  }
  for (std::uint32_t i = 0; i < 5000; ++i) { names.push_back({NameKind::kAccount, i, texts[i]}); }
  CheckpointRecord checkpoint;
  checkpoint.names = names;
  checkpoint.next_sequence = 77;
  const Lsn after = writer.append(checkpoint);
  CHECK(after == writer.position());
  CHECK(writer.take_batch().records == 20);
}

TEST_CASE("room: all while there is space, then no accepts, no leases, nothing") {
  JournalWriter writer(kStart, 4);
  const std::uint64_t here = writer.position().value();
  const auto room_with = [&](double segments, bool full) {
    writer.on_room({.prepared_up_to = Lsn{here + static_cast<std::uint64_t>(segments * kSmallSegment)},
                    .disk_full = full});
    return writer.room();
  };
  CHECK(room_with(0.5, false) == Room::kAll);
  CHECK(room_with(4.5, true) == Room::kAll);
  CHECK(room_with(4.0, true) == Room::kNoAccept);
  CHECK(room_with(2.5, true) == Room::kNoAccept);
  CHECK(room_with(1.9, true) == Room::kNoLease);
  CHECK(room_with(1.3, true) == Room::kNoLease);
  CHECK(room_with(1.2, true) == Room::kNone);  // the last segment is for the next start
  CHECK(room_with(-1, true) == Room::kNone);
}

}  // namespace aldis::spool

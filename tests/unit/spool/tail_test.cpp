// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/tail.hpp"

#include <random>

#include "journal_fixture.hpp"

namespace aldis::spool {
namespace {

// A reader as history is one: it keeps its position and what it heard over everything that happens.
struct Reader {
  Lsn at{};
  Heard heard;
  std::uint64_t gaps = 0;

  // Until there is nothing more; false on an error.
  bool read_all(Tail& tail, Lsn durable, std::size_t octets_max = 3000) {
    for (;;) {
      auto got = tail.read(at, durable, octets_max, heard);
      if (got.has_error()) {
        damage = got.error();
        return false;
      }
      at = got->next;
      if (got->gap) { ++gaps; }
      if (!got->more) { return true; }
    }
  }
  Damage damage;
};

TEST_CASE("a follower sees every record in order, in slices, over segments") {
  testing::SimDisk disk;
  RandomRecords records(1);
  Journal journal(disk);
  REQUIRE(journal.start());
  Tail tail(disk, kJournalId, kSmallSegment);
  Reader reader;
  for (int i = 0; i < 300; ++i) {
    journal.run(records, 1, 7);
    REQUIRE(reader.read_all(tail, journal.writer->durable(), 1 + records.below(9000)));
    REQUIRE(is_prefix(reader.heard.texts, journal.appended));
  }
  journal.idle_marker();
  REQUIRE(journal.writer->current_segment() > 3);
  REQUIRE(reader.read_all(tail, journal.writer->durable()));
  CHECK(reader.heard.texts.size() == journal.appended.size() - 1);  // nothing proves the marker itself
  CHECK(is_prefix(reader.heard.texts, journal.appended));
  CHECK(reader.gaps == 0);
  Reader later;
  REQUIRE(later.read_all(tail, journal.writer->durable(), 100'000));  // from the beginning
  CHECK((later.heard.texts == reader.heard.texts));
}

TEST_CASE("a follower sees nothing that is not durable, nor what nothing durable says to be") {
  testing::SimDisk disk;
  RandomRecords records(2);
  Journal journal(disk);
  REQUIRE(journal.start());
  Tail tail(disk, kJournalId, kSmallSegment);
  Reader reader;
  const Lsn before = journal.writer->durable();
  journal.append_some(records, 5);
  REQUIRE(reader.read_all(tail, before));
  CHECK(reader.heard.texts.empty());
  REQUIRE(journal.commit());
  REQUIRE(reader.read_all(tail, journal.writer->durable()));
  CHECK(reader.heard.texts.empty());
  journal.append_some(records, 1);
  REQUIRE(reader.read_all(tail, journal.writer->durable()));
  CHECK(reader.heard.texts.empty());
  REQUIRE(journal.commit());
  REQUIRE(reader.read_all(tail, journal.writer->durable()));
  CHECK(reader.heard.texts.size() == 5);
}

TEST_CASE("a follower sees each record once, whatever crashes and starts come between", "[D1][D9]") {
  std::mt19937_64 random(3);
  std::size_t seen = 0;
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    testing::SimDisk disk;
    RandomRecords records(seed);
    Reader reader;
    for (int life = 0; life < 12; ++life) {
      Journal journal(disk);
      REQUIRE(journal.start());
      Tail tail(disk, kJournalId, kSmallSegment);
      REQUIRE(reader.read_all(tail, journal.writer->durable()));
      REQUIRE(is_prefix(reader.heard.texts, journal.appended));
      for (std::uint64_t n = random() % 25; n > 0; --n) {
        journal.run(records, 1, 1 + static_cast<int>(random() % 40));
        if (random() % 3 == 0) {
          REQUIRE(reader.read_all(tail, journal.writer->durable(), 1 + random() % 20'000));
        }
        REQUIRE(is_prefix(reader.heard.texts, journal.appended));
      }
      if (random() % 2 == 0) {  // the last batch is written, and its answer never comes
        journal.append_some(records, 40);
        disk.cut_power_at(random() % 4);
        static_cast<void>(journal.commit());
      }
      disk.crash([&] { return random() % 2 == 0; });
    }
    CHECK(reader.gaps == 0);
    seen += reader.heard.texts.size();
  }
  CHECK(seen > 20'000);
}

TEST_CASE("a follower that comes too late is told of the gap and goes on with the oldest segment") {
  testing::SimDisk disk;
  RandomRecords records(4);
  Journal journal(disk);
  REQUIRE(journal.start());
  Tail tail(disk, kJournalId, kSmallSegment);
  Reader reader;
  const bool has_read = GENERATE(true, false);
  journal.run(records, 3, 10);
  if (has_read) { REQUIRE(reader.read_all(tail, journal.writer->durable())); }
  reader.at = std::max(reader.at, Lsn{kSmallSegment + kSegmentHeaderOctets});
  const auto before = reader.heard.texts.size();
  while (journal.writer->current_segment() < 6) { journal.run(records, 1, 20); }
  journal.append(CheckpointRecord{.generation = 1, .oldest_segment = 4});
  REQUIRE(journal.commit());
  journal.store->free_before(4);
  while (journal.writer->current_segment() < 12) { journal.run(records, 1, 20); }
  REQUIRE(journal.store->oldest_segment() == 4);
  journal.idle_marker();
  REQUIRE(reader.read_all(tail, journal.writer->durable()));
  CHECK(reader.gaps == 1);
  CHECK(segment_of(reader.heard.places.at(before).end, kSmallSegment) == 4);
  const auto count = static_cast<std::ptrdiff_t>(reader.heard.texts.size() - before);
  CHECK(std::equal(journal.appended.end() - 1 - count, journal.appended.end() - 1,
                   reader.heard.texts.end() - count));
}

TEST_CASE("a follower at the very end of a freed segment has missed nothing") {
  testing::SimDisk disk;
  RandomRecords records(5);
  Journal journal(disk);
  REQUIRE(journal.start());
  Tail tail(disk, kJournalId, kSmallSegment);
  while (journal.writer->current_segment() < 3) { journal.run(records, 1, 20); }
  journal.idle_marker();
  Reader reader;
  while (segment_of(reader.at, kSmallSegment) < 2) {  // one record a read
    auto got = tail.read(reader.at, journal.writer->durable(), 1, reader.heard);
    REQUIRE(got.has_value());
    reader.at = got->next;
  }
  const auto first = reader.heard.places.back();
  reader.at = reader.heard.places[reader.heard.places.size() - 2].end;
  reader.heard.texts.pop_back();
  reader.heard.places.pop_back();
  journal.append(CheckpointRecord{.generation = 1, .oldest_segment = 2});
  REQUIRE(journal.commit());
  journal.store->free_before(2);
  while (journal.writer->current_segment() < 9) { journal.run(records, 1, 20); }
  REQUIRE(journal.store->oldest_segment() == 2);
  Tail fresh(disk, kJournalId, kSmallSegment);
  REQUIRE(reader.read_all(fresh, journal.writer->durable()));
  CHECK(reader.gaps == 0);
  CHECK(std::any_of(reader.heard.places.begin(), reader.heard.places.end(),
                    [&](const Place& place) { return place.begin == first.begin; }));
}

TEST_CASE("a follower names the damage, and another journal's segments are none") {
  testing::SimDisk disk;
  RandomRecords records(6);
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.run(records, 10, 10);
  Tail foreign(disk, 4711, kSmallSegment);
  Reader reader;
  CHECK_FALSE(reader.read_all(foreign, journal.writer->durable()));
  CHECK(reader.damage.kind == Damage::Kind::kFiles);
  disk.flip(segment_name(1), 5000, 3);
  Tail tail(disk, kJournalId, kSmallSegment);
  CHECK_FALSE(reader.read_all(tail, journal.writer->durable()));
  CHECK(reader.damage.kind == Damage::Kind::kCorrupt);
  CHECK(reader.damage.file == segment_name(1));
  CHECK(reader.damage.offset <= 5000);
}

}  // namespace
}  // namespace aldis::spool

// SPDX-License-Identifier: Apache-2.0
// CONTRACT 2: torn tail or bit rot, unproven tail, what was cut off never comes back.
#include <algorithm>
#include <cerrno>
#include <numeric>

#include "journal_fixture.hpp"
#include "spool/frame.hpp"

namespace aldis::spool {
namespace {

using testing::SimDisk;

SimDisk::Coin coin(std::mt19937_64& random, unsigned of_16) {
  return [&random, of_16] { return random() % 16 < of_16; };
}
const SimDisk::Coin kNothing = [] { return false; };
const SimDisk::Coin kAll = [] { return true; };

}  // namespace

TEST_CASE("an empty directory becomes a journal, and a second start finds it") {
  SimDisk disk;
  Journal first(disk);
  REQUIRE(first.start());
  CHECK(first.recovered.created);
  CHECK(first.recovered.writer.generation == 1);
  disk.crash(kNothing);  // all of it was synced, names included
  Journal second(disk);
  REQUIRE(second.start());
  CHECK_FALSE(second.recovered.created);
  CHECK(second.recovered.writer.generation == 2);
  CHECK(second.recovered.writer.journal_id == kJournalId);
  CHECK(second.heard.texts.empty());
}

TEST_CASE("everything durable comes back in order, over several segments") {
  SimDisk disk;
  RandomRecords records(1);
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.run(records, 60, 30);
  REQUIRE(journal.writer->current_segment() > 3);
  disk.crash(kNothing);
  Journal again(disk);
  REQUIRE(again.start());
  CHECK(again.heard.texts == journal.appended);
  CHECK(again.recovered.writer.segment_octets == kSmallSegment);
}

TEST_CASE("places say where records stand, also of those that were copied") {
  SimDisk disk;
  RandomRecords records(2);
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.run(records, 20, 30);
  disk.crash(kNothing);
  Journal again(disk);
  REQUIRE(again.start());
  REQUIRE(again.recovered.records_rewritten > 0);
  const Checksum checksum(kJournalId);
  for (const Place& place : again.heard.places) {
    const SegmentNumber number = segment_of(place.end, kSmallSegment);
    const auto view = read_frame(disk.octets(segment_name(number)), place.begin.value() % kSmallSegment,
                                 place.begin, checksum);
    REQUIRE(view);
    CHECK(place.begin.value() + view->octets == place.end.value());
  }
}

TEST_CASE("a crash in a batch leaves what was durable and a prefix of the rest, whatever sectors survive") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    SimDisk disk;
    RandomRecords records(seed);
    Journal journal(disk);
    REQUIRE(journal.start());
    journal.run(records, static_cast<int>(random() % 30), 20);
    journal.append_some(records, 1 + static_cast<int>(random() % 200));
    disk.cut_power_at(random() % 4);
    journal.commit();
    disk.crash(coin(random, static_cast<unsigned>(seed % 17)));
    Journal again(disk);
    INFO("seed " << seed);
    const bool started = again.start();
    INFO(again.damage().sentence());
    REQUIRE(started);
    REQUIRE(again.heard.texts.size() >= journal.durable_count);
    REQUIRE(is_prefix(again.heard.texts, journal.appended));
  }
}

TEST_CASE("every cut of the last 64 KiB at sector steps leaves a prefix, and never less than was durable") {
  SimDisk whole;
  RandomRecords records(3);
  Journal journal(whole);
  REQUIRE(journal.start());
  journal.run(records, 12, 20);
  const std::size_t durable_count = journal.durable_count;
  const std::string file = segment_name(journal.writer->current_segment());
  const std::string before = whole.octets(file);
  while (journal.writer->position().value() % kSmallSegment < kSmallSegment - 2000) {
    journal.append_some(records, 1);
  }
  REQUIRE(journal.commit());  // one large batch, whose sectors are put back one by one
  REQUIRE(segment_name(journal.writer->current_segment()) == file);
  const std::string after = whole.octets(file);
  std::mt19937_64 random(4);
  for (std::uint64_t cut = 0; cut <= kSmallSegment; cut += SimDisk::kSector) {
    for (const bool scattered : {false, true}) {
      SimDisk disk = whole.copy();
      for (std::uint64_t at = 0; at < kSmallSegment; at += SimDisk::kSector) {
        const bool lost = scattered ? at >= cut && random() % 2 == 0 : at >= cut;
        if (lost) { disk.overwrite(file, at, Octets{before}.substr(at, SimDisk::kSector)); }
      }
      Journal again(disk);
      INFO("cut at " << cut << (scattered ? ", scattered" : ""));
      const bool started = again.start();
      INFO(again.damage().sentence());
      REQUIRE(started);
      REQUIRE(again.heard.texts.size() >= durable_count);
      REQUIRE(is_prefix(again.heard.texts, journal.appended));
    }
  }
}

TEST_CASE("any flipped bit where octets had been durable is found, and named") {
  SimDisk whole;
  RandomRecords records(5);
  Journal journal(whole);
  REQUIRE(journal.start());
  journal.run(records, 25, 20);
  journal.idle_marker();  // proves everything before it
  const Lsn durable_end{journal.writer->position().value() - record_octets(0)};
  REQUIRE(journal.writer->current_segment() > 1);
  std::mt19937_64 random(6);
  for (int i = 0; i < 3000; ++i) {
    const SegmentNumber number = 1 + random() % journal.writer->current_segment();
    const std::uint64_t begin = number * kSmallSegment;
    if (begin >= durable_end.value()) { continue; }
    // Between the last record of a segment and its end nothing was written.
    const auto header = read_segment_header(
        whole.contains(segment_name(number + 1)) ? whole.octets(segment_name(number + 1)) : std::string{});
    const std::uint64_t end =
        header && header->number == number + 1 ? header->previous_end.value() : durable_end.value();
    const std::uint64_t offset = random() % (end - begin);
    SimDisk disk = whole.copy();
    disk.flip(segment_name(number), offset, static_cast<unsigned>(random() % 8));
    Journal again(disk);
    INFO("segment " << number << " offset " << offset);
    if (again.start()) {
      // Zeros behind a checksum say nothing: all records must be there.
      REQUIRE(again.heard.texts == journal.appended);
      continue;
    }
    const Damage& damage = again.damage();
    INFO(damage.sentence());
    REQUIRE((damage.kind == Damage::Kind::kCorrupt || damage.kind == Damage::Kind::kForeign));
    CHECK(damage.file == segment_name(number));
    CHECK(damage.offset <= offset);
    CHECK(offset - damage.offset < 4096);
    CHECK_FALSE(damage.advice.empty());
    CHECK(again.heard.texts.empty());
  }
}

TEST_CASE("damage names file, offset, position and type of the record") {
  SimDisk disk;
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.append(OwedDoneRecord{MessageId{1}, false, 1, {}});
  const Lsn at = journal.writer->position();
  journal.append(OrphanDoneRecord{MessageId{2}, {}});
  REQUIRE(journal.commit());
  journal.idle_marker();
  disk.flip("000000000001.seg", at.value() % kSmallSegment + kRecordHeaderOctets + 2, 0);
  Journal again(disk);
  REQUIRE_FALSE(again.start());
  CHECK(again.damage().kind == Damage::Kind::kCorrupt);
  CHECK(again.damage().file == "000000000001.seg");
  CHECK(again.damage().offset == at.value() % kSmallSegment);
  CHECK(again.damage().lsn == at);
  CHECK(again.damage().type == RecordType::kOrphanDone);
  CHECK_THAT(again.damage().sentence(), Catch::Contains("ORPHAN_DONE") && Catch::Contains("checksum"));
}

TEST_CASE("a record that is whole and cannot be decoded refuses the start each time, and is named", "[H25]") {
  for (const Octets payload :
       {Octets{"\x08"}, Octets{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}, Octets{"\x0a\x7f\x01"}}) {
    SimDisk disk;
    RandomRecords records(8);
    Journal journal(disk);
    REQUIRE(journal.start());
    journal.run(records, 3, 20);
    const Lsn at = journal.writer->position();
    const SegmentNumber segment = at.value() / kSmallSegment;
    journal.writer->append_copy(RecordType::kAccept, payload);
    REQUIRE(journal.commit());
    journal.idle_marker();
    for (int starts = 0; starts < 3; ++starts) {
      Journal again(disk);
      REQUIRE_FALSE(again.start());
      CHECK(again.damage().kind == Damage::Kind::kCorrupt);
      CHECK(again.damage().file == segment_name(segment));
      CHECK(again.damage().lsn == at);
      CHECK(again.damage().type == RecordType::kAccept);
      CHECK_THAT(again.damage().sentence(), Catch::Contains("ACCEPT") && Catch::Contains("does not read"));
    }
    const VerifyReport report = verify(disk);
    REQUIRE(report.damage);
    CHECK(report.damage->lsn == at);
  }
}

TEST_CASE("octets after a failed sync that the kernel still shows are stored again before they count") {
  SimDisk disk;
  RandomRecords records(7);
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.run(records, 3, 20);
  const std::size_t durable_count = journal.durable_count;
  journal.append_some(records, 10);
  disk.fail_operation(1, EIO);  // the sync behind the write
  REQUIRE_FALSE(journal.commit());
  Journal restarted(disk);  // the process died; the machine did not
  REQUIRE(restarted.start());
  REQUIRE(restarted.heard.texts.size() > durable_count);
  disk.crash(kNothing);
  Journal again(disk);
  REQUIRE(again.start());
  CHECK(again.heard.texts == restarted.heard.texts);
}

TEST_CASE("recovering twice is recovering once") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    SimDisk disk;
    RandomRecords records(seed);
    Journal journal(disk);
    REQUIRE(journal.start());
    journal.run(records, static_cast<int>(random() % 12), 25);
    journal.append_some(records, 60);
    disk.cut_power_at(random() % 3);
    journal.commit();
    disk.crash(coin(random, 8));
    Journal second(disk);
    REQUIRE(second.start());
    Journal third(disk);
    REQUIRE(third.start());
    CHECK(third.heard.texts == second.heard.texts);
    CHECK(third.recovered.records_rewritten == 0);
    CHECK(third.recovered.octets_torn == 0);
    CHECK(third.recovered.writer.generation == second.recovered.writer.generation + 1);
  }
}

TEST_CASE("a crash at any operation of recovery loses nothing and brings nothing back") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    SimDisk torn;
    RandomRecords records(seed);
    Journal journal(torn);
    REQUIRE(journal.start());
    journal.run(records, static_cast<int>(random() % 12), 25);
    journal.append_some(records, seed % 2 == 0 ? 30 : 400);  // the tail of the latter needs several segments
    torn.cut_power_at(random() % 5);
    journal.commit();
    torn.crash(coin(random, 14));
    SimDisk reference = torn.copy();
    Journal want(reference);
    REQUIRE(want.start());
    for (std::uint64_t cut = 0; cut < 40; ++cut) {
      SimDisk disk = torn.copy();
      disk.cut_power_at(cut);
      Journal interrupted(disk);
      const bool came_through = interrupted.start();
      disk.crash(coin(random, static_cast<unsigned>(random() % 17)));
      Journal again(disk);
      INFO("seed " << seed << " cut " << cut);
      const bool started = again.start();
      INFO(again.damage().sentence());
      REQUIRE(started);
      REQUIRE(again.heard.texts == want.heard.texts);
      if (came_through) { break; }
    }
  }
}

TEST_CASE("a crash at any operation of the very first start leaves a directory that starts") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    for (std::uint64_t cut = 0; cut < 20; ++cut) {
      SimDisk disk;
      disk.cut_power_at(cut);
      Journal interrupted(disk);
      const bool came_through = interrupted.start();
      disk.crash(coin(random, static_cast<unsigned>(random() % 17)));
      Journal again(disk);
      INFO("seed " << seed << " cut " << cut);
      const bool started = again.start();
      INFO(again.damage().sentence());
      REQUIRE(started);
      CHECK(again.heard.texts.empty());
      if (came_through) { break; }
    }
  }
}

TEST_CASE("lives of crashes, recycled segments and new records never mix up what they hold") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    SimDisk disk;
    RandomRecords records(seed);
    std::vector<std::string> promised;  // since the oldest segment kept
    for (int life = 0; life < 12; ++life) {
      Journal journal(disk);
      INFO("seed " << seed << " life " << life);
      const bool started = journal.start();
      INFO(journal.damage().sentence());
      REQUIRE(started);
      REQUIRE(journal.heard.texts.size() >= promised.size());
      REQUIRE(std::equal(promised.begin(), promised.end(), journal.heard.texts.begin()));
      disk.cut_power_at(random() % 120);
      for (int batch = 0; batch < 20; ++batch) {
        journal.append_some(records, static_cast<int>(random() % 40));
        if (!journal.commit() || !journal.idle()) { break; }
      }
      disk.crash(coin(random, static_cast<unsigned>(random() % 17)));
      promised.assign(journal.appended.begin(),
                      journal.appended.begin() + static_cast<std::ptrdiff_t>(journal.durable_count));
    }
  }
}

TEST_CASE("freed segments are used again, their old records never come back, and what is kept does") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    std::mt19937_64 random(seed);
    SimDisk disk;
    RandomRecords records(seed);
    Journal journal(disk);
    REQUIRE(journal.start());
    std::vector<std::string> since_oldest;  // appended after the last segment that was declared needed began
    std::vector<std::string> promised;
    bool running = true;
    const auto commit = [&] {
      if (!journal.commit()) { return false; }
      promised = since_oldest;
      return true;
    };
    for (int batch = 0; batch < 200 && running; ++batch) {
      for (int i = 0; i < 20; ++i) {
        records.any([&](const auto& record) {
          journal.append(record);
          since_oldest.push_back(text_of(record));
        });
      }
      if (batch > 150) { disk.cut_power_at(random() % 30); }
      running = commit();
      if (running && journal.writer->take_segment_began() && batch % 3 == 0) {
        // Nothing before the current segment is needed: say so durably, then free.
        CheckpointRecord checkpoint;
        checkpoint.oldest_segment = journal.writer->current_segment();
        journal.append(checkpoint);
        since_oldest.clear();
        running = commit();
        if (running) { journal.store->free_before(checkpoint.oldest_segment); }
      }
      running = running && journal.idle();
    }
    auto names = disk.list();
    CHECK(names->size() < 16);  // of about 35 that were written
    disk.crash(coin(random, 8));
    Journal again(disk);
    INFO("seed " << seed);
    const bool started = again.start();
    INFO(again.damage().sentence());
    REQUIRE(started);
    const auto& found = again.heard.texts;
    REQUIRE(std::search(found.begin(), found.end(), promised.begin(), promised.end()) != found.end());
    REQUIRE(again.recovered.store.live.size() < 12);
  }
}

TEST_CASE("segments that a proved checkpoint does not need are not replayed, freed or not") {
  SimDisk disk;
  RandomRecords records(12);
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.run(records, 40, 30);
  const SegmentNumber oldest = journal.writer->current_segment();
  REQUIRE(oldest > 2);
  CheckpointRecord checkpoint;
  checkpoint.oldest_segment = oldest;
  journal.append(checkpoint);
  REQUIRE(journal.commit());
  journal.idle_marker();
  disk.flip(segment_name(1), 500, 1);  // nor does damage matter there
  Journal again(disk);
  REQUIRE(again.start());
  REQUIRE_FALSE(again.heard.places.empty());
  for (const Place& place : again.heard.places) { CHECK(segment_of(place.end, kSmallSegment) >= oldest); }
  CHECK(again.recovered.store.live.front() == 1);  // still to be freed
  again.store->free_before(oldest);
  REQUIRE(again.idle(true));
  Journal third(disk);
  REQUIRE(third.start());
  CHECK(third.heard.texts == again.heard.texts);
}

TEST_CASE("a checkpoint in a torn batch frees nothing, however often the journal is started") {
  SimDisk disk;
  RandomRecords records(13);
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.run(records, 40, 30);
  const auto before = journal.appended;
  const SegmentNumber torn_in = journal.writer->current_segment();
  REQUIRE(torn_in > 2);
  const Lsn torn = journal.writer->position();
  records.any([&](const auto& record) { journal.append(record); });
  CheckpointRecord checkpoint;
  checkpoint.oldest_segment = torn_in;
  journal.append(checkpoint);
  REQUIRE(journal.commit());
  REQUIRE(journal.writer->current_segment() == torn_in);
  // a sector was lost
  disk.overwrite(segment_name(torn_in), torn.value() % kSmallSegment, std::string(16, '\0'));
  for (int start = 0; start < 4; ++start) {  // each writes behind it, and knows that to be durable
    Journal again(disk);
    INFO("start " << start);
    REQUIRE(again.start());
    CHECK(again.heard.texts == before);
  }
}

TEST_CASE("a segment that is gone is missed, unless it was freed") {
  SimDisk whole;
  RandomRecords records(8);
  Journal journal(whole);
  REQUIRE(journal.start());
  journal.run(records, 60, 30);
  journal.idle_marker();
  REQUIRE(journal.writer->current_segment() > 3);
  for (SegmentNumber gone = 1; gone < journal.writer->current_segment(); ++gone) {
    SimDisk disk = whole.copy();
    REQUIRE(disk.remove(segment_name(gone)).has_value());
    Journal again(disk);
    INFO("segment " << gone);
    REQUIRE_FALSE(again.start());
    CHECK(again.damage().kind == Damage::Kind::kMissing);
    CHECK(again.damage().file == segment_name(gone));
  }
}

TEST_CASE("a header that is gone is damage, in the first, a middle and the last segment") {
  SimDisk whole;
  RandomRecords records(9);
  Journal journal(whole);
  REQUIRE(journal.start());
  journal.run(records, 60, 30);
  journal.idle_marker();
  for (SegmentNumber number = 1; number <= journal.writer->current_segment(); ++number) {
    for (const char fill : {'\0', '\x7f'}) {
      SimDisk disk = whole.copy();
      disk.overwrite(segment_name(number), 0, std::string(kSegmentHeaderOctets, fill));
      Journal again(disk);
      INFO("segment " << number);
      REQUIRE_FALSE(again.start());
      CHECK(again.damage().kind == Damage::Kind::kCorrupt);
      CHECK(again.damage().file == segment_name(number));
    }
  }
}

TEST_CASE("a directory whose only segment lost its header is not taken for an empty one") {
  SimDisk disk;
  RandomRecords records(10);
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.append_some(records, 5);
  REQUIRE(journal.commit());
  disk.overwrite("000000000001.seg", 0, std::string(kSegmentHeaderOctets, '\0'));
  Journal again(disk);
  REQUIRE_FALSE(again.start());
  CHECK(again.damage().kind == Damage::Kind::kCorrupt);
}

TEST_CASE("a later format is refused by name, and so is a later record") {
  SimDisk disk;
  Journal journal(disk);
  REQUIRE(journal.start());
  REQUIRE(journal.commit());
  SegmentHeader header = *read_segment_header(disk.octets("000000000001.seg"));
  SECTION("the segment's") {
    header.format = kFormat + 1;
    std::string octets(kSegmentHeaderOctets, '\0');
    write_segment_header(octets.data(), header);
    disk.overwrite("000000000001.seg", 0, octets);
    Journal again(disk);
    REQUIRE_FALSE(again.start());
    CHECK(again.damage().kind == Damage::Kind::kNewerFormat);
    CHECK_THAT(again.damage().sentence(), Catch::Contains("format 2") && Catch::Contains("up to 1"));
  }
  SECTION("a record's") {
    std::string octets(record_octets(0), '\0');
    const Lsn at{kSmallSegment + kSegmentHeaderOctets};
    close_frame(octets.data(), static_cast<RecordType>(200), 0, at, at, Checksum(kJournalId));
    disk.overwrite("000000000001.seg", kSegmentHeaderOctets, octets);
    Journal again(disk);
    REQUIRE_FALSE(again.start());
    CHECK(again.damage().kind == Damage::Kind::kNewerFormat);
    CHECK(again.damage().lsn == at);
  }
}

TEST_CASE("segments of another journal are refused") {
  SimDisk disk;
  Journal journal(disk);
  REQUIRE(journal.start());
  SegmentHeader header = *read_segment_header(disk.octets("000000000001.seg"));
  header.journal_id += 1;
  header.number = 2;
  std::string octets(kSmallSegment, '\0');
  write_segment_header(octets.data(), header);
  auto file = disk.create("000000000002.seg");
  REQUIRE((*file)->write_at(0, octets).has_value());
  Journal again(disk);
  REQUIRE_FALSE(again.start());
  CHECK(again.damage().kind == Damage::Kind::kForeign);
}

TEST_CASE("a full disk at start is said in words") {
  SimDisk disk;
  disk.set_capacity(kSmallSegment / 2);
  Journal journal(disk);
  REQUIRE_FALSE(journal.start());
  CHECK(journal.damage().kind == Damage::Kind::kFiles);
  CHECK_THAT(journal.damage().sentence(), Catch::Contains("No space left"));
}

TEST_CASE("verify reads what recovery would, and changes nothing") {
  SimDisk disk;
  RandomRecords records(11);
  Journal journal(disk);
  REQUIRE(journal.start());
  journal.run(records, 30, 20);
  const std::uint64_t operations = disk.operations();
  VerifyReport report = verify(disk);
  CHECK(disk.operations() == operations);
  CHECK_FALSE(report.damage);
  CHECK(std::accumulate(report.records.begin(), report.records.end(), std::uint64_t{0}) ==
        journal.appended.size());
  CHECK(report.segments.size() == journal.writer->current_segment());
  CHECK(report.end == journal.writer->position());
  CHECK(report.durable < report.end);
  CHECK(report.records_unproven > 0);
  journal.idle_marker();
  report = verify(disk);
  CHECK(report.records_unproven == 1);
  disk.flip("000000000001.seg", 300, 3);
  report = verify(disk);
  REQUIRE(report.damage);
  CHECK(report.damage->kind == Damage::Kind::kCorrupt);
}

}  // namespace aldis::spool

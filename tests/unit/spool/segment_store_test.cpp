// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "journal_fixture.hpp"

namespace aldis::spool {
namespace {

using testing::SimDisk;

struct Fixture {
  SimDisk disk;
  RandomRecords records{1};
  Journal journal;

  explicit Fixture(std::uint32_t reserve = 2) : journal(disk, reserve) { REQUIRE(journal.start()); }
  void fill_segments(SegmentNumber count) {
    const SegmentNumber until = journal.writer->current_segment() + count;
    while (journal.writer->current_segment() < until) { journal.run(records, 1, 20); }
  }
};

}  // namespace

TEST_CASE("a commit inside a segment is one write and one sync") {
  Fixture f;
  REQUIRE(f.journal.idle());
  f.journal.append_some(f.records, 10);
  const std::uint64_t before = f.disk.operations();
  REQUIRE(f.journal.commit());
  CHECK(f.disk.operations() - before == 2);
}

TEST_CASE("a commit that crosses into a prepared segment writes and syncs both, and nothing else") {
  Fixture f;
  REQUIRE(f.journal.idle());
  const SegmentNumber first = f.journal.writer->current_segment();
  while (f.journal.writer->current_segment() == first) { f.journal.append_some(f.records, 1); }
  const std::uint64_t before = f.disk.operations();
  REQUIRE(f.journal.commit());
  CHECK(f.disk.operations() - before == 4);
}

TEST_CASE("segments are ready ahead: the reserve and one more") {
  Fixture f(3);
  REQUIRE(f.journal.idle());
  CHECK(f.journal.store->room().segments_ready == 4);
  CHECK(f.journal.store->room().prepared_up_to == Lsn{6 * kSmallSegment});
  f.fill_segments(2);
  CHECK(f.journal.store->room().segments_ready == 4);
  CHECK(f.journal.store->room().segments_live == 3);
}

TEST_CASE("without housekeeping a commit prepares what it needs itself") {
  Fixture f(0);
  for (int i = 0; i < 60; ++i) {
    f.journal.append_some(f.records, 30);
    REQUIRE(f.journal.commit());
  }
  CHECK(f.journal.writer->current_segment() > 3);
  f.disk.crash([] { return false; });
  Journal again(f.disk);
  REQUIRE(again.start());
  CHECK(again.heard.texts == f.journal.appended);
}

TEST_CASE("freed segments are renamed into use, not deleted and made anew") {
  Fixture f(2);
  f.fill_segments(6);
  const std::uint64_t octets_used = f.disk.octets_used();
  for (int round = 0; round < 5; ++round) {
    f.journal.store->free_before(f.journal.writer->current_segment());
    f.fill_segments(3);
    CHECK(f.disk.octets_used() <= octets_used);
  }
  CHECK(f.disk.contains(segment_name(f.journal.store->oldest_segment())));
}

TEST_CASE("what is freed beyond need is removed in quiet moments, oldest first") {
  Fixture f(1);
  f.fill_segments(10);
  f.journal.store->free_before(f.journal.writer->current_segment());
  REQUIRE(f.journal.idle(false));
  CHECK(f.disk.contains(segment_name(1)));
  for (SegmentNumber oldest = 1; oldest < f.journal.writer->current_segment(); ++oldest) {
    CHECK(f.journal.store->oldest_segment() == oldest);
    auto work = f.journal.store->idle_work(true);
    REQUIRE(work.has_value());
    CHECK_FALSE(f.disk.contains(segment_name(oldest)));
  }
  REQUIRE(f.journal.idle(true));
  CHECK(f.journal.store->room().segments_live == 1);
}

TEST_CASE("the segment being written is never freed") {
  Fixture f;
  f.fill_segments(2);
  f.journal.store->free_before(1'000'000);
  REQUIRE(f.journal.idle(true));
  CHECK(f.journal.store->oldest_segment() == f.journal.writer->current_segment());
}

TEST_CASE("housekeeping works in slices") {
  SimDisk disk;
  Heard heard;
  auto recovered = recover(disk, {.segment_octets = 16u << 20, .new_journal_id = 1}, heard);
  REQUIRE(recovered.has_value());
  SegmentStore store(disk, recovered->store, 0);
  std::uint64_t used = disk.octets_used();
  int slices = 0;
  for (;;) {
    auto work = store.idle_work();
    REQUIRE(work.has_value());
    if (*work == Work::kNone) { break; }
    CHECK(disk.octets_used() - used <= (1u << 20));
    used = disk.octets_used();
    ++slices;
  }
  CHECK(slices == 16);
}

TEST_CASE("after the first failed operation nothing is taken any more") {
  for (std::uint64_t n = 0; n < 60; ++n) {
    Fixture f;
    f.disk.fail_operation(n, EIO);
    bool failed = false;
    for (int i = 0; i < 30 && !failed; ++i) {
      f.journal.append_some(f.records, 20);
      failed = !f.journal.commit() || !f.journal.idle();
    }
    INFO("operation " << n);
    REQUIRE(failed);
    CHECK(f.journal.store->failed());
    const std::uint64_t operations = f.disk.operations();
    f.journal.append_some(f.records, 1);
    Batch batch = f.journal.writer->take_batch();
    auto refused = f.journal.store->commit(batch);
    REQUIRE(refused.has_error());
    CHECK_THAT(refused.error().sentence, Catch::Contains("nothing more"));
    CHECK(f.journal.store->idle_work().has_error());
    CHECK(f.disk.operations() == operations);  // a sync is never tried again
    f.disk.crash([] { return true; });
    Journal again(f.disk);
    REQUIRE(again.start());
    CHECK(again.heard.texts.size() >= f.journal.durable_count);
    CHECK(is_prefix(again.heard.texts, f.journal.appended));
  }
}

TEST_CASE("a full disk is no failure while prepared segments last, and ends by itself") {
  Fixture f(4);
  REQUIRE(f.journal.idle());
  f.disk.set_capacity(f.disk.octets_used() + kSmallSegment / 2);
  while (!f.journal.store->room().disk_full) {
    f.journal.append_some(f.records, 10);
    REQUIRE(f.journal.commit());
    REQUIRE(f.journal.idle());
  }
  std::vector<Room> seen;
  while (f.journal.writer->room() != Room::kNone) {
    if (seen.empty() || seen.back() != f.journal.writer->room()) { seen.push_back(f.journal.writer->room()); }
    f.journal.append_some(f.records, 1);
    REQUIRE(f.journal.commit());
    REQUIRE(f.journal.idle());
  }
  CHECK(seen == std::vector<Room>{Room::kAll, Room::kNoAccept, Room::kNoLease});
  SECTION("because space returns") {
    f.disk.set_capacity(~0ull);
    REQUIRE(f.journal.idle());
    CHECK(f.journal.writer->room() == Room::kAll);
    CHECK_FALSE(f.journal.store->room().disk_full);
  }
  SECTION("because old segments are freed") {
    f.journal.store->free_before(f.journal.writer->current_segment());
    REQUIRE(f.journal.idle());
    CHECK(f.journal.writer->room() == Room::kAll);
  }
}

TEST_CASE("batches without any place to go come back, and go in the same order once there is space") {
  Fixture f(0);
  f.disk.set_capacity(f.disk.octets_used());
  JournalWriter& writer = *f.journal.writer;
  SegmentStore& store = *f.journal.store;
  std::vector<Batch> waiting;
  while (waiting.size() < 2) {
    f.journal.append_some(f.records, 20);
    waiting.push_back(writer.take_batch());
    auto committed = store.commit(waiting.back());
    REQUIRE(committed.has_value());
    if (committed->no_space) { continue; }
    REQUIRE(waiting.size() == 1);  // none overtakes one that waits
    writer.on_durable(committed->durable);
    waiting.clear();
  }
  CHECK(store.room().disk_full);
  CHECK_FALSE(store.failed());
  SECTION("space returns") {
    f.disk.set_capacity(~0ull);
    for (const Batch& batch : waiting) {
      auto committed = store.commit(batch);
      REQUIRE(committed.has_value());
      CHECK_FALSE(committed->no_space);
      CHECK(committed->durable == batch.end);
    }
    f.disk.crash([] { return false; });
    Journal again(f.disk);
    REQUIRE(again.start());
    CHECK(again.heard.texts == f.journal.appended);
  }
  SECTION("a crash comes first") {
    CHECK(store.commit(waiting.back())->no_space);
    f.disk.crash([] { return true; });
    f.disk.set_capacity(~0ull);
    Journal again(f.disk);
    REQUIRE(again.start());
    CHECK(is_prefix(again.heard.texts, f.journal.appended));
  }
}

TEST_CASE("a start on a full disk takes a segment that nobody needs, or one of the reserve") {
  Fixture f(2);
  f.fill_segments(4);
  const bool reserve = GENERATE(true, false);
  INFO(reserve);
  if (!reserve) {
    f.journal.store->free_before(f.journal.writer->current_segment());
    CheckpointRecord checkpoint;
    checkpoint.oldest_segment = f.journal.writer->current_segment();
    f.journal.append(checkpoint);
    REQUIRE(f.journal.commit());
    f.journal.idle_marker();
  }
  f.disk.set_capacity(f.disk.octets_used());
  f.disk.crash([] { return true; });
  Journal again(f.disk, 2);
  REQUIRE(again.start());
}

TEST_CASE("free space is asked before a segment is begun, while the whole reserve is there") {
  Fixture f(2);
  REQUIRE(f.journal.idle());
  const auto ready = f.journal.store->room().segments_ready;
  f.disk.set_capacity(f.disk.octets_used() + kSmallSegment / 2);
  while (f.journal.store->room().segments_ready == ready) {
    f.journal.append_some(f.records, 5);
    REQUIRE(f.journal.commit());
  }
  REQUIRE(f.journal.store->idle_work().has_value());
  CHECK(f.journal.store->room().disk_full);
  CHECK(f.journal.store->room().segments_ready == ready - 1);
}

}  // namespace aldis::spool

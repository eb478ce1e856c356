// SPDX-License-Identifier: Apache-2.0
// Reading back by position.
#include <catch2/catch.hpp>

#include "aldis/spool/images.hpp"
#include "aldis/spool/recover.hpp"
#include "random_records.hpp"
#include "record_text.hpp"
#include "support/sim_disk.hpp"

namespace aldis::spool {
namespace {

struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Bench {
  testing::SimDisk disk;
  Images images{disk, [](const ports::FileError& error) { throw Unreadable(error.sentence); }};
  std::unique_ptr<JournalWriter> writer;
  std::unique_ptr<SegmentStore> store;

  Bench() {
    Heard nobody;
    const auto recovered = recover(
        disk, {.segment_octets = kSegmentOctetsMin, .new_journal_id = 7, .generation = {}, .images = &images},
        nobody);
    REQUIRE(recovered.has_value());
    writer = std::make_unique<JournalWriter>(recovered->writer, 1);
    store = std::make_unique<SegmentStore>(disk, recovered->store, 1);
  }
  void commit() {
    const auto committed = store->commit(writer->take_batch());
    REQUIRE(committed.has_value());
    writer->on_durable(committed->durable);
    images.readable_to(committed->durable);
  }
};

struct Written {
  Lsn end;
  std::uint32_t octets;
  std::string text;
};

std::vector<Written> write(Bench& bench, int records) {
  RandomRecords random(11);
  std::vector<Written> written;
  for (int i = 0; i < records; ++i) {
    const auto record = random.accept(i % 50 == 7 ? 40'000 : 300);
    const Lsn end = bench.writer->append(record);
    written.push_back({end, bench.writer->last_octets(), text_of(record)});
    if (i % 9 == 0) { bench.commit(); }
    if (i % 5 == 0) { bench.writer->append(random.lease()); }
  }
  bench.commit();
  return written;
}

TEST_CASE("every image is read back by its position, in any order, over segments and windows") {
  Bench bench;
  const auto written = write(bench, 700);
  for (std::size_t i = 0; i < written.size(); ++i) {
    const auto& one = written[(i * 263) % written.size()];
    CHECK(text_of(bench.images.accept(one.end, one.octets)) == one.text);
  }
  for (const auto& one : written) { CHECK(text_of(bench.images.accept(one.end, one.octets)) == one.text); }
}

TEST_CASE("a walk sees every ACCEPT of a segment, whatever slices it takes") {
  Bench bench;
  const auto written = write(bench, 300);
  for (const std::size_t slice : {200u, 5000u, 100'000u}) {
    std::size_t seen = 0;
    for (SegmentNumber number = 1; number <= bench.writer->current_segment(); ++number) {
      for (Lsn at{number * kSegmentOctetsMin}; at != Lsn{};) {
        at = bench.images.walk(at, slice,
                               [&](Lsn end, std::uint32_t octets, const AcceptRecord& record, Octets) {
                                 REQUIRE(seen < written.size());
                                 CHECK(end == written[seen].end);
                                 CHECK(octets == written[seen].octets);
                                 CHECK(text_of(record) == written[seen].text);
                                 ++seen;
                               });
      }
    }
    CHECK(seen == written.size());
  }
}

TEST_CASE("an image that is damaged, or is none, is told by name and never taken for another", "[D12]") {
  Bench bench;
  const auto written = write(bench, 50);
  const auto& one = written[20];
  CHECK_THROWS_AS(bench.images.accept(Lsn{one.end.value() - 8}, one.octets), Unreadable);
  CHECK_THROWS_AS(bench.images.accept(one.end, one.octets - 8), Unreadable);
  const auto number = one.end.value() / kSegmentOctetsMin;
  auto file = bench.disk.open(segment_name(number));
  REQUIRE(file.has_value());
  REQUIRE((*file)->write_at((one.end.value() - 20) % kSegmentOctetsMin, "?").has_value());
  Images fresh{bench.disk, [](const ports::FileError& error) { throw Unreadable(error.sentence); }};
  fresh.open(7, kSegmentOctetsMin);
  fresh.readable_to(bench.writer->durable());
  CHECK_THROWS_WITH(fresh.accept(one.end, one.octets), Catch::Contains(segment_name(number)));
}

}  // namespace
}  // namespace aldis::spool

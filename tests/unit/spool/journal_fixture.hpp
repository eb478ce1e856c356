// SPDX-License-Identifier: Apache-2.0
// A journal on a simulated disk: what the daemon does with spool, in one thread.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aldis/spool/recover.hpp"
#include "random_records.hpp"
#include "record_text.hpp"
#include "support/sim_disk.hpp"

namespace aldis::spool {

inline constexpr std::uint64_t kSmallSegment = 64u << 10;
inline constexpr std::uint64_t kJournalId = 0x1234567890ABCDEF;

// An owner of a disk's journal from a start to a stop or crash. `appended` has all records, `durable_count`
// says how many of them were promised.
class Journal {
 public:
  explicit Journal(testing::SimDisk& disk, std::uint32_t reserve = 1) : disk_(disk), reserve_(reserve) {}

  // False when recovery refused; damage() says why.
  bool start() {
    heard = Heard{};
    auto result = recover(disk_, {.segment_octets = kSmallSegment, .new_journal_id = kJournalId}, heard);
    if (result.has_error()) {
      damage_ = result.error();
      return false;
    }
    recovered = std::move(*result);
    writer = std::make_unique<JournalWriter>(recovered.writer, reserve_);
    store = std::make_unique<SegmentStore>(disk_, recovered.store, reserve_);
    appended = heard.texts;
    durable_count = appended.size();
    return true;
  }

  template <class Record>
  Lsn append(const Record& record) {
    appended.push_back(text_of(record));
    return writer->append(record);
  }
  void append_some(RandomRecords& records, int count) {
    for (int i = 0; i < count; ++i) {
      records.any([this](const auto& record) { append(record); });
    }
  }
  // One batch. False when the disk failed.
  bool commit() {
    if (!writer->has_pending()) { return true; }
    const std::size_t count = appended.size();
    Batch batch = writer->take_batch();
    auto committed = store->commit(batch);
    if (committed.has_error()) { return false; }
    writer->on_durable(committed->durable);
    writer->on_room(committed->room);
    writer->give_back(std::move(batch));
    durable_count = count;
    return true;
  }
  // Housekeeping until there is none; false when the disk failed.
  bool idle(bool quiet = false) {
    for (;;) {
      auto work = store->idle_work(quiet);
      if (work.has_error()) { return false; }
      if (*work == Work::kNone) { break; }
    }
    writer->on_room(store->room());
    return true;
  }
  void run(RandomRecords& records, int batches, int records_each) {
    for (int i = 0; i < batches; ++i) {
      append_some(records, records_each);
      REQUIRE(commit());
      REQUIRE(idle());
    }
  }
  void idle_marker() {
    REQUIRE(writer->wants_idle_marker());
    append(CheckpointRecord{});
    REQUIRE(commit());
  }

  [[nodiscard]] const Damage& damage() const { return damage_; }

  Heard heard;
  Recovered recovered;
  std::unique_ptr<JournalWriter> writer;
  std::unique_ptr<SegmentStore> store;
  std::vector<std::string> appended;
  std::size_t durable_count = 0;

 private:
  testing::SimDisk& disk_;
  std::uint32_t reserve_;
  Damage damage_;
};

// What was found is what was appended, at least up to what was durable, and nothing behind.
inline bool is_prefix(const std::vector<std::string>& found, const std::vector<std::string>& appended) {
  return found.size() <= appended.size() && std::equal(found.begin(), found.end(), appended.begin());
}

}  // namespace aldis::spool

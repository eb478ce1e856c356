// SPDX-License-Identifier: Apache-2.0
// The journal on a simulated disk. What a power cut leaves is read as a prefix that holds all that was
// durable; damage gives a named refusal or records that were really written, never others; recovering twice
// is recovering once. And segments of any contents with right checksums are read or refused.
#include <algorithm>
#include <set>
#include <vector>

#include "aldis/spool/recover.hpp"
#include "fuzz/fuzz.hpp"
#include "spool/frame.hpp"
#include "support/sim_disk.hpp"
#include "unit/spool/random_records.hpp"
#include "unit/spool/record_text.hpp"

namespace aldis::fuzz {
namespace {

using namespace spool;
using testing::SimDisk;

constexpr std::uint64_t kSegment = kSegmentOctetsMin;
constexpr std::uint64_t kJournal = 0x1234567890ABCDEF;

// What recovery tells; nothing when it refuses. The disk is changed as a start changes it.
std::optional<std::vector<std::string>> recovered(SimDisk& disk, Recovered* what = nullptr) {
  Heard heard;
  auto result = recover(disk, {.segment_octets = kSegment, .new_journal_id = kJournal}, heard);
  if (result.has_error()) {
    ALDIS_CHECK(!result.error().sentence().empty());
    ALDIS_CHECK(heard.texts.empty() || result.error().kind != Damage::Kind::kFiles);
    return std::nullopt;
  }
  ALDIS_CHECK(result->records == heard.texts.size());
  if (what != nullptr) { *what = std::move(*result); }
  return std::move(heard.texts);
}

void check_twice_is_once(SimDisk& disk, bool keeps_unsynced) {
  SimDisk verified = disk.copy();
  const bool sound = !verify(verified).damage;
  const auto first = recovered(disk);
  ALDIS_CHECK(first || !sound);
  if (!first) { return; }
  disk.crash([keeps_unsynced] { return keeps_unsynced; });
  ALDIS_CHECK(recovered(disk) == first);
  ALDIS_CHECK(!verify(disk).damage);
}

bool is_prefix(const std::vector<std::string>& found, const std::vector<std::string>& of) {
  return found.size() <= of.size() && std::equal(found.begin(), found.end(), of.begin());
}

// A daemon's journal through writes, power cuts and starts.
class Life {
 public:
  explicit Life(Draw& draw) : draw_(draw), records_(draw.u8()) {}

  void run() {
    start();
    for (unsigned i = 0; i < 24 && !draw_.empty(); ++i) {
      switch (draw_.below(8)) {
        case 0:
        case 1:
        case 2: append(1 + draw_.below(draw_.coin() ? 4 : 60)); break;
        case 3: commit(); break;
        case 4: idle(); break;
        case 5: append_commit_mark(); break;
        case 6: power_cut(draw_.u8()); break;
        default: return damage();
      }
    }
    power_cut(1);
    check_twice_is_once(disk_, draw_.coin());
  }

 private:
  void start() {
    Recovered how;
    auto texts = recovered(disk_, &how);
    ALDIS_CHECK(texts && is_prefix(*texts, appended_) && texts->size() >= durable_count_);
    appended_ = std::move(*texts);
    durable_count_ = appended_.size();
    writer_ = std::make_unique<JournalWriter>(how.writer, 1);
    store_ = std::make_unique<SegmentStore>(disk_, how.store, 1);
  }
  void append(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      records_.any([this](const auto& record) {
        appended_.push_back(text_of(record));
        ever_.insert(appended_.back());
        writer_->append(record);
      });
    }
  }
  void commit() {
    if (!writer_->has_pending()) { return; }
    Batch batch = writer_->take_batch();
    const auto committed = store_->commit(batch);
    ALDIS_CHECK(!committed.has_error());
    writer_->on_durable(committed->durable);
    writer_->on_room(committed->room);
    writer_->give_back(std::move(batch));
    durable_count_ = appended_.size();
  }
  void idle() {
    for (;;) {
      const auto work = store_->idle_work();
      ALDIS_CHECK(!work.has_error());
      if (*work == Work::kNone) { break; }
    }
    writer_->on_room(store_->room());
  }
  void append_commit_mark() {
    append(1);
    commit();
    if (!writer_->wants_idle_marker()) { return; }
    appended_.push_back(text_of(CheckpointRecord{}));
    ever_.insert(appended_.back());
    writer_->append_idle_marker();
    commit();
  }
  // In the middle of a commit when there is something to commit.
  void power_cut(std::uint8_t how) {
    if (writer_->has_pending() && how >= 2) {
      disk_.cut_power_at(how % 4);
      const Batch batch = writer_->take_batch();
      if (const auto committed = store_->commit(batch); !committed.has_error()) {
        durable_count_ = appended_.size();
      }
    }
    Splits coins{how};
    disk_.crash([&coins] { return coins.next(2) == 1; });
    start();
  }
  // What is on the medium changes behind everybody's back. Now and then that is not noticed, because nothing
  // proves that it was durable; but what is read was written.
  void damage() {
    commit();
    disk_.crash([] { return true; });
    const auto names = *disk_.list();
    for (unsigned i = 0; i < 8 && !draw_.empty(); ++i) {
      const std::string& name = names[draw_.below(static_cast<std::uint32_t>(names.size()))];
      const std::size_t size = disk_.octets(name).size();
      if (size == 0) { continue; }
      const std::uint64_t offset = draw_.coin() ? draw_.u8() % size : draw_.u16() % size;
      if (draw_.coin()) {
        disk_.flip(name, offset, draw_.below(8));
      } else {
        const Octets octets = draw_.text();
        disk_.overwrite(name, offset, octets.substr(0, size - offset));
      }
    }
    SimDisk copy = disk_.copy();
    if (const auto texts = recovered(copy)) {
      for (const auto& text : *texts) { ALDIS_CHECK(ever_.contains(text)); }
    }
    check_twice_is_once(disk_, draw_.coin());
  }

  Draw& draw_;
  RandomRecords records_;
  SimDisk disk_;
  std::unique_ptr<JournalWriter> writer_;
  std::unique_ptr<SegmentStore> store_;
  std::vector<std::string> appended_;
  std::set<std::string> ever_;
  std::size_t durable_count_ = 0;
};

// Segments whose checksums are right whatever they say.
void foreign_segments(Draw& draw) {
  SimDisk disk;
  const unsigned segments_count = 1 + draw.below(3);
  const Checksum checksum{kJournal};
  for (unsigned i = 0; i < segments_count; ++i) {
    std::string octets(kSegment, '\0');
    SegmentHeader header;
    header.segment_octets = kSegment;
    header.journal_id = draw.below(16) == 0 ? draw.u64() : kJournal;
    header.generation = draw.below(4);
    header.number = draw.coin() ? i + 1 : draw.below(5);
    header.previous_end = Lsn{draw.below(4) == 0 ? draw.u64() : std::uint64_t{draw.u32() % (4 * kSegment)}};
    header.durable = Lsn{draw.below(4) == 0 ? draw.u64() : std::uint64_t{draw.u16()}};
    if (draw.below(16) == 0) { header.format = draw.u8(); }
    if (draw.below(16) == 0) { header.segment_octets = draw.u32(); }
    write_segment_header(octets.data(), header);
    std::size_t at = kSegmentHeaderOctets;
    for (unsigned n = draw.below(6); n > 0 && !draw.empty(); --n) {
      const auto type = static_cast<RecordType>(draw.below(14));
      const Octets payload = draw.text();
      const auto lsn = Lsn{header.number * kSegment + at + (draw.below(16) == 0 ? draw.u8() : 0)};
      const auto durable = Lsn{draw.coin() ? std::uint64_t{draw.u32() % (4 * kSegment)} : 0};
      std::copy(payload.begin(), payload.end(),
                octets.begin() + static_cast<std::ptrdiff_t>(at + kRecordHeaderOctets));
      at += close_frame(octets.data() + at, type, payload.size(), lsn, durable, checksum);
    }
    const std::string name = segment_name(draw.coin() ? i + 1 : draw.below(6) + 1);
    if (disk.contains(name)) { continue; }
    const auto file = disk.create(name);
    ALDIS_CHECK(!(*file)
                     ->write_at(0, Octets{octets}.substr(0, draw.below(16) == 0 ? draw.u16() : kSegment))
                     .has_error());
  }
  disk.crash([] { return true; });
  check_twice_is_once(disk, draw.coin());
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  if (draw.below(4) == 0) {
    foreign_segments(draw);
  } else {
    Life{draw}.run();
  }
}

}  // namespace aldis::fuzz

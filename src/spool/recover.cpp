// SPDX-License-Identifier: Apache-2.0
// Order of a start: prove everything; replay, copying what is not proved durable behind where a fresh
// segment's header will stand; sync; and only then write that header. Until it is on disk nothing has changed
// for the next start.
#include "aldis/spool/recover.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "spool/codec.hpp"
#include "spool/scan.hpp"
#include "spool/segment_files.hpp"

namespace aldis::spool {
namespace {

class Recovery {
 public:
  Recovery(ports::Files& files, const RecoverOptions& options, ReplayVisitor& visitor)
      : files_(files), options_(options), visitor_(visitor) {}

  Result<Recovered, Damage> run();

 private:
  using Done = Result<void, Damage>;

  Done start_anew();
  Done choose_generation();
  Done replay(JournalWriter& tail);
  Done write_tail(JournalWriter& tail);
  Result<std::unique_ptr<ports::File>, Damage> fresh_segment(SegmentNumber number);
  Result<std::string, Damage> blank_segment();
  Done write_header(ports::File& file);
  Done tidy();

  ports::Files& files_;
  const RecoverOptions& options_;
  ReplayVisitor& visitor_;
  Scan scan_;
  Recovered out_;
  std::uint32_t generation_ = 1;
  SegmentNumber fresh_ = 1;
  Lsn end_{};  // of the copied tail
  SegmentNumber last_ = 1;
};

Result<Recovered, Damage> Recovery::run() {
  auto scanned = scan(files_);
  if (scanned.has_error()) { return scanned.error(); }
  scan_ = std::move(*scanned);
  if (scan_.empty()) {
    if (auto done = start_anew(); done.has_error()) { return done.error(); }
  }
  if (ALDIS_MUTANT(8)) { scan_.proven = scan_.end; }
  fresh_ = scan_.number_max + 1;
  WriterStart start;
  start.journal_id = scan_.journal_id;
  if (auto chosen = choose_generation(); chosen.has_error()) { return chosen.error(); }
  start.generation = generation_;
  start.segment_octets = scan_.segment_octets;
  start.position = Lsn{fresh_ * scan_.segment_octets + kSegmentHeaderOctets};
  start.durable = scan_.proven;
  if (options_.images != nullptr) {
    options_.images->open(scan_.journal_id, scan_.segment_octets);
    options_.images->readable_to(std::min(scan_.proven, scan_.end));
  }
  JournalWriter tail(start, 0);
  if (auto done = replay(tail); done.has_error()) { return done.error(); }
  end_ = tail.position();
  last_ = tail.current_segment();
  if (auto done = write_tail(tail); done.has_error()) { return done.error(); }
  out_.writer = start;
  out_.writer.position = out_.writer.durable = end_;
  if (options_.images != nullptr) { options_.images->readable_to(end_); }
  if (auto done = tidy(); done.has_error()) { return done.error(); }
  return std::move(out_);
}

Recovery::Done Recovery::start_anew() {
  ALDIS_CHECK(options_.segment_octets >= kSegmentOctetsMin && options_.segment_octets <= kSegmentOctetsMax);
  ALDIS_CHECK(options_.segment_octets % kSegmentOctetsMin == 0);
  for (const std::string& name : scan_.blank) {  // prepared by a first start that did not come to its end
    if (auto done = files_.remove(name); done.has_error()) { return files_damage(name, done.error()); }
  }
  scan_ = Scan{};
  scan_.journal_id = options_.new_journal_id;
  scan_.segment_octets = options_.segment_octets;
  out_.created = true;
  return {};
}

Recovery::Done Recovery::choose_generation() {
  generation_ = scan_.generation + 1;
  if (!options_.generation) { return {}; }
  const auto chosen = options_.generation(scan_.journal_id, scan_.generation);
  if (chosen.has_error()) { return files_damage("generation", chosen.error()); }
  ALDIS_CHECK(*chosen > scan_.generation);
  generation_ = *chosen;
  return {};
}

Recovery::Done Recovery::replay(JournalWriter& tail) {
  Decoder decoder;
  std::optional<Damage> bad;
  auto done =
      for_each_record(files_, scan_, [&](const ScannedSegment& segment, Lsn begin, const RecordView& record) {
        if (bad) { return; }
        Place place{begin, Lsn{begin.value() + record.octets}};
        const bool unproven = begin >= scan_.proven;
        if (!unproven && place.end > scan_.proven) {
          bad = damage_at(Damage::Kind::kCorrupt, segment.header, begin, record.type,
                          "a later record says that half of this one was durable");
          return;
        }
        if (unproven) {
          place.end = tail.append_copy(record.type, record.payload);
          place.begin = Lsn{place.end.value() - record.octets};
          ++out_.records_rewritten;
        }
        ++out_.records;
        ALDIS_FAILPOINT(pass("recover.replay"));
        try {
          decoder.visit(record.type, record.payload, place, visitor_);
        } catch (const DecodeError& error) {
          bad = damage_at(Damage::Kind::kCorrupt, segment.header, begin, record.type,
                          std::string{"the payload does not read: "} + error.what());
        }
      });
  if (done.has_error()) { return done; }
  if (bad) { return *bad; }
  return {};
}

Recovery::Done Recovery::write_tail(JournalWriter& tail) {
  Batch batch;
  if (tail.has_pending()) { batch = tail.take_batch(); }
  std::unique_ptr<ports::File> first;
  for (SegmentNumber number = fresh_; number <= last_; ++number) {
    auto file = fresh_segment(number);
    if (file.has_error()) { return file.error(); }
    for (const Batch::Piece& piece : batch.pieces) {
      if (piece.at.value() / scan_.segment_octets != number) { continue; }
      auto done = (*file)->write_at(piece.at.value() % scan_.segment_octets, batch.octets(piece));
      if (done.has_error()) { return files_damage(segment_name(number), done.error()); }
    }
    if (auto done = (*file)->sync(); done.has_error()) {
      return files_damage(segment_name(number), done.error());
    }
    if (number == fresh_) { first = std::move(*file); }
  }
  ALDIS_FAILPOINT(pass("recover.tail"));
  return write_header(*first);
}

// The moment at which this start becomes the journal: what is after `previous_end` in the old segments is
// gone.
Recovery::Done Recovery::write_header(ports::File& file) {
  SegmentHeader header;
  header.segment_octets = static_cast<std::uint32_t>(scan_.segment_octets);
  header.journal_id = scan_.journal_id;
  header.generation = generation_;
  header.number = fresh_;
  header.previous_end = ALDIS_MUTANT(54) ? scan_.end : std::min(scan_.proven, scan_.end);
  header.durable = end_;
  std::string octets(kSegmentHeaderOctets, '\0');
  write_segment_header(octets.data(), header);
  if (auto done = file.write_at(0, octets); done.has_error()) {
    return files_damage(segment_name(fresh_), done.error());
  }
  if (auto done = file.sync(); done.has_error()) { return files_damage(segment_name(fresh_), done.error()); }
  return {};
}

Result<std::unique_ptr<ports::File>, Damage> Recovery::fresh_segment(SegmentNumber number) {
  auto from = blank_segment();
  if (from.has_error()) { return from.error(); }
  const std::string name = segment_name(number);
  if (auto done = files_.rename(*from, name); done.has_error()) { return files_damage(*from, done.error()); }
  if (auto done = files_.sync_directory(); done.has_error()) { return files_damage(name, done.error()); }
  auto file = files_.open(name);
  if (file.has_error()) { return files_damage(name, file.error()); }
  return std::move(*file);
}

// A prepared file that is whole, or the oldest segment that a durable CHECKPOINT does not need (as the store
// would take it; a start on a full disk has nothing else), or a new one. A dead or torn segment is not
// touched before the new header is durable.
Result<std::string, Damage> Recovery::blank_segment() {
  while (!scan_.blank.empty()) {
    std::string name = std::move(scan_.blank.back());
    scan_.blank.pop_back();
    auto file = files_.open(name);
    if (file.has_error()) { return files_damage(name, file.error()); }
    if ((*file)->size() == scan_.segment_octets) { return name; }
    if (auto done = files_.remove(name); done.has_error()) { return files_damage(name, done.error()); }
  }
  if (!scan_.kept.empty()) {
    const SegmentNumber oldest = scan_.kept.front();
    scan_.kept.erase(scan_.kept.begin());
    return segment_name(oldest);
  }
  std::string name{kFillingName};
  if (auto done = remove_filling(files_); done.has_error()) { return files_damage(name, done.error()); }
  auto file = files_.create(name);
  if (file.has_error()) { return files_damage(name, file.error()); }
  if (auto done = write_zeros(**file, 0, scan_.segment_octets); done.has_error()) {
    return files_damage(name, done.error());
  }
  if (auto done = (*file)->sync(); done.has_error()) { return files_damage(name, done.error()); }
  return name;
}

Recovery::Done Recovery::tidy() {
  if (auto done = remove_filling(files_); done.has_error()) {
    return files_damage(kFillingName, done.error());
  }
  StoreStart& store = out_.store;
  store.segment_octets = scan_.segment_octets;
  store.live = scan_.kept;
  const SegmentNumber cut = segment_of(std::min(scan_.proven, scan_.end), scan_.segment_octets);
  for (const ScannedSegment& segment : scan_.chain) {
    if (segment.header.number <= cut) {
      store.live.push_back(segment.header.number);
    } else {
      scan_.dead.push_back(segment_name(segment.header.number));  // all of it was copied
    }
  }
  for (SegmentNumber number = fresh_; number <= last_; ++number) { store.live.push_back(number); }
  store.next_number = last_ + 1;
  store.spares = std::move(scan_.dead);
  for (std::string& name : scan_.blank) {
    auto file = files_.open(name);
    if (file.has_error()) { return files_damage(name, file.error()); }
    if ((*file)->size() == scan_.segment_octets) { store.spares.push_back(std::move(name)); }
  }
  out_.octets_torn = scan_.octets_torn;
  return {};
}

// Counts, and reads every payload.
class Counting final : public ReplayVisitor {
 public:
  void on(const Place&, const AcceptRecord&) override {}
  void on(const Place&, const LeaseRecord&) override {}
  void on(const Place&, const ResultRecord&) override {}
  void on(const Place&, const ReceiptRecord&) override {}
  void on(const Place&, const OrphanRecord&) override {}
  void on(const Place&, const OrphanDoneRecord&) override {}
  void on(const Place&, const InboundRecord&) override {}
  void on(const Place&, const OwedDoneRecord&) override {}
  void on(const Place&, const FinalRecord&) override {}
  void on(const Place&, const ChangeRecord&) override {}
  void on(const Place&, const SettingsRecord&) override {}
  void on(const Place&, const CheckpointRecord&) override {}
};

}  // namespace

Result<Recovered, Damage> recover(ports::Files& files, const RecoverOptions& options,
                                  ReplayVisitor& visitor) {
  return Recovery(files, options, visitor).run();
}

VerifyReport verify(ports::Files& files) {
  VerifyReport report;
  auto scanned = scan(files);
  if (scanned.has_error()) {
    report.damage = scanned.error();
    return report;
  }
  report.journal_id = scanned->journal_id;
  report.segment_octets = scanned->segment_octets;
  report.segments_prepared = static_cast<std::uint32_t>(scanned->blank.size() + scanned->dead.size());
  report.octets_torn = scanned->octets_torn;
  report.durable = scanned->proven;
  report.end = scanned->end;
  for (const ScannedSegment& segment : scanned->chain) {
    VerifyReport::Segment line;
    line.number = segment.header.number;
    line.generation = static_cast<std::uint32_t>(segment.header.generation);
    line.first = Lsn{segment.header.begin() + kSegmentHeaderOctets};
    line.end = segment.end;
    line.octets = line.end.value() - line.first.value();
    report.segments.push_back(line);
  }
  if (!report.segments.empty()) { report.first = report.segments.front().first; }
  Decoder decoder;
  Counting nobody;
  auto line = report.segments.begin();
  auto done = for_each_record(
      files, *scanned, [&](const ScannedSegment& segment, Lsn begin, const RecordView& record) {
        while (line->number != segment.header.number) { ++line; }
        ++line->records;
        ++report.records[static_cast<std::size_t>(record.type)];
        if (begin >= scanned->proven) { ++report.records_unproven; }
        try {
          decoder.visit(record.type, record.payload, {begin, Lsn{begin.value() + record.octets}}, nobody);
        } catch (const DecodeError& error) {
          if (!report.damage) {
            report.damage = damage_at(Damage::Kind::kCorrupt, segment.header, begin, record.type,
                                      std::string{"the payload does not read: "} + error.what());
          }
        }
      });
  if (done.has_error() && !report.damage) { report.damage = done.error(); }
  return report;
}

}  // namespace aldis::spool

// SPDX-License-Identifier: Apache-2.0
// First all files are read and every valid record in them is asked what it knows to be durable. Then the
// chain of segments is followed from the newest header back, and walked forward from the oldest segment
// needed: a hole below the highest durable position is damage, at or above it the torn end of the last batch.
#include "spool/scan.hpp"

#include <algorithm>
#include <utility>

#include "aldis/base/mutant.hpp"
#include "spool/codec.hpp"

namespace aldis::spool {
namespace {

constexpr std::string_view kAdviceCorrupt =
    "keep the directory as it is and copy it; the disk may be failing, so check its health; then restore the "
    "newest "
    "backup into an empty directory. Nothing was changed";
constexpr std::string_view kAdviceMissing =
    "put the file back if it was moved or deleted; otherwise restore the newest backup into an empty "
    "directory. Nothing "
    "was changed";
constexpr std::string_view kAdviceNewer =
    "start the version that wrote it, or a later one. Nothing was changed";
constexpr std::string_view kAdviceForeign =
    "files of two journals are mixed in this directory: keep those of one. Nothing was changed";
constexpr std::string_view kAdviceFiles =
    "see that the directory exists, belongs to the daemon's user and has space";

std::string_view advice_for(Damage::Kind kind) {
  switch (kind) {
    case Damage::Kind::kCorrupt: return kAdviceCorrupt;
    case Damage::Kind::kMissing: return kAdviceMissing;
    case Damage::Kind::kNewerFormat: return kAdviceNewer;
    case Damage::Kind::kForeign: return kAdviceForeign;
    case Damage::Kind::kFiles: return kAdviceFiles;
  }
  __builtin_unreachable();
}

Damage damage_in(Damage::Kind kind, std::string file, std::string what) {
  Damage damage;
  damage.kind = kind;
  damage.file = std::move(file);
  damage.what = std::move(what);
  damage.advice = advice_for(kind);
  return damage;
}

// Where the next record could be: its own position stands in it. Prepared segments are zeros to their end,
// 256 MiB of them in the reserve, so this is most of what a start looks at.
std::size_t next_position(Octets segment, std::size_t at, std::uint64_t base) {
  while (at + kRecordHeaderOctets <= segment.size() &&
         load<std::uint64_t>(segment.data() + at + 8) != base + at) {
    at += kAlignment;
  }
  return at;
}

struct Claim {  // a CHECKPOINT's word about what may be freed
  Lsn end{};
  SegmentNumber oldest = 0;
};

class Scanner {
 public:
  explicit Scanner(ports::Files& files) : files_(files) {}

  Result<Scan, Damage> run() {
    for (auto step :
         {&Scanner::read_headers, &Scanner::read_records, &Scanner::follow_chain, &Scanner::walk_chain}) {
      if (auto done = (this->*step)(); done.has_error()) { return done.error(); }
      if (begun_.empty() && step == &Scanner::read_headers) {
        if (auto done = prove_empty(); done.has_error()) { return done.error(); }
        return std::move(scan_);
      }
    }
    return std::move(scan_);
  }

 private:
  using Done = Result<void, Damage>;

  Done read_headers();
  Done read_header(const std::string& name);
  Done prove_empty();
  Done read_records();
  Done read_records_of(SegmentNumber number, const std::string& name, ScannedSegment* begun);
  Done note_record(const SegmentHeader& segment, Lsn lsn, const RecordView& record);
  void describe_hole(ScannedSegment& segment, std::size_t at) const;
  Done follow_chain();
  Result<std::vector<SegmentNumber>, Damage> chain_from(SegmentNumber top) const;
  Done walk_chain();
  [[nodiscard]] SegmentNumber oldest_claimed(const std::vector<SegmentNumber>& links, Lsn up_to) const;
  void count_torn();
  [[nodiscard]] Lsn start_of(SegmentNumber number) const { return Lsn{number * scan_.segment_octets}; }

  ports::Files& files_;
  Scan scan_;
  std::map<SegmentNumber, ScannedSegment> begun_;
  std::map<SegmentNumber, std::string> named_;  // all segment files
  std::vector<SegmentNumber> links_;            // the chain's numbers, oldest first
  std::vector<Claim> claims_;
  Lsn durable_{};
  std::string octets_;
  std::optional<Checksum> checksum_;
};

Scanner::Done Scanner::read_headers() {
  auto names = files_.list();
  if (names.has_error()) { return files_damage(".", names.error()); }
  for (const std::string& name : *names) {
    const SegmentNumber number = segment_number(name);
    if (number == 0) { continue; }
    named_[number] = name;
    scan_.number_max = std::max(scan_.number_max, number);
    if (auto done = read_header(name); done.has_error()) { return done; }
  }
  return {};
}

Scanner::Done Scanner::read_header(const std::string& name) {
  auto file = files_.open(name);
  if (file.has_error()) { return files_damage(name, file.error()); }
  if (auto got = (*file)->read_at(0, kSegmentHeaderOctets, octets_); got.has_error()) {
    return files_damage(name, got.error());
  }
  const auto header = read_segment_header(octets_);
  if (!header) { return {}; }
  if (header->format > kFormat) {
    return damage_in(Damage::Kind::kNewerFormat, name,
                     "it has format " + std::to_string(header->format) + ", and this version reads up to " +
                         std::to_string(kFormat));
  }
  if (header->segment_octets < kSegmentOctetsMin || header->segment_octets > kSegmentOctetsMax ||
      header->segment_octets % kSegmentOctetsMin != 0) {
    return damage_in(
        Damage::Kind::kCorrupt, name,
        "its header says that segments have " + std::to_string(header->segment_octets) + " octets");
  }
  if (scan_.journal_id == 0 && scan_.segment_octets == 0) {
    scan_.journal_id = header->journal_id;
    scan_.segment_octets = header->segment_octets;
    checksum_.emplace(scan_.journal_id);
  }
  if (header->journal_id != scan_.journal_id || header->segment_octets != scan_.segment_octets) {
    return damage_in(Damage::Kind::kForeign, name, "it belongs to another journal");
  }
  scan_.generation = std::max(scan_.generation, static_cast<std::uint32_t>(header->generation));
  const SegmentNumber number = segment_number(name);
  if (header->number > number || header->previous() >= header->number) {  // recycling only counts up
    return damage_in(Damage::Kind::kCorrupt, name,
                     "its header says that it is segment " + std::to_string(header->number));
  }
  if (header->number != number) { return {}; }
  // A segment has its full length before it has its name, so nothing that a crash leaves is shorter.
  if ((*file)->size() < scan_.segment_octets) {
    return damage_in(Damage::Kind::kCorrupt, name,
                     "it was cut short: it has " + std::to_string((*file)->size()) + " octets of " +
                         std::to_string(scan_.segment_octets));
  }
  begun_[number].header = *header;
  return {};
}

// Without one readable header there is no journal, provided that no record was ever written. A header may be
// torn: the first start did not come to its end, and promised nothing.
Scanner::Done Scanner::prove_empty() {
  for (const auto& [number, name] : named_) {
    auto file = files_.open(name);
    if (file.has_error()) { return files_damage(name, file.error()); }
    auto got = (*file)->read_at(0, (*file)->size(), octets_);
    if (got.has_error()) { return files_damage(name, got.error()); }
    const std::size_t at = octets_.find_first_not_of('\0', kSegmentHeaderOctets);
    if (at != std::string::npos) {
      Damage damage = damage_in(Damage::Kind::kCorrupt, name, "no segment here has a readable header");
      damage.offset = at;
      return damage;
    }
    scan_.blank.push_back(name);
  }
  return {};
}

Scanner::Done Scanner::read_records() {
  for (const auto& [number, name] : named_) {
    const auto begun = begun_.find(number);
    auto done = read_records_of(number, name, begun == begun_.end() ? nullptr : &begun->second);
    if (done.has_error()) { return done; }
  }
  return {};
}

// Files without a header of theirs are read too: if that header is what was damaged, the records behind it
// prove it.
Scanner::Done Scanner::read_records_of(SegmentNumber number, const std::string& name, ScannedSegment* begun) {
  auto file = number == begun_.rbegin()->first ? files_.open_direct(name) : files_.open(name);
  if (file.has_error()) { return files_damage(name, file.error()); }
  auto got = (*file)->read_at(0, scan_.segment_octets, octets_);
  if (got.has_error()) { return files_damage(name, got.error()); }
  SegmentHeader header = begun != nullptr ? begun->header : SegmentHeader{};
  header.number = number;
  header.segment_octets = static_cast<std::uint32_t>(scan_.segment_octets);
  const std::uint64_t base = header.begin();
  if (begun != nullptr) { durable_ = std::max(durable_, header.durable); }
  Lsn first_hole{};
  Lsn valid_end{base + kSegmentHeaderOctets};
  std::size_t at = kSegmentHeaderOctets;
  while (at < octets_.size()) {
    const auto record = read_frame(octets_, at, Lsn{base + at}, *checksum_);
    if (!record) {
      if (first_hole == Lsn{}) {
        first_hole = Lsn{base + at};
        if (begun != nullptr) { describe_hole(*begun, at); }
      }
      at = next_position(octets_, at + kAlignment, base);
      continue;
    }
    if (auto done = note_record(header, Lsn{base + at}, *record); done.has_error()) { return done; }
    at += record->octets;
    valid_end = Lsn{base + at};
  }
  if (begun != nullptr) {
    begun->first_hole = first_hole == Lsn{} ? Lsn{base + at} : first_hole;
    begun->valid_end = valid_end;
  }
  return {};
}

Scanner::Done Scanner::note_record(const SegmentHeader& segment, Lsn lsn, const RecordView& record) {
  if (record.version > kRecordVersion || static_cast<std::size_t>(record.type) >= kRecordTypes) {
    return damage_at(Damage::Kind::kNewerFormat, segment, lsn, record.type,
                     "its type " + std::to_string(static_cast<int>(record.type)) + " version " +
                         std::to_string(record.version) + " is later than what this version reads");
  }
  durable_ = std::max(durable_, record.durable);
  if (record.type == RecordType::kCheckpoint) {
    const SegmentNumber oldest = Decoder::oldest_segment(record.payload);
    if (oldest != 0) { claims_.push_back({Lsn{lsn.value() + record.octets}, oldest}); }
  }
  return {};
}

void Scanner::describe_hole(ScannedSegment& segment, std::size_t at) const {
  const std::uint64_t lsn = segment.header.begin() + at;
  if (at + kRecordHeaderOctets > octets_.size()) {
    segment.hole_says = "the file ends here";
  } else if (load<std::uint64_t>(octets_.data() + at + 8) != lsn) {
    segment.hole_says = "there is no record here: the position in it is " +
                        std::to_string(load<std::uint64_t>(octets_.data() + at + 8));
  } else {
    segment.hole_type = static_cast<RecordType>(u8(octets_[at + 4]));
    segment.hole_says = "the record's checksum does not match its octets";
  }
}

// What the CHECKPOINTs up to there say, those that are part of the journal: behind the place from which a
// later start went on, a torn batch may have one that nobody ever knew to be durable.
SegmentNumber Scanner::oldest_claimed(const std::vector<SegmentNumber>& links, Lsn up_to) const {
  std::map<SegmentNumber, Lsn> ends;  // of the segments in the chain, where the next one goes on
  for (const SegmentNumber number : links) { ends.try_emplace(number, Lsn{~std::uint64_t{0}}); }
  for (const SegmentNumber number : links) {
    const SegmentHeader& header = begun_.at(number).header;
    if (const auto previous = ends.find(header.previous()); previous != ends.end()) {
      previous->second = header.previous_end;
    }
  }
  SegmentNumber oldest = 0;
  for (const Claim& claim : claims_) {
    const auto in = ends.find((claim.end.value() - 1) / scan_.segment_octets);
    const bool part = in != ends.end() && (claim.end <= in->second || ALDIS_MUTANT(123));
    if (part && claim.end <= up_to) { oldest = std::max(oldest, claim.oldest); }
  }
  return oldest;
}

// From `top` down to the first segment that is gone because it was freed.
Result<std::vector<SegmentNumber>, Damage> Scanner::chain_from(SegmentNumber top) const {
  std::vector<SegmentNumber> links{top};
  for (;;) {
    const SegmentHeader& header = begun_.at(links.back()).header;
    if (header.previous_end == Lsn{}) { break; }
    const SegmentNumber previous = header.previous();
    if (begun_.contains(previous)) {
      links.push_back(previous);
      continue;
    }
    if (previous < oldest_claimed(links, Lsn{~std::uint64_t{0}})) { break; }
    const auto file = named_.find(previous);
    Damage damage = file == named_.end()
                        ? damage_in(Damage::Kind::kMissing, segment_name(previous),
                                    "the file is gone, and " + segment_name(header.number) + " continues it")
                        : damage_in(Damage::Kind::kCorrupt, file->second, "its header cannot be read");
    damage.lsn = start_of(previous);
    return damage;
  }
  std::reverse(links.begin(), links.end());
  return links;
}

Scanner::Done Scanner::follow_chain() {
  // A segment without a header, in which or behind which something is known to be durable, was damaged.
  for (const auto& [number, name] : named_) {
    const Lsn records{start_of(number).value() + kSegmentHeaderOctets};
    const bool inside = durable_ >= records && durable_ <= start_of(number + 1);
    if (inside && !begun_.contains(number)) {
      Damage damage = damage_in(Damage::Kind::kCorrupt, name, "its header cannot be read");
      damage.lsn = start_of(number);
      return damage;
    }
  }
  for (auto top = begun_.rbegin(); top != begun_.rend(); ++top) {
    auto links = chain_from(top->first);
    if (links.has_value()) {
      links_ = std::move(*links);
      return {};
    }
    // Begun in the last batch, whose other sectors were lost; or by a recovery that did not come to its end.
    const bool last = std::next(top) == begun_.rend();
    if (last || durable_ > links.error().lsn) { return links.error(); }
  }
  return {};
}

Scanner::Done Scanner::walk_chain() {
  const SegmentNumber needed = oldest_claimed(links_, durable_);
  const auto from = std::lower_bound(links_.begin(), std::prev(links_.end()), needed);
  scan_.kept.assign(links_.begin(), from);
  for (auto link = from; link != links_.end(); ++link) {
    ScannedSegment& segment = begun_.at(*link);
    const auto next = std::next(link);
    const Lsn limit = next != links_.end() ? begun_.at(*next).header.previous_end : segment.first_hole;
    segment.end = std::min(limit, segment.first_hole);
    scan_.end = segment.end;
    const bool hole = segment.first_hole < limit || next == links_.end();
    if (hole && durable_ > segment.first_hole && !ALDIS_MUTANT(7)) {
      return damage_at(
          Damage::Kind::kCorrupt, segment.header, segment.first_hole, segment.hole_type,
          segment.hole_says + "; octets up to " + std::to_string(durable_.value()) + " were durable");
    }
    scan_.chain.push_back(segment);
    if (hole) { break; }
  }
  scan_.proven = durable_;
  count_torn();
  const auto is_linked = [this](SegmentNumber number) {
    return std::any_of(scan_.chain.begin(), scan_.chain.end(),
                       [number](const ScannedSegment& s) { return s.header.number == number; }) ||
           std::find(scan_.kept.begin(), scan_.kept.end(), number) != scan_.kept.end();
  };
  for (const auto& [number, name] : named_) {
    const bool begun = begun_.contains(number);
    const bool linked = is_linked(number);
    if (!begun) { scan_.blank.push_back(name); }
    if (begun && !linked) { scan_.dead.push_back(name); }
  }
  return {};
}

void Scanner::count_torn() {
  const ScannedSegment& last = scan_.chain.back();
  scan_.octets_torn = last.valid_end.value() - std::min(last.valid_end, last.end).value();
  for (auto later = begun_.upper_bound(last.header.number); later != begun_.end(); ++later) {
    scan_.octets_torn +=
        later->second.valid_end.value() - later->second.header.begin() - kSegmentHeaderOctets;
  }
}

}  // namespace

Damage files_damage(std::string_view file, const ports::FileError& error) {
  return damage_in(Damage::Kind::kFiles, std::string{file}, error.sentence);
}

Damage damage_at(Damage::Kind kind, const SegmentHeader& segment, Lsn lsn, RecordType type,
                 std::string what) {
  Damage damage = damage_in(kind, segment_name(segment.number), std::move(what));
  damage.offset = lsn.value() - segment.begin();
  damage.lsn = lsn;
  damage.type = type;
  return damage;
}

std::string Damage::sentence() const {
  std::string text = file + ", offset " + std::to_string(offset) + " (lsn " + std::to_string(lsn.value());
  if (type != RecordType::kNone) { text.append(", record ").append(name_of(type)); }
  return text.append("): ").append(what).append("; ").append(advice);
}

Result<Scan, Damage> scan(ports::Files& files) { return Scanner(files).run(); }

Result<void, Damage> for_each_record(ports::Files& files, const Scan& scan, const RecordSink& sink) {
  const Checksum checksum(scan.journal_id);
  std::string octets;
  for (const ScannedSegment& segment : scan.chain) {
    const std::string name = segment_name(segment.header.number);
    auto file = files.open(name);
    if (file.has_error()) { return files_damage(name, file.error()); }
    auto got = (*file)->read_at(0, segment.end.value() - segment.header.begin(), octets);
    if (got.has_error()) { return files_damage(name, got.error()); }
    for (Lsn at{segment.header.begin() + kSegmentHeaderOctets}; at < segment.end;) {
      const auto record = read_frame(octets, at.value() - segment.header.begin(), at, checksum);
      if (!record) {  // it was read well a moment ago; or a header cuts the journal in the middle of a record
        return damage_at(Damage::Kind::kCorrupt, segment.header, at, RecordType::kNone,
                         "the record does not end where the next segment says that the journal went on");
      }
      sink(segment, at, *record);
      at = Lsn{at.value() + record->octets};
    }
  }
  return {};
}

}  // namespace aldis::spool

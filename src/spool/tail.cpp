// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/tail.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "aldis/base/mutant.hpp"
#include "spool/codec.hpp"
#include "spool/frame.hpp"
#include "spool/scan.hpp"

namespace aldis::spool {

Tail::Tail(ports::Files& files, std::uint64_t journal_id, std::uint64_t segment_octets)
    : files_(files),
      journal_id_(journal_id),
      segment_octets_(segment_octets),
      checksum_(std::make_unique<Checksum>(journal_id)),
      decoder_(std::make_unique<Decoder>()) {}

Tail::~Tail() = default;

Result<Tail::Read, Damage> Tail::read(Lsn from, Lsn durable, std::size_t octets_max, ReplayVisitor& visitor) {
  if (durable == Lsn{} || from >= durable) { return Read{from}; }
  const SegmentNumber newest = segment_of(durable, segment_octets_);
  // What was read is forgotten: whoever begins again, or further back, has the chain followed from its end.
  if (!chain_.empty() && segment_of(from, segment_octets_) < chain_.front().number) { chain_.clear(); }
  if (chain_.empty() || chain_.back().number != newest) {
    if (auto done = follow_chain(newest); done.has_error()) { return done.error(); }
  }
  const Lsn asked = from;
  if (from == Lsn{}) { from = first_record(chain_.front().number); }
  const auto follows = [this](SegmentNumber number, Lsn end) {
    return std::any_of(chain_.begin(), chain_.end(), [&](const SegmentHeader& header) {
      return header.number == number && header.previous_end == end;
    });
  };
  Stretch stretch = stretch_at(from, durable);
  bool gap = stretch.number != segment_of(from, segment_octets_) && !follows(stretch.number, from);
  while (!gap && stretch.begin >= stretch.end && stretch.next != 0) {  // over those that a start left empty
    gap = !follows(stretch.next, stretch.begin);
    stretch = stretch_at(first_record(stretch.next), durable);
  }
  std::erase_if(chain_, [&](const SegmentHeader& header) { return header.number < stretch.number; });
  if (gap && !ALDIS_MUTANT(140)) { return Read{stretch.begin, 0, true, true}; }
  auto done = visit(stretch, durable, octets_max, visitor);
  // Not a step into a segment of which nothing is proved yet: the next start may cut it off where it begins.
  if (done.has_value() && done->next == stretch.begin) { done->next = asked; }
  return done;
}

// A stretch that is gone while it was read gives a gap: the oldest that is still there comes next.
Result<Tail::Read, Damage> Tail::visit(const Stretch& stretch, Lsn durable, std::size_t octets_max,
                                       ReplayVisitor& visitor) {
  if (auto done = prove(Lsn{stretch.begin.value() + octets_max}, durable, octets_max); done.has_error()) {
    return done.error();
  }
  const Lsn readable = std::min(stretch.end, proven_);
  if (stretch.begin >= readable) { return Read{stretch.begin}; }
  Stretch wanted = stretch;
  wanted.end = readable;
  auto there = load(wanted, octets_max, window_);
  if (there.has_error()) { return there.error(); }
  if (!*there) {
    chain_.clear();
    if (auto done = follow_chain(segment_of(durable, segment_octets_)); done.has_error()) {
      return done.error();
    }
    const auto left = std::find_if(chain_.begin(), chain_.end(),
                                   [&](const SegmentHeader& h) { return h.number > stretch.number; });
    if (left == chain_.end()) { return files_damage(segment_name(stretch.number), {ENOENT, "it is gone"}); }
    return Read{first_record(left->number), 0, true, true};
  }
  Read out{stretch.begin};
  while (const auto record =
             read_frame(window_, out.next.value() - stretch.begin.value(), out.next, *checksum_)) {
    const Lsn end{out.next.value() + record->octets};
    if (end > readable) { break; }
    try {
      decoder_->visit(record->type, record->payload, Place{out.next, end}, visitor);
    } catch (const DecodeError& error) {
      SegmentHeader header;
      header.number = stretch.number;
      header.segment_octets = static_cast<std::uint32_t>(segment_octets_);
      return damage_at(Damage::Kind::kCorrupt, header, out.next, record->type,
                       std::string{"the payload does not read: "} + error.what());
    }
    out.next = end;
    ++out.records;
  }
  out.more = out.records > 0 && (out.next < readable || stretch.next != 0);
  return out;
}

Lsn Tail::first_record(SegmentNumber number) const {
  return Lsn{number * segment_octets_ + kSegmentHeaderOctets};
}

// Where `from` stands, or the first stretch behind it that is still there.
Tail::Stretch Tail::stretch_at(Lsn from, Lsn durable) const {
  const SegmentNumber number = segment_of(from, segment_octets_);
  auto at = std::find_if(chain_.begin(), chain_.end(),
                         [number](const SegmentHeader& header) { return header.number >= number; });
  if (at == chain_.end()) { --at; }
  Stretch stretch;
  stretch.number = at->number;
  stretch.begin = at->number == number ? std::max(from, first_record(number)) : first_record(at->number);
  const auto next = std::next(at);
  stretch.end = next == chain_.end() ? durable : next->previous_end;
  stretch.next = next == chain_.end() ? 0 : next->number;
  return stretch;
}

// Each header names the segment before it, so what a recovery has cut off is not on the way.
Result<void, Damage> Tail::follow_chain(SegmentNumber newest) {
  auto links = headers_down_from(newest);
  if (links.has_error()) { return links.error(); }
  std::reverse(links->begin(), links->end());
  chain_.insert(chain_.end(), links->begin(), links->end());
  return {};
}

Result<std::vector<SegmentHeader>, Damage> Tail::headers_down_from(SegmentNumber newest) {
  std::vector<SegmentHeader> links;
  for (SegmentNumber number = newest; number != 0;) {
    const auto known = std::find_if(chain_.begin(), chain_.end(),
                                    [number](const SegmentHeader& h) { return h.number == number; });
    if (known != chain_.end()) {  // what came behind it before was cut off
      chain_.erase(std::next(known), chain_.end());
      return links;
    }
    SegmentHeader header;
    auto there = read_header(number, header);
    if (there.has_error()) { return there.error(); }
    if (!*there) { break; }
    links.push_back(header);
    number = header.previous_end == Lsn{} ? 0 : header.previous();
  }
  if (links.empty()) {
    return files_damage(segment_name(newest), {ENOENT, "the newest segment is not there"});
  }
  chain_.clear();
  return links;
}

// False: there is no such segment any more.
Result<bool, Damage> Tail::read_header(SegmentNumber number, SegmentHeader& header) {
  const std::string name = segment_name(number);
  auto file = files_.open(name);
  if (file.has_error()) {
    if (file.error().code == ENOENT) { return false; }
    return files_damage(name, file.error());
  }
  std::string octets;
  if (auto got = (*file)->read_at(0, kSegmentHeaderOctets, octets); got.has_error()) {
    return files_damage(name, got.error());
  }
  const auto read = read_segment_header(octets);
  if (!read || read->number != number || read->journal_id != journal_id_ ||
      read->segment_octets != segment_octets_) {
    return false;
  }
  header = *read;
  proven_ = std::max(proven_, header.durable);
  return true;
}

// Looks ahead for records that say how much is durable. One record far ahead proves everything before it, so
// each octet is looked at once.
Result<void, Damage> Tail::prove(Lsn wanted, Lsn durable, std::size_t octets_max) {
  if (ALDIS_MUTANT(141)) { proven_ = durable; }
  wanted = std::min(wanted, durable);
  ahead_ = std::max(ahead_, first_record(chain_.front().number));
  while (proven_ < wanted && ahead_ < durable) {
    Stretch stretch = stretch_at(ahead_, durable);
    if (stretch.begin >= stretch.end) {
      if (stretch.next == 0) { return {}; }
      stretch = stretch_at(first_record(stretch.next), durable);
    }
    const Lsn before = ahead_;
    if (auto done = prove_slice(stretch, octets_max); done.has_error()) { return done; }
    if (ahead_ <= before) { return {}; }
  }
  return {};
}

Result<void, Damage> Tail::prove_slice(const Stretch& stretch, std::size_t octets_max) {
  auto there = load(stretch, octets_max, ahead_window_);
  if (there.has_error()) { return there.error(); }
  if (!*there) { return {}; }  // visit() comes by and tells
  Lsn at = stretch.begin;
  while (const auto record = read_frame(ahead_window_, at.value() - stretch.begin.value(), at, *checksum_)) {
    at = Lsn{at.value() + record->octets};
    if (at > stretch.end) { break; }
    proven_ = std::max(proven_, record->durable);
    ahead_ = at;
  }
  return {};
}

// The octets of a stretch from its begin, one whole record at least. False: the segment was freed, and maybe
// used again.
Result<bool, Damage> Tail::load(const Stretch& stretch, std::size_t octets_max, std::string& into) {
  const std::string name = segment_name(stretch.number);
  SegmentHeader header;
  if (open_number_ != stretch.number) {
    auto file = files_.open(name);
    if (file.has_error()) {
      if (file.error().code == ENOENT) { return false; }
      return files_damage(name, file.error());
    }
    open_ = std::move(*file);
    open_number_ = stretch.number;
  }
  const std::uint64_t left = stretch.end.value() - stretch.begin.value();
  for (const std::size_t size : {octets_max, record_octets(kPayloadOctetsMax)}) {  // one may be longer
    auto got =
        open_->read_at(stretch.begin.value() % segment_octets_, std::min<std::uint64_t>(size, left), into);
    if (got.has_error()) { return files_damage(name, got.error()); }
    if (has_record(into, stretch.begin)) { return true; }
    if (size >= left) { break; }
  }
  open_.reset();
  open_number_ = 0;
  auto there = read_header(stretch.number, header);
  if (there.has_error() || !*there) { return there; }
  return damage_at(Damage::Kind::kCorrupt, header, stretch.begin, RecordType::kNone,
                   "there is no record here, and it was durable");
}

bool Tail::has_record(Octets window, Lsn at) const {
  return read_frame(window, 0, at, *checksum_).has_value();
}

}  // namespace aldis::spool

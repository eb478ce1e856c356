// SPDX-License-Identifier: Apache-2.0
#include "aldis/spool/images.hpp"

#include <algorithm>
#include <cerrno>

#include "aldis/base/check.hpp"
#include "spool/codec.hpp"
#include "spool/frame.hpp"

namespace aldis::spool {

Images::Images(ports::Files& files, std::function<void(const ports::FileError&)> unreadable)
    : files_(files),
      unreadable_(std::move(unreadable)),
      decoder_(std::make_unique<Decoder>()),
      record_(std::make_unique<AcceptRecord>()) {}

Images::~Images() = default;

void Images::open(std::uint64_t journal_id, std::uint64_t segment_octets) {
  checksum_ = std::make_unique<Checksum>(journal_id);
  segment_octets_ = segment_octets;
}

const AcceptRecord& Images::accept(Lsn end, std::uint32_t octets) {
  const Octets image = payload(end, octets);
  try {
    *record_ = AcceptRecord{};
    decoder_->accept(image, *record_);
  } catch (const std::exception& error) {
    lost(segment_of(end, segment_octets_), std::string{"a payload does not read: "} + error.what());
  }
  return *record_;
}

Octets Images::payload(Lsn end, std::uint32_t octets) {
  const std::uint64_t begin = end.value() - octets;
  const auto view = read_frame(read(begin, octets), 0, Lsn{begin}, *checksum_);
  if (!view || view->type != RecordType::kAccept || view->octets != octets) {
    lost(segment_of(end, segment_octets_),
         "no ACCEPT stands at " + std::to_string(begin % segment_octets_) + " where one was durable");
  }
  return view->payload;
}

Lsn Images::walk(Lsn from, std::size_t octets_max, const Seen& seen) {
  const SegmentNumber number = from.value() / segment_octets_;
  const std::uint64_t end = std::min((number + 1) * segment_octets_, readable_to_.value());
  const std::uint64_t begin = std::max(from.value(), number * segment_octets_ + kSegmentHeaderOctets);
  if (begin >= end) { return {}; }
  std::size_t at = 0;
  for (const std::size_t size : {octets_max, record_octets(kPayloadOctetsMax)}) {  // one may be longer
    read_file(begin, std::min<std::uint64_t>(size, end - begin), scratch_);
    while (const auto view = read_frame(scratch_, at, Lsn{begin + at}, *checksum_)) {
      at += view->octets;
      if (view->type != RecordType::kAccept) { continue; }
      try {
        *record_ = AcceptRecord{};
        decoder_->accept(view->payload, *record_);
      } catch (const std::exception& error) {
        lost(number, std::string{"a payload does not read: "} + error.what());
      }
      seen(Lsn{begin + at}, static_cast<std::uint32_t>(view->octets), *record_, view->payload);
    }
    if (at > 0) { return begin + at < end ? Lsn{begin + at} : Lsn{}; }
  }
  return {};
}

void Images::forget_before(SegmentNumber oldest) {
  std::erase_if(open_, [&](const Open& open) { return open.number < oldest; });
}

Octets Images::read(std::uint64_t begin, std::size_t octets) {
  ALDIS_CHECK(begin + octets <= readable_to_.value());
  ++clock_;
  Window* oldest = nullptr;
  for (Window& window : windows_) {
    if (begin >= window.begin && begin + octets <= window.begin + window.octets.size()) {
      window.used = clock_;
      return Octets{window.octets}.substr(begin - window.begin, octets);
    }
    if (oldest == nullptr || window.used < oldest->used) { oldest = &window; }
  }
  if (windows_.size() < kWindows) { oldest = &windows_.emplace_back(); }
  const std::uint64_t segment_end = (begin / segment_octets_ + 1) * segment_octets_;
  const std::uint64_t end = std::min(segment_end, readable_to_.value());
  oldest->begin = begin;
  oldest->used = clock_;
  read_file(begin, std::min<std::uint64_t>(std::max(octets, kWindowOctets), end - begin), oldest->octets);
  return Octets{oldest->octets}.substr(0, octets);
}

void Images::read_file(std::uint64_t begin, std::size_t octets, std::string& into) {
  const SegmentNumber number = begin / segment_octets_;
  const auto got = file_of(number).read_at(begin % segment_octets_, octets, into);
  if (got.has_error()) { unreadable_(got.error()); }
}

ports::File& Images::file_of(SegmentNumber number) {
  Open* oldest = nullptr;
  for (Open& open : open_) {
    if (open.number == number) {
      open.used = clock_;
      return *open.file;
    }
    if (oldest == nullptr || open.used < oldest->used) { oldest = &open; }
  }
  auto file = files_.open(segment_name(number));
  if (file.has_error()) { unreadable_(file.error()); }
  if (open_.size() < kFiles) { oldest = &open_.emplace_back(); }
  *oldest = Open{number, std::move(*file), clock_};
  return *oldest->file;
}

void Images::lost(SegmentNumber number, const std::string& what) {
  unreadable_(ports::FileError{EIO, segment_name(number) + ": " + what});
}

}  // namespace aldis::spool

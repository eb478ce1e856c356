// SPDX-License-Identifier: Apache-2.0
// Complete images of messages, read back from the journal by their position.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/core/ids.hpp"
#include "aldis/ports/files.hpp"
#include "aldis/spool/format.hpp"

namespace aldis::spool {

class Checksum;
class Decoder;
struct AcceptRecord;

// What waits long need not stand in memory: its ACCEPT says all of it. Owned by the daemon, beside the
// journal, and asked on the engine thread. Reads block, but read what was written a while ago and, as a rule,
// stands in the kernel's cache: windows of 64 KiB, so that neighbours cost no call of their own. A record
// that was durable and cannot be read any more is told to `unreadable`, which must not return (CONTRACT D12).
// Holds kWindows windows and kFiles open files. The caller keeps segments alive that it still asks for.
class Images {
 public:
  static constexpr std::size_t kWindowOctets = 64u << 10;
  static constexpr std::size_t kWindows = 32;
  static constexpr std::size_t kFiles = 8;

  Images(ports::Files& files, std::function<void(const ports::FileError&)> unreadable);
  ~Images();
  Images(const Images&) = delete;
  Images& operator=(const Images&) = delete;

  // Which journal it is, and up to where it stands on disk; before the first read, then whenever more is
  // durable.
  void open(std::uint64_t journal_id, std::uint64_t segment_octets);
  void readable_to(Lsn end) { readable_to_ = end; }
  [[nodiscard]] bool readable(Lsn end) const { return end <= readable_to_; }

  // The ACCEPT of `octets` octets, its frame included, that ends at `end`. Good until the next call.
  const AcceptRecord& accept(Lsn end, std::uint32_t octets);
  // Its payload as it stands there. Good until the next call.
  Octets payload(Lsn end, std::uint32_t octets);

  // Every ACCEPT of a segment from `from` on until about `octets_max` were looked at; where to go on, or 0 at
  // the end of its records. The payload is good for the call.
  using Seen = std::function<void(Lsn end, std::uint32_t octets, const AcceptRecord& record, Octets payload)>;
  Lsn walk(Lsn from, std::size_t octets_max, const Seen& seen);

  void forget_before(SegmentNumber oldest);  // closes files whose segments are to be freed

 private:
  struct Window {
    std::uint64_t begin = 0;  // in the journal
    std::string octets;
    std::uint64_t used = 0;  // when last
  };
  struct Open {
    SegmentNumber number = 0;
    std::unique_ptr<ports::File> file;
    std::uint64_t used = 0;
  };

  Octets read(std::uint64_t begin, std::size_t octets);
  void read_file(std::uint64_t begin, std::size_t octets, std::string& into);
  ports::File& file_of(SegmentNumber number);
  void lost(SegmentNumber number, const std::string& what);

  ports::Files& files_;
  std::function<void(const ports::FileError&)> unreadable_;
  std::unique_ptr<Checksum> checksum_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<AcceptRecord> record_;
  std::uint64_t segment_octets_ = 0;
  Lsn readable_to_{};
  std::uint64_t clock_ = 0;
  std::vector<Window> windows_;
  std::vector<Open> open_;
  std::string scratch_;
};

}  // namespace aldis::spool

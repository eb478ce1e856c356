// SPDX-License-Identifier: Apache-2.0
// What the engine keeps of messages that stand in the journal only, beside the table's row for each
// (shelf.cpp).
#pragma once

#include <boost/container/deque.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "aldis/base/check.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/dispatch/dispatch.hpp"
#include "aldis/spool/format.hpp"

namespace aldis::engine {

struct State;

// How many shelved messages need which segment, those included that were brought back and not written since.
class SegmentCounts {
 public:
  void add(spool::SegmentNumber segment) { ++counts_[segment]; }
  void drop(spool::SegmentNumber segment) {
    const auto at = counts_.find(segment);
    ALDIS_CHECK(at != counts_.end());
    if (--at->second == 0) { counts_.erase(at); }
  }
  [[nodiscard]] spool::SegmentNumber oldest(spool::SegmentNumber none) const {
    return counts_.empty() ? none : counts_.begin()->first;
  }
  [[nodiscard]] std::optional<spool::SegmentNumber> next(spool::SegmentNumber after) const {
    const auto at = counts_.upper_bound(after);
    return at == counts_.end() ? std::nullopt : std::optional{at->first};
  }

 private:
  std::map<spool::SegmentNumber, std::uint64_t> counts_;
};

// What the engine keeps about shelved messages beside the table.
struct Shelf {
  SegmentCounts homes;
  boost::container::deque<MessageId> waiting;  // in lanes by id; shelved when their images are durable
  // Those that wait for a receipt or for their customer, oldest first; some do not any more. The newest ones
  // stay in memory: most hear soon.
  boost::container::deque<MessageId> resting;
  // Ids by when they expire, in slots of kExpirySlot; those that left the shelf meanwhile stay a while.
  std::map<std::int64_t, boost::container::deque<MessageId>> expiry;
  std::size_t expiry_ids = 0;
  std::int64_t expiry_tidied = 0;
  struct Move {
    MessageId id;
    Lsn from;
    Lsn to;
  };
  std::deque<Move> moved;  // written again by compaction; read at `from` until `to` is durable
  // Of the pass of compaction under way: the segment that is being read, and where; 0 = between two.
  spool::SegmentNumber walked = 0;
  Lsn walk{};
};

struct Fetcher final : dispatch::Fetch {
  explicit Fetcher(State& s) : state(s) {}
  Message* message(MessageId id) override;
  State& state;
};

}  // namespace aldis::engine

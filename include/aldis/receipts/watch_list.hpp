// SPDX-License-Identifier: Apache-2.0
// Parts that a receipt must find without an id: uncertain ones, and those whose operator answered OK with an
// empty id (CONTRACT D4; SMPP 6.5, last rule).
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/message.hpp"

namespace aldis::receipts {

class MessageLookup;  // correlator.hpp

// Whether a receipt that came at `received_at` can be one of the part's newest attempt: none comes before
// what it speaks of, and after some minutes numbers alone say too little.
bool may_speak_of(const Part& part, WallTime received_at);

// Owned by Correlator. Bounded by what is leased, or awaits a receipt without an id. A receipt that fits two
// parts fits none: never a guess. Looks at no more than kLooksMax entries; more of one destination count as
// "several".
class WatchList {
 public:
  static constexpr unsigned kLooksMax = 1024;

  void add(OperatorId op, const Message& message, std::uint16_t part);
  void remove(PartRef part);  // harmless when unknown

  // The one part that fits, or how many (0, or 2 for "several").
  struct Found {
    PartRef part;
    unsigned count = 0;
  };
  // A part that was sent later than `now` was sent before the clock was set back: what may be said of it,
  // time does not tell. It is a rival of those that fit, and not believed to be meant itself.
  [[nodiscard]] Found find(const OperatorReceipt& receipt, const MessageLookup& messages, WallTime now) const;

  [[nodiscard]] std::size_t size() const { return index_.size(); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;
  enum Chain : std::uint8_t { kByReference, kByDestination };
  struct PartHash {
    std::size_t operator()(const PartRef& ref) const {
      return hash_value(MessageId{ref.message.value() ^ (std::uint64_t{ref.part} << 48)});
    }
  };
  struct Links {
    std::uint64_t key = 0;  // 0 = not in this chain
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
  };
  struct Entry {
    PartRef part;
    OperatorId op;
    std::array<Links, 2> links;
  };

  void link(std::uint32_t index, Chain chain, std::uint64_t key);
  void unlink(std::uint32_t index, Chain chain);
  [[nodiscard]] std::uint32_t head(Chain chain, std::uint64_t key) const;
  template <class Fits>
  void collect(Chain chain, std::uint64_t key, const MessageLookup& messages, Fits&& fits,
               Found& found) const;
  [[nodiscard]] Found by_reference(const OperatorReceipt& receipt, const MessageLookup& messages) const;
  [[nodiscard]] Found by_addresses(const OperatorReceipt& receipt, const MessageLookup& messages,
                                   WallTime now) const;

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_map<PartRef, std::uint32_t, PartHash> index_;
  std::array<boost::unordered_flat_map<std::uint64_t, std::uint32_t>, 2> heads_;
};

}  // namespace aldis::receipts

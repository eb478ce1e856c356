// SPDX-License-Identifier: Apache-2.0
// Finds the part that a receipt speaks of (SMPP 6.5; CONTRACT D4, H7).
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/base/siphash.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/receipts/address_tail.hpp"
#include "aldis/receipts/id_dialect.hpp"
#include "aldis/receipts/watch_list.hpp"

namespace aldis::receipts {

// How a receipt found its part; the words are those of aldis_receipts_matched_total.
enum class How : std::uint8_t {
  kExact,     // the same id
  kDialect,   // the id in another base
  kFallback,  // an uncertain part, by reference or by addresses and time
  kParked,    // the receipt waited for this part (OrphanReceipts)
};
inline constexpr std::size_t kHows = 4;

// Why a receipt found none: it becomes an orphan with this reason.
enum class Unmatched : std::uint8_t {
  kUnknown,    // no open message with this id
  kAddress,    // the id is known, the address is another: see match_address
  kAmbiguous,  // several parts fit
  kUnparsed,   // no id, or no state
  kLate,       // matched, but after late_window: said by apply_receipt, not by the correlator
};
inline constexpr std::size_t kUnmatcheds = 5;

std::string_view name_of(How how);              // "exact"
std::string_view name_of(Unmatched unmatched);  // "unknown"

struct Match {
  PartRef part;
  How how = How::kExact;
  std::optional<IdDialect>
      learned;  // this match taught the operator's dialect: write it to the journal, log it
};

// The engine's table of live messages.
class MessageLookup {
 public:
  [[nodiscard]] virtual const Message* find(MessageId id) const = 0;

 protected:
  ~MessageLookup() = default;
};

// Owns the index (operator, n(operator id)) -> part, and the list of parts to find without an id. Called by
// the engine on its thread. 24 octets per awaited part and no allocation per message; ids are not kept: a
// 64-bit keyed hash finds the entry, and the id in the message itself confirms it. Equal ids of one operator
// form a chain, newest first, of at most kChainMax: then the older half falls out and ends as no_receipt.
// Never fails, never crosses operators. Not for receipts whose message is in history only, and not for parked
// ones.
class Correlator {
 public:
  static constexpr std::uint32_t kChainMax = 256;

  Correlator(SipKey key, IdRules& id_rules) : key_(key), id_rules_(id_rules) {}

  // The operator named a part in its response. Also for the second id of a part that was sent twice. False:
  // the id is empty or too long, so the receipt can only be found by watch().
  bool remember(OperatorId op, std::string_view operator_id, PartRef part);
  // The part needs no receipt any more, or its message leaves memory. Harmless when unknown.
  void forget(OperatorId op, std::string_view operator_id, PartRef part);

  // A part whose id we never got (uncertain, or OK with an empty id). While
  // there is one, parts on their way belong here, too: a receipt that may speak of either fits none.
  void watch(OperatorId op, const Message& message, std::uint16_t part);
  void unwatch(PartRef part) { watched_.remove(part); }

  [[nodiscard]] Result<Match, Unmatched> correlate(const OperatorReceipt& receipt,
                                                   const OperatorSettings& settings,
                                                   const MessageLookup& messages, WallTime now);

  [[nodiscard]] std::size_t remembered() const { return remembered_; }
  [[nodiscard]] std::size_t remembered(OperatorId op) const {
    return op.value() < remembered_by_.size() ? remembered_by_[op.value()] : 0;
  }
  [[nodiscard]] std::size_t watched() const { return watched_.size(); }
  [[nodiscard]] std::uint64_t chain_dropped() const {
    return chain_dropped_;
  }  // ids reused more than kChainMax times

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;
  static constexpr std::size_t kShards = 64;  // a table that grows rehashes 1/64 of the entries at a time

  struct Entry {
    MessageId message{};
    std::uint16_t part = 0;
    std::uint16_t chain = 0;      // in the head: how many older ones hang on it
    std::uint32_t older = kNone;  // index in spare_
  };
  using Shard = boost::unordered_flat_map<std::uint64_t, Entry>;

  // What one id found. `part` is meaningful when count > 0.
  struct Found {
    PartRef part;
    unsigned count = 0;          // candidates that cannot be told apart
    bool wrong_address = false;  // the id is there, with another address
  };
  // What one receipt's id found over all dialects.
  struct Tried {
    std::optional<Match> match;
    std::optional<Unmatched> trouble;
  };

  [[nodiscard]] std::uint64_t hash_of(OperatorId op, std::string_view normal_id) const;
  Shard& shard_of(std::uint64_t hash) { return shards_[hash >> 58]; }
  [[nodiscard]] const Shard& shard_of(std::uint64_t hash) const { return shards_[hash >> 58]; }
  std::uint32_t take_spare(const Entry& entry);
  void give_spare(std::uint32_t index);
  void halve_chain(OperatorId op, Entry& head);
  void count_remembered(OperatorId op) {
    if (op.value() >= remembered_by_.size()) { remembered_by_.resize(op.value() + 1); }
    ++remembered_by_[op.value()];
    ++remembered_;
  }
  void count_forgotten(OperatorId op) {
    --remembered_by_[op.value()];
    --remembered_;
  }

  // Whether an entry may be meant, and how well the address says so.
  enum class Fit : std::uint8_t { kNo, kWrongAddress, kYes, kYesByAddress };
  [[nodiscard]] static Fit fit(const Message* message, PartRef ref, const NormalId& key,
                               const OperatorReceipt& receipt, const OperatorSettings& settings);
  [[nodiscard]] Found look_up(const NormalId& key, const OperatorReceipt& receipt,
                              const OperatorSettings& settings, const MessageLookup& messages) const;
  [[nodiscard]] Tried try_id(std::string_view id, const OperatorReceipt& receipt,
                             const OperatorSettings& settings, const MessageLookup& messages);
  void note_hidden_hit(std::string_view id, const OperatorReceipt& receipt, const OperatorSettings& settings,
                       const MessageLookup& messages);

  SipKey key_;
  IdRules& id_rules_;
  std::array<Shard, kShards> shards_;
  std::vector<Entry> spare_;  // the second and later entries of chains
  std::uint32_t spare_free_ = kNone;
  std::size_t remembered_ = 0;
  std::vector<std::size_t> remembered_by_;  // index = OperatorId
  std::uint64_t chain_dropped_ = 0;
  WatchList watched_;
};

}  // namespace aldis::receipts

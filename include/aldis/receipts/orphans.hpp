// SPDX-License-Identifier: Apache-2.0
// Receipts that wait for the message they speak of (CONTRACT D5, H2).
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "aldis/base/siphash.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/message.hpp"
#include "aldis/receipts/apply.hpp"
#include "aldis/receipts/correlator.hpp"

namespace aldis::receipts {

class OrphanReceipts;
using OrphanAgeHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct OrphanAgeTag>,
                                     boost::intrusive::link_mode<boost::intrusive::normal_link>>;
using OrphanOperatorHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct OrphanOperatorTag>,
                                     boost::intrusive::link_mode<boost::intrusive::normal_link>>;

// A receipt as it came, with its own id. Lives in the journal as an ORPHAN record (Homed).
struct Orphan : Homed, OrphanAgeHook, OrphanOperatorHook {
  Orphan() : Homed(Kind::kOrphan) {}
  Orphan(MessageId own_id, const OperatorReceipt& receipt, Unmatched why);

  MessageId id{};
  OperatorId op = kNoOperator;
  Unmatched reason = Unmatched::kUnknown;
  bool intermediate = false;
  bool accepted_word = false;
  std::optional<Status> state;
  std::optional<std::uint16_t> user_message_reference;
  FixedString<8> err;
  Address source;
  Address destination;
  WallTime received_at{};
  Instant known_since{};  // its age counts from here: on the monotonic clock (CONTRACT D13)
  std::string id_tlv;
  std::string id_text;
  std::string stat_word;
  std::string body;

 private:
  friend class OrphanReceipts;
  struct Key {  // one of the names under which it can be found
    std::uint64_t hash = 0;
    Orphan* owner = nullptr;
    Key* next = nullptr;  // ring of all keys with this hash, oldest first
    Key* previous = nullptr;
    std::uint8_t dialects =
        0;  // bit per dialect that makes this key of its id; 0 = by reference or destination
  };
  std::unique_ptr<Key[]> keys_;
  std::uint8_t keys_count_ = 0;
};

inline Report report_of(const Orphan& o) { return {o.state, o.accepted_word, o.err.view()}; }

// Receipts that came before the submit_sm_resp that names their message (operators do this under load), and
// those that match nothing. Owned by the engine, on its thread. Keeps the newest `bound` in memory for at
// most the retention; past either, a receipt lives on in history only, still listed. A full table drops its
// oldest and counts it. Not a retry queue: a receipt leaves as soon as its message is known. Costs one
// comparison per result while the operator has none.
class OrphanReceipts {
 public:
  struct Limits {
    std::size_t bound = 1'000'000;
    Duration retention = hours{72};
  };
  OrphanReceipts(SipKey key, IdRules& id_rules, Limits limits);
  ~OrphanReceipts();
  OrphanReceipts(const OrphanReceipts&) = delete;
  OrphanReceipts& operator=(const OrphanReceipts&) = delete;

  void set_limits(Limits limits) { limits_ = limits; }

  // Takes it in; replay gives them back in the order of their receipt, with the instant that this was.
  Orphan& park(Instant received, std::unique_ptr<Orphan> orphan);

  // A result named `part` of `message` with `operator_id`: the oldest parked receipt for it, or null. Call
  // again after remove() until it is null: ENROUTE may wait in front of DELIVERED. `settings` decides dialect
  // and address check.
  [[nodiscard]] Orphan* match(OperatorId op, std::string_view operator_id, const Message& message,
                              const OperatorSettings& settings);
  // The same for a part that became uncertain: by reference, else by both addresses and time. Null unless
  // exactly one receipt fits. The caller has made sure that exactly one part fits: no other open one has
  // these addresses.
  [[nodiscard]] Orphan* match_uncertain(OperatorId op, const Message& message, const Part& part);

  // The dialect that a matched orphan taught, if it did (see IdRules::observe). Call once, before remove().
  std::optional<IdDialect> learn_from(const Orphan& orphan, std::string_view operator_id,
                                      const OperatorSettings& settings);

  void remove(Orphan& orphan);  // used, deleted by staff: frees it

  // Frees what is past the retention. Returns how many.
  std::size_t expire(const Now& now);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t size(OperatorId op) const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // out of memory's bound; in history still

  // Oldest first. f(Orphan&) may remove the orphan it is given.
  template <class F>
  void for_each(OperatorId op, F&& f) {
    if (op.value() >= operators_.size()) { return; }
    auto& list = operators_[op.value()].list;
    for (auto it = list.begin(); it != list.end();) { f(*it++); }
  }

 private:
  using AgeList = boost::intrusive::list<Orphan, boost::intrusive::base_hook<OrphanAgeHook>,
                                         boost::intrusive::constant_time_size<false>>;
  using OperatorList = boost::intrusive::list<Orphan, boost::intrusive::base_hook<OrphanOperatorHook>,
                                              boost::intrusive::constant_time_size<true>>;
  struct PerOperator {
    OperatorList list;
  };

  PerOperator& at(OperatorId op);
  void index(Orphan& orphan);
  // Where in the order of dialects this key stands for this result; none when it does not match it.
  [[nodiscard]] static std::optional<std::size_t> rank(const Orphan::Key& key, const NormalId& operator_id,
                                                       const Message& message,
                                                       const OperatorSettings& settings,
                                                       const DialectsToTry& plan);
  // The oldest on the ring that fits, unless those that fit have different ids.
  template <class Fits>
  [[nodiscard]] Orphan* only_one(std::uint64_t hash, OperatorId op, Fits&& fits) const;
  void link(Orphan::Key& key);
  void unlink(Orphan::Key& key);
  [[nodiscard]] Orphan::Key* ring(std::uint64_t hash) const;

  SipKey key_;
  IdRules& id_rules_;
  Limits limits_;
  std::size_t size_ = 0;
  std::uint64_t dropped_ = 0;
  AgeList by_age_;
  std::deque<PerOperator> operators_;  // index = OperatorId
  boost::unordered_flat_map<std::uint64_t, Orphan::Key*> rings_;
};

}  // namespace aldis::receipts

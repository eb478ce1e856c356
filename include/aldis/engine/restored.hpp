// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/core/directory.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/engine/idempotent_request.hpp"
#include "aldis/engine/message_table.hpp"
#include "aldis/engine/stored_things.hpp"
#include "aldis/spool/images.hpp"
#include "aldis/spool/recover.hpp"

namespace aldis::engine {

// What the journal says was alive: replay fills it, record by record, and the engine takes it over. Messages
// that are final and owe nothing are dropped on the way, but for those that a late receipt may still change,
// so it grows no larger than the live state and what late_window holds. Used once, at start, by main().
class Restored final : public spool::ReplayVisitor {
 public:
  // `now` turns the wall-clock deadlines of records into instants.
  // With `images`, untouched queued messages beyond `in_memory` of them are shelved on the way.
  explicit Restored(const Now& now, spool::Images* images = nullptr, std::size_t in_memory = 0)
      : now_(now), images_(images), in_memory_(in_memory) {}
  // Every message, those on the shelf read from the journal.
  void visit_all(const std::function<void(const Message&)>& visit_one);

  struct OrphanImage {
    MessageId id{};
    Lsn home{};
    OperatorReceipt receipt;  // its views are of the strings below
    std::string id_tlv, id_text, stat_word, err, body;
  };
  using Owed = boost::container::small_vector<spool::OwedItem, 1>;

  MessageTable messages;
  boost::unordered_flat_map<MessageId, Owed> owed;  // receipts not acknowledged, oldest first
  boost::unordered_flat_map<MessageId, std::unique_ptr<Inbound>> inbound;
  boost::unordered_flat_map<MessageId, std::unique_ptr<OrphanImage>> orphans;
  StoredThings stored;
  std::vector<IdempotentRequest> requests;  // of ACCEPTs; pages of them are stored things
  std::vector<KnownName> names;
  boost::unordered_flat_map<OperatorId, std::string> dialects;
  boost::unordered_flat_map<AccountId, std::uint32_t> short_ids;  // next free one
  std::uint64_t next_sequence = 0;
  // What accounts have used: as of the newest CHECKPOINT, and by ACCEPTs since then.
  struct DayParts {
    std::chrono::sys_days day;
    std::uint64_t parts = 0;
  };
  boost::unordered_flat_map<AccountId, spool::VolumeUsed> volumes;
  boost::unordered_flat_map<AccountId, boost::container::small_vector<DayParts, 2>> accepted_since;

  void on(const spool::Place& place, const spool::AcceptRecord& record) override;
  void on(const spool::Place& place, const spool::LeaseRecord& record) override;
  void on(const spool::Place& place, const spool::ResultRecord& record) override;
  void on(const spool::Place& place, const spool::ReceiptRecord& record) override;
  void on(const spool::Place& place, const spool::OrphanRecord& record) override;
  void on(const spool::Place& place, const spool::OrphanDoneRecord& record) override;
  void on(const spool::Place& place, const spool::InboundRecord& record) override;
  void on(const spool::Place& place, const spool::OwedDoneRecord& record) override;
  void on(const spool::Place& place, const spool::FinalRecord& record) override;
  void on(const spool::Place& place, const spool::ChangeRecord& record) override;
  void on(const spool::Place& place, const spool::SettingsRecord& record) override;
  void on(const spool::Place& place, const spool::CheckpointRecord& record) override;

 private:
  [[nodiscard]] Instant instant_within(WallTime end, WallTime from) const;
  [[nodiscard]] Instant due(WallTime at, WallTime from) const;
  void owe(MessageId id, const std::optional<spool::OwedItem>& item);
  void drop_if_done(Message& message);
  Message* present(MessageId id);
  void shelve_some();
  static void follow_refused(Message& message, std::string_view err);
  void learn(const spool::NameEntry& name);
  void count_used(const Message& message);

  Now now_;
  WallTime latest_{};      // of the records so far
  MessageId uncounted_{};  // ids from here on are not in `volumes`
  spool::Images* images_;
  std::size_t in_memory_;
  std::deque<MessageId> untouched_;  // accepted last; shelved if nothing more is said of them
};

}  // namespace aldis::engine

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "aldis/core/history.hpp"
#include "aldis/spool/recover.hpp"

namespace aldis::history {

// Where a batch finds what is known already.
class Rows {
 public:
  struct Home {
    std::size_t partition = 0;  // index in the catalogue; meaningless without `kept`
    bool kept = false;          // false: its partition is gone
    Lsn applied{};              // of that partition: records before it are in already
    std::optional<MessageRow> row;
  };
  virtual Home find(MessageId id) = 0;  // throws SQLite::Exception

 protected:
  ~Rows() = default;
};

// What one step's records make of the messages that they speak of: each row is read and written once,
// however many records touch it. Owned by the Follower, emptied after each step. Its bound is the step's.
class Batch final : public spool::ReplayVisitor {
 public:
  using ReadNotes = std::function<void(MessageRow&)>;
  Batch(Rows& rows, const ReadNotes& read_notes) : rows_(rows), read_notes_(read_notes) {}

  struct Slot {
    Rows::Home home;
    bool fresh = false;  // not in its partition yet
    bool dirty = false;
  };
  [[nodiscard]] std::vector<Slot>& slots() { return slots_; }
  [[nodiscard]] std::uint64_t unplaced() const { return unplaced_; }
  [[nodiscard]] WallTime clock() const { return clock_; }
  void begin(WallTime clock);

  void on(const spool::Place& place, const spool::AcceptRecord& record) override;
  void on(const spool::Place& place, const spool::LeaseRecord& record) override;
  void on(const spool::Place& place, const spool::ResultRecord& record) override;
  void on(const spool::Place& place, const spool::ReceiptRecord& record) override;
  void on(const spool::Place& place, const spool::OwedDoneRecord& record) override;
  void on(const spool::Place& place, const spool::FinalRecord& record) override;
  void on(const spool::Place& place, const spool::ChangeRecord& record) override;
  void on(const spool::Place& place, const spool::OrphanRecord& record) override;
  void on(const spool::Place&, const spool::OrphanDoneRecord&) override {}
  void on(const spool::Place& place, const spool::InboundRecord& record) override;
  void on(const spool::Place&, const spool::SettingsRecord&) override {}
  void on(const spool::Place& place, const spool::CheckpointRecord& record) override;

 private:
  Slot& slot_of(MessageId id);
  MessageRow* known(const spool::Place& place, MessageId id);
  void hear(WallTime at) { clock_ = std::max(clock_, at); }

  Rows& rows_;
  const ReadNotes& read_notes_;
  boost::unordered_flat_map<MessageId, std::size_t> index_;
  std::vector<Slot> slots_;
  WallTime clock_{};
  std::uint64_t unplaced_ = 0;
};

}  // namespace aldis::history

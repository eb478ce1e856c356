// SPDX-License-Identifier: Apache-2.0
#include "history/batch.hpp"

#include "aldis/base/mutant.hpp"
#include "history/life.hpp"

namespace aldis::history {

void Batch::begin(WallTime clock) {
  index_.clear();
  slots_.clear();
  clock_ = clock;
  unplaced_ = 0;
}

Batch::Slot& Batch::slot_of(MessageId id) {
  const auto [at, added] = index_.try_emplace(id, slots_.size());
  if (added) {
    Slot& slot = slots_.emplace_back();
    slot.home = rows_.find(id);
    slot.fresh = !slot.home.row.has_value();
  }
  return slots_[at->second];
}

// None: its partition is gone, or has that record, or never had the message.
MessageRow* Batch::known(const spool::Place& place, MessageId id) {
  Slot& slot = slot_of(id);
  if (slot.home.kept && place.begin < slot.home.applied && !ALDIS_MUTANT(142)) { return nullptr; }
  if (!slot.home.row) {
    ++unplaced_;
    return nullptr;
  }
  slot.dirty = true;
  return &*slot.home.row;
}

void Batch::on(const spool::Place& place, const spool::AcceptRecord& record) {
  hear(record.message->accepted_at);
  Slot& slot = slot_of(record.message->id);
  if (!slot.home.kept || place.begin < slot.home.applied) { return; }
  const bool is_known = slot.home.row.has_value();
  if (!is_known) { slot.home.row.emplace(); }
  life::image(*slot.home.row, record, is_known);
  if (read_notes_ && !slot.home.row->notes.empty()) { read_notes_(*slot.home.row); }
  slot.dirty = true;
}

void Batch::on(const spool::Place& place, const spool::LeaseRecord& record) {
  for (const spool::LeasedPart& part : record.parts) {
    if (MessageRow* row = known(place, part.part.message)) { life::leased(*row, record, part, clock_); }
  }
}

void Batch::on(const spool::Place& place, const spool::ResultRecord& record) {
  hear(record.at);
  if (MessageRow* row = known(place, record.part.message)) { life::result(*row, record); }
}

void Batch::on(const spool::Place& place, const spool::ReceiptRecord& record) {
  if (record.owed) { hear(record.owed->owed_since); }
  if (MessageRow* row = known(place, record.part.message)) { life::receipt(*row, record, clock_); }
}

void Batch::on(const spool::Place& place, const spool::OwedDoneRecord& record) {
  if (record.inbound) { return; }
  if (MessageRow* row = known(place, record.id)) { life::owed_done(*row, record, clock_); }
}

void Batch::on(const spool::Place& place, const spool::FinalRecord& record) {
  hear(record.done_at);
  if (MessageRow* row = known(place, record.message)) { life::ended(*row, record, clock_); }
}

void Batch::on(const spool::Place& place, const spool::ChangeRecord& record) {
  if (MessageRow* row = known(place, record.message)) { life::changed(*row, record, clock_); }
}

void Batch::on(const spool::Place&, const spool::OrphanRecord& record) { hear(record.receipt.received_at); }

void Batch::on(const spool::Place&, const spool::InboundRecord& record) { hear(record.inbound->received_at); }

void Batch::on(const spool::Place&, const spool::CheckpointRecord& record) { hear(record.wall); }

}  // namespace aldis::history

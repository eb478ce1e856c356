// SPDX-License-Identifier: Apache-2.0
#include "aldis/engine/message_table.hpp"

#include <new>

#include "aldis/base/check.hpp"

namespace aldis::engine {

Message& MessageTable::make() {
  if (free_.empty()) {
    chunks_.push_back(std::make_unique<Chunk>());
    free_.reserve(chunks_.size() * kChunk);
    for (auto& slot : chunks_.back()->slots) { free_.push_back(&slot); }
  }
  Slot* slot = free_.back();
  free_.pop_back();
  return *new (slot->octets.data()) Message;
}

void MessageTable::add(Message& message) {
  const bool fresh = index_.emplace(message.id, &message).second;
  ALDIS_CHECK(fresh);
}

void MessageTable::discard(Message& message) { free_slot(message); }

void MessageTable::remove(Message& message) {
  const auto erased = index_.erase(message.id);
  ALDIS_CHECK(erased == 1);
  free_slot(message);
}

void MessageTable::free_slot(Message& message) {
  message.~Message();
  // A Slot's only member is the storage, so its address is the message's.
  free_.push_back(static_cast<Slot*>(static_cast<void*>(&message)));
}

MessageTable::~MessageTable() {
  for (auto& [id, message] : index_) { message->~Message(); }
}

}  // namespace aldis::engine

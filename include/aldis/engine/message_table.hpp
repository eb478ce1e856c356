// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "aldis/core/message.hpp"

namespace aldis::engine {

// All live messages: a slab of stable addresses, and the index by id. Owned by the engine. A message lives
// here from acceptance until it is final and nothing is owed for it. Memory grows to the highest count ever
// live and is reused.
class MessageTable {
 public:
  // A fresh message, not indexed yet: give it an id and add() it, or give it back with discard().
  Message& make();
  void add(Message& message);      // message.id must be set and new
  void discard(Message& message);  // made, never added
  void remove(Message& message);   // out of the index, back to the slab
  [[nodiscard]] Message* find(MessageId id) {
    const auto at = index_.find(id);
    return at == index_.end() ? nullptr : at->second;
  }
  [[nodiscard]] std::size_t size() const { return index_.size(); }

  template <class Visit>
  void visit(Visit&& visit_one) {
    for (auto& [id, message] : index_) { visit_one(*message); }
  }

 private:
  static constexpr std::size_t kChunk = 256;
  struct Slot {
    alignas(Message) std::array<unsigned char, sizeof(Message)> octets;
  };
  struct Chunk {
    std::array<Slot, kChunk> slots;
  };

  void free_slot(Message& message);

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Slot*> free_;
  boost::unordered_flat_map<MessageId, Message*> index_;

 public:
  MessageTable() = default;
  MessageTable(const MessageTable&) = delete;
  MessageTable& operator=(const MessageTable&) = delete;
  ~MessageTable();
};

}  // namespace aldis::engine

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "aldis/core/message.hpp"

namespace aldis::engine {

// All live messages: a slab of stable addresses, and the ways to find one. Owned by the engine. A message
// lives here from acceptance until it is final and nothing is owed for it. Memory grows to the highest count
// ever live and is reused.
// Ids find in constant time, and short ids, which only accounts with message_id: hex8 have. The index by
// addresses is built when somebody asks for the first time, by one look at all messages, and kept from then
// on: most installations never see a replace_if_present_flag or a cancel_sm by addresses.
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
  // Messages of one account by the id it was given in format hex8: one, or those of a submit_multi.
  [[nodiscard]] std::vector<Message*> find_short(AccountId account, std::uint32_t short_id);
  // Live messages of one account from and to these numbers, whatever their state, oldest first.
  [[nodiscard]] std::vector<Message*> find_addresses(AccountId account, const Address& source,
                                                     const Address& destination);
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

  // Ids under one key, oldest first. Keys that collide are told apart by looking at the messages.
  using Index = boost::unordered_flat_map<std::uint64_t, boost::container::small_vector<MessageId, 1>>;

  void free_slot(Message& message);
  static void put(Index& index, std::uint64_t key, MessageId id);
  static void erase(Index& index, std::uint64_t key, MessageId id);
  template <class Fits>
  std::vector<Message*> collect(const Index& index, std::uint64_t key, Fits&& fits);

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Slot*> free_;
  boost::unordered_flat_map<MessageId, Message*> index_;
  Index by_short_id_;
  Index by_addresses_;
  bool addresses_indexed_ = false;

 public:
  MessageTable() = default;
  MessageTable(const MessageTable&) = delete;
  MessageTable& operator=(const MessageTable&) = delete;
  ~MessageTable();
};

}  // namespace aldis::engine

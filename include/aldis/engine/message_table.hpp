// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "aldis/core/message.hpp"

namespace aldis::engine {

// What is kept of a message whose image in the journal says all the rest: 32 octets with its id, and about 50
// in the table.
struct Shelved {
  static constexpr std::uint32_t kNoExpiry = 0xFFFFFFFFu;

  Lsn home{};                         // where the image ends
  std::uint32_t expires = kNoExpiry;  // tenths of a second of the monotonic clock, rounded up
  std::uint32_t own = 0;              // Message::ready_at, likewise, of a queued one; else its owed_newest
  std::uint32_t addresses = 0;        // the key of next_with_addresses()
  std::uint16_t image_words = 0;      // its size in 8 octets
  std::uint16_t op = 0xFFFF;          // whose lane it waits in

  [[nodiscard]] std::uint32_t image_octets() const { return image_words * 8u; }
  [[nodiscard]] Instant expires_at() const {
    return expires == kNoExpiry ? kNever : Instant{milliseconds{100} * expires};
  }
};

// All live messages: a slab of stable addresses, what is kept of those that stand in the journal only, and
// the ways to find one. Owned by the engine. A message lives here from acceptance until it is final and
// nothing is owed for it. Memory grows to the highest count ever live and is reused.
// Ids find in constant time, and short ids, which only accounts with message_id: hex8 have. The index by
// addresses is begun when somebody asks for the first time, built in slices, and kept from then on: most
// installations never see a replace_if_present_flag or a cancel_sm by addresses.
class MessageTable {
 public:
  // A fresh message, not indexed yet: give it an id and add() it, or give it back with discard().
  Message& make();
  void add(Message& message);      // message.id must be set and new
  void discard(Message& message);  // made, never added
  void remove(Message& message);   // out of the index, back to the slab
  // Null for shelved ones, too.
  [[nodiscard]] Message* find(MessageId id) {
    const auto at = index_.find(id);
    return at == index_.end() ? nullptr : at->second;
  }

  // Of everything that an image says and that may change.
  [[nodiscard]] static std::uint32_t fingerprint(const Message& message);
  // Queued and never sent.
  [[nodiscard]] static bool is_untouched(const Message& message);
  // Waits for its receipt under the ids that the operator gave, or only for its customer.
  [[nodiscard]] static bool is_at_rest(const Message& message);
  // Only if nothing would be lost: one of these, and its newest image says what it is now.
  [[nodiscard]] static bool may_be_shelved(const Message& message);
  void shelve(Message& message);  // it is freed
  [[nodiscard]] const Shelved* shelved(MessageId id) const {
    const auto at = shelved_.find(id);
    return at == shelved_.end() ? nullptr : &at->second;
  }
  // Back into memory, from its image and the number of receipts owed in it; an untouched one waits in its
  // lane by id.
  Message& unshelve(MessageId id, const Message& image, std::size_t owed);
  void move_image(MessageId id, Lsn home) { shelved_.find(id)->second.home = home; }
  void forget_shelved(MessageId id) { shelved_.erase(id); }  // a newer image follows (replay)
  [[nodiscard]] std::size_t shelved_count() const { return shelved_.size(); }
  [[nodiscard]] std::vector<MessageId> ids() const;  // all of them, oldest first
  template <class Visit>
  void visit_shelved(Visit&& visit_one) const {
    for (const auto& [id, shelved] : shelved_) { visit_one(id, shelved); }
  }

  // Messages of one account by the id it was given in format hex8: one, or those of a submit_multi. Some may
  // be shelved; keys may collide, so that the messages must be asked.
  [[nodiscard]] std::vector<MessageId> find_short(AccountId account, std::uint32_t short_id) const;
  // Puts up to `messages_max` more into the index by addresses; true once all are in it.
  bool index_addresses(std::size_t messages_max);
  [[nodiscard]] bool is_indexing() const { return address_index_ == AddressIndex::kBuilding; }
  // Of the live messages of one account from and to these numbers, whatever their state, the oldest with an
  // id not below `from`, and the newest with an id below `before`; likewise. Only once index_addresses() is
  // true.
  [[nodiscard]] std::optional<MessageId> next_with_addresses(AccountId account, const Address& source,
                                                             const Address& destination,
                                                             MessageId from) const;
  [[nodiscard]] std::optional<MessageId> last_with_addresses(AccountId account, const Address& source,
                                                             const Address& destination,
                                                             MessageId before) const;
  [[nodiscard]] std::size_t size() const { return index_.size() + shelved_.size(); }

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
  static std::vector<MessageId> collect(const Index& index, std::uint64_t key);

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Slot*> free_;
  boost::unordered_flat_map<MessageId, Message*> index_;
  boost::unordered_flat_map<MessageId, Shelved> shelved_;
  Index by_short_id_;
  // Ordered, so that a walk over one key's ids goes on wherever it stopped; there may be millions.
  std::set<std::pair<std::uint32_t, MessageId>> by_addresses_;
  enum class AddressIndex : std::uint8_t { kNone, kBuilding, kWhole } address_index_ = AddressIndex::kNone;
  std::vector<MessageId> to_index_;  // while it is being built

 public:
  MessageTable() = default;
  MessageTable(const MessageTable&) = delete;
  MessageTable& operator=(const MessageTable&) = delete;
  ~MessageTable();
};

}  // namespace aldis::engine

// SPDX-License-Identifier: Apache-2.0
// The storage of owed items: chunks of 64-octet places that never move, linked by 32-bit numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "aldis/base/fixed_string.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/status.hpp"

namespace aldis::notify {

using ItemIndex = std::uint32_t;  // 0 = none
inline constexpr ItemIndex kNoItem = 0;

// One owed item. 64 octets: millions of them wait for customers who are away.
struct Item {
  using Ticks = std::uint32_t;  // 10 ms since the start, modulo 2^32: for differences of minutes
  enum class Where : std::uint8_t { kFree, kReady, kInWork, kRetry, kBehind, kExpired };

  MessageId message{};
  union {
    WallTime done_at;
    Inbound* inbound;  // owned; only with is_inbound
  };
  std::uint32_t account = 0;
  std::int32_t owed_at = 0;  // seconds since the start; negative for what a former process owed
  Ticks due = 0;             // of a retry
  std::uint32_t session =
      0;  // low bits of a SessionId: the one it is in work on; before, the submitter's. 0 = none
  std::uint32_t generation = 0;  // with the index, the token: a place used again has another one
  ItemIndex next = kNoItem;
  ItemIndex previous = kNoItem;
  ItemIndex behind = kNoItem;  // the next item of the same message, which waits for this one
  std::uint16_t status_seq = 0;
  std::uint16_t parts_delivered = 0;
  FixedString<8> err;
  Status status = Status::kDelivered;
  Where where : 4 = Where::kFree;
  std::uint8_t is_inbound : 1 = 0;
  std::uint8_t intermediate : 1 = 0;
  std::uint8_t accepted_word : 1 = 0;
  std::uint8_t backoffs : 4 = 0;  // temporary failures, saturating
  std::uint8_t errors : 4 = 0;    // other failures

  Item() : done_at{} {}
};
static_assert(sizeof(Item) <= 64);

// A doubly linked list through Item::next and previous. The pool is passed in: a list is 12 octets.
class ItemPool;
struct ItemList {
  ItemIndex head = kNoItem;
  ItemIndex tail = kNoItem;
  std::uint32_t count = 0;

  [[nodiscard]] bool empty() const { return head == kNoItem; }
  void push_back(ItemPool& pool, ItemIndex index);
  void push_front(ItemPool& pool, ItemIndex index);
  void insert_before(ItemPool& pool, ItemIndex place, ItemIndex index);  // place kNoItem = at the end
  void remove(ItemPool& pool, ItemIndex index);
  ItemIndex pop_front(ItemPool& pool);           // kNoItem when empty
  void append(ItemPool& pool, ItemList& other);  // takes all of other, behind its own
};

// Owned by Outbox. Chunks are reused and never given back. Not for anything else.
class ItemPool {
 public:
  ItemPool() = default;
  ~ItemPool();
  ItemPool(const ItemPool&) = delete;
  ItemPool& operator=(const ItemPool&) = delete;

  ItemIndex take();
  void give(ItemIndex index);  // frees an inbound message that is still there
  [[nodiscard]] bool valid(ItemIndex index) const { return index != kNoItem && index <= used_; }

  Item& operator[](ItemIndex index) { return chunks_[(index - 1) >> kChunkBits][(index - 1) & kChunkMask]; }
  const Item& operator[](ItemIndex index) const {
    return chunks_[(index - 1) >> kChunkBits][(index - 1) & kChunkMask];
  }

 private:
  static constexpr unsigned kChunkBits = 12;
  static constexpr ItemIndex kChunkMask = (1u << kChunkBits) - 1;

  std::vector<std::unique_ptr<Item[]>> chunks_;
  ItemIndex used_ = 0;  // places ever taken
  ItemIndex free_ = kNoItem;
};

}  // namespace aldis::notify

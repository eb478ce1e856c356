// SPDX-License-Identifier: Apache-2.0
#include "aldis/notify/item_pool.hpp"

#include "aldis/base/check.hpp"

namespace aldis::notify {

void ItemList::push_back(ItemPool& pool, ItemIndex index) { insert_before(pool, kNoItem, index); }

void ItemList::push_front(ItemPool& pool, ItemIndex index) { insert_before(pool, head, index); }

void ItemList::insert_before(ItemPool& pool, ItemIndex place, ItemIndex index) {
  Item& item = pool[index];
  item.next = place;
  item.previous = place == kNoItem ? tail : pool[place].previous;
  (item.previous == kNoItem ? head : pool[item.previous].next) = index;
  (place == kNoItem ? tail : pool[place].previous) = index;
  ++count;
}

void ItemList::remove(ItemPool& pool, ItemIndex index) {
  Item& item = pool[index];
  (item.previous == kNoItem ? head : pool[item.previous].next) = item.next;
  (item.next == kNoItem ? tail : pool[item.next].previous) = item.previous;
  item.next = item.previous = kNoItem;
  --count;
}

ItemIndex ItemList::pop_front(ItemPool& pool) {
  const ItemIndex index = head;
  if (index != kNoItem) { remove(pool, index); }
  return index;
}

void ItemList::append(ItemPool& pool, ItemList& other) {
  if (other.empty()) { return; }
  pool[other.head].previous = tail;
  (tail == kNoItem ? head : pool[tail].next) = other.head;
  tail = other.tail;
  count += other.count;
  other = {};
}

ItemPool::~ItemPool() {
  for (ItemIndex index = 1; index <= used_; ++index) {
    if (Item& item = (*this)[index]; item.where != Item::Where::kFree) { give(index); }
  }
}

ItemIndex ItemPool::take() {
  if (free_ != kNoItem) {
    const ItemIndex index = free_;
    free_ = (*this)[index].next;
    (*this)[index].next = kNoItem;
    return index;
  }
  if ((used_ & kChunkMask) == 0) {
    chunks_.push_back(std::make_unique<Item[]>(std::size_t{1} << kChunkBits));
  }
  return ++used_;
}

void ItemPool::give(ItemIndex index) {
  Item& item = (*this)[index];
  ALDIS_CHECK(item.where != Item::Where::kFree);
  if (item.is_inbound) { delete item.inbound; }
  const std::uint32_t generation = item.generation;
  item = Item{};
  item.generation = generation;  // a late answer to the former item must not settle the next
  item.next = free_;
  free_ = index;
}

}  // namespace aldis::notify

// SPDX-License-Identifier: Apache-2.0
#include "aldis/engine/message_table.hpp"

#include <algorithm>
#include <new>

#include "aldis/base/check.hpp"

namespace aldis::engine {

namespace {

std::uint64_t short_key(AccountId account, std::uint32_t short_id) {
  return std::uint64_t{account.value()} << 32 | short_id;
}

std::uint64_t addresses_key(AccountId account, const Address& source, const Address& destination) {
  std::uint64_t hash = 0xCBF29CE484222325u ^ account.value();
  const auto add = [&](std::string_view text) {
    for (const char c : text) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u; }
    hash *= 0x9E3779B97F4A7C15u;  // where one ends and the other begins
  };
  add(source.digits.view());
  add(destination.digits.view());
  return hash;
}

}  // namespace

void MessageTable::put(Index& index, std::uint64_t key, MessageId id) { index[key].push_back(id); }

void MessageTable::erase(Index& index, std::uint64_t key, MessageId id) {
  const auto at = index.find(key);
  ALDIS_CHECK(at != index.end());
  auto& ids = at->second;
  ids.erase(std::find(ids.begin(), ids.end(), id));  // the oldest leaves first, as a rule
  if (ids.empty()) { index.erase(at); }
}

template <class Fits>
std::vector<Message*> MessageTable::collect(const Index& index, std::uint64_t key, Fits&& fits) {
  std::vector<Message*> out;
  const auto at = index.find(key);
  if (at == index.end()) { return out; }
  for (const MessageId id : at->second) {
    Message* message = find(id);
    ALDIS_CHECK(message != nullptr);
    if (fits(*message)) { out.push_back(message); }
  }
  return out;
}

std::vector<Message*> MessageTable::find_short(AccountId account, std::uint32_t short_id) {
  return collect(by_short_id_, short_key(account, short_id), [](const Message&) { return true; });
}

std::vector<Message*> MessageTable::find_addresses(AccountId account, const Address& source,
                                                   const Address& destination) {
  if (!addresses_indexed_) {
    std::vector<const Message*> all;
    all.reserve(index_.size());
    for (const auto& [id, message] : index_) { all.push_back(message); }
    std::sort(all.begin(), all.end(), [](const Message* a, const Message* b) { return a->id < b->id; });
    for (const Message* m : all) {
      put(by_addresses_, addresses_key(m->account, m->source, m->destination), m->id);
    }
    addresses_indexed_ = true;
  }
  return collect(by_addresses_, addresses_key(account, source, destination), [&](const Message& m) {
    return m.account == account && m.source.digits == source.digits &&
           m.destination.digits == destination.digits;
  });
}

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
  if (message.short_id != 0) { put(by_short_id_, short_key(message.account, message.short_id), message.id); }
  if (addresses_indexed_) {
    put(by_addresses_, addresses_key(message.account, message.source, message.destination), message.id);
  }
}

void MessageTable::discard(Message& message) { free_slot(message); }

void MessageTable::remove(Message& message) {
  const auto erased = index_.erase(message.id);
  ALDIS_CHECK(erased == 1);
  if (message.short_id != 0) {
    erase(by_short_id_, short_key(message.account, message.short_id), message.id);
  }
  if (addresses_indexed_) {
    erase(by_addresses_, addresses_key(message.account, message.source, message.destination), message.id);
  }
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

// SPDX-License-Identifier: Apache-2.0
#include "aldis/engine/message_table.hpp"

#include <algorithm>
#include <iterator>
#include <new>

#include "aldis/base/check.hpp"
#include "engine/state.hpp"

namespace aldis::engine {

namespace {

std::uint64_t short_key(AccountId account, std::uint32_t short_id) {
  return std::uint64_t{account.value()} << 32 | short_id;
}

std::uint32_t tenths_of(Instant at) {
  if (at == kNever) { return Shelved::kNoExpiry; }
  const auto tenths = (at.time_since_epoch() + milliseconds{100} - Duration{1}) / milliseconds{100};
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(tenths, 0, Shelved::kNoExpiry - 1));
}

std::uint32_t addresses_key(AccountId account, const Address& source, const Address& destination) {
  std::uint64_t hash = 0xCBF29CE484222325u ^ account.value();
  const auto add = [&](std::string_view text) {
    for (const char c : text) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u; }
    hash *= 0x9E3779B97F4A7C15u;  // where one ends and the other begins
  };
  add(source.digits.view());
  add(destination.digits.view());
  return static_cast<std::uint32_t>(hash >> 32u);
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

std::vector<MessageId> MessageTable::collect(const Index& index, std::uint64_t key) {
  const auto at = index.find(key);
  return at == index.end() ? std::vector<MessageId>{}
                           : std::vector<MessageId>{at->second.begin(), at->second.end()};
}

std::vector<MessageId> MessageTable::find_short(AccountId account, std::uint32_t short_id) const {
  return collect(by_short_id_, short_key(account, short_id));
}

bool MessageTable::index_addresses(std::size_t messages_max) {
  if (address_index_ == AddressIndex::kNone) {
    address_index_ = AddressIndex::kBuilding;
    to_index_.reserve(size());
    for (const auto& [id, message] : index_) { to_index_.push_back(id); }
    for (const auto& [id, shelved] : shelved_) { to_index_.push_back(id); }
  }
  for (; messages_max > 0 && !to_index_.empty(); --messages_max) {
    const MessageId id = to_index_.back();
    to_index_.pop_back();
    if (const Message* m = find(id)) {
      by_addresses_.emplace(addresses_key(m->account, m->source, m->destination), id);
    } else if (const Shelved* there = shelved(id)) {
      by_addresses_.emplace(there->addresses, id);
    }
  }
  if (address_index_ == AddressIndex::kBuilding && to_index_.empty()) {
    address_index_ = AddressIndex::kWhole;
    to_index_.shrink_to_fit();
  }
  return address_index_ == AddressIndex::kWhole;
}

std::optional<MessageId> MessageTable::next_with_addresses(AccountId account, const Address& source,
                                                           const Address& destination, MessageId from) const {
  const auto key = addresses_key(account, source, destination);
  const auto at = by_addresses_.lower_bound({key, from});
  return at != by_addresses_.end() && at->first == key ? std::optional{at->second} : std::nullopt;
}

std::optional<MessageId> MessageTable::last_with_addresses(AccountId account, const Address& source,
                                                           const Address& destination,
                                                           MessageId before) const {
  const auto key = addresses_key(account, source, destination);
  const auto after = by_addresses_.lower_bound({key, before});
  if (after == by_addresses_.begin()) { return std::nullopt; }
  const auto at = std::prev(after);
  return at->first == key ? std::optional{at->second} : std::nullopt;
}

std::vector<MessageId> MessageTable::ids() const {
  std::vector<MessageId> all;
  all.reserve(size());
  for (const auto& [id, message] : index_) { all.push_back(id); }
  for (const auto& [id, shelved] : shelved_) { all.push_back(id); }
  std::sort(all.begin(), all.end());
  return all;
}

std::uint32_t MessageTable::fingerprint(const Message& message) {
  std::uint64_t print = message.status_seq;
  const auto add = [&](std::uint64_t value) { print = (print ^ value) * 0x9E3779B97F4A7C15u; };
  add(static_cast<std::uint64_t>(message.status) << 32u | std::uint64_t{message.owed_open} << 8u |
      std::uint64_t{message.intermediates} << 1u | (message.late ? 1u : 0u));
  for (const Part& part : message.parts) {
    add(static_cast<std::uint64_t>(part.status) << 40u | std::uint64_t{part.attempt} << 16u |
        part.operator_id.size() << 1u | (part.uncertain ? 1u : 0u));
  }
  return static_cast<std::uint32_t>(print >> 32u);
}

bool MessageTable::is_untouched(const Message& message) {
  return message.status == Status::kQueued && message.owed_open == 0 &&
         std::all_of(message.parts.begin(), message.parts.end(), [](const Part& part) {
           return part.status == Status::kQueued && part.attempt == 0 && !part.uncertain;
         });
}

bool MessageTable::is_at_rest(const Message& message) {
  if (is_final(message.status)) { return message.owed_open > 0 && !awaits_late_receipt(message); }
  return message.status == Status::kSent && message.owed_open == 0 &&
         std::all_of(message.parts.begin(), message.parts.end(),
                     [](const Part& part) { return !part.uncertain && !part.operator_id.empty(); });
}

bool MessageTable::may_be_shelved(const Message& message) {
  const bool fits = message.image_octets > 0 && message.image_octets / 8 <= 0xFFFF &&
                    (message.op == kNoOperator || message.op.value() < 0xFFFF);
  return fits && message.home != Lsn{} && (is_untouched(message) || is_at_rest(message)) &&
         message.image_print == fingerprint(message);
}

void MessageTable::shelve(Message& message) {
  Shelved shelved;
  shelved.home = message.home;
  shelved.expires = tenths_of(message.expires_at);
  shelved.own = is_untouched(message) ? tenths_of(message.ready_at) : message.owed_newest;
  shelved.addresses = addresses_key(message.account, message.source, message.destination);
  shelved.image_words = static_cast<std::uint16_t>(message.image_octets / 8);
  if (message.op != kNoOperator) { shelved.op = static_cast<std::uint16_t>(message.op.value()); }
  shelved_.emplace(message.id, shelved);
  index_.erase(message.id);
  free_slot(message);
}

Message& MessageTable::unshelve(MessageId id, const Message& image, std::size_t owed) {
  const auto at = shelved_.find(id);
  ALDIS_CHECK(at != shelved_.end() && image.id == id);
  const Shelved shelved = at->second;
  shelved_.erase(at);
  Message& message = make();
  message = image;
  message.home = shelved.home;
  message.image_octets = shelved.image_octets();
  message.expires_at = shelved.expires_at();
  message.due_at = {};
  message.op = shelved.op == 0xFFFF ? kNoOperator : OperatorId{shelved.op};
  message.owed_open = static_cast<std::uint16_t>(owed);
  message.image_print = fingerprint(message);
  if (is_untouched(message)) {
    message.ready_at = Instant{milliseconds{100} * shelved.own};
    message.lane_by_id = message.op != kNoOperator;
  } else {
    message.owed_newest = shelved.own;
  }
  index_.emplace(id, &message);
  return message;
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
  if (address_index_ != AddressIndex::kNone) {
    by_addresses_.emplace(addresses_key(message.account, message.source, message.destination), message.id);
  }
}

void MessageTable::discard(Message& message) { free_slot(message); }

void MessageTable::remove(Message& message) {
  const auto erased = index_.erase(message.id);
  ALDIS_CHECK(erased == 1);
  if (message.short_id != 0) {
    erase(by_short_id_, short_key(message.account, message.short_id), message.id);
  }
  if (address_index_ != AddressIndex::kNone) {
    by_addresses_.erase({addresses_key(message.account, message.source, message.destination), message.id});
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

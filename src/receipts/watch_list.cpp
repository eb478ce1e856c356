// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/watch_list.hpp"

#include "aldis/receipts/address_tail.hpp"
#include "aldis/receipts/correlator.hpp"

namespace aldis::receipts {
namespace {

std::uint64_t reference_key(OperatorId op, std::uint16_t reference) {
  return (std::uint64_t{op.value()} << 32) | (1u << 16) | reference;
}

std::uint64_t destination_key(OperatorId op, AddressTail tail) {
  return (std::uint64_t{op.value()} << 32) | (1u << 31) | (std::uint32_t{tail.length} << 27) | tail.digits;
}

constexpr Duration kSlack = seconds{1};  // of a clock that is being set
constexpr Duration kSoon = minutes{6};   // a response's time, a hold, and some minutes

}  // namespace

bool may_speak_of(const Part& part, WallTime received_at) {
  const auto after = received_at - part.sent_since;
  return after >= -kSlack && after <= kSoon;
}

void WatchList::add(OperatorId op, const Message& message, std::uint16_t part) {
  const PartRef ref{message.id, part};
  remove(ref);
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  entries_[index] = Entry{ref, op, {}};
  index_.emplace(ref, index);
  if (message.has_user_message_reference) {
    link(index, kByReference, reference_key(op, message.user_message_reference));
  }
  link(index, kByDestination, destination_key(op, tail_of(message.destination)));
}

void WatchList::remove(PartRef part) {
  const auto it = index_.find(part);
  if (it == index_.end()) { return; }
  unlink(it->second, kByReference);
  unlink(it->second, kByDestination);
  free_.push_back(it->second);
  index_.erase(it);
}

WatchList::Found WatchList::find(const OperatorReceipt& receipt, const MessageLookup& messages,
                                 WallTime now) const {
  if (index_.empty()) { return {}; }
  if (receipt.user_message_reference) {
    const Found found = by_reference(receipt, messages);
    if (found.count > 0) { return found; }
  }
  return by_addresses(receipt, messages, now);
}

// Adds what fits in one chain to `found`; stops at the second.
template <class Fits>
void WatchList::collect(Chain chain, std::uint64_t key, const MessageLookup& messages, Fits&& fits,
                        Found& found) const {
  unsigned looks = 0;
  for (std::uint32_t i = head(chain, key); i != kNone && found.count < 2; i = entries_[i].links[chain].next) {
    if (++looks > kLooksMax) {
      found.count = 2;
      return;
    }
    const Entry& entry = entries_[i];
    const Message* message = messages.find(entry.part.message);
    if (message == nullptr || entry.part.part >= message->parts.size()) { continue; }
    const Part& part = message->parts[entry.part.part];
    // What was sent twice may be reported twice: its second attempt's end is not that of the first.
    if ((is_final(part.status) && !part.uncertain) || !fits(entry, *message)) { continue; }
    if (found.count > 0 && found.part == entry.part) { continue; }
    found.part = entry.part;
    ++found.count;
  }
}

WatchList::Found WatchList::by_reference(const OperatorReceipt& receipt,
                                         const MessageLookup& messages) const {
  Found found;
  const auto fits = [&receipt](const Entry&, const Message& message) {
    const AddressCheck address = check_address(receipt.source, receipt.destination, message.destination);
    return address.same || !address.usable;
  };
  collect(kByReference, reference_key(receipt.op, *receipt.user_message_reference), messages, fits, found);
  return found;
}

WatchList::Found WatchList::by_addresses(const OperatorReceipt& receipt, const MessageLookup& messages,
                                         WallTime now) const {
  Found found;
  const auto look = [&](const Address& destination, const Address& source) {
    const AddressTail tail = tail_of(destination);
    if (!tail.usable()) { return; }
    const auto fits = [&](const Entry& entry, const Message& message) {
      const Part& part = message.parts[entry.part.part];
      const bool may = may_speak_of(part, receipt.received_at) || part.sent_since > now + kSlack;
      return may && tail_of(message.destination) == tail && same_sender(source, message.source);
    };
    collect(kByDestination, destination_key(receipt.op, tail), messages, fits, found);
  };
  look(receipt.source, receipt.destination);  // as the operator answers, and as it was submitted
  look(receipt.destination, receipt.source);
  if (found.count != 1) { return found; }
  const Message* message = messages.find(found.part.message);
  return may_speak_of(message->parts[found.part.part], receipt.received_at) ? found : Found{};
}

std::uint32_t WatchList::head(Chain chain, std::uint64_t key) const {
  const auto it = heads_[chain].find(key);
  return it == heads_[chain].end() ? kNone : it->second;
}

void WatchList::link(std::uint32_t index, Chain chain, std::uint64_t key) {
  const auto [it, fresh] = heads_[chain].try_emplace(key, index);
  Links& links = entries_[index].links[chain];
  links.key = key;
  if (fresh) { return; }
  links.next = it->second;
  entries_[it->second].links[chain].previous = index;
  it->second = index;
}

void WatchList::unlink(std::uint32_t index, Chain chain) {
  Links& links = entries_[index].links[chain];
  if (links.key == 0) { return; }
  if (links.next != kNone) { entries_[links.next].links[chain].previous = links.previous; }
  if (links.previous != kNone) {
    entries_[links.previous].links[chain].next = links.next;
  } else if (links.next != kNone) {
    heads_[chain].find(links.key)->second = links.next;
  } else {
    heads_[chain].erase(links.key);
  }
  links = {};
}

}  // namespace aldis::receipts

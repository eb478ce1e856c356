// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/orphans.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "receipts/id_hash.hpp"

namespace aldis::receipts {
namespace {

constexpr std::array kDialects{IdDialect::kSame, IdDialect::kReceiptDec, IdDialect::kReceiptHex};

std::uint8_t bit(IdDialect dialect) {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(dialect));
}

// Names that are no ids start with an octet that no id has.
std::uint64_t reference_hash(SipKey key, OperatorId op, std::uint16_t reference) {
  std::array<char, 4> name{'\1', 'R'};
  std::memcpy(name.data() + 2, &reference, 2);
  return id_hash(key, op, {name.data(), name.size()});
}

std::uint64_t destination_hash(SipKey key, OperatorId op, AddressTail tail) {
  std::array<char, 7> name{'\1', 'D', static_cast<char>(tail.length)};
  std::memcpy(name.data() + 3, &tail.digits, 4);
  return id_hash(key, op, {name.data(), name.size()});
}

bool is_same_id(const Orphan& a, const Orphan& b) { return a.id_tlv == b.id_tlv && a.id_text == b.id_text; }

}  // namespace

Orphan::Orphan(MessageId own_id, const OperatorReceipt& receipt, Unmatched why)
    : Homed(Kind::kOrphan),
      id(own_id),
      op(receipt.op),
      reason(why),
      intermediate(receipt.intermediate),
      accepted_word(receipt.accepted_word),
      state(receipt.state),
      user_message_reference(receipt.user_message_reference),
      err(receipt.err),
      source(receipt.source),
      destination(receipt.destination),
      received_at(receipt.received_at),
      id_tlv(receipt.id_tlv),
      id_text(receipt.id_text),
      stat_word(receipt.stat_word),
      body(receipt.body) {}

OrphanReceipts::OrphanReceipts(SipKey key, IdRules& id_rules, Limits limits)
    : key_(key), id_rules_(id_rules), limits_(limits) {}

OrphanReceipts::~OrphanReceipts() {
  while (!by_age_.empty()) { remove(by_age_.front()); }
}

Orphan& OrphanReceipts::park(Instant received, std::unique_ptr<Orphan> orphan) {
  while (size_ > 0 && size_ >= limits_.bound) {
    remove(by_age_.front());
    ++dropped_;
  }
  Orphan& parked = *orphan.release();
  parked.known_since = received;
  by_age_.push_back(parked);
  at(parked.op).list.push_back(parked);
  ++size_;
  index(parked);
  return parked;
}

Orphan* OrphanReceipts::match(OperatorId op, std::string_view operator_id, const Message& message,
                              const OperatorSettings& settings) {
  if (size(op) == 0) { return nullptr; }
  const auto id = normalised(operator_id);
  if (!id) { return nullptr; }
  Orphan::Key* const first = ring(id_hash(key_, op, id->view()));
  if (first == nullptr) { return nullptr; }
  const DialectsToTry plan = id_rules_.to_try(op, settings.id_dialect);
  std::array<Orphan*, 3> oldest{};
  Orphan::Key* key = first;
  do {
    if (key->owner->op == op) {
      const auto place = rank(*key, *id, message, settings, plan);
      if (place && oldest[*place] == nullptr) { oldest[*place] = key->owner; }
    }
    key = key->next;
  } while (key != first);
  if (plan.first_decides && oldest[0] != nullptr) { return oldest[0]; }
  Orphan* only = nullptr;
  for (Orphan* const found : oldest) {
    if (found == nullptr) { continue; }
    if (only != nullptr) { return nullptr; }  // two ids mean this part in different dialects: no guess
    only = found;
  }
  return only;
}

std::optional<std::size_t> OrphanReceipts::rank(const Orphan::Key& key, const NormalId& operator_id,
                                                const Message& message, const OperatorSettings& settings,
                                                const DialectsToTry& plan) {
  const Orphan& orphan = *key.owner;
  const AddressCheck address = check_address(orphan.source, orphan.destination, message.destination);
  if (settings.match_address && address.usable && !address.same && !ALDIS_MUTANT(49)) { return std::nullopt; }
  for (std::size_t i = 0; i < plan.count; ++i) {
    if ((key.dialects & bit(plan.order[i])) == 0) { continue; }
    for (const std::string& id : {std::cref(orphan.id_tlv), std::cref(orphan.id_text)}) {
      const auto meant = receipt_key(plan.order[i], id);
      if (meant && meant->view() == operator_id.view()) { return i; }
    }
  }
  return std::nullopt;
}

template <class Fits>
Orphan* OrphanReceipts::only_one(std::uint64_t hash, OperatorId op, Fits&& fits) const {
  Orphan::Key* const first = ring(hash);
  if (first == nullptr) { return nullptr; }
  Orphan* found = nullptr;
  Orphan::Key* key = first;
  do {
    Orphan& orphan = *key->owner;
    if (orphan.op == op && fits(orphan)) {
      if (found != nullptr && !is_same_id(*found, orphan) && !ALDIS_MUTANT(47)) { return nullptr; }
      if (found == nullptr) { found = &orphan; }
    }
    key = key->next;
  } while (key != first);
  return found;
}

Orphan* OrphanReceipts::match_uncertain(OperatorId op, const Message& message, const Part& part) {
  if (size(op) == 0) { return nullptr; }
  if (message.has_user_message_reference) {
    const std::uint16_t reference = message.user_message_reference;
    Orphan* found = only_one(reference_hash(key_, op, reference), op, [&](const Orphan& orphan) {
      const AddressCheck address = check_address(orphan.source, orphan.destination, message.destination);
      return orphan.user_message_reference == reference && (address.same || !address.usable);
    });
    if (found != nullptr) { return found; }
  }
  const AddressTail tail = tail_of(message.destination);
  if (!tail.usable()) { return nullptr; }
  return only_one(destination_hash(key_, op, tail), op, [&](const Orphan& orphan) {
    if (!may_speak_of(part, orphan.received_at)) { return false; }
    return (tail_of(orphan.source) == tail && same_sender(orphan.destination, message.source)) ||
           (tail_of(orphan.destination) == tail && same_sender(orphan.source, message.source));
  });
}

std::optional<IdDialect> OrphanReceipts::learn_from(const Orphan& orphan, std::string_view operator_id,
                                                    const OperatorSettings& settings) {
  const auto id = normalised(operator_id);
  if (!id || settings.id_dialect != IdDialect::kAuto) { return std::nullopt; }
  for (const std::string& given : {std::cref(orphan.id_tlv), std::cref(orphan.id_text)}) {
    if (!tells_dialects_apart(given)) { continue; }
    for (const IdDialect dialect : kDialects) {
      const auto meant = receipt_key(dialect, given);
      if (meant && meant->view() == id->view()) { return id_rules_.observe(orphan.op, dialect); }
    }
  }
  return std::nullopt;
}

void OrphanReceipts::remove(Orphan& orphan) {
  for (std::size_t i = 0; i < orphan.keys_count_; ++i) { unlink(orphan.keys_[i]); }
  by_age_.erase(by_age_.iterator_to(orphan));
  auto& list = at(orphan.op).list;
  list.erase(list.iterator_to(orphan));
  --size_;
  delete &orphan;
}

std::size_t OrphanReceipts::expire(const Now& now) {
  std::size_t expired = 0;
  while (!by_age_.empty()) {
    Orphan& oldest = by_age_.front();
    const Duration age = ALDIS_MUTANT(19) ? now.wall - oldest.received_at : now.mono - oldest.known_since;
    if (age < limits_.retention) { break; }
    remove(oldest);
    ++expired;
  }
  return expired;
}

std::size_t OrphanReceipts::size(OperatorId op) const {
  return op.value() < operators_.size() ? operators_[op.value()].list.size() : 0;
}

OrphanReceipts::PerOperator& OrphanReceipts::at(OperatorId op) {
  ALDIS_CHECK(op != kNoOperator);
  while (op.value() >= operators_.size()) { operators_.emplace_back(); }
  return operators_[op.value()];
}

// Every name under which a result or an uncertain part may ask for it: its ids in each dialect, its
// reference, its addresses.
void OrphanReceipts::index(Orphan& orphan) {
  // Without a state there is nothing to apply. Without an id its addresses may still find an uncertain part.
  if (orphan.reason == Unmatched::kUnparsed && !orphan.state) { return; }
  std::array<std::pair<std::uint64_t, std::uint8_t>, 9> names;
  std::uint8_t count = 0;
  const auto add = [&](std::uint64_t hash, std::uint8_t dialects) {
    for (std::size_t i = 0; i < count; ++i) {
      if (names[i].first == hash) {
        names[i].second = static_cast<std::uint8_t>(names[i].second | dialects);
        return;
      }
    }
    names[count++] = {hash, dialects};
  };
  for (const std::string& id : {std::cref(orphan.id_tlv), std::cref(orphan.id_text)}) {
    for (const IdDialect dialect : kDialects) {
      if (const auto key = receipt_key(dialect, id)) {
        add(id_hash(key_, orphan.op, key->view()), bit(dialect));
      }
    }
  }
  if (orphan.user_message_reference) {
    add(reference_hash(key_, orphan.op, *orphan.user_message_reference), 0);
  }
  for (const Address& address : {std::cref(orphan.source), std::cref(orphan.destination)}) {
    if (const AddressTail tail = tail_of(address); tail.usable()) {
      add(destination_hash(key_, orphan.op, tail), 0);
    }
  }
  orphan.keys_ = std::make_unique<Orphan::Key[]>(count);
  orphan.keys_count_ = count;
  for (std::size_t i = 0; i < count; ++i) {
    orphan.keys_[i].hash = names[i].first;
    orphan.keys_[i].dialects = names[i].second;
    orphan.keys_[i].owner = &orphan;
    link(orphan.keys_[i]);
  }
}

void OrphanReceipts::link(Orphan::Key& key) {
  const auto [it, fresh] = rings_.try_emplace(key.hash, &key);
  if (fresh) {
    key.next = key.previous = &key;
    return;
  }
  Orphan::Key& oldest = *it->second;
  key.next = &oldest;
  key.previous = oldest.previous;
  oldest.previous->next = &key;
  oldest.previous = &key;
}

void OrphanReceipts::unlink(Orphan::Key& key) {
  if (key.next == &key) {
    rings_.erase(key.hash);
    return;
  }
  key.previous->next = key.next;
  key.next->previous = key.previous;
  const auto it = rings_.find(key.hash);
  if (it->second == &key) { it->second = key.next; }
}

Orphan::Key* OrphanReceipts::ring(std::uint64_t hash) const {
  const auto it = rings_.find(hash);
  return it == rings_.end() ? nullptr : it->second;
}

}  // namespace aldis::receipts

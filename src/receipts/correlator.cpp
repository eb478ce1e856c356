// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/correlator.hpp"

#include <algorithm>

#include "aldis/base/mutant.hpp"
#include "receipts/id_hash.hpp"

namespace aldis::receipts {

std::string_view name_of(How how) {
  switch (how) {
    case How::kExact: return "exact";
    case How::kDialect: return "dialect";
    case How::kFallback: return "fallback";
    case How::kParked: return "parked";
  }
  __builtin_unreachable();
}

std::string_view name_of(Unmatched unmatched) {
  switch (unmatched) {
    case Unmatched::kUnknown: return "unknown";
    case Unmatched::kAddress: return "address";
    case Unmatched::kAmbiguous: return "ambiguous";
    case Unmatched::kUnparsed: return "unparsed";
    case Unmatched::kLate: return "late";
  }
  __builtin_unreachable();
}

bool Correlator::remember(OperatorId op, std::string_view operator_id, PartRef part) {
  const auto id = normalised(operator_id);
  if (!id) { return false; }
  const std::uint64_t hash = hash_of(op, id->view());
  const auto [it, fresh] = shard_of(hash).try_emplace(hash, Entry{part.message, part.part, 0, kNone});
  if (!fresh) {
    Entry& head = it->second;
    if (head.message == part.message && head.part == part.part) { return true; }  // replay says things twice
    const std::uint32_t older = take_spare(head);
    head = Entry{part.message, part.part, static_cast<std::uint16_t>(head.chain + 1), older};
    if (head.chain >= kChainMax) { halve_chain(op, head); }
  }
  count_remembered(op);
  return true;
}

void Correlator::forget(OperatorId op, std::string_view operator_id, PartRef part) {
  const auto id = normalised(operator_id);
  if (!id) { return; }
  const std::uint64_t hash = hash_of(op, id->view());
  Shard& shard = shard_of(hash);
  const auto it = shard.find(hash);
  if (it == shard.end()) { return; }
  Entry& head = it->second;
  if (head.message == part.message && head.part == part.part) {
    count_forgotten(op);
    if (head.older == kNone) {
      shard.erase(it);
      return;
    }
    const std::uint32_t next = head.older;
    const auto left = static_cast<std::uint16_t>(head.chain - 1);
    head = spare_[next];
    head.chain = left;
    give_spare(next);
    return;
  }
  for (std::uint32_t* link = &head.older; *link != kNone; link = &spare_[*link].older) {
    const std::uint32_t index = *link;
    if (spare_[index].message != part.message || spare_[index].part != part.part) { continue; }
    *link = spare_[index].older;
    give_spare(index);
    --head.chain;
    count_forgotten(op);
    return;
  }
}

void Correlator::watch(OperatorId op, const Message& message, std::uint16_t part) {
  watched_.add(op, message, part);
}

Result<Match, Unmatched> Correlator::correlate(const OperatorReceipt& receipt,
                                               const OperatorSettings& settings,
                                               const MessageLookup& messages, WallTime now) {
  if (receipt.unparsed) { return Unmatched::kUnparsed; }
  Unmatched reason = Unmatched::kUnknown;
  for (const std::string_view id : {receipt.id_tlv, receipt.id_text}) {
    if (id.empty()) { continue; }
    const Tried tried = try_id(id, receipt, settings, messages);
    if (tried.match) { return *tried.match; }
    if (tried.trouble == Unmatched::kAmbiguous) { return Unmatched::kAmbiguous; }
    if (tried.trouble) { reason = *tried.trouble; }
    if (receipt.id_tlv == receipt.id_text) { break; }
  }
  // Who gives an id that belongs to another number is not believed by reference or time either.
  if (reason == Unmatched::kUnknown && !receipt.unflagged) {
    const WatchList::Found found = watched_.find(receipt, messages, now);
    if (found.count == 1) { return Match{found.part, How::kFallback, std::nullopt}; }
  }
  const bool no_id = receipt.id_tlv.empty() && receipt.id_text.empty();
  return no_id ? Unmatched::kUnparsed : reason;
}

Correlator::Tried Correlator::try_id(std::string_view id, const OperatorReceipt& receipt,
                                     const OperatorSettings& settings, const MessageLookup& messages) {
  const DialectsToTry plan = id_rules_.to_try(receipt.op, settings.id_dialect);
  Tried tried;
  std::optional<std::pair<PartRef, IdDialect>> hit;
  for (std::size_t i = 0; i < plan.count; ++i) {
    const auto key = receipt_key(plan.order[i], id);
    if (!key) { continue; }
    const Found found = look_up(*key, receipt, settings, messages);
    if (found.wrong_address) { tried.trouble = Unmatched::kAddress; }
    const bool another = hit && found.count == 1 && !(hit->first == found.part);
    if (found.count > 1 || another) {
      tried.trouble = Unmatched::kAmbiguous;
      return tried;
    }
    if (found.count == 1 && !hit) { hit = {found.part, plan.order[i]}; }
    if (hit && plan.first_decides) { break; }
  }
  if (!hit) {
    if (settings.id_dialect != IdDialect::kAuto && !tried.trouble) {
      note_hidden_hit(id, receipt, settings, messages);
    }
    return tried;
  }
  const auto [part, dialect] = *hit;
  tried.match = Match{part, dialect == IdDialect::kSame ? How::kExact : How::kDialect, std::nullopt};
  if (settings.id_dialect == IdDialect::kAuto && tells_dialects_apart(id)) {
    tried.match->learned = id_rules_.observe(receipt.op, dialect);
  }
  return tried;
}

void Correlator::note_hidden_hit(std::string_view id, const OperatorReceipt& receipt,
                                 const OperatorSettings& settings, const MessageLookup& messages) {
  for (const IdDialect other : {IdDialect::kSame, IdDialect::kReceiptDec, IdDialect::kReceiptHex}) {
    if (other == settings.id_dialect) { continue; }
    const auto key = receipt_key(other, id);
    if (key && look_up(*key, receipt, settings, messages).count == 1) {
      id_rules_.count_hidden_hit(receipt.op, other);
      return;
    }
  }
}

Correlator::Fit Correlator::fit(const Message* message, PartRef ref, const NormalId& key,
                                const OperatorReceipt& receipt, const OperatorSettings& settings) {
  if (message == nullptr || ref.part >= message->parts.size()) { return Fit::kNo; }
  const Part& part = message->parts[ref.part];
  if (receipt.unflagged && is_final(part.status)) { return Fit::kNo; }
  // A part sent once has one operator and one id, and must name both. One sent again may be named by an
  // earlier id that the message does not hold any more: there the keyed hash has to do.
  if (part.attempt <= 1) {
    if (message->op != receipt.op && !ALDIS_MUTANT(22)) { return Fit::kNo; }
    if (part.operator_id != key.view()) {  // what equals a normal form is one
      const auto stored = normalised(part.operator_id);
      if (!stored || stored->view() != key.view()) { return Fit::kNo; }
    }
  }
  const AddressCheck address = check_address(receipt.source, receipt.destination, message->destination);
  if (receipt.unflagged) { return address.same ? Fit::kYesByAddress : Fit::kNo; }
  if (!settings.match_address || !address.usable) { return Fit::kYes; }
  return address.same ? Fit::kYesByAddress : Fit::kWrongAddress;
}

// Of several with the same id the newest open one is meant, if the address vouches for it; without that, only
// a single one can be. Final parts are found too, so that repeated and contradicting receipts are known as
// such.
Correlator::Found Correlator::look_up(const NormalId& key, const OperatorReceipt& receipt,
                                      const OperatorSettings& settings, const MessageLookup& messages) const {
  const std::uint64_t hash = hash_of(receipt.op, key.view());
  const Shard& shard = shard_of(hash);
  Found found;
  const auto it = shard.find(hash);
  if (it == shard.end()) { return found; }
  std::optional<PartRef> open;
  std::optional<PartRef> finished;
  unsigned open_unsure = 0;
  unsigned finished_unsure = 0;
  for (const Entry* entry = &it->second; entry != nullptr;
       entry = entry->older == kNone ? nullptr : &spare_[entry->older]) {
    const PartRef ref{entry->message, entry->part};
    const Message* message = messages.find(entry->message);
    const Fit how = fit(message, ref, key, receipt, settings);
    if (how == Fit::kWrongAddress) { found.wrong_address = true; }
    if (how == Fit::kNo || how == Fit::kWrongAddress) { continue; }
    const bool final = is_final(message->parts[ref.part].status);
    if (how == Fit::kYes) { ++(final ? finished_unsure : open_unsure); }
    auto& newest = final ? finished : open;
    if (!newest) { newest = ref; }
    if (how == Fit::kYesByAddress && !final) { break; }
  }
  if (!open && !finished) { return found; }
  found.part = open ? *open : *finished;
  found.count = std::max(1u, open ? open_unsure : finished_unsure);
  return found;
}

std::uint64_t Correlator::hash_of(OperatorId op, std::string_view normal_id) const {
  return id_hash(key_, ALDIS_MUTANT(22) ? OperatorId{0} : op, normal_id);
}

std::uint32_t Correlator::take_spare(const Entry& entry) {
  if (spare_free_ == kNone) {
    spare_.push_back(entry);
    return static_cast<std::uint32_t>(spare_.size() - 1);
  }
  const std::uint32_t index = spare_free_;
  spare_free_ = spare_[index].older;
  spare_[index] = entry;
  return index;
}

void Correlator::give_spare(std::uint32_t index) {
  spare_[index] = Entry{};
  spare_[index].older = spare_free_;
  spare_free_ = index;
}

// Half at once, so that an operator with one id for everything costs a constant per message all the same.
void Correlator::halve_chain(OperatorId op, Entry& head) {
  std::uint32_t* link = &head.older;
  for (std::uint32_t kept = 0; kept < kChainMax / 2; ++kept) { link = &spare_[*link].older; }
  std::uint32_t index = *link;
  *link = kNone;
  while (index != kNone) {
    const std::uint32_t next = spare_[index].older;
    give_spare(index);
    index = next;
    --head.chain;
    count_forgotten(op);
    ++chain_dropped_;
  }
}

}  // namespace aldis::receipts

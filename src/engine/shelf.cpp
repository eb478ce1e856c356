// SPDX-License-Identifier: Apache-2.0
// Messages that wait long and stand in the journal only: into the shelf, back from it, and what must go on
// without them: expiry, compaction, and keeping their segments alive.
#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "engine/state.hpp"

namespace aldis::engine {

namespace {

constexpr std::size_t kShelvedPerTurn = 2048;
constexpr std::size_t kExpiredPerTurn = 256;
constexpr std::size_t kWalkOctets = 64u << 10;
constexpr Duration kExpirySlot = seconds{16};  // how late EXPIRED may come for a shelved message

std::int64_t expiry_slot(Instant at) {
  return (at.time_since_epoch() + kExpirySlot - Duration{1}) / kExpirySlot;
}

std::size_t receivers_of(std::span<const spool::OwedItem> owed) {
  std::size_t receivers = 0;
  for (const spool::OwedItem& item : owed) { receivers += item.receivers(); }
  return receivers;
}

}  // namespace

const Message* Lookup::find(MessageId id) const { return state.present(id); }

Message* Fetcher::message(MessageId id) { return state.present(id); }

bool State::may_shelve(const Now& now, const Message& message) const {
  return images != nullptr && (message.lane_by_id || MessageTable::is_at_rest(message)) &&
         images->readable(message.home) && message.due_at <= now.mono &&
         MessageTable::may_be_shelved(message);
}

// When something must happen to it although nothing comes.
Instant State::deadline_of(const Message& message) const {
  if (is_final(message.status) || message.expires_at == kNever) { return kNever; }
  return message.status == Status::kSent ? message.expires_at + settings.limits.receipt_grace
                                         : message.expires_at;
}

void State::came_to_rest(const Message& message) {
  if (images != nullptr && MessageTable::is_at_rest(message)) { shelf.resting.push_back(message.id); }
}

void State::shelve(Message& message) {
  if (static_cast<HomeHook&>(message).is_linked()) {
    static_cast<HomeHook&>(message).unlink();
    shelf.homes.add(journal.segment_of(message.home));
  }
  const MessageId id = message.id;
  const Instant deadline = deadline_of(message);
  messages.shelve(message);
  if (deadline == kNever) { return; }
  shelf.expiry[expiry_slot(deadline)].push_back(id);
  ++shelf.expiry_ids;
}

Message* State::present(MessageId id) {
  if (Message* message = messages.find(id)) { return message; }
  const Shelved* shelved = messages.shelved(id);
  if (shelved == nullptr) { return nullptr; }
  const auto& image = images->accept(shelved->home, shelved->image_octets());
  Message& message = messages.unshelve(id, *image.message, receivers_of(image.owed));
  ++counters.fetched;
  if (!is_final(message.status)) { wheel.arm(message, deadline_of(message)); }
  const bool back = message.lane_by_id || MessageTable::is_at_rest(message);
  if (back) { shelf.waiting.push_back(id); }  // if nothing becomes of it in this turn
  return &message;
}

spool::SegmentNumber State::oldest_needed() const {
  const auto hot = homes.empty() ? journal.current_segment() : journal.segment_of(homes.front().home);
  return ALDIS_MUTANT(120) ? hot : std::min(hot, shelf.homes.oldest(journal.current_segment()));
}

void State::left_home(Homed& homed) {
  if (homed.home != Lsn{} && !static_cast<HomeHook&>(homed).is_linked()) {
    shelf.homes.drop(journal.segment_of(homed.home));
  }
}

namespace shelving {

void rest(State& s, const Now& now) {
  auto& resting = s.shelf.resting;
  for (std::size_t n = 0; n < kShelvedPerTurn && resting.size() > s.settings.limits.messages_in_memory; ++n) {
    // images take space that is kept for what is on its way
    if (s.journal.room() != spool::Room::kAll) { return; }
    Message* message = s.messages.find(resting.front());
    resting.pop_front();
    if (message == nullptr || !MessageTable::is_at_rest(*message)) { continue; }
    if (message->image_print != MessageTable::fingerprint(*message)) { s.append_image(now, *message); }
    s.shelf.waiting.push_back(message->id);
  }
}

void shelve_waiting(State& s, const Now& now) {
  for (std::size_t n = 0; n < kShelvedPerTurn && !s.shelf.waiting.empty(); ++n) {
    Message* message = s.messages.find(s.shelf.waiting.front());
    const bool waits = message != nullptr && (message->lane_by_id || MessageTable::is_at_rest(*message));
    if (waits && message->home != Lsn{} && !s.images->readable(message->home)) { return; }  // not durable yet
    s.shelf.waiting.pop_front();
    if (waits && s.may_shelve(now, *message)) { s.shelve(*message); }
  }
}

void take_moved(State& s) {
  auto& moved = s.shelf.moved;
  for (; !moved.empty() && s.images->readable(moved.front().to); moved.pop_front()) {
    const auto& move = moved.front();
    const Shelved* shelved = s.messages.shelved(move.id);
    if (shelved == nullptr || shelved->home != move.from) { continue; }  // it was brought back
    s.shelf.homes.drop(s.journal.segment_of(move.from));
    s.shelf.homes.add(s.journal.segment_of(move.to));
    s.messages.move_image(move.id, move.to);
  }
}

void expire(State& s, const Now& now) {
  auto& slots = s.shelf.expiry;
  for (std::size_t n = 0; n < kExpiredPerTurn && !slots.empty();) {
    const auto first = slots.begin();
    if (now.mono.time_since_epoch() < kExpirySlot * first->first) { break; }
    if (first->second.empty()) {
      slots.erase(first);
      continue;
    }
    const MessageId id = first->second.front();
    first->second.pop_front();
    --s.shelf.expiry_ids;
    if (s.messages.shelved(id) == nullptr || ALDIS_MUTANT(121)) { continue; }
    ++n;
    Message& message = *s.present(id);
    // One that was sent meanwhile is in another slot, too.
    if (now.mono >= s.deadline_of(message)) { housekeeping::timer_fired(s, now, message); }
  }
  // Most were sent in time, and leave their ids behind: now and then a slot is gone through.
  if (s.shelf.expiry_ids <= 2 * s.messages.shelved_count() + 65'536) { return; }
  auto at = slots.upper_bound(s.shelf.expiry_tidied);
  if (at == slots.end()) { at = slots.begin(); }
  s.shelf.expiry_tidied = at->first;
  s.shelf.expiry_ids -= at->second.size();
  decltype(at->second) left;
  for (const MessageId id : at->second) {
    if (s.messages.shelved(id) != nullptr) { left.push_back(id); }
  }
  at->second = std::move(left);
  s.shelf.expiry_ids += at->second.size();
}

Instant next_expiry(const State& s) {
  const auto& slots = s.shelf.expiry;
  return slots.empty() ? kNever : Instant{kExpirySlot * slots.begin()->first};
}

bool compact_slice(State& s, const Now& now) {
  auto& shelf = s.shelf;
  if (shelf.walk == Lsn{}) {
    const auto next = shelf.homes.next(shelf.walked);
    if (!next || *next > s.journal.segment_of(s.compact_until)) { return false; }
    shelf.walked = *next;
    shelf.walk = Lsn{*next * s.journal.start().segment_octets};
  }
  shelf.walk = s.images->walk(
      shelf.walk, kWalkOctets,
      [&](Lsn end, std::uint32_t octets, const spool::AcceptRecord& record, Octets payload) {
        const MessageId id = record.message->id;
        if (end > s.compact_until) { return; }
        if (const Shelved* shelved = s.messages.shelved(id)) {
          if (shelved->home != end) { return; }
          ALDIS_CHECK(shelved->image_octets() == octets);
          shelf.moved.push_back({id, end, s.journal.append_copy(spool::RecordType::kAccept, payload)});
          ++s.counters.compacted;
        } else if (Message* message = s.messages.find(id); message != nullptr && message->home == end) {
          s.append_image(now, *message);
          ++s.counters.compacted;
        }
        ALDIS_FAILPOINT(pass_once_durable("compact.copied", s.journal.position().value()));
      });
  return true;
}

}  // namespace shelving

}  // namespace aldis::engine

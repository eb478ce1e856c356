// SPDX-License-Identifier: Apache-2.0
// Start after replay, timers, checkpoints, compaction, counters.
#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/receipts/error_codes.hpp"
#include "engine/state.hpp"

namespace aldis::engine::housekeeping {

namespace {

constexpr std::size_t kCompactPerTurn = 256;
constexpr std::size_t kNamesPerCheckpoint = 1024;

std::optional<IdDialect> dialect_named(std::string_view name) {
  for (const auto dialect : {IdDialect::kSame, IdDialect::kReceiptDec, IdDialect::kReceiptHex}) {
    if (receipts::name_of(dialect) == name) { return dialect; }
  }
  return std::nullopt;
}

// Correlation of what an operator has: by id where it gave one, else by watching.
void watch_parts(State& s, Message& message) {
  for (std::uint16_t i = 0; i < message.parts.size(); ++i) {
    const Part& part = message.parts[i];
    if (part.attempt == 0 || message.op == kNoOperator) { continue; }
    if (!part.operator_id.empty()) { s.correlator.remember(message.op, part.operator_id, {message.id, i}); }
    // What was sent twice may be reported under an id of its first attempt, too, which nobody knows.
    if (part.uncertain || (part.operator_id.empty() && part.status == Status::kSent)) {
      s.correlator.watch(message.op, message, i);
    }
  }
}

// First all messages as they are, then each on its way: what fits one part only must be known by then.
void place_message(State& s, Message& message) {
  for (auto& part : message.parts) {
    if (part.status != Status::kSending) { continue; }
    part.status = Status::kUncertain;  // leased without a result: nobody knows (CONTRACT 2)
    part.uncertain = !ALDIS_MUTANT(15);
    ++s.counters_of(message.op).uncertain;
  }
  if (!is_final(message.status) && message.status != Status::kScheduled) {
    message.status = status_of_parts(message);
  }
  message.link = kNoLink;
  s.count_in(message);
  watch_parts(s, message);
  if (message.public_id != message.id) {
    auto& siblings = s.multi[message.public_id];
    if (siblings.empty()) { siblings.push_back(message.public_id); }
    siblings.push_back(message.id);
  }
  s.queue_changed(message, false);
}

void start_message(State& s, const Now& now, Message& message) {
  if (is_final(message.status)) { return s.leave_if_done(now, message); }
  if (!waits(message)) { return sending::settle(s, now, message); }
  if (!is_tied(message)) { message.op = kNoOperator; }  // routes and health may be others now
  sending::queue(s, now, message, false);
}

// The same for one that is shelved: never sent, and nothing can speak of it.
void start_shelved(State& s, const Now& now, MessageId id) {
  Message& message = *s.present(id);
  place_message(s, message);
  start_message(s, now, message);
  if (!s.may_shelve(now, message)) { return; }
  s.shelf.waiting.pop_back();
  s.shelve(message);
}

// A receipt was parked and the result that it waited for was the last thing to be written (CONTRACT H2).
void match_parked(State& s, const Now& now, Message& message) {
  for (std::uint16_t i = 0; i < message.parts.size() && s.orphans.size() > 0; ++i) {
    if (message.parts[i].status == Status::kSent) { receiving::match_orphans(s, now, message, i); }
  }
}

void start_owed(State& s, const Now& now, Restored& restored, std::vector<Homed*>& all) {
  for (auto& [id, items] : restored.owed) {
    Message* message = s.messages.find(id);
    if (message == nullptr) { continue; }
    for (const auto& item : items) { s.owe(now, *message, item); }
  }
  restored.owed.clear();
  for (auto& [id, item] : restored.inbound) {
    Inbound* const inbound = item.get();
    if (item->webhooks.empty()) {
      s.outbox.owe(now, std::move(item));
    } else {
      owing::owe_inbound(s, now, std::move(item));
      if (!s.telling.inbound.contains(id)) { continue; }  // its endpoints have gone
    }
    all.push_back(inbound);
  }
  restored.inbound.clear();
}

void start_orphans(State& s, const Now& now, Restored& restored) {
  std::vector<Restored::OrphanImage*> in_order;
  for (auto& [id, image] : restored.orphans) { in_order.push_back(image.get()); }
  std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  for (const auto* image : in_order) {
    if (image->receipt.received_at + s.settings.limits.orphan_retention <= now.wall) { continue; }
    const auto why = image->receipt.unparsed ? receipts::Unmatched::kUnparsed : receipts::Unmatched::kUnknown;
    auto& orphan = s.orphans.park(now.instant_of(image->receipt.received_at),
                                  std::make_unique<receipts::Orphan>(image->id, image->receipt, why));
    orphan.home = image->home;
  }
  restored.orphans.clear();
}

// Everything live, ordered by where its newest image stands in the journal.
void order_homes(State& s, std::vector<Homed*>& all) {
  std::sort(all.begin(), all.end(), [](const Homed* a, const Homed* b) { return a->home < b->home; });
  for (Homed* homed : all) { s.homes.push_back(*homed); }
}

std::vector<spool::VolumeUsed> volumes_used(const State& s) {
  std::vector<spool::VolumeUsed> volumes;
  for (std::uint32_t i = 0; i < s.directory.accounts_count(); ++i) {
    const auto used = s.admission.used(AccountId{i});
    if (!used || used->day.time_since_epoch().count() < 0) { continue; }  // a clock before 1970
    const auto day = static_cast<std::uint32_t>(used->day.time_since_epoch().count());
    volumes.push_back({AccountId{i}, day, used->day_parts, used->month_parts});
  }
  return volumes;
}

void restore_volumes(State& s, const Now& now, const Restored& restored) {
  if (ALDIS_MUTANT(85)) { return; }
  for (const auto& [account, used] : restored.volumes) {
    s.admission.restore_used(
        now.wall, account,
        {std::chrono::sys_days{std::chrono::days{used.day}}, used.day_parts, used.month_parts});
  }
  for (const auto& [account, days] : restored.accepted_since) {
    for (const auto& at : days) {
      s.admission.restore_used(at.day, now.wall, account, static_cast<std::uint32_t>(at.parts));
    }
  }
}

void write_checkpoint(State& s, const Now& now) {
  s.idempotency.write_pages(s, now);
  const auto known = s.directory.names();
  std::vector<spool::NameEntry> names;
  for (const auto& name : known) { names.push_back({name.kind, name.number, name.name}); }
  std::vector<spool::DialectEntry> dialects;
  for (std::uint32_t i = 0; i < s.groups.size(); ++i) {
    if (const auto learned = s.id_rules.learned(OperatorId{i}); learned != IdDialect::kAuto) {
      dialects.push_back({OperatorId{i}, receipts::name_of(learned)});
    }
  }
  std::vector<spool::ShortIdCounter> counters;
  for (const auto& [account, last] : s.short_ids) { counters.push_back({account, last + 1}); }
  spool::CheckpointRecord record;
  record.next_sequence = s.next_sequence;
  record.generation = s.journal.start().generation;
  record.node = s.settings.node_id;
  record.wall = now.wall;
  record.oldest_segment = s.oldest_needed();
  if (ALDIS_MUTANT(9) && record.oldest_segment < s.journal.current_segment()) { ++record.oldest_segment; }
  record.dialects = dialects;
  if (!ALDIS_MUTANT(84)) { record.short_ids = counters; }
  const auto volumes = volumes_used(s);
  record.volumes = volumes;
  Lsn end{};
  for (std::size_t at = 0; at == 0 || at < names.size(); at += kNamesPerCheckpoint) {
    record.names = std::span{names}.subspan(at, std::min(kNamesPerCheckpoint, names.size() - at));
    end = s.journal.append(record);
  }
  s.oldest_written = record.oldest_segment;
  if (s.images != nullptr) { s.images->forget_before(record.oldest_segment); }
  s.oldest_written_at = end;
  ALDIS_FAILPOINT(pass("checkpoint.half"));  // in memory, so nothing of it is on disk
  ALDIS_FAILPOINT(pass_once_durable("checkpoint.done", end.value()));
}

void write_again(State& s, const Now& now, Homed& homed) {
  switch (homed.homed_kind) {
    case Homed::Kind::kMessage: return s.append_image(now, static_cast<Message&>(homed));
    case Homed::Kind::kInbound:
      return s.rehome(homed, s.journal.append(spool::InboundRecord{&static_cast<Inbound&>(homed)}));
    case Homed::Kind::kOrphan: {
      const auto& orphan = static_cast<receipts::Orphan&>(homed);
      return s.rehome(homed, s.journal.append(spool::OrphanRecord{orphan.id, receiving::receipt_of(orphan)}));
    }
    case Homed::Kind::kStored: return storing::write(s, static_cast<Stored&>(homed));
  }
}

}  // namespace

void start(State& s, const Now& now) {
  Restored& restored = *s.restored;
  for (const auto& [op, name] : restored.dialects) {
    if (const auto dialect = dialect_named(name)) { s.id_rules.restore(op, *dialect); }
  }
  for (const auto& [account, next] : restored.short_ids) { s.short_ids[account] = next - 1; }
  restore_volumes(s, now, restored);
  std::vector<Homed*> all;
  std::vector<Message*> messages;
  const std::vector<MessageId> ids = s.messages.ids();
  for (const MessageId id : ids) {
    if (Message* message = s.messages.find(id)) { messages.push_back(message); }
  }
  s.messages.visit_shelved(
      [&](MessageId, const Shelved& shelved) { s.shelf.homes.add(s.journal.segment_of(shelved.home)); });
  s.stored.for_each([&](Stored& stored) {
    all.push_back(&stored);
    if (stored.kind == StoredKind::kKeyPage) { s.idempotency.replay_page(stored.name, stored.octets); }
    if (stored.kind == StoredKind::kWebhook) { s.telling.set_endpoint(now, stored.name, stored.octets); }
  });
  for (const IdempotentRequest& request : restored.requests) { s.idempotency.replay(request); }
  restored.requests.clear();
  s.idempotency.replayed(now);
  start_orphans(s, now, restored);
  start_owed(s, now, restored, all);
  for (std::uint32_t i = 0; i < s.groups.size(); ++i) {
    s.orphans.for_each(OperatorId{i}, [&](receipts::Orphan& orphan) { all.push_back(&orphan); });
  }
  for (Message* message : messages) { all.push_back(message); }
  order_homes(s, all);
  for (Message* message : messages) { place_message(s, *message); }
  for (const MessageId id : ids) {
    if (Message* message = s.messages.find(id)) {
      start_message(s, now, *message);
    } else {
      start_shelved(s, now, id);
    }
  }
  for (Message* message : messages) { match_parked(s, now, *message); }
  s.free_finished();
  write_checkpoint(s, now);
  ALDIS_FAILPOINT(pass_once_durable("recover.checkpoint", s.oldest_written_at.value()));
  std::uint64_t uncertain = 0;
  for (const auto& group : s.groups) { uncertain += group.counters.uncertain; }
  if (uncertain > 0) { s.log.warn("message.uncertain", {{"count", uncertain}}); }
}

void timer_fired(State& s, const Now& now, Message& message) {
  switch (message.status) {
    case Status::kScheduled:
    case Status::kQueued:
      if (now.mono >= message.expires_at) {
        s.finish(now, message, Status::kExpired, UnknownReason::kNone, receipts::err::kExpired);
        return;
      }
      // Long after its acceptance another candidate may be the right one.
      if (message.status == Status::kScheduled) { message.op = kNoOperator; }
      sending::queue(s, now, message, false);
      return;
    case Status::kUncertain: return sending::make_uncertain_due(s, now, message);
    case Status::kSending: return;  // its result decides
    case Status::kSent: {
      const bool no_id = std::any_of(message.parts.begin(), message.parts.end(), [](const Part& part) {
        return part.status == Status::kSent && part.operator_id.empty();
      });
      s.finish_unanswered(now, message, no_id ? UnknownReason::kNoOperatorId : UnknownReason::kNoReceipt);
      return;
    }
    default:  // final, and the time for a late verdict is over
      if (message.owed_open == 0) { s.finished.push_back(message.id); }
      return;
  }
}

void measured(State& s, const Now& now, const SelfMeasured& event) {
  const auto messages_max = static_cast<double>(s.settings.limits.messages_max);
  const auto before = s.pressure.level();
  const auto worst = s.pressure.worst();
  const bool changed =
      s.pressure.update(now.mono, {.memory = event.memory,
                                   .messages = static_cast<double>(s.messages.size()) / messages_max,
                                   .disk_free = event.disk_free,
                                   .undurable = event.undurable,
                                   .turn = event.turn});
  const auto level = s.pressure.level();
  const bool stalled = s.pressure.level(admission::Reading::kDurability) == level;
  s.admission.set_pressure(level, stalled);
  if (!changed) { return; }
  const std::initializer_list<ports::LogField> fields{
      {"level", std::uint64_t{level}},
      {"reading", admission::name_of(level > before ? s.pressure.worst() : worst)}};
  level > before ? s.log.warn("pressure.raised", fields) : s.log.info("pressure.lowered", fields);
  s.sink.on(now, Effect{PressureChanged{level}});
}

void checkpoint_if_due(State& s, const Now& now) {
  const auto oldest = s.oldest_needed();
  // Twice at most: writing the checkpoint may itself begin a segment.
  if (s.journal.take_segment_began() || oldest > s.oldest_written) {
    write_checkpoint(s, now);
    s.idle_marker_at = kNever;
  }
  if (!s.journal.wants_idle_marker()) {
    s.idle_marker_at = kNever;
  } else if (s.idle_marker_at == kNever) {
    s.idle_marker_at = now.mono + kIdleMarker;
  } else if (now.mono >= s.idle_marker_at) {
    s.journal.append_idle_marker();
    s.idle_marker_at = kNever;
  }
}

namespace {

std::uint64_t things_live(const State& s) {
  return s.messages.size() + s.orphans.size() + s.outbox.size() + s.telling.inbound.size();
}

// How many segments a pass would leave, about: as the last one did, when as many things were live as now.
std::uint64_t segments_live(const State& s) {
  constexpr std::uint64_t kOctetsPerMessage = 512;  // until a pass has measured
  const std::uint64_t octets = s.pass_things == 0 ? s.messages.size() * kOctetsPerMessage
                                                  : s.pass_octets / s.pass_things * things_live(s);
  return octets / s.journal.start().segment_octets;
}

}  // namespace

// All that is live is written again when the journal has grown to twice what the last such pass left: each
// live octet is then copied about once per doubling, and disk space stays within about twice the live state
// plus a few segments. What is live is measured by the pass itself, so that large bodies and many orphans are
// not rewritten without end. On a full disk a quarter more than what is live is enough: into the reserve
// nothing is accepted and from half of it on nothing is leased, and only what a pass frees brings that back.
// It begins while the reserve is whole, for it may have to copy a segment before it frees one, and leaves
// what the next start needs.
void compact(State& s, const Now& now) {
  if (s.journal.room() == spool::Room::kNone) { return; }
  if (s.compact_until == Lsn{}) {
    const auto live = segments_live(s);
    const auto segments = s.journal.current_segment() - s.oldest_needed() + 1;
    const auto enough = s.journal.disk_full() ? 2 + live + live / 4 : 4 + 2 * live;
    if (segments <= enough || !s.shelf.moved.empty()) { return; }
    s.compact_until = s.journal.position();
    s.shelf.walked = 0;
    s.shelf.walk = {};
  }
  const bool shelved_left = shelving::compact_slice(s, now);
  for (std::size_t n = 0; n < kCompactPerTurn; ++n) {
    if (s.homes.empty() || s.homes.front().home > s.compact_until) {
      if (shelved_left) { return; }
      s.pass_octets = s.journal.position().value() - s.compact_until.value();
      s.pass_things = things_live(s);
      s.compact_until = {};
      ALDIS_FAILPOINT(pass_once_durable("compact.done", s.journal.position().value()));
      return;
    }
    write_again(s, now, s.homes.front());
    ++s.counters.compacted;
    ALDIS_FAILPOINT(pass_once_durable("compact.copied", s.journal.position().value()));
  }
}

}  // namespace aldis::engine::housekeeping

// SPDX-License-Identifier: Apache-2.0
// From a lane to an operator and back: leases, window credit, results, retries, uncertainty (DESIGN 7, 8;
// SMPP 5).
#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/dispatch/retry.hpp"
#include "aldis/message/payload.hpp"
#include "aldis/receipts/error_codes.hpp"
#include "engine/state.hpp"

namespace aldis::engine::sending {

namespace {
constexpr std::size_t kSweepPerTurn = 500;
constexpr Duration kTokenKeeps = milliseconds{50};  // what a stalled disk held back must not leave at once

Link& link_of(State& s, LinkId id) {
  ALDIS_CHECK(id.value() < s.links.size());
  return s.links[id.value()];
}

Group& group_of(State& s, OperatorId op) { return s.groups[op.value()]; }

void give_concat_ref(State& s, Message& message) {
  if (message.parts.size() < 2 || message.concat_ref != 0) { return; }
  auto& refs = group_of(s, message.op).concat_refs;
  std::uint64_t hash = 0;
  for (const char c : message.destination.digits.view()) { hash = hash * 31 + u8(c); }
  auto& ref = refs[stirred(hash) % refs.size()];
  if (++ref == 0) { ref = 1; }
  message.concat_ref = ref;
}

void lease(State& s, const Now& now, Message& message, std::uint32_t parts, LinkId id) {
  Link& link = link_of(s, id);
  give_concat_ref(s, message);
  message.link = id;
  for (std::uint16_t i = 0; i < message.parts.size() && parts > 0; ++i) {
    Part& part = message.parts[i];
    if (part.status != Status::kQueued) { continue; }
    --parts;
    part.status = Status::kSending;
    ++part.attempt;
    if (!part.uncertain) { part.sent_since = now.wall; }  // else an earlier attempt may be reported
    if (part.uncertain) {
      ++s.counters_of(message.op).resends;
    } else if (s.correlator.watched() > 0) {
      s.correlator.watch(message.op, message, i);  // rival of those in doubt, until it has its id
    }
    ++link.leased;
    // A message of this turn is written with its lease inside (acceptance::write_fresh).
    if (message.home != Lsn{}) {
      link.lease_batch.push_back({{message.id, i}, part.attempt, message.concat_ref});
    }
    s.gate.hold(LeaseReady{id, link.epoch, {message.id, i}, now.mono});
    ALDIS_FAILPOINT(pass_once_durable("lease.synced", s.journal.position().value() + 1));
  }
  s.step(message, Status::kSending);
}

// The link of the operator with the most room to lease; kNoLink when none has any.
LinkId roomiest(const State& s, const Group& group, Instant now) {
  LinkId best = kNoLink;
  std::uint32_t room = 0;
  for (const LinkId id : group.links) {
    const Link& link = s.links[id.value()];
    if (!link.up || !link.submits || now < link.silent_until || link.leased >= link.lease_max) { continue; }
    if (link.lease_max - link.leased > room) {
      room = link.lease_max - link.leased;
      best = id;
    }
  }
  return best;
}

void write_leases(State& s) {
  for (std::uint32_t i = 0; i < s.links.size(); ++i) {
    Link& link = s.links[i];
    if (link.lease_batch.empty() || ALDIS_MUTANT(12)) { continue; }
    s.journal.append(spool::LeaseRecord{link.op, LinkId{i}, link.lease_batch});
    link.lease_batch.clear();
  }
}

const routing::Route* route_of(State& s, const Message& message) {
  return s.routes.find({message.account, message.message_class, message.source.digits.view(),
                        message.destination.digits.view()});
}

// Candidates that have failed the message once its present operator has.
std::uint8_t tried_after(const routing::Route& route, const Message& message) {
  std::uint8_t tried = message.candidates_tried;
  for (std::size_t i = 0; i < route.candidates.size(); ++i) {
    if (route.candidates[i].op == message.op) { tried = static_cast<std::uint8_t>(tried | (1u << i)); }
  }
  return tried;
}

// Another operator may take the message over from part `i` on: no operator has, or may have, any of it.
bool may_move(State& s, const Message& message, std::uint16_t i) {
  for (std::uint16_t j = 0; j < message.parts.size(); ++j) {
    const Part& part = message.parts[j];
    if ((part.uncertain && !ALDIS_MUTANT(64)) || (j != i && part.status != Status::kQueued)) { return false; }
  }
  const auto* route = route_of(s, message);
  return route != nullptr && !route->reject && route->failover_error &&
         routing::RoutingTable::candidate_left(*route, tried_after(*route, message));
}

struct PartFate {
  bool at_head = false;  // back to the turn it had
  Duration after{};      // not before
  bool next_candidate = false;
};

void part_sent(State& s, Message& message, std::uint16_t i, std::string_view operator_id) {
  Part& part = message.parts[i];
  s.count_sent(message);
  part.status = Status::kSent;
  part.operator_id = operator_id;
  if (!s.correlator.remember(message.op, part.operator_id, {message.id, i})) {
    s.correlator.watch(message.op, message, i);
  }
}

void part_refused(State& s, const Now& now, Message& message, std::uint16_t i, Status status,
                  std::string_view err) {
  ++s.counters_of(message.op).submits_error;
  const Status before = message.status;
  receipts::finish_part(message, i, status, err, now.wall);
  receipts::one_part_refused(message, i, err, now.wall);
  s.step_counted(message, before, message.status);
}

// A sibling was refused for good: what comes back unsent is not sent again (SMPP 6.6).
const Part* refused_sibling(const Message& message) {
  const auto at = std::find_if(message.parts.begin(), message.parts.end(),
                               [](const Part& part) { return part.status == Status::kRejected; });
  return at == message.parts.end() ? nullptr : &*at;
}

// The operator's answer to one part: the part's own fate. The message's follows in settle().
PartFate judge(State& s, const Now& now, Message& message, std::uint16_t i, const Outcome& outcome) {
  Part& part = message.parts[i];
  OperatorCounters& c = s.counters_of(message.op);
  if (outcome.outcome_class == OutcomeClass::kOk) {
    part_sent(s, message, i, outcome.operator_message_id);
    return {};
  }
  // an earlier attempt was accepted, as we learned meanwhile: this was its double
  if (!part.operator_id.empty()) {
    ++s.counters.results_stray;
    part.status = Status::kSent;
    return {};
  }
  const auto decision = dispatch::retry_after(outcome.outcome_class, part.attempt, s.directory.op(message.op),
                                              may_move(s, message, i), jitter_of(message.id, part.attempt));
  const bool again =
      decision.step != dispatch::RetryStep::kGiveUp && decision.step != dispatch::RetryStep::kUncertain;
  if (const Part* refused = again ? refused_sibling(message) : nullptr) {
    part_refused(s, now, message, i, Status::kRejected, FixedString<8>{refused->err}.view());
    return {};
  }
  part.err.assign(outcome.err);
  switch (decision.step) {
    case dispatch::RetryStep::kHeadNow:
      part.status = Status::kQueued;
      --part.attempt;
      ++(outcome.outcome_class == OutcomeClass::kThrottle ? c.submits_throttled : c.submits_retry);
      return {true, {}, false};
    case dispatch::RetryStep::kLater:
      part.status = Status::kQueued;
      ++c.submits_retry;
      return {false, decision.after, decision.may_move};
    case dispatch::RetryStep::kNextCandidate:
      part.status = Status::kQueued;
      ++c.submits_error;
      return {false, {}, true};
    case dispatch::RetryStep::kUncertain:
      ++c.submits_timeout;
      s.note_uncertain(message, i);
      return {};
    case dispatch::RetryStep::kGiveUp:
      part_refused(s, now, message, i, decision.final_status,
                   outcome.err.empty() ? receipts::err::kRefused : outcome.err);
      return {};
  }
  __builtin_unreachable();
}

void append_result(State& s, const Now& now, Message& message, std::uint16_t i, LinkId link, OperatorId op,
                   const Outcome& outcome, const std::optional<spool::OwedItem>& owed) {
  const Part& part = message.parts[i];
  spool::ResultRecord record;
  record.part = {message.id, i};
  record.op = op;
  record.link = link;
  record.outcome = outcome.outcome_class;
  record.command_status = outcome.command_status;
  record.operator_message_id = part.status == Status::kSent ? std::string_view{part.operator_id} : "";
  record.err = is_final(message.status) ? message.err.view() : part.err.view();
  record.part_status = part.status;
  record.message_status = message.status;
  record.unknown_reason = message.unknown_reason;
  record.status_seq = message.status_seq;
  record.attempt = part.attempt;
  record.uncertain = part.uncertain;
  record.candidates_tried = message.candidates_tried;
  if (message.due_at > now.mono) { record.due_at = now.wall_of(message.due_at); }
  record.at = now.wall;
  record.owed = owed;
  s.journal.append(record);
  ALDIS_FAILPOINT(pass_once_durable("result.written", s.journal.position().value()));
}

void part_result(State& s, const Now& now, Message& message, std::uint16_t i, LinkId link,
                 const Outcome& outcome) {
  const OperatorId op = message.op;
  const Status before = message.status;
  const bool waited = waits(message);  // its other parts may still wait for tokens
  if (!message.parts[i].uncertain) { s.correlator.unwatch({message.id, i}); }
  const PartFate fate = judge(s, now, message, i, outcome);
  // It leaves the lane when nothing is left to send, or not now, or not here, or not any more.
  const bool later = fate.after > Duration::zero();
  if (later || now.mono >= message.expires_at || fate.next_candidate || !any_part(message, Status::kQueued)) {
    s.dispatch.remove(message);
  }
  if (later) { message.due_at = std::max(message.due_at, now.mono + fate.after); }
  if (fate.next_candidate) {
    message.candidates_tried = tried_after(*route_of(s, message), message);
    message.op = kNoOperator;
  }
  if (!is_final(message.status)) { s.step(message, status_of_parts(message)); }
  std::optional<spool::OwedItem> owed;
  if (is_final(message.status) || (message.status == Status::kSent && before != Status::kSent)) {
    owed = s.owed_item(now, message, {.previous = before, .command_status = outcome.command_status});
  }
  s.queue_changed(message, waited);
  append_result(s, now, message, i, link, op, outcome, owed);
  if (owed) { s.owe(now, message, *owed); }
  if (is_final(message.status)) { return s.leave_if_done(now, message); }
  settle(s, now, message, fate.at_head);
}

Message* leased_part(State& s, const PartRef& ref) {
  Message* message = s.messages.find(ref.message);
  if (message == nullptr || ref.part >= message->parts.size()) { return nullptr; }
  return message->parts[ref.part].status == Status::kSending ? message : nullptr;
}

// A leased part does not go out after all: its place comes free with the record of it. It holds no token.
void not_sent(State& s, const Now& now, LinkId id, const PartRef& ref) {
  ++link_of(s, id).freed;
  if (Message* message = leased_part(s, ref)) {
    part_result(s, now, *message, ref.part, id, {OutcomeClass::kNotSent, 0, {}, {}});
  }
}

// The part goes to its link: octets are made now, so that they say what is left of the validity.
void send_now(State& s, const Now& now, LinkId id, Message& message, std::uint16_t i) {
  Link& link = link_of(s, id);
  const auto& op = s.directory.op(link.op);
  const auto payload = message::part_payload(message, i, op, s.payload_scratch);
  if (payload.has_error()) {
    ++link.freed;
    s.dispatch.refund(now.mono, link.op, 1);
    part_result(s, now, message, i, id, {OutcomeClass::kPermanent, 0, {}, receipts::err::kContent});
    return;
  }
  --link.credit;
  SendOnLink effect;
  effect.link = id;
  effect.part = {message.id, i};
  effect.message = &message;
  effect.payload = *payload;
  effect.more = i + 1u < message.parts.size() && message.parts[i + 1u].status == Status::kSending;
  if (message.expires_at != kNever) {
    effect.validity_left = std::max<Duration>(message.expires_at - now.mono, minutes{1});
  }
  s.sink.on(now, Effect{effect});
}

// The message whose leased part may go out now; null when a receipt settled it meanwhile, its time is over,
// or a sibling was refused for good and nobody can have this part.
Message* worth_sending(State& s, const Now& now, const PartRef& ref) {
  Message* message = leased_part(s, ref);
  if (message == nullptr || (now.mono >= message->expires_at && !ALDIS_MUTANT(59))) { return nullptr; }
  const bool completes_nothing = message->parts.size() > 1 && !message->parts[ref.part].uncertain &&
                                 refused_sibling(*message) != nullptr;
  return completes_nothing ? nullptr : message;
}

void send_ready(State& s, const Now& now, LinkId id) {
  Link& link = link_of(s, id);
  while (link.up && link.credit > 0 && !link.ready.empty() && now.mono >= link.silent_until) {
    const PartRef ref = link.ready.front();
    Message* message = worth_sending(s, now, ref);
    if (message != nullptr && !s.dispatch.take(now.mono, link.op, 1)) { return; }
    link.ready.pop_front();
    message != nullptr ? send_now(s, now, id, *message, ref.part) : not_sent(s, now, id, ref);
  }
}

// The hold is over and nothing uncertain is to be sent again. Parts that await their receipts are still
// awaited.
void end_uncertain(State& s, const Now& now, Message& message) {
  if (!any_part(message, Status::kSent)) {
    return s.finish_unanswered(now, message, UnknownReason::kUncertain);
  }
  std::vector<std::uint16_t> ended;
  for (std::uint16_t i = 0; i < message.parts.size(); ++i) {
    if (message.parts[i].status != Status::kUncertain) { continue; }
    receipts::finish_part(message, i, Status::kUnknown, receipts::err::kUncertain, now.wall);
    ended.push_back(i);
  }
  s.step(message, status_of_parts(message));
  for (const auto i : ended) {
    append_result(s, now, message, i, message.link, message.op, {OutcomeClass::kUnanswered, 0, {}, {}},
                  std::nullopt);
  }
  settle(s, now, message);
}

void start_sweep(State& s, OperatorId op) {
  if (s.dispatch.queued(op) == 0) { return; }
  group_of(s, op).sweeping = true;
  s.dispatch.sweep_begin(op);
}

// An answer to an attempt that had been given up (SMPP 5.4).
void late_result(State& s, const Now& now, const SubmitResult& event, Message& message) {
  Part& part = message.parts[event.part.part];
  const bool ok = event.outcome.outcome_class == OutcomeClass::kOk;
  if (ok && (part.status == Status::kUncertain || (part.status == Status::kQueued && part.uncertain))) {
    s.correlator.unwatch(event.part);
    part_result(s, now, message, event.part.part, event.link, event.outcome);
    receiving::match_orphans(s, now, message, event.part.part);
    return;
  }
  if (ok && !is_final(message.status)) {
    const std::string_view id = event.outcome.operator_message_id;
    s.correlator.remember(message.op, id, event.part);  // either receipt matches
    if (part.status == Status::kSending) { part.operator_id = id; }
    if (!id.empty()) { receiving::match_orphans(s, now, message, event.part.part, id); }
    return;
  }
  if (!ok && part.status == Status::kUncertain) {
    s.correlator.unwatch(event.part);
    part.uncertain = part.attempt > 1;  // this attempt was refused, so nothing is in doubt about it any more
    part_result(s, now, message, event.part.part, event.link, event.outcome);
    return;
  }
  ++s.counters.results_stray;
}

}  // namespace

void queue(State& s, const Now& now, Message& message, bool at_head) {
  if (message.due_at > now.mono) {
    s.wheel.arm(message, std::min(message.due_at, message.expires_at));
    return;
  }
  s.step(message, Status::kQueued);  // it was scheduled
  s.wheel.arm(message, message.expires_at);
  if (message.op == kNoOperator) {
    at_head = false;
    if (!acceptance::choose_operator(s, message, true)) {
      s.finish(now, message, Status::kUndeliverable, UnknownReason::kNone, receipts::err::kNoOperator);
      return;
    }
  }
  if (!dispatch::Dispatch::is_queued(message)) {
    at_head ? s.dispatch.requeue_front(now.mono, message) : s.dispatch.enqueue(now.mono, message, message.op);
  }
  if (message.lane_by_id) { s.shelf.waiting.push_back(message.id); }
}

void settle(State& s, const Now& now, Message& message, bool at_head) {
  if (message.status == Status::kQueued) {
    if (now.mono >= message.expires_at) {
      s.finish(now, message, Status::kExpired, UnknownReason::kNone, receipts::err::kExpired);
    } else {
      queue(s, now, message, at_head);
    }
  } else if (message.status == Status::kUncertain) {
    const auto& group = group_of(s, message.op);
    const Instant from = group.up > 0 ? std::max(now.mono, group.bound_since) : now.mono;
    message.due_at = from + s.directory.op(message.op).uncertain_hold;
    s.wheel.arm(message, message.due_at);
  } else if (message.status == Status::kSent) {
    s.wheel.arm(message, s.deadline_of(message));
    s.came_to_rest(message);
  }
}

void make_uncertain_due(State& s, const Now& now, Message& message) {
  const auto& op = s.directory.op(message.op);
  const auto& group = group_of(s, message.op);
  // the hold counts while a link is bound
  if (group.up == 0 || now.mono < group.bound_since + op.uncertain_hold) {
    message.due_at = group.up == 0 ? now.mono + std::max<Duration>(op.uncertain_hold, seconds{1})
                                   : group.bound_since + op.uncertain_hold;
    if (now.mono < message.expires_at + s.settings.limits.receipt_grace) {
      s.wheel.arm(message, message.due_at);
      return;
    }
  }
  // Receipts that were parked before: only now, when all that came into doubt together is known to be in
  // doubt.
  for (std::uint16_t i = 0; i < message.parts.size() && message.status == Status::kUncertain; ++i) {
    if (message.parts[i].status == Status::kUncertain) { receiving::match_orphans(s, now, message, i); }
  }
  if (message.status != Status::kUncertain) { return; }
  const bool fail = (message.at_most_once && !ALDIS_MUTANT(14)) || op.in_doubt == InDoubt::kFail ||
                    now.mono >= message.expires_at ||
                    receipts::sibling_refused(message);  // then nothing more of it is sent
  if (fail) { return end_uncertain(s, now, message); }
  if (op.in_doubt == InDoubt::kHold) {
    s.wheel.arm(message, message.expires_at);
    return;
  }
  for (auto& part : message.parts) {
    if (part.status == Status::kUncertain) { part.status = Status::kQueued; }
  }
  message.due_at = {};
  const bool waited = waits(message);
  s.step(message, Status::kQueued);
  s.queue_changed(message, waited);
  s.journal.append(spool::ChangeRecord{
      message.id, message.status, message.status_seq, 0, message.candidates_tried, message.op, {}});
  s.log.info("message.resent", {{"operator", s.directory.operator_name(message.op)},
                                {"message", message.id.value()},
                                {"uncertain", true}});
  queue(s, now, message, true);
}

void on(State& s, const Now& now, const LinkBound& event) {
  Link& link = link_of(s, event.link);
  Group& group = group_of(s, event.op);
  ALDIS_CHECK(!link.up);
  ++link.epoch;
  link.up = true;
  link.submits = event.submits;
  link.credit = event.window_free;
  link.lease_max = event.lease_max;
  link.silent_until = {};
  if (!event.submits) { return; }
  if (group.up++ == 0) {
    group.bound_since = now.mono;
    s.health.set_up(event.op, true);
    // what waits at operators that are down may come here
    for (std::uint32_t i = 0; i < s.groups.size(); ++i) {
      if (s.groups[i].up == 0) { start_sweep(s, OperatorId{i}); }
    }
  }
}

void on(State& s, const Now& now, const LinkCredit& event) {
  Link& link = link_of(s, event.link);
  link.credit = event.window_free;
  link.lease_max = event.lease_max;
  send_ready(s, now, event.link);
}

void on(State& s, const Now& now, const LinkLost& event) {
  Link& link = link_of(s, event.link);
  if (!link.up) { return; }
  link.up = false;
  Group& group = group_of(s, link.op);
  // From the back: each goes to its former turn at the head of its lane.
  for (auto ready = std::exchange(link.ready, {}); !ready.empty(); ready.pop_back()) {
    not_sent(s, now, event.link, ready.back());
  }
  if (link.submits && --group.up == 0) {
    s.health.set_up(link.op, false);
    start_sweep(s, link.op);
  }
}

void on(State& s, const Now& now, const SubmitResult& event) {
  Link& link = link_of(s, event.link);
  link.credit = event.window_free;
  link.lease_max = event.lease_max;
  const auto outcome = event.outcome.outcome_class;
  if (!event.late) {  // one for each part sent: it gives back one place and answers one token
    ++link.freed;
    s.dispatch.on_answer(now.mono, link.op, outcome);
    if (outcome == OutcomeClass::kThrottle) {
      link.silent_until = now.mono + dispatch::throttle_silence(jitter_of(event.part.message, link.epoch));
    }
  }
  Message* message = s.present(event.part.message);
  if (message == nullptr || event.part.part >= message->parts.size()) {
    ++s.counters.results_stray;
  } else if (event.late) {
    late_result(s, now, event, *message);
  } else if (message->parts[event.part.part].status != Status::kSending) {
    ++s.counters.results_stray;  // a receipt was faster than the answer and settled it
  } else {
    part_result(s, now, *message, event.part.part, event.link, event.outcome);
    if (outcome == OutcomeClass::kOk && s.orphans.size() > 0) {
      if (Message* still = s.messages.find(event.part.message)) {
        receiving::match_orphans(s, now, *still, event.part.part);
      }
    }
  }
  if (event.congestion_state) { s.dispatch.on_congestion(now.mono, link.op, *event.congestion_state); }
  send_ready(s, now, event.link);
}

void lease_work(State& s, const Now& now) {
  for (std::uint32_t i = 0; i < s.links.size(); ++i) {
    Link& link = s.links[i];
    if (!link.ready.empty()) { send_ready(s, now, LinkId{i}); }
    if (link.freed > 0) {
      const PlacesFreed freed{LinkId{i}, link.freed};
      ALDIS_MUTANT(13) ? places_freed(s, freed) : s.gate.hold(freed);
      link.freed = 0;
    }
  }
  if (s.held || s.draining || s.journal.room() >= spool::Room::kNoLease) { return; }
  for (std::uint32_t i = 0; i < s.groups.size(); ++i) {
    const OperatorId op{i};
    if (s.groups[i].up == 0 || s.dispatch.queued(op) == 0) { continue; }
    for (;;) {
      const LinkId link = roomiest(s, s.groups[i], now.mono);
      if (link == kNoLink) { break; }
      const auto room = s.links[link.value()].lease_max - s.links[link.value()].leased;
      const auto grant = s.dispatch.next(now.mono, op, room);
      if (!grant) { break; }
      if (grant.whole) { s.admission.queue_left(grant.message->account); }
      lease(s, now, *grant.message, grant.parts, link);
    }
  }
  write_leases(s);
}

void lease_ready(State& s, const Now& now, const LeaseReady& ready) {
  Link& link = link_of(s, ready.link);
  Message* message = worth_sending(s, now, ready.part);
  const bool goes = message != nullptr && link.up && link.epoch == ready.epoch;
  const bool paid = now.mono - ready.leased_at <= kTokenKeeps;
  if (paid && goes && link.credit > 0 && link.ready.empty() && now.mono >= link.silent_until) {
    return send_now(s, now, ready.link, *message, ready.part.part);
  }
  if (paid) { s.dispatch.refund(now.mono, link.op, 1); }  // it pays when it leaves
  if (!goes) { return not_sent(s, now, ready.link, ready.part); }
  link.ready.push_back(ready.part);
  if (!paid) { send_ready(s, now, ready.link); }
}

void places_freed(State& s, const PlacesFreed& freed) {
  Link& link = link_of(s, freed.link);
  ALDIS_CHECK(link.leased >= freed.count);
  link.leased -= freed.count;
}

// To another operator that is up, if its route has one.
void offer_elsewhere(State& s, const Now& now, Message& message, OperatorId op) {
  if (is_tied(message)) { return; }  // parts of it are with this operator: the others stay
  const bool found = acceptance::choose_operator(s, message, true);
  const OperatorId to = message.op;
  message.op = op;
  if (!found || to == op || !s.health.is_up(to)) { return; }
  s.dispatch.remove(message);
  s.dispatch.enqueue(now.mono, message, to);
}

void sweep(State& s, const Now& now) {
  for (std::uint32_t i = 0; i < s.groups.size(); ++i) {
    Group& group = s.groups[i];
    if (!group.sweeping) { continue; }
    const OperatorId op{i};
    if (group.up > 0) {
      group.sweeping = false;
      continue;
    }
    group.sweeping = s.dispatch.sweep_slice(op, kSweepPerTurn, [&](Message& message) {
      offer_elsewhere(s, now, message, op);
      if (message.lane_by_id) { s.shelf.waiting.push_back(message.id); }
    });
  }
}

}  // namespace aldis::engine::sending

// SPDX-License-Identifier: Apache-2.0
// From a request to accepted messages (SMPP 4.1, 4.2): every way in passes here, in one order.
#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/message/intake.hpp"
#include "engine/state.hpp"

namespace aldis::engine::acceptance {

namespace {

constexpr std::size_t kIndexedForReplace = 65'536;
constexpr std::size_t kReplaceableLooked = 256;

void refuse(State& s, const Now& now, const Submit& request, Refusal refusal) {
  s.sink.on(now, AnswerSubmit{request.token, refusal, {}, request.multi, {}});
}

routing::RouteQuery query_of(const Message& message) {
  return {message.account, message.message_class, message.source.digits.view(),
          message.destination.digits.view()};
}

// One destination up to the point where only rate and places are left to ask for. The message is made but in
// no table.
Result<Message*, Refusal> compose(State& s, const Now& now, const Submit& request,
                                  const Address& destination) {
  const auto& account = s.directory.account(request.account);
  Message& message = s.messages.make();
  const auto refused = [&](Refusal refusal) {
    s.messages.discard(message);
    return refusal;
  };
  const auto intake = message::take_in(request, destination, account, now, message);
  if (intake.has_error()) {
    s.admission.count(intake.error());
    return refused(intake.error());
  }
  s.counters.alphabet_fallbacks += intake->alphabet_fallback ? 1u : 0u;
  s.counters.validity_cuts += intake->validity_cut ? 1u : 0u;
  if (const auto no = s.admission.check_source(request.account, message.source)) { return refused(*no); }
  if (const auto no = s.admission.check_destination(request.account, message.destination)) {
    return refused(*no);
  }
  const auto* route = s.routes.find(query_of(message));
  if (route == nullptr) {
    s.admission.count(Refusal::kNoRoute);
    return refused(Refusal::kNoRoute);
  }
  if (route->reject) {
    s.routes.count_reject(*route);
    s.admission.count(*route->reject);
    return refused(*route->reject);
  }
  if (!choose_operator(s, *route, message, false)) {
    s.admission.count(Refusal::kQueueFull);
    return refused(Refusal::kQueueFull);
  }
  return &message;
}

void accept(State& s, const Now& now, const Submit& request, Message& message, PublicId public_id) {
  message.id = public_id.id == MessageId{} ? s.next_id() : public_id.id;
  message.public_id = message.id;
  message.short_id = public_id.short_id;
  message.accepted_at = now.wall;
  message.account = request.account;
  s.messages.add(message);
  s.count_in(message);
  ++s.counters.accepted;
  ++s.counters.accepted_by[static_cast<std::size_t>(request.token.door)]
                          [static_cast<std::size_t>(message.message_class)];
  s.counters.parts_accepted += message.parts.size();
  s.fresh.push_back(&message);
}

// replace_if_present_flag 1: the newest queued message with the same addresses and service_type gives way.
// One that stands behind so many newer ones that do not fit stays: nobody waits while all are looked at.
Message* find_replaceable(State& s, const Message& by) {
  MessageId before = by.id;
  for (std::size_t looked = 0; looked < kReplaceableLooked; ++looked) {
    const auto id = s.messages.last_with_addresses(by.account, by.source, by.destination, before);
    if (!id) { break; }
    before = *id;
    Message* m = s.present(*id);
    if (m != nullptr && is_unsent(*m) && m->account == by.account && m->service_type == by.service_type &&
        m->source.digits == by.source.digits && m->destination.digits == by.destination.digits) {
      return m;
    }
  }
  return nullptr;
}

// The answer to a request that was accepted before under its key; none: it is a new one.
std::optional<AnswerSubmit> answered_before(State& s, const Now& now, const Submit& request) {
  if (request.idempotency_key.empty() || request.preview) { return std::nullopt; }
  const auto key = s.idempotency.hash_of(request.account, request.idempotency_key);
  const IdempotentRequest* before = s.idempotency.find(now, key);
  if (before == nullptr || ALDIS_MUTANT(154)) { return std::nullopt; }
  AnswerSubmit answer{request.token, std::nullopt, {}, false, {}};
  if (before->print != request.request_print) {
    answer.refusal = Refusal::kDuplicateConflict;
    return answer;
  }
  if (s.idempotency.in_flight(key, s.journal.durable())) {
    answer.refusal = Refusal::kUnavailable;
    answer.again = AnswerSubmit::Again::kInFlight;
    return answer;
  }
  answer.id = {before->message, 0};
  answer.parts = before->parts;
  answer.again = AnswerSubmit::Again::kReplayed;
  answer.accepted_at = before->accepted_at;
  return answer;
}

void remember(State& s, const Submit& request, const Message& message) {
  if (request.idempotency_key.empty()) { return; }
  s.idempotency.accepted({s.idempotency.hash_of(request.account, request.idempotency_key),
                          request.request_print, message.id, message.accepted_at,
                          static_cast<std::uint16_t>(message.parts.size())});
}

void accept_one(State& s, const Now& now, const Submit& request) {
  if (const auto answer = answered_before(s, now, request)) { return s.sink.on(now, Effect{*answer}); }
  const auto composed = compose(s, now, request, request.destinations.front());
  if (composed.has_error()) { return refuse(s, now, request, composed.error()); }
  Message& message = **composed;
  if (request.preview) {
    AnswerSubmit answer{request.token, std::nullopt, {}, false, {}};
    answer.parts = static_cast<std::uint16_t>(message.parts.size());
    s.messages.discard(message);
    return s.sink.on(now, answer);
  }
  if (request.replace_if_present && message.parts.size() > 1) {
    s.messages.discard(message);
    s.admission.count(Refusal::kReplaceFailed);
    return refuse(s, now, request, Refusal::kReplaceFailed);
  }
  // Among millions, the first to ask waits a second or two until all are in the index.
  if (request.replace_if_present && !s.messages.index_addresses(kIndexedForReplace)) {
    s.messages.discard(message);
    s.admission.count(Refusal::kThrottled);
    return refuse(s, now, request, Refusal::kThrottled);
  }
  auto admitted = s.admission.reserve(now, request.account, message.message_class, 1,
                                      static_cast<std::uint32_t>(message.parts.size()));
  if (admitted.has_error()) {
    s.messages.discard(message);
    return refuse(s, now, request, admitted.error());
  }
  std::move(admitted->place).redeem();
  PublicId id{};
  if (request.short_id) { id.short_id = ++s.short_ids[request.account]; }
  accept(s, now, request, message, id);
  remember(s, request, message);
  if (request.replace_if_present) {
    if (Message* old = find_replaceable(s, message)) {
      write_fresh(s, now);  // the old one may be of this turn
      s.finish(now, *old, Status::kDeleted, UnknownReason::kNone, "904");
    }
  }
  sending::queue(s, now, message, false);
  AnswerSubmit answer{request.token, std::nullopt, {message.public_id, message.short_id}, false, {}};
  answer.parts = static_cast<std::uint16_t>(message.parts.size());
  answer.accepted_at = message.accepted_at;
  answer.waits_for_link = !s.health.is_up(message.op);
  if (ALDIS_MUTANT(1)) { return s.sink.on(now, Effect{answer}); }
  if (admitted->delay > Duration::zero()) {
    s.late_answers.push({now.mono + admitted->delay, s.next_sequence, answer});
  } else {
    s.gate.hold(std::move(answer));
  }
}

bool refuses_whole(Refusal refusal) {
  return refusal == Refusal::kThrottled || refusal == Refusal::kVolumeCap || refusal == Refusal::kNoCredit ||
         refusal == Refusal::kQueueFull || refusal == Refusal::kUnavailable ||
         refusal == Refusal::kAccountSuspended;
}

// submit_multi (SMPP 4.2): one message per destination, equal ones collapse, one id for all.
void accept_multi(State& s, const Now& now, const Submit& request) {
  std::vector<Message*> composed;
  std::vector<DestinationRefused> refused;
  std::optional<Refusal> whole;
  std::uint32_t parts = 0;
  for (const auto& destination : request.destinations) {
    auto one = compose(s, now, request, destination);
    if (one.has_error()) {
      if (refuses_whole(one.error())) {
        whole = one.error();
        break;
      }
      refused.push_back({destination, one.error()});
      continue;
    }
    const bool twice = std::any_of(composed.begin(), composed.end(), [&](const Message* other) {
      return other->destination.digits == (*one)->destination.digits;
    });
    if (twice) {
      s.messages.discard(**one);
      continue;
    }
    parts += static_cast<std::uint32_t>((*one)->parts.size());
    composed.push_back(*one);
  }
  if (!whole && composed.empty()) {
    const bool common = std::all_of(refused.begin(), refused.end(),
                                    [&](const auto& row) { return row.refusal == refused.front().refusal; });
    // both are ESME_RSUBMITFAIL
    whole = common && !refused.empty() ? refused.front().refusal : Refusal::kVolumeCap;
  }
  Duration delay{};
  if (!whole) {
    auto admitted = s.admission.reserve(now, request.account, composed.front()->message_class,
                                        static_cast<std::uint32_t>(composed.size()), parts);
    if (admitted.has_error()) {
      whole = admitted.error();
    } else {
      std::move(admitted->place).redeem();
      delay = admitted->delay;
    }
  }
  if (whole) {
    for (Message* message : composed) { s.messages.discard(*message); }
    return refuse(s, now, request, *whole);
  }
  PublicId public_id{};
  if (request.short_id) { public_id.short_id = ++s.short_ids[request.account]; }
  std::vector<MessageId> siblings;
  for (Message* message : composed) {
    accept(s, now, request, *message, {MessageId{}, public_id.short_id});
    if (public_id.id == MessageId{}) { public_id.id = message->id; }
    message->public_id = public_id.id;
    siblings.push_back(message->id);
    sending::queue(s, now, *message, false);
  }
  if (siblings.size() > 1) { s.multi[public_id.id] = std::move(siblings); }
  AnswerSubmit answer{request.token, std::nullopt, public_id, true, std::move(refused)};
  if (delay > Duration::zero()) {
    s.late_answers.push({now.mono + delay, s.next_sequence, std::move(answer)});
  } else {
    s.gate.hold(std::move(answer));
  }
}

}  // namespace

bool choose_operator(State& s, Message& message, bool count_full_as_room) {
  const auto* route = s.routes.find(query_of(message));
  return route != nullptr && !route->reject && choose_operator(s, *route, message, count_full_as_room);
}

bool choose_operator(State& s, const routing::Route& route, Message& message, bool count_full_as_room) {
  const auto choice =
      s.routes.choose(route, message.candidates_tried, stirred(message.id.value() + s.next_sequence),
                      s.health, [&](OperatorId op) { return count_full_as_room || s.dispatch.has_room(op); });
  if (!choice) { return false; }
  message.op = choice->op;
  return true;
}

void on(State& s, const Now& now, const Submit& request) {
  ALDIS_CHECK(!request.destinations.empty());
  if (s.draining && !ALDIS_MUTANT(62)) {
    s.admission.count(Refusal::kStopping);
    return refuse(s, now, request, Refusal::kStopping);
  }
  if (s.journal.room() != spool::Room::kAll) {
    s.admission.count(Refusal::kQueueFull);
    return refuse(s, now, request, Refusal::kQueueFull);
  }
  if (s.messages.size() + request.destinations.size() > s.settings.limits.messages_max) {
    s.admission.count(Refusal::kQueueFull);
    return refuse(s, now, request, Refusal::kQueueFull);
  }
  request.multi ? accept_multi(s, now, request) : accept_one(s, now, request);
}

// Messages that were leased in the turn that accepted them have their LEASE inside the same record (DESIGN
// 7).
void write_fresh(State& s, const Now& now) {
  for (Message* message : s.fresh) {
    s.append_image(now, *message);
    ALDIS_FAILPOINT(pass_once_durable("accept.synced", s.journal.position().value()));
  }
  s.fresh.clear();
}

}  // namespace aldis::engine::acceptance
